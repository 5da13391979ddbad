"""The retry decision: whether a result is tried again, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.results import answer, failure
from winpush import (
    AnswerLostError,
    Outcome,
    SendTimeoutError,
)
from winpush.retries import Done, GiveUp, RetryAt, decide

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 4), (2, 8), (3, 16), (4, 32), (5, 32), (7, 32)])
def test_a_full_queue_is_tried_after_4_8_16_and_32_minutes(attempt: int, minutes: int) -> None:
    decision = decide(answer(200, "QueueFull"), attempt, NOW)
    assert decision == RetryAt(NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("attempt", [1, 2, 5])
def test_an_inactive_device_is_tried_once_an_hour(attempt: int) -> None:
    assert decide(answer(412), attempt, NOW) == RetryAt(NOW + timedelta(hours=1))


def test_what_is_accepted_gone_or_to_be_fixed_is_done() -> None:
    for result in (answer(200, "Received"), answer(404, "Dropped"), answer(400)):
        assert decide(result, 1, NOW) == Done()


def test_it_gives_up_after_the_attempts_or_the_time() -> None:
    assert isinstance(decide(answer(503), 8, NOW), GiveUp)
    late = decide(answer(503), 1, NOW, give_up_at=NOW + timedelta(minutes=4))
    assert isinstance(late, GiveUp)
    assert "service-unavailable" in late.reason


def test_a_lost_answer_is_sent_again_only_when_asked() -> None:
    lost = failure(AnswerLostError("lost", request_sent=True))
    assert lost.outcome is Outcome.ANSWER_LOST
    assert decide(lost, 1, NOW) == Done()
    assert decide(lost, 2, NOW, resend_unanswered=True) == RetryAt(NOW + timedelta(minutes=2))


def test_a_timeout_before_anything_was_sent_is_simply_tried_again() -> None:
    assert isinstance(decide(failure(SendTimeoutError("slow")), 1, NOW), RetryAt)
    assert decide(failure(SendTimeoutError("slow", request_sent=True)), 1, NOW) == Done()
