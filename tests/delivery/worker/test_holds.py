"""A wait that a service asked of one worker is respected by the others in mid-batch; so is a broadcast paused or
cancelled."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.client.service import TOAST, Service, reply
from tests.delivery.clock import Clock
from tests.waiting import PATIENCE, eventually
from winpush.delivery import DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage import schedule
from winpush.delivery.storage.database import Database, to_millis
from winpush.delivery.storage.schema import holds


@contextmanager
def silent(batch: int, make_outbox: Callable[..., Outbox]) -> Iterator[tuple[Service, Outbox, threading.Event]]:
    """A service that answers once the event is set, and an outbox with ten channels that sends to one at a time."""
    service, released = Service(), threading.Event()

    def answer(_: bytes) -> bytes:
        released.wait(PATIENCE)
        return reply(200, {"X-WNS-Status": "received"})

    service.answer = answer
    with service.server:
        outbox = make_outbox(**service.options, settings=WorkerSettings(batch=batch, batches=1), max_connections=1)
        for number in range(10):
            outbox.register({"uri": service.uri(number), "key": "all"})
        yield service, outbox, released
        outbox.close()


@contextmanager
def looks(at: str = f"FROM {holds.name}") -> Iterator[list[str]]:
    """A list that grows with each query for the apps on hold, or for something else."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT") and at in statement.replace("\n", " "):
            seen.append(statement)

    event.listen(sa.Engine, "after_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(sa.Engine, "after_cursor_execute", note)


@pytest.mark.parametrize("batch", [20, 10])
def test_a_batch_under_way_stops_for_an_app_that_another_worker_was_told_to_hold(
    make_outbox: Callable[..., Outbox], url: str, clock: Clock, batch: int
) -> None:
    """One that was read before, and is sent next, too: the halves of a batch follow each other."""
    with silent(batch, make_outbox) as (service, outbox, released), looks() as seen:
        broadcast = outbox.broadcast(TOAST)
        outbox.start()
        eventually(lambda: service.sends)
        other = Database(url)
        with other.write() as connection:
            schedule.hold(connection, ("wns", None), to_millis(clock() + timedelta(hours=1)))
        other.close()
        before = len(seen)
        eventually(lambda: len(seen) >= before + 4)  # two of them may have been those of a read
        released.set()
        eventually(lambda: sum(outbox.progress(broadcast).states.values()) == 10)
        states = outbox.progress(broadcast).states
    # The first, and one that may have been handed to the client behind it.
    assert 1 <= len(service.sends) <= 2
    assert states == {DeliveryState.DELIVERED: len(service.sends), DeliveryState.WAITING: 10 - len(service.sends)}


AT_STATES = "winpush_broadcasts.state !="
STORE: dict[str, tuple[int, Callable[[Outbox], int]]] = {
    "lane": (20, lambda outbox: outbox.broadcast(TOAST)),
    "halves of a lane's batch": (10, lambda outbox: outbox.broadcast(TOAST)),
    "single": (20, lambda outbox: outbox.notify("all", TOAST)),
}


@pytest.mark.parametrize(("batch", "store"), STORE.values(), ids=STORE)
@pytest.mark.parametrize("what", ["pause", "cancel"])
def test_a_batch_under_way_stops_when_its_broadcast_is_paused_or_cancelled(
    make_outbox: Callable[..., Outbox], batch: int, store: Callable[[Outbox], int], what: str
) -> None:
    with silent(batch, make_outbox) as (service, outbox, released), looks(AT_STATES) as seen:
        number = store(outbox)
        outbox.start()
        eventually(lambda: service.sends)
        getattr(outbox, what)(number)
        before = len(seen)
        eventually(lambda: len(seen) >= before + 2)
        released.set()
        eventually(lambda: outbox.progress(number).done)
        assert 1 <= len(service.sends) <= 2
        if what == "pause":
            outbox.resume(number)
        eventually(lambda: outbox.get_broadcast(number).ended_at is not None)
    sent = len(service.sends)
    assert sent == 10 if what == "pause" else 1 <= sent <= 2
    expected = Counter({DeliveryState.DELIVERED: sent}) + Counter({DeliveryState.CANCELLED: 10 - sent})
    assert outbox.progress(number).states == expected
