"""What a worker remembers of its broadcasts is bounded by the memory it takes."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace
from typing import Any

import pytest

from winpush import mpns, wns
from winpush.delivery import Content
from winpush.delivery.content.shared import MAX_BYTES as MAX_CONTENT_BYTES
from winpush.delivery.registry.registration import Registration
from winpush.delivery.worker.plans import MAX_BYTES, Plans


def row_of(number: int, content: Content) -> Any:
    return SimpleNamespace(
        id=number,
        content=content.to_json(),
        audience='{"format":1}',
        expires_at=None,
        max_attempts=8,
        resend_unanswered=False,
        quiet_start=None,
        quiet_end=None,
        not_before=0,
    )


def channels(count: int, text: str) -> list[Registration]:
    uri = "https://db5.notify.windows.com/?token="
    return [Registration(f"{uri}{n}", attributes={"name": f"{text}{n}"}) for n in range(count)]


TOAST = Content.of(wns.Toast("Hello {name}", "Nothing else"), template=True)


def memory_of(rows: list[Any], recipients: list[Registration]) -> int:
    """The bytes that stay after these broadcasts, one after the other."""
    plans = Plans()
    tracemalloc.start()
    try:
        for row in rows:
            plan = plans.of(row)
            for recipient in recipients:
                plan.content.for_channel(recipient)
            del plan
            plans.trim()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [10, 900])
def test_template_broadcasts_one_after_the_other_take_bounded_memory(length: int) -> None:
    rows = [row_of(n, Content.of(wns.Toast(f"{n} {{name}}", "x" * length), template=True)) for n in range(60)]
    assert memory_of(rows, channels(800, "y" * length)) < 1.2 * MAX_BYTES


@pytest.mark.parametrize("letter", ["x", "\u0416", "\U0001f600"])
@pytest.mark.parametrize("make", [wns.Toast, mpns.Toast])
def test_one_content_with_long_texts_is_bounded_too(letter: str, make: Any) -> None:
    content = Content.of(make(letter * 500 + "{name}", letter * 100), template=True)
    held = memory_of([row_of(1, content)], channels(2000, letter * 200))
    assert held < 1.2 * MAX_CONTENT_BYTES


def test_the_plans_used_last_stay_and_so_do_their_contents() -> None:
    plans = Plans()
    made = [plans.of(row_of(n, TOAST)) for n in range(3)]
    assert made[0].content is made[1].content is made[2].content
    plans.trim()
    assert plans.of(row_of(0, TOAST)) is made[0]


def test_no_more_than_a_thousand_plans_are_remembered() -> None:
    plans = Plans()
    first, second = plans.of(row_of(0, TOAST)), plans.of(row_of(1, TOAST))
    for number in range(2, 1001):
        plans.of(row_of(number, TOAST))
    plans.of(row_of(0, TOAST))
    plans.trim()
    assert plans.of(row_of(0, TOAST)) is first
    assert plans.of(row_of(1, TOAST)) is not second
