"""The SQL of finalizing deliveries: a final outcome for channels that won't be sent to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.exc import DBAPIError

from winpush.delivery.states import FINALIZES_AS, BroadcastState, DeliveryState
from winpush.delivery.storage.audience import audience_of, carve, is_unsearchable, without_outcome
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.database import Millis, any_of, insert_or_add
from winpush.delivery.storage.db_clock import db_now
from winpush.delivery.storage.parcels import left_of
from winpush.delivery.storage.rows import Lane
from winpush.delivery.storage.schema import broadcasts, channels, counts, deliveries, lanes
from winpush.delivery.storage.segments import write_uniform
from winpush.delivery.storage.unfinished import IS_LANE, IS_OPEN, IS_PARCEL
from winpush.errors import ValidationError

__all__ = ["add_counts", "finalize_channels", "finalize_ending", "finalize_part"]

FINALIZE_AT_ONCE = 10_000
_PARCELS_AT_ONCE = 20

_ENDING = (
    sa.select(broadcasts)
    .where(broadcasts.c.ended_at.is_(None), any_of(broadcasts.c.state, [state.value for state in FINALIZES_AS]))
    .order_by(broadcasts.c.id)
    .limit(20)
    .with_for_update(skip_locked=True)
)


def finalize_ending(connection: Connection, now: Millis) -> bool:
    """Finalizes what remains of ending broadcasts, a few thousand channels per call; False if nothing was finalized."""
    worked = False
    for row in connection.execute(_ENDING).all():
        final = FINALIZES_AS[BroadcastState(row.state)]
        worked = _finalize_one(connection, row, final, now) or worked
        finish_broadcasts(connection, [row.id], now)
    return worked


def _finalize_one(connection: Connection, row: Row[Any], final: DeliveryState, now: Millis) -> bool:
    """Finalizes lanes that no worker runs, one after the other; then what waits, in parcels and in rows."""
    lane = lanes.c
    is_free = (lane.broadcast == row.id, IS_OPEN, sa.or_(lane.owner.is_(None), lane.lease_until <= db_now()))
    free = sa.select(lanes).where(*is_free, IS_LANE).limit(1)
    left = connection.execute(free.with_for_update(skip_locked=True)).one_or_none()
    if left is not None:
        _pass(connection, left, _finalize_lane(connection, row, left, final, now))
        return True
    parcels = sa.select(lanes).where(*is_free, IS_PARCEL).limit(_PARCELS_AT_ONCE)
    some = connection.execute(parcels.with_for_update(skip_locked=True)).all()
    for each in some:
        part = Lane(row.id, each.first, each.cursor, each.last, each.last, 0, has_gaps=False, parcel=each.parcel)
        finalize_channels(connection, part, left_of(each, 0).channels, final, None, now, each.attempts)
        _pass(connection, each, each.last, number=0, channels=None, times=None)
    return bool(some) or _finalize_waiting(connection, row, final, now)


def _finalize_lane(connection: Connection, row: Row[Any], lane: Row[Any], final: DeliveryState, now: Millis) -> int:
    """The number up to which a part of the lane was finalized: all of it, with nobody in it, if its audience can't be
    read. Such a broadcast must end, too."""
    try:
        with connection.begin_nested():
            end = carve(connection, row, lane.cursor, lane.last, FINALIZE_AT_ONCE)
            part = Lane(row.id, lane.first, lane.cursor, end, lane.last, 0, bool(lane.skips_known))
            finalize_part(connection, row, part, final, None, now)
    except (ValidationError, DBAPIError) as error:
        if not is_unsearchable(error):
            raise
        return int(lane.last)
    return end


def _pass(connection: Connection, lane: Row[Any], end: int, **values: Any) -> None:
    this = [lanes.c[name] == lane._mapping[name] for name in ("broadcast", "first", "parcel")]
    connection.execute(sa.update(lanes).where(*this).values(cursor=end, ahead=end, owner=None, run=None, **values))


def finalize_part(
    connection: Connection, row: Row[Any], part: Lane, final: DeliveryState, outcome: str | None, now: Millis
) -> None:
    """Gives every channel of the audience in this part of a lane this outcome. The caller has locked the lane and moves
    the cursor."""
    conditions = without_outcome if part.has_gaps else audience_of
    chosen = sa.select(channels.c.id).where(*conditions(row, part.begin + 1, part.end)).order_by(channels.c.id)
    finalize_channels(connection, part, connection.scalars(chosen).all(), final, outcome, now)


def finalize_channels(
    connection: Connection,
    part: Lane,
    numbers: Sequence[int],
    final: DeliveryState,
    outcome: str | None,
    now: Millis,
    attempts: int = 0,
) -> None:
    """The same for these channels of a part of a lane, or of a parcel, which have had this many `attempts`."""
    write_uniform(connection, part, numbers, final.value, outcome, now, attempts)
    add_counts(connection, {(part.broadcast, part.first, final.value, outcome or ""): len(numbers)})


def _finalize_waiting(connection: Connection, row: Row[Any], final: DeliveryState, now: Millis) -> bool:
    """Finalizes waiting deliveries, except those that a worker holds right now."""
    table = deliveries.c
    free = sa.or_(table.owner.is_(None), table.lease_until <= db_now())
    some = (
        sa.select(table.channel).where(table.broadcast == row.id, table.due.is_not(None), free).limit(FINALIZE_AT_ONCE)
    )
    # The conditions are repeated on the row: a worker may write its outcome between SELECT and UPDATE.
    statement = sa.update(deliveries).where(
        table.broadcast == row.id, table.channel.in_(some), table.due.is_not(None), free
    )
    written = connection.execute(
        statement.values(state=final.value, outcome=None, due=None, owner=None, claims=0, at=now)
    )
    add_counts(connection, {(row.id, 0, final.value, ""): written.rowcount})
    return written.rowcount > 0


def add_counts(connection: Connection, numbers: Mapping[tuple[int, int, str, str], int]) -> None:
    """Adds to the counters, keyed by (broadcast, lane, state, outcome); the lane is 0 for deliveries that had
    waited."""
    rows = [(*key, number) for key, number in sorted(numbers.items()) if number]
    if rows:
        insert_or_add(connection, counts, ("broadcast", "lane", "state", "outcome"), "number", rows)
