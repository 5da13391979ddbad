"""Parcels: what waits for the same in a batch is one row of the lanes, and not a row for each channel."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text

revision = "0009"
down_revision = "0008"

_LANES = "winpush_lanes"
_PACKED = ("channels", "times")


def upgrade() -> None:
    """Recreates the table of lanes: SQLite can't change a primary key. Deliveries that already wait stay in rows."""
    rows = [dict(row._mapping) for row in op.get_bind().execute(sa.text(f"SELECT * FROM {_LANES}"))]  # noqa: S608 - a name of ours
    op.drop_table(_LANES)
    lanes = _create_lanes()
    if rows:
        op.bulk_insert(lanes, [_as_values(row) for row in rows])
    is_open = '"cursor" < "last"'
    _partial("winpush_lanes_open", f"{is_open} AND parcel = 0", "broadcast", "turn")
    _partial("winpush_lanes_due", f"{is_open} AND parcel > 0", "not_before")
    _partial("winpush_lanes_waiting", f"{is_open} AND parcel > 0", "broadcast", "last")
    _partial("winpush_lanes_owned", "owner IS NOT NULL", "broadcast")
    _partial("winpush_lanes_suspect", "starts >= 2", "starts")
    if op.get_bind().dialect.name == "postgresql":
        for name in _PACKED:  # packed already: PostgreSQL would try in vain
            op.execute(f"ALTER TABLE {_LANES} ALTER COLUMN {name} SET STORAGE EXTERNAL")


def _create_lanes() -> sa.Table:
    return op.create_table(
        _LANES,
        Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
        Column("first", BigInteger, primary_key=True, autoincrement=False),
        Column("parcel", BigInteger, primary_key=True, autoincrement=False, server_default="0"),
        *(Column(name, BigInteger, nullable=False) for name in ("last", "cursor", "ahead")),
        Column("run", Text),
        Column("owner", Text),
        *(Column(name, BigInteger, nullable=False) for name in ("lease_until", "not_before", "turn")),
        Column("starts", Integer, nullable=False),
        Column("skips_known", Integer, nullable=False),
        Column("refusals", sa.JSON(), nullable=False),
        *(Column(name, Integer, nullable=False, server_default="0") for name in ("number", "attempts")),
        Column("outcome", Text),
        Column("at", BigInteger, nullable=False, server_default="0"),
        *(Column(name, LargeBinary) for name in _PACKED),
    )


def _as_values(row: dict[str, Any]) -> dict[str, Any]:
    """SQLite gives JSON as text here. The column with a new name makes statements fail that don't know parcels."""
    refusals = row.pop("refusals")
    row["skips_known"] = row.pop("has_gaps")
    return {**row, "refusals": json.loads(refusals) if isinstance(refusals, str) else refusals}


def _partial(name: str, condition: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(name, _LANES, list(columns), sqlite_where=where, postgresql_where=where)
