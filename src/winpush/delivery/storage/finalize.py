"""The SQL of giving channels a final outcome without sending to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from winpush.delivery.states import SETTLES_AS, BroadcastState, DeliveryState
from winpush.delivery.storage.audience import carve, without_outcome
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.database import Millis, any_of, insert_or_add, insert_where_new
from winpush.delivery.storage.schema import broadcasts, channels, counts, deliveries, ranges

__all__ = ["add_counts", "settle", "settle_range"]

SETTLE_AT_ONCE = 10_000


_ENDING = (
    sa.select(broadcasts)
    .where(broadcasts.c.ended_at.is_(None), any_of(broadcasts.c.state, [state.value for state in SETTLES_AS]))
    .order_by(broadcasts.c.id)
    .limit(20)
    .with_for_update(skip_locked=True)
)


def settle(connection: Connection, now: Millis) -> bool:
    """Gives the channels of a broadcast that is being ended their outcome, some thousands at a time; False when there
    was nothing to do."""
    worked = False
    for row in connection.execute(_ENDING).all():
        final = SETTLES_AS[BroadcastState(row.state)]
        worked = _settle_one(connection, row, final, now) or worked
        finish_broadcasts(connection, [row.id], now)
    return worked


def _settle_one(connection: Connection, row: Row[Any], final: DeliveryState, now: Millis) -> bool:
    left = sa.select(ranges).where(ranges.c.broadcast == row.id, ranges.c.lease_until <= now).limit(20)
    found = connection.execute(left).all()
    for each in found:
        settle_range(connection, row, each.first, each.last, final, None, now)
    if row.cursor < row.last_channel:
        end, _ = carve(connection, row, SETTLE_AT_ONCE)
        settle_range(connection, row, row.cursor + 1, end, final, None, now)
        connection.execute(sa.update(broadcasts).where(broadcasts.c.id == row.id).values(cursor=end))
        return True
    return _settle_waiting(connection, row, final, now) or bool(found)


def settle_range(
    connection: Connection, row: Row[Any], first: int, last: int, final: DeliveryState, outcome: str | None, now: Millis
) -> None:
    """Gives all channels of a range that have no outcome yet this one; the range is done."""
    columns = ["broadcast", "channel", "state", "outcome", "attempts", "at"]
    values = (sa.literal(row.id), channels.c.id, sa.literal(final.value), sa.literal(outcome, sa.Text))
    source = sa.select(*values, sa.literal(0), sa.literal(now, sa.BigInteger))
    chosen = source.where(*without_outcome(row, first, last))
    # A worker that was believed dead may be writing some of them right now.
    written = insert_where_new(connection, deliveries, columns, chosen)
    add_counts(connection, {(row.id, final.value, outcome or ""): written})
    connection.execute(sa.delete(ranges).where(ranges.c.broadcast == row.id, ranges.c.first == first))


def _settle_waiting(connection: Connection, row: Row[Any], final: DeliveryState, now: Millis) -> bool:
    """Those that a worker holds right now are left to it."""
    table = deliveries.c
    free = sa.or_(table.owner.is_(None), table.due <= now)
    some = sa.select(table.channel).where(table.broadcast == row.id, table.due.is_not(None), free).limit(SETTLE_AT_ONCE)
    # Asked again of the row itself: a worker may write its outcome between the two.
    statement = sa.update(deliveries).where(
        table.broadcast == row.id, table.channel.in_(some), table.due.is_not(None), free
    )
    written = connection.execute(statement.values(state=final.value, outcome=None, due=None, owner=None, at=now))
    add_counts(connection, {(row.id, final.value, ""): written.rowcount})
    return written.rowcount > 0


def add_counts(connection: Connection, numbers: Mapping[tuple[int, str, str], int]) -> None:
    """Adds to the counters of (broadcast, state, outcome)."""
    rows = [
        {"broadcast": broadcast, "state": state, "outcome": outcome, "number": number}
        for (broadcast, state, outcome), number in sorted(numbers.items())
        if number
    ]
    if rows:
        insert_or_add(connection, counts, ("broadcast", "state", "outcome"), "number", rows)
