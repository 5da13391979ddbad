"""The SQL of broadcasts as a whole: creating them, changing their state, counting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from winpush.delivery.models import BroadcastInfo, Progress
from winpush.delivery.registry.rules import check_number
from winpush.delivery.states import ENDED, MOVES, BroadcastState, DeliveryState, Move, move
from winpush.delivery.storage.cut import cut
from winpush.delivery.storage.database import (
    Millis,
    any_of,
    from_millis,
    in_list,
    insert_new,
    insert_one,
    lock_rows,
)
from winpush.delivery.storage.schema import broadcasts, counts, deliveries, lanes
from winpush.delivery.storage.unfinished import IS_OPEN, IS_PARCEL, lanes_of, parcels_of, rows_of, work_of
from winpush.errors import ValidationError

__all__ = [
    "AWAY",
    "NewBroadcast",
    "change",
    "create",
    "expire_due",
    "finish",
    "finish_complete",
    "get",
    "info",
    "is_complete",
    "progress",
]

AWAY: Millis = 1 << 52
"""Added to the due times of deliveries in a paused broadcast, which takes them out of the query for due ones."""


@dataclass(frozen=True, slots=True)
class NewBroadcast:
    """The values that a new broadcast is stored with; times in milliseconds."""

    content: str
    audience: str
    not_before: Millis
    expires_at: Millis | None
    name: str | None = None
    idempotency_key: str | None = None
    rate: int | None = None
    max_attempts: int = 8
    resend_unanswered: int = 0
    stop_after: int = 20
    quiet_start: int | None = None
    quiet_end: int | None = None


_NEW_LANES = sa.insert(lanes)


def create(connection: Connection, new: NewBroadcast, last_channel: int, now: Millis) -> tuple[int, bool]:
    """Stores a broadcast; returns its number, and False if its idempotency key already belongs to one."""
    values: dict[str, Any] = {name: getattr(new, name) for name in NewBroadcast.__slots__}
    values |= {
        "state": BroadcastState.RUNNING.value,
        "created_at": now,
        "paced_until": new.not_before,
        "last_channel": last_channel,
        "refusals": {},
    }
    if new.idempotency_key is None:
        row = {**values, "refusals": "{}"}
        number, made = insert_one(connection, broadcasts, tuple(row), tuple(row.values())), True
    else:
        made = insert_new(connection, broadcasts, values, "idempotency_key")
        same = sa.select(broadcasts.c.id).where(broadcasts.c.idempotency_key == new.idempotency_key)
        number = connection.execute(same).scalar_one()
    if made and last_channel:
        connection.execute(_NEW_LANES, cut(number, last_channel, new.not_before, has_rate=new.rate is not None))
    return number, made


def get(connection: Connection, number: int, *, lock: bool = False) -> Row[Any]:
    """The row of a broadcast; `lock` keeps others from changing it until the transaction ends.

    Raises ValidationError if no broadcast has this number.
    """
    check_number("broadcast", number)
    statement = sa.select(broadcasts).where(broadcasts.c.id == number)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise ValidationError(
            "broadcast", f"number {number} does not exist; list_broadcasts() or 'winpush broadcasts list' shows them"
        )
    return row


def change(connection: Connection, number: int, what: Move, now: Millis, reason: str | None = None) -> BroadcastState:
    """Makes a move from the table in `states`; returns the new state. Raises StateError."""
    before = BroadcastState(get(connection, number, lock=True).state)
    after = move(before, what)
    values: dict[str, Any] = {"state": after.value}
    if reason is not None:
        values["stop_reason"] = reason
    if after in ENDED:
        values["ended_at"] = now
    connection.execute(sa.update(broadcasts).where(broadcasts.c.id == number).values(**values))
    if after is not before and BroadcastState.PAUSED in (before, after):
        _shift(connection, number, away=after is BroadcastState.PAUSED)
    if after is BroadcastState.RUNNING:
        finish(connection, [number], now)
    return after


def stop(connection: Connection, number: int, now: Millis, reason: str) -> bool:
    """Stops a broadcast; does nothing and returns False if it is ending, has ended, or was deleted since."""
    state = connection.scalar(sa.select(broadcasts.c.state).where(broadcasts.c.id == number).with_for_update())
    may = state is not None and (BroadcastState(state), Move.STOP) in MOVES
    if may:
        change(connection, number, Move.STOP, now, reason)
    return may


def _shift(connection: Connection, number: int, *, away: bool) -> None:
    """Deliveries that a worker holds right now stay as they are; it will write the outcomes."""
    for table, due, *wait in (
        (deliveries, deliveries.c.due, deliveries.c.due.is_not(None)),
        (lanes, lanes.c.not_before, IS_OPEN, IS_PARCEL),
    ):
        moved = due < AWAY if away else due >= AWAY
        statement = sa.update(table).where(table.c.broadcast == number, *wait, moved, table.c.owner.is_(None))
        connection.execute(statement.values({due: due + AWAY if away else due - AWAY}))


_ENDINGS = {
    before.value: after.value for (before, what), after in MOVES.items() if what is Move.FINISH and after in ENDED
}


_B = broadcasts.c
_THIS = _B.id == bindparam("this")
_IN_ORDER = sa.select(_B.id).order_by(_B.id)
_IS_COMPLETE = (any_of(_B.state, _ENDINGS), *(~is_work for is_work in work_of(_B.id)))
_END = {"state": sa.case(_ENDINGS, value=_B.state), "ended_at": bindparam("now")}


_FINISH = sa.update(broadcasts).where(*_IS_COMPLETE).values(**_END)
# Most batches belong to one broadcast.
_FINISH_ONE = _FINISH.where(_THIS)


def finish(connection: Connection, numbers: Iterable[int], now: Millis) -> None:
    """Ends each of these broadcasts that has no work left. Leaves those that somebody else has locked to
    `finish_complete`: outcomes must not wait for a frozen worker."""
    these = sorted(numbers)
    # When two workers end their last lanes at the same time, the second must see the first one's write.
    free = lock_rows(connection, _IN_ORDER.where(in_list(connection, _B.id, these)), waits=False) if these else []
    if len(free) == 1:
        connection.execute(_FINISH_ONE, {"this": free[0], "now": now})
    elif free:
        connection.execute(_FINISH.where(in_list(connection, _B.id, free)), {"now": now})


_IS_ONE_COMPLETE = sa.select(_B.id).where(_THIS, *_IS_COMPLETE)


def is_complete(connection: Connection, number: int) -> bool:
    """Whether a broadcast has no work left. Locks nothing, so somebody else may be ending the last of it right now."""
    return connection.scalar(_IS_ONE_COMPLETE, {"this": number}) is not None


_COMPLETE = sa.select(_B.id).where(_B.ended_at.is_(None), *_IS_COMPLETE).order_by(_B.id).limit(100)


def finish_complete(connection: Connection, now: Millis) -> None:
    """Ends broadcasts that have no work left but weren't ended, because two workers finished the last of it at once."""
    free = lock_rows(connection, _COMPLETE, waits=False)
    if free:
        connection.execute(_FINISH.where(in_list(connection, _B.id, free)), {"now": now})


_EXPIRING = (
    sa.select(_B.id)
    .where(_B.ended_at.is_(None), _B.expires_at <= bindparam("now"))
    .where(any_of(_B.state, [state.value for (state, what) in MOVES if what is Move.EXPIRE]))
    .order_by(_B.id)
    .limit(100)
    .with_for_update(skip_locked=True)
)


def expire_due(connection: Connection, now: Millis) -> int:
    """Expires the broadcasts that are past their `expires_at`; returns how many."""
    numbers = list(connection.scalars(_EXPIRING, {"now": now}))
    for number in numbers:
        change(connection, number, Move.EXPIRE, now)
    return len(numbers)


def info(row: Row[Any]) -> BroadcastInfo:
    """A row as a BroadcastInfo."""
    return BroadcastInfo(
        id=row.id,
        name=row.name,
        state=BroadcastState(row.state),
        created_at=from_millis(row.created_at),
        not_before=from_millis(row.not_before),
        expires_at=None if row.expires_at is None else from_millis(row.expires_at),
        ended_at=None if row.ended_at is None else from_millis(row.ended_at),
        stop_reason=row.stop_reason,
        idempotency_key=row.idempotency_key,
    )


def progress(connection: Connection, number: int, now: Millis) -> Progress:
    """A broadcast's counters and its waiting deliveries."""
    row = get(connection, number)
    states: dict[DeliveryState, int] = {}
    outcomes: dict[str, int] = {}
    for state, outcome, count in connection.execute(
        sa.select(counts.c.state, counts.c.outcome, counts.c.number).where(counts.c.broadcast == number)
    ):
        states[DeliveryState(state)] = states.get(DeliveryState(state), 0) + count
        outcomes[outcome or state] = outcomes.get(outcome or state, 0) + count
    in_rows = rows_of(number).with_only_columns(sa.func.count())
    in_parcels = parcels_of(number).with_only_columns(sa.func.sum(lanes.c.number))
    waiting = int(connection.scalar(in_rows) or 0) + int(connection.scalar(in_parcels) or 0)
    if waiting:
        states[DeliveryState.WAITING] = waiting
    ahead = lanes_of(number).with_only_columns(sa.func.sum(lanes.c.last - lanes.c.cursor))
    unreached = int(connection.scalar(ahead) or 0)
    began = min(max(row.created_at, row.not_before), now)
    return Progress(
        broadcast=number,
        state=BroadcastState(row.state),
        states=states,
        outcomes=outcomes,
        reached=row.last_channel - unreached,
        last_channel=row.last_channel,
        elapsed=timedelta(milliseconds=max((row.ended_at or now) - began, 0)),
        stop_reason=row.stop_reason,
    )


def before(connection: Connection, number: int | None, limit: int) -> list[BroadcastInfo]:
    """The newest broadcasts numbered below `number` (None: all), newest first."""
    statement = sa.select(broadcasts).order_by(broadcasts.c.id.desc()).limit(limit)
    if number is not None:
        statement = statement.where(broadcasts.c.id < number)
    return [info(row) for row in connection.execute(statement)]
