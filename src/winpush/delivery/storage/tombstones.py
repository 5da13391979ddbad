"""The SQL of channels that are gone: erasing a person's data, and deleting old tombstones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from winpush.delivery.registry.registration import Audience
from winpush.delivery.states import MOVES, BroadcastState, DeliveryState, Move
from winpush.delivery.storage.broadcasts import change
from winpush.delivery.storage.broadcasts import finish as finish_broadcasts
from winpush.delivery.storage.claims import DELIVERY_KEY
from winpush.delivery.storage.database import Millis, in_list, update_rows
from winpush.delivery.storage.finalize import add_counts
from winpush.delivery.storage.rows import Record
from winpush.delivery.storage.schema import ERASED, attempts, broadcasts, channels, deliveries, lanes, tags
from winpush.delivery.storage.segments import blank

__all__ = ["clear_tombstones", "erase", "erase_key", "of_key", "without_ids"]

_KEPT = ("id", "uri", "service", "registered_at", "renewed_at", "gone_at", "gone_reason")
_EMPTY: dict[str, Any] = {column.name: None for column in channels.columns if column.name not in _KEPT}
# Somebody may have the key "erased", and the tag: nobody has it and has it not.
_NOBODY = Audience(keys={ERASED}, all_tags={ERASED}, no_tags={ERASED}).to_json()
_NO_IDS: dict[str, Any] = {"message_id": None, "debug_trace": None, "correlation_vector": None, "detail": None}


def of_key(connection: Connection, key: str) -> list[int]:
    """The numbers of all channels with this key, including gone ones."""
    return list(connection.scalars(sa.select(channels.c.id).where(channels.c.key == key).order_by(channels.c.id)))


def erase(connection: Connection, numbers: Iterable[int], now: Millis) -> int:
    """Empties these channels, and the tombstones of the same devices; returns how many of `numbers` there were.

    Only the number without a URI, the service and the times are left. Their history keeps only outcomes and times.
    """
    given = list(numbers)
    found = [*connection.scalars(sa.select(channels.c.id).where(in_list(connection, channels.c.id, given)))]
    device = channels.alias("device")
    wanted = in_list(connection, device.c.id, found)
    same = sa.exists().where(wanted, device.c.device == channels.c.device, device.c.service == channels.c.service)
    before = connection.scalars(sa.select(channels.c.id).where(channels.c.gone_at.is_not(None), same))
    every = sorted({*found, *before})
    gone = {"uri": ERASED, "gone_at": sa.func.coalesce(channels.c.gone_at, now), "gone_reason": ERASED}
    connection.execute(sa.update(channels).where(in_list(connection, channels.c.id, every)).values(**_EMPTY, **gone))
    connection.execute(sa.delete(tags).where(in_list(connection, tags.c.channel, every)))
    connection.execute(sa.update(attempts).where(in_list(connection, attempts.c.channel, every)).values(**_NO_IDS))
    blank(connection, every)
    return len(found)


def without_ids(connection: Connection, records: Sequence[Record]) -> Sequence[Record]:
    """These outcomes, without what support asks for where the channel was erased while it was sent to."""
    tried = sorted({entry.channel for entry in records if entry.tried is not None})
    if not tried:
        return records
    these = in_list(connection, channels.c.id, tried)
    erased = set(connection.scalars(sa.select(channels.c.id).where(these, channels.c.uri == ERASED)))
    return [_without_ids(entry) if entry.channel in erased else entry for entry in records] if erased else records


def _without_ids(entry: Record) -> Record:
    return entry if entry.tried is None else entry._replace(tried=entry.tried._replace(**_NO_IDS))


def erase_key(connection: Connection, key: str, now: Millis) -> int:
    """Erases all channels with this key, and the key and contents of notifications for this key alone. Cancels those
    not sent yet. Returns how many channels there were."""
    count = erase(connection, of_key(connection, key), now)
    columns = (broadcasts.c.id, broadcasts.c.state, broadcasts.c.audience)
    written = (json.dumps(key, ensure_ascii=is_ascii) for is_ascii in (True, False))
    named = sa.or_(*(broadcasts.c.audience.contains(text, autoescape=True) for text in written))
    for row in connection.execute(sa.select(*columns).where(named).order_by(broadcasts.c.id)).all():
        audience = json.loads(row.audience)
        if key in audience.get("keys", ()):
            _erase_from(connection, row, audience, key, now)
    return count


def _erase_from(connection: Connection, row: Any, audience: dict[str, Any], key: str, now: Millis) -> None:
    others = [each for each in audience["keys"] if each != key]
    values: dict[str, Any] = {"audience": json.dumps({**audience, "keys": others}, sort_keys=True)}
    if not others:
        if (BroadcastState(row.state), Move.CANCEL) in MOVES:
            change(connection, row.id, Move.CANCEL, now)
        empty = {"content": ERASED, "name": None, "idempotency_key": None}
        values = {"audience": _NOBODY, **empty}
    connection.execute(sa.update(broadcasts).where(broadcasts.c.id == row.id).values(**values))


def clear_tombstones(connection: Connection, before: Millis, limit: int, now: Millis) -> int:
    """Deletes up to `limit` of the channels that were gone before `before`; returns how many.

    Channels that have gone since a broadcast was stored are counted once its lanes reach them, so they stay until then.
    Deliveries waiting for the deleted ones end, since nothing will ever be sent to them. Leaves channels that a worker
    is sending to for later.
    """
    table = channels.c
    unread = sa.select(sa.func.min(broadcasts.c.created_at)).where(
        broadcasts.c.id.in_(sa.select(lanes.c.broadcast).where(lanes.c.parcel == 0, lanes.c.cursor < lanes.c.last))
    )
    earliest = connection.scalar(unread)
    if earliest is not None:
        before = min(before, earliest)
    old = sa.select(table.id).where(table.gone_at < before).order_by(table.gone_at).limit(limit)
    found = set(connection.scalars(old))
    if not found:
        return 0
    waiting = sa.select(deliveries.c.broadcast, deliveries.c.channel, deliveries.c.owner)
    these = in_list(connection, deliveries.c.channel, sorted(found))
    rows = connection.execute(waiting.where(deliveries.c.due.is_not(None), these).with_for_update()).all()
    found -= {row.channel for row in rows if row.owner is not None}
    _end(connection, [row for row in rows if row.channel in found], now)
    for owner in (tags.c.channel, channels.c.id):
        connection.execute(sa.delete(owner.table).where(in_list(connection, owner, sorted(found))))
    return len(found)


def _end(connection: Connection, rows: Sequence[Any], now: Millis) -> None:
    gone = DeliveryState.GONE.value
    ended = [(row.broadcast, row.channel, gone, None, None, now) for row in rows]
    update_rows(connection, deliveries, DELIVERY_KEY, ("state", "outcome", "due", "at"), ended)
    counted = Counter(row.broadcast for row in rows)
    add_counts(connection, {(number, 0, gone, ""): count for number, count in counted.items()})
    finish_broadcasts(connection, counted, now)
