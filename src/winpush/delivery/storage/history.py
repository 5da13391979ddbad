"""The SQL of the history: reading deliveries and attempts, and deleting old ones."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from winpush.delivery.models import Attempt, Delivery
from winpush.delivery.states import DeliveryState
from winpush.delivery.storage import parcels
from winpush.delivery.storage.broadcasts import AWAY
from winpush.delivery.storage.database import Millis, from_millis, in_list
from winpush.delivery.storage.schema import attempts, broadcasts, channels, counts, deliveries, lanes, segments
from winpush.delivery.storage.segments import attempts_in, deliveries_in, keep_newest

__all__ = ["attempts_after", "clear_attempts", "clear_broadcasts", "deliveries_after", "next_window"]

_WINDOW = 10_000
"""How many broadcasts are searched at once for ones to delete."""
_BROADCASTS_AT_ONCE = 500
_SEGMENTS_AT_ONCE = 50


def deliveries_after(
    connection: Connection, broadcast: int, channel: int, state: DeliveryState | None, limit: int
) -> list[Delivery]:
    """A broadcast's deliveries to channels numbered above `channel`, in order."""
    table = deliveries.c
    wanted = [table.broadcast == broadcast, table.channel > channel]
    if state is not None:
        wanted.append(table.state == state.value)
    rows = connection.execute(sa.select(deliveries).where(*wanted).order_by(table.channel).limit(limit))
    ended = deliveries_in(connection, broadcast, channel, state)
    waits = state in (None, DeliveryState.WAITING)
    together = parcels.deliveries_in(connection, broadcast, channel) if waits else ()
    return list(islice(merge(map(_delivery, rows), ended, together, key=_CHANNEL), limit))


_CHANNEL, _ID = attrgetter("channel"), attrgetter("id")


def _delivery(row: Row[Any]) -> Delivery:
    outcome, reason = parcels.reason_of(row.outcome)
    return Delivery(
        row.broadcast,
        row.channel,
        DeliveryState(row.state),
        outcome,
        row.attempts,
        from_millis(row.at),
        None if row.due is None else from_millis(row.due % AWAY),
        reason,
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
    key: str | None = None,
    newest_first: bool = False,
) -> list[Attempt]:
    """The attempts after number `after`, oldest first; or those before it (0: all), newest first."""
    channels_of = None if key is None and channel is None else _chosen(connection, key, channel)
    equal = (("broadcast", broadcast), ("outcome", outcome))
    table, packed = attempts.c, segments.c
    common = [(name, value) for name, value in equal if value is not None]
    wanted: list[sa.ColumnElement[bool]] = [table[name] == value for name, value in common]
    parts: list[sa.ColumnElement[bool]] = [packed[name] == value for name, value in common]
    if after:
        wanted.append(table.id < after if newest_first else table.id > after)
    if channels_of is not None:
        wanted.append(in_list(connection, table.channel, channels_of))
    if since is not None:
        wanted.append(table.at >= since)
        parts.append(packed.until >= since)
    if until is not None:
        wanted.append(table.at < until)
        parts.append(packed.at < until)
    order = table.id.desc() if newest_first else table.id
    rows = connection.execute(sa.select(attempts).where(*wanted).order_by(order).limit(limit))
    within = attempts_in(connection, after, parts, channels_of, newest_first=newest_first)
    in_time = (each for each in within if _is_between(each, since, until))
    return list(islice(merge(map(_attempt, rows), in_time, key=_ID, reverse=newest_first), limit))


def _chosen(connection: Connection, key: str | None, channel: int | None) -> list[int]:
    """The channels with this key and, if given, this number."""
    if key is None:
        return [] if channel is None else [channel]
    found = sa.select(channels.c.id).where(channels.c.key == key)
    return list(connection.scalars(found if channel is None else found.where(channels.c.id == channel)))


def _is_between(attempt: Attempt, since: Millis | None, until: Millis | None) -> bool:
    """For attempts of a segment, which has the times of a whole batch."""
    return (since is None or attempt.at >= from_millis(since)) and (until is None or attempt.at < from_millis(until))


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
    """Deletes up to `limit` of the oldest attempts made before `before`, and empties some segments of such attempts;
    returns how many rows. What a segment says about its broadcast's deliveries stays as long as the broadcast."""
    keep_newest(connection)
    table, packed = attempts.c, segments.c
    oldest = sa.select(table.id).order_by(table.id).limit(limit).subquery()
    old = sa.select(oldest.c.id)
    deleted = connection.execute(sa.delete(attempts).where(table.id.in_(old), table.at < before)).rowcount
    over = sa.select(packed.id).where(packed.is_tried == 1, packed.until < before).order_by(packed.until)
    nothing = dict.fromkeys(("message_id", "debug_trace", "correlation_vector", "detail"))
    some = packed.id.in_(connection.scalars(over.limit(_SEGMENTS_AT_ONCE)).all())
    # For channels that wait in a parcel, a segment has nothing but the attempts.
    deleted += connection.execute(sa.delete(segments).where(some, packed.state == DeliveryState.WAITING.value)).rowcount
    return deleted + connection.execute(sa.update(segments).where(some).values(is_tried=0, **nothing)).rowcount


def clear_broadcasts(connection: Connection, before: Millis, limit: int, after: int = 0) -> int:
    """Deletes the oldest broadcasts that ended before `before`, with their deliveries: up to `limit` rows in total.

    Searches one window of those numbered above `after`; see `next_window`. Returns how many rows were deleted.
    """
    table = broadcasts.c
    window = sa.select(table.id, table.ended_at).where(table.id > after).order_by(table.id).limit(_WINDOW).subquery()
    old = sa.select(window.c.id).where(window.c.ended_at < before).order_by(window.c.id).limit(_BROADCASTS_AT_ONCE)
    done: list[int] = []
    left = limit
    keep_newest(connection)
    for number in connection.scalars(old).all():
        left -= _clear_deliveries(connection, number, left)
        if left <= 0:  # this broadcast may have more deliveries
            break
        done.append(number)
        left -= 1
    if done:
        for parts in (counts, lanes):
            connection.execute(sa.delete(parts).where(parts.c.broadcast.in_(done)))
        connection.execute(sa.delete(broadcasts).where(table.id.in_(done)))
    return limit - left


def next_window(connection: Connection, before: Millis, after: int) -> int | None:
    """The last number of the window above `after`, where the next one begins. None if there is none old enough:
    broadcasts created since `before` can't have ended earlier. So only old broadcasts that are still open are skipped.
    """
    table = broadcasts.c
    window = sa.select(table.id, table.created_at).where(table.id > after).order_by(table.id).limit(_WINDOW).subquery()
    found = sa.select(sa.func.count(), sa.func.max(window.c.id), sa.func.min(window.c.created_at)).select_from(window)
    count, last, oldest = connection.execute(found).one()
    return int(last) if count == _WINDOW and oldest < before else None


def _clear_deliveries(connection: Connection, number: int, limit: int) -> int:
    table, packed = deliveries.c, segments.c
    some = connection.scalars(sa.select(table.channel).where(table.broadcast == number).limit(limit)).all()
    if some:
        between = table.channel.between(min(some), max(some))
        connection.execute(sa.delete(deliveries).where(table.broadcast == number, between))
    rows = sa.select(packed.id).where(packed.broadcast == number).limit(limit)
    return len(some) + connection.execute(sa.delete(segments).where(packed.id.in_(rows))).rowcount
