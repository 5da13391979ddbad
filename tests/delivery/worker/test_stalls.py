"""Workers that stall and recover, and workers that stand by: nothing is lost, and little is sent twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from time import monotonic

import pytest

from tests.delivery.clock import Clock
from tests.delivery.leases import end_leases_of
from tests.delivery.sending import accepted, register
from tests.delivery.timeouts import with_timeout
from tests.delivery.worker import worker_process
from tests.delivery.worker.worker_process import SETTINGS
from tests.waiting import eventually
from winpush import mpns
from winpush.delivery import BroadcastState, DeliveryState, Outbox, QuietHours
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
CHANNELS = 600
SECOND = 1.0
IN_FLIGHT = SETTINGS.batch * SETTINGS.batches
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(url: str, winpush_emulator: Emulator) -> Iterator[Start]:
    """Starts a worker in its own process; it stalls after this many outcomes."""
    started = []

    def one(
        most: int = CHANNELS * 10, *, says: bool = False, url: str = url, seconds: float | None = None
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, worker_process.__file__, url, winpush_emulator.authority, str(most)]
        if seconds is not None:
            command.append(str(seconds))
        errors = subprocess.PIPE if says else subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        started.append(process)
        return process

    yield one
    for process in started:
        process.kill()
        process.communicate()


def outcomes(process: subprocess.Popen[bytes], number: int = -1) -> bytes:
    """The dots of this many outcomes, or of all of them until it ends."""
    assert process.stdout is not None
    return process.stdout.read(number)


def store(make_outbox: Callable[..., Outbox], emulator: Emulator, clock: Clock, *, waited: bool) -> tuple[Outbox, int]:
    """A broadcast that is due now, from its lanes or, when it has `waited` through the quiet hours, from parcels."""
    outbox = make_outbox(settings=SETTINGS)
    now = clock()
    clock.ahead -= timedelta(hours=3)
    uris = [emulator.create_channel().uri for _ in range(CHANNELS)]
    outbox.register_many({"uri": uri, "time_zone": "UTC"} for uri in uris)
    if not waited:
        return outbox, outbox.broadcast(TOAST)
    begin, end = (now - timedelta(hours=hours) for hours in (4, 2))
    quiet = QuietHours(time(begin.hour, begin.minute), time(end.hour, end.minute))
    number = outbox.broadcast(TOAST, quiet_hours=quiet)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.WAITING: CHANNELS}
    return outbox, number


@pytest.mark.parametrize("waited", [False, True])
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_worker_that_stalls_until_others_have_taken_over_stops_at_its_first_write(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, start: Start, url: str, clock: Clock, waited: bool
) -> None:
    """Its event loop is blocked: no heartbeat, no send, and no notice of what others do."""
    outbox, number = store(make_outbox, winpush_emulator, clock, waited=waited)
    stalled = start(60)
    assert outcomes(stalled, 60) == b"." * 60
    end_leases_of(url)
    assert outcomes(start()).endswith(b"end")
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: CHANNELS}
    stalled.send_signal(signal.SIGUSR1)
    assert outcomes(stalled).endswith(b"end")
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: CHANNELS}
    assert len(list(outbox.deliveries(number))) == CHANNELS
    times = accepted(winpush_emulator)
    assert min(times) == 1
    assert sum(times) - CHANNELS <= IN_FLIGHT


def test_a_worker_frozen_for_ten_times_every_timeout_sends_little_twice_when_it_goes_on(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, start: Start, url: str, clock: Clock
) -> None:
    """Stopped wherever it was: in a transaction, a send, a wait. Its lease, its statements and its requests have a
    second each."""
    outbox, number = store(make_outbox, winpush_emulator, clock, waited=False)
    frozen = start(url=with_timeout(url, SECOND), seconds=SECOND)
    outcomes(frozen, 60)
    frozen.send_signal(signal.SIGSTOP)
    since, other = monotonic(), start()
    if url.startswith("postgresql"):  # of a file, one that is frozen isn't replaced
        assert outcomes(other).endswith(b"end")
        assert outbox.progress(number).done == CHANNELS
    eventually(lambda: monotonic() - since > 10 * SECOND)
    frozen.send_signal(signal.SIGCONT)
    assert outcomes(frozen).endswith(b"end")
    assert outcomes(other).endswith(b"end") or url.startswith("postgresql")
    # On a machine that is slow, too, an answer may not come in its second.
    unanswered = outbox.progress(number).states.get(DeliveryState.UNANSWERED, 0)
    assert outbox.progress(number).states.get(DeliveryState.DELIVERED, 0) == CHANNELS - unanswered
    assert len(list(outbox.deliveries(number))) == CHANNELS
    times = accepted(winpush_emulator)
    lost = sum(attempt.outcome != "accepted" for attempt in outbox.history(broadcast=number))
    assert times.count(0) <= unanswered
    assert sum(times) - CHANNELS <= IN_FLIGHT + lost


@pytest.mark.parametrize("waited", [False, True])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_second_worker_of_a_file_stands_by_and_takes_over_when_the_first_is_killed(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, start: Start, clock: Clock, waited: bool
) -> None:
    outbox, number = store(make_outbox, winpush_emulator, clock, waited=waited)
    first = start(60)
    assert outcomes(first, 60) == b"." * 60
    second = start(says=True)
    assert second.stderr is not None
    assert b"stands by" in second.stderr.readline()
    assert outbox.progress(number).state is BroadcastState.RUNNING
    first.kill()
    said = outcomes(second)
    assert said.endswith(b"end")
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: CHANNELS}
    times = accepted(winpush_emulator)
    assert min(times) == 1
    assert sum(times) - CHANNELS <= IN_FLIGHT


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_a_process_stores_is_sent_by_the_one_that_has_the_file(
    outbox: Outbox, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    register(outbox, winpush_emulator, 3)
    with outbox:
        number = outbox.broadcast(TOAST)
        make_outbox().deliver_until_idle()
        assert outbox.progress(number).states == {DeliveryState.DELIVERED: 3}
    other = make_outbox()
    number = other.broadcast(TOAST)
    other.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 3}
