"""Lanes replace ranges: a compare-and-set decides whose outcomes count, and claims are counted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0007"
down_revision = "0006"

_LANES, _COUNTS = "winpush_lanes", "winpush_counts"


def upgrade() -> None:
    """Makes a lane of what each broadcast hasn't reached, and one of each range that a worker has left."""
    old = _rows()
    _create_lanes()
    _replace_counts(old["counts"])
    op.add_column("winpush_deliveries", Column("lease_until", BigInteger))
    op.add_column("winpush_deliveries", Column("claims", Integer, nullable=False, server_default="0"))
    # Nobody works on it: workers of the first design are stopped, or refuse these tables.
    op.execute("UPDATE winpush_deliveries SET owner = NULL WHERE owner IS NOT NULL")
    lanes = [_lane(each.id, each.cursor + 1, each.last_channel, each) for each in old["broadcasts"]]
    by_number = {each.id: each for each in old["open"]}
    left = [
        _lane(each.broadcast, each.first, each.last, by_number[each.broadcast], has_gaps=1)
        for each in old["ranges"]
        if each.broadcast in by_number
    ]
    if lanes or left:
        op.bulk_insert(sa.table(_LANES, *map(sa.column, _lane(0, 0, 0, _Nobody()))), lanes + left)
    op.drop_table("winpush_ranges")
    op.drop_column("winpush_broadcasts", "cursor")


class _Nobody:
    not_before = 0


def _rows() -> dict[str, list[Any]]:
    find = op.get_bind().execute
    columns = "SELECT id, cursor, last_channel, not_before FROM winpush_broadcasts WHERE ended_at IS NULL"
    return {
        "open": list(find(sa.text(columns)).all()),
        "broadcasts": list(find(sa.text(f"{columns} AND cursor < last_channel")).all()),
        "ranges": list(find(sa.text("SELECT broadcast, first, last FROM winpush_ranges")).all()),
        "counts": [row._asdict() for row in find(sa.text(f"SELECT * FROM {_COUNTS}")).all()],  # noqa: S608 - a name of ours
    }


def _lane(broadcast: int, first: int, last: int, row: Any, *, has_gaps: int = 0) -> dict[str, Any]:
    place = {"broadcast": broadcast, "first": first, "last": last, "cursor": first - 1, "ahead": first - 1}
    times = {"lease_until": 0, "not_before": row.not_before, "turn": 0}
    return {**place, **times, "starts": 0, "has_gaps": has_gaps, "refusals": "{}"}


def _create_lanes() -> None:
    op.create_table(
        _LANES,
        Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
        Column("first", BigInteger, primary_key=True, autoincrement=False),
        Column("last", BigInteger, nullable=False),
        Column("cursor", BigInteger, nullable=False),
        Column("ahead", BigInteger, nullable=False),
        Column("run", Text),
        Column("owner", Text),
        Column("lease_until", BigInteger, nullable=False),
        Column("not_before", BigInteger, nullable=False),
        Column("turn", BigInteger, nullable=False),
        Column("starts", Integer, nullable=False),
        Column("has_gaps", Integer, nullable=False),
        Column("refusals", sa.JSON(), nullable=False),
    )
    is_open = sa.text('"cursor" < "last"')
    op.create_index("winpush_lanes_open", _LANES, ["broadcast", "turn"], sqlite_where=is_open, postgresql_where=is_open)


def _replace_counts(rows: list[dict[str, Any]]) -> None:
    """Recreates the table: SQLite can't change a primary key."""
    op.drop_table(_COUNTS)
    counts = op.create_table(
        _COUNTS,
        Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
        Column("lane", BigInteger, primary_key=True, autoincrement=False, server_default="0"),
        Column("state", Text, primary_key=True),
        Column("outcome", Text, primary_key=True),
        Column("number", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    if rows:
        op.bulk_insert(counts, rows)
