"""A lane that another worker has taken over, or seems to have."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from winpush.delivery.storage.schema import attempts, deliveries
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


class Silent:
    """A service that answers when the test says so, and what a worker says to its database meanwhile."""

    def __init__(self, table: sa.Table) -> None:
        self.service, self.released, self.beats, self._table = Service(), threading.Event(), 0, table
        self.service.answer = self._answer

    def _answer(self, _: bytes) -> bytes:
        self.released.wait(PATIENCE)
        return reply(200, {"X-WNS-Status": "received"})

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.beats += statement.startswith("UPDATE") and f"{self._table.name} SET lease_until" in statement

    @contextmanager
    def watched(self) -> Iterator[None]:
        event.listen(sa.Engine, "before_cursor_execute", self._note)
        try:
            yield
        finally:
            event.remove(sa.Engine, "before_cursor_execute", self._note)

    async def take_over(self, database: Database, clock: Clock, is_sending: Callable[[], object]) -> None:
        """Once the batch is being sent, another worker takes it; the heartbeat finds out before the first answer."""
        options: ClientOptions = {**self.service.options, "max_connections": 1, "timeout": PATIENCE}
        worker = Worker(database, "w", options, clock=clock, settings=SHORT)
        working = asyncio.create_task(worker.run())
        await until(lambda: self.service.sends and is_sending())
        with database.write() as connection:
            far = to_millis(clock() + timedelta(days=1))
            connection.execute(
                sa.update(self._table).where(self._table.c.owner.is_not(None)).values(owner="other/1", lease_until=far)
            )
        before = self.beats
        await until(lambda: self.beats >= before + 2)
        self.released.set()
        await until(lambda: has_history(database))
        worker.stop()
        await working


def has_history(database: Database) -> bool:
    with database.read() as connection:
        return bool(connection.scalar(sa.select(sa.func.count()).select_from(attempts)))


def test_nothing_of_what_was_read_ahead_is_sent_once_the_heartbeat_has_found_another_owner(
    make_outbox: Callable[..., Outbox], url: str, clock: Clock
) -> None:
    silent = Silent(table)
    database, service = Database(url), silent.service
    with service.server, silent.watched():
        outbox = make_outbox(**service.options)
        for number in range(30):
            outbox.register(service.uri(number))
        outbox.broadcast(TOAST)
        asyncio.run(silent.take_over(database, clock, lambda: lane_of(database).ahead == 20))
    database.close()
    # The first, and one that may have been handed to the client behind it.
    assert 1 <= len(service.sends) <= 2


def test_nothing_more_is_sent_of_single_notifications_that_another_worker_has_taken_over(
    make_outbox: Callable[..., Outbox], url: str, clock: Clock
) -> None:
    """Two of them are for one channel, and go in turn."""
    silent = Silent(deliveries)
    database, service = Database(url), silent.service
    with service.server, silent.watched():
        outbox = make_outbox(**service.options)
        for number in range(10):
            outbox.register({"uri": service.uri(number), "key": f"user {number}"})
            outbox.notify(f"user {number}", TOAST)
        outbox.notify("user 0", TOAST)
        asyncio.run(silent.take_over(database, clock, lambda: True))
    database.close()
    assert 1 <= len(service.sends) <= 2
