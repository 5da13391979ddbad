"""Answers: captured ones from all services, and whatever else may come (webpush.md 6 and 7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import Action, Outcome, Response
from winpush.webpush import diagnose, judge

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
IDS = {"X-WNS-MSG-ID": "4C0", "X-WNS-DEBUG-TRACE": "BN3P", "MS-CV": "x"}
DROPPED = {"X-WNS-STATUS": "dropped", "X-WNS-NOTIFICATIONSTATUS": "dropped"}
FCM_MISMATCH = (
    "the key in the authorization header does not correspond to the sender ID used to subscribe this user. Please "
    "ensure you are using the correct sender ID and server Key from the Firebase console."
)

FCM_OTHER_CREDENTIALS = (
    "the VAPID credentials in the authorization header do not correspond to the credentials used to create the "
    "subscriptions."
)


def answer(status: int, headers: dict[str, str] | None = None, body: str = "") -> Response:
    named = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return Response(status, tuple(named), body.encode())


def described(text: str) -> dict[str, str]:
    return {"X-WNS-ERROR-DESCRIPTION": text, **IDS}


# As several have published them, with all that came with them (webpush.md 6).
TTL_CONFLICT = {
    "Content-Length": "0",
    "X-WNS-NOTIFICATIONSTATUS": "dropped",
    "X-WNS-STATUS": "dropped",
    "X-WNS-ERROR-DESCRIPTION": "Ttl value conflicts with X-WNS-Cache-Policy.",
    "mise-correlation-id": "5b1d",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
THROTTLE = {
    "Content-Length": "0",
    "Retry-After": "900",
    "X-WNS-STATUS": "appthrottled",
    "X-WNS-NOTIFICATIONSTATUS": "appthrottled",
    **IDS,
}
CRYPTO_KEY = (
    "Zero or more than 1 crypto-key <dh> exist. Missing, duplicated or unrecognized field in salt field, dh Count:1 "
    "total count:2"
)
SIGNING_KEYS = "Zero or duplicate tokens or token signing keys."
CAPTURED = [
    (answer(400, TTL_CONFLICT), Outcome.BAD_REQUEST),
    (answer(400), Outcome.BAD_REQUEST),
    (answer(406, THROTTLE), Outcome.THROTTLED),
    (answer(400, described(CRYPTO_KEY)), Outcome.BAD_REQUEST),
    (answer(401, described(CRYPTO_KEY)), Outcome.UNAUTHORIZED),
    (answer(400, described(SIGNING_KEYS)), Outcome.BAD_REQUEST),
    (answer(401, {"WWW-Authenticate": "vapid"}), Outcome.UNAUTHORIZED),
    (answer(403), Outcome.UNAUTHORIZED),
    (answer(503, {"Retry-After": "30"}), Outcome.SERVICE_UNAVAILABLE),
    (answer(502), Outcome.SERVICE_UNAVAILABLE),
    (answer(504), Outcome.SERVICE_UNAVAILABLE),
    (answer(410, body='{"code":410,"errno":105}'), Outcome.CHANNEL_GONE),
    (answer(410, body='{"code":410,"errno":106}'), Outcome.CHANNEL_GONE),
    (answer(413, body='{"code":413,"errno":104}'), Outcome.PAYLOAD_TOO_LARGE),
    (answer(400, body='{"code":400,"errno":111}'), Outcome.BAD_REQUEST),
    (answer(400, body='{"code":400,"errno":112}'), Outcome.BAD_REQUEST),
    (answer(429, body='{"code":429,"errno":201}'), Outcome.THROTTLED),
    (answer(201, {"X-WNS-STATUS": "received", "X-WNS-NOTIFICATIONSTATUS": "received", **IDS}), Outcome.ACCEPTED),
    (answer(201, {"Location": "/m/1"}), Outcome.ACCEPTED),
    (answer(200, DROPPED | IDS), Outcome.DROPPED),
    (answer(400, DROPPED | described("Ttl value conflicts with X-WNS-Cache-Policy.")), Outcome.BAD_REQUEST),
    (answer(400, described("Zero or more than 1 crypto-key <dh> exist. Missing")), Outcome.BAD_REQUEST),
    (answer(401, described("Zero or duplicate tokens or token signing keys.")), Outcome.UNAUTHORIZED),
    (answer(401, described("Malformed Crypto-Key Value")), Outcome.UNAUTHORIZED),
    (answer(401, described("JWT Authentication Failed, unable to validate token signature")), Outcome.UNAUTHORIZED),
    (answer(401, described("JWT Authentication Failed, unabled to validate token signature")), Outcome.UNAUTHORIZED),
    (answer(401, described("The public key does not match the one of the channel Url")), Outcome.KEY_MISMATCH),
    (
        answer(401, {"WWW-Authenticate": 'Bearer error="invalid_request",error_description="Invalid token"', **IDS}),
        Outcome.INVALID_CHANNEL,
    ),
    (answer(401, IDS), Outcome.KEY_MISMATCH),
    (answer(404, IDS), Outcome.CHANNEL_GONE),
    (answer(406, {"Retry-After": "900", "X-WNS-STATUS": "appthrottled", **IDS}), Outcome.THROTTLED),
    (answer(410, IDS), Outcome.CHANNEL_GONE),
    (answer(413), Outcome.PAYLOAD_TOO_LARGE),
    (answer(429, {"Retry-After": "60"}), Outcome.THROTTLED),
    (answer(500), Outcome.SERVICE_UNAVAILABLE),
    (answer(503), Outcome.SERVICE_UNAVAILABLE),
    (answer(401, body='{"code":401,"errno":109,"error":"Unauthorized"}'), Outcome.UNAUTHORIZED),
    (
        answer(401, body='{"code":401,"errno":109,"error":"Unauthorized","message":"VAPID public key mismatch"}'),
        Outcome.KEY_MISMATCH,
    ),
    (answer(403, body=FCM_OTHER_CREDENTIALS), Outcome.KEY_MISMATCH),
    (answer(410, body='{"code":410,"errno":103,"error":"Gone"}'), Outcome.CHANNEL_GONE),
    (answer(404, body='{"code":404,"errno":102,"error":"Not Found"}'), Outcome.CHANNEL_GONE),
    (answer(403, body=FCM_MISMATCH), Outcome.KEY_MISMATCH),
    (answer(403, body="permission denied: invalid JWT provided"), Outcome.UNAUTHORIZED),
    (answer(400, body='{"reason":"VapidPkHashMismatch"}'), Outcome.KEY_MISMATCH),
    (answer(403, body='{"reason":"BadJwtToken"}'), Outcome.UNAUTHORIZED),
    (answer(410, body='{"reason":"Unregistered"}'), Outcome.CHANNEL_GONE),
    (answer(410, body="push subscription has unsubscribed or expired.\n"), Outcome.CHANNEL_GONE),
    (answer(404, body="A valid push subscription endpoint should be specified in the URL"), Outcome.CHANNEL_GONE),
]


@pytest.mark.parametrize(("response", "outcome"), CAPTURED)
def test_a_captured_answer_has_its_outcome(response: Response, outcome: Outcome) -> None:
    assert judge(response, NOW)[0].outcome is outcome


@pytest.mark.parametrize("response", [each for each, outcome in CAPTURED if outcome is not Outcome.CHANNEL_GONE])
def test_only_what_is_gone_ends_a_subscription(response: Response) -> None:
    assert judge(response, NOW)[0].action is not Action.DELETE_CHANNEL


def test_a_throttle_waits_as_long_as_it_says() -> None:
    assert judge(answer(406, {"Retry-After": "900"}), NOW)[1] == timedelta(minutes=15)
    assert judge(answer(429, {"Retry-After": "7"}), NOW)[1] == timedelta(seconds=7)
    assert judge(answer(406), NOW)[1] == timedelta(minutes=15)
    assert judge(answer(201, {"X-WNS-Status": "appthrottled", "Retry-After": "5"}), NOW)[1] == timedelta(seconds=5)
    assert judge(answer(429, {"Retry-After": "0"}), NOW)[1] == timedelta(0)


@pytest.mark.parametrize("status", [200, 201, 406, 429])
@pytest.mark.parametrize("name", ["X-WNS-Status", "X-WNS-NotificationStatus"])
def test_a_throttled_channel_is_alone_and_holds_no_push_service(status: int, name: str) -> None:
    """The word is WNS's for one channel (wns.md 7); the one for the sender is `appthrottled`."""
    verdict, wait = judge(answer(status, {name: "channelthrottled"}), NOW)
    assert (verdict.outcome, verdict.action) == (Outcome.CHANNEL_THROTTLED, Action.RETRY_LATER)
    assert wait == timedelta(minutes=10)
    assert judge(answer(status, {name: "appthrottled"}), NOW)[0].outcome is Outcome.THROTTLED


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Server": "envoy"}, ""),
        ({"Content-Type": "text/plain"}, "404 page not found"),
        ({"Content-Type": "application/json"}, '{"message":"no Route matched with those values"}'),
    ],
)
def test_a_bare_404_or_410_is_something_elses_and_keeps_the_subscription(
    status: int, headers: dict[str, str], body: str
) -> None:
    response = answer(status, headers, body)
    verdict, wait = judge(response, NOW)
    assert (verdict.outcome, wait) == (Outcome.FOREIGN_ANSWER, timedelta(minutes=1))
    assert diagnose(response) is None


def test_a_page_is_no_success_whatever_its_status() -> None:
    """A captive portal, or a proxy that asks to log in, answers 200."""
    for status in (200, 201, 202):
        page = answer(status, {"Content-Type": "text/html; charset=utf-8"}, "<!DOCTYPE html><title>Sign in</title>")
        assert judge(page, NOW)[0].outcome is Outcome.FOREIGN_ANSWER


def test_the_page_of_a_proxy_says_nothing_about_a_subscription() -> None:
    for status in (401, 403, 404, 410, 503):
        page = answer(status, {"Content-Type": "text/html"}, "<html>nginx</html>")
        assert judge(page, NOW)[0].outcome is Outcome.FOREIGN_ANSWER
        assert diagnose(page) is None


@pytest.mark.parametrize("words", [(b"received", b"dropped"), (b"dropped", b"received")])
def test_a_status_that_comes_twice_and_differs_is_no_success(words: tuple[bytes, ...]) -> None:
    response = Response(201, tuple((b"X-WNS-Status", word) for word in words))
    assert judge(response, NOW)[0].outcome is Outcome.DROPPED


@pytest.mark.parametrize("status", [408, 421, 425])
def test_a_status_that_says_to_send_again_is_tried_again(status: int) -> None:
    for headers in ({}, IDS):
        assert judge(answer(status, headers), NOW)[0].action is Action.RETRY_LATER


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_something_elses(status: int) -> None:
    assert judge(answer(status, {"Location": "http://portal.example/"}), NOW)[0].outcome is Outcome.FOREIGN_ANSWER


def test_the_diagnosis_names_the_cause_and_what_the_service_said() -> None:
    assert "X-WNS-Cache-Policy" in str(diagnose(answer(400, TTL_CONFLICT)))
    for old in (CRYPTO_KEY, SIGNING_KEYS):
        assert "old draft" in str(diagnose(answer(400, described(old))))
        assert "old draft" in str(diagnose(answer(401, described(old))))
    assert "clock" in str(diagnose(answer(403)))
    damaged = {"WWW-Authenticate": 'Bearer error="invalid_request",error_description="Invalid token"'}
    assert "%2b" in str(diagnose(answer(401, damaged)))
    assert "applicationServerKey" in str(diagnose(answer(400, body='{"reason":"VapidPkHashMismatch"}')))
    mozillas = '{"code":401,"errno":109}'
    assert f'The service said: "{mozillas}".' in str(diagnose(answer(401, body=mozillas)))
    assert diagnose(answer(413)) is None


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["X-WNS-Status", "X-WNS-NotificationStatus", "Retry-After", "X-WNS-Error-Description"]),
        st.sampled_from(["", "received", "dropped", "throttled", "x", "-1", "1" * 50, "JWT Authentication Failed"]),
    ),
    st.text(max_size=40),
)
def test_nothing_unforeseen_is_a_success_or_the_end(status: int, headers: dict[str, str], body: str) -> None:
    response = answer(status, headers, body)
    verdict, wait = judge(response, NOW)
    diagnose(response)
    if verdict.action is Action.NOTHING:
        assert status in (200, 201, 202)
    if verdict.action is Action.DELETE_CHANNEL:
        assert status in (404, 410)
    assert (wait is not None) == (verdict.action is Action.RETRY_LATER)
