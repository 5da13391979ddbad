"""Results: what a sender learns from an answer, and from a network that gave none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.results import answer, failure
from winpush import (
    AnswerLostError,
    ChannelGoneError,
    Outcome,
    RefusedError,
    Response,
    Result,
    RetryLaterError,
    SendError,
    TransportError,
    wns,
)


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (answer(404, "Dropped"), ChannelGoneError),
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


@pytest.mark.parametrize("status", [400, 403, 410, 503])
def test_what_the_service_said_is_whole_in_the_error_with_the_ids_for_support(status: int) -> None:
    said = "Request targets an app that is not in allowed receiving apps list by WNS. " * 10
    headers = {"X-WNS-Error-Description": said, "X-WNS-Msg-ID": "1A2b", "X-WNS-Debug-Trace": "DB5", "MS-CV": "cV.0"}
    response = Response(status, tuple((name.encode(), value.encode()) for name, value in headers.items()))
    verdict, wait = wns.judge(response, datetime.now(UTC))
    result = Result(None, wns.Toast("a"), verdict, wns.HEADERS, response, None, wait)
    with pytest.raises(SendError) as caught:
        result.raise_for_error()
    for text in (str(caught.value), result.explanation, result.to_dict()["explanation"]):
        assert said.strip() in text
        assert all(each in text for each in ("1A2b", "DB5", "cV.0"))


@pytest.mark.parametrize("status", [400, 401, 403, 500, 502, 429, 301])
def test_what_cost_the_seeds_users_their_channels_keeps_them_here(status: int) -> None:
    result = answer(status)
    assert not result.ok
    assert not result.should_delete_channel


def test_a_key_that_is_a_channel_uri_is_shown_as_channels_are() -> None:
    uri = "https://user:pw@db5.notify.windows.com/?token=AwYAAAC8secretsecretsecret"
    result = replace(answer(200), key=uri)
    assert result.key == uri
    assert "secretsecret" not in repr(result) + str(result.to_dict())
    assert result.to_dict()["key"] == "https://db5.notify.windows.com/…secret"
    assert replace(answer(200), key="ada").to_dict()["key"] == "ada"
    assert replace(answer(200), key=("ada", 7)).to_dict()["key"] == "('ada', 7)"


def test_of_two_words_that_differ_the_result_has_the_one_that_decided() -> None:
    dropped = ((b"X-WNS-Status", b"received"), (b"X-WNS-NotificationStatus", b"dropped"))
    response = Response(200, dropped)
    verdict, wait = wns.judge(response, datetime.now(UTC))
    toast = wns.Toast("a")
    assert verdict.outcome is Outcome.DROPPED
    assert Result(None, toast, verdict, wns.HEADERS, response, None, wait).notification_status == "dropped"
    empty = Response(200, ((b"X-WNS-Status", b""), (b"X-WNS-NotificationStatus", b"received")))
    assert Result(None, toast, verdict, wns.HEADERS, empty).notification_status == "received"


def test_a_log_entry_is_json_and_says_what_happened() -> None:
    entry = json.loads(json.dumps(answer(412, "Dropped").to_dict()))
    assert entry["outcome"] == "device-inactive"
    assert (entry["minutes_to_delay"], entry["retry_after_seconds"]) == (61, 3600.0)
    assert entry["notification"] == {"type": "Toast", "text1": "a"}
    lost = failure(AnswerLostError("The line went dead.", request_sent=True)).to_dict()
    assert lost["error"] == "AnswerLostError: The line went dead."
    assert lost["may_have_arrived"] is True


def test_an_error_that_nobody_foresaw_has_a_verdict_too() -> None:
    class Strange(TransportError):
        pass

    assert failure(Strange("?")).outcome is Outcome.BAD_ANSWER
