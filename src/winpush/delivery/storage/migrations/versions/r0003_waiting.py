"""An index that finds a broadcast's waiting deliveries without reading the others.

It covers the query; SQLite would prefer to scan the table otherwise.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"

_NAME = "winpush_deliveries_waiting"


def upgrade() -> None:
    """Replaces the index by one over other columns."""
    op.drop_index(_NAME, "winpush_deliveries")
    waits = text("due IS NOT NULL")
    op.create_index(_NAME, "winpush_deliveries", ["broadcast", "due"], sqlite_where=waits, postgresql_where=waits)
