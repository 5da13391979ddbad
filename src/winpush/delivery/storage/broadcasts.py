"""The SQL of broadcasts as a whole: creating them, changing their state, counting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from winpush.delivery.models import BroadcastInfo, Progress
from winpush.delivery.registry.rules import check_number
from winpush.delivery.states import ENDED, MOVES, BroadcastState, DeliveryState, Move, move
from winpush.delivery.storage.database import (
    Millis,
    any_of,
    from_millis,
    insert_new,
    insert_one,
    insert_rows,
    lock_rows,
)
from winpush.delivery.storage.schema import broadcasts, counts, deliveries, ranges
from winpush.errors import ValidationError

__all__ = ["NewBroadcast", "change", "create", "expire_due", "finish", "get", "info", "progress"]

AWAY: Millis = 1 << 52
"""Added to the due time of a paused broadcast's deliveries, which takes them out of the query for due ones."""


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
    resend_unanswered: bool = False
    stop_after: int = 20
    quiet_start: int | None = None
    quiet_end: int | None = None


def create(connection: Connection, new: NewBroadcast, last_channel: int, now: Millis) -> tuple[int, bool]:
    """Stores a broadcast; returns its number, and False if its idempotency key already belongs to one."""
    values: dict[str, Any] = {name: getattr(new, name) for name in NewBroadcast.__slots__}
    values |= {
        "resend_unanswered": int(new.resend_unanswered),
        "state": BroadcastState.RUNNING.value,
        "created_at": now,
        "paced_until": new.not_before,
        "cursor": 0,
        "last_channel": last_channel,
        "refusals": {},
    }
    if new.idempotency_key is None:
        row = {**values, "refusals": "{}"}
        return insert_one(connection, broadcasts, tuple(row), tuple(row.values())), True
    made = insert_new(connection, broadcasts, values)
    same = sa.select(broadcasts.c.id).where(broadcasts.c.idempotency_key == new.idempotency_key)
    return connection.execute(same).scalar_one(), made


def address(connection: Connection, number: int, numbers: Iterable[int], due: Millis, now: Millis) -> None:
    """Gives a broadcast without an audience its channels; without any channel it is finished."""
    waiting = DeliveryState.WAITING.value
    rows = [(number, channel, waiting, 0, now, due) for channel in numbers]
    if rows:
        insert_rows(connection, deliveries, ("broadcast", "channel", "state", "attempts", "at", "due"), rows)
    else:
        finish(connection, [number], now)


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
    """Stops a broadcast; False, and nothing done, if it is ending or has ended."""
    may = (BroadcastState(get(connection, number, lock=True).state), Move.STOP) in MOVES
    if may:
        change(connection, number, Move.STOP, now, reason)
    return may


def _shift(connection: Connection, number: int, *, away: bool) -> None:
    due = deliveries.c.due
    moved = due < AWAY if away else due >= AWAY
    # Deliveries that a worker holds right now stay as they are; it will write their outcome.
    free = deliveries.c.owner.is_(None)
    statement = sa.update(deliveries).where(deliveries.c.broadcast == number, due.is_not(None), moved, free)
    connection.execute(statement.values(due=due + AWAY if away else due - AWAY))


_ENDINGS = {
    before.value: after.value for (before, what), after in MOVES.items() if what is Move.FINISH and after in ENDED
}


_B = broadcasts.c
_THESE = _B.id.in_(bindparam("these", expanding=True))
_THIS = _B.id == bindparam("this")
_IN_ORDER = sa.select(_B.id).where(_THESE).order_by(_B.id)
# OFFSET 0 keeps PostgreSQL from joining whole tables when the first matching row is enough.
_BUSY = sa.select(ranges.c.first).where(ranges.c.broadcast == _B.id).offset(0).exists()
_WAITING = sa.select(deliveries.c.channel).where(deliveries.c.broadcast == _B.id, deliveries.c.due.is_not(None))


def _finishing(which: sa.ColumnElement[bool]) -> sa.Update:
    return (
        sa.update(broadcasts)
        .where(which, any_of(_B.state, _ENDINGS))
        .where(_B.cursor >= _B.last_channel, ~_BUSY, ~_WAITING.offset(0).exists())
        .values(state=sa.case(_ENDINGS, value=_B.state), ended_at=bindparam("now"))
    )


# Most batches belong to one broadcast.
_FINISH, _FINISH_ONE = _finishing(_THESE), _finishing(_THIS)


def finish(connection: Connection, numbers: Iterable[int], now: Millis) -> None:
    """Ends each of these broadcasts that has no work left."""
    these = sorted(numbers)
    # When two workers end their last ranges at the same time, the second must see the first one's write.
    lock_rows(connection, _IN_ORDER, {"these": these})
    if len(these) == 1:
        connection.execute(_FINISH_ONE, {"this": these[0], "now": now})
    else:
        connection.execute(_FINISH, {"these": these, "now": now})


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


Runs = dict[str, tuple[int, bool]]
"""By service: how many refusals in a row, and whether another answer came before them."""


_REFUSALS, _REFUSALS_OF_ONE = (
    sa.select(_B.id, _B.state, _B.refusals, _B.stop_after).where(which).order_by(_B.id).with_for_update()
    for which in (_THESE, _THIS)
)


def add_refusals(connection: Connection, runs: Mapping[int, Runs], now: Millis) -> dict[int, str]:
    """Adds to each broadcast's consecutive refusals. Stops those that reach their limit, and returns why."""
    stopped: dict[int, str] = {}
    if not runs:
        return stopped
    if len(runs) == 1:
        found = connection.execute(_REFUSALS_OF_ONE, {"this": next(iter(runs))})
    else:
        found = connection.execute(_REFUSALS, {"these": list(runs)})
    for row in found.all():
        refusals: dict[str, int] = dict(row.refusals or {})
        for service, (length, interrupted) in runs[row.id].items():
            refusals[service] = length if interrupted else refusals.get(service, 0) + length
        refusals = {service: length for service, length in refusals.items() if length}
        if refusals != row.refusals:
            connection.execute(sa.update(broadcasts).where(_B.id == row.id).values(refusals=refusals))
            reason = _limit_reached(row, refusals)
            if reason is not None and stop(connection, row.id, now, reason):
                stopped[row.id] = reason
    return stopped


def _limit_reached(row: Any, refusals: dict[str, int]) -> str | None:
    worst = max(refusals, key=lambda service: refusals[service], default=None)
    if worst is None or refusals[worst] < row.stop_after:
        return None
    return (
        f"{refusals[worst]} consecutive sends to {worst.upper()} were refused for a reason that a retry won't fix. No "
        f"channel was removed. See the reason with 'winpush history --broadcast {row.id}', fix it, then send a new "
        "broadcast."
    )


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
    waits = sa.select(sa.func.count()).where(deliveries.c.broadcast == number, deliveries.c.due.is_not(None))
    waiting = connection.scalar(waits) or 0
    if waiting:
        states[DeliveryState.WAITING] = waiting
    began = min(max(row.created_at, row.not_before), now)
    return Progress(
        broadcast=number,
        state=BroadcastState(row.state),
        states=states,
        outcomes=outcomes,
        reached=row.cursor,
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
