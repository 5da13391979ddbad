"""The SQL of claiming work, a batch at a time.

Statements that run for every batch are built once: building one takes longer than SQLite takes to run it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from winpush.delivery.states import BroadcastState, DeliveryState
from winpush.delivery.storage.audience import MAX_WINDOW, audience_between, without_outcome
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.broadcasts import get as get_broadcast
from winpush.delivery.storage.database import Millis, in_list, raw_rows, read_json, update_rows
from winpush.delivery.storage.finalize import finalize_range
from winpush.delivery.storage.rows import Batch, Target
from winpush.delivery.storage.schedule import held, held_until
from winpush.delivery.storage.schema import broadcasts, channels, deliveries, ranges

__all__ = [
    "DELIVERY_KEY",
    "THIS_RANGE",
    "claim",
    "claim_next",
    "keep",
    "release",
]

MAX_RANGE_ATTEMPTS = 5
_TRIES_BEFORE_HALVING = 3
"""The attempts that each half of a split range starts with: it gets fewer tries than a new range."""
WORKER_LOST = "worker-lost"
"""The outcome of a channel that keeps killing its worker."""
_SECOND: Millis = 1000
IsLost = Callable[[str, Millis], bool]
"""Whether a claim (its owner, the end of its lease) may be taken over: see Liveness."""

DELIVERY_KEY = ("broadcast", "channel")
_RUNNING = BroadcastState.RUNNING.value


def claim(
    connection: Connection,
    owner: str,
    now: Millis,
    lease: Millis,
    size: int,
    is_lost: IsLost,
    busy: Sequence[int] = (),
) -> Batch | None:
    """Claims the next work for one lease: due deliveries first, then abandoned ranges, then new ones.

    `is_lost` says whether a claim whose lease has expired may be taken over. Due deliveries to `busy` channels are left
    where they are: this worker has earlier ones in hand.
    """
    return (
        _claim_due(connection, owner, now, lease, size, is_lost, busy)
        or _claim_left(connection, owner, now, lease, is_lost)
        or claim_next(connection, owner, now, lease, size)
    )


_TARGET = (
    channels.c.id,
    channels.c.uri,
    channels.c.service,
    channels.c.app,
    channels.c.key,
    channels.c.platform,
    channels.c.locale,
    channels.c.time_zone,
    channels.c.attributes,
    channels.c.gone_at,
    channels.c.gone_reason,
    channels.c.not_before,
    channels.c.p256dh,
    channels.c.auth,
)


_ATTRIBUTES = Target._fields.index("attributes")


def _targets(connection: Connection, statement: sa.Select[Any], values: Mapping[str, Any]) -> list[Target]:
    """The rows of a statement that selects the columns of a Target."""
    rows = raw_rows(connection, statement, values)
    if any(map(itemgetter(_ATTRIBUTES), rows)):
        rows = [(*row[:_ATTRIBUTES], read_json(row[_ATTRIBUTES]), *row[_ATTRIBUTES + 1 :]) for row in rows]
    return list(map(partial(tuple.__new__, Target), rows))


_D, _B = deliveries.c, broadcasts.c
_RIPE = (
    sa.select(_D.broadcast, _D.attempts, *_TARGET)
    .join(channels, channels.c.id == _D.channel)
    .join(broadcasts, broadcasts.c.id == _D.broadcast)
    .where(_D.due <= bindparam("now"), broadcasts.c.state == _RUNNING)
    .order_by(_D.due, _D.broadcast)
    .limit(bindparam("size"))
    .with_for_update(of=deliveries, skip_locked=True)
)
_DUE = _RIPE.where(_D.owner.is_(None))
_DUE_OR_LOST = _RIPE.where(sa.or_(_D.owner.is_(None), _D.owner.in_(bindparam("lost", expanding=True))))
_OVER = (
    sa.select(_D.owner, sa.func.max(_D.due)).where(_D.due <= bindparam("now"), _D.owner.is_not(None)).group_by(_D.owner)
)
"""The owners of deliveries whose lease has expired."""


def _claim_due(
    connection: Connection, owner: str, now: Millis, lease: Millis, size: int, is_lost: IsLost, busy: Sequence[int]
) -> Batch | None:
    over = connection.execute(_OVER, {"now": now}).all()
    lost = [silent for silent, lease_until in over if is_lost(silent, lease_until)]
    wanted = {"now": now, "size": size}
    due, values = (_DUE_OR_LOST, {**wanted, "lost": lost}) if lost else (_DUE, wanted)
    if busy:
        due = due.where(~in_list(connection, _D.channel, busy))
    found = _targets(connection, due, values)
    if not found:
        return None
    rows = _rows(connection, {int(row.broadcast) for row in found})
    targets = _in_turn(connection, rows, found, now)
    taken = [(row.broadcast, row.id, now + lease, owner) for row in targets]
    update_rows(connection, deliveries, DELIVERY_KEY, ("due", "owner"), taken)
    numbers = {int(row.broadcast) for row in targets}
    return Batch(owner, {number: rows[number] for number in numbers}, targets)


def _in_turn(
    connection: Connection, rows: Mapping[int, Row[Any]], found: Sequence[Target], now: Millis
) -> list[Target]:
    """The targets that may be sent now: for a broadcast with a rate limit, one second's worth. The rest get later due
    times, spread out at that rate, so that a large backlog of retries isn't read again for every batch."""
    taken: list[Target] = []
    later: list[tuple[Any, ...]] = []
    paced = {number: float(max(now, row.paced_until)) for number, row in rows.items() if row.rate}
    spread = {number: float(max(now + _SECOND, rows[number].spread_until)) for number in paced}
    for target in found:
        number = int(target.broadcast)
        if number not in paced:
            taken.append(target)
        elif paced[number] < now + _SECOND:
            paced[number] += 1000 / rows[number].rate
            taken.append(target)
        else:
            spread[number] += 1000 / rows[number].rate
            later.append((number, target.id, int(spread[number]), None))
    update_rows(connection, deliveries, DELIVERY_KEY, ("due", "owner"), later)
    for number, moment in paced.items():
        statement = sa.update(broadcasts).where(broadcasts.c.id == number)
        connection.execute(statement.values(paced_until=int(moment), spread_until=int(spread[number])))
    return taken


def _rows(connection: Connection, numbers: Iterable[int]) -> dict[int, Row[Any]]:
    found = connection.execute(sa.select(broadcasts).where(broadcasts.c.id.in_(list(numbers))))
    return {row.id: row for row in found}


_LEFT = (
    sa.select(ranges)
    # A lease beyond any possible end was written before a clock was set back.
    .where(sa.or_(ranges.c.lease_until <= bindparam("now"), ranges.c.lease_until > bindparam("latest")))
    # Not a join: SQLite would scan all broadcasts (`notify` creates a great many) to find a few ranges.
    .where(sa.exists().where(broadcasts.c.id == ranges.c.broadcast, broadcasts.c.state == _RUNNING))
    .with_for_update(of=ranges, skip_locked=True)
)


def _claim_left(connection: Connection, owner: str, now: Millis, lease: Millis, is_lost: IsLost) -> Batch | None:
    """A range whose worker died: the channels in it that have no outcome yet."""
    found = connection.execute(_LEFT, {"now": now, "latest": now + lease + _SECOND}).all()
    lost = (each for each in found if is_lost(each.owner, each.lease_until))
    left = next(lost, None)
    if left is None:
        return None
    row = get_broadcast(connection, left.broadcast)
    first, last, tried = left.first, left.last, left.attempts
    if tried >= MAX_RANGE_ATTEMPTS:
        if first == last:
            finalize_range(connection, row, first, last, DeliveryState.FAILED, WORKER_LOST, now)
            finish_broadcasts(connection, [row.id], now)
            return Batch(owner, {}, ())
        last, tried = _halve(connection, left, now), _TRIES_BEFORE_HALVING
    values = {"last": last, "owner": owner, "lease_until": now + lease, "attempts": tried + 1}
    connection.execute(sa.update(ranges).where(*THIS_RANGE), {"number": row.id, "begins": first, **values})
    return _load(connection, owner, row, first, last)


def _halve(connection: Connection, left: Row[Any], now: Millis) -> int:
    """Splits a range that keeps killing its workers in two; returns where the first half ends.

    Repeated, this narrows the cause down to one channel, and all the others still get their notification.
    """
    middle = (int(left.first) + int(left.last)) // 2
    values = {"first": middle + 1, "last": left.last, "attempts": _TRIES_BEFORE_HALVING}
    owner = f"{left.owner}+{middle}"
    connection.execute(sa.insert(ranges).values(broadcast=left.broadcast, owner=owner, lease_until=now, **values))
    return middle


THIS_RANGE = (ranges.c.broadcast == bindparam("number"), ranges.c.first == bindparam("begins"))
"""The conditions for one range: `number` is its broadcast, `begins` its first channel."""

_NEXT = (
    sa.select(broadcasts)
    .where(_B.ended_at.is_(None), _B.cursor < _B.last_channel, _B.state == _RUNNING)
    .where(
        sa.or_(
            _B.paced_until <= bindparam("now"),
            # A started broadcast without a rate limit never waits this long, so a clock was set back.
            sa.and_(_B.rate.is_(None), _B.cursor > 0, _B.paced_until > bindparam("latest")),
        )
    )
    .order_by(_B.paced_until, _B.id)
    .limit(1)
    .with_for_update()
)
_MOVE_ON = sa.update(broadcasts).where(_B.id == bindparam("number"))
_NEW_RANGE = sa.insert(ranges)


def claim_next(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Batch | None:
    """The next channels of the broadcast that has waited longest for its turn."""
    row = connection.execute(_NEXT, {"now": now, "latest": now + 2 * _SECOND}).one_or_none()
    if row is None:
        return None
    waits = held(connection, now)
    wanted = min(size, row.rate) if row.rate else size
    targets, last = _targets_of(connection, row, wanted)
    number = len(targets)
    # Round robin: `paced_until` is when it had this turn, or when its rate limit allows the next.
    pause = number * 1000 // row.rate if row.rate else 0
    if waits and targets:  # as long as all of them would wait
        free = min(held_until(waits, target) for target in targets)
        pause = max(pause, min(free - now, 1000))
    connection.execute(_MOVE_ON, {"number": row.id, "cursor": last, "paced_until": now + pause})
    if number == 0:
        finish_broadcasts(connection, [row.id], now)
        return Batch(owner, {}, ())
    first = row.cursor + 1
    values = {"last": last, "owner": owner, "lease_until": now + lease, "attempts": 1}
    connection.execute(_NEW_RANGE, {"broadcast": row.id, "first": first, **values})
    return Batch(owner, {row.id: row}, targets, first)


def _targets_of(connection: Connection, row: Row[Any], size: int) -> tuple[Sequence[Target], int]:
    """The next channels of the audience, and where their range ends. None of these has an outcome yet."""
    end = min(row.cursor + MAX_WINDOW, row.last_channel)
    between = {"number": row.id, "begins": row.cursor + 1, "ends": end, "created_at": row.created_at, "size": size}
    found = _targets(connection, _audience(row.audience), between)
    return found, (found[-1].id if len(found) == size else end)


@lru_cache(maxsize=64)
def _audience(audience: str) -> sa.Select[Any]:
    """Selects up to `size` targets of an audience (JSON) among the channels `begins` to `ends`."""
    columns = (bindparam("number", type_=sa.BigInteger).label("broadcast"), sa.literal(0).label("attempts"), *_TARGET)
    between = audience_between(audience, bindparam("begins"), bindparam("ends"), bindparam("created_at"))
    return sa.select(*columns).where(*between).order_by(channels.c.id).limit(bindparam("size"))


def _load(connection: Connection, owner: str, row: Row[Any], first: int, last: int) -> Batch:
    columns = (sa.literal(row.id).label("broadcast"), sa.literal(0).label("attempts"), *_TARGET)
    statement = sa.select(*columns).where(*without_outcome(row, first, last)).order_by(channels.c.id)
    return Batch(owner, {row.id: row}, _targets(connection, statement, {}), first)


_KEEP = sa.update(ranges).where(*THIS_RANGE, ranges.c.owner == bindparam("mine"))


def keep(connection: Connection, batch: Batch, now: Millis, lease: Millis) -> None:
    """Renews the lease on a batch that is still in progress."""
    if batch.first is None:
        mine = sa.update(deliveries).where(deliveries.c.owner == batch.owner, deliveries.c.due.is_not(None))
        connection.execute(mine.values(due=now + lease))
        return
    for number in batch.broadcasts:
        this = {"number": number, "begins": batch.first, "mine": batch.owner}
        connection.execute(_KEEP, {**this, "lease_until": now + lease})


def release(connection: Connection, batch: Batch, now: Millis) -> None:
    """Gives a claim back without working on it; another worker may take it at once."""
    keep(connection, batch, now, 0)
