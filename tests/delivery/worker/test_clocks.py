"""The clocks of two machines are ten minutes apart: what is due comes that much early or late, and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.delivery.clock import Clock
from tests.delivery.noticed import Count
from tests.delivery.sending import accepted
from tests.waiting import PATIENCE, eventually
from winpush import mpns
from winpush.delivery import BroadcastState, DeliveryState, Outbox, WorkerSettings
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
SETTINGS = WorkerSettings(batch=10, batches=2)
APART = timedelta(minutes=10)


@pytest.fixture
def ahead() -> Clock:
    made = Clock()
    made.ahead = APART
    return made


def register(outbox: Outbox, emulator: Emulator, number: int) -> None:
    outbox.register_many({"uri": emulator.create_channel().uri, "key": "all"} for _ in range(number))


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("stores_ahead", [False, True])
def test_two_workers_together_send_all_of_it_once(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, ahead: Clock, stores_ahead: bool
) -> None:
    """Leases go by the database's clock: neither takes the other's for one that has ended."""
    storing = make_outbox(clock=ahead if stores_ahead else clock)
    register(storing, winpush_emulator, 300)
    with make_outbox(settings=SETTINGS), make_outbox(settings=SETTINGS, clock=ahead):
        numbers = [storing.broadcast(TOAST), storing.notify("all", TOAST)]
        eventually(lambda: all(storing.progress(number).done == 300 for number in numbers))
    assert [storing.progress(number).states for number in numbers] == [{DeliveryState.DELIVERED: 300}] * 2
    assert [len(list(storing.history(broadcast=number))) for number in numbers] == [300, 300]
    assert accepted(winpush_emulator) == [2] * 300


@pytest.mark.parametrize("begins_ahead", [False, True])
def test_what_one_has_begun_the_other_goes_on_with(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, ahead: Clock, begins_ahead: bool
) -> None:
    begins, goes_on = (ahead, clock) if begins_ahead else (clock, ahead)
    storing, some = make_outbox(), Count(40)
    register(storing, winpush_emulator, 300)
    with make_outbox(settings=SETTINGS, clock=begins, hooks=[some]):
        number = storing.broadcast(TOAST)
        assert some.done.wait(PATIENCE)
    make_outbox(settings=SETTINGS, clock=goes_on).deliver_until_idle()
    assert storing.progress(number).states == {DeliveryState.DELIVERED: 300}
    assert accepted(winpush_emulator) == [1] * 300


def test_what_is_stored_ahead_comes_late_by_that_and_once(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, ahead: Clock
) -> None:
    storing, sending = make_outbox(clock=ahead), make_outbox()
    register(storing, winpush_emulator, 3)
    numbers = [storing.broadcast(TOAST), storing.notify("all", TOAST)]
    sending.deliver_until_idle()
    assert accepted(winpush_emulator) == [0] * 3
    clock.ahead = APART
    sending.deliver_until_idle()
    assert [storing.progress(number).states for number in numbers] == [{DeliveryState.DELIVERED: 3}] * 2
    assert accepted(winpush_emulator) == [2] * 3


def test_what_expires_meanwhile_is_expired_for_the_one_ahead_and_for_both(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, ahead: Clock
) -> None:
    storing = make_outbox()
    register(storing, winpush_emulator, 3)
    until = clock() + APART / 2
    numbers = [storing.broadcast(TOAST, expires_at=until), storing.notify("all", TOAST, expires_at=until)]
    for each in (ahead, clock):
        make_outbox(clock=each).deliver_until_idle()
        assert [storing.get_broadcast(number).state for number in numbers] == [BroadcastState.EXPIRED] * 2
    assert accepted(winpush_emulator) == [0] * 3
