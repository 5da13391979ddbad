"""The SQL of the work itself: claiming portions of it, and writing what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row
from sqlalchemy.exc import IntegrityError

from winpush.delivery import store_broadcasts
from winpush.delivery.database import Millis, insert_rows, update_rows
from winpush.delivery.lifecycle import BroadcastState, DeliveryState
from winpush.delivery.registration_rules import Scalar
from winpush.delivery.schema import attempts, broadcasts, channels, deliveries, ranges
from winpush.delivery.store_ahead import held
from winpush.delivery.store_audience import MAX_WINDOW, audience_of, without_outcome
from winpush.delivery.store_settling import add_counts, settle_range

__all__ = ["Effect", "Portion", "Record", "Target", "Tried", "claim", "keep", "record"]

MAX_RANGE_ATTEMPTS = 5
_TRIES_BEFORE_HALVING = 3
"""What the halves of a range begin with: they have less to try than a new one."""
WORKER_LOST = "worker-lost"
"""The outcome of a channel that ended its worker again and again."""
_SECOND: Millis = 1000
IsLost = Callable[[str, Millis], bool]
"""Whether a claim (its owner, the end of its lease) may be taken over: see Watch."""

_KEY = ("broadcast", "channel")
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


class Tried(NamedTuple):
    """An attempt, for the history: as _ATTEMPT names them, after the broadcast, the channel and the time.

    A tuple, as Record is: one of each is made for every send, and a frozen dataclass takes four times as long.
    """

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
    """What is to be written about one channel of a broadcast."""

    broadcast: int
    channel: int
    service: str
    state: DeliveryState
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
        or _claim_next(connection, owner, now, lease, size)
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


def _claim_due(
    connection: Connection, owner: str, now: Millis, lease: Millis, size: int, is_lost: IsLost
) -> Portion | None:
    table = deliveries.c
    columns: tuple[Any, ...] = (table.broadcast, table.attempts, *_TARGET)
    free = sa.or_(table.owner.is_(None), table.owner.in_(_lost_owners(connection, now, is_lost)))
    statement = (
        sa.select(*columns)
        .join(channels, channels.c.id == table.channel)
        .join(broadcasts, broadcasts.c.id == table.broadcast)
        .where(table.due <= now, broadcasts.c.state == _RUNNING, free)
        .order_by(table.due)
        .limit(size)
        .with_for_update(of=deliveries, skip_locked=True)
    )
    found: Sequence[Row[Any]] = connection.execute(statement).all()
    if not found:
        return None
    rows = _rows(connection, {int(row.broadcast) for row in found})
    targets = _in_turn(connection, rows, [Target._make(row) for row in found], now)
    taken = [(row.broadcast, row.id, now + lease, owner) for row in targets]
    update_rows(connection, deliveries, _KEY, ("due", "owner"), taken)
    numbers = {int(row.broadcast) for row in targets}
    return Portion(owner, {number: rows[number] for number in numbers}, targets)


def _lost_owners(connection: Connection, now: Millis, is_lost: IsLost) -> list[str]:
    """The owners of deliveries whose lease is over and who have not been heard of."""
    table = deliveries.c
    latest = sa.func.max(table.due)
    statement = sa.select(table.owner, latest).where(table.due <= now, table.owner.is_not(None)).group_by(table.owner)
    return [owner for owner, lease_until in connection.execute(statement).all() if is_lost(owner, lease_until)]


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
    update_rows(connection, deliveries, _KEY, ("due", "owner"), later)
    for number, moment in paced.items():
        statement = sa.update(broadcasts).where(broadcasts.c.id == number)
        connection.execute(statement.values(paced_until=int(moment), spread_until=int(spread[number])))
    return taken


def _rows(connection: Connection, numbers: Iterable[int]) -> dict[int, Row[Any]]:
    found = connection.execute(sa.select(broadcasts).where(broadcasts.c.id.in_(list(numbers))))
    return {row.id: row for row in found}


def _claim_left(connection: Connection, owner: str, now: Millis, lease: Millis, is_lost: IsLost) -> Portion | None:
    """A range whose worker died: its channels that have no outcome yet."""
    over = ranges.c.lease_until
    statement = (
        sa.select(ranges)
        .join(broadcasts, broadcasts.c.id == ranges.c.broadcast)
        # A lease that ends later than any could has been written before a clock was set back.
        .where(sa.or_(over <= now, over > now + lease + _SECOND), broadcasts.c.state == _RUNNING)
        .with_for_update(of=ranges, skip_locked=True)
    )
    lost = (each for each in connection.execute(statement).all() if is_lost(each.owner, each.lease_until))
    left = next(lost, None)
    if left is None:
        return None
    row = store_broadcasts.get(connection, left.broadcast)
    first, last, tried = left.first, left.last, left.attempts
    if tried >= MAX_RANGE_ATTEMPTS:
        if first == last:
            settle_range(connection, row, first, last, DeliveryState.FAILED, WORKER_LOST, now)
            store_broadcasts.finish(connection, [row.id], now)
            return Portion(owner, {}, ())
        last, tried = _halve(connection, left, now), _TRIES_BEFORE_HALVING
    values = {"last": last, "owner": owner, "lease_until": now + lease, "attempts": tried + 1}
    connection.execute(_this_range(sa.update(ranges), left.broadcast, first).values(**values))
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


def _this_range(statement: sa.Update, broadcast: int, first: int) -> sa.Update:
    return statement.where(ranges.c.broadcast == broadcast, ranges.c.first == first)


def _claim_next(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Portion | None:
    """The next channels of the broadcast that has had its turn longest ago."""
    table = broadcasts.c
    statement = (
        sa.select(broadcasts)
        .where(table.ended_at.is_(None), table.cursor < table.last_channel)
        .where(table.state == _RUNNING, sa.or_(table.paced_until <= now, _before_the_clock_was_set_back(now)))
        .order_by(table.paced_until, table.id)
        .limit(1)
        .with_for_update()
    )
    row = connection.execute(statement).one_or_none()
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
    values = {"cursor": last, "paced_until": now + pause}
    connection.execute(sa.update(broadcasts).where(table.id == row.id).values(**values))
    if number == 0:
        store_broadcasts.finish(connection, [row.id], now)
        return Portion(owner, {}, ())
    first = row.cursor + 1
    connection.execute(
        sa.insert(ranges).values(
            broadcast=row.id, first=first, last=last, owner=owner, lease_until=now + lease, attempts=1
        )
    )
    return Portion(owner, {row.id: row}, targets, first)


def _targets_of(connection: Connection, row: Row[Any], size: int) -> tuple[Sequence[Target], int]:
    """The next channels of the audience, and where their range ends. None of them has an outcome yet."""
    end = min(row.cursor + MAX_WINDOW, row.last_channel)
    columns = (sa.literal(row.id).label("broadcast"), sa.literal(0).label("attempts"), *_TARGET)
    part = sa.select(*columns).where(*audience_of(row, row.cursor + 1, end)).order_by(channels.c.id).limit(size)
    found = [Target._make(each) for each in connection.execute(part)]
    return found, (found[-1].id if len(found) == size else end)


def _before_the_clock_was_set_back(now: Millis) -> ColumnElement[bool]:
    """A broadcast that has begun and has no rate is never paced further ahead than this."""
    table = broadcasts.c
    return sa.and_(table.rate.is_(None), table.cursor > 0, table.paced_until > now + 2 * _SECOND)


def _load(connection: Connection, owner: str, row: Row[Any], first: int, last: int) -> Portion:
    columns = (sa.literal(row.id).label("broadcast"), sa.literal(0).label("attempts"), *_TARGET)
    statement = sa.select(*columns).where(*without_outcome(row, first, last)).order_by(channels.c.id)
    return Portion(owner, {row.id: row}, [Target._make(each) for each in connection.execute(statement)], first)


def keep(connection: Connection, portion: Portion, now: Millis, lease: Millis) -> None:
    """Prolongs the claim of a portion that is still worked on."""
    if portion.first is None:
        mine = sa.update(deliveries).where(deliveries.c.owner == portion.owner, deliveries.c.due.is_not(None))
        connection.execute(mine.values(due=now + lease))
        return
    for number in portion.broadcasts:
        statement = _this_range(sa.update(ranges), number, portion.first).where(ranges.c.owner == portion.owner)
        connection.execute(statement.values(lease_until=now + lease))


def release(connection: Connection, portion: Portion, now: Millis) -> None:
    """Gives a claim back unworked: it may be taken up at once."""
    keep(connection, portion, now, 0)


# --- writing ------------------------------------------------------------------------------------------------------


def record(
    connection: Connection, portion: Portion, records: Sequence[Record], now: Millis, lease: Millis, *, last: bool
) -> list[Record]:
    """Writes outcomes, counters, history and hygiene in one transaction; returns those that counted.

    With `last` the portion is done. Where the claim was lost meanwhile, what another worker wrote stands; the history
    has both attempts.
    """
    mine = (
        _write_due(connection, portion, records)
        if portion.first is None
        else _write_range(connection, portion, records, now, lease, last=last)
    )
    _write_history(connection, records)
    _write_effects(connection, records, now)
    # What several workers write to comes last, so that they wait for each other as shortly as can be.
    store_broadcasts.add_refusals(connection, _refusals(records), now)
    _count(connection, mine)
    if last or portion.first is None:
        store_broadcasts.finish(connection, {entry.broadcast for entry in records} | set(portion.broadcasts), now)
    return mine


_DELIVERY = ("broadcast", "channel", "state", "outcome", "attempts", "at", "due")
_ATTEMPT = (
    "broadcast", "channel", "at", "outcome", "status", "message_id", "debug_trace", "correlation_vector", "detail"
)  # fmt: skip


def _row(entry: Record) -> tuple[Any, ...]:
    """As _DELIVERY names them."""
    state = _VALUES[entry.state]
    return entry.broadcast, entry.channel, state, entry.outcome, entry.attempts, entry.at, entry.due


_VALUES = {state: state.value for state in DeliveryState}


def _write_range(
    connection: Connection, portion: Portion, records: Sequence[Record], now: Millis, lease: Millis, *, last: bool
) -> list[Record]:
    (number,) = portion.broadcasts
    assert portion.first is not None  # noqa: S101 - the caller's branch
    statement = _this_range(sa.update(ranges), number, portion.first).where(ranges.c.owner == portion.owner)
    kept = connection.execute(statement.values(lease_until=now + lease, attempts=0)).rowcount == 1
    mine = list(records) if kept else _not_there(connection, number, records)
    while not _insert_all(connection, mine):
        mine = _not_there(connection, number, mine)
    if kept and last:
        done = (ranges.c.broadcast == number, ranges.c.first == portion.first)
        connection.execute(sa.delete(ranges).where(*done))
    return mine


def _insert_all(connection: Connection, records: Sequence[Record]) -> bool:
    """False, and nothing written, when a worker that was believed dead has written one of them meanwhile."""
    if not records:
        return True
    try:
        with connection.begin_nested():
            insert_rows(connection, deliveries, _DELIVERY, [_row(entry) for entry in records])
    except IntegrityError:
        return False
    return True


def _not_there(connection: Connection, number: int, records: Sequence[Record]) -> list[Record]:
    table = deliveries.c
    wanted = [entry.channel for entry in records]
    known = sa.select(table.channel).where(table.broadcast == number, table.channel.in_(wanted))
    there = set(connection.scalars(known))
    return [entry for entry in records if entry.channel not in there]


def _write_due(connection: Connection, portion: Portion, records: Sequence[Record]) -> list[Record]:
    keys = [(entry.broadcast, entry.channel) for entry in records]
    table = deliveries.c
    owned = (
        sa.select(table.broadcast, table.channel)
        .where(sa.tuple_(table.broadcast, table.channel).in_(keys))
        .where(table.due.is_not(None), table.owner == portion.owner)
        .with_for_update()
    )
    still = {(number, channel) for number, channel in connection.execute(owned)}
    mine = [entry for entry in records if (entry.broadcast, entry.channel) in still]
    rows = [(*_row(entry), None) for entry in mine]
    update_rows(connection, deliveries, _KEY, (*_DELIVERY[2:], "owner"), rows)
    return mine


def _count(connection: Connection, records: Iterable[Record]) -> None:
    numbers: Counter[tuple[int, str, str]] = Counter(
        (entry.broadcast, entry.state.value, entry.outcome or "")
        for entry in records
        if entry.state is not DeliveryState.WAITING
    )
    add_counts(connection, numbers)


def _write_history(connection: Connection, records: Iterable[Record]) -> None:
    rows = [
        (entry.broadcast, entry.channel, entry.at, *tried) for entry in records if (tried := entry.tried) is not None
    ]
    insert_rows(connection, attempts, _ATTEMPT, rows)


def _write_effects(connection: Connection, records: Iterable[Record], now: Millis) -> None:
    gone: list[dict[str, Any]] = []
    waits: list[dict[str, Any]] = []
    for entry in (entry for entry in records if entry.effect is not None):
        assert entry.effect is not None  # noqa: S101 - chosen above
        if entry.effect.gone is not None:
            gone.append({"number": entry.channel, "sent_to": entry.effect.uri, "why": entry.effect.gone})
        else:
            waits.append({"number": entry.channel, "sent_to": entry.effect.uri, "until": entry.effect.not_before})
    for each in (gone, waits):
        each.sort(key=lambda row: int(row["number"]))
    this = sa.and_(channels.c.id == sa.bindparam("number"), channels.c.uri == sa.bindparam("sent_to"))
    if gone:
        ended = sa.update(channels).where(this, channels.c.gone_at.is_(None))
        connection.execute(ended.values(gone_at=now, gone_reason=sa.bindparam("why")), gone)
    if waits:
        connection.execute(sa.update(channels).where(this).values(not_before=sa.bindparam("until")), waits)


def _refusals(records: Iterable[Record]) -> dict[int, dict[str, tuple[int, bool]]]:
    runs: dict[int, dict[str, tuple[int, bool]]] = {}
    for entry in records:
        if entry.refusal is None:
            continue
        services = runs.setdefault(entry.broadcast, {})
        length, interrupted = services.get(entry.service, (0, False))
        services[entry.service] = (length + 1, interrupted) if entry.refusal else (0, True)
    return runs
