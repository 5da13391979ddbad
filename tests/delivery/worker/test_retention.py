"""The history is kept for a set time, and then deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from tests.delivery.clock import Clock
from winpush import ConfigurationError, ValidationError, mpns
from winpush.delivery import Outbox
from winpush.delivery.storage import history
from winpush.delivery.storage.database import Database, insert_rows, reserve_numbers, to_millis
from winpush.delivery.storage.schema import broadcasts, deliveries
from winpush.delivery.worker.retention import clear_old
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
T = TypeVar("T")


def test_what_is_older_than_it_is_to_be_kept_is_deleted(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(keep_history=timedelta(days=30))
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(5))
    old = outbox.broadcast(TOAST)
    waiting = outbox.broadcast(TOAST, not_before=clock() + timedelta(days=60))
    outbox.deliver_until_idle()
    clock.ahead += timedelta(days=20)
    recent = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(days=20)
    outbox.deliver_until_idle()
    assert {info.id for info in outbox.list_broadcasts()} == {waiting, recent}
    assert {attempt.broadcast for attempt in outbox.history()} == {recent}
    assert list(outbox.deliveries(old)) == []
    assert len(list(outbox.deliveries(recent))) == 5


def test_what_is_old_is_deleted_in_steps_that_each_have_an_end(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(keep_history=None)
    outbox.register_many({"uri": winpush_emulator.create_channel().uri, "key": "her"} for _ in range(5))
    outbox.notify("her", TOAST)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(days=2)
    database = Database(url)
    steps: list[object] = []

    async def store(work: Callable[[Connection], T]) -> T:
        result = database.run(work)
        steps.append(result)
        return result

    asyncio.run(clear_old(store, lambda: to_millis(clock()), timedelta(days=1), once=True, at_once=2))
    database.close()
    assert steps[:4] == [2, 2, 1, 0]
    assert list(outbox.history()) == []
    assert list(outbox.list_broadcasts()) == []


def test_single_notifications_are_deleted_many_at_a_time(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(keep_history=None)
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "her"})
    for _ in range(30):
        outbox.notify("her", TOAST)
    outbox.deliver_until_idle()
    later = to_millis(clock() + timedelta(days=1))
    database = Database(url)
    assert database.run(lambda connection: history.clear_broadcasts(connection, later, 5)) == 5
    assert len(list(outbox.list_broadcasts())) == 28
    assert database.run(lambda connection: history.clear_broadcasts(connection, later, 1000)) == 55
    assert database.run(lambda connection: history.clear_broadcasts(connection, later, 1000)) == 0
    database.close()
    assert list(outbox.list_broadcasts()) == []


def test_what_is_open_does_not_shield_what_has_ended(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(keep_history=timedelta(days=1))
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "her"})
    first = outbox.notify("her", TOAST, not_before=clock() + timedelta(days=365))
    copy_broadcast(url, first, 20_000)
    ended = outbox.notify("her", TOAST)
    outbox.deliver_until_idle()
    assert outbox.get_broadcast(ended).ended_at is not None
    clock.ahead += timedelta(days=2)
    outbox.deliver_until_idle()
    with pytest.raises(ValidationError, match="does not exist"):
        outbox.get_broadcast(ended)
    assert outbox.get_broadcast(first + 20_000).ended_at is None


def copy_broadcast(url: str, number: int, times: int) -> None:
    """Copies the broadcast as if it had been stored this many times."""
    database = Database(url)
    with database.write() as connection:
        (row,) = connection.execute(sa.select(broadcasts).where(broadcasts.c.id == number)).mappings()
        numbers = reserve_numbers(connection, broadcasts, times)
        rows = [(*[value for name, value in row.items() if name not in ("id", "refusals")], "{}", n) for n in numbers]
        names = (*[name for name in row if name not in ("id", "refusals")], "refusals", "id")
        insert_rows(connection, broadcasts, names, rows)
        waiting = ("broadcast", "channel", "state", "attempts", "at", "due")
        due = row["not_before"]
        insert_rows(connection, deliveries, waiting, [(n, 1, "waiting", 0, due, due) for n in numbers])
    database.close()


def test_history_can_be_kept_for_ever(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(keep_history=None)
    outbox.register(winpush_emulator.create_channel().uri)
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(days=10_000)
    outbox.deliver_until_idle()
    assert len(list(outbox.history())) == 1


def test_a_time_to_keep_that_is_none_is_refused(make_outbox: Callable[..., Outbox]) -> None:
    with pytest.raises(ConfigurationError, match="keep_history"):
        make_outbox(keep_history=timedelta())


def test_history_is_read_between_two_moments(outbox: Outbox, winpush_emulator: Emulator, clock: Clock) -> None:
    outbox.register(winpush_emulator.create_channel().uri)
    for _ in range(3):
        outbox.broadcast(TOAST)
        outbox.deliver_until_idle()
        clock.ahead += timedelta(days=1)
    now = clock()
    found = outbox.history(since=now - timedelta(days=2, hours=1), until=now - timedelta(days=1, hours=1))
    assert [attempt.broadcast for attempt in found] == [2]
