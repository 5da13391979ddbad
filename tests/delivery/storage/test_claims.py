"""What a worker leaves behind is taken up once, whatever the clocks say."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.delivery.clock import Clock, StillClock
from tests.delivery.sending import register
from winpush import mpns, wns
from winpush.delivery import BroadcastState, DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage import claims, outcomes, schedule
from winpush.delivery.storage.database import Database, Millis, to_millis
from winpush.delivery.storage.rows import Batch, Effect, Record
from winpush.emulator import Emulator, Fault, Phone

TOAST = mpns.Toast("Hello")


LEASE: Millis = 30_000


class Worker:
    """Claims and writes as the engine does, at moments that the test chooses."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._database, self._numbers, self._clock = Database(url), itertools.count(), clock

    def claim(self, *, size: int = 100, is_lost: bool = True) -> Batch | None:
        owner, now = f"worker/{next(self._numbers)}", to_millis(self._clock())
        with self._database.write() as connection:
            return claims.claim(connection, owner, now, LEASE, size, lambda _owner, _lease: is_lost)

    def write(
        self, batch: Batch, *, due: Millis | None = None, channels: int | None = None, gone: str | None = None
    ) -> int:
        """Writes that all targets were delivered (or wait until `due`, or are gone); returns how many counted."""
        now = to_millis(self._clock())
        state = DeliveryState.DELIVERED if due is None else DeliveryState.WAITING
        state, outcome = (state, "accepted") if gone is None else (DeliveryState.GONE, gone)
        records = [
            Record(
                target.broadcast,
                target.id,
                target.service,
                state.value,
                outcome,
                target.attempts + 1,
                now,
                due,
                effect=None if gone is None else Effect(target.uri, gone=gone),
            )
            for target in batch.targets[:channels]
        ]
        with self._database.write() as connection:
            last = channels is None
            return len(outcomes.record(connection, batch, records, now, LEASE, last=last).records)

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def clock() -> Clock:
    """However slow the machine, what the test does takes no time."""
    return StillClock()


@pytest.fixture
def worker(url: str, clock: Clock, outbox: Outbox) -> Iterator[Worker]:
    made = Worker(url, clock)
    yield made
    made.close()


def test_a_channel_that_ends_its_workers_is_found_and_the_others_are_sent_to(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 37)
    number = outbox.broadcast(TOAST)
    crashes = 0
    while outbox.progress(number).state is BroadcastState.RUNNING:
        batch = worker.claim()
        assert batch is not None
        if 23 in [target.id for target in batch.targets]:
            crashes += 1
            clock.ahead += timedelta(minutes=1)
        elif batch.targets:
            worker.write(batch)
    worker.close()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 36, DeliveryState.FAILED: 1}
    (failed,) = outbox.deliveries(number, state=DeliveryState.FAILED)
    assert (failed.channel, failed.outcome) == (23, "worker-lost")
    assert crashes < 20


def test_a_worker_that_was_believed_dead_and_the_one_that_took_over_count_each_channel_once(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 10)
    number = outbox.broadcast(TOAST)
    first = worker.claim()
    clock.ahead += timedelta(minutes=1)
    second = worker.claim()
    assert first is not None
    assert second is not None
    assert worker.write(first, channels=4) == 4
    assert worker.write(second) == 6
    assert worker.write(first) == 0
    worker.close()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 10}
    assert outbox.progress(number).state is BroadcastState.FINISHED


def test_a_claim_is_not_taken_over_before_it_is_known_to_be_left(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 10)
    outbox.broadcast(TOAST)
    range_of_all = worker.claim()
    assert range_of_all is not None
    clock.ahead += timedelta(hours=1)
    assert worker.claim(is_lost=False) is None
    worker.write(range_of_all, due=to_millis(clock()))
    waiting = worker.claim(is_lost=False)
    assert waiting is not None
    assert len(waiting.targets) == 10
    clock.ahead += timedelta(hours=1)
    assert worker.claim(is_lost=False) is None
    again = worker.claim()
    worker.close()
    assert again is not None
    assert len(again.targets) == 10


def test_what_was_claimed_before_the_clock_was_set_back_is_taken_over_all_the_same(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 10)
    number = outbox.broadcast(TOAST)
    assert worker.claim(size=5) is not None
    clock.ahead -= timedelta(days=1)
    for _ in range(2):
        batch = worker.claim(size=5)
        assert batch is not None
        worker.write(batch)
    worker.close()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 10}


@pytest.mark.parametrize(("others", "claimed_at_once"), [(0, False), (1, True)])
def test_a_hold_slows_the_claims_of_a_broadcast_only_while_all_of_it_would_wait(
    others: int, claimed_at_once: bool, outbox: Outbox, worker: Worker, url: str, clock: Clock
) -> None:
    uri = "https://db5.notify.windows.com/?token="
    for number in range(4):
        app = "app-b" if number < others else "app-a"
        outbox.register({"uri": f"{uri}{number}", "app": app})
    outbox.broadcast(wns.Toast("Hello"))
    database = Database(url)
    with database.write() as connection:
        schedule.hold(connection, ("wns", "app-a"), to_millis(clock()) + 3_600_000)
    database.close()
    assert worker.claim(size=2) is not None
    assert (worker.claim(size=2) is not None) is claimed_at_once
    worker.close()


def test_a_rate_holds_for_retries(outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock) -> None:
    register(outbox, winpush_emulator, 50)
    number = outbox.broadcast(TOAST, rate=10)
    begun = clock()
    while outbox.progress(number).waiting < 50:
        batch = worker.claim()
        if batch is not None:
            worker.write(batch, due=to_millis(begun + timedelta(minutes=10)))
        clock.ahead += timedelta(milliseconds=100)
    clock.ahead += timedelta(minutes=20)
    seconds: Counter[int] = Counter()
    for tick in range(200):
        batch = worker.claim()
        while batch is not None:
            seconds[tick // 10] += len(batch.targets)
            worker.write(batch)
            batch = worker.claim()
        clock.ahead += timedelta(milliseconds=100)
    worker.close()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 50}
    # A second's worth at once, and then as the rate allows.
    assert max(seconds.values()) <= 20
    assert len(seconds) >= 4


def test_an_answer_about_a_devices_old_channel_says_nothing_about_its_new_one(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker
) -> None:
    """The device registers anew while the send to its old channel is in flight."""
    old, new = (winpush_emulator.create_channel().uri for _ in range(2))
    outbox.register({"uri": old, "device": "one"})
    outbox.broadcast(TOAST)
    batch = worker.claim()
    assert batch is not None
    outbox.register({"uri": new, "device": "one"})
    worker.write(batch, gone="channel-gone")
    worker.close()
    assert [info.gone_at for info in outbox.channels(gone=None)] == [None]
    second = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(second).states == {DeliveryState.DELIVERED: 1}


def test_a_second_worker_whose_clock_is_ahead_sends_nothing_twice(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    ahead = StillClock()
    ahead.ahead = timedelta(hours=1)
    settings = WorkerSettings(batch=5, batches=2, lease=timedelta(minutes=10))
    with make_outbox(settings=settings) as outbox:
        register(outbox, winpush_emulator, 20)
        winpush_emulator.faults.add(Fault(delay_seconds=2))
        number = outbox.broadcast(TOAST)
        make_outbox(settings=settings, clock=ahead).deliver_until_idle()
    make_outbox().deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 20}
    assert [phone.accepted for phone in winpush_emulator.phones if isinstance(phone, Phone)] == [1] * 20


def next_at(url: str) -> Millis | None:
    database = Database(url)
    with database.read() as connection:
        found = schedule.next_at(connection)
    database.close()
    return found


def test_what_a_dead_worker_held_of_a_paused_broadcast_is_no_work(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, url: str
) -> None:
    register(outbox, winpush_emulator, 3)
    number = outbox.broadcast(TOAST)
    assert worker.claim(size=10) is not None
    outbox.pause(number)
    clock.ahead += timedelta(hours=1)
    assert next_at(url) is None
    outbox.deliver_until_idle()
    outbox.resume(number)
    assert next_at(url) is not None


def test_what_waits_for_a_retry_in_a_paused_broadcast_is_no_work(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, url: str
) -> None:
    register(outbox, winpush_emulator, 3)
    number = outbox.broadcast(TOAST)
    batch = worker.claim()
    assert batch is not None
    outbox.pause(number)
    worker.write(batch, due=to_millis(clock()) + 1000)
    clock.ahead += timedelta(hours=1)
    assert next_at(url) is None
    outbox.deliver_until_idle()
    outbox.resume(number)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 3}


def test_a_broadcast_that_ends_waits_for_the_workers_that_hold_the_rest(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, url: str
) -> None:
    register(outbox, winpush_emulator, 3)
    number = outbox.broadcast(TOAST, expires_at=clock() + timedelta(minutes=1))
    assert worker.claim() is not None
    outbox.cancel(number)
    assert next_at(url) == to_millis(clock()) + LEASE
    clock.ahead += timedelta(hours=1)
    outbox.deliver_until_idle()
    assert outbox.progress(number).state is BroadcastState.CANCELLED
