"""A lane that another worker has taken over, or seems to have."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, event

from tests.client.service import TOAST, Service, reply
from tests.delivery.clock import Clock
from tests.delivery.sending import register
from tests.waiting import PATIENCE, until
from winpush.client.options import ClientOptions
from winpush.delivery import Outbox, WorkerSettings
from winpush.delivery.storage import lanes
from winpush.delivery.storage.database import Database, to_millis
from winpush.delivery.storage.rows import Batch
from winpush.delivery.storage.schema import attempts
from winpush.delivery.storage.schema import lanes as table
from winpush.delivery.worker.batch import Sending
from winpush.delivery.worker.outages import Outages
from winpush.delivery.worker.worker import Worker
from winpush.delivery.worker.writer import Writer
from winpush.emulator import Emulator

T = TypeVar("T")
LEASE = 60_000
SHORT = WorkerSettings(batch=20, batches=1, lease=timedelta(seconds=0.3), stop=timedelta(seconds=PATIENCE))


@pytest.fixture
def database(url: str, outbox: Outbox, winpush_emulator: Emulator) -> Iterator[Database]:
    """With a broadcast to thirty channels, in one lane."""
    register(outbox, winpush_emulator, 30)
    outbox.broadcast(TOAST)
    made = Database(url)
    yield made
    made.close()


def claim(database: Database, clock: Clock) -> Batch:
    with database.write() as connection:
        batch = lanes.claim_lane(connection, "w/1", to_millis(clock()), LEASE, 10)
    assert batch is not None
    return batch


def lane_of(database: Database) -> sa.Row[Any]:
    with database.read() as connection:
        return connection.execute(sa.select(table)).one()


def test_it_is_free_at_once_when_its_worker_has_it_and_leaves_it(database: Database, clock: Clock) -> None:
    """A heartbeat said that it was lost; then the write of the half before took it back."""

    async def store(work: Callable[[Connection], T], **_options: bool) -> T:
        with database.write() as connection:
            return work(connection)

    outages = Outages("w", lambda: 0.0)
    now, nobody = lambda: to_millis(clock()), lambda: "w/2"
    writer = Writer(store, "w", WorkerSettings(batch=20), (), outages, now, nobody, lambda: False)  # type: ignore[arg-type]  # a stand-in
    sending = Sending(claim(database, clock), {}, {}, is_lost=True)
    assert lane_of(database).owner == "w/1"
    assert asyncio.run(writer.end(sending, share=False)) is None
    assert (lane_of(database).owner, lane_of(database).cursor) == (None, 0)


def test_what_is_read_ahead_never_lies_beyond_its_end(database: Database, clock: Clock) -> None:
    """Another worker had it in between, and a third has cut it."""
    first = claim(database, clock)
    with database.write() as connection:
        second = lanes.read_ahead(connection, first, to_millis(clock()), 10, share=False)
        assert second is not None
        assert second.lane is not None
        connection.execute(sa.update(table).values(last=15, ahead=10))
        assert lanes.move_cursor(connection, first, LEASE, 10, second.lane.end) is not None
        assert lanes.read_ahead(connection, second, to_millis(clock()), 10, share=False) is None
        assert lanes.move_cursor(connection, second, LEASE, 10) is None
    assert (lane_of(database).cursor, lane_of(database).ahead) == (10, 15)


def test_nothing_of_what_was_read_ahead_is_sent_once_the_heartbeat_has_found_another_owner(
    make_outbox: Callable[..., Outbox], url: str, clock: Clock
) -> None:
    service, beats = Service(), list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE") and f"{table.name} SET lease_until" in statement:
            beats.append(statement)

    def has_history() -> bool:
        with database.read() as connection:
            return bool(connection.scalar(sa.select(sa.func.count()).select_from(attempts)))

    async def run() -> None:
        options: ClientOptions = {**service.options, "max_connections": 1, "timeout": PATIENCE}
        worker = Worker(database, "w", options, clock=clock, settings=SHORT)
        working = asyncio.create_task(worker.run())
        await until(lambda: service.sends and lane_of(database).ahead == 20)
        with database.write() as connection:
            far = to_millis(clock() + timedelta(days=1))
            connection.execute(sa.update(table).values(owner="other/1", lease_until=far))
        before = len(beats)
        await until(lambda: len(beats) >= before + 2)
        released.set()
        await until(has_history)
        worker.stop()
        await working

    released = threading.Event()

    def answer(_: bytes) -> bytes:
        released.wait(PATIENCE)
        return reply(200, {"X-WNS-Status": "received"})

    service.answer = answer
    database = Database(url)
    with service.server:
        outbox = make_outbox(**service.options)
        for number in range(30):
            outbox.register(service.uri(number))
        outbox.broadcast(TOAST)
        event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            asyncio.run(run())
        finally:
            event.remove(sa.Engine, "before_cursor_execute", note)
            database.close()
    # The first, and one that may have been handed to the client behind it.
    assert 1 <= len(service.sends) <= 2
