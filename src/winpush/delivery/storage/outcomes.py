"""The SQL of recording outcomes: deliveries, counters, history, and what an answer means for its channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from winpush.delivery.states import BroadcastState, DeliveryState
from winpush.delivery.storage import lanes, parcels, segments
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.broadcasts import stop
from winpush.delivery.storage.channels import bring_back
from winpush.delivery.storage.claims import DELIVERY_KEY
from winpush.delivery.storage.database import Millis, any_of, insert_rows, update_rows
from winpush.delivery.storage.finalize import add_counts
from winpush.delivery.storage.refusals import Runs, add_lane, add_refusals, noted, reason_to_stop
from winpush.delivery.storage.rows import Batch, Lane, Record, Tried
from winpush.delivery.storage.schema import attempts, broadcasts, channels, deliveries
from winpush.delivery.storage.tombstones import without_ids

__all__ = ["Written", "record"]


class Written(NamedTuple):
    """What a write did: the records that counted, the broadcasts that stopped themselves, with the reasons, and whether
    the batch was still this worker's."""

    records: list[Record]
    stopped: Mapping[int, str]
    is_mine: bool = True


NO_DOUBT: Mapping[int, str] = MappingProxyType({})


def record(
    connection: Connection,
    batch: Batch,
    records: Sequence[Record],
    now: Millis,
    lease: Millis,
    size: int,
    *,
    doubted: Mapping[int, str] = NO_DOUBT,
    again: bool = False,
    reach: int | None = None,
) -> Written:
    """Writes outcomes, counters, history and channel updates in one transaction. `size` is that of a whole batch.

    If another worker runs the lane, or has taken over the claim, that worker's outcomes count; the history has both
    attempts. The same goes for a lane's batch with missing records: its worker has noticed that it was taken over.
    `doubted` has broadcasts whose channels can't really be gone, and why: they stop, and keep these channels. `again`:
    the same write was tried before, and only the answer may have been lost. `reach`: see `move_cursor`.
    """
    if again and _is_written(connection, batch, records):
        return Written(list(records), {})
    records = without_ids(connection, records)
    is_whole = batch.lane is not None and len(records) == len(batch.targets)
    moved = lanes.move_cursor(connection, batch, lease, size, reach) if is_whole else None
    block = segments.next_block(connection)
    if batch.lane is None:
        mine = _write_due(connection, batch, records)
        is_mine, rest = bool(mine) or not records, records
    elif moved is None:
        mine, is_mine, rest = [], False, records
    else:
        mine, is_mine = list(records), True
        rest, block = _write_batch(connection, batch.lane, records, block, size)
    _write_history(connection, rest, block)
    _write_effects(connection, records, now, doubted)
    stopped = _stop_refused(connection, batch, records, moved, now)
    # Rows that several workers contend for come last, to hold their locks as briefly as possible.
    for number, reason in sorted(doubted.items()):
        bring_back(connection, number)
        if stop(connection, number, now, reason):
            stopped[number] = reason
    _count(connection, mine, 0 if batch.lane is None else batch.lane.first)
    if batch.lane is None:
        finish_broadcasts(connection, {*map(_BROADCAST, records), *batch.broadcasts}, now)
    return Written(mine, stopped, is_mine)


def _is_written(connection: Connection, batch: Batch, records: Sequence[Record]) -> bool:
    if batch.lane is not None:
        return lanes.was_written(connection, batch)
    table = attempts.c
    tried = next((entry.tried for entry in records if entry.tried is not None), None)
    if tried is None:  # nothing was sent, so writing it twice does no harm
        return False
    same = (table.broadcast == tried.broadcast, table.channel == tried.channel, table.at == tried.at)
    return connection.scalar(sa.select(table.id).where(*same).limit(1)) is not None


def _write_batch(
    connection: Connection, lane: Lane, records: Sequence[Record], block: int, size: int
) -> tuple[Sequence[Record], int]:
    """Writes the states of a lane's batch: waiting ones in parcels, or in rows if they are few, and ended ones in
    segments. Returns those whose attempts are still to be written, and their first id."""
    states = set(map(_STATE, records))
    if _WAITING not in states:
        return (), segments.write_final(connection, lane, records, block)
    ended = [entry for entry in records if entry.state != _WAITING]
    groups, single = parcels.grouped([entry for entry in records if entry.state == _WAITING], size)
    insert_rows(connection, deliveries, _DELIVERY, list(map(_ROW, single)))
    parcels.insert(connection, lane, groups, block)
    # Channels that were sent to and wait: the attempt goes to the history, the state elsewhere.
    tried = [entry for group in groups for entry in group if entry.tried is not None]
    return single, segments.write_final(connection, lane, [*ended, *tried], block)


def _stop_refused(
    connection: Connection, batch: Batch, records: Sequence[Record], moved: Any, now: Millis
) -> dict[int, str]:
    """Adds to the refusals in a row, of the lane or, at its end, of the broadcasts; broadcasts that reach their limit
    stop."""
    runs = _refusals(records)
    if batch.lane is None:
        return add_refusals(connection, runs, now)
    if moved is None:
        return {}
    ((number, row),) = batch.broadcasts.items()
    run = runs.get(number, {})
    if batch.lane.parcel:  # one batch or a few: earlier refusals count too
        is_refused = row.refusals or any(length for length, _ in run.values())
        return add_refusals(connection, runs, now) if is_refused else {}
    refusals = noted(moved.refusals or {}, run)
    if batch.lane.end >= moved.last:
        return add_lane(connection, number, refusals, now)
    if refusals != moved.refusals:
        lanes.store_refusals(connection, batch.lane, refusals)
    reason = reason_to_stop(row, refusals)
    return {number: reason} if reason is not None and stop(connection, number, now, reason) else {}


_DELIVERY = ("broadcast", "channel", "state", "outcome", "attempts", "at", "due")
_ROW, _COUNTED, _REFUSED = (
    itemgetter(*map(Record._fields.index, names))
    for names in (_DELIVERY, ("broadcast", "state", "outcome"), ("broadcast", "service", "refusal"))
)
_BROADCAST, _EFFECT, _STATE = (itemgetter(Record._fields.index(name)) for name in ("broadcast", "effect", "state"))
"""These read thousands of records without running a line of Python for each."""
_WAITING = DeliveryState.WAITING.value


_OWNED = (
    sa.select(deliveries.c.broadcast, deliveries.c.channel)
    .where(deliveries.c.due.is_not(None), deliveries.c.owner == sa.bindparam("owner"))
    .with_for_update()
)


def _write_due(connection: Connection, batch: Batch, records: Sequence[Record]) -> list[Record]:
    still = {(number, channel) for number, channel in connection.execute(_OWNED, {"owner": batch.owner})}
    mine = [entry for entry in records if (entry.broadcast, entry.channel) in still]
    rows = [(*_ROW(entry), None, 0) for entry in mine]
    update_rows(connection, deliveries, DELIVERY_KEY, (*_DELIVERY[2:], "owner", "claims"), rows)
    return mine


def _count(connection: Connection, records: Iterable[Record], lane: int) -> None:
    numbers = Counter(map(_COUNTED, records)).items()
    final = {
        (number, lane, state, outcome or ""): count for (number, state, outcome), count in numbers if state != _WAITING
    }
    add_counts(connection, final)


def _write_history(connection: Connection, records: Iterable[Record], block: int) -> None:
    tried = [entry.tried for entry in records if entry.tried is not None]
    rows = [(number, *each) for number, each in enumerate(tried, block)]
    insert_rows(connection, attempts, ("id", *Tried._fields), rows)


def _write_effects(connection: Connection, records: Iterable[Record], now: Millis, doubted: Mapping[int, str]) -> None:
    gone: list[dict[str, Any]] = []
    waits: list[dict[str, Any]] = []
    if not any(map(_EFFECT, records)):
        return
    stopped = _stopped(connection, {entry.broadcast for entry in records if entry.effect and entry.effect.gone})
    for entry in records:
        if entry.effect is None:
            continue
        if entry.effect.gone is not None:
            if entry.broadcast in doubted or entry.broadcast in stopped:
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
    """Those that have stopped themselves, perhaps because another worker doubts the answers: a later broadcast will
    find the channels that are gone."""
    states = any_of(broadcasts.c.state, [BroadcastState.STOPPING.value, BroadcastState.STOPPED.value])
    return set(connection.scalars(sa.select(broadcasts.c.id).where(broadcasts.c.id.in_(sorted(numbers)), states)))


def _refusals(records: Sequence[Record]) -> dict[int, Runs]:
    runs: dict[int, Runs] = {}
    answers = list(map(_REFUSED, records))
    # Order only matters if there was a refusal.
    for broadcast, service, refusal in answers if any(map(itemgetter(2), answers)) else set(answers):
        if refusal is None:
            continue
        services = runs.setdefault(broadcast, {})
        length, interrupted = services.get(service, (0, False))
        services[service] = (length + 1, interrupted) if refusal else (0, True)
    return runs
