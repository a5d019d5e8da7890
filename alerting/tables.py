"""The tickets' SQL, for SQLite and PostgreSQL."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)  # fmt: skip

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

#: One row an open or closed ticket. All but `next_due_at_ms` and `open_key` is computed from its transitions.
TICKET = Table(
    "ticket", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("open_key", String(200), unique=True, nullable=True),
    Column("boiler", String(64), nullable=False, index=True),
    Column("site", String(64), nullable=False),
    Column("region", String(16), nullable=False),
    Column("chain", String(16), nullable=False),
    Column("episode", String(160), nullable=False),
    Column("next_due_at_ms", BigInteger, nullable=True),
)  # fmt: skip
Index("ticket_due", TICKET.c.next_due_at_ms, postgresql_where=TICKET.c.next_due_at_ms.isnot(None))

#: Append-only: audit trail and outbox in one.
TRANSITION = Table(
    "transition", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("ticket_id", _NUMBER, ForeignKey("ticket.id"), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(24), nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("notice_due", Boolean, nullable=False, default=False),
    Column("notice_tries", Integer, nullable=False, default=0),
    Column("notice_after_ms", BigInteger, nullable=False, default=0),
)  # fmt: skip
Index("transition_notice", TRANSITION.c.notice_due, postgresql_where=TRANSITION.c.notice_due)

#: What became of each finding, and why.
VERDICT = Table(
    "verdict", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("finding", String(160), nullable=False, index=True),
    Column("boiler", String(64), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("stage", String(24), nullable=False),
    Column("reason", Text, nullable=False),
    Column("ticket_id", _NUMBER, nullable=True),
    Column("body", JSON, nullable=False),
)  # fmt: skip

#: How far each journal is taken, in the transaction of its effect.
POSITION = Table(
    "position", METADATA,
    Column("stream", String(24), primary_key=True),
    Column("offset", BigInteger, nullable=False),
)  # fmt: skip

BOILER = Table(
    "boiler", METADATA,
    Column("boiler", String(64), primary_key=True),
    Column("site", String(64), nullable=False),
    *(Column(name, Text, nullable=False, default="") for name in
      ("region", "model", "family", "commissioned", "contract", "customer", "address", "time_zone")),
    Column("latitude", Float, nullable=True),
    Column("longitude", Float, nullable=True),
)  # fmt: skip

#: Rows for the `service` journal, written with what they tell of.
SERVICE_OUTBOX = Table(
    "service_outbox", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("body", JSON, nullable=False),
)  # fmt: skip
