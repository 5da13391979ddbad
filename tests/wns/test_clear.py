"""Clearing toasts from a device (wns.md 11)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from winpush import ValidationError, wns


@pytest.mark.parametrize(
    ("clear", "match"),
    [
        (wns.ClearToasts(group="g", tag="t"), "type:wns/toast;group=g;tag=t"),
        (wns.ClearToasts(group="g"), "type:wns/toast;group=g"),
        (wns.ClearToasts(tag="t"), "type:wns/toast;tag=t"),
        (wns.ClearToasts(everything=True), "type:wns/toast;all"),
    ],
)
def test_clearing_writes_and_reads_the_four_documented_matches(clear: wns.ClearToasts, match: str) -> None:
    assert clear.match == match
    assert wns.ClearToasts.read(match) == clear
    assert clear.to_dict()["everything"] is clear.everything


CLEAR_BAD: list[Callable[[], object]] = [
    lambda: wns.ClearToasts(),
    lambda: wns.ClearToasts(tag="a b"),
    lambda: wns.ClearToasts(group=""),
    lambda: wns.ClearToasts(tag="a", everything=True),
    lambda: wns.ClearToasts(everything=1),  # type: ignore[arg-type]  # the wrong type is the test
    lambda: wns.ClearToasts.read(""),
    lambda: wns.ClearToasts.read("type:wns/tile;all"),
    lambda: wns.ClearToasts.read("type:wns/toast;colour=red"),
    lambda: wns.ClearToasts.read("type:wns/toast;tag=a;tag=b"),
]


@pytest.mark.parametrize("make", CLEAR_BAD)
def test_clearing_says_what_is_to_be_cleared(make: Callable[[], object]) -> None:
    with pytest.raises(ValidationError):
        make()
