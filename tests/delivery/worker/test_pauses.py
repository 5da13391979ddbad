"""A worker looks for work when it is due, and rarely for what another worker holds."""

from __future__ import annotations

from winpush.delivery.worker.pauses import Pauses


def test_it_pauses_until_the_next_work_is_due() -> None:
    pauses = Pauses()
    assert pauses.until(None, 5000) == float("inf")
    assert pauses.until(7500, 5000) == 2.5


def test_what_is_due_and_held_by_others_is_looked_at_less_and_less_often() -> None:
    pauses = Pauses()
    looks = [pauses.until(4000, 5000) for _ in range(30)]
    assert looks[:3] == [0.02, 0.04, 0.08]
    assert looks[-1] == 1.0
    assert sum(looks) > 20


def test_after_a_claim_or_a_wait_it_looks_soon_again() -> None:
    pauses = Pauses()
    for again in (pauses.reset, lambda: pauses.until(9000, 5000)):
        for _ in range(5):
            pauses.until(4000, 5000)
        again()
        assert pauses.until(4000, 5000) == 0.02
