"""Sends at fixed times: the schedule, where a latency starts, and how latencies are summarised."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import pytest
from harness.contenders import CONTENDERS
from harness.paced import Latency, chosen, percentile
from harness.provision import Workshop
from hypothesis import given
from hypothesis import strategies as st

if not sys.platform.startswith("linux"):
    pytest.skip("waits for a timer that is not Linux's alone", allow_module_level=True)
from pacing import Pacer, Schedule

MS = 1_000_000


@given(rate=st.floats(0.1, 1e6), places=st.integers(0, 10**6))
def test_sends_leave_one_after_the_other_at_even_intervals(rate: float, places: int) -> None:
    schedule = Schedule.at_rate(rate, 5)
    assert schedule.intended_ns(0) == 5
    assert schedule.intended_ns(places + 1) - schedule.intended_ns(places) == round(1e9 / rate)


def test_with_a_rate_of_0_all_are_due_at_once() -> None:
    schedule = Schedule.at_rate(0, 5)
    assert schedule.intended_ns(0) == schedule.intended_ns(10**6) == 5


async def _noted(rate: float, begun_ms: int, answered_ms: list[int]) -> list[int]:
    """The latencies in ms of sends that all could begin only so late, and were answered then."""
    now = 0

    def clock() -> int:
        return now

    pacer = Pacer(rate, len(answered_ms), clock)
    try:
        now = pacer.schedule.start_ns + begun_ms * MS
        for place, answered in enumerate(answered_ms):
            await pacer.wait(place)
            now = pacer.schedule.start_ns + answered * MS
            pacer.note(place)
    finally:
        pacer.close()
    return [latency // MS for latency in pacer.latencies]


def test_the_wait_of_a_send_that_could_not_leave_in_time_counts() -> None:
    # One a millisecond; nothing could leave before the tenth.
    assert asyncio.run(_noted(1_000, 10, [11, 12, 13])) == [11, 11, 11]


def test_an_answer_is_never_before_its_send_was_to_leave() -> None:
    assert asyncio.run(_noted(1_000, 5, [0])) == [0]


def test_a_send_is_held_back_until_its_time() -> None:
    async def main() -> None:
        pacer = Pacer(500, 20)
        try:
            for place in range(20):
                await pacer.wait(place)
                assert time.monotonic_ns() >= pacer.schedule.intended_ns(place)
        finally:
            pacer.close()

    asyncio.run(main())


def test_who_waits_is_let_go_in_the_order_of_the_times() -> None:
    async def main() -> None:
        pacer, order = Pacer(1_000, 20), []

        async def one(place: int) -> None:
            await pacer.wait(place)
            order.append(place)

        try:
            await asyncio.gather(*[one(place) for place in range(20)])
        finally:
            pacer.close()
        assert order == list(range(20))

    asyncio.run(main())


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 50), (0.99, 99), (0.999, 100), (0.0, 1), (1.0, 100)])
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, wanted: int) -> None:
    assert percentile(range(1, 101), share) == wanted


@given(st.lists(st.integers(0, 10**12), min_size=1), st.floats(0.001, 1))
def test_a_percentile_is_one_of_the_values_and_covers_its_share(values: list[int], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_few_sends_tell_nothing_of_one_in_a_thousand() -> None:
    assert Latency.of(range(999)).p999 is None
    assert Latency.of(range(1_000)) == Latency(499, 989, 998)


def test_the_rounds_are_one_by_their_medians() -> None:
    rounds = [Latency(1, 10, None), Latency(3, 20, 50), Latency(2, 90, 70)]
    assert Latency.median(rounds) == Latency(2, 20, 60)


def test_each_way_of_winpush_is_paced_once_by_the_build_that_pip_installs() -> None:
    class All(Workshop):
        """All is there but what is compiled, or all."""

        without: str = "none"

        def reason_against(self, contender: Any) -> str | None:
            return "not there" if self.without in contender.name else None

    class Bench:
        workshop = All(python=None)  # type: ignore[arg-type]  # nothing is run

    def ours(without: str) -> list[str]:
        Bench.workshop.without = without
        return [each.name for each in chosen(Bench(), CONTENDERS) if each.name.startswith("winpush")]  # type: ignore[arg-type]  # no more of it is needed

    assert ours("none") == ["winpush-many-uvloop-compiled", "winpush-send-uvloop-compiled"]
    assert ours("compiled") == ["winpush-many-uvloop", "winpush-send-uvloop"]
