"""A broadcast's rate is shared by all its workers, whatever they claim: lanes, parcels or single rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.delivery.clock import Clock, StillClock
from tests.delivery.sending import register
from tests.delivery.storage.claiming import Worker, claim_any
from winpush import mpns
from winpush.delivery import DeliveryState, Outbox
from winpush.delivery.storage import schedule
from winpush.delivery.storage.database import Database, to_millis
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")


@pytest.fixture
def clock() -> Clock:
    return StillClock()


@pytest.fixture
def workers(url: str, clock: Clock, outbox: Outbox) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        made = [Worker(url, clock) for _ in range(3)]
        for each in made:
            stack.callback(each.close)
        yield made


class Taken:
    """What workers claim, in steps of 50 ms of the clock."""

    def __init__(self, outbox: Outbox, workers: list[Worker], clock: Clock) -> None:
        self._outbox, self._workers, self._clock = outbox, workers, clock
        self.by_step: list[int] = []

    def step(self, *, due: int | None = None) -> None:
        """All claim what they can, and write it: as delivered, or as waiting until `due`."""
        self.by_step.append(0)
        for worker in self._workers:
            while (batch := worker.claim()) is not None:
                self.by_step[-1] += len(batch.targets)
                worker.write(batch, due=due)
        self._clock.ahead += timedelta(milliseconds=50)

    def most(self, steps: int) -> int:
        """The most that was claimed in this many consecutive steps."""
        return max(sum(self.by_step[first : first + steps]) for first in range(len(self.by_step)))


@pytest.mark.parametrize("rate", [10, 20])
def test_in_no_span_of_time_is_more_sent_than_the_rate_and_one_share(
    rate: int, outbox: Outbox, winpush_emulator: Emulator, workers: list[Worker], clock: Clock
) -> None:
    """At 10 a second what waits of a batch are rows, at 20 it is a parcel."""
    channels = 4 * rate
    register(outbox, winpush_emulator, channels)
    number, later = outbox.broadcast(TOAST, rate=rate), to_millis(clock() + timedelta(minutes=1))
    taken = Taken(outbox, workers, clock)
    while outbox.progress(number).waiting < channels:
        taken.step(due=later)
    clock.ahead += timedelta(minutes=2)
    again = Taken(outbox, workers, clock)
    while outbox.progress(number).states != {DeliveryState.DELIVERED: channels}:
        again.step()
    for each in (taken, again):
        assert sum(each.by_step) == channels
        for steps in (1, 10, 20, 40):
            assert each.most(steps) <= rate * 0.05 * (steps - 1) + rate * 0.5 + 1


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("rate", "waits"), [(10, False), (10, True), (20, True)], ids=["lane", "rows", "parcels"])
def test_two_workers_never_take_the_same_share_and_neither_waits_for_the_other(
    rate: int, waits: bool, outbox: Outbox, winpush_emulator: Emulator, workers: list[Worker], url: str, clock: Clock
) -> None:
    """Both claim at the same moment, and the first leaves rows and parcels that the second could claim."""
    channels, share = 4 * rate, rate // 2
    register(outbox, winpush_emulator, channels)
    number = outbox.broadcast(TOAST, rate=rate)
    if waits:
        taken, later = Taken(outbox, workers, clock), to_millis(clock() + timedelta(minutes=1))
        while outbox.progress(number).waiting < channels:
            taken.step(due=later)
        clock.ahead += timedelta(minutes=2)
    first, second = Database(url), Database(url)
    now = to_millis(clock())
    with first.write() as one, second.write() as other:
        other.execute(text("SET LOCAL lock_timeout = 1"))  # to wait for a lock at all is an error
        batches = [claim_any(connection, name, now, 2 * share) for connection, name in ((one, "one"), (other, "other"))]
    for database in (first, second):
        database.close()
    assert [0 if batch is None else len(batch.targets) for batch in batches] == [share, 0]


def test_single_notifications_that_wait_for_their_rate_alone_are_still_to_be_sent(
    outbox: Outbox, winpush_emulator: Emulator, workers: list[Worker], url: str, clock: Clock
) -> None:
    """One that waits for a retry is not: it is due later."""
    outbox.register_many({"uri": winpush_emulator.create_channel().uri, "key": "all"} for _ in range(3))
    number, worker, database = outbox.notify("all", TOAST, rate=1), workers[0], Database(url)

    def is_unfinished() -> bool:
        with database.read() as connection:
            return schedule.is_unfinished(connection, to_millis(clock()))

    while (progress := outbox.progress(number)).done < 3:
        batch = worker.claim()
        if batch is not None:
            worker.write(batch)
        assert is_unfinished() is (outbox.progress(number).done < 3)
        clock.ahead += timedelta(milliseconds=500)
    assert progress.states == {DeliveryState.DELIVERED: 3}
    outbox.notify("all", TOAST)
    batch = worker.claim()
    assert batch is not None
    worker.write(batch, due=to_millis(clock() + timedelta(minutes=1)))
    assert not is_unfinished()
    database.close()


def test_single_notifications_with_a_rate_are_all_sent_until_idle(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(clock=Clock())
    outbox.register_many({"uri": winpush_emulator.create_channel().uri, "key": "all"} for _ in range(2))
    number = outbox.notify("all", TOAST, rate=1)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2}
