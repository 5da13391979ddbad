"""Consecutive refusals stop a broadcast, wherever in it they occur."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.clock import Clock
from tests.delivery.storage.claiming import Worker
from winpush import mpns
from winpush.delivery import BroadcastState, DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.refusals import noted
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
LANE = 5


def broadcast(outbox: Outbox, emulator: Emulator, url: str, clock: Clock, states: list[str]) -> int:
    """A broadcast in lanes of five channels, which are in these states; each lane fits in a batch."""
    for state in states:
        outbox.register(emulator.create_channel(state=state).uri)
    number = outbox.broadcast(TOAST)
    cutting = Worker(url, clock)
    while cutting.split(size=2):
        pass
    cutting.close()
    outbox.deliver_until_idle()
    return number


@pytest.fixture
def outbox(make_outbox: Callable[..., Outbox]) -> Outbox:
    return make_outbox(settings=WorkerSettings(batch=10, batches=1))


def test_refusals_of_many_small_lanes_add_up_until_the_broadcast_stops(
    outbox: Outbox, winpush_emulator: Emulator, url: str, clock: Clock
) -> None:
    """A sparse audience in a large registry has such lanes."""
    number = broadcast(outbox, winpush_emulator, url, clock, ["unauthorized"] * 80)
    progress = outbox.progress(number)
    assert progress.state is BroadcastState.STOPPED
    assert progress.states == {DeliveryState.FAILED: 20, DeliveryState.STOPPED: 60}
    assert (progress.stop_reason or "").startswith("20 consecutive sends to MPNS")


def test_other_answers_in_a_lane_end_the_refusals_in_a_row_before_it(
    outbox: Outbox, winpush_emulator: Emulator, url: str, clock: Clock
) -> None:
    states = [*["healthy"] * 3, *["unauthorized"] * 2] * 16
    number = broadcast(outbox, winpush_emulator, url, clock, states)
    progress = outbox.progress(number)
    assert progress.state is BroadcastState.FINISHED
    assert progress.states == {DeliveryState.DELIVERED: 48, DeliveryState.FAILED: 32}


def test_lanes_without_a_refusal_end_those_in_a_row_before_them(
    outbox: Outbox, winpush_emulator: Emulator, url: str, clock: Clock
) -> None:
    states = [*["unauthorized"] * 15, *["healthy"] * 5] * 4
    number = broadcast(outbox, winpush_emulator, url, clock, states)
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 20, DeliveryState.FAILED: 60}


@given(st.lists(st.booleans()), st.integers(1, 7))
def test_what_a_lane_notes_does_not_depend_on_how_it_is_cut_into_batches(refused: list[bool], size: int) -> None:
    def run(answers: list[bool]) -> tuple[int, bool]:
        trailing = next((place for place, each in enumerate(reversed(answers)) if not each), len(answers))
        return trailing, not all(answers)

    notes: dict[str, int] = {}
    for begin in range(0, len(refused), size):
        notes = noted(notes, {"wns": run(refused[begin : begin + size])})
    length, interrupted = run(refused)
    assert notes == {**({"wns": length} if length else {}), **({"wns answered": -1} if interrupted else {})}
