"""The SQL of looking back: deliveries, attempts, and clearing what is old."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from winpush.delivery.database import Millis, from_millis
from winpush.delivery.lifecycle import DeliveryState
from winpush.delivery.models import Attempt, Delivery
from winpush.delivery.schema import attempts, broadcasts, counts, deliveries

__all__ = ["attempts_after", "clear_attempts", "clear_broadcasts", "deliveries_after"]


def deliveries_after(
    connection: Connection, broadcast: int, channel: int, state: DeliveryState | None, limit: int
) -> list[Delivery]:
    """The deliveries of a broadcast with channel numbers over that, in their order."""
    table = deliveries.c
    wanted = [table.broadcast == broadcast, table.channel > channel]
    if state is not None:
        wanted.append(table.state == state.value)
    rows = connection.execute(sa.select(deliveries).where(*wanted).order_by(table.channel).limit(limit))
    return [_delivery(row) for row in rows]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        row.broadcast,
        row.channel,
        DeliveryState(row.state),
        row.outcome,
        row.attempts,
        from_millis(row.at),
        None if row.due is None else from_millis(row.due % (1 << 52)),
    )


def attempts_after(
    connection: Connection,
    after: int,
    limit: int,
    *,
    broadcast: int | None = None,
    channel: int | None = None,
    outcome: str | None = None,
    since: Millis | None = None,
    until: Millis | None = None,
) -> list[Attempt]:
    """The history after that line, oldest first."""
    table = attempts.c
    wanted = [table.id > after]
    for column, value in ((table.broadcast, broadcast), (table.channel, channel), (table.outcome, outcome)):
        if value is not None:
            wanted.append(column == value)
    if since is not None:
        wanted.append(table.at >= since)
    if until is not None:
        wanted.append(table.at < until)
    rows = connection.execute(sa.select(attempts).where(*wanted).order_by(table.id).limit(limit))
    return [_attempt(row) for row in rows]


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        row.id,
        row.broadcast,
        row.channel,
        from_millis(row.at),
        row.outcome,
        row.status,
        row.message_id,
        row.debug_trace,
        row.correlation_vector,
        row.detail,
    )


def clear_attempts(connection: Connection, before: Millis, limit: int) -> int:
    """Deletes the oldest lines of the history, at most so many; returns how many."""
    table = attempts.c
    oldest = sa.select(table.id).order_by(table.id).limit(limit).subquery()
    old = sa.select(oldest.c.id)
    return connection.execute(sa.delete(attempts).where(table.id.in_(old), table.at < before)).rowcount


def clear_broadcasts(connection: Connection, before: Millis, limit: int) -> int:
    """Deletes deliveries of broadcasts that ended before then, at most so many; then the broadcast itself."""
    table = broadcasts.c
    found = connection.scalar(sa.select(table.id).where(table.ended_at < before).order_by(table.id).limit(1))
    if found is None:
        return 0
    some: Sequence[int] = connection.scalars(
        sa.select(deliveries.c.channel).where(deliveries.c.broadcast == found).limit(limit)
    ).all()
    if some:
        between = deliveries.c.channel.between(min(some), max(some))
        connection.execute(sa.delete(deliveries).where(deliveries.c.broadcast == found, between))
        return len(some)
    connection.execute(sa.delete(counts).where(counts.c.broadcast == found))
    connection.execute(sa.delete(broadcasts).where(table.id == found))
    return 1
