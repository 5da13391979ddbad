"""An index that finds tombstones by their time, so that old ones can be deleted without reading the registry."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the index. It is small: live channels aren't in it."""
    gone = text("gone_at IS NOT NULL")
    op.create_index("winpush_channels_gone", "winpush_channels", ["gone_at"], sqlite_where=gone, postgresql_where=gone)
