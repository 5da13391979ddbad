"""A worker that finishes a batch continues with the next one."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.delivery.clock import Clock
from tests.delivery.sending import accepted
from tests.waiting import PATIENCE, eventually
from winpush import mpns
from winpush.delivery import Audience, BroadcastState, DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database, to_millis
from winpush.delivery.storage.schema import broadcasts, deliveries, lanes
from winpush.emulator import Emulator, Phone

TOAST = mpns.Toast("Hello")
FEW = WorkerSettings(batch=10, batches=2)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_on_sqlite_a_batch_costs_one_commit(make_outbox: Callable[..., Outbox], winpush_emulator: Emulator) -> None:
    outbox = make_outbox(settings=FEW)
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(200))
    outbox.broadcast(TOAST)
    written: list[sa.Connection] = []

    def count(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("winpush_writes"):
            written.append(connection)

    event.listen(sa.Engine, "commit", count)
    try:
        outbox.deliver_until_idle()
    finally:
        event.remove(sa.Engine, "commit", count)
    assert accepted(winpush_emulator) == [1] * 200
    # Half a batch is written at once. A few more are for claims and, the longer it takes, for heartbeats.
    assert 40 <= len(written) < 2 * 40


def test_half_a_batch_is_sent_while_the_half_before_it_is_written(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    """And no more than that: what is sent and not written is the most that a crash sends twice."""
    outbox = make_outbox(settings=WorkerSettings(batch=10, batches=1))
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(30))
    number = outbox.broadcast(TOAST)
    writes, released = threading.Event(), threading.Event()

    def block(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        # The move of the cursor, which begins each write.
        if statement.startswith(f"UPDATE {lanes.name}") and " run=" in statement and not writes.is_set():
            writes.set()
            released.wait(PATIENCE)

    event.listen(sa.Engine, "before_cursor_execute", block)
    try:
        outbox.start()
        assert writes.wait(PATIENCE)
        eventually(lambda: sum(accepted(winpush_emulator)) == 10)
        released.set()
        eventually(lambda: outbox.progress(number).state is BroadcastState.FINISHED)
    finally:
        released.set()
        event.remove(sa.Engine, "before_cursor_execute", block)
    assert accepted(winpush_emulator) == [1] * 30


def test_a_claim_that_fails_does_not_take_the_outcomes_of_the_batch_before_with_it(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=10, batches=1))
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(10))
    good = outbox.broadcast(TOAST)
    clock.ahead += timedelta(seconds=1)
    created = to_millis(outbox.get_broadcast(outbox.broadcast(TOAST)).created_at)

    def fail(_connection: object, _cursor: object, _statement: str, parameters: Any, *_: object) -> None:
        if created in (parameters.values() if isinstance(parameters, dict) else parameters):
            raise LookupError("the audience of the other")

    event.listen(sa.Engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(LookupError, match="of the other"):
            outbox.deliver_until_idle()
    finally:
        event.remove(sa.Engine, "before_cursor_execute", fail)
    assert accepted(winpush_emulator) == [1] * 10
    assert outbox.progress(good).states == {DeliveryState.DELIVERED: 10}


def test_more_batches_than_connections_still_send_to_each_channel_once(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=10, batches=5, store_after=4), max_connections=2)
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(120))
    number = outbox.broadcast(mpns.Toast("Hello"))
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 120}
    assert {phone.accepted for phone in winpush_emulator.phones if isinstance(phone, Phone)} == {1}


@pytest.mark.parametrize("content", ["{", '{"format": 99}', '{"format": 1, "mpns": {"kind": "hologram"}}'])
def test_content_that_cant_be_read_stops_its_broadcast_and_no_other(
    outbox: Outbox, winpush_emulator: Emulator, url: str, content: str
) -> None:
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(10))
    poisoned, good = outbox.broadcast(TOAST), outbox.broadcast(TOAST)
    database = Database(url)
    with database.write() as connection:
        change = sa.text("UPDATE winpush_broadcasts SET content = :content WHERE id = :id")
        connection.execute(change, {"content": content, "id": poisoned})
    database.close()
    outbox.deliver_until_idle()
    progress = outbox.progress(poisoned)
    assert progress.state is BroadcastState.STOPPED
    assert progress.states == {DeliveryState.STOPPED: 10}
    assert "content can't be read" in (progress.stop_reason or "")
    assert outbox.progress(good).states == {DeliveryState.DELIVERED: 10}


UNREADABLE = [
    "of a later version",
    '{"format":2}',
    '{"format":1,"region":"EU"}',
    '{"format":1,"keys":"ada"}',
    '{"format":1,"keys":[7]}',
    '{"format":1,"attributes":{"a":[]}}',
    '{"app_version_from":"later","format":1}',
]


def with_audience(url: str, number: int, audience: str) -> None:
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.update(broadcasts).where(broadcasts.c.id == number).values(audience=audience))
    database.close()


@pytest.mark.parametrize("audience", UNREADABLE)
def test_an_audience_that_cant_be_read_stops_its_broadcast_and_no_other(
    outbox: Outbox, winpush_emulator: Emulator, url: str, audience: str
) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    poisoned, single, good = outbox.broadcast(TOAST), outbox.notify("ada", TOAST), outbox.broadcast(TOAST)
    with_audience(url, poisoned, audience)
    with_audience(url, single, audience)
    assert outbox.progress(poisoned, detailed=True).total == 0
    outbox.deliver_until_idle()
    for number, states in ((poisoned, {}), (single, {DeliveryState.STOPPED: 1})):
        progress = outbox.progress(number, detailed=True)
        assert (progress.state, progress.states) == (BroadcastState.STOPPED, states)
        assert "Its audience can't be read (ValidationError: audience: " in (progress.stop_reason or "")
    assert outbox.progress(good).states == {DeliveryState.DELIVERED: 1}
    assert accepted(winpush_emulator) == [1]


def test_a_broadcast_whose_audience_cant_be_read_can_be_cancelled(
    outbox: Outbox, winpush_emulator: Emulator, url: str
) -> None:
    outbox.register(winpush_emulator.create_channel().uri)
    poisoned, good = outbox.broadcast(TOAST), outbox.broadcast(TOAST)
    with_audience(url, poisoned, '{"format":2}')
    outbox.cancel(poisoned)
    outbox.deliver_until_idle()
    assert outbox.progress(poisoned).state is BroadcastState.CANCELLED
    assert outbox.progress(good).states == {DeliveryState.DELIVERED: 1}


def test_an_audience_that_today_would_be_refused_is_read_as_it_was_stored(
    outbox: Outbox, winpush_emulator: Emulator, url: str
) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "locale": "de"})
    number = outbox.broadcast(TOAST)
    with_audience(url, number, '{"format":1,"locales":["de","de AT","x!"],"no_tags":["a b"],"platforms":["8.0","9"]}')
    outbox.deliver_until_idle()
    assert outbox.progress(number).state is BroadcastState.FINISHED


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("cancels", [False, True])
def test_an_audience_that_is_too_large_for_the_database_stops_its_broadcast_and_no_other(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, cancels: bool
) -> None:
    outbox = make_outbox()
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "7"})
    large, good = outbox.broadcast(TOAST, Audience(keys=map(str, range(500)))), outbox.broadcast(TOAST)
    if cancels:
        outbox.cancel(large)

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 250)

    event.listen(sa.Engine, "checkout", limit)
    try:
        outbox.deliver_until_idle()
    finally:
        event.remove(sa.Engine, "checkout", limit)
    progress = outbox.progress(large)
    assert progress.state is (BroadcastState.CANCELLED if cancels else BroadcastState.STOPPED)
    said = "Its audience has too many conditions for the database (too many SQL variables)"
    assert cancels or said in (progress.stop_reason or "")
    assert outbox.progress(good).states == {DeliveryState.DELIVERED: 1}


def test_content_that_cant_be_read_keeps_its_channel_from_no_other_notification(
    outbox: Outbox, winpush_emulator: Emulator, url: str
) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    poisoned, good = outbox.notify("ada", TOAST), outbox.notify("ada", TOAST)
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.update(broadcasts).where(broadcasts.c.id == poisoned).values(content="{"))
    database.close()
    outbox.deliver_until_idle()
    assert outbox.progress(poisoned).states == {DeliveryState.STOPPED: 1}
    assert outbox.progress(good).states == {DeliveryState.DELIVERED: 1}


def test_what_may_kill_its_worker_runs_alone_and_is_not_counted_while_it_waits(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, url: str
) -> None:
    """Its lane was started four times without a write, and a retry was claimed twice: the process has died of one of
    them, or of something else."""
    outbox = make_outbox(settings=FEW)
    outbox.register_many({"uri": winpush_emulator.create_channel().uri, "key": "all"} for _ in range(60))
    numbers = [outbox.broadcast(TOAST), outbox.broadcast(TOAST), outbox.notify("all", TOAST)]
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.update(lanes).where(lanes.c.broadcast == numbers[0]).values(starts=4))
        connection.execute(sa.update(deliveries).values(claims=2))
    database.close()
    outbox.deliver_until_idle()
    assert [outbox.progress(number).states for number in numbers] == [{DeliveryState.DELIVERED: 60}] * 3
    assert accepted(winpush_emulator) == [3] * 60
    database = Database(url)
    with database.read() as connection:
        assert set(connection.scalars(sa.select(lanes.c.starts))) == {0}
        assert set(connection.scalars(sa.select(deliveries.c.claims))) == {0}
    database.close()
