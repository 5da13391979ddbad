"""The SQL of the schedule: which apps are on hold, what is claimed, and when the next work is due."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from winpush.delivery.states import FINALIZES_AS, MOVES, BroadcastState, Move
from winpush.delivery.storage.broadcasts import AWAY
from winpush.delivery.storage.database import Millis, any_of, in_list, insert_or_raise
from winpush.delivery.storage.db_clock import db_now
from winpush.delivery.storage.rows import Target
from winpush.delivery.storage.schema import broadcasts, deliveries, holds, lanes
from winpush.delivery.storage.unfinished import IS_LANE, IS_OPEN, IS_PARCEL, parcels_of, rows_of, work_of

__all__ = [
    "FAR",
    "Held",
    "SendingApp",
    "depths",
    "has_claims",
    "held",
    "held_until",
    "hold",
    "is_unfinished",
    "next_at",
    "not_running",
]

SendingApp = tuple[str, str | None]
"""The sender that is put on hold: a service, and the app that sends to it. None is the app without a name."""
Held = dict[SendingApp, Millis]
"""Until when each sender is on hold."""

FAR: Millis = 2000
"""No rate and no hold delays running work for this long: a longer wait means that a clock was ahead and was set
back."""

_OPEN = (broadcasts.c.ended_at.is_(None), broadcasts.c.state == BroadcastState.RUNNING.value)
_ENDING = (broadcasts.c.ended_at.is_(None), any_of(broadcasts.c.state, [state.value for state in FINALIZES_AS]))
_ACTIVE = (
    broadcasts.c.ended_at.is_(None),
    any_of(broadcasts.c.state, [state.value for state in (BroadcastState.RUNNING, *FINALIZES_AS)]),
)
"""Not paused: nobody can take up a paused broadcast's work, however long it has been due."""


def hold(connection: Connection, sender: SendingApp, until: Millis) -> None:
    """Stops all workers from sending to this service for this app until then."""
    service, app = sender
    values = {"service": service, "app": app or "", "until": until}
    insert_or_raise(connection, holds, ("service", "app"), "until", values)


_HELD = sa.select(holds.c.service, holds.c.app, holds.c.until).where(holds.c.until > sa.bindparam("now"))


def held(connection: Connection, now: Millis) -> Held:
    """The senders on hold now, and until when."""
    return {(row.service, row.app or None): row.until for row in connection.execute(_HELD, {"now": now})}


def held_until(held: Held, target: Target) -> Millis:
    """Until when this channel's sender is on hold; 0 if it isn't."""
    sender = target.sender
    return 0 if sender is None else held.get(sender, 0)


def not_running(connection: Connection, numbers: Collection[int]) -> frozenset[int]:
    """Those of these broadcasts that send nothing: they are paused or ending."""
    these = in_list(connection, broadcasts.c.id, list(numbers))
    halted = sa.select(broadcasts.c.id).where(these, broadcasts.c.state != BroadcastState.RUNNING.value)
    return frozenset(connection.scalars(halted))


# Not a join: SQLite would scan all broadcasts (`notify` creates a great many) to find a few lanes.
_OF_AN_ACTIVE = sa.exists().where(*_ACTIVE, broadcasts.c.id == lanes.c.broadcast)
_OF_A_RUNNING = sa.exists().where(*_OPEN, broadcasts.c.id == lanes.c.broadcast)


def has_claims(connection: Connection) -> bool:
    """True while any worker, alive or dead, holds a claim on a running or ending broadcast."""
    table = deliveries.c
    run = sa.select(lanes.c.first).where(IS_OPEN, lanes.c.owner.is_not(None), _OF_AN_ACTIVE).limit(1)
    active = sa.exists().where(*_ACTIVE, broadcasts.c.id == table.broadcast)
    owned = sa.select(table.channel).where(table.owner.is_not(None), active).limit(1)
    return connection.scalar(run) is not None or connection.scalar(owned) is not None


def is_unfinished(connection: Connection, now: Millis) -> bool:
    """Whether there is work although nothing is due soon: claimed work, or work that waits only for its own rate."""
    return has_claims(connection) or connection.scalar(_PACED_ROW, {"now": now}) is not None


def depths(connection: Connection) -> tuple[int, int]:
    """How many deliveries wait for their due time, and how many channel numbers running broadcasts haven't reached."""
    in_rows = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.due.is_not(None))
    in_parcels = sa.select(sa.func.sum(lanes.c.number)).where(IS_OPEN, IS_PARCEL)
    left = sa.select(sa.func.sum(lanes.c.last - lanes.c.ahead)).where(IS_OPEN, IS_LANE, _OF_A_RUNNING)
    rows, parcels, unreached = (int(connection.scalar(each) or 0) for each in (in_rows, in_parcels, left))
    return rows + parcels, unreached


_B, _D, _L = broadcasts.c, deliveries.c, lanes.c
_LATEST = sa.bindparam("latest", type_=sa.BigInteger)
_PACED_UNTIL = sa.case((_B.paced_until > _LATEST, 0), else_=_B.paced_until)
_PACED = sa.select(_PACED_UNTIL).where(_B.id == _L.broadcast, _B.rate.is_not(None)).scalar_subquery()
_DUE = (
    sa.select(_D.due)
    .join(broadcasts, _B.id == _D.broadcast)
    .where(_D.due.is_not(None), _D.due < AWAY, _D.owner.is_(None), *_ACTIVE)
    .order_by(_D.due)
    .limit(1)
)
_IS_FREE = (_L.owner.is_(None), _L.not_before < AWAY)
_PARCEL = (
    sa.select(_L.not_before)
    .where(IS_OPEN, IS_PARCEL, *_IS_FREE, sa.exists().where(*_OPEN, _B.id == _L.broadcast, _B.rate.is_(None)))
    .order_by(_L.not_before)
    .limit(1)
)
_FIRST_PARCEL = parcels_of(_B.id, *_IS_FREE).with_only_columns(sa.func.min(_L.not_before)).scalar_subquery()
_RATED = (
    sa.select(_PACED_UNTIL.label("paced_until"), _FIRST_PARCEL.label("due"))
    .where(*_OPEN, _B.rate.is_not(None))
    .subquery()
)
# Single deliveries that got no share are spread out up to there.
_PACED_ROW = (
    sa.select(sa.literal(1))
    .where(*_OPEN, _B.rate.is_not(None), _B.spread_until > sa.bindparam("now", type_=sa.BigInteger))
    .where(rows_of(_B.id, _D.due <= _B.spread_until).exists())
    .limit(1)
)
_FROM = sa.case((sa.and_(_L.turn > 0, _L.not_before > _LATEST), 0), else_=_L.not_before)
_NEXT = (
    sa.select(sa.func.min(sa.func.coalesce(sa.case((_FROM < _PACED, _PACED)), _FROM))).where(
        IS_OPEN, IS_LANE, _L.owner.is_(None), _OF_A_RUNNING
    ),
    _DUE,
    _PARCEL,
    sa.select(sa.func.min(sa.case((_RATED.c.due < _RATED.c.paced_until, _RATED.c.paced_until), else_=_RATED.c.due))),
    sa.select(sa.func.min(_B.expires_at)).where(
        _B.ended_at.is_(None), any_of(_B.state, [state.value for state, what in MOVES if what is Move.EXPIRE])
    ),
    # So has one that is complete and hasn't been ended yet.
    sa.select(sa.literal(0)).where(*_ACTIVE, ~sa.or_(*work_of(_B.id))).limit(1),
    # An ending broadcast has work at once, unless workers hold all that is left of it.
    *(sa.select(sa.literal(0)).where(*_ENDING, is_work).limit(1) for is_work in work_of(_B.id, free=True)),
)
# Work that a worker holds is due when its lease ends, unless the lease is renewed.
_LEASES = (
    sa.select(sa.func.min(_L.lease_until) - db_now()).where(IS_OPEN, _L.owner.is_not(None), _OF_AN_ACTIVE),
    sa.select(sa.func.min(_D.lease_until) - db_now()).where(
        _D.owner.is_not(None), sa.exists().where(*_ACTIVE, _B.id == _D.broadcast)
    ),
)


def next_at(connection: Connection, now: Millis) -> Millis | None:
    """When the next work is due; None if no work is left."""
    moments = [connection.scalar(statement, {"latest": now + FAR}) for statement in _NEXT]
    moments += [None if (left := connection.scalar(each)) is None else now + left for each in _LEASES]
    return min((moment for moment in moments if moment is not None), default=None)
