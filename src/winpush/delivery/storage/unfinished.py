"""The unfinished work of a broadcast, in the form that the partial indexes are made for: its lanes, its parcels, and
its deliveries that wait in rows."""

from __future__ import annotations

import sqlalchemy as sa

from winpush.delivery.storage.db_clock import db_now
from winpush.delivery.storage.schema import deliveries, lanes

__all__ = [
    "IS_LANE", "IS_LANE_FREE", "IS_OPEN", "IS_PARCEL", "IS_ROW_FREE", "NO_PARCEL", "lanes_of", "parcels_of", "rows_of",
    "work_of",
]  # fmt: skip

IS_OPEN = lanes.c.cursor < lanes.c.last
NO_PARCEL: sa.ColumnElement[int] = sa.literal_column("0")
"""The number of a lane's parcel, written out: as a parameter, it would keep SQLite from using the indexes."""
IS_LANE, IS_PARCEL = lanes.c.parcel == NO_PARCEL, lanes.c.parcel > NO_PARCEL
# Held by nobody, or by a worker that was silent for too long by the database's clock.
IS_LANE_FREE, IS_ROW_FREE = (
    sa.or_(table.c.owner.is_(None), table.c.lease_until <= db_now()) for table in (lanes, deliveries)
)

Number = sa.ColumnElement[int] | int


def lanes_of(broadcast: Number, *conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    """The lanes of a broadcast that aren't at their end."""
    return sa.select(lanes.c.first).where(lanes.c.broadcast == broadcast, IS_OPEN, IS_LANE, *conditions)


def parcels_of(broadcast: Number, *conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    """Its parcels with channels that wait."""
    return sa.select(lanes.c.first).where(lanes.c.broadcast == broadcast, IS_OPEN, IS_PARCEL, *conditions)


def rows_of(broadcast: Number, *conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    """Its deliveries that wait in rows."""
    # `due` having a value is also written as a range: SQLite then prefers the index of waiting rows to the primary key.
    waits = (deliveries.c.due.is_not(None), deliveries.c.due >= 0)
    return sa.select(deliveries.c.channel).where(deliveries.c.broadcast == broadcast, *waits, *conditions)


def work_of(broadcast: Number, *, free: bool = False) -> tuple[sa.ColumnElement[bool], ...]:
    """For each kind of work, whether there is any; `free`: whether any that no worker holds."""
    no_owner, no_row_owner = ((lanes.c.owner.is_(None),), (deliveries.c.owner.is_(None),)) if free else ((), ())
    found = (lanes_of(broadcast, *no_owner), parcels_of(broadcast, *no_owner), rows_of(broadcast, *no_row_owner))
    # OFFSET 0 keeps the databases from joining whole tables when the first matching row is enough.
    return tuple(each.offset(0).exists() for each in found)
