"""Which claims have no worker any more: those that stand still, by the watcher's own clock."""

from __future__ import annotations

from datetime import timedelta

from winpush.delivery.worker.liveness import Liveness


def test_a_claim_that_stands_still_is_lost_after_the_patience_and_one_that_moves_is_not() -> None:
    now = 0.0
    watch = Liveness(timedelta(seconds=12), lambda: now)
    assert not watch.is_lost("a", 1)
    now = 11.9
    assert not watch.is_lost("a", 1)
    assert not watch.is_lost("a", 2)
    now = 23.8
    assert not watch.is_lost("a", 2)
    now = 24.0
    assert watch.is_lost("a", 2)


def test_a_watch_forgets_claims_that_it_was_not_asked_about_for_long() -> None:
    now = 0.0
    watch = Liveness(timedelta(seconds=1), lambda: now)
    for number in range(1000):
        watch.is_lost(f"old {number}", 1)
    now = 100.0
    watch.is_lost("new", 1)
    assert not watch.is_lost("old 1", 1)
    now = 101.0
    assert watch.is_lost("new", 1)
