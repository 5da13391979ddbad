"""The SQL of lanes, the parts of a broadcast, and of parcels: claiming them, and running through them in batches.

A lane's cursor is moved by a compare-and-set in the transaction that writes the outcomes of the channels passed. That
alone decides whose outcomes count. Owner and lease only keep workers from doing the same work: if they are wrong, a
batch is sent twice, but no outcome is lost. A parcel (see parcels.py) is run in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam
from sqlalchemy.sql.dml import ReturningUpdate

from winpush.delivery.states import BroadcastState, DeliveryState
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.broadcasts import get as get_broadcast
from winpush.delivery.storage.broadcasts import is_complete
from winpush.delivery.storage.cut import new_lane
from winpush.delivery.storage.database import Millis, lock_rows
from winpush.delivery.storage.db_clock import db_now
from winpush.delivery.storage.finalize import finalize_channels, finalize_part
from winpush.delivery.storage.parcels import targets_in
from winpush.delivery.storage.rows import CAREFUL, Batch, Lane, Record, Target
from winpush.delivery.storage.schedule import FAR, held, held_until
from winpush.delivery.storage.schema import broadcasts, deliveries, lanes
from winpush.delivery.storage.targets import next_targets
from winpush.delivery.storage.unfinished import IS_LANE, IS_LANE_FREE, IS_OPEN, IS_PARCEL, IS_ROW_FREE, NO_PARCEL

__all__ = [
    "SHARE",
    "WORKER_LOST",
    "claim_lane",
    "claim_parcel",
    "claim_suspect",
    "follow",
    "has_suspects",
    "keep_lane",
    "lock_shares",
    "lost_record",
    "move_cursor",
    "read_ahead",
    "release_lane",
    "split_lane",
    "store_refusals",
    "was_written",
]

_SECOND: Millis = 1000
SHARE: Millis = 500
"""How much of a broadcast's rate a worker takes at a time: what may be sent in half a second."""
_LEAST_STARTS = 5
"""The fewest starts at one channel that end in `worker-lost`."""
WORKER_LOST = "worker-lost"
"""The outcome of a channel that keeps killing its worker."""

_L, _B, _D = lanes.c, broadcasts.c, deliveries.c
_RUNNING = BroadcastState.RUNNING.value
_KEY = (_L.broadcast, _L.first, _L.parcel)
_THIS = (_L.broadcast == bindparam("of"), _L.first == bindparam("begins"), _L.parcel == bindparam("which"))
_NOW, _LATEST = bindparam("now", type_=sa.BigInteger), bindparam("latest", type_=sa.BigInteger)
_IS_TIME = sa.or_(_L.not_before <= _NOW, sa.and_(_L.turn > 0, _L.not_before > _LATEST))


# Not a join: SQLite would scan all broadcasts (`notify` creates a great many) to find a few lanes.
def _may_run(broadcast: sa.Column[int]) -> sa.ColumnElement[bool]:
    is_time = sa.or_(_B.rate.is_(None), _B.paced_until <= _NOW, _B.paced_until > _LATEST)
    # The offset keeps PostgreSQL from joining all of them before it takes the first.
    return sa.select(_B.id).where(_B.id == broadcast, _B.state == _RUNNING, is_time).offset(0).exists()


_MAY_RUN = _may_run(_L.broadcast)
_other = lanes.alias("other")
_LAST_TURN = (
    sa.select(sa.func.max(_other.c.turn))
    .where(_other.c.broadcast == _L.broadcast, _other.c.cursor < _other.c.last, _other.c.parcel == NO_PARCEL)
    .scalar_subquery()
)
_LEASED = db_now() + bindparam("lease", type_=sa.BigInteger)
# Written out, so that SQLite finds the index of those.
_IS_SUSPECT = _L.starts >= sa.literal_column(str(CAREFUL - 1))
_MAY_BE_CLAIMED = (IS_OPEN, IS_LANE_FREE, _IS_TIME, _MAY_RUN)


def _claim(*conditions: sa.ColumnElement[bool], order: Sequence[sa.ColumnElement[Any]]) -> ReturningUpdate[Any]:
    found = (
        sa.select(*_KEY)
        .where(IS_OPEN, IS_LANE_FREE, _MAY_RUN, *conditions)
        .order_by(*order)
        .limit(1)
        .with_for_update(of=lanes, skip_locked=True)
        .cte("next")
    )
    return (
        sa.update(lanes)
        .where(sa.tuple_(*_KEY).in_(sa.select(*found.c)))
        .values(owner=bindparam("mine"), lease_until=_LEASED, turn=_NOW, starts=_L.starts + 1, ahead=_L.cursor)
        .returning(*_KEY, _L.cursor, _L.last, _L.starts, _L.skips_known)
    )


_CLAIM_LANE = _claim(IS_LANE, _IS_TIME, ~_IS_SUSPECT, order=(_LAST_TURN, _L.turn, *_KEY))
# Thousands are due at the same moment: ordering them would read all of them.
_CLAIM_PARCEL = _claim(IS_PARCEL, _L.not_before <= _NOW, ~_IS_SUSPECT, order=(_L.not_before,))
_CLAIM_SUSPECT = _claim(_IS_TIME, _IS_SUSPECT, order=(_L.turn, *_KEY))
_SUSPECT = (
    sa.select(sa.literal(1)).where(*_MAY_BE_CLAIMED, _IS_SUSPECT).limit(1).with_for_update(of=lanes, skip_locked=True)
)


def has_suspects(connection: Connection, now: Millis) -> bool:
    """Whether there is a lane or a parcel to run that may kill its worker. Ignores those that somebody has locked: a
    worker that made room for one would not get it."""
    return connection.scalar(_SUSPECT, {"now": now, "latest": now + FAR}) is not None


def claim_lane(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Batch | None:
    """Claims the lane that has waited longest, of the broadcast that has waited longest; returns its next batch."""
    return _claimed(connection, _CLAIM_LANE, owner, now, lease, size)


def claim_parcel(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Batch | None:
    """Claims the parcel that has been due for longest; returns its next batch."""
    return _claimed(connection, _CLAIM_PARCEL, owner, now, lease, size)


def claim_suspect(connection: Connection, owner: str, now: Millis, lease: Millis, size: int) -> Batch | None:
    """Claims a lane or a parcel that may kill its worker; returns its next batch."""
    return _claimed(connection, _CLAIM_SUSPECT, owner, now, lease, size)


def _claimed(
    connection: Connection, claim: ReturningUpdate[Any], owner: str, now: Millis, lease: Millis, size: int
) -> Batch | None:
    wanted = {"mine": owner, "now": now, "latest": now + FAR, "lease": lease}
    row = connection.execute(claim, wanted).one_or_none()
    if row is None:
        return None
    broadcast = get_broadcast(connection, row.broadcast)
    gaps = bool(row.skips_known)
    lane = Lane(row.broadcast, row.first, row.cursor, row.cursor, row.last, row.starts, gaps, row.parcel)
    batch = Batch(owner, {broadcast.id: broadcast}, (), lane)
    if broadcast.rate and not lock_shares(connection, [broadcast.id], now):
        release_lane(connection, batch, unstarted=True)  # another worker is taking a share of the rate, or has taken it
        return None
    return _read(connection, batch, now, size)


def lock_shares(connection: Connection, numbers: Sequence[int], now: Millis, *, ahead: Millis = 0) -> frozenset[int]:
    """The broadcasts whose rate only this transaction may take a share of now. Doesn't wait for those that another
    worker has locked. `ahead`: how much of the coming time may already be taken."""
    is_time = sa.or_(_B.paced_until <= now + ahead, _B.paced_until > now + FAR)
    free = sa.select(_B.id).where(_B.id.in_(sorted(numbers)), is_time)
    return frozenset(lock_rows(connection, free, waits=False))


def _share_of(row: Row[Any], size: int) -> int:
    """How many channels a batch may have: with a rate, one share of it."""
    return max(1, min(size, row.rate * SHARE // _SECOND)) if row.rate else size


def _read(connection: Connection, batch: Batch, now: Millis, size: int) -> Batch:
    """The next batch of a lane that this owner has."""
    lane, (row,) = batch.lane, batch.broadcasts.values()
    assert lane is not None  # noqa: S101 - the caller's branch
    wanted = careful_size(lane.starts, _share_of(row, size))
    if lane.parcel:
        targets, end = targets_in(connection, lane, wanted)
    else:
        targets, end = next_targets(connection, row, lane.end, lane.last, wanted, has_gaps=lane.has_gaps)
    if wanted == 1 and lane.starts > _most_starts(size) and targets:
        passed = _behind(lane, end, 1)
        _give_up(connection, row, passed, targets[0], now)
        lost = (*batch.lost, lost_record(targets[0], now))
        return _read(connection, replace(batch, lane=passed, lost=lost), now, size)
    pause = _pause(connection, row, targets, now)
    if pause:
        _set(connection, lane, not_before=now + pause)
    connection.execute(_READ, {**_place(lane), "reach": end})
    return replace(batch, targets=targets, lane=_behind(lane, end, lane.starts))


def _give_up(connection: Connection, row: Row[Any], passed: Lane, target: Target, now: Millis) -> None:
    """Ends the only channel in this part of a lane, or of a parcel: it has killed its workers."""
    state = DeliveryState.FAILED
    if passed.parcel:
        finalize_channels(connection, passed, [target.id], state, WORKER_LOST, now, target.attempts)
    else:
        finalize_part(connection, row, passed, state, WORKER_LOST, now)
    number = {"number": _L.number - 1} if passed.parcel else {}
    _set(connection, passed, cursor=passed.end, ahead=passed.end, starts=1, **number)


def lost_record(target: Target, now: Millis) -> Record:
    """The record of a channel that keeps killing its workers: it ends without an attempt."""
    state, attempts = DeliveryState.FAILED.value, target.attempts
    return Record(target.broadcast, target.id, target.service, state, WORKER_LOST, attempts, now, key=target.key)


def careful_size(starts: int, size: int) -> int:
    """The batch size of a lane that was claimed this often without a write."""
    return size if starts < CAREFUL else max(1, size >> (starts - CAREFUL + 1))


def _starts_after(lane: Lane, size: int) -> int:
    """The starts that a lane counts once one of its batches was written. The channel that killed its workers may come
    after that batch, so a small batch is followed by a slightly larger one and not by a whole one."""
    return lane.starts - 1 if careful_size(lane.starts, size) < size else 0


def _most_starts(size: int) -> int:
    """The starts after which the only channel left in a batch is given up: two of them were for it alone."""
    return max(_LEAST_STARTS, size.bit_length() + CAREFUL - 1)


def _pause(connection: Connection, row: Row[Any], targets: Sequence[Target], now: Millis) -> Millis:
    """How long the lane waits after this batch: as long as all of it is on hold, a second at a time. A rate's share is
    noted in the broadcast's row, because it applies to retries too."""
    if row.rate and targets:
        paced = now + ceil(len(targets) * _SECOND / row.rate)
        connection.execute(sa.update(broadcasts).where(_B.id == row.id).values(paced_until=paced))
    waits = held(connection, now) if targets else {}
    if not waits:
        return 0
    free = min(held_until(waits, target) for target in targets)
    return max(0, min(free - now, _SECOND))


def _behind(lane: Lane, end: int, starts: int) -> Lane:
    """The part behind this one."""
    return lane._replace(begin=lane.end, end=end, starts=starts)


# Made once: building a statement takes longer than running it.
_READ = sa.update(lanes).where(*_THIS).values(ahead=bindparam("reach"))


def _set(connection: Connection, lane: Lane, **values: Any) -> None:
    connection.execute(sa.update(lanes).where(*_THIS).values(**values), _place(lane))


def _place(lane: Lane) -> dict[str, Any]:
    return {"of": lane.broadcast, "begins": lane.first, "which": lane.parcel}


_IS_END = _L.last == bindparam("to")
_MOVE = (
    sa.update(lanes)
    .where(*_THIS, _L.cursor == bindparam("from_"), _L.last >= bindparam("to"))
    .values(
        cursor=bindparam("to"),
        ahead=sa.case((_L.last < bindparam("reach"), _L.last), else_=bindparam("reach")),
        run=bindparam("mine"),
        owner=bindparam("mine"),
        lease_until=_LEASED,
        starts=bindparam("started"),
        number=_L.number - bindparam("passed"),
        **{name: sa.case((_IS_END, None), else_=_L[name]) for name in ("channels", "times")},
    )
    .returning(_L.refusals, _L.last)
)


def move_cursor(
    connection: Connection, batch: Batch, lease: Millis, size: int, reach: int | None = None
) -> Row[Any] | None:
    """Moves the cursor past the batch and renews the lease. Returns the lane's refusals so far and its last channel.
    `reach` is the end of the batch after it, if that is already being sent.

    None if the cursor isn't where the batch begins: somebody else runs the lane.
    """
    lane = batch.lane
    assert lane is not None  # noqa: S101 - the caller's branch
    started = _starts_after(lane, size)
    passed = len(batch.targets) if lane.parcel else 0
    reached = lane.end if reach is None else reach
    ends = {"from_": lane.begin, "to": lane.end, "reach": reached}
    values = {"mine": batch.owner, "lease": lease, "started": started, "passed": passed}
    return connection.execute(_MOVE, {**_place(lane), **ends, **values}).one_or_none()


def was_written(connection: Connection, batch: Batch) -> bool:
    """Whether the cursor is where this batch put it, so that only the answer to its commit was lost. Locks the lane, as
    the write would."""
    lane = batch.lane
    assert lane is not None  # noqa: S101 - the caller's branch
    written = sa.select(_L.cursor, _L.run).where(*_THIS).with_for_update()
    found = connection.execute(written, _place(lane)).one_or_none()
    return found is not None and (found.cursor, found.run) == (lane.end, batch.owner)


def store_refusals(connection: Connection, lane: Lane, refusals: dict[str, int]) -> None:
    """Stores this lane's note of refusals; see refusals.py."""
    _set(connection, lane, refusals=refusals)


# It may have been given back by a write whose answer was lost.
_MAY_GO_ON = sa.and_(_IS_TIME, _B.state == _RUNNING, _L.owner == bindparam("mine"))
_STATE = sa.select(_L.last, _MAY_GO_ON).join(broadcasts, _B.id == _L.broadcast).where(*_THIS)
_ANY = sa.select(sa.literal(1)).limit(1)
_WAITS = (
    _ANY.where(IS_OPEN, _L.owner.is_(None), IS_LANE, _IS_TIME, _MAY_RUN),
    _ANY.where(IS_OPEN, _L.owner.is_(None), IS_PARCEL, _L.not_before <= _NOW, _MAY_RUN).order_by(_L.not_before),
    _ANY.where(_D.due <= _NOW, IS_ROW_FREE, _may_run(_D.broadcast)).order_by(_D.due),
)
"""Lanes, parcels and single deliveries that could be sent now and that no worker holds."""


def follow(
    connection: Connection, batch: Batch, now: Millis, size: int, *, share: bool, stops: bool = False
) -> Batch | None:
    """The lane's next batch, after one whose outcomes were written in this transaction. Gives the lane back and returns
    None if it is at its end, may not continue now, its worker stops, or (`share`) others wait for their turn."""
    following, is_end = _behind_it(connection, batch, now, size, share=share, stops=stops)
    if following is None:
        release_lane(connection, batch)
    if is_end:
        (number,) = batch.broadcasts
        # There may be thousands of parcels; their ends don't lock the broadcast.
        if not batch.is_parcel or is_complete(connection, number):
            finish_broadcasts(connection, [number], now)
    return following


def read_ahead(
    connection: Connection, batch: Batch, now: Millis, size: int, *, share: bool, stops: bool = False
) -> Batch | None:
    """The lane's next batch, after one that is being sent. None where `follow` would give the lane back; here it stays
    this owner's. The caller has locked the lane, so that nobody can cut it in between."""
    return _behind_it(connection, batch, now, size, share=share, stops=stops)[0]


def _behind_it(
    connection: Connection, batch: Batch, now: Millis, size: int, *, share: bool, stops: bool
) -> tuple[Batch | None, bool]:
    """The next batch, if the lane may continue, and whether this one is the lane's last."""
    lane, (row,) = batch.lane, batch.broadcasts.values()
    assert lane is not None  # noqa: S101 - the caller's branch
    waits = {"now": now, "latest": now + FAR}
    last, may_run = connection.execute(_STATE, {**_mine(batch), **waits}).one()
    if lane.end >= last:
        return None, True
    may_go_on = may_run and row.rate is None and not stops
    if not may_go_on or (share and any(connection.scalar(each, waits) is not None for each in _WAITS)):
        return None, False
    ahead = lane._replace(begin=lane.end, last=last, starts=_starts_after(lane, size))
    return _read(connection, Batch(batch.owner, batch.broadcasts, (), ahead), now, size), False


_OWNED = (*_THIS, _L.owner == bindparam("mine"))
_KEEP = sa.update(lanes).where(*_OWNED).values(lease_until=_LEASED)
_RELEASE = sa.update(lanes).where(*_OWNED).values(owner=None, ahead=_L.cursor)


def keep_lane(connection: Connection, batch: Batch, lease: Millis) -> bool:
    """Renews the lease; False if another worker has taken the lane."""
    return connection.execute(_KEEP, {**_mine(batch), "lease": lease}).rowcount == 1


def release_lane(connection: Connection, batch: Batch, *, unstarted: bool = False) -> None:
    """Gives the lane back; another worker may take it at once. `unstarted`: nothing of the batch was sent."""
    statement = _RELEASE.values(starts=_L.starts - 1) if unstarted else _RELEASE
    connection.execute(statement, _mine(batch))


def _mine(batch: Batch) -> dict[str, Any]:
    assert batch.lane is not None  # noqa: S101 - the caller's branch
    return {**_place(batch.lane), "mine": batch.owner}


_LARGEST = (
    sa.select(_L.broadcast, _L.first, _L.last, _L.ahead, _L.not_before, _L.skips_known)
    .where(
        _L.last - _L.ahead >= bindparam("least"),
        IS_OPEN,
        IS_LANE,
        _L.not_before <= bindparam("soon", type_=sa.BigInteger),
    )
    .where(sa.exists().where(_B.id == _L.broadcast, _B.state == _RUNNING, _B.rate.is_(None)))
    .order_by(sa.desc(_L.last - _L.ahead))
    .limit(1)
    .with_for_update(of=lanes, skip_locked=True)
)


def split_lane(connection: Connection, now: Millis, size: int) -> bool:
    """Halves the largest lane, for a worker that finds none free; False if none is large enough.

    With a rate there is nothing to gain: its lane waits for its share, not for a worker.
    """
    row = connection.execute(_LARGEST, {"least": 4 * size, "soon": now + FAR}).one_or_none()
    if row is None:
        return False
    middle = (int(row.ahead) + int(row.last)) // 2
    this = {"of": row.broadcast, "begins": row.first, "which": 0}
    connection.execute(sa.update(lanes).where(*_THIS).values(last=middle), this)
    connection.execute(sa.insert(lanes), new_lane(row.broadcast, middle + 1, row.last, row.not_before, row.skips_known))
    return True
