"""The SQL of how large a broadcast is, and of what its channels wait for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from winpush.delivery.models import Wait
from winpush.delivery.registry.audience import conditions_in
from winpush.delivery.states import BroadcastState, WaitReason
from winpush.delivery.storage.audience import audience_of, without_outcome
from winpush.delivery.storage.broadcasts import AWAY, get
from winpush.delivery.storage.database import Millis, from_millis
from winpush.delivery.storage.parcels import left_of
from winpush.delivery.storage.schema import channels, counts, deliveries, lanes
from winpush.delivery.storage.unfinished import IS_LANE, IS_OPEN, IS_PARCEL
from winpush.errors import ValidationError

__all__ = ["overview"]

_Found = dict[str, tuple[int, Millis | None]]
"""By reason: how many, and when the next of them is due."""


def overview(connection: Connection, number: int, now: Millis) -> tuple[int, tuple[Wait, ...]]:
    """How many channels the broadcast is for, and what those without a final outcome that aren't being sent to wait
    for. Counts the part of the audience that the broadcast hasn't reached. Raises ValidationError."""
    row = get(connection, number)
    done = connection.scalar(sa.select(sa.func.sum(counts.c.number)).where(counts.c.broadcast == number)) or 0
    unreached, sending = _in_lanes(connection, row)
    waiting, owned = _waiting(connection, row, now)
    total = int(done) + unreached + sending + owned + sum(count for count, _ in waiting.values())
    return total, tuple(_waits(row, waiting, unreached, now))


def _in_lanes(connection: Connection, row: Row[Any]) -> tuple[int, int]:
    """How many channels of the audience no worker has taken up yet, and how many are being sent to."""
    table = lanes.c
    unreached = sending = 0
    try:
        conditions_in(row.audience)
    except ValidationError:  # of one that this version can't read, nobody is counted
        return 0, 0
    for lane in connection.execute(sa.select(lanes).where(table.broadcast == row.id, IS_OPEN, IS_LANE)):
        conditions = without_outcome if lane.skips_known else audience_of
        ahead = lane.cursor if lane.owner is None else lane.ahead
        sending += _count(connection, conditions(row, lane.cursor + 1, ahead)) if ahead > lane.cursor else 0
        unreached += _count(connection, conditions(row, ahead + 1, lane.last))
    return unreached, sending


def _count(connection: Connection, conditions: list[sa.ColumnElement[bool]]) -> int:
    return connection.scalar(sa.select(sa.func.count(channels.c.id)).where(*conditions)) or 0


def _waiting(connection: Connection, row: Row[Any], now: Millis) -> tuple[_Found, int]:
    """What waits, by reason, and how many deliveries workers hold."""
    found, owned = _in_rows(connection, row, now)
    table = lanes.c
    is_ripe, these = table.not_before <= now, (table.broadcast == row.id, IS_OPEN, IS_PARCEL)
    free = sa.select(table.outcome, is_ripe, sa.func.sum(table.number), sa.func.min(table.not_before))
    free = free.where(*these, table.owner.is_(None)).group_by(table.outcome, is_ripe)
    parts = [(*each, 0) for each in connection.execute(free)]
    for held in connection.execute(sa.select(lanes).where(*these, table.owner.is_not(None))):
        left = len(left_of(held, held.ahead).channels)
        parts.append((held.outcome, held.not_before <= now, left, held.not_before, held.number - left))
    for outcome, ripe, count, due, in_hand in parts:
        owned += in_hand
        reason = (WaitReason.RATE if row.rate else WaitReason.DUE).value if ripe else outcome
        if count:
            number, earliest = found.get(reason, (0, None))
            found[reason] = number + int(count), None if ripe else min(due % AWAY, earliest or due)
    return found, owned


def _in_rows(connection: Connection, row: Row[Any], now: Millis) -> tuple[_Found, int]:
    table = deliveries.c
    is_owned, is_due = table.owner.is_not(None), table.due <= now
    which = (table.broadcast == row.id, table.due.is_not(None))
    columns = (table.outcome, is_owned, is_due, sa.func.count(), sa.func.min(table.due))
    found: _Found = {}
    owned = 0
    for outcome, is_held, is_ripe, count, due in connection.execute(
        sa.select(*columns).where(*which).group_by(table.outcome, is_owned, is_due)
    ):
        if is_held:
            owned += count
            continue
        reason = WaitReason.DUE.value if is_ripe else outcome or WaitReason.RATE.value
        found[reason] = found.get(reason, (0, None))[0] + count, None if is_ripe else due % AWAY
    return found, owned


def _waits(row: Row[object], waiting: _Found, unreached: int, now: Millis) -> list[Wait]:
    """A reason that holds up the whole broadcast comes before those that its parts wait for."""
    everything = unreached + sum(count for count, _ in waiting.values())
    if row.state == BroadcastState.PAUSED.value:
        return [Wait(WaitReason.PAUSED.value, everything)] if everything else []
    if row.not_before > now:
        return [Wait(WaitReason.NOT_BEFORE.value, everything, from_millis(row.not_before))] if everything else []
    numbers = Counter({reason: count for reason, (count, _) in waiting.items()})
    numbers[WaitReason.RATE.value if row.rate else WaitReason.DUE.value] += unreached
    moments = {reason: due for reason, (_, due) in waiting.items()}
    return [
        Wait(reason, number, None if (due := moments.get(reason)) is None else from_millis(due))
        for reason, number in numbers.most_common()
        if number
    ]
