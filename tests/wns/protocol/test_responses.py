"""The table of answers, row by row, and any other answer (wns.md 6 and 7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import load, needs_protocol, vectors
from tests.wns.strategies import patient
from winpush import Action, Outcome
from winpush.http import Response
from winpush.results import Backoff
from winpush.retries import retry_after
from winpush.wns import ROWS, judge
from winpush.wns.protocol.responses import HEADERS, Endpoint, judge_token, wants_new_token

_NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
_TABLE: list[dict[str, Any]] = load("wns_responses.json")
_ACTIONS = {
    "ok": Action.NOTHING,
    "stop_and_fix": Action.STOP_AND_FIX,
    "retry_later": Action.RETRY_LATER,
    "drop_channel": Action.DELETE_CHANNEL,
}


def _response(status: int, body: bytes = b"", /, **headers: str | None) -> Response:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items() if value is not None}
    return Response(status, tuple(named.items()), body)


def _answer(row: dict[str, Any], **more: str) -> Response:
    described = row["error_description"] or row.get("reason_phrase")
    return _response(
        row["http_status"],
        X_WNS_Status=row["notification_status"],
        X_WNS_DeviceConnectionStatus=row["device_connection_status"],
        X_WNS_Error_Description=described,
        X_WNS_Msg_ID="1" if row["endpoint"] == "notify" else None,
        **more,
    )


def _name(row: dict[str, Any]) -> str:
    parts = (row["http_status"], row["notification_status"], row["device_connection_status"], row["error_description"])
    return "-".join(str(part) for part in parts)


_SENDS = [row for row in _TABLE if row["endpoint"] == "notify"]
# That a token was issued is for the one who reads it: see test_tokens.
_TOKENS = [row for row in _TABLE if row["endpoint"] == "token" and not row["accepted"]]


@needs_protocol
@pytest.mark.parametrize("row", _SENDS, ids=_name)
def test_a_row_of_the_table_has_its_verdict(row: dict[str, Any]) -> None:
    verdict, wait = judge(_answer(row), _NOW)
    assert verdict.action is _ACTIONS[row["action"]]
    assert (verdict.outcome is Outcome.ACCEPTED) == row["accepted"]
    minutes = row["min_delay_minutes"]
    assert wait == (None if minutes is None else timedelta(minutes=minutes))
    assert verdict.source
    if row.get("backoff"):
        assert verdict.backoff is Backoff(row["backoff"])
    assert wants_new_token(_answer(row)) == row.get("refresh_token", False)


@needs_protocol
@pytest.mark.parametrize("row", _SENDS, ids=_name)
def test_a_row_honours_retry_after_where_the_table_says_so(row: dict[str, Any]) -> None:
    _, wait = judge(_answer(row, Retry_After="777"), _NOW)
    assert (wait == timedelta(seconds=777)) == row["honour_retry_after"]


@needs_protocol
@pytest.mark.parametrize("row", _TOKENS, ids=_name)
def test_a_row_of_the_tokens_server_has_its_verdict(row: dict[str, Any]) -> None:
    verdict, wait = judge_token(_answer(row), _NOW, row["error_description"] or "")
    assert verdict.action is _ACTIONS[row["action"]]
    minutes = row["min_delay_minutes"]
    assert wait == (None if minutes is None else timedelta(minutes=minutes))
    _, wait = judge_token(_answer(row, Retry_After="777"), _NOW)
    assert (wait == timedelta(seconds=777)) == row["honour_retry_after"]


@needs_protocol
def test_our_table_has_the_documented_rows_and_no_others() -> None:
    ours = {
        (
            row.endpoint.value,
            row.status_code,
            row.notification_status,
            row.device_connection_status,
            row.error_description,
            row.reason,
        )
        for row in ROWS
    }
    theirs = {
        (
            row["endpoint"],
            row["http_status"],
            row["notification_status"],
            row["device_connection_status"],
            row["error_description"],
            row.get("reason_phrase"),
        )
        for row in _TABLE
    }
    assert ours == theirs


@pytest.mark.parametrize(
    ("status", "word", "outcome"),
    [
        (200, "received", Outcome.ACCEPTED),
        (200, "dropped", Outcome.DROPPED),
        (200, "channelthrottled", Outcome.CHANNEL_THROTTLED),
        (200, "appthrottled", Outcome.THROTTLED),
        (400, None, Outcome.BAD_REQUEST),
        (401, None, Outcome.UNAUTHORIZED),
        (403, "dropped", Outcome.FORBIDDEN),
        (404, None, Outcome.CHANNEL_GONE),
        (405, None, Outcome.METHOD_NOT_ALLOWED),
        (406, None, Outcome.THROTTLED),
        (406, "channelthrottled", Outcome.CHANNEL_THROTTLED),
        (410, "dropped", Outcome.CHANNEL_GONE),
        (413, None, Outcome.PAYLOAD_TOO_LARGE),
        (429, None, Outcome.THROTTLED),
        (429, "appthrottled", Outcome.THROTTLED),
        (429, "channelthrottled", Outcome.CHANNEL_THROTTLED),
        (500, None, Outcome.SERVICE_ERROR),
        (503, None, Outcome.SERVICE_UNAVAILABLE),
        (412, None, Outcome.UNEXPECTED_ANSWER),
    ],
)
def test_each_status_has_its_own_outcome(status: int, word: str | None, outcome: Outcome) -> None:
    assert judge(_response(status, X_WNS_Status=word, X_WNS_Msg_ID="1"), _NOW)[0].outcome is outcome


@pytest.mark.parametrize("name", ["X_WNS_Status", "x_wns_status", "X_WNS_STATUS", "X_WNS_NotificationStatus"])
@pytest.mark.parametrize("word", ["received", "Received", " received "])
def test_both_names_of_the_status_are_read_in_any_case(name: str, word: str) -> None:
    assert judge(_response(200, **{name: word}), _NOW)[0].outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("first", ["X_WNS_Status", "X_WNS_NotificationStatus"])
def test_where_the_two_names_disagree_it_is_no_success(first: str) -> None:
    other = ({"X_WNS_Status", "X_WNS_NotificationStatus"} - {first}).pop()
    assert judge(_response(200, **{first: "dropped", other: "received"}), _NOW)[0].outcome is Outcome.DROPPED


@pytest.mark.parametrize("words", [(b"received", b"dropped"), (b"dropped", b"received"), (b"received, dropped",)])
def test_a_status_that_comes_twice_and_differs_is_no_success(words: tuple[bytes, ...]) -> None:
    response = Response(200, tuple((b"X-WNS-Status", word) for word in words))
    assert judge(response, _NOW)[0].outcome is Outcome.DROPPED


def test_a_status_that_comes_twice_and_is_the_same_counts() -> None:
    response = Response(200, ((b"X-WNS-Status", b"received"), (b"x-wns-status", b"received")))
    assert judge(response, _NOW)[0].outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("status", [200, 201, 202, 204, 402, 409, 412, 418, 502, 504, 599])
@pytest.mark.parametrize("word", [None, "", "queued", "ok"])
def test_what_no_row_foresees_is_never_success(status: int, word: str | None) -> None:
    verdict, _ = judge(_response(status, X_WNS_Status=word), _NOW)
    assert verdict.outcome is Outcome.UNEXPECTED_ANSWER
    assert verdict.action is (Action.RETRY_LATER if status >= 500 else Action.STOP_AND_FIX)


@pytest.mark.parametrize("status", [404, 410])
def test_a_channel_that_is_gone_is_deleted(status: int) -> None:
    assert judge(_response(status, X_WNS_Msg_ID="1"), _NOW)[0].action is Action.DELETE_CHANNEL


_PAGE = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("body", [b"", b"not here", _PAGE])
def test_an_answer_without_the_services_mark_deletes_no_channel(status: int, body: bytes) -> None:
    verdict, wait = judge(_response(status, body, Server="nginx"), _NOW)
    assert (verdict.outcome, verdict.action) == (Outcome.FOREIGN_ANSWER, Action.RETRY_LATER)
    assert wait == timedelta(minutes=1)


def test_a_firewalls_words_are_no_blocked_domain_of_wns() -> None:
    response = _response(410, b"This domain is blocked. 410 Domain Blocked")
    assert judge(response, _NOW)[0].outcome is Outcome.FOREIGN_ANSWER


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 405, 406, 410, 412, 413, 429])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"RBAC: access denied"),
        ("text/plain", b"local_rate_limited"),
        ("application/json", b'{"message":"Forbidden"}'),
        (None, b"Bad Request"),
    ],
)
def test_a_body_without_the_services_mark_is_a_proxys_or_a_sidecars(status: int, kind: str | None, body: bytes) -> None:
    """WNS says all in its headers: such an answer stops no broadcast, and holds no app."""
    response = _response(status, body, Content_Type=kind)
    verdict, wait = judge(response, _NOW)
    assert (verdict.outcome, wait) == (Outcome.FOREIGN_ANSWER, timedelta(minutes=1))
    assert not wants_new_token(response)


@pytest.mark.parametrize(("asked", "minutes"), [("120", 2), ("3600", 60), ("86400", 60)])
def test_a_strangers_wait_is_followed_for_an_hour_at_most(asked: str, minutes: int) -> None:
    page = _response(503, b"<html>maintenance</html>", Content_Type="text/html", Retry_After=asked)
    verdict, wait = judge(page, _NOW)
    assert (verdict.outcome, wait) == (Outcome.FOREIGN_ANSWER, timedelta(minutes=minutes))


@pytest.mark.parametrize("body", [b"", b"upstream connect error"])
def test_a_503_says_to_wait_whoever_says_so(body: bytes) -> None:
    assert judge(_response(503, body), _NOW)[0].outcome is Outcome.SERVICE_UNAVAILABLE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_portals_and_not_the_services(status: int) -> None:
    assert judge(_response(status, Location="http://portal.example/"), _NOW)[0].outcome is Outcome.FOREIGN_ANSWER


@pytest.mark.parametrize("status", [408, 421, 425])
@pytest.mark.parametrize("mark", [None, "1"])
def test_a_status_that_says_to_send_again_is_tried_again(status: int, mark: str | None) -> None:
    """RFC 9110, 15.5.9 and 15.5.20; RFC 8470, 5.2."""
    verdict, wait = judge(_response(status, X_WNS_Msg_ID=mark), _NOW)
    assert (verdict.outcome, verdict.action) == (Outcome.UNEXPECTED_ANSWER, Action.RETRY_LATER)
    assert wait == timedelta(minutes=1)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 405, 413, 503])
def test_a_page_of_a_proxy_or_firewall_is_not_the_services_answer(status: int) -> None:
    response = _response(status, _PAGE, Content_Type="text/html")
    assert judge(response, _NOW)[0].outcome is Outcome.FOREIGN_ANSWER
    assert not wants_new_token(response)


@pytest.mark.parametrize(
    "response",
    [
        _response(410, X_WNS_Error_Description="Domain Blocked"),
        _response(410, X_WNS_Error_Description="The sending domain-blocked."),
        _response(410, b"<h1>410 Domain Blocked</h1>", X_WNS_Msg_ID="1"),
    ],
)
def test_a_blocked_domain_deletes_no_channel(response: Response) -> None:
    verdict, wait = judge(response, _NOW)
    assert verdict.outcome is Outcome.DOMAIN_BLOCKED
    assert verdict.action is Action.STOP_AND_FIX
    assert wait is None


@pytest.mark.parametrize("status", [400, 401, 403, 405, 406, 413, 429, 500, 503])
def test_no_other_answer_ever_deletes_a_channel(status: int) -> None:
    for word in (None, "dropped", "received"):
        assert judge(_response(status, X_WNS_Status=word), _NOW)[0].action is not Action.DELETE_CHANNEL


def test_a_401_after_a_new_token_is_final() -> None:
    assert judge(_response(401), _NOW)[0].action is Action.RETRY_LATER
    verdict, wait = judge(_response(401), _NOW, renewed=True)
    assert (verdict.outcome, verdict.action, wait) == (Outcome.UNAUTHORIZED, Action.STOP_AND_FIX, None)


def test_a_web_push_channels_401_is_not_solved_by_a_token() -> None:
    response = _response(401, X_WNS_Error_Description="JWT Authentication Failed")
    assert not wants_new_token(response)
    assert judge(response, _NOW)[0].action is Action.STOP_AND_FIX


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("900", timedelta(minutes=15)),
        ("0", timedelta(0)),
        ("Wed, 01 Jul 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Wed, 01 Jul 2026 12:10:00 -0000", timedelta(minutes=10)),
        ("Wed, 01 Jul 2026 11:00:00 GMT", timedelta(0)),
        ("Wed, 01 Jul 2099 11:00:00 GMT", timedelta(days=31)),
        ("99999999999999999999", timedelta(days=31)),
        ("0000000060", timedelta(minutes=1)),
        ("30, 300", timedelta(minutes=5)),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("Wed, 99 Jul 2026 12:10:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, wait: timedelta | None) -> None:
    assert retry_after(_response(503, Retry_After=text), _NOW) == wait


@pytest.mark.parametrize(
    "values", [("30", "300"), ("300", "30"), ("300", "soon"), ("Wed, 01 Jul 2026 12:05:00 GMT", "30")]
)
def test_of_two_waits_that_differ_the_longer_counts(values: tuple[str, str]) -> None:
    response = Response(503, tuple((b"Retry-After", value.encode()) for value in values))
    assert retry_after(response, _NOW) == timedelta(minutes=5)
    assert judge(response, _NOW)[1] == timedelta(minutes=5)


def test_the_older_continue_after_counts_where_there_is_no_retry_after() -> None:
    _, wait = judge(_response(200, X_WNS_Status="channelthrottled", X_WNS_CONTINUE_AFTER="42"), _NOW)
    assert wait == timedelta(seconds=42)


@needs_protocol
@pytest.mark.parametrize(
    "entry", [entry for entry in vectors() if entry["response"]], ids=lambda entry: entry["source"][:50]
)
def test_a_recorded_exchange_gives_the_recorded_answer(entry: dict[str, Any]) -> None:
    recorded = entry["response"]
    headers = tuple((name.encode(), value.encode()) for name, value in recorded["headers"].items())
    response = Response(recorded["status"], headers)
    assert judge(response, _NOW)[0].outcome is Outcome.ACCEPTED
    assert response.header(*HEADERS.message_id) == recorded["headers"]["x-wns-msg-id"]


_names = st.sampled_from(
    [b"X-WNS-Status", b"X-WNS-NotificationStatus", b"Retry-After", b"X-WNS-Error-Description", b"x-wns-continue-after"]
)
_texts = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"received", b"dropped", b"channelthrottled", b"appthrottled", b"900", b"Mon, 1 Jan 1 0:0:0 +9999"]
    ),
)


@patient
@given(st.integers(100, 999), st.lists(st.tuples(_names, _texts), max_size=6), st.binary(max_size=30))
def test_any_answer_is_judged_and_only_a_foreseen_success_is_one(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    response = Response(status, tuple(headers), body)
    verdict, wait = judge(response, _NOW)
    assert wait is None or wait >= timedelta(0)
    assert (wait is None) == (verdict.action is not Action.RETRY_LATER)
    if verdict.outcome is Outcome.ACCEPTED:
        words = [value.strip().lower() for name, value in headers if b"status" in name.lower()]
        assert status in (200, 201)
        assert b"received" in words
    if verdict.action is Action.DELETE_CHANNEL:
        assert status in (404, 410)
    token_verdict, _ = judge_token(response, _NOW, body.decode("latin-1"))
    assert token_verdict.outcome is not Outcome.ACCEPTED


def test_each_row_names_its_endpoint() -> None:
    assert {row.endpoint for row in ROWS} == set(Endpoint)
