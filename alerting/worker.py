"""Rows of findings into tickets, with the position in the same transaction.

1. Be the only one; a worker that was overtaken finds the position further on and leaves those rows alone.
2. Take each finding of each row that is left.
3. Move the position, and commit all of it.

Where one finding spoils the transaction, rows are taken one by one and that finding is set aside with its reason.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from alerting.database import reading
from alerting.evidence_clock import Absence, remember
from alerting.outbox import alone
from alerting.policy import Policy
from alerting.tables import POSITION, VERDICT
from alerting.taking import Skew, no_skew, take
from boilerwatch import findings
from boilerwatch.errors import BoilerwatchError
from boilerwatch.journal import FINDINGS, Row
from boilerwatch.model import Finding

_SPOILS = (SQLAlchemyError, BoilerwatchError, KeyError, ValueError, TypeError)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Help:
    """What a worker asks others.

    Attributes
    ----------
    passes
        Whether to go past the row of an offset without looking into it.
    skew_of
        Boiler -> what has to be added to its clock to make it ours. [ms]
    """

    passes: Callable[[int], bool] = lambda _: False
    skew_of: Skew = no_skew


def take_rows(engine: Engine, policy: Policy, rows: list[Row], now_ms: int, ask: Help = Help()) -> int:
    """Take rows that nobody has taken yet; return the offset reached."""
    try:
        with engine.begin() as connection:
            reached = _position(connection)
            for row in rows:
                if row.offset > reached and not ask.passes(row.offset):
                    for finding in _opened(connection, row):
                        take(connection, policy, finding, max(now_ms, finding.received_at_ms), ask.skew_of)
            return _move_position(connection, reached, rows[-1].offset)
    except _SPOILS as exc:
        if getattr(exc, "connection_invalidated", False):
            raise
        log.warning("rows_taken_one_by_one", error=type(exc).__name__)
    for row in rows:
        _take_alone(engine, policy, row, now_ms, ask)
    return rows[-1].offset


def read_position(engine: Engine) -> int:
    """Return the offset that is taken, making its row where there is none."""
    with reading(engine) as connection:
        found = connection.execute(select(POSITION.c.offset).where(POSITION.c.stream == FINDINGS)).scalar()
    if found is not None:
        return int(found)
    try:
        with engine.begin() as connection:
            connection.execute(insert(POSITION).values(stream=FINDINGS, offset=0))
    except IntegrityError:
        return read_position(engine)
    return 0


def _opened(connection: Connection, row: Row) -> list[Finding]:
    """Return a row's findings; what it says of our own absence is kept first."""
    plain = findings.decode(row.body)
    if plain.absence is not None:
        remember(connection, Absence(*plain.absence, drained_ms=row.at_ms))
    return plain.findings


def _take_alone(engine: Engine, policy: Policy, row: Row, now_ms: int, ask: Help) -> None:
    with engine.begin() as connection:
        reached = _position(connection)
        if row.offset <= reached:
            return
        for finding in [] if ask.passes(row.offset) else _opened(connection, row):
            try:
                with connection.begin_nested():
                    take(connection, policy, finding, max(now_ms, finding.received_at_ms), ask.skew_of)
            except _SPOILS as exc:
                log.exception("finding_set_aside", finding=finding.id)
                _set_aside(connection, finding, now_ms, f"{type(exc).__name__}: {exc!s:.200}")
        _move_position(connection, reached, row.offset)


def _set_aside(connection: Connection, finding: Finding, now_ms: int, reason: str) -> None:
    connection.execute(
        insert(VERDICT).values(
            finding=finding.id, boiler=finding.boiler or finding.district, at_ms=now_ms, stage="set_aside", reason=reason,
            ticket_id=None, body={},
        )
    )  # fmt: skip


def _position(connection: Connection) -> int:
    alone(connection)
    return int(connection.execute(select(POSITION.c.offset).where(POSITION.c.stream == FINDINGS)).scalar_one())


def _move_position(connection: Connection, reached: int, offset: int) -> int:
    if offset > reached:
        connection.execute(update(POSITION).where(POSITION.c.stream == FINDINGS).values(offset=offset))
    return max(reached, offset)
