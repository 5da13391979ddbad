"""The history is kept for a set time, and then deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from tests.delivery.clock import Clock
from winpush import ConfigurationError, mpns
from winpush.delivery import Outbox
from winpush.delivery.storage import history
from winpush.delivery.storage.database import Database, to_millis
from winpush.delivery.worker.retention import clear_old
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")


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
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(5))
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(days=2)
    database = Database(url)
    steps: list[int] = []

    async def store(work: Callable[[Connection], int]) -> int:
        steps.append(database.run(work))
        return steps[-1]

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
