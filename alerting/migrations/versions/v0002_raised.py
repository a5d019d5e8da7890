"""Find what is raised of a ticket, and of a site, without looking at what is over."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_RAISED = sa.text("cleared_at_ms IS NULL")


def upgrade() -> None:
    """Make both indexes."""
    for name, columns in (("finding_of_ticket", ["ticket_id"]), ("finding_of_site", ["site", "problem"])):
        op.create_index(name, "finding", columns, postgresql_where=_RAISED, sqlite_where=_RAISED)
