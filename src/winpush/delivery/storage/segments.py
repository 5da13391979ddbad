"""The SQL of segments: the outcomes of a batch, one row for all channels that ended alike.

A channel of a broadcast is in one segment, or in one row of the deliveries, which is for those that wait or have
waited. All segments of one batch have the same bounds, and those of different batches don't overlap, so a channel's
segment is found with one index lookup.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from winpush.delivery.models import Attempt, Delivery
from winpush.delivery.states import DeliveryState
from winpush.delivery.storage.columns import (
    pack_ascending,
    pack_offsets,
    pack_texts,
    unpack_ascending,
    unpack_offsets,
    unpack_texts,
)
from winpush.delivery.storage.database import Millis, from_millis, insert_rows, run_sql
from winpush.delivery.storage.rows import Lane, Record
from winpush.delivery.storage.schema import attempts, broadcasts, segments

__all__ = [
    "attempts_in",
    "blank",
    "covering",
    "deliveries_in",
    "gone_in",
    "keep_newest",
    "next_block",
    "write_final",
    "write_uniform",
]

_BLOCK = 65_536
"""The ids of attempts that one transaction may give out: they begin at a multiple of this."""
_COLUMNS = tuple(column.name for column in segments.columns)
_IDS = ("message_id", "debug_trace", "correlation_vector", "detail")
"""What support asks for about each attempt; each is a column of a segment."""
_AT_ONCE = 16
_WAITING = DeliveryState.WAITING.value
"""A segment in this state has attempts, and no states: its channels wait in a parcel."""
_S, _B = segments.c, broadcasts.c


def next_block(connection: Connection) -> int:
    """The first of the ids that this transaction may give to attempts."""
    if connection.dialect.name != "sqlite":
        number = run_sql(connection, f"SELECT nextval(pg_get_serial_sequence('{attempts.name}', 'id'))", ())[0][0]
        return int(number) * _BLOCK
    # One writer at a time: nobody else takes the same.
    return (_newest(connection) // _BLOCK + 1) * _BLOCK


def keep_newest(connection: Connection) -> None:
    """Call this before attempts are deleted, so that their ids are never given out again. On PostgreSQL, a sequence
    takes care of that."""
    if connection.dialect.name == "sqlite":
        newest = (_newest(connection), attempts.name)
        if not connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", newest).rowcount:
            connection.exec_driver_sql("INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)", newest)


def _newest(connection: Connection) -> int:
    """The highest id of an attempt, or of the first one in a segment, that there is or was. SQLite keeps that of its
    AUTOINCREMENT tables in `sqlite_sequence`, and lets others have a row there."""
    deleted = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (attempts.name,)).scalar()
    return max(number or 0 for number in (deleted, *connection.execute(_NEWEST).one()))


# Made once: building a statement takes longer than running it.
_NEWEST = sa.select(*(sa.select(sa.func.max(column)).scalar_subquery() for column in (attempts.c.id, _S.id)))


# --- writing ----------------------------------------------------------------------------------------------------------


def write_final(connection: Connection, lane: Lane, records: Iterable[Record], block: int) -> int:
    """Writes the ended deliveries of a batch, in a segment for each way to end; returns the block's next free id."""
    alike: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for entry in records:
        tried = entry.tried
        status = None if tried is None else tried.status
        alike[entry.state, entry.outcome, entry.attempts, tried is not None, status].append(entry)
    rows = []
    for (state, outcome, number_of_attempts, is_tried, status), entries in alike.items():
        entries.sort(key=_channel_of)
        how = (state, outcome, number_of_attempts, status, int(is_tried))
        ids = zip(*(entry.tried[-len(_IDS) :] for entry in entries if entry.tried), strict=True) if is_tried else _NONE
        numbers, times = [entry.channel for entry in entries], [entry.at for entry in entries]
        rows.append(_row(block, lane, how, numbers, times, [pack_texts(each) for each in ids]))
        block += len(entries)
    insert_rows(connection, segments, _COLUMNS, rows)
    return block


_NONE: tuple[tuple[None, ...], ...] = ((None,),) * len(_IDS)


def _channel_of(entry: Record) -> int:
    return entry.channel


def write_uniform(
    connection: Connection,
    lane: Lane,
    numbers: Sequence[int],
    state: str,
    outcome: str | None,
    now: Millis,
    number_of_attempts: int = 0,
) -> None:
    """Writes that channels of a lane ended in this way without being sent to; `numbers` in ascending order."""
    if numbers:
        how = (state, outcome, number_of_attempts, None, 0)
        row = _row(next_block(connection), lane, how, numbers, [now], [None] * len(_IDS))
        insert_rows(connection, segments, _COLUMNS, [row])


def _row(
    block: int, lane: Lane, how: tuple[Any, ...], numbers: Sequence[int], times: Sequence[Millis], ids: Sequence[Any]
) -> tuple[Any, ...]:
    first, bounds = min(times), lane.bounds
    where = (block, lane.broadcast, bounds[1], bounds[0])
    when = (first, max(times), pack_ascending(numbers), pack_offsets(times, first))
    return (*where, *how, len(numbers), *when, *ids)


# --- reading ----------------------------------------------------------------------------------------------------------


def deliveries_in(
    connection: Connection, broadcast: int, channel: int, state: DeliveryState | None
) -> Iterator[Delivery]:
    """A broadcast's deliveries to channels numbered above `channel`, in order; read lazily."""
    wanted = [_S.broadcast == broadcast, _S.state != _WAITING]
    if state is not None:
        wanted.append(_S.state == state.value)
    after = channel
    while True:
        some = sa.select(_S.last).where(*wanted, _S.last > after).distinct().order_by(_S.last).limit(_AT_ONCE)
        ends = connection.scalars(some).all()
        if not ends:
            return
        rows = connection.execute(
            sa.select(segments).where(*wanted, _S.last.between(ends[0], ends[-1])).order_by(_S.last, _S.id)
        ).all()
        for _, batch in groupby(rows, key=lambda row: row.last):
            every = [each for row in batch for each in _deliveries(row) if each.channel > channel]
            yield from sorted(every, key=lambda each: each.channel)
        after = ends[-1]


def _deliveries(row: Row[Any]) -> Iterator[Delivery]:
    state, times = DeliveryState(row.state), unpack_offsets(row.times, row.at, row.number)
    for number, at in zip(unpack_ascending(row.channels), times, strict=True):
        yield Delivery(row.broadcast, number, state, row.outcome, row.attempts, from_millis(at), None)


def attempts_in(
    connection: Connection,
    after: int,
    conditions: Sequence[sa.ColumnElement[bool]],
    channels: Sequence[int] | None,
    *,
    newest_first: bool,
) -> Iterator[Attempt]:
    """The attempts after number `after` (0: all) in segments that these conditions select, in the order of their ids;
    read lazily. `channels`: only those to these channels."""
    if channels is not None:
        found = sorted({number for channel in channels for number in covering(connection, channel)})
        conditions = [*conditions, _S.id.in_(found)]
    wanted = None if channels is None else frozenset(channels)
    order = _S.id.desc() if newest_first else _S.id
    place = after
    while True:
        where = [_S.is_tried == 1, *conditions]
        if place:
            where.append(_S.id < place if newest_first else _S.id + _S.number > place + 1)
            if not newest_first:  # also in a form that lets the index find the beginning
                where.append(_S.id > place - _BLOCK)
        rows = connection.execute(sa.select(segments).where(*where).order_by(order).limit(_AT_ONCE)).all()
        for row in rows:
            part = [each for each in _attempts(row) if wanted is None or each.channel in wanted]
            for each in reversed(part) if newest_first else part:
                if not after or (each.id < after if newest_first else each.id > after):
                    yield each
        if len(rows) < _AT_ONCE:
            return
        place = rows[-1].id if newest_first else rows[-1].id + rows[-1].number - 1


def _attempts(row: Row[Any]) -> Iterator[Attempt]:
    times = unpack_offsets(row.times, row.at, row.number)
    ids = [unpack_texts(row._mapping[name], row.number) for name in _IDS]
    for index, (channel, at, *texts) in enumerate(zip(unpack_ascending(row.channels), times, *ids, strict=True)):
        yield Attempt(row.id + index, row.broadcast, channel, from_millis(at), row.outcome, row.status, *texts)


_other = segments.alias("other")
_END = (
    sa.select(sa.func.min(_other.c.last))
    .where(_other.c.broadcast == _B.id, _other.c.last >= bindparam("channel"))
    .scalar_subquery()
)
# The zero is written out: as a parameter, it would keep SQLite from using the index of those with lanes.
_BATCHES = sa.select(_B.id, _END).where(
    _B.last_channel > sa.literal_column("0"), _B.last_channel >= bindparam("channel")
)


def covering(connection: Connection, channel: int) -> list[int]:
    """The ids of the segments that may have this channel in them: those of one batch of each broadcast."""
    batches = [(number, end) for number, end in connection.execute(_BATCHES, {"channel": channel}) if end is not None]
    found: list[int] = []
    for first in range(0, len(batches), _AT_ONCE):
        some = [sa.and_(_S.broadcast == number, _S.last == end) for number, end in batches[first : first + _AT_ONCE]]
        found += connection.scalars(sa.select(_S.id).where(sa.or_(*some), _S.first <= channel))
    return found


def gone_in(connection: Connection, broadcast: int) -> dict[int, Millis]:
    """The channels that a broadcast was told are gone, and when."""
    gone = (_S.broadcast == broadcast, _S.state == DeliveryState.GONE.value, _S.outcome.is_not(None))
    found: dict[int, Millis] = {}
    for row in connection.execute(sa.select(segments).where(*gone)):
        times = unpack_offsets(row.times, row.at, row.number)
        found.update(zip(unpack_ascending(row.channels), times, strict=True))
    return found


def blank(connection: Connection, channels: Iterable[int]) -> None:
    """Erases what support asks for from the attempts to these channels."""
    erased = frozenset(channels)
    ids = sorted({number for channel in erased for number in covering(connection, channel)})
    for first in range(0, len(ids), _AT_ONCE):
        some = sa.select(segments).where(_S.id.in_(ids[first : first + _AT_ONCE])).with_for_update()
        for row in connection.execute(some).all():
            places = [place for place, number in enumerate(unpack_ascending(row.channels)) if number in erased]
            if places:
                values = {name: _without(row._mapping[name], row.number, places) for name in _IDS}
                connection.execute(sa.update(segments).where(_S.id == row.id).values(**values))


def _without(packed: bytes | None, number: int, places: Sequence[int]) -> bytes | None:
    texts = unpack_texts(packed, number)
    for place in places:
        texts[place] = None
    return pack_texts(texts)
