"""The SQL of parcels: channels of one batch that wait for the same thing, in one row of the lanes.

A parcel is run like a lane; its channels are those in a packed list after its cursor. It has the bounds of the batch
that it comes from, and so have the segments and parcels that it leads to. A channel of a broadcast is in one segment,
in one parcel after its cursor, or in one row of the deliveries.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from winpush.channels import Service
from winpush.delivery.models import Delivery
from winpush.delivery.states import DeliveryState, WaitReason
from winpush.delivery.storage.broadcasts import AWAY
from winpush.delivery.storage.columns import pack_ascending, pack_offsets, unpack_ascending, unpack_offsets
from winpush.delivery.storage.database import Millis, from_millis, in_list, insert_rows
from winpush.delivery.storage.rows import Lane, Record, Target
from winpush.delivery.storage.schema import ERASED, channels, lanes
from winpush.delivery.storage.targets import TARGET, read_targets
from winpush.delivery.storage.unfinished import IS_OPEN, IS_PARCEL, parcels_of

__all__ = ["Left", "deliveries_in", "grouped", "insert", "left_of", "reason_of", "targets_in"]

_SHARE, _LEAST = 16, 2
"""A group that is less than this share of a batch stays in rows, which are claimed together with those of other
batches: a parcel takes a place for itself."""
_PATIENCE = 4
_MOST_LATER: Millis = 60_000
"""A channel waits with others that are due up to a quarter of its wait later, and up to a minute."""
_L = lanes.c
_AT_ONCE = 16

# --- writing ----------------------------------------------------------------------------------------------------------


def grouped(waiting: Sequence[Record], size: int) -> tuple[list[list[Record]], list[Record]]:
    """Divides a batch into groups that wait together, each in the order of its channels, and what stays in rows. `size`
    is that of a whole batch."""
    least = max(_LEAST, size // _SHARE)
    alike: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for entry in waiting:
        alike[entry.attempts, entry.outcome].append(entry)
    groups: list[list[Record]] = []
    single: list[Record] = []
    for entries in alike.values():
        entries.sort(key=_DUE)
        for some in _close(entries):
            if len(some) < least:
                single += some
            else:
                groups.append(sorted(some, key=_CHANNEL))
    return groups, single


_DUE, _CHANNEL, _AT = (itemgetter(Record._fields.index(name)) for name in ("due", "channel", "at"))


def _close(entries: Sequence[Record]) -> Iterator[list[Record]]:
    """Those that are due close to one another; the entries in the order of their due times."""
    begin, until = 0, -1
    for place, entry in enumerate(entries):
        due = _due(entry)
        if due > until:
            if place:
                yield list(entries[begin:place])
            begin, until = place, due + min(max(0, due - entry.at) // _PATIENCE, _MOST_LATER)
    yield list(entries[begin:])


def _due(entry: Record) -> Millis:
    return entry.due or 0


_COLUMNS = (
    *("broadcast", "first", "parcel", "last", "cursor", "ahead", "lease_until", "not_before", "turn", "starts"),
    *("skips_known", "refusals", "number", "attempts", "outcome", "at", "channels", "times"),
)


def insert(connection: Connection, lane: Lane, groups: Sequence[Sequence[Record]], block: int) -> None:
    """Makes a parcel of each group. It is due when its last channel is, so that none is sent to too early."""
    first, last = lane.bounds
    number = block
    if groups and connection.dialect.name == "sqlite":  # which reuses a block of numbers if none of it was used
        same = sa.select(sa.func.max(_L.parcel)).where(_L.broadcast == lane.broadcast, _L.first == first)
        number = max(block, (connection.scalar(same) or 0) + 1)
    rows = []
    for parcel, entries in enumerate(groups, number):
        times = list(map(_AT, entries))
        place = (lane.broadcast, first, parcel, last, first - 1, first - 1)
        run = (0, max(map(_due, entries)), 0, 0, 0, "{}")
        what = (len(entries), entries[0].attempts, entries[0].outcome, min(times))
        packed = (pack_ascending(list(map(_CHANNEL, entries))), pack_offsets(times, min(times)))
        rows.append((*place, *run, *what, *packed))
    insert_rows(connection, lanes, _COLUMNS, rows)


# --- reading ----------------------------------------------------------------------------------------------------------


class Left(NamedTuple):
    """The part of a parcel after its cursor: the channels, and when each got its last outcome."""

    channels: list[int]
    times: list[Millis]


def left_of(row: Any, after: int) -> Left:
    """The channels of a parcel numbered above `after`."""
    numbers = [] if row.channels is None else unpack_ascending(row.channels)
    begin = bisect_right(numbers, max(after, row.cursor))
    return Left(numbers[begin:], unpack_offsets(row.times, row.at, len(numbers))[begin:])


_THIS = sa.select(_L.cursor, _L.last, _L.attempts, _L.at, _L.channels, _L.times).where(
    _L.broadcast == bindparam("number"), _L.first == bindparam("begins"), _L.parcel == bindparam("parcel")
)


def targets_in(connection: Connection, lane: Lane, size: int) -> tuple[list[Target], int]:
    """Up to `size` channels of a parcel after the end of this batch, and the number up to which these are all. A
    channel that the registry has meanwhile deleted is gone."""
    place = {"number": lane.broadcast, "begins": lane.first, "parcel": lane.parcel}
    row = connection.execute(_THIS, place).one()
    left = left_of(row, lane.end).channels
    some = left[:size]
    columns = (bindparam("of", type_=sa.BigInteger), bindparam("tried", type_=sa.Integer), *TARGET)
    found = sa.select(*columns).where(in_list(connection, channels.c.id, some)).order_by(channels.c.id)
    targets = read_targets(connection, found, {"of": lane.broadcast, "tried": row.attempts}) if some else []
    if len(targets) < len(some):
        known = {target.id: target for target in targets}
        targets = [known.get(each) or _forgotten(lane.broadcast, row.attempts, each, row.at) for each in some]
    return targets, (row.last if len(some) == len(left) else some[-1])


def _forgotten(broadcast: int, attempts: int, channel: int, at: Millis) -> Target:
    nothing = dict.fromkeys(("app", "key", "platform", "locale", "time_zone", "attributes", "not_before"))
    service = Service.MPNS.value  # throttles nobody
    return Target(broadcast, attempts, channel, ERASED, service, gone_at=at, gone_reason=ERASED, **nothing)


def deliveries_in(connection: Connection, broadcast: int, channel: int) -> Iterator[Delivery]:
    """The deliveries in parcels to channels numbered above `channel`, in order; read lazily."""
    after = channel
    while True:
        wanted = parcels_of(broadcast, _L.last > after).with_only_columns(_L.last)
        ends = connection.scalars(wanted.distinct().order_by(_L.last).limit(_AT_ONCE)).all()
        if not ends:
            return
        these = (_L.broadcast == broadcast, IS_OPEN, IS_PARCEL, _L.last.between(ends[0], ends[-1]))
        rows = connection.execute(sa.select(lanes).where(*these).order_by(_L.last, _L.parcel)).all()
        for _, of_a_batch in groupby(rows, key=lambda row: row.last):
            every = [each for row in of_a_batch for each in _deliveries(row, channel)]
            yield from sorted(every, key=lambda each: each.channel)
        after = ends[-1]


def _deliveries(row: Row[Any], after: int) -> Iterator[Delivery]:
    outcome, reason = reason_of(row.outcome)
    due = from_millis(row.not_before % AWAY)
    for number, at in zip(*left_of(row, after), strict=True):
        yield Delivery(
            row.broadcast, number, DeliveryState.WAITING, outcome, row.attempts, from_millis(at), due, reason
        )


_WAIT_REASONS = frozenset(reason.value for reason in WaitReason)


def reason_of(outcome: str | None) -> tuple[str | None, str | None]:
    """The outcome column has either the outcome of the last send or the reason for waiting."""
    return (None, outcome) if outcome in _WAIT_REASONS else (outcome, None)
