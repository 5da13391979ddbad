"""The SQL of refusals in a row: a broadcast that is refused again and again stops itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from winpush.delivery.storage.broadcasts import stop
from winpush.delivery.storage.database import Millis, in_list
from winpush.delivery.storage.schema import broadcasts

__all__ = ["Runs", "add_lane", "add_refusals", "noted", "reason_to_stop", "summed"]

Runs = dict[str, tuple[int, bool]]
"""By service: the number of refusals in a row, and whether another answer came before them."""

_B = broadcasts.c
_REFUSALS = sa.select(_B.id, _B.refusals, _B.stop_after).order_by(_B.id).with_for_update()
_REFUSALS_OF_ONE = _REFUSALS.where(_B.id == bindparam("this"))
_OPEN = sa.select(_B.refusals).where(_B.id == bindparam("this"))
_ANSWERED, _MARK = " answered", -1
"""A lane's note that a service has also given it other answers. It doesn't count as refusals."""


def add_refusals(connection: Connection, runs: Mapping[int, Runs], now: Millis) -> dict[int, str]:
    """Adds to each broadcast's own refusals, those of deliveries that had waited. Stops broadcasts that reach their
    limit, and returns why."""
    stopped: dict[int, str] = {}
    if not runs:
        return stopped
    if len(runs) == 1:
        found = connection.execute(_REFUSALS_OF_ONE, {"this": next(iter(runs))})
    else:
        found = connection.execute(_REFUSALS.where(in_list(connection, _B.id, list(runs))))
    for row in found.all():
        refusals = summed(row.refusals or {}, runs[row.id])
        if refusals != row.refusals:
            connection.execute(sa.update(broadcasts).where(_B.id == row.id).values(refusals=refusals))
            reason = reason_to_stop(row, refusals)
            if reason is not None and stop(connection, row.id, now, reason):
                stopped[row.id] = reason
    return stopped


def add_lane(connection: Connection, number: int, notes: Mapping[str, int], now: Millis) -> dict[int, str]:
    """The same with what a lane of this broadcast has noted, at the lane's end: in a sparse audience, lanes have few
    channels, and none would reach the limit alone. Locks the broadcast only if either has an open run of refusals."""
    services = {name.removesuffix(_ANSWERED) for name in notes}
    runs = {service: (notes.get(service, 0), service + _ANSWERED in notes) for service in services}
    is_open = any(length for length, _ in runs.values()) or connection.scalar(_OPEN, {"this": number})
    return add_refusals(connection, {number: runs}, now) if is_open else {}


def noted(before: Mapping[str, int], runs: Runs) -> dict[str, int]:
    """A lane's note: the refusals in a row by service, with these added to the earlier ones, and which services have
    given other answers."""
    answered = {service + _ANSWERED: _MARK for service, (_, interrupted) in runs.items() if interrupted}
    return summed(before, runs) | answered


def summed(before: Mapping[str, int], runs: Runs) -> dict[str, int]:
    """The number of refusals in a row by service, with these added to the earlier ones."""
    after = dict(before)
    for service, (length, interrupted) in runs.items():
        after[service] = length if interrupted else after.get(service, 0) + length
    return {service: length for service, length in after.items() if length}


def reason_to_stop(row: Any, refusals: Mapping[str, int]) -> str | None:
    """Why this broadcast stops, if it has been refused too often in a row."""
    worst = max(refusals, key=lambda service: refusals[service], default=None)
    if worst is None or refusals[worst] < row.stop_after:
        return None
    return (
        f"{refusals[worst]} consecutive sends to {worst.upper()} were refused for a reason that a retry won't fix. No "
        f"channel was removed. See the reason with 'winpush history --broadcast {row.id}', fix it, then send a new "
        "broadcast."
    )
