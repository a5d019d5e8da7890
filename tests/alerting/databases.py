"""A database of its own for each test."""

import contextlib
import itertools
from collections.abc import Iterator

from sqlalchemy import create_engine, make_url, text

_NUMBERS = itertools.count(1)


@contextlib.contextmanager
def fresh_postgres(url: str) -> Iterator[str]:
    """An empty database on a server; its address."""
    name = f"t{next(_NUMBERS)}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
