"""Brings a database to the tables of this version, or says why it cannot.

Looking costs one query, so every process may do it on start; Alembic is loaded only where there is something to do.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from boilerwatch.errors import BoilerwatchError

#: The newest step under `migrations/versions`.
HEAD = "0004"
_LOCK = 5_301_726_455_190_021
_STEPS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> list[str]:
    """Take the steps that are missing; return what was done, in sentences. Idempotent, and alone by a lock.

    Raises
    ------
    BoilerwatchError
        If a newer boilerwatch made the database, or something else did.
    """
    with engine.connect() as connection:
        if version_of(connection) == HEAD:
            return []
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = version_of(connection)
        if before == HEAD:
            return []
        if not before and inspect(connection).has_table("ticket"):
            raise BoilerwatchError(
                "the tickets' database holds tables without a version: it is not ours, or was made before versions were "
                "kept; name another one in [alerting] database_url, or move the file away"
            )
        _run(connection, before)
    return [f"the tickets' database went from {before or 'empty'} to version {HEAD}"]


def version_of(connection: Connection) -> str:
    """Return the step the database stands at, empty for none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _run(connection: Connection, before: str) -> None:
    from alembic import command  # noqa: PLC0415 -- loads slowly, and is seldom needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_STEPS))
    config.set_main_option("path_separator", "os")
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if before and before not in known:
        raise BoilerwatchError(
            f"the tickets' database is of version {before}, which this boilerwatch does not know: it was made by a newer "
            "one; install that one again"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
