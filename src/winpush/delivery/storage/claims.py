"""The SQL of the work itself: claiming portions of it.

What is asked at every portion is a statement that is built once: building one costs more than SQLite takes for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from winpush.delivery.registry.rules import Scalar
from winpush.delivery.states import BroadcastState, DeliveryState
from winpush.delivery.storage.audience import MAX_WINDOW, audience_between, without_outcome
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.broadcasts import get as get_broadcast
from winpush.delivery.storage.database import Millis, raw_rows, read_json, update_rows
from winpush.delivery.storage.finalize import settle_range
from winpush.delivery.storage.schedule import held
from winpush.delivery.storage.schema import broadcasts, channels, deliveries, ranges

__all__ = [
    "DELIVERY_KEY",
    "THIS_RANGE",
    "Effect",
    "Portion",
    "Record",
    "Target",
    "Tried",
    "claim",
    "claim_next",
    "keep",
    "release",
]

MAX_RANGE_ATTEMPTS = 5
_TRIES_BEFORE_HALVING = 3
"""What the halves of a range begin with: they have less to try than a new one."""
WORKER_LOST = "worker-lost"
"""The outcome of a channel that ended its worker again and again."""
_SECOND: Millis = 1000
IsLost = Callable[[str, Millis], bool]
"""Whether a claim (its owner, the end of its lease) may be taken over: see Watch."""

DELIVERY_KEY = ("broadcast", "channel")
_RUNNING = BroadcastState.RUNNING.value


class Target(NamedTuple):
    """A channel that is to be sent to for a broadcast, as _TARGET names its columns."""

    broadcast: int
    attempts: int
    id: int
    uri: str
    service: str
    key: str | None
    platform: str | None
    locale: str | None
    time_zone: str | None
    attributes: Mapping[str, Scalar] | None
    gone_at: Millis | None
    gone_reason: str | None
    not_before: Millis | None


@dataclass(frozen=True, slots=True)
class Portion:
    """Work that is claimed: a range of a broadcast, or (`first` None) deliveries of several that are due.

    `owner` proves the claim when it is written.
    """

    owner: str
    broadcasts: dict[int, Row[Any]]
    targets: Sequence[Target] = field(repr=False)
    first: int | None = None

    @property
    def is_work(self) -> bool:
        """False for a claim that has only moved a broadcast on."""
        return bool(self.targets) or self.first is not None


class Tried(NamedTuple):
    """An attempt, as a row of the history.

    A tuple, as Record is: one of each is made for every send, and a frozen dataclass takes four times as long.
    """

    broadcast: int
    channel: int
    at: Millis
    outcome: str
    status: int | None
    message_id: str | None
    debug_trace: str | None
    correlation_vector: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What an answer means for the channel itself: it is gone (the reason), or must be left alone until then.

    It is about the URI that was sent to: the device may have registered another one meanwhile.
    """

    uri: str = field(repr=False)
    gone: str | None = None
    not_before: Millis | None = None


class Record(NamedTuple):
    """What is to be written about one channel of a broadcast. `state` is a value of DeliveryState, as it is written."""

    broadcast: int
    channel: int
    service: str
    state: str
    outcome: str | None
    attempts: int
    at: Millis
    due: Millis | None = None
    tried: Tried | None = None
    effect: Effect | None = None
    refusal: bool | None = None
    """True for a refusal that sending again doesn't mend, False for an answer that ends a run of them."""


# --- claiming -----------------------------------------------------------------------------------------------------


def claim(connection: Connection, owner: str, now: Millis, lease: Millis, size: int, is_lost: IsLost) -> Portion | None:
    """Takes what is to be done next, for as long as the lease: what is due first, then ranges left behind, then new.

    `is_lost` says of a claim whose lease is over whether it may be taken over.
    """
    return (
        _claim_due(connection, owner, now, lease, size, is_lost)
        or _claim_left(connection, owner, now, lease, is_lost)
        or claim_next(connection, owner, now, lease, size)
    )


_TARGET = (
    channels.c.id,
    channels.c.uri,
    channels.c.service,
    channels.c.key,
    channels.c.platform,
    channels.c.locale,
    channels.c.time_zone,
    channels.c.attributes,
    channels.c.gone_at,
    channels.c.gone_reason,
    channels.c.not_before,
)


_ATTRIBUTES = Target._fields.index("attributes")


def _targets(connection: Connection, statement: sa.Select[Any], values: Mapping[str, Any]) -> list[Target]:
    """What a statement selects that names the columns of a Target."""
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
    .order_by(_D.due)
    .limit(bindparam("size"))
    .with_for_update(of=deliveries, skip_locked=True)
)
_DUE = _RIPE.where(_D.owner.is_(None))
_DUE_OR_LOST = _RIPE.where(sa.or_(_D.owner.is_(None), _D.owner.in_(bindparam("lost", expanding=True))))
_OVER = (
    sa.select(_D.owner, sa.func.max(_D.due)).where(_D.due <= bindparam("now"), _D.owner.is_not(None)).group_by(_D.owner)
)
"""The owners of deliveries whose lease is over."""


def _claim_due(
    connection: Connection, owner: str, now: Millis, lease: Millis, size: int, is_lost: IsLost
) -> Portion | None:
    over = connection.execute(_OVER, {"now": now}).all()
    lost = [silent for silent, lease_until in over if is_lost(silent, lease_until)]
    wanted = {"now": now, "size": size}
    found = _targets(connection, _DUE_OR_LOST, {**wanted, "lost": lost}) if lost else _targets(connection, _DUE, wanted)
    if not found:
        return None
    rows = _rows(connection, {int(row.broadcast) for row in found})
    targets = _in_turn(connection, rows, found, now)
    taken = [(row.broadcast, row.id, now + lease, owner) for row in targets]
    update_rows(connection, deliveries, DELIVERY_KEY, ("due", "owner"), taken)
    numbers = {int(row.broadcast) for row in targets}
    return Portion(owner, {number: rows[number] for number in numbers}, targets)


def _in_turn(
    connection: Connection, rows: Mapping[int, Row[Any]], found: Sequence[Target], now: Millis
) -> list[Target]:
    """Those that may be sent now: of a broadcast with a rate, a second's worth. The rest gets later times, spread out
    as the rate allows, so that a great number of retries is not looked at again and again."""
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
    # A lease that ends later than any could has been written before a clock was set back.
    .where(sa.or_(ranges.c.lease_until <= bindparam("now"), ranges.c.lease_until > bindparam("latest")))
    # Not as a join: SQLite would go through all broadcasts, of which `notify` makes very many, to find the few ranges.
    .where(sa.exists().where(broadcasts.c.id == ranges.c.broadcast, broadcasts.c.state == _RUNNING))
    .with_for_update(of=ranges, skip_locked=True)
)


def _claim_left(connection: Connection, owner: str, now: Millis, lease: Millis, is_lost: IsLost) -> Portion | None:
    """A range whose worker died: its channels that have no outcome yet."""
    found = connection.execute(_LEFT, {"now": now, "latest": now + lease + _SECOND}).all()
    lost = (each for each in found if is_lost(each.owner, each.lease_until))
    left = next(lost, None)
    if left is None:
        return None
    row = get_broadcast(connection, left.broadcast)
    first, last, tried = left.first, left.last, left.attempts
    if tried >= MAX_RANGE_ATTEMPTS:
        if first == last:
            settle_range(connection, row, first, last, DeliveryState.FAILED, WORKER_LOST, now)
            finish_broadcasts(connection, [row.id], now)
            return Portion(owner, {}, ())
        last, tried = _halve(connection, left, now), _TRIES_BEFORE_HALVING
    values = {"last": last, "owner": owner, "lease_until": now + lease, "attempts": tried + 1}
    connection.execute(sa.update(ranges).where(*THIS_RANGE), {"number": row.id, "begins": first, **values})
    return _load(connection, owner, row, first, last)


def _halve(connection: Connection, left: Row[Any], now: Millis) -> int:
    """Makes the second half of a range that ends its workers a range of its own; returns where the first half ends.

    What is the matter is in one of them, and is narrowed down to one channel; the others are sent to.
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
            # One that has begun and has no rate is never paced further ahead: a clock was set back.
            sa.and_(_B.rate.is_(None), _B.cursor > 0, _B.paced_until > bindparam("latest")),
        )
    )
    .order_by(_B.paced_until, _B.id)
    .limit(1)
    .with_for_update()
)
_MOVE_ON = sa.update(broadcasts).where(_B.id == bindparam("number"))
_NEW_RANGE = sa.insert(ranges)


def claim_next(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Portion | None:
    """The next channels of the broadcast that has had its turn longest ago."""
    row = connection.execute(_NEXT, {"now": now, "latest": now + 2 * _SECOND}).one_or_none()
    if row is None:
        return None
    waits = held(connection, now)
    wanted = min(size, row.rate) if row.rate else size
    targets, last = _targets_of(connection, row, wanted)
    number = len(targets)
    # In turn: the time of its next claim says when it had this one, or when its rate allows the next.
    pause = number * 1000 // row.rate if row.rate else 0
    if waits:
        pause = max(pause, min(max(waits.values()) - now, 1000))
    connection.execute(_MOVE_ON, {"number": row.id, "cursor": last, "paced_until": now + pause})
    if number == 0:
        finish_broadcasts(connection, [row.id], now)
        return Portion(owner, {}, ())
    first = row.cursor + 1
    values = {"last": last, "owner": owner, "lease_until": now + lease, "attempts": 1}
    connection.execute(_NEW_RANGE, {"broadcast": row.id, "first": first, **values})
    return Portion(owner, {row.id: row}, targets, first)


def _targets_of(connection: Connection, row: Row[Any], size: int) -> tuple[Sequence[Target], int]:
    """The next channels of the audience, and where their range ends. None of them has an outcome yet."""
    end = min(row.cursor + MAX_WINDOW, row.last_channel)
    between = {"number": row.id, "begins": row.cursor + 1, "ends": end, "created_at": row.created_at, "size": size}
    found = _targets(connection, _audience(row.audience), between)
    return found, (found[-1].id if len(found) == size else end)


@lru_cache(maxsize=64)
def _audience(audience: str) -> sa.Select[Any]:
    """The targets of an audience (JSON) among the channels from `begins` to `ends`, at most `size`."""
    columns = (bindparam("number", type_=sa.BigInteger).label("broadcast"), sa.literal(0).label("attempts"), *_TARGET)
    between = audience_between(audience, bindparam("begins"), bindparam("ends"), bindparam("created_at"))
    return sa.select(*columns).where(*between).order_by(channels.c.id).limit(bindparam("size"))


def _load(connection: Connection, owner: str, row: Row[Any], first: int, last: int) -> Portion:
    columns = (sa.literal(row.id).label("broadcast"), sa.literal(0).label("attempts"), *_TARGET)
    statement = sa.select(*columns).where(*without_outcome(row, first, last)).order_by(channels.c.id)
    return Portion(owner, {row.id: row}, _targets(connection, statement, {}), first)


_KEEP = sa.update(ranges).where(*THIS_RANGE, ranges.c.owner == bindparam("mine"))


def keep(connection: Connection, portion: Portion, now: Millis, lease: Millis) -> None:
    """Prolongs the claim of a portion that is still worked on."""
    if portion.first is None:
        mine = sa.update(deliveries).where(deliveries.c.owner == portion.owner, deliveries.c.due.is_not(None))
        connection.execute(mine.values(due=now + lease))
        return
    for number in portion.broadcasts:
        this = {"number": number, "begins": portion.first, "mine": portion.owner}
        connection.execute(_KEEP, {**this, "lease_until": now + lease})


def release(connection: Connection, portion: Portion, now: Millis) -> None:
    """Gives a claim back unworked: it may be taken up at once."""
    keep(connection, portion, now, 0)
