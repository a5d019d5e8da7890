"""Transitions are looked for by when they were written down, for the load of alarms."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the time of writing."""
    op.create_index("ix_transition_recorded_at_ms", "transition", ["recorded_at_ms"])
