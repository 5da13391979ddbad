"""The SQL of finalizing deliveries: a final outcome for channels that won't be sent to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from winpush.delivery.states import FINALIZES_AS, BroadcastState, DeliveryState
from winpush.delivery.storage.audience import carve, without_outcome
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.database import Millis, any_of, insert_or_add, insert_where_new
from winpush.delivery.storage.schema import broadcasts, channels, counts, deliveries, ranges

__all__ = ["add_counts", "finalize_ending", "finalize_range"]

FINALIZE_AT_ONCE = 10_000


_ENDING = (
    sa.select(broadcasts)
    .where(broadcasts.c.ended_at.is_(None), any_of(broadcasts.c.state, [state.value for state in FINALIZES_AS]))
    .order_by(broadcasts.c.id)
    .limit(20)
    .with_for_update(skip_locked=True)
)


def finalize_ending(connection: Connection, now: Millis) -> bool:
    """Finalizes what remains of broadcasts that are ending, a few thousand channels per call; False if nothing was."""
    worked = False
    for row in connection.execute(_ENDING).all():
        final = FINALIZES_AS[BroadcastState(row.state)]
        worked = _finalize_one(connection, row, final, now) or worked
        finish_broadcasts(connection, [row.id], now)
    return worked


def _finalize_one(connection: Connection, row: Row[Any], final: DeliveryState, now: Millis) -> bool:
    left = sa.select(ranges).where(ranges.c.broadcast == row.id, ranges.c.lease_until <= now).limit(20)
    found = connection.execute(left).all()
    for each in found:
        finalize_range(connection, row, each.first, each.last, final, None, now)
    if row.cursor < row.last_channel:
        end, _ = carve(connection, row, FINALIZE_AT_ONCE)
        finalize_range(connection, row, row.cursor + 1, end, final, None, now)
        connection.execute(sa.update(broadcasts).where(broadcasts.c.id == row.id).values(cursor=end))
        return True
    return _finalize_waiting(connection, row, final, now) or bool(found)


def finalize_range(
    connection: Connection, row: Row[Any], first: int, last: int, final: DeliveryState, outcome: str | None, now: Millis
) -> None:
    """Gives every channel of a range without an outcome this one, and deletes the range."""
    columns = ["broadcast", "channel", "state", "outcome", "attempts", "at"]
    values = (sa.literal(row.id), channels.c.id, sa.literal(final.value), sa.literal(outcome, sa.Text))
    source = sa.select(*values, sa.literal(0), sa.literal(now, sa.BigInteger))
    chosen = source.where(*without_outcome(row, first, last))
    # A worker presumed dead may be writing some of them right now.
    written = insert_where_new(connection, deliveries, columns, chosen)
    add_counts(connection, {(row.id, final.value, outcome or ""): written})
    connection.execute(sa.delete(ranges).where(ranges.c.broadcast == row.id, ranges.c.first == first))


def _finalize_waiting(connection: Connection, row: Row[Any], final: DeliveryState, now: Millis) -> bool:
    """Finalizes waiting deliveries, except those that a worker holds right now."""
    table = deliveries.c
    free = sa.or_(table.owner.is_(None), table.due <= now)
    some = (
        sa.select(table.channel).where(table.broadcast == row.id, table.due.is_not(None), free).limit(FINALIZE_AT_ONCE)
    )
    # The conditions are repeated on the row: a worker may write its outcome between SELECT and UPDATE.
    statement = sa.update(deliveries).where(
        table.broadcast == row.id, table.channel.in_(some), table.due.is_not(None), free
    )
    written = connection.execute(statement.values(state=final.value, outcome=None, due=None, owner=None, at=now))
    add_counts(connection, {(row.id, final.value, ""): written.rowcount})
    return written.rowcount > 0


def add_counts(connection: Connection, numbers: Mapping[tuple[int, str, str], int]) -> None:
    """Adds to the counters, keyed by (broadcast, state, outcome)."""
    rows = [
        {"broadcast": broadcast, "state": state, "outcome": outcome, "number": number}
        for (broadcast, state, outcome), number in sorted(numbers.items())
        if number
    ]
    if rows:
        insert_or_add(connection, counts, ("broadcast", "state", "outcome"), "number", rows)
