"""Segments: one row for all channels of a batch that ended alike."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text

revision = "0008"
down_revision = "0007"

_SEGMENTS, _BROADCASTS = "winpush_segments", "winpush_broadcasts"
_PACKED = ("channels", "times", "message_id", "debug_trace", "correlation_vector", "detail")


def upgrade() -> None:
    """Adds the table. What has ended before stays in rows."""
    op.create_table(
        _SEGMENTS,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        Column("broadcast", BigInteger, nullable=False),
        Column("last", BigInteger, nullable=False),
        Column("first", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("outcome", Text),
        Column("attempts", Integer, nullable=False),
        Column("status", Integer),
        Column("is_tried", Integer, nullable=False),
        Column("number", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("until", BigInteger, nullable=False),
        *(Column(name, LargeBinary, nullable=name != "channels") for name in _PACKED),
    )
    op.create_index("winpush_segments_batch", _SEGMENTS, ["broadcast", "last"])
    _partial("winpush_segments_tried", _SEGMENTS, "until", "is_tried = 1")
    _partial("winpush_deliveries_suspect", "winpush_deliveries", "due", "claims >= 2")
    _partial("winpush_broadcasts_to_many", _BROADCASTS, "id", "last_channel > 0")
    if op.get_bind().dialect.name == "postgresql":
        for name in _PACKED:  # packed already: PostgreSQL would try in vain
            op.execute(f"ALTER TABLE {_SEGMENTS} ALTER COLUMN {name} SET STORAGE EXTERNAL")


def _partial(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
