"""The SQL of the work itself: claiming portions of it, and writing what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from winpush.delivery import store_broadcasts
from winpush.delivery.database import Millis, insert_or_add, insert_or_raise
from winpush.delivery.lifecycle import SETTLES_AS, BroadcastState, DeliveryState
from winpush.delivery.registration import Audience
from winpush.delivery.schema import attempts, broadcasts, channels, counts, deliveries, holds, ranges
from winpush.delivery.store_channels import audience_filter

__all__ = ["Effect", "Portion", "Record", "Tried", "claim", "hold", "keep", "next_at", "record", "settle"]

MAX_WINDOW = 50_000
"""Channel numbers looked through in one claim, however few of them belong to the audience."""
MAX_RANGE_ATTEMPTS = 5
SETTLE_AT_ONCE = 10_000
WORKER_LOST = "worker-lost"
"""The outcome of channels in a range that ended its worker again and again."""

_RUNNING = BroadcastState.RUNNING.value


@dataclass(frozen=True, slots=True)
class Portion:
    """Work that is claimed: a range of a broadcast, or (`first` None) deliveries of several that are due.

    A target is a row: broadcast, attempts, and the channel's columns. `owner` proves the claim when it is written.
    """

    owner: str
    broadcasts: dict[int, Row[Any]]
    targets: Sequence[Row[Any]]
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt, for the history."""

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


@dataclass(frozen=True, slots=True)
class Record:
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


def claim(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Portion | None:
    """Takes what is to be done next, for as long as the lease: what is due first, then ranges left behind, then new."""
    return (
        _claim_due(connection, owner, now, lease, size)
        or _claim_left(connection, owner, now, lease)
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


def _claim_due(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Portion | None:
    table = deliveries.c
    columns: tuple[Any, ...] = (table.broadcast, table.attempts, *_TARGET)
    statement = (
        sa.select(*columns)
        .join(channels, channels.c.id == table.channel)
        .join(broadcasts, broadcasts.c.id == table.broadcast)
        .where(table.due <= now, broadcasts.c.state == _RUNNING)
        .order_by(table.due)
        .limit(size)
        .with_for_update(of=deliveries, skip_locked=True)
    )
    targets: Sequence[Row[Any]] = connection.execute(statement).all()
    if not targets:
        return None
    taken = [{"b": row.broadcast, "c": row.id} for row in targets]
    connection.execute(_this_delivery(sa.update(deliveries)).values(due=now + lease, owner=owner), taken)
    numbers = {int(row.broadcast) for row in targets}
    return Portion(owner, _rows(connection, numbers), targets)


def _this_delivery(statement: sa.Update) -> sa.Update:
    return statement.where(deliveries.c.broadcast == sa.bindparam("b"), deliveries.c.channel == sa.bindparam("c"))


def _rows(connection: Connection, numbers: Iterable[int]) -> dict[int, Row[Any]]:
    found = connection.execute(sa.select(broadcasts).where(broadcasts.c.id.in_(list(numbers))))
    return {row.id: row for row in found}


def _claim_left(connection: Connection, owner: str, now: Millis, lease: Millis) -> Portion | None:
    """A range whose worker died: its channels that have no outcome yet."""
    statement = (
        sa.select(ranges)
        .join(broadcasts, broadcasts.c.id == ranges.c.broadcast)
        .where(ranges.c.lease_until <= now, broadcasts.c.state == _RUNNING)
        .limit(1)
        .with_for_update(of=ranges, skip_locked=True)
    )
    left = connection.execute(statement).one_or_none()
    if left is None:
        return None
    row = store_broadcasts.get(connection, left.broadcast)
    if left.attempts >= MAX_RANGE_ATTEMPTS:
        lost = DeliveryState.FAILED
        _settle_range(connection, row, left.first, left.last, lost, WORKER_LOST, now)
        store_broadcasts.finish(connection, [row.id], now)
        return Portion(owner, {}, ())
    connection.execute(
        _this_range(sa.update(ranges), left.broadcast, left.first).values(
            owner=owner, lease_until=now + lease, attempts=left.attempts + 1
        )
    )
    return _load(connection, owner, row, left.first, left.last)


def _this_range(statement: sa.Update, broadcast: int, first: int) -> sa.Update:
    return statement.where(ranges.c.broadcast == broadcast, ranges.c.first == first)


def _claim_next(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Portion | None:
    """The next channels of the broadcast that has had its turn longest ago."""
    table = broadcasts.c
    statement = (
        sa.select(broadcasts)
        .where(table.ended_at.is_(None), table.cursor < table.last_channel)
        .where(table.state == _RUNNING, table.paced_until <= now)
        .order_by(table.paced_until, table.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    held = _held(connection, now)
    wanted = min(size, row.rate) if row.rate else size
    last, number = _carve(connection, row, wanted)
    # In turn: the time of its next claim says when it had this one, or when its rate allows the next.
    pause = number * 1000 // row.rate if row.rate else 0
    if held:
        pause = max(pause, min(max(held.values()) - now, 1000))
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
    return _load(connection, owner, row, first, last)


def _carve(connection: Connection, row: Row[Any], size: int) -> tuple[int, int]:
    """Where the next range ends, and how many channels of the audience it has."""
    end = min(row.cursor + MAX_WINDOW, row.last_channel)
    part = sa.select(channels.c.id).where(*_audience(row, row.cursor + 1, end)).order_by(channels.c.id).limit(size)
    found = connection.scalars(part).all()
    return (found[-1] if len(found) == size else end), len(found)


def _audience(row: Row[Any], first: int, last: int) -> list[ColumnElement[bool]]:
    """The audience is fixed at the start: numbers given by then, of channels that were not gone then."""
    lived = sa.or_(channels.c.gone_at.is_(None), channels.c.gone_at > row.created_at)
    between = channels.c.id.between(first, last)
    return [between, lived, *audience_filter(Audience.from_json(row.audience))]


def _without_outcome(row: Row[Any], first: int, last: int) -> list[ColumnElement[bool]]:
    known = sa.exists().where(deliveries.c.broadcast == row.id, deliveries.c.channel == channels.c.id)
    return [*_audience(row, first, last), ~known]


def _load(connection: Connection, owner: str, row: Row[Any], first: int, last: int) -> Portion:
    columns = (sa.literal(row.id).label("broadcast"), sa.literal(0).label("attempts"), *_TARGET)
    statement = sa.select(*columns).where(*_without_outcome(row, first, last)).order_by(channels.c.id)
    return Portion(owner, {row.id: row}, connection.execute(statement).all(), first)


def keep(connection: Connection, portion: Portion, now: Millis, lease: Millis) -> None:
    """Prolongs the claim of a portion that is still worked on."""
    if portion.first is None:
        mine = deliveries.c.owner == portion.owner
        numbers = list(portion.broadcasts)
        where = (deliveries.c.broadcast.in_(numbers), deliveries.c.due.is_not(None), mine)
        connection.execute(sa.update(deliveries).where(*where).values(due=now + lease))
        return
    for number in portion.broadcasts:
        statement = _this_range(sa.update(ranges), number, portion.first).where(ranges.c.owner == portion.owner)
        connection.execute(statement.values(lease_until=now + lease))


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
    _count(connection, mine)
    _write_history(connection, records)
    _write_effects(connection, records, now)
    for number, runs in _refusals(records).items():
        store_broadcasts.add_refusals(connection, number, runs, now)
    if last or portion.first is None:
        store_broadcasts.finish(connection, {entry.broadcast for entry in records} | set(portion.broadcasts), now)
    return mine


def _row(entry: Record) -> dict[str, Any]:
    return {
        "broadcast": entry.broadcast,
        "channel": entry.channel,
        "state": entry.state.value,
        "outcome": entry.outcome,
        "attempts": entry.attempts,
        "at": entry.at,
        "due": entry.due,
    }


def _write_range(
    connection: Connection, portion: Portion, records: Sequence[Record], now: Millis, lease: Millis, *, last: bool
) -> list[Record]:
    (number,) = portion.broadcasts
    assert portion.first is not None  # noqa: S101 - the caller's branch
    statement = _this_range(sa.update(ranges), number, portion.first).where(ranges.c.owner == portion.owner)
    kept = connection.execute(statement.values(lease_until=now + lease, attempts=0)).rowcount == 1
    mine = list(records)
    if not kept:
        wanted = [entry.channel for entry in records]
        there = set(
            connection.scalars(
                sa.select(deliveries.c.channel).where(
                    deliveries.c.broadcast == number, deliveries.c.channel.in_(wanted)
                )
            )
        )
        mine = [entry for entry in records if entry.channel not in there]
    if mine:
        connection.execute(sa.insert(deliveries), [_row(entry) for entry in mine])
    if kept and last:
        done = (ranges.c.broadcast == number, ranges.c.first == portion.first)
        connection.execute(sa.delete(ranges).where(*done))
    return mine


def _write_due(connection: Connection, portion: Portion, records: Sequence[Record]) -> list[Record]:
    keys = [(entry.broadcast, entry.channel) for entry in records]
    table = deliveries.c
    owned = (
        sa.select(table.broadcast, table.channel)
        .where(sa.tuple_(table.broadcast, table.channel).in_(keys))
        .where(table.due.is_not(None), table.owner == portion.owner)
    )
    still = {(number, channel) for number, channel in connection.execute(owned)}
    mine = [entry for entry in records if (entry.broadcast, entry.channel) in still]
    if mine:
        statement = _this_delivery(sa.update(deliveries)).values(
            state=sa.bindparam("s"),
            outcome=sa.bindparam("o"),
            attempts=sa.bindparam("n"),
            at=sa.bindparam("t"),
            due=sa.bindparam("d"),
            owner=None,
        )
        rows = [
            {
                "b": entry.broadcast,
                "c": entry.channel,
                "s": entry.state.value,
                "o": entry.outcome,
                "n": entry.attempts,
                "t": entry.at,
                "d": entry.due,
            }
            for entry in mine
        ]
        connection.execute(statement, rows)
    return mine


def _count(connection: Connection, records: Iterable[Record]) -> None:
    numbers: Counter[tuple[int, str, str]] = Counter(
        (entry.broadcast, entry.state.value, entry.outcome or "")
        for entry in records
        if entry.state is not DeliveryState.WAITING
    )
    _add_counts(connection, numbers)


def _add_counts(connection: Connection, numbers: Counter[tuple[int, str, str]]) -> None:
    rows = [
        {"broadcast": broadcast, "state": state, "outcome": outcome, "number": number}
        for (broadcast, state, outcome), number in numbers.items()
        if number
    ]
    if rows:
        insert_or_add(connection, counts, ("broadcast", "state", "outcome"), "number", rows)


def _write_history(connection: Connection, records: Iterable[Record]) -> None:
    rows = [
        {
            "broadcast": entry.broadcast,
            "channel": entry.channel,
            "at": entry.at,
            "outcome": entry.tried.outcome,
            "status": entry.tried.status,
            "message_id": entry.tried.message_id,
            "debug_trace": entry.tried.debug_trace,
            "correlation_vector": entry.tried.correlation_vector,
            "detail": entry.tried.detail,
        }
        for entry in records
        if entry.tried is not None
    ]
    if rows:
        connection.execute(sa.insert(attempts), rows)


def _write_effects(connection: Connection, records: Iterable[Record], now: Millis) -> None:
    gone: list[dict[str, Any]] = []
    waits: list[dict[str, Any]] = []
    for entry in records:
        if entry.effect is not None and entry.effect.gone is not None:
            gone.append({"number": entry.channel, "sent_to": entry.effect.uri, "why": entry.effect.gone})
        elif entry.effect is not None:
            waits.append({"number": entry.channel, "sent_to": entry.effect.uri, "until": entry.effect.not_before})
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


# --- pacing, settling, looking ahead ------------------------------------------------------------------------------


def hold(connection: Connection, service: str, until: Millis) -> None:
    """All workers leave this service alone until then."""
    insert_or_raise(connection, holds, "service", "until", {"service": service, "until": until})


def _held(connection: Connection, now: Millis) -> dict[str, Millis]:
    found = connection.execute(sa.select(holds.c.service, holds.c.until).where(holds.c.until > now))
    return {row.service: row.until for row in found}


def held(connection: Connection, now: Millis) -> dict[str, Millis]:
    """The services that must be left alone now, and until when."""
    return _held(connection, now)


def settle(connection: Connection, now: Millis) -> bool:
    """Gives the channels of a broadcast that is being ended their outcome, some thousands at a time; False when there
    was nothing to do."""
    states = [state.value for state in SETTLES_AS]
    table = broadcasts.c
    statement = sa.select(broadcasts).where(table.ended_at.is_(None), table.state.in_(states)).limit(20)
    worked = False
    for row in connection.execute(statement).all():
        final = SETTLES_AS[BroadcastState(row.state)]
        worked = _settle_one(connection, row, final, now) or worked
        store_broadcasts.finish(connection, [row.id], now)
    return worked


def _settle_one(connection: Connection, row: Row[Any], final: DeliveryState, now: Millis) -> bool:
    left = sa.select(ranges).where(ranges.c.broadcast == row.id, ranges.c.lease_until <= now).limit(20)
    found = connection.execute(left).all()
    for each in found:
        _settle_range(connection, row, each.first, each.last, final, None, now)
    if row.cursor < row.last_channel:
        end, _ = _carve(connection, row, SETTLE_AT_ONCE)
        _settle_range(connection, row, row.cursor + 1, end, final, None, now)
        connection.execute(sa.update(broadcasts).where(broadcasts.c.id == row.id).values(cursor=end))
        return True
    return _settle_waiting(connection, row, final, now) or bool(found)


def _settle_range(
    connection: Connection, row: Row[Any], first: int, last: int, final: DeliveryState, outcome: str | None, now: Millis
) -> None:
    columns = ["broadcast", "channel", "state", "outcome", "attempts", "at"]
    values = (sa.literal(row.id), channels.c.id, sa.literal(final.value), sa.literal(outcome, sa.Text))
    source = sa.select(*values, sa.literal(0), sa.literal(now, sa.BigInteger))
    chosen = source.where(*_without_outcome(row, first, last))
    written = connection.execute(sa.insert(deliveries).from_select(columns, chosen)).rowcount
    _add_counts(connection, Counter({(row.id, final.value, outcome or ""): written}))
    connection.execute(sa.delete(ranges).where(ranges.c.broadcast == row.id, ranges.c.first == first))


def _settle_waiting(connection: Connection, row: Row[Any], final: DeliveryState, now: Millis) -> bool:
    """Those that a worker holds right now are left to it."""
    table = deliveries.c
    free = sa.or_(table.owner.is_(None), table.due <= now)
    some = sa.select(table.channel).where(table.broadcast == row.id, table.due.is_not(None), free).limit(SETTLE_AT_ONCE)
    statement = sa.update(deliveries).where(table.broadcast == row.id, table.channel.in_(some))
    written = connection.execute(statement.values(state=final.value, outcome=None, due=None, owner=None, at=now))
    _add_counts(connection, Counter({(row.id, final.value, ""): written.rowcount}))
    return written.rowcount > 0


def next_at(connection: Connection) -> Millis | None:
    """When there is something to do next; None when nothing is left at all."""
    table = broadcasts.c
    running = sa.select(sa.func.min(table.paced_until)).where(table.ended_at.is_(None), table.state == _RUNNING)
    ending = sa.select(sa.literal(0)).where(
        table.ended_at.is_(None), table.state.in_([state.value for state in SETTLES_AS])
    )
    times = (
        connection.scalar(running.where(table.cursor < table.last_channel)),
        connection.scalar(
            sa.select(sa.func.min(deliveries.c.due)).where(
                deliveries.c.due.is_not(None), deliveries.c.due < store_broadcasts.AWAY
            )
        ),
        connection.scalar(sa.select(sa.func.min(ranges.c.lease_until))),
        connection.scalar(sa.select(sa.func.min(table.expires_at)).where(table.ended_at.is_(None))),
        connection.scalar(ending.limit(1)),
    )
    return min((moment for moment in times if moment is not None), default=None)
