"""A worker that is told to stop ends in time and loses nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.delivery.clock import Clock
from tests.servers import ACCEPTED, Peer, Server
from tests.waiting import PATIENCE, eventually, until
from winpush import mpns
from winpush.client.options import ClientOptions
from winpush.delivery import BroadcastState, DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database, DatabaseError
from winpush.delivery.storage.schema import lanes
from winpush.delivery.worker.outages import Outages
from winpush.delivery.worker.store import Store
from winpush.delivery.worker.worker import Worker

TOAST = mpns.Toast("Hello")
AT_ONCE = WorkerSettings(batch=10, batches=3, stop=timedelta())
NAMES = ("quick1", "slow1", "quick2", "quick3")
MakeOutbox = Callable[..., Outbox]


class SlowService:
    """Answers at once, except for the channels named slow, which get no answer before `released`."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.server = Server(self._serve)

    def _serve(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            if b"/slow" in request.partition(b"\r\n")[0]:
                self.released.wait(PATIENCE)
            peer.sock.sendall(ACCEPTED)

    def uri(self, name: str) -> str:
        return f"{self.server.authority}/throttledthirdparty/01.00/{name}"

    def sent_to(self, name: str) -> int:
        return sum(f"/{name} ".encode() in request.partition(b"\r\n")[0] for request in list(self.server.requests))


@pytest.fixture
def service() -> Iterator[SlowService]:
    made = SlowService()
    with made.server:
        yield made
        made.released.set()


def test_what_has_no_answer_when_a_worker_stops_is_sent_by_the_next_one(
    make_outbox: MakeOutbox, service: SlowService
) -> None:
    options = {"settings": AT_ONCE, "allow_hosts": [service.server.authority], "timeout": PATIENCE}
    outbox = make_outbox(**options)
    for name in NAMES:
        outbox.register(f"http://{service.uri(name)}")
    number = outbox.broadcast(TOAST)
    outbox.start()
    eventually(lambda: all(service.sent_to(name) for name in NAMES))
    outbox.close()
    outbox = make_outbox(**options)
    before = {each.channel: each for each in outbox.deliveries(number)}
    assert before.keys() == {1, 2, 3, 4}
    assert (before[2].state, before[2].attempts) == (DeliveryState.WAITING, 0)
    service.released.set()
    outbox.deliver_until_idle()
    assert outbox.progress(number).state is BroadcastState.FINISHED
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 4}
    # Another may not have had its answer read yet, either.
    again = {name for each, name in enumerate(NAMES, 1) if before[each].state is DeliveryState.WAITING}
    assert {name for name in NAMES if service.sent_to(name) == 2} == again
    assert sum(map(service.sent_to, NAMES)) == 4 + len(again)


def test_a_worker_that_stops_begins_no_half_of_a_batch_that_it_has_read_ahead(
    make_outbox: MakeOutbox, service: SlowService, clock: Clock, url: str
) -> None:
    outbox = make_outbox(allow_hosts=[service.server.authority])
    for number in range(20):
        outbox.register(f"http://{service.uri(f'slow{number}')}")
    broadcast = outbox.broadcast(TOAST)
    database = Database(url)

    def has_read_ahead() -> bool:
        with database.read() as connection:
            return connection.scalar(sa.select(lanes.c.ahead)) == 10

    async def run() -> None:
        settings = WorkerSettings(batch=10, batches=1, stop=timedelta(seconds=PATIENCE))
        options: ClientOptions = {"allow_hosts": [service.server.authority], "timeout": PATIENCE}
        worker = Worker(database, "w", options, clock=clock, settings=settings)
        working = asyncio.create_task(worker.run())
        await until(lambda: len(service.server.requests) == 5 and has_read_ahead())
        worker.stop()
        service.released.set()
        await working

    asyncio.run(run())
    database.close()
    assert len(service.server.requests) == 5
    assert outbox.progress(broadcast).states == {DeliveryState.DELIVERED: 5}
    outbox.deliver_until_idle()
    assert outbox.progress(broadcast).states == {DeliveryState.DELIVERED: 20}
    assert len(service.server.requests) == 20


def test_due_deliveries_without_an_answer_are_put_off_as_well(make_outbox: MakeOutbox, service: SlowService) -> None:
    options = {"settings": AT_ONCE, "allow_hosts": [service.server.authority], "timeout": PATIENCE}
    outbox = make_outbox(**options)
    for name in ("quick1", "slow1"):
        outbox.register({"uri": f"http://{service.uri(name)}", "key": "ada"})
    number = outbox.notify("ada", TOAST)
    outbox.start()
    eventually(lambda: service.sent_to("slow1") == 1)
    outbox.close()
    outbox = make_outbox(**options)
    assert {each.channel for each in outbox.deliveries(number, state=DeliveryState.WAITING)} >= {2}
    service.released.set()
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2}
    assert service.sent_to("slow1") == 2


def test_a_transaction_that_waits_for_the_database_is_cancelled_even_if_its_wait_ends_at_the_same_moment(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, tries = Database(url), 0
    write = database.write

    @contextmanager
    def fails_once(*, traced: bool) -> Iterator[sa.Connection]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise DatabaseError("The database is away.")
        with write(traced=traced) as connection:
            yield connection

    monkeypatch.setattr(database, "write", fails_once)

    async def run() -> None:
        failed = asyncio.Event()
        outages = Outages("w", time.monotonic)
        monkeypatch.setattr(outages, "database_failed", lambda _: failed.set())
        store = Store(database, outages, time.monotonic)
        waiting = asyncio.create_task(store(lambda _: None))
        await failed.wait()
        store.stop_waiting()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        store.close()

    asyncio.run(run())
    database.close()
    assert tries == 1
