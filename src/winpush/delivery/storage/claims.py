"""The SQL of claiming due deliveries that are rows of their own: single notifications, and retries of a few channels.
Lanes and parcels (a broadcast's first pass, and retries of many) are claimed in lanes.py.

Claims are counted when they are made. A delivery that was claimed before, without an outcome since, may have killed its
worker: such deliveries are claimed in small numbers the second time and one by one after that, so that a channel that
kills its workers costs no other channel its notification.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from math import ceil
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from winpush.delivery.states import BroadcastState
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.database import Millis, in_list, update_rows
from winpush.delivery.storage.db_clock import db_now
from winpush.delivery.storage.finalize import add_counts
from winpush.delivery.storage.lanes import SHARE, WORKER_LOST, lock_shares, lost_record
from winpush.delivery.storage.rows import CAREFUL, Batch, Record, Target
from winpush.delivery.storage.schedule import FAR
from winpush.delivery.storage.schema import broadcasts, channels, deliveries, lanes
from winpush.delivery.storage.targets import TARGET
from winpush.delivery.storage.unfinished import IS_OPEN, IS_ROW_FREE

__all__ = ["DELIVERY_KEY", "claim_due", "has_suspects", "keep_due", "release_all", "release_due", "release_owned"]

_MOST_CLAIMS = 5
_AGAIN = 32
"""How many are claimed together the second time."""
DELIVERY_KEY = ("broadcast", "channel")
_D, _B = deliveries.c, broadcasts.c
_RIPE = (
    sa.select(_D.broadcast, _D.attempts, *TARGET, _D.claims, db_now().label("db_time"))
    .join(channels, channels.c.id == _D.channel)
    .join(broadcasts, _B.id == _D.broadcast)
    .where(_D.due <= bindparam("now"), _B.state == BroadcastState.RUNNING.value, IS_ROW_FREE)
    .order_by(_D.due, _D.broadcast)
    .limit(bindparam("size"))
    .with_for_update(of=deliveries, skip_locked=True)
)


def claim_due(
    connection: Connection,
    owner: str,
    now: Millis,
    lease: Millis,
    size: int,
    busy: Sequence[int] = (),
    *,
    suspects: bool = False,
) -> Batch | None:
    """Claims deliveries that are due, those that have waited longest first. Leaves those to `busy` channels: this
    worker has earlier ones in progress. With `suspects`, claims only those that may kill their worker, else only the
    others."""
    ripe = _RIPE.where(_D.claims >= CAREFUL - 1 if suspects else _D.claims < CAREFUL - 1)
    ripe = ripe.where(~in_list(connection, _D.channel, busy)) if busy else ripe
    rows: Sequence[Any] = connection.execute(ripe, {"now": now, "size": size}).all()
    if not rows:
        return None
    claims = int(rows[0].claims)
    found = _alike(rows, claims)
    if claims >= _MOST_CLAIMS:
        lost = tuple(lost_record(target, now) for target in found)
        _give_up(connection, lost, now)
        return Batch(owner, {}, (), lost=lost)
    plans = _rows(connection, {int(row.broadcast) for row in found})
    mine: frozenset[int] = frozenset()
    if rated := [number for number, row in plans.items() if row.rate]:
        mine = lock_shares(connection, rated, now, ahead=SHARE)
        plans |= _rows(connection, mine)  # others may have taken their shares before we got the lock
    targets = _in_turn(connection, plans, found, mine, now)
    lease_until = rows[0].db_time + lease
    taken = [(each.broadcast, each.id, owner, lease_until, claims + 1) for each in targets]
    update_rows(connection, deliveries, DELIVERY_KEY, ("owner", "lease_until", "claims"), taken)
    numbers = {int(row.broadcast) for row in targets}
    return Batch(owner, {number: plans[number] for number in numbers}, targets, claims=claims + 1)


_SUSPECT = (
    sa.select(sa.literal(1))
    .join(broadcasts, _B.id == _D.broadcast)
    .where(_D.due <= bindparam("now"), _D.claims >= CAREFUL - 1, _B.state == BroadcastState.RUNNING.value, IS_ROW_FREE)
    .limit(1)
    .with_for_update(of=deliveries, skip_locked=True)
)


def has_suspects(connection: Connection, now: Millis) -> bool:
    """Whether a delivery is due that may kill its worker, and that nobody has locked."""
    return connection.scalar(_SUSPECT, {"now": now}) is not None


def _alike(rows: Sequence[Any], claims: int) -> list[Target]:
    """Those that were claimed as often as the first, as many as may be claimed together."""
    most = len(rows) if not claims else _AGAIN if claims == 1 else 1
    return [Target._make(row[: len(Target._fields)]) for row in rows if row.claims == claims][:most]


def _give_up(connection: Connection, lost: Sequence[Record], now: Millis) -> None:
    """Ends these deliveries: their last worker died while it had nothing else."""
    rows = [(each.broadcast, each.channel, each.state, each.outcome, each.at, None, None, 0) for each in lost]
    columns = ("state", "outcome", "at", "due", "owner", "claims")
    update_rows(connection, deliveries, DELIVERY_KEY, columns, rows)
    for each in lost:
        add_counts(connection, {(each.broadcast, 0, each.state, WORKER_LOST): 1})
    finish_broadcasts(connection, {each.broadcast for each in lost}, now)


def _in_turn(
    connection: Connection, rows: Mapping[int, Row[Any]], found: Sequence[Target], mine: Container[int], now: Millis
) -> list[Target]:
    """The targets that may be sent now: for a broadcast with a rate limit, as many as are left of its share, if that is
    among `mine`. The rest get later due times, spread out at that rate, so that a large backlog of retries isn't read
    again for every batch."""
    taken: list[Target] = []
    later: list[tuple[Any, ...]] = []
    paced, spread = dict[int, float](), dict[int, float]()
    for number, row in rows.items():
        if row.rate:
            is_far = row.paced_until > now + FAR
            paced[number] = max(now, 0 if is_far else row.paced_until)
            spread[number] = max(now + SHARE, 0 if is_far else row.spread_until)
    for target in found:
        number = int(target.broadcast)
        if number not in paced:
            taken.append(target)
        elif number in mine and paced[number] < now + SHARE:
            paced[number] += 1000 / rows[number].rate
            taken.append(target)
        else:
            spread[number] += 1000 / rows[number].rate
            later.append((number, target.id, int(spread[number]), None))
    update_rows(connection, deliveries, DELIVERY_KEY, ("due", "owner"), later)
    for number, moment in paced.items():
        if number in mine:
            statement = sa.update(broadcasts).where(broadcasts.c.id == number)
            connection.execute(statement.values(paced_until=ceil(moment), spread_until=int(spread[number])))
    return taken


def _rows(connection: Connection, numbers: Iterable[int]) -> dict[int, Row[Any]]:
    found = connection.execute(sa.select(broadcasts).where(in_list(connection, _B.id, list(numbers))))
    return {row.id: row for row in found}


def keep_due(connection: Connection, batch: Batch, lease: Millis) -> bool:
    """Renews the lease of the deliveries still in progress; False if another worker has taken them."""
    mine = sa.update(deliveries).where(_D.owner == batch.owner, _D.due.is_not(None))
    return connection.execute(mine.values(lease_until=db_now() + lease)).rowcount > 0


def release_due(connection: Connection, batch: Batch) -> None:
    """Gives back deliveries that were claimed but not sent; another worker may take them at once."""
    _release_due(connection, batch.owner)


def _release_due(connection: Connection, owner: str) -> None:
    mine = sa.update(deliveries).where(_D.owner == owner, _D.due.is_not(None))
    connection.execute(mine.values(owner=None, claims=_D.claims - 1))


def release_owned(connection: Connection, owner: str) -> None:
    """Gives back whatever this owner may have claimed."""
    _release_due(connection, owner)
    mine = sa.update(lanes).where(lanes.c.owner == owner)
    connection.execute(mine.values(owner=None, starts=lanes.c.starts - 1, ahead=lanes.c.cursor))


def release_all(connection: Connection) -> None:
    """Gives back everything that is claimed, for the only worker of a file: earlier workers are dead. Their claims stay
    counted."""
    connection.execute(
        sa.update(lanes).where(IS_OPEN, lanes.c.owner.is_not(None)).values(owner=None, ahead=lanes.c.cursor)
    )
    connection.execute(sa.update(deliveries).where(_D.owner.is_not(None)).values(owner=None))
