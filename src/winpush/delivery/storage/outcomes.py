"""The SQL of recording outcomes: deliveries, counters, history, and what an answer means for its channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam
from sqlalchemy.exc import IntegrityError

from winpush.delivery.states import BroadcastState, DeliveryState
from winpush.delivery.storage.broadcasts import add_refusals, stop
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.channels import bring_back
from winpush.delivery.storage.claims import DELIVERY_KEY, THIS_RANGE
from winpush.delivery.storage.database import Millis, any_of, insert_rows, update_rows
from winpush.delivery.storage.finalize import add_counts
from winpush.delivery.storage.rows import Batch, Record, Tried
from winpush.delivery.storage.schema import attempts, broadcasts, channels, deliveries, ranges

__all__ = ["Written", "record"]


class Written(NamedTuple):
    """What a write did: the records that counted, and the broadcasts that stopped themselves, with the reason."""

    records: list[Record]
    stopped: Mapping[int, str]


NO_DOUBT: Mapping[int, str] = MappingProxyType({})


def record(
    connection: Connection,
    batch: Batch,
    records: Sequence[Record],
    now: Millis,
    lease: Millis,
    *,
    last: bool,
    doubted: Mapping[int, str] = NO_DOUBT,
) -> Written:
    """Writes outcomes, counters, history and channel updates in one transaction.

    `last` ends the batch. If another worker has taken over the claim, its outcomes win; the history has both attempts.
    `doubted` are broadcasts whose channels can't be gone as reported, and why: they stop, and keep these channels.
    """
    mine = (
        _write_due(connection, batch, records)
        if batch.first is None
        else _write_range(connection, batch, records, now, lease, last=last)
    )
    _write_history(connection, records)
    _write_effects(connection, records, now, doubted)
    # Rows that several workers contend for come last, to hold their locks as briefly as possible.
    stopped = add_refusals(connection, _refusals(records), now)
    for number, reason in sorted(doubted.items()):
        bring_back(connection, number)
        if stop(connection, number, now, reason):
            stopped[number] = reason
    _count(connection, mine)
    if last or batch.first is None:
        finish_broadcasts(connection, {*map(_BROADCAST, records), *batch.broadcasts}, now)
    return Written(mine, stopped)


_DELIVERY = ("broadcast", "channel", "state", "outcome", "attempts", "at", "due")
_ROW, _COUNTED, _REFUSED = (
    itemgetter(*map(Record._fields.index, names))
    for names in (_DELIVERY, ("broadcast", "state", "outcome"), ("broadcast", "service", "refusal"))
)
_BROADCAST, _EFFECT = (itemgetter(Record._fields.index(name)) for name in ("broadcast", "effect"))
"""Read thousands of records without running a line of Python for each."""
_WAITING = DeliveryState.WAITING.value

_WORKED = sa.update(ranges).where(*THIS_RANGE, ranges.c.owner == bindparam("mine"))
_DONE = sa.delete(ranges).where(*THIS_RANGE)


def _write_range(
    connection: Connection, batch: Batch, records: Sequence[Record], now: Millis, lease: Millis, *, last: bool
) -> list[Record]:
    (number,) = batch.broadcasts
    assert batch.first is not None  # noqa: S101 - the caller's branch
    this = {"number": number, "begins": batch.first}
    worked = {**this, "mine": batch.owner, "lease_until": now + lease, "attempts": 0}
    kept = connection.execute(_WORKED, worked).rowcount == 1
    mine = list(records) if kept else _not_there(connection, number, records)
    while not _insert_all(connection, mine):
        mine = _not_there(connection, number, mine)
    if kept and last:
        connection.execute(_DONE, this)
    return mine


def _insert_all(connection: Connection, records: Sequence[Record]) -> bool:
    """False, with nothing written, if a worker presumed dead has written one of them in the meantime."""
    if not records:
        return True
    try:
        with connection.begin_nested():
            insert_rows(connection, deliveries, _DELIVERY, list(map(_ROW, records)))
    except IntegrityError:
        return False
    return True


def _not_there(connection: Connection, number: int, records: Sequence[Record]) -> list[Record]:
    table = deliveries.c
    wanted = [entry.channel for entry in records]
    known = sa.select(table.channel).where(table.broadcast == number, table.channel.in_(wanted))
    there = set(connection.scalars(known))
    return [entry for entry in records if entry.channel not in there]


def _write_due(connection: Connection, batch: Batch, records: Sequence[Record]) -> list[Record]:
    keys = [(entry.broadcast, entry.channel) for entry in records]
    table = deliveries.c
    owned = (
        sa.select(table.broadcast, table.channel)
        .where(sa.tuple_(table.broadcast, table.channel).in_(keys))
        .where(table.due.is_not(None), table.owner == batch.owner)
        .with_for_update()
    )
    still = {(number, channel) for number, channel in connection.execute(owned)}
    mine = [entry for entry in records if (entry.broadcast, entry.channel) in still]
    rows = [(*_ROW(entry), None) for entry in mine]
    update_rows(connection, deliveries, DELIVERY_KEY, (*_DELIVERY[2:], "owner"), rows)
    return mine


def _count(connection: Connection, records: Iterable[Record]) -> None:
    numbers = Counter(map(_COUNTED, records)).items()
    final = {(number, state, outcome or ""): count for (number, state, outcome), count in numbers if state != _WAITING}
    add_counts(connection, final)


def _write_history(connection: Connection, records: Iterable[Record]) -> None:
    rows = [entry.tried for entry in records if entry.tried is not None]
    insert_rows(connection, attempts, Tried._fields, rows)


def _write_effects(connection: Connection, records: Iterable[Record], now: Millis, doubted: Mapping[int, str]) -> None:
    gone: list[dict[str, Any]] = []
    waits: list[dict[str, Any]] = []
    if not any(map(_EFFECT, records)):
        return
    doubtful = _stopped(connection, {entry.broadcast for entry in records if entry.effect and entry.effect.gone})
    for entry in records:
        if entry.effect is None:
            continue
        if entry.effect.gone is not None:
            if entry.broadcast in doubted or entry.broadcast in doubtful:
                continue
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


def _stopped(connection: Connection, numbers: Iterable[int]) -> set[int]:
    """Those that have stopped themselves, maybe since another worker doubts what is answered: a later broadcast will
    find the channels that are gone."""
    states = any_of(broadcasts.c.state, [BroadcastState.STOPPING.value, BroadcastState.STOPPED.value])
    return set(connection.scalars(sa.select(broadcasts.c.id).where(broadcasts.c.id.in_(sorted(numbers)), states)))


def _refusals(records: Sequence[Record]) -> dict[int, dict[str, tuple[int, bool]]]:
    runs: dict[int, dict[str, tuple[int, bool]]] = {}
    answers = list(map(_REFUSED, records))
    # Order only matters if there was a refusal.
    for broadcast, service, refusal in answers if any(map(itemgetter(2), answers)) else set(answers):
        if refusal is None:
            continue
        services = runs.setdefault(broadcast, {})
        length, interrupted = services.get(service, (0, False))
        services[service] = (length + 1, interrupted) if refusal else (0, True)
    return runs
