"""What still waits of a broadcast, found without looking through what doesn't.

The index holds all that is asked for; otherwise SQLite would rather read the table.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"

_NAME = "winpush_deliveries_waiting"


def upgrade() -> None:
    """Makes the index anew, with other columns."""
    op.drop_index(_NAME, "winpush_deliveries")
    waits = text("due IS NOT NULL")
    op.create_index(_NAME, "winpush_deliveries", ["broadcast", "due"], sqlite_where=waits, postgresql_where=waits)
