"""Results and the retry decision: what a sender is told to do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from winpush import (
    AnswerLostError,
    ChannelGoneError,
    Outcome,
    RefusedError,
    Response,
    Result,
    RetryLaterError,
    SendTimeoutError,
    TransportError,
    mpns,
)
from winpush.results import judge_failure
from winpush.retries import Done, GiveUp, RetryAt, decide

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOAST = mpns.Toast("a")


def answer(status: int, notification: str | None = None) -> Result:
    headers = () if notification is None else ((b"X-NotificationStatus", notification.encode()),)
    response = Response(status, headers)
    verdict = mpns.judge(response)
    return Result(None, TOAST, verdict, mpns.HEADERS, response, None, verdict.delay)


def failure(error: TransportError) -> Result:
    verdict = judge_failure(error)
    return Result(None, TOAST, verdict, mpns.HEADERS, None, error, verdict.delay)


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (answer(404), ChannelGoneError),
        (answer(406, "Dropped"), RetryLaterError),
        (answer(200, "QueueFull"), RetryLaterError),
        (answer(400), RefusedError),
        (answer(200, "Suppressed"), RefusedError),
        (answer(200), RefusedError),
    ],
)
def test_raise_for_error_raises_what_is_to_be_done(result: Result, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        result.raise_for_error()
    assert caught.value.result is result  # type: ignore[attr-defined]  # a SendError
    assert result.outcome.value in str(caught.value)


def test_raise_for_error_returns_an_accepted_result_and_raises_the_networks_error() -> None:
    good = answer(200, "Received")
    assert good.raise_for_error() is good
    with pytest.raises(AnswerLostError):
        failure(AnswerLostError("lost", request_sent=True)).raise_for_error()


@pytest.mark.parametrize("status", [400, 401, 403, 500, 502, 429, 301])
def test_what_cost_the_seeds_users_their_channels_keeps_them_here(status: int) -> None:
    result = answer(status)
    assert not result.ok
    assert not result.should_delete_channel


def test_a_log_entry_is_json_and_says_what_happened() -> None:
    entry = json.loads(json.dumps(answer(412, "Dropped").to_dict()))
    assert entry["outcome"] == "device-inactive"
    assert (entry["minutes_to_delay"], entry["retry_after_seconds"]) == (61, 3600.0)
    assert entry["notification"] == {"type": "Toast", "text1": "a"}
    lost = failure(AnswerLostError("The line went dead.", request_sent=True)).to_dict()
    assert lost["error"] == "AnswerLostError: The line went dead."
    assert lost["may_have_arrived"] is True


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 4), (2, 8), (3, 16), (4, 32), (5, 32), (7, 32)])
def test_a_full_queue_is_tried_after_4_8_16_and_32_minutes(attempt: int, minutes: int) -> None:
    decision = decide(answer(200, "QueueFull"), attempt, NOW)
    assert decision == RetryAt(NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("attempt", [1, 2, 5])
def test_an_inactive_device_is_tried_once_an_hour(attempt: int) -> None:
    assert decide(answer(412), attempt, NOW) == RetryAt(NOW + timedelta(hours=1))


def test_what_is_accepted_gone_or_to_be_fixed_is_done() -> None:
    for result in (answer(200, "Received"), answer(404), answer(400)):
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


def test_an_error_that_nobody_foresaw_has_a_verdict_too() -> None:
    class Strange(TransportError):
        pass

    assert failure(Strange("?")).outcome is Outcome.BAD_ANSWER
