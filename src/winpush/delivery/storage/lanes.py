"""The SQL of lanes: the parts of a broadcast that workers run through, each one batch behind the other.

A lane's cursor is moved by a compare-and-set in the transaction that writes the outcomes of the channels passed. That
alone decides whose outcomes count. Owner and lease only spare workers from doing the same work: a wrong one costs a
batch sent twice, and never an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam
from sqlalchemy.sql.dml import ReturningUpdate

from winpush.delivery.states import BroadcastState, DeliveryState
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.broadcasts import get as get_broadcast
from winpush.delivery.storage.cut import new_lane
from winpush.delivery.storage.database import Millis
from winpush.delivery.storage.db_clock import db_now
from winpush.delivery.storage.finalize import finalize_part
from winpush.delivery.storage.rows import CAREFUL, Batch, Lane, Target
from winpush.delivery.storage.schedule import held, held_until
from winpush.delivery.storage.schema import broadcasts, lanes
from winpush.delivery.storage.targets import next_targets

__all__ = [
    "claim_lane",
    "follow",
    "has_suspects",
    "keep_lane",
    "move_cursor",
    "release_lane",
    "split_lane",
    "store_refusals",
    "was_written",
]

_SECOND: Millis = 1000
_LEAST_STARTS = 5
"""So many starts at one channel, at least, end in `worker-lost`."""
WORKER_LOST = "worker-lost"
"""The outcome of a channel that keeps killing its worker."""

_L, _B = lanes.c, broadcasts.c
_RUNNING = BroadcastState.RUNNING.value
_THIS = (_L.broadcast == bindparam("number"), _L.first == bindparam("begins"))
_IS_OPEN = _L.cursor < _L.last
_IS_FREE = sa.or_(_L.owner.is_(None), _L.lease_until <= db_now())
_NOW, _LATEST = bindparam("now", type_=sa.BigInteger), bindparam("latest", type_=sa.BigInteger)
# A lane that a worker has had never waits as long as that: a clock was set back.
_IS_TIME = sa.or_(_L.not_before <= _NOW, sa.and_(_L.turn > 0, _L.not_before > _LATEST))
# Not a join: SQLite would scan all broadcasts (`notify` creates a great many) to find a few lanes.
_MAY_RUN = sa.exists().where(
    _B.id == _L.broadcast, _B.state == _RUNNING, sa.or_(_B.rate.is_(None), _B.paced_until <= _NOW)
)
_other = lanes.alias("other")
_LAST_TURN = (
    sa.select(sa.func.max(_other.c.turn))
    .where(_other.c.broadcast == _L.broadcast, _other.c.cursor < _other.c.last)
    .scalar_subquery()
)
_LEASED = db_now() + bindparam("lease", type_=sa.BigInteger)
_IS_SUSPECT = _L.starts >= CAREFUL - 1
_MAY_BE_CLAIMED = (_IS_OPEN, _IS_FREE, _IS_TIME, _MAY_RUN)


def _claim(*conditions: sa.ColumnElement[bool]) -> ReturningUpdate[Any]:
    found = (
        sa.select(_L.broadcast, _L.first)
        .where(*_MAY_BE_CLAIMED, *conditions)
        .order_by(_LAST_TURN, _L.turn, _L.broadcast, _L.first)
        .limit(1)
        .with_for_update(of=lanes, skip_locked=True)
        .cte("next")
    )
    return (
        sa.update(lanes)
        .where(sa.tuple_(_L.broadcast, _L.first).in_(sa.select(found.c.broadcast, found.c.first)))
        .values(owner=bindparam("mine"), lease_until=_LEASED, turn=_NOW, starts=_L.starts + 1, ahead=_L.cursor)
        .returning(*_L)
    )


_CLAIM, _CLAIM_SUSPECT = _claim(~_IS_SUSPECT), _claim(_IS_SUSPECT)
_SUSPECT = sa.select(sa.literal(1)).where(*_MAY_BE_CLAIMED, _IS_SUSPECT).limit(1)


def has_suspects(connection: Connection, now: Millis) -> bool:
    """Whether there is a lane to run that may kill its worker."""
    return connection.scalar(_SUSPECT, {"now": now, "latest": now + 2 * _SECOND}) is not None


def claim_lane(
    connection: Connection, owner: str, now: Millis, lease: Millis, size: int, *, suspects: bool = False
) -> Batch | None:
    """Claims the lane that has waited longest for its turn, of the broadcast that has; its next batch. `suspects`: of
    those that may kill their worker; else of the others."""
    wanted = {"mine": owner, "now": now, "latest": now + 2 * _SECOND, "lease": lease}
    row = connection.execute(_CLAIM_SUSPECT if suspects else _CLAIM, wanted).one_or_none()
    if row is None:
        return None
    broadcast = get_broadcast(connection, row.broadcast)
    lane = Lane(row.broadcast, row.first, row.cursor, row.cursor, row.last, row.starts, bool(row.has_gaps))
    return _read(connection, Batch(owner, {broadcast.id: broadcast}, (), lane), now, size)


def _read(connection: Connection, batch: Batch, now: Millis, size: int) -> Batch:
    """The next batch of a lane that this owner has."""
    lane, (row,) = batch.lane, batch.broadcasts.values()
    assert lane is not None  # noqa: S101 - the caller's branch
    wanted = careful_size(lane.starts, min(size, row.rate) if row.rate else size)
    targets, end = next_targets(connection, row, lane.end, lane.last, wanted, has_gaps=lane.has_gaps)
    if wanted == 1 and lane.starts > _most_starts(size) and targets:
        passed = _behind(lane, end, 1)
        finalize_part(connection, row, passed, DeliveryState.FAILED, WORKER_LOST, now)
        _set(connection, lane, cursor=end, ahead=end, starts=1)
        return _read(connection, Batch(batch.owner, batch.broadcasts, (), passed), now, size)
    pause = _pause(connection, row, targets, now)
    _set(connection, lane, ahead=end, **({"not_before": now + pause} if pause else {}))
    return Batch(batch.owner, batch.broadcasts, targets, _behind(lane, end, lane.starts))


def careful_size(starts: int, size: int) -> int:
    """How many channels the batch of a lane has that was claimed so often without a write."""
    return size if starts < CAREFUL else max(1, size >> (starts - CAREFUL + 1))


def _starts_after(lane: Lane, size: int) -> int:
    """The starts that a lane counts once a batch of it was written. The channel that has killed its workers may be
    behind it: after a small batch, the next is a little larger and not whole."""
    return lane.starts - 1 if careful_size(lane.starts, size) < size else 0


def _most_starts(size: int) -> int:
    """The starts after which the one channel that is left in a batch is given up: two of them at it alone."""
    return max(_LEAST_STARTS, size.bit_length() + CAREFUL - 1)


def _pause(connection: Connection, row: Row[Any], targets: Sequence[Target], now: Millis) -> Millis:
    """How long the lane waits after this batch: as long as all of it is on hold, a second at a time. A rate's share is
    noted at the broadcast, whose retries it is for, too."""
    if row.rate and targets:
        paced = now + len(targets) * _SECOND // row.rate
        connection.execute(sa.update(broadcasts).where(_B.id == row.id).values(paced_until=paced))
    waits = held(connection, now) if targets else {}
    if not waits:
        return 0
    free = min(held_until(waits, target) for target in targets)
    return max(0, min(free - now, _SECOND))


def _behind(lane: Lane, end: int, starts: int) -> Lane:
    """The part behind this one."""
    return Lane(lane.broadcast, lane.first, lane.end, end, lane.last, starts, lane.has_gaps)


def _set(connection: Connection, lane: Lane, **values: Any) -> None:
    this = {"number": lane.broadcast, "begins": lane.first}
    connection.execute(sa.update(lanes).where(*_THIS).values(**values), this)


_MOVE = (
    sa.update(lanes)
    .where(*_THIS, _L.cursor == bindparam("from_"), _L.last >= bindparam("to"))
    .values(
        cursor=bindparam("to"),
        ahead=bindparam("to"),
        run=bindparam("mine"),
        owner=bindparam("mine"),
        lease_until=_LEASED,
        starts=bindparam("started"),
    )
    .returning(_L.refusals)
)


def move_cursor(connection: Connection, batch: Batch, lease: Millis, size: int) -> Row[Any] | None:
    """Moves the cursor behind the batch and renews the lease; the lane's refusals so far.

    None if the cursor isn't where the batch begins: somebody else runs the lane.
    """
    lane = batch.lane
    assert lane is not None  # noqa: S101 - the caller's branch
    started = _starts_after(lane, size)
    values = {"from_": lane.begin, "to": lane.end, "mine": batch.owner, "lease": lease, "started": started}
    return connection.execute(_MOVE, {"number": lane.broadcast, "begins": lane.first, **values}).one_or_none()


def was_written(connection: Connection, batch: Batch) -> bool:
    """Whether the cursor stands where this batch has put it: only the answer to its commit was lost."""
    lane = batch.lane
    assert lane is not None  # noqa: S101 - the caller's branch
    where = sa.select(_L.cursor, _L.run).where(_L.broadcast == lane.broadcast, _L.first == lane.first)
    found = connection.execute(where).one_or_none()
    return found is not None and (found.cursor, found.run) == (lane.end, batch.owner)


def store_refusals(connection: Connection, lane: Lane, refusals: dict[str, int]) -> None:
    """Stores how many sends in a row each service has refused in this lane."""
    _set(connection, lane, refusals=refusals)


_STATE = (
    sa.select(_L.last, sa.and_(_IS_TIME, _B.state == _RUNNING)).join(broadcasts, _B.id == _L.broadcast).where(*_THIS)
)
_WAITS = sa.select(sa.literal(1)).where(_IS_OPEN, _L.owner.is_(None), _IS_TIME, _MAY_RUN).limit(1)


def follow(
    connection: Connection, batch: Batch, now: Millis, size: int, *, share: bool, stops: bool = False
) -> Batch | None:
    """The lane's next batch, behind one whose outcomes were written in this transaction. None, and the lane is given
    back, if it has come to its end, may not go on now, its worker stops, or (`share`) others wait for their turn."""
    lane, (row,) = batch.lane, batch.broadcasts.values()
    assert lane is not None  # noqa: S101 - the caller's branch
    waits = {"now": now, "latest": now + 2 * _SECOND}
    last, may_run = connection.execute(_STATE, {"number": lane.broadcast, "begins": lane.first, **waits}).one()
    if lane.end >= last:
        release_lane(connection, batch)
        finish_broadcasts(connection, [row.id], now)
        return None
    may_go_on = may_run and row.rate is None and not stops
    if not may_go_on or (share and connection.scalar(_WAITS, waits) is not None):
        release_lane(connection, batch)
        return None
    ahead = Lane(lane.broadcast, lane.first, lane.end, lane.end, last, _starts_after(lane, size), lane.has_gaps)
    return _read(connection, Batch(batch.owner, batch.broadcasts, (), ahead), now, size)


_OWNED = (*_THIS, _L.owner == bindparam("mine"))
_KEEP = sa.update(lanes).where(*_OWNED).values(lease_until=_LEASED)
_RELEASE = sa.update(lanes).where(*_OWNED).values(owner=None, ahead=_L.cursor)


def keep_lane(connection: Connection, batch: Batch, lease: Millis) -> bool:
    """Renews the lease; False if another worker has taken the lane."""
    return connection.execute(_KEEP, {**_place(batch), "lease": lease}).rowcount == 1


def release_lane(connection: Connection, batch: Batch, *, unstarted: bool = False) -> None:
    """Gives the lane back; another worker may take it at once. `unstarted`: nothing of the batch was sent."""
    statement = _RELEASE.values(starts=_L.starts - 1) if unstarted else _RELEASE
    connection.execute(statement, _place(batch))


def _place(batch: Batch) -> dict[str, Any]:
    assert batch.lane is not None  # noqa: S101 - the caller's branch
    return {"number": batch.lane.broadcast, "begins": batch.lane.first, "mine": batch.owner}


_LARGEST = (
    sa.select(_L.broadcast, _L.first, _L.last, _L.ahead, _L.not_before, _L.has_gaps)
    .where(_L.last - _L.ahead >= bindparam("least"), _IS_OPEN, _L.not_before <= bindparam("soon", type_=sa.BigInteger))
    .where(sa.exists().where(_B.id == _L.broadcast, _B.state == _RUNNING, _B.rate.is_(None)))
    .order_by(sa.desc(_L.last - _L.ahead))
    .limit(1)
    .with_for_update(of=lanes, skip_locked=True)
)


def split_lane(connection: Connection, now: Millis, size: int) -> bool:
    """Halves the largest lane, for a worker that finds none that is free; False if none is large enough.

    With a rate there is nothing to gain: its lane waits for its share, and not for a worker.
    """
    row = connection.execute(_LARGEST, {"least": 4 * size, "soon": now + 2 * _SECOND}).one_or_none()
    if row is None:
        return False
    middle = (int(row.ahead) + int(row.last)) // 2
    this = {"number": row.broadcast, "begins": row.first}
    connection.execute(sa.update(lanes).where(*_THIS).values(last=middle), this)
    connection.execute(sa.insert(lanes), new_lane(row.broadcast, middle + 1, row.last, row.not_before, row.has_gaps))
    return True
