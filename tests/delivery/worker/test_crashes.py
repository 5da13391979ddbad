"""A worker killed with -9 at random moments: nothing is lost, and no more is sent twice than was in flight."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from tests.delivery.clock import Clock
from tests.delivery.worker import worker_process
from tests.delivery.worker.worker_process import SETTINGS, TIMEOUT
from winpush import mpns
from winpush.delivery import BroadcastState, DeliveryState, Outbox
from winpush.emulator import Emulator, Phone

KILLS = int(os.environ.get("WINPUSH_TEST_KILLS", "5"))
# Eight take long on a small machine: only where many are to be killed.
NUMBERS = (2, 8) if KILLS >= 50 else (2,)
LIFE = 350
"""Outcomes that a worker comes to at most, before it is killed."""
CHANNELS = 400 * (KILLS + 2)
OTHERS = ("expired", "throttled", "inactive", "queue-full")


def start(url: str, emulator: Emulator) -> subprocess.Popen[bytes]:
    command = [sys.executable, worker_process.__file__, url, emulator.authority, str(LIFE)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


class Workers:
    """Some running workers; at random moments one of them is killed and another starts."""

    def __init__(self, url: str, emulator: Emulator, number: int) -> None:
        self._url, self._emulator = url, emulator
        self._running = [start(url, emulator) for _ in range(number)]

    def kill_one(self, rng: random.Random) -> bool:
        """Kills one that sends: of those on one file, the others stand by. False if it had already finished."""
        working, _, _ = select.select([each.stdout for each in self._running if each.stdout], [], [])
        victim = rng.choice([each for each in self._running if each.stdout in working])
        self._running.remove(victim)
        killed = not kill_at_random(victim, rng)
        self._running.append(start(self._url, self._emulator))
        return killed

    def kill_all(self) -> int:
        """Returns how many there were."""
        for process in self._running:
            process.kill()
            process.communicate()
        return len(self._running)


def kill_at_random(process: subprocess.Popen[bytes], rng: random.Random) -> bool:
    """Reads some outcomes, then kills; True if the worker had already finished."""
    assert process.stdout is not None
    said = process.stdout.read(rng.randint(1, LIFE))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return said.endswith(b"end")


@pytest.mark.timeout(1500 + 60 * KILLS)
@pytest.mark.parametrize("number_of_workers", NUMBERS)
def test_workers_killed_at_random_moments_lose_nothing(
    url: str, number_of_workers: int, winpush_emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator, rng = winpush_emulator, random.Random(5)  # noqa: S311 - when to kill
    clock = Clock()
    outbox = Outbox(url, allow_hosts=emulator.authorities, settings=SETTINGS, clock=clock, timeout=TIMEOUT)
    given = [rng.choice(OTHERS) if rng.random() < 0.2 else "healthy" for _ in range(CHANNELS)]
    phones = [emulator.create_channel(state=state) for state in given]
    outbox.register_many(phone.uri for phone in phones)
    number = outbox.broadcast(mpns.Toast("Hello"))
    workers = Workers(url, emulator, number_of_workers)
    kills = 0
    while kills < KILLS and workers.kill_one(rng):
        kills += 1
    in_the_end = workers.kill_all()
    for _ in range(20):
        outbox.deliver_until_idle()
        if outbox.progress(number).state is BroadcastState.FINISHED:
            break
        clock.ahead += timedelta(hours=25)
        emulator.advance(timedelta(hours=25))
    progress = outbox.progress(number)
    states = Counter(delivery.state for delivery in outbox.deliveries(number))
    outbox.close()
    accepted = [phone.accepted for phone in emulator.phones if isinstance(phone, Phone)]
    twice = sum(number - 1 for number in accepted if number > 1)
    lost = CHANNELS - progress.done
    at_most = (kills + in_the_end) * SETTINGS.batch * SETTINGS.batches
    with capsys.disabled():
        what = f"{url.split(':')[0]}, {number_of_workers} workers, {kills} kills, {CHANNELS} channels"
        print(f"\n{what}: lost {lost}, sent twice {twice} of {at_most}")  # noqa: T201 - the figures
    assert kills == KILLS, "the worker was done before it was killed often enough"
    assert progress.state is BroadcastState.FINISHED
    assert states == progress.states
    assert lost == 0
    healthy = given.count("healthy")
    assert states[DeliveryState.DELIVERED] == healthy
    assert states[DeliveryState.GONE] == given.count("expired")
    assert states[DeliveryState.ABANDONED] == CHANNELS - healthy - given.count("expired")
    assert twice <= at_most
