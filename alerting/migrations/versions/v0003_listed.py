"""Keep beside each ticket what lists show, so that they need not read histories."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("ticket", sa.Column("due_at_ms", sa.BigInteger(), nullable=True))
    op.create_index("ix_ticket_due_at_ms", "ticket", ["due_at_ms"])
    for name in ("due_of", "state", "problem", "kind", "severity"):
        op.add_column("ticket", sa.Column(name, sa.String(64), nullable=False, server_default=""))
