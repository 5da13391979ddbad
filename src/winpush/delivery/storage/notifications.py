"""The SQL of `notify`: any number of notifications, each to the channels of one key, in as few statements as one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

from winpush.delivery.states import BroadcastState, DeliveryState
from winpush.delivery.storage.broadcasts import NewBroadcast
from winpush.delivery.storage.database import Millis, in_list, insert_rows, insert_values, reserve_numbers, run_sql
from winpush.delivery.storage.notifier import CHANNEL
from winpush.delivery.storage.schema import broadcasts, channels, deliveries

__all__ = ["NewNotification", "store_notifications"]


@dataclass(frozen=True, slots=True)
class NewNotification:
    """What `notify` stores: a broadcast without lanes, to the channels that have this key `now`."""

    broadcast: NewBroadcast
    key: str
    now: Millis


_GIVEN = NewBroadcast.__slots__
_read_given = attrgetter(*_GIVEN)
_RUNNING, _FINISHED = BroadcastState.RUNNING.value, BroadcastState.FINISHED.value
_WAITING = DeliveryState.WAITING.value


def store_notifications(connection: Connection, given: Sequence[NewNotification]) -> list[int]:
    """Stores them and tells the workers. Returns their numbers in that order; for an idempotency key that was used
    before, the earlier number. A notification without a channel is finished at once."""
    store = _store_in_file if connection.dialect.name == "sqlite" else _store_on_server
    numbers, made = store(connection, given)
    if len(made) == len(given):
        return numbers
    keys = {number: each.broadcast.idempotency_key for number, each in zip(numbers, given, strict=True)}
    earlier = _numbers_of(connection, {key for number, key in keys.items() if number not in made})
    return [number if number in made else earlier[keys[number]] for number in numbers]


def _numbers_of(connection: Connection, idempotency_keys: set[str | None]) -> dict[str | None, int]:
    key = broadcasts.c.idempotency_key
    chosen = sa.select(key, broadcasts.c.id).where(in_list(connection, key, sorted(filter(None, idempotency_keys))))
    return {row.idempotency_key: row.id for row in connection.execute(chosen)}


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _store_on_server(connection: Connection, given: Sequence[NewNotification]) -> tuple[list[int], set[int]]:
    """One statement, so one round trip: another thread may hold the GIL after each."""
    # In the order of their keys: transactions that wait for each other's in different orders deadlock.
    places = sorted(range(len(given)), key=lambda place: given[place].broadcast.idempotency_key or "")
    rows = [(place, *_read_given(given[place].broadcast), given[place].key, given[place].now) for place in places]
    found = run_sql(connection, _statement(), tuple(map(list, zip(*rows, strict=True))))
    numbers = {row.place: row.id for row in found}
    made = {row.id for row in found if row.is_made}
    return [numbers[place] for place in range(len(given))], made


@cache
def _statement() -> str:
    """`given` numbers each; `sent` pairs them with their channels; `made` has those whose idempotency key is new.

    OFFSET 0 keeps the planner from choosing another index: without statistics, as after an import, it would read the
    whole index of live channels.
    """
    kinds = [("place", "int"), *((name, _kind(name)) for name in _GIVEN), ("key", "text"), ("now", "bigint")]
    names = ", ".join(name for name, _ in kinds)
    arrays = ", ".join(f"?::{kind}[]" for _, kind in kinds)
    own = ", ".join(f'"{name}"' for name in _GIVEN)
    return f"""
WITH given AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('{broadcasts.name}', 'id')) AS id, * FROM unnest({arrays}) AS given({names})
), sent AS MATERIALIZED (
    SELECT given.id AS broadcast, one.id AS channel, now, not_before FROM given CROSS JOIN LATERAL (
        SELECT id, gone_at FROM {channels.name} WHERE "key" = given.key OFFSET 0
    ) AS one WHERE gone_at IS NULL
), made AS (
    INSERT INTO {broadcasts.name} (id, {own}, created_at, paced_until, last_channel, refusals, state, ended_at)
    SELECT id, {own}, now, not_before, 0, '{{}}',
        CASE WHEN has_any THEN '{_RUNNING}' ELSE '{_FINISHED}' END, CASE WHEN NOT has_any THEN now END
    FROM (SELECT *, id IN (SELECT broadcast FROM sent) AS has_any FROM given) AS given
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id
), written AS (
    INSERT INTO {deliveries.name} (broadcast, channel, state, attempts, at, due)
    SELECT broadcast, channel, '{_WAITING}', 0, now, not_before FROM sent WHERE broadcast IN (SELECT id FROM made)
)
SELECT place, id, id IN (SELECT id FROM made) AS is_made, (SELECT pg_notify('{CHANNEL}', '')) FROM given
"""  # noqa: S608 - names of ours


def _kind(name: str) -> str:
    return str(broadcasts.c[name].type.compile(postgresql.dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _store_in_file(connection: Connection, given: Sequence[NewNotification]) -> tuple[list[int], set[int]]:
    addressed = _channels_of(connection, {each.key for each in given})
    numbers = reserve_numbers(connection, broadcasts, len(given))
    rows = [_row(number, each, addressed) for number, each in zip(numbers, given, strict=True)]
    insert_values(connection, broadcasts, _ROW, rows, known_by="idempotency_key")
    made = set(numbers)
    if any(each.broadcast.idempotency_key is not None for each in given):
        found = sa.select(broadcasts.c.id).where(broadcasts.c.id >= numbers[0])
        made &= set(connection.scalars(found))
    sent = [
        (number, channel, _WAITING, 0, each.now, each.broadcast.not_before)
        for number, each in zip(numbers, given, strict=True)
        if number in made
        for channel in addressed.get(each.key, ())
    ]
    insert_rows(connection, deliveries, ("broadcast", "channel", "state", "attempts", "at", "due"), sent)
    return list(numbers), made


_ROW = ("id", *_GIVEN, "created_at", "paced_until", "last_channel", "refusals", "state", "ended_at")


def _row(number: int, each: NewNotification, addressed: dict[str, list[int]]) -> tuple[Any, ...]:
    state, ended_at = (_RUNNING, None) if each.key in addressed else (_FINISHED, each.now)
    return (number, *_read_given(each.broadcast), each.now, each.broadcast.not_before, 0, "{}", state, ended_at)


def _channels_of(connection: Connection, keys: set[str]) -> dict[str, list[int]]:
    """The live channels of each key that has any."""
    statement = f"""
SELECT "key", id FROM {channels.name}
WHERE gone_at IS NULL AND "key" IN (SELECT value FROM json_each(?)) ORDER BY id
"""  # noqa: S608 - a name of ours
    found: dict[str, list[int]] = {}
    for row in run_sql(connection, statement, (json.dumps(list(keys)),)):
        found.setdefault(row.key, []).append(row.id)
    return found
