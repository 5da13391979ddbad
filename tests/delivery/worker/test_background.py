"""The thread in which an outbox delivers outlives its workers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from tests.delivery.clock import Clock
from tests.delivery.noticed import Count
from tests.waiting import PATIENCE
from winpush import ConnectError, mpns
from winpush.delivery import Outbox, Worker
from winpush.delivery.worker.background import Background
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
AT_ONCE = timedelta()


@pytest.fixture(autouse=True)
def nothing_went_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Here, it did."""
    with caplog.at_level(logging.ERROR, "winpush.delivery"):
        yield


class BrokenClock(Clock):
    """A clock that fails the first few times it is asked in another thread than the test's."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.left, self._mine = failures, threading.current_thread()

    def __call__(self) -> datetime:
        if threading.current_thread() is not self._mine and self.left:
            self.left -= 1
            raise LookupError("There is no time.")
        return super().__call__()


def test_a_worker_that_fails_is_replaced(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    count = Count(1)
    outbox = make_outbox(clock=BrokenClock(3), hooks=[count], keep_history=None, keep_gone=None)
    outbox.register(winpush_emulator.create_channel().uri)
    outbox.broadcast(TOAST)
    background = Background(outbox.make_worker, AT_ONCE)
    background.start()
    assert count.done.wait(PATIENCE)
    background.stop()
    assert caplog.messages == ["The worker failed; another one takes over in 0 s"] * 3


def test_what_keeps_the_first_worker_from_running_is_raised_and_the_thread_ends() -> None:
    def make() -> Worker:
        raise ConnectError("There is nothing to run it on.")

    background = Background(make, AT_ONCE)
    with pytest.raises(ConnectError, match="nothing to run it on"):
        background.start()
    background.stop()
    assert not background.is_alive


def test_an_outbox_starts_again_when_its_thread_has_ended(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    count = Count(1)
    outbox = make_outbox(hooks=[count])
    outbox.start()
    outbox.start()
    outbox.register(winpush_emulator.create_channel().uri)
    outbox.broadcast(TOAST)
    assert count.done.wait(PATIENCE)
    assert [thread.name for thread in threading.enumerate()].count("winpush-outbox") == 1
