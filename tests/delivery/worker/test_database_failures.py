"""A database that can't be written to, or goes away: sending stops, and nothing is lost or sent twice."""

from __future__ import annotations

import asyncio
import logging
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.delivery.clock import Clock
from tests.delivery.noticed import Noticed, noticed
from tests.delivery.sending import accepted
from tests.waiting import PATIENCE
from winpush import mpns
from winpush.delivery import DatabaseError, DeliveryState, Outbox, OutcomeEvent, Worker, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import lanes
from winpush.emulator import Emulator, Phone

TOAST = mpns.Toast("Hello")


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No file can grow beyond a little more than the biggest of this folder: writing fails as on a full disk."""
    biggest = max(path.stat().st_size for path in folder.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (biggest + 20_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_full_disk_stops_the_sending_and_nothing_is_lost_or_sent_twice(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, tmp_path: Path
) -> None:
    done = threading.Event()
    events: list[OutcomeEvent] = []

    def count(event: OutcomeEvent) -> None:
        events.append(event)
        if len(events) == 300:
            done.set()

    noticed = Noticed()
    logger = logging.getLogger("winpush.delivery")
    logger.addHandler(noticed)
    outbox = make_outbox(settings=WorkerSettings(batch=20, batches=1, store_after=20), hooks=[count])
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(300))
    number = outbox.broadcast(TOAST)
    try:
        with full_disk(tmp_path):
            outbox.start()
            assert noticed.event.wait(PATIENCE)
            assert not done.is_set()
        assert done.wait(PATIENCE)
    finally:
        logger.removeHandler(noticed)
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 300}
    assert [phone.accepted for phone in winpush_emulator.phones if isinstance(phone, Phone)] == [1] * 300


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_that_another_process_locks_for_long_is_waited_for(
    url: str, clock: Clock, winpush_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()
    noticed = Noticed()
    logger = logging.getLogger("winpush.delivery")
    logger.addHandler(noticed)
    impatient = Outbox(
        f"{url}?timeout=0.1", allow_hosts=winpush_emulator.authorities, hooks=[lambda _event: done.set()]
    )
    other = Database(url)
    try:
        impatient.register(winpush_emulator.create_channel().uri)
        impatient.broadcast(TOAST)
        with other.write():
            impatient.start()
            assert noticed.event.wait(PATIENCE)
            with pytest.raises(DatabaseError, match="locked"):
                impatient.broadcast(TOAST)
        assert done.wait(PATIENCE)
    finally:
        logger.removeHandler(noticed)
        impatient.close()
        other.close()
    told = [(record.__dict__["outage"], record.__dict__["state"]) for record in caplog.records]
    assert told == [("The database", "began"), ("The database", "ended")]
    assert [phone.accepted for phone in winpush_emulator.phones if isinstance(phone, Phone)] == [1]


@pytest.mark.parametrize(("after", "written"), [("sends", 4), ("claim", 2)])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_worker_that_is_stopped_while_its_last_outcomes_cant_be_written_tries_again(
    url: str, clock: Clock, winpush_emulator: Emulator, make_outbox: Callable[..., Outbox], after: str, written: int
) -> None:
    """Another takes the file after the sends, or after the claim and before the first half of the batch is written. It
    gives it back when the stopped worker asks how long it may try."""
    outbox = make_outbox()
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(4))
    number = outbox.broadcast(TOAST)
    impatient, other = Database(f"{url}?timeout=0.1"), Database(url)
    lock, taken, stopped = ExitStack(), False, False

    def has_come() -> bool:
        if after == "sends":
            return sum(accepted(winpush_emulator)) == 4
        with other.read() as connection:
            return connection.scalar(sa.select(lanes.c.owner)) is not None

    def monotonic() -> float:
        nonlocal taken
        if stopped:
            lock.close()
        elif not taken and has_come():
            taken = True
            lock.enter_context(other.write())
        return time.monotonic()

    async def run() -> None:
        nonlocal stopped
        worker = Worker(
            impatient,
            "stopped",
            {"allow_hosts": winpush_emulator.authorities},
            clock=clock,
            settings=WorkerSettings(batch=4, batches=1),
            monotonic=monotonic,
        )
        working = asyncio.create_task(worker.run())
        await asyncio.to_thread(handler.event.wait, PATIENCE)
        worker.stop()
        stopped = True
        await working

    with noticed() as handler, lock:
        asyncio.run(run())
    impatient.close()
    other.close()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: written}
    outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == [1] * 4
