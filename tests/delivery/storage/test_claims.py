"""What a worker leaves behind is taken over once, whatever the clocks say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.delivery.clock import Clock, StillClock
from tests.delivery.sending import register
from tests.delivery.storage.claiming import LEASE, Worker
from winpush import mpns, wns
from winpush.delivery import BroadcastState, DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage import claims, lanes, schedule
from winpush.delivery.storage.database import Database, Millis, to_millis
from winpush.delivery.storage.schema import broadcasts
from winpush.emulator import Emulator, Fault, Phone

TOAST = mpns.Toast("Hello")


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves: however slow the machine, the test's own steps take no time."""
    return StillClock()


@pytest.fixture
def worker(url: str, clock: Clock, outbox: Outbox) -> Iterator[Worker]:
    made = Worker(url, clock)
    yield made
    made.close()


def test_a_channel_that_ends_its_workers_is_found_and_the_others_are_sent_to(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker
) -> None:
    register(outbox, winpush_emulator, 37)
    number = outbox.broadcast(TOAST)
    crashes = 0
    while outbox.progress(number).state is BroadcastState.RUNNING:
        batch = worker.claim(takes_over=True)
        assert batch is not None
        if 23 in [target.id for target in batch.targets]:
            crashes += 1
        else:
            worker.write(batch)
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 36, DeliveryState.FAILED: 1}
    (failed,) = outbox.deliveries(number, state=DeliveryState.FAILED)
    assert (failed.channel, failed.outcome) == (23, "worker-lost")
    assert crashes < 20


def test_a_notification_among_many_that_ends_its_workers_is_given_up_and_costs_the_others_nothing(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker
) -> None:
    """One kills every worker that sends it, so that no outcome of its batch is written."""
    outbox.register_many({"uri": winpush_emulator.create_channel().uri, "key": "all"} for _ in range(50))
    number = outbox.notify("all", TOAST)
    crashes = []
    while outbox.progress(number).state is BroadcastState.RUNNING:
        batch = worker.claim(takes_over=True)
        assert batch is not None
        if 23 in [target.id for target in batch.targets]:
            crashes.append(len(batch.targets))
            assert batch.is_suspect is (len(crashes) > 2)
        elif batch.targets:
            worker.write(batch)
    assert crashes == [50, 32, 1, 1, 1]
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 49, DeliveryState.FAILED: 1}
    (failed,) = outbox.deliveries(number, state=DeliveryState.FAILED)
    assert (failed.channel, failed.outcome) == (23, "worker-lost")


@pytest.mark.parametrize("poison", [1, 23, 50])
def test_a_retry_in_a_parcel_that_ends_its_workers_is_found_and_the_others_are_sent_to(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, poison: int
) -> None:
    register(outbox, winpush_emulator, 50)
    number = outbox.broadcast(TOAST)
    put_off(worker, clock)
    crashes = 0
    while outbox.progress(number).state is BroadcastState.RUNNING:
        batch = worker.claim(takes_over=True)
        assert batch is not None
        assert batch.is_parcel
        if poison in [target.id for target in batch.targets]:
            crashes += 1
            assert batch.is_suspect or crashes < 3
        else:
            worker.write(batch)
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 49, DeliveryState.FAILED: 1}
    assert len(list(outbox.deliveries(number))) == 50
    (failed,) = outbox.deliveries(number, state=DeliveryState.FAILED)
    assert (failed.channel, failed.outcome, failed.attempts) == (poison, "worker-lost", 1)
    assert crashes < 20


def put_off(worker: Worker, clock: Clock) -> None:
    """All channels of the first batch wait, and are due at once."""
    batch = worker.claim()
    assert batch is not None
    assert worker.write(batch, due=to_millis(clock())) == len(batch.targets)


def test_a_parcel_whose_worker_is_lost_is_taken_over_and_a_late_write_changes_nothing(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 50)
    number = outbox.broadcast(TOAST)
    put_off(worker, clock)
    stalled = worker.claim(size=30)
    assert worker.claim() is None
    other = worker.claim(size=20, takes_over=True)
    assert stalled is not None
    assert other is not None
    assert [len(stalled.targets), len(other.targets)] == [30, 20]
    assert worker.write(other) == 20
    assert worker.write(stalled) == 0
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 20, DeliveryState.WAITING: 30}
    last = worker.claim()
    assert last is not None
    assert [target.id for target in last.targets] == list(range(21, 51))
    assert worker.write(last) == 30
    assert worker.write(stalled) == 0
    assert worker.write(last) == 0
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 50}
    assert outbox.progress(number).state is BroadcastState.FINISHED
    assert len(list(outbox.deliveries(number))) == 50
    tried = Counter(attempt.channel for attempt in outbox.history(broadcast=number))
    assert min(tried.values()) >= 2


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_only_worker_of_a_file_takes_a_parcel_over_from_a_dead_one_at_once(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, url: str
) -> None:
    register(outbox, winpush_emulator, 50)
    number = outbox.broadcast(TOAST)
    put_off(worker, clock)
    assert worker.claim() is not None
    assert worker.claim() is None
    database = Database(url)
    with database.write() as connection:
        assert schedule.has_claims(connection)
        claims.release_all(connection)
        assert not schedule.has_claims(connection)
    database.close()
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 50}


def test_a_parcel_of_which_some_wait_again_is_split(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 50)
    number = outbox.broadcast(TOAST)
    put_off(worker, clock)
    for _ in range(3):
        part = worker.claim(size=10)
        assert part is not None
        assert worker.write(part, due=to_millis(clock()) + 1000) == 10
    waits = list(outbox.deliveries(number))
    assert [each.channel for each in waits] == list(range(1, 51))
    assert Counter(each.attempts for each in waits) == {1: 20, 2: 30}
    assert outbox.progress(number).states == {DeliveryState.WAITING: 50}
    clock.ahead += timedelta(seconds=1)
    while (part := worker.claim(size=15)) is not None:
        worker.write(part)
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 50}
    assert Counter(each.attempts for each in outbox.deliveries(number)) == {2: 20, 3: 30}
    for channel in (1, 30, 31, 50):
        assert len(list(outbox.history(channel=channel))) == (3 if channel <= 30 else 2)


def test_a_notification_whose_worker_is_lost_five_times_is_given_up(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker
) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    number = outbox.notify("ada", TOAST)
    claimed = [worker.claim(takes_over=True) for _ in range(6)]
    assert [batch is not None and len(batch.targets) for batch in claimed] == [1, 1, 1, 1, 1, 0]
    assert outbox.progress(number).states == {DeliveryState.FAILED: 1}
    assert outbox.progress(number).outcomes == {"worker-lost": 1}


def test_an_outcome_forgets_the_claims_before_it(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    outbox.notify("ada", TOAST)
    for _ in range(4):
        assert worker.claim(takes_over=True) is not None
        batch = worker.claim(takes_over=True)
        assert batch is not None
        assert worker.write(batch, due=to_millis(clock())) == 1


def test_what_is_given_back_unsent_was_not_claimed(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, url: str
) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    outbox.notify("ada", TOAST)
    for _ in range(7):
        batch = worker.claim()
        assert batch is not None
        assert not batch.is_suspect
        worker.give_back(batch)


def test_a_stalled_worker_that_goes_on_finds_its_lane_taken_and_counts_nothing(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker
) -> None:
    register(outbox, winpush_emulator, 10)
    number = outbox.broadcast(TOAST)
    stalled = worker.claim(size=5)
    other = worker.claim(size=5, takes_over=True)
    assert stalled is not None
    assert other is not None
    assert worker.write(other) == 5
    assert worker.write(stalled) == 0
    assert worker.write(stalled) == 0
    last = worker.claim(size=5)
    assert last is not None
    assert [target.id for target in last.targets] == [6, 7, 8, 9, 10]
    assert worker.write(last) == 5
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 10}
    assert outbox.progress(number).state is BroadcastState.FINISHED
    assert len(list(outbox.deliveries(number))) == 10


def test_a_stalled_worker_that_is_first_to_write_keeps_its_lane(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker
) -> None:
    """The other has sent the same batch, which no lease can prevent. It counts once, and the other stops."""
    register(outbox, winpush_emulator, 10)
    number = outbox.broadcast(TOAST)
    stalled = worker.claim(size=5)
    other = worker.claim(size=5, takes_over=True)
    assert stalled is not None
    assert other is not None
    assert worker.write(stalled) == 5
    assert worker.write(other) == 0
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 5}


def test_a_stalled_worker_does_not_write_beyond_a_lane_that_was_halved_meanwhile(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker
) -> None:
    register(outbox, winpush_emulator, 40)
    number = outbox.broadcast(TOAST)
    stalled = worker.claim(size=40)
    assert worker.claim(size=2, takes_over=True) is not None
    assert worker.split(size=2)
    assert stalled is not None
    assert worker.write(stalled) == 0
    outbox.cancel(number)
    worker.end_leases()
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.CANCELLED: 40}


def test_a_batch_of_which_some_were_not_sent_to_moves_no_cursor(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker
) -> None:
    register(outbox, winpush_emulator, 10)
    number = outbox.broadcast(TOAST)
    batch = worker.claim()
    assert batch is not None
    assert worker.write(batch, channels=4) == 0
    assert worker.write(batch) == 10
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 10}


@pytest.mark.parametrize("waits", [False, True])
def test_a_write_whose_answer_was_lost_is_not_written_again(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, waits: bool
) -> None:
    """The commit arrived, and its answer didn't: the worker tries the same again, and goes on with its lane."""
    register(outbox, winpush_emulator, 10)
    number = outbox.broadcast(TOAST)
    batch = worker.claim(size=5)
    assert batch is not None
    if waits:
        worker.write(batch, due=to_millis(clock()))
        batch = worker.claim(size=5)
        assert batch is not None
    attempts = [worker.write(batch, again=again) for again in (False, True)]
    assert attempts == [5, 5]
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 5}
    assert len(list(outbox.history())) == (10 if waits else 5)


def test_a_lane_given_back_by_a_write_whose_answer_was_lost_is_left_to_others(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, url: str
) -> None:
    register(outbox, winpush_emulator, 20)
    outbox.broadcast(TOAST)
    batch = worker.claim(size=5)
    assert batch is not None
    worker.write(batch)
    database = Database(url)
    with database.write() as connection:
        assert lanes.follow(connection, batch, to_millis(clock()), 5, share=False) is None
    database.close()
    following = worker.claim(size=5)
    assert following is not None
    assert [target.id for target in following.targets] == [target.id + 5 for target in batch.targets]


def test_the_last_write_of_a_parcel_whose_answer_was_lost_is_not_written_again(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 50)
    number = outbox.broadcast(TOAST)
    put_off(worker, clock)
    batch = worker.claim()
    assert batch is not None
    assert [worker.write(batch, again=again) for again in (False, True)] == [50, 50]
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 50}
    assert len(list(outbox.history())) == 100


def test_a_parcel_of_a_broadcast_that_ends_waits_for_the_worker_that_has_it(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, url: str
) -> None:
    register(outbox, winpush_emulator, 50)
    number = outbox.broadcast(TOAST)
    put_off(worker, clock)
    batch = worker.claim(size=10)
    assert batch is not None
    outbox.cancel(number)
    now = to_millis(clock())
    assert now < (next_at(url, now) or 0) <= now + LEASE
    assert worker.write(batch) == 10
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 10, DeliveryState.CANCELLED: 40}
    assert outbox.progress(number).state is BroadcastState.CANCELLED
    assert len(list(outbox.deliveries(number))) == 50


def test_a_claim_is_not_taken_over_before_its_lease_has_ended(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    """A lease goes by the database's clock: the outbox's may jump."""
    register(outbox, winpush_emulator, 10)
    outbox.broadcast(TOAST)
    all_of_it = worker.claim()
    assert all_of_it is not None
    clock.ahead += timedelta(hours=1)
    assert worker.claim() is None
    worker.write(all_of_it, due=to_millis(clock()))
    waiting = worker.claim()
    assert waiting is not None
    assert len(waiting.targets) == 10
    clock.ahead += timedelta(hours=1)
    assert worker.claim() is None
    again = worker.claim(takes_over=True)
    assert again is not None
    assert len(again.targets) == 10


@pytest.mark.parametrize("rate", [None, 100])
def test_a_broadcast_goes_on_when_the_clock_was_set_back(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, url: str, rate: int | None
) -> None:
    register(outbox, winpush_emulator, 10)
    number = outbox.broadcast(TOAST, rate=rate)
    assert worker.claim(size=5) is not None
    clock.ahead -= timedelta(days=1)
    worker.end_leases()
    for _ in range(2):
        assert (next_at(url, to_millis(clock())) or 0) <= to_millis(clock())
        batch = worker.claim(size=5, takes_over=True)
        assert batch is not None
        worker.write(batch)
        clock.ahead += timedelta(seconds=1)
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 10}


def test_single_notifications_with_a_rate_go_on_when_the_clock_was_set_back(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    outbox.register_many({"uri": winpush_emulator.create_channel().uri, "key": "all"} for _ in range(200))
    number = outbox.notify("all", TOAST, rate=100)
    clock.ahead += timedelta(days=1)
    first = worker.claim(size=50)
    assert first is not None
    assert worker.write(first) == 50
    clock.ahead -= timedelta(days=1)
    while outbox.progress(number).states != {DeliveryState.DELIVERED: 200}:
        batch = worker.claim()
        assert batch is not None
        worker.write(batch)
        clock.ahead += timedelta(seconds=2)


def test_an_idle_worker_halves_the_lane_of_another(outbox: Outbox, winpush_emulator: Emulator, worker: Worker) -> None:
    register(outbox, winpush_emulator, 60)
    number = outbox.broadcast(TOAST)
    batches = [worker.claim(size=5)]
    assert worker.claim(size=5) is None
    assert worker.split(size=5)
    batches.append(worker.claim(size=5))
    assert [[target.id for target in batch.targets] for batch in batches if batch] == [
        [1, 2, 3, 4, 5],
        [33, 34, 35, 36, 37],
    ]
    while outbox.progress(number).state is BroadcastState.RUNNING:
        for batch in batches:
            if batch is not None:
                worker.write(batch)
        batches = [worker.claim(size=5)]
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 60}
    assert len(list(outbox.deliveries(number))) == 60


def test_the_lane_that_is_halved_is_one_that_may_run(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 60)
    now = outbox.broadcast(TOAST)
    assert worker.claim(size=5) is not None
    register(outbox, winpush_emulator, 60)
    outbox.broadcast(TOAST, not_before=clock() + timedelta(days=1))
    assert worker.split(size=5)
    batch = worker.claim(size=5)
    assert batch is not None
    assert batch.lane is not None
    assert batch.lane.broadcast == now


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
    first = worker.claim(size=2)
    assert first is not None
    worker.write(first)
    assert (worker.claim(size=2) is not None) is claimed_at_once


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
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 50}
    # A second's worth at once, and then as the rate allows.
    assert max(seconds.values()) <= 20
    assert len(seconds) >= 4


@pytest.mark.parametrize("rate", [None, 1])
def test_a_single_notification_waits_for_its_turn_as_a_lane_does(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, url: str, clock: Clock, rate: int | None
) -> None:
    """A worker of one place would send all of a broadcast before it; not so where it waits for its own rate."""
    register(outbox, winpush_emulator, 20)
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    outbox.broadcast(TOAST)
    batch = worker.claim(size=5)
    assert batch is not None
    number = outbox.notify("ada", TOAST, rate=rate)
    now, goes_on = to_millis(clock()), rate is not None
    database = Database(url)
    with database.write() as connection:
        if rate is not None:
            connection.execute(sa.update(broadcasts).where(broadcasts.c.id == number).values(paced_until=now + 1000))
        assert (lanes.read_ahead(connection, batch, now, 5, share=True) is not None) is goes_on
        assert lanes.read_ahead(connection, batch, now, 5, share=False) is not None
    database.close()


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


def next_at(url: str, now: Millis) -> Millis | None:
    database = Database(url)
    with database.read() as connection:
        found = schedule.next_at(connection, now)
    database.close()
    return found


def test_what_a_dead_worker_held_of_a_paused_broadcast_is_no_work(
    outbox: Outbox, winpush_emulator: Emulator, worker: Worker, clock: Clock, url: str
) -> None:
    register(outbox, winpush_emulator, 3)
    number = outbox.broadcast(TOAST)
    assert worker.claim(size=10) is not None
    outbox.pause(number)
    worker.end_leases()
    assert next_at(url, to_millis(clock())) is None
    outbox.deliver_until_idle()
    outbox.resume(number)
    assert next_at(url, to_millis(clock())) is not None


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
    assert next_at(url, to_millis(clock())) is None
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
    now = to_millis(clock())
    assert now < (next_at(url, now) or 0) <= now + LEASE
    worker.end_leases()
    outbox.deliver_until_idle()
    assert outbox.progress(number).state is BroadcastState.CANCELLED
