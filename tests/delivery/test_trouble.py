"""What happens when something else than a push service is in trouble: the disk, or what is stored."""

from __future__ import annotations

import logging
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.delivery.conftest import Clock
from winpush import mpns
from winpush.delivery import BroadcastState, DatabaseError, DeliveryState, Outbox, OutcomeEvent, WorkerSettings
from winpush.delivery.storage.database import Database
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


class Noticed(logging.Handler):
    """Sets an event at the first warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.event = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.event.set()


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
    outbox = make_outbox(pace=WorkerSettings(batch=20, batches=1, store_after=20), hooks=[count])
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(300))
    number = outbox.broadcast(TOAST)
    try:
        with full_disk(tmp_path):
            outbox.start()
            assert noticed.event.wait(30)
            assert not done.is_set()
        assert done.wait(60)
    finally:
        logger.removeHandler(noticed)
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 300}
    assert [phone.accepted for phone in winpush_emulator.phones if isinstance(phone, Phone)] == [1] * 300


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


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_that_another_process_locks_for_long_is_waited_for(
    url: str, clock: Clock, winpush_emulator: Emulator
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
            assert noticed.event.wait(30)
            with pytest.raises(DatabaseError, match="locked"):
                impatient.broadcast(TOAST)
        assert done.wait(30)
    finally:
        logger.removeHandler(noticed)
        impatient.close()
        other.close()
    assert [phone.accepted for phone in winpush_emulator.phones if isinstance(phone, Phone)] == [1]
