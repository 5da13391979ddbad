"""The SQL of the schedule: which services are on hold, what is claimed, and when the next work is due."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from winpush.delivery.states import FINALIZES_AS, BroadcastState
from winpush.delivery.storage.broadcasts import AWAY
from winpush.delivery.storage.database import Millis, any_of, insert_or_raise
from winpush.delivery.storage.schema import broadcasts, deliveries, holds, ranges

__all__ = ["depths", "has_claims", "held", "hold", "next_at"]

_OPEN = (broadcasts.c.ended_at.is_(None), broadcasts.c.state == BroadcastState.RUNNING.value)


def hold(connection: Connection, service: str, until: Millis) -> None:
    """Stops all workers from sending to this service until then."""
    insert_or_raise(connection, holds, "service", "until", {"service": service, "until": until})


_HELD = sa.select(holds.c.service, holds.c.until).where(holds.c.until > sa.bindparam("now"))


def held(connection: Connection, now: Millis) -> dict[str, Millis]:
    """The services that are on hold now, and until when."""
    return {row.service: row.until for row in connection.execute(_HELD, {"now": now})}


def has_claims(connection: Connection) -> bool:
    """True while any worker, alive or dead, holds a claim on a running broadcast."""
    table = deliveries.c
    left = sa.select(ranges.c.first).where(sa.exists().where(*_OPEN, broadcasts.c.id == ranges.c.broadcast)).limit(1)
    running = sa.exists().where(*_OPEN, broadcasts.c.id == table.broadcast)
    owned = sa.select(table.channel).where(table.owner.is_not(None), running).limit(1)
    return connection.scalar(left) is not None or connection.scalar(owned) is not None


def depths(connection: Connection) -> tuple[int, int]:
    """How many deliveries wait for their due time, and how many channel numbers running broadcasts haven't reached."""
    waits = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.due.is_not(None))
    left = sa.select(sa.func.sum(broadcasts.c.last_channel - broadcasts.c.cursor)).where(*_OPEN)
    return connection.scalar(waits) or 0, int(connection.scalar(left) or 0)


_B = broadcasts.c
_NEXT = (
    sa.select(sa.func.min(_B.paced_until)).where(*_OPEN, _B.cursor < _B.last_channel),
    sa.select(sa.func.min(deliveries.c.due)).where(deliveries.c.due.is_not(None), deliveries.c.due < AWAY),
    sa.select(sa.func.min(ranges.c.lease_until)),
    sa.select(sa.func.min(_B.expires_at)).where(_B.ended_at.is_(None)),
    sa.select(sa.literal(0))
    .where(_B.ended_at.is_(None), any_of(_B.state, [state.value for state in FINALIZES_AS]))
    .limit(1),
)


def next_at(connection: Connection) -> Millis | None:
    """When the next work is due; None if no work is left."""
    moments = (connection.scalar(statement) for statement in _NEXT)
    return min((moment for moment in moments if moment is not None), default=None)
