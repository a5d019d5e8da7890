"""Tickets, their transitions and outboxes, findings, windows, the register."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "absence",
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("drained_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("start_ms", name=op.f("pk_absence")),
    )
    op.create_table(
        "boiler",
        sa.Column("boiler", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("commissioned", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("export_due", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("boiler", name=op.f("pk_boiler")),
    )
    op.create_index(op.f("ix_boiler_export_due"), "boiler", ["export_due"], unique=False)
    op.create_index(op.f("ix_boiler_site"), "boiler", ["site"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.String(length=160), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("district", sa.Boolean(), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=64), nullable=False),
        sa.Column("detector", sa.String(length=80), nullable=False),
        sa.Column("is_fault", sa.Boolean(), nullable=False),
        sa.Column("raised_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("ticket_id", _NUMBER, nullable=True),
        sa.Column("judged", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(
        "finding_raised",
        "finding",
        ["subject"],
        unique=False,
        postgresql_where=sa.text("cleared_at_ms IS NULL"),
        sqlite_where=sa.text("cleared_at_ms IS NULL"),
    )
    op.create_index(op.f("ix_finding_detector"), "finding", ["detector"], unique=False)
    op.create_index(op.f("ix_finding_raised_at_ms"), "finding", ["raised_at_ms"], unique=False)
    op.create_index(op.f("ix_finding_subject"), "finding", ["subject"], unique=False)
    op.create_index(op.f("ix_finding_ticket_id"), "finding", ["ticket_id"], unique=False)
    op.create_table(
        "handover",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_table(
        "outage",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("boiler", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
    )
    op.create_index(op.f("ix_outage_boiler"), "outage", ["boiler"], unique=False)
    op.create_index(op.f("ix_outage_started_at_ms"), "outage", ["started_at_ms"], unique=False)
    op.create_table(
        "position",
        sa.Column("stream", sa.String(length=24), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_position")),
    )
    op.create_table(
        "service_outbox",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("export_due", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_outbox")),
    )
    op.create_index(op.f("ix_service_outbox_export_due"), "service_outbox", ["export_due"], unique=False)
    op.create_table(
        "standing",
        sa.Column("boiler", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_heard_ms", sa.BigInteger(), nullable=True),
        sa.Column("export_due", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("boiler", name=op.f("pk_standing")),
    )
    op.create_index(op.f("ix_standing_export_due"), "standing", ["export_due"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("open_key", sa.String(length=200), nullable=True),
        sa.Column("boiler", sa.String(length=64), nullable=False),
        sa.Column("district", sa.Boolean(), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("chain", sa.String(length=16), nullable=False),
        sa.Column("episode", sa.String(length=160), nullable=False),
        sa.Column("next_due_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("open_key", name=op.f("uq_ticket_open_key")),
    )
    op.create_index(op.f("ix_ticket_boiler"), "ticket", ["boiler"], unique=False)
    op.create_index(
        "ticket_due", "ticket", ["next_due_at_ms"], unique=False, postgresql_where=sa.text("next_due_at_ms IS NOT NULL")
    )
    op.create_table(
        "verdict",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("finding", sa.String(length=160), nullable=False),
        sa.Column("boiler", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ticket_id", _NUMBER, nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_boiler"), "verdict", ["boiler"], unique=False)
    op.create_index(op.f("ix_verdict_finding"), "verdict", ["finding"], unique=False)
    op.create_table(
        "window",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.String(length=80), nullable=False),
        sa.Column("started_told", sa.Boolean(), nullable=False),
        sa.Column("ended_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_window")),
    )
    op.create_index(op.f("ix_window_subject"), "window", ["subject"], unique=False)
    op.create_table(
        "member",
        sa.Column("ticket_id", _NUMBER, nullable=False),
        sa.Column("boiler", sa.String(length=64), nullable=False),
        sa.Column("finding", sa.String(length=160), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_member_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "boiler", name=op.f("pk_member")),
    )
    op.create_table(
        "transition",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("ticket_id", _NUMBER, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("notice_due", sa.Boolean(), nullable=False),
        sa.Column("notice_tries", sa.Integer(), nullable=False),
        sa.Column("notice_after_ms", sa.BigInteger(), nullable=False),
        sa.Column("export_due", sa.Boolean(), nullable=False),
        sa.Column("export_key", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_transition_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transition")),
        sa.UniqueConstraint("export_key", name=op.f("uq_transition_export_key")),
    )
    op.create_index(op.f("ix_transition_at_ms"), "transition", ["at_ms"], unique=False)
    op.create_index(op.f("ix_transition_ticket_id"), "transition", ["ticket_id"], unique=False)
    op.create_index(
        "transition_export",
        "transition",
        ["export_due"],
        unique=False,
        postgresql_where=sa.text("export_due"),
        sqlite_where=sa.text("export_due"),
    )
    op.create_index(
        "transition_notice",
        "transition",
        ["notice_due"],
        unique=False,
        postgresql_where=sa.text("notice_due"),
        sqlite_where=sa.text("notice_due"),
    )
