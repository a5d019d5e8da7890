"""The tickets' SQL, for SQLite and PostgreSQL; `migrations` makes it, and a test holds the two together.

One word on columns ending in `export_due`: the row still has to be told to the store; see `alerting.export`.
"""

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

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
    }
)  # fmt: skip
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

#: One row an open or closed ticket. What stands from `next_due_at_ms` on is computed from its transitions whenever one
#: is written, so that lists and the sweeper need not read histories.
TICKET = Table(
    "ticket", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("open_key", String(200), unique=True, nullable=True),
    Column("boiler", String(64), nullable=False, index=True),
    Column("district", Boolean, nullable=False, default=False),
    Column("site", String(64), nullable=False),
    Column("region", String(16), nullable=False),
    Column("chain", String(16), nullable=False),
    Column("episode", String(160), nullable=False),
    Column("next_due_at_ms", BigInteger, nullable=True),
    Column("due_at_ms", BigInteger, nullable=True, index=True),
    *(Column(name, String(64), nullable=False, default="", server_default="")
      for name in ("due_of", "state", "problem", "kind", "severity")),
)  # fmt: skip
Index("ticket_due", TICKET.c.next_due_at_ms, postgresql_where=TICKET.c.next_due_at_ms.isnot(None))

#: Append-only: audit trail and outbox in one.
TRANSITION = Table(
    "transition", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("ticket_id", _NUMBER, ForeignKey("ticket.id"), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("recorded_at_ms", BigInteger, nullable=False, index=True),
    Column("actor", String(80), nullable=False),
    Column("action", String(24), nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("notice_due", Boolean, nullable=False, default=False),
    Column("notice_tries", Integer, nullable=False, default=0),
    Column("notice_after_ms", BigInteger, nullable=False, default=0),
    Column("export_due", Boolean, nullable=False, default=True),
    Column("export_key", String(300), unique=True, nullable=True),
)  # fmt: skip
Index("transition_notice", TRANSITION.c.notice_due, postgresql_where=TRANSITION.c.notice_due,
      sqlite_where=TRANSITION.c.notice_due)  # fmt: skip
Index("transition_export", TRANSITION.c.export_due, postgresql_where=TRANSITION.c.export_due,
      sqlite_where=TRANSITION.c.export_due)  # fmt: skip

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

#: Each finding as it stands: what is raised now, and the record of the detectors.
FINDING = Table(
    "finding", METADATA,
    Column("id", String(160), primary_key=True),
    Column("subject", String(64), nullable=False, index=True),
    Column("district", Boolean, nullable=False),
    *(Column(name, String(64), nullable=False) for name in ("site", "region", "kind", "problem", "chain", "severity")),
    Column("detector", String(80), nullable=False, index=True),
    Column("is_fault", Boolean, nullable=False),
    Column("raised_at_ms", BigInteger, nullable=False, index=True),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("cleared_at_ms", BigInteger, nullable=True),
    Column("ticket_id", _NUMBER, nullable=True, index=True),
    Column("judged", String(16), nullable=False, default=""),
)  # fmt: skip
_RAISED = FINDING.c.cleared_at_ms.is_(None)
Index("finding_raised", FINDING.c.subject, postgresql_where=_RAISED, sqlite_where=_RAISED)
Index("finding_of_ticket", FINDING.c.ticket_id, postgresql_where=_RAISED, sqlite_where=_RAISED)
Index("finding_of_site", FINDING.c.site, FINDING.c.problem, postgresql_where=_RAISED, sqlite_where=_RAISED)

#: Boilers of a district's incident.
MEMBER = Table(
    "member", METADATA,
    Column("ticket_id", _NUMBER, ForeignKey("ticket.id"), primary_key=True),
    Column("boiler", String(64), primary_key=True),
    Column("finding", String(160), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)  # fmt: skip

#: Maintenance windows and mutes.
WINDOW = Table(
    "window", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("what", String(16), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("subject", String(64), nullable=False, index=True),
    Column("problem", String(64), nullable=False, default=""),
    Column("starts_at_ms", BigInteger, nullable=False),
    Column("ends_at_ms", BigInteger, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_by", String(80), nullable=False, default=""),
    Column("started_told", Boolean, nullable=False, default=False),
    Column("ended_told", Boolean, nullable=False, default=False),
)  # fmt: skip

#: When we did not listen, and until when the backlog of it came.
ABSENCE = Table(
    "absence", METADATA,
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("drained_ms", BigInteger, nullable=False),
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
    Column("site", String(64), nullable=False, index=True),
    *(Column(name, Text, nullable=False, default="") for name in
      ("region", "model", "family", "commissioned", "contract", "customer", "address", "time_zone")),
    Column("latitude", Float, nullable=True),
    Column("longitude", Float, nullable=True),
    Column("changed_at_ms", BigInteger, nullable=False, default=0),
    Column("export_due", Boolean, nullable=False, default=True, index=True),
)  # fmt: skip

#: A boiler's state as it was last told to the store: codes of docs/store.md.
STANDING = Table(
    "standing", METADATA,
    Column("boiler", String(64), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("code", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("first_heard_ms", BigInteger, nullable=True),
    Column("export_due", Boolean, nullable=False, default=True, index=True),
)  # fmt: skip

#: From the first grave finding of a boiler to the end of its last one: what availability is counted from.
OUTAGE = Table(
    "outage", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("boiler", String(64), nullable=False, index=True),
    Column("site", String(64), nullable=False),
    Column("region", String(16), nullable=False),
    Column("started_at_ms", BigInteger, nullable=False, index=True),
    Column("ended_at_ms", BigInteger, nullable=True),
)  # fmt: skip

#: Rows for the `service` journal, written with what they tell of.
SERVICE_OUTBOX = Table(
    "service_outbox", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("body", JSON, nullable=False),
    Column("site", String(64), nullable=False, default=""),
    Column("actor", String(80), nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("export_due", Boolean, nullable=False, default=True, index=True),
)  # fmt: skip

#: What one shift leaves to the next.
HANDOVER = Table(
    "handover", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("text", Text, nullable=False),
)  # fmt: skip
