"""How a push service judges a message: the answer to each of a sender's mistakes, in their order (webpush.md 6)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.calls import ask, call
from tests.emulator.webpush.pushes import KEYS, OTHERS, claims_changed, headers_for, push, sealed
from winpush import Client, Outcome, ValidationError, wns
from winpush.emulator import BROWSERS, SUBSCRIPTION_STATES, Browser, Emulator, Fault
from winpush.emulator.webpush.channel_states import Fate
from winpush.webpush import Message, Subscription, Urgency

JUST_NOW = timedelta(0)


@pytest.fixture
def browser(winpush_subscription: Browser) -> Browser:
    return winpush_subscription


def reason(emulator: Emulator) -> str:
    return emulator.requests[-1].reason


# --- what arrives ---------------------------------------------------------------------------------------------------


def test_a_message_arrives_decrypted_with_its_options(winpush_client: Client, browser: Browser) -> None:
    message = Message("hällo", ttl=timedelta(hours=1), urgency=Urgency.HIGH, topic="news")
    assert winpush_client.send(browser.subscription, message).ok
    (got,) = browser.messages
    assert (got.payload, got.text, got.ttl, got.topic, got.urgency) == (
        "hällo".encode(), "hällo", timedelta(hours=1), "news", Urgency.HIGH,
    )  # fmt: skip
    assert browser.accepted == 1


def test_a_message_without_payload_wakes_the_service_worker(
    winpush_client: Client, browser: Browser, winpush_emulator: Emulator
) -> None:
    assert winpush_client.send(browser.subscription, Message()).ok
    assert [got.payload for got in browser.messages] == [b""]
    assert "woken without data" in reason(winpush_emulator)


def test_the_answer_has_what_wns_sends(winpush_emulator: Emulator, browser: Browser) -> None:
    answer = push(winpush_emulator, browser, ttl=timedelta(minutes=1))
    assert answer.status == 201
    assert (answer.getheader("X-WNS-Status"), answer.getheader("X-WNS-NotificationStatus")) == ("received", "received")
    assert (answer.getheader("TTL"), answer.getheader("Content-Length")) == ("60", "0")
    assert (answer.getheader("Location") or "").startswith("/m/")
    assert all(answer.getheader(name) for name in ("X-WNS-Msg-ID", "X-WNS-Debug-Trace", "MS-CV"))


def test_the_record_shows_what_was_decrypted_and_no_secret(winpush_emulator: Emulator, browser: Browser) -> None:
    push(winpush_emulator, browser)
    record = winpush_emulator.requests[-1]
    assert (record.service, record.kind, record.body, record.verdict) == ("webpush", "message", "hello", "accepted")
    assert record.path == f"/w/?token=…{browser.uri[-6:]}"
    secrets = [browser.token, browser.uri.partition("token=")[2], "vapid t=eyJ0"]
    assert not [secret for secret in secrets if secret in repr(record) or secret in repr(browser)]


@pytest.mark.parametrize("family", ["firefox", "chrome", "safari"])
def test_no_familys_endpoint_is_in_a_record(family: str, winpush_emulator: Emulator) -> None:
    browser = winpush_emulator.create_subscription(browser=family)
    push(winpush_emulator, browser)
    record = winpush_emulator.requests[-1]
    assert (record.status, record.path[-7:]) == (201, f"…{browser.uri[-6:]}")
    assert browser.token not in repr(record)


def test_a_ttl_is_shortened_to_four_weeks_and_the_answer_says_so(winpush_emulator: Emulator, browser: Browser) -> None:
    assert push(winpush_emulator, browser, changes={"TTL": str(10**9)}).getheader("TTL") == "2419200"


# --- what the browser drops -----------------------------------------------------------------------------------------


def test_what_the_browser_cant_read_is_taken_and_dropped_silently(winpush_emulator: Emulator, browser: Browser) -> None:
    other = winpush_emulator.create_subscription()
    for body, words in [
        (sealed(other), "made for another subscription"),
        (sealed(browser)[:90], "at least 103"),
        (sealed(browser)[:20] + b"\x40" + sealed(browser)[21:], "keyid has 64 bytes"),
        (sealed(browser)[:16] + bytes(3) + b"\x12" + sealed(browser)[20:], "rs is 18"),
        (
            sealed(browser)[:16] + bytes(3) + b"\x16" + sealed(browser)[20:],
            "rs is 22; a message is one record",
        ),
        (b"in the clear", "at least 103"),
    ]:
        assert push(winpush_emulator, browser, body).status == 201
        record = winpush_emulator.requests[-1]
        assert words in record.reason
        assert words in record.body
        assert record.device is not None
        assert record.device["is_shown"] is False
    assert not browser.messages


# --- the sender -----------------------------------------------------------------------------------------------------


def bound(browser: Browser) -> bytes | None:
    return browser.application_server_key


def test_the_first_message_that_is_taken_binds_the_key(winpush_emulator: Emulator, browser: Browser) -> None:
    assert push(winpush_emulator, browser, changes={"TTL": None}).status == 400
    assert bound(browser) is None
    assert push(winpush_emulator, browser).status == 201
    assert bound(browser) == KEYS.public_key
    with Client(webpush=OTHERS, allow_hosts=winpush_emulator.authorities) as client:
        assert client.send(browser.subscription, Message("x")).outcome is Outcome.KEY_MISMATCH
    assert len(browser.messages) == 1


@pytest.mark.parametrize("form", ["text", "bytes"])
def test_a_browser_that_subscribed_for_a_key_takes_no_other(form: str, winpush_emulator: Emulator) -> None:
    key = KEYS.application_server_key if form == "text" else KEYS.public_key
    browser = winpush_emulator.create_subscription(application_server_key=key)
    for keys, outcome in [(OTHERS, Outcome.KEY_MISMATCH), (KEYS, Outcome.ACCEPTED)]:
        with Client(webpush=keys, allow_hosts=winpush_emulator.authorities) as client:
            assert client.send(browser.subscription, Message("x")).outcome is outcome


def authorization(browser: Browser, now: datetime | None = None) -> str:
    return headers_for(browser, now)["Authorization"]


def test_who_says_not_or_wrongly_who_sends_is_refused(winpush_emulator: Emulator, browser: Browser) -> None:
    good = authorization(browser)
    signature = "JWT Authentication Failed, unable to validate token signature"
    old = "Zero or duplicate tokens or token signing keys."
    cases: list[tuple[str | None, str | None, str]] = [
        (None, None, "Authorization is missing"),
        ("WebPush abc", old, "scheme must be vapid"),
        ("vapid t=abc", old, "parts must be t"),
        (good.replace("vapid t=", "vapid t=a.b.c, t="), old, "parts must be t, the token, and k, the public key, once"),
        (f"{good}, k={KEYS.application_server_key}", old, "once each"),
        (f"{good}=", signature, "k must be base64url without padding"),
        (good.replace("k=", "k=+"), signature, "k must be base64url without padding"),
        (good.replace(", k=", "==, k="), signature, "signature must be base64url without padding"),
        (good.replace(", k=", "/, k="), signature, "signature must be base64url without padding"),
        (good.replace("vapid t=ey", "vapid t=ex"), signature, "signature doesn't match k"),
        (claims_changed(good, aud="https://fcm.googleapis.com"), signature, "aud must be http://127"),
        (authorization(browser, datetime.now(UTC) - timedelta(days=1)), signature, "exp has passed"),
        (authorization(browser, datetime.now(UTC) + timedelta(days=1)), signature, "exp is more than 24 hours"),
    ]
    for given_, description, words in cases:
        answer = push(winpush_emulator, browser, changes={"Authorization": given_})
        assert (answer.status, answer.getheader("X-WNS-Error-Description")) == (401, description), words
        assert winpush_emulator.requests[-1].verdict == "unauthorized"
        assert words in reason(winpush_emulator).replace(": ", " ")


@pytest.mark.parametrize("subject", [None, "", "ops@example.com", "mailto: ops@example.com", 5])
def test_apple_wants_to_know_who_sends(subject: object, winpush_emulator: Emulator) -> None:
    """Its refusal is said to be that of a bad token; the standard, and the others, need no subject (webpush.md 4)."""
    safari = winpush_emulator.create_subscription(browser="safari")
    changes = {"Authorization": claims_changed(authorization(safari), sub=subject)}
    answer = push(winpush_emulator, safari, changes=changes)
    assert answer.status == 403
    assert json.loads(BROWSERS["safari"].words[Fate.BAD_TOKEN].body) == {"reason": "BadJwtToken"}
    assert "sub must be mailto" in reason(winpush_emulator).replace(": ", " ")
    for name in ("edge", "chrome", "firefox"):
        other = winpush_emulator.create_subscription(browser=name)
        changes = {"Authorization": claims_changed(authorization(other), sub=subject)}
        assert push(winpush_emulator, other, changes=changes).status == 201
        remarks = [remark for remark in winpush_emulator.requests[-1].remarks if "token's sub is" in remark]
        assert len(remarks) == (subject is not None)
        assert all("unverified" in remark for remark in remarks)


def test_a_right_subject_is_not_remarked(winpush_emulator: Emulator, browser: Browser) -> None:
    for subject in ("mailto:ops@example.com", "https://example.com/contact"):
        changes = {"Authorization": claims_changed(authorization(browser), sub=subject)}
        assert push(winpush_emulator, browser, changes=changes).status == 201
        assert winpush_emulator.requests[-1].remarks == ()


def test_the_key_that_signs_must_not_encrypt(winpush_emulator: Emulator, browser: Browser) -> None:
    body = sealed(browser)
    assert push(winpush_emulator, browser, body[:21] + KEYS.public_key + body[86:]).status == 400
    assert "RFC 8292" in reason(winpush_emulator)


# --- the endpoint ---------------------------------------------------------------------------------------------------


def test_an_endpoint_that_was_changed_on_its_way_is_told_apart(winpush_emulator: Emulator, browser: Browser) -> None:
    target = browser.subscription.channel.target
    native = winpush_emulator.create_windows_channel()
    bearer = 'Bearer error="invalid_request",error_description="Invalid token"'
    cases = [
        (target.replace("%2b", "+"), 401, bearer, "it was decoded"),
        (target.replace("%", "%25"), 401, bearer, "encoded twice"),
        (target[:255], 404, None, "it was cut after"),
        ("/w/?token=BQYAAAD", 404, None, "No subscription has this token."),
        ("/w/", 401, bearer, "No subscription has this token."),
        (f"/w/{native.uri.rpartition('/')[2]}", 401, bearer, "a native channel:"),
    ]
    for path, status, asked, words in cases:
        answer = push(winpush_emulator, browser, target=path)
        assert (answer.status, answer.getheader("WWW-Authenticate")) == (status, asked), words
        assert words in reason(winpush_emulator)
    assert winpush_emulator.requests[-1].verdict == "invalid-channel"


def test_a_browser_that_was_removed_is_unknown(winpush_emulator: Emulator, browser: Browser) -> None:
    winpush_emulator.remove(browser)
    assert push(winpush_emulator, browser).status == 404
    assert not winpush_emulator.phones


def test_a_native_notification_to_a_browser_is_refused(winpush_emulator: Emulator, browser: Browser) -> None:
    answer, _ = call(
        winpush_emulator, "POST", browser.subscription.channel.target, wns.Toast("x").body,
        {"Authorization": "Bearer abc", "Content-Type": "text/xml", "X-WNS-Type": "wns/toast"},
    )  # fmt: skip
    assert answer.status == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_is_taken(method: str, winpush_emulator: Emulator, browser: Browser) -> None:
    assert push(winpush_emulator, browser, method=method).status == 405


# --- the order --------------------------------------------------------------------------------------------------------


def test_the_first_thing_that_is_wrong_is_told(winpush_emulator: Emulator) -> None:
    """Everything is wrong, and one thing after the other is mended: the endpoint, the sender, the message."""
    key = KEYS.application_server_key
    browser = winpush_emulator.create_subscription("throttled", application_server_key=key)
    good = authorization(browser)
    signed_late = claims_changed(good, aud="https://fcm.googleapis.com")
    others = str.__str__(OTHERS.sign(browser.subscription.channel.origin, datetime.now(UTC)).authorization)
    headers: dict[str, str | None] = {
        "Authorization": None, "TTL": None, "X-WNS-Type": "wns/toast", "Topic": "a b", "Content-Encoding": "aesgcm",
    }  # fmt: skip
    sent: dict[str, Any] = {"method": "PUT", "target": "/w/?token=BQYAAAD", "body": b"x" * 4097, "changes": headers}
    mended: list[tuple[str, dict[str, Any], dict[str, str | None]]] = [
        ("The method is PUT", {"method": "POST"}, {}),
        ("No subscription", {"target": None}, {}),
        ("Authorization is missing", {}, {"Authorization": "vapid t=abc"}),
        ("parts: must be", {}, {"Authorization": good.replace("vapid t=ey", "vapid t=ex")}),
        ("signature: doesn't match k", {}, {"Authorization": signed_late}),
        ("aud: must be", {}, {"Authorization": others}),
        ("another VAPID key", {}, {"Authorization": good}),
        ("TTL: is missing", {}, {"TTL": "0"}),
        ("Ttl value conflicts", {}, {"TTL": "60"}),
        ("Allowed X-WNS-TYPE", {}, {"X-WNS-Type": None}),
        ("Topic: must be", {}, {"Topic": None}),
        ("Content-Encoding: is aesgcm", {}, {"Content-Encoding": "aes128gcm"}),
        ("4,097 bytes", {"body": None}, {}),
        ("Too many from this sender", {}, {}),
    ]
    for words, request, changes in mended:
        push(winpush_emulator, browser, **sent)
        assert words in reason(winpush_emulator)
        sent |= request
        headers |= changes
    winpush_emulator.change(browser, state="healthy")
    assert push(winpush_emulator, browser, **sent).status == 201


# --- the message ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status", "description"),
    [
        ({"TTL": None}, 400, None),
        ({"TTL": "soon"}, 400, None),
        ({"TTL": "0"}, 400, "Ttl value conflicts with X-WNS-Cache-Policy."),
        ({"TTL": "0", "X-WNS-Cache-Policy": "no-cache"}, 201, None),
        ({"X-WNS-Type": "wns/toast"}, 400, "Allowed X-WNS-TYPE are wns/raw, wns/badge and empty"),
        ({"X-WNS-Type": "wns/raw"}, 201, None),
        ({"Topic": "a" * 33}, 400, None),
        ({"Content-Encoding": "aesgcm"}, 400, None),
        ({"Content-Encoding": None}, 400, None),
        ({"Urgency": "urgent"}, 201, None),
    ],
    ids=str,
)
def test_edge_judges_headers_as_wns_does(
    changes: dict[str, str | None], status: int, description: str | None, winpush_emulator: Emulator, browser: Browser
) -> None:
    answer = push(winpush_emulator, browser, changes=changes)
    assert (answer.status, answer.getheader("X-WNS-Error-Description")) == (status, description)
    if status == 400:
        assert answer.getheader("X-WNS-Status") == "dropped"
    assert answer.getheader("Content-Length") == "0"


def test_the_largest_body_that_every_service_takes_is_taken(winpush_emulator: Emulator, browser: Browser) -> None:
    largest = sealed(browser, b"x" * 3993)
    assert len(largest) == 4096
    assert push(winpush_emulator, browser, largest).status == 201
    assert push(winpush_emulator, browser, largest + b"x").status == 413


def test_mozilla_refuses_a_ttl_over_thirty_days(winpush_emulator: Emulator) -> None:
    browser = winpush_emulator.create_subscription(browser="firefox")
    assert push(winpush_emulator, browser, changes={"TTL": "2592000"}).status == 201
    assert push(winpush_emulator, browser, changes={"TTL": "2592001"}).status == 400


# --- away -----------------------------------------------------------------------------------------------------------


def texts(browser: Browser) -> list[str]:
    return [message.text for message in browser.messages]


def test_edge_keeps_the_last_message_for_a_browser_that_is_away(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    browser = winpush_emulator.create_subscription("offline")
    for text in ("first", "second"):
        assert winpush_client.send(browser.subscription, Message(text)).ok
    assert "the oldest waiting one is lost" in reason(winpush_emulator)
    assert (texts(browser), len(browser.waiting)) == ([], 1)
    winpush_emulator.change(browser, state="healthy")
    assert (texts(browser), len(browser.waiting)) == (["second"], 0)


def test_the_others_keep_several_and_a_topic_replaces_its_own(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    browser = winpush_emulator.create_subscription("offline", browser="firefox")
    for text, topic in [("a", None), ("old", "news"), ("b", None), ("new", "news")]:
        assert winpush_client.send(browser.subscription, Message(text, topic=topic)).ok
    assert "the same topic" in reason(winpush_emulator)
    winpush_emulator.change(browser, state="healthy")
    assert texts(browser) == ["a", "b", "new"]


def test_a_message_whose_ttl_is_over_is_gone(winpush_emulator: Emulator, winpush_client: Client) -> None:
    browser = winpush_emulator.create_subscription("offline", browser="chrome")
    for text, seconds in [("short", 59), ("long", 61)]:
        winpush_client.send(browser.subscription, Message(text, ttl=timedelta(seconds=seconds)))
    winpush_emulator.advance(timedelta(seconds=60))
    winpush_emulator.change(browser, state="healthy")
    assert texts(browser) == ["long"]


def test_now_or_never_is_never_for_a_browser_that_is_away(winpush_emulator: Emulator, winpush_client: Client) -> None:
    edge, firefox = (winpush_emulator.create_subscription("offline", browser=name) for name in ("edge", "firefox"))
    outcomes = [winpush_client.send(each.subscription, Message("x", ttl=JUST_NOW)).outcome for each in (edge, firefox)]
    assert outcomes == [Outcome.DROPPED, Outcome.ACCEPTED]
    assert not edge.waiting
    assert not firefox.waiting


# --- states and faults ----------------------------------------------------------------------------------------------

STATES = {
    "healthy": Outcome.ACCEPTED,
    "offline": Outcome.ACCEPTED,
    "gone": Outcome.CHANNEL_GONE,
    "unknown": Outcome.CHANNEL_GONE,
    "throttled": Outcome.THROTTLED,
    "key-mismatch": Outcome.KEY_MISMATCH,
    "outage": Outcome.SERVICE_UNAVAILABLE,
}


@pytest.mark.parametrize("state", SUBSCRIPTION_STATES)
def test_a_client_understands_every_state(state: str, winpush_emulator: Emulator, winpush_client: Client) -> None:
    browser = winpush_emulator.create_subscription(state)
    result = winpush_client.send(browser.subscription, Message("x"))
    assert result.outcome is STATES[state]
    assert result.should_delete_channel is (state in ("gone", "unknown"))


def test_the_throttle_of_wns_is_a_406_with_a_quarter_of_an_hour(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    browser = winpush_emulator.create_subscription("throttled")
    result = winpush_client.send(browser.subscription, Message("x"))
    assert (result.status_code, result.retry_after) == (406, timedelta(minutes=15))


def test_a_fault_strikes_with_the_services_own_headers(
    winpush_emulator: Emulator, winpush_client: Client, browser: Browser
) -> None:
    for status, outcome in [(406, Outcome.THROTTLED), (503, Outcome.SERVICE_UNAVAILABLE), (418, None)]:
        winpush_emulator.faults.add(Fault(status=status, count=1, phone=browser.id))
        result = winpush_client.send(browser.subscription, Message("x"))
        assert (result.status_code, result.outcome) == (status, outcome or Outcome.UNEXPECTED_ANSWER)
        assert winpush_emulator.requests[-1].verdict == result.outcome.value
    assert not browser.messages


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "ill"}, "state: is 'ill'; choose one of healthy, offline"),
        ({"browser": "opera"}, "browser: is 'opera'; choose one of edge"),
        ({"application_server_key": "abc"}, "application_server_key"),
        ({"application_server_key": b"x" * 65}, "application_server_key"),
    ],
)
def test_what_no_browser_can_be_is_refused(options: dict[str, Any], words: str, winpush_emulator: Emulator) -> None:
    with pytest.raises(ValidationError, match=words):
        winpush_emulator.create_subscription(**options)
    assert not winpush_emulator.phones


# --- whatever comes -------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    body=st.binary(max_size=200),
    headers=st.dictionaries(
        st.sampled_from(["Authorization", "TTL", "Topic", "Urgency", "Content-Encoding", "X-WNS-Type"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    ),
    keeps_sender=st.booleans(),
)
def test_whatever_comes_is_judged(
    body: bytes, headers: dict[str, str], keeps_sender: bool, winpush_emulator: Emulator, browser: Browser
) -> None:
    if keeps_sender:
        headers.pop("Authorization", None)
    assert push(winpush_emulator, browser, body, dict(headers)).status in (201, 400, 401)


# --- over the API ---------------------------------------------------------------------------------------------------


def test_the_api_creates_a_browser_that_a_page_could_have_sent(winpush_emulator: Emulator) -> None:
    asked = {
        "service": "webpush",
        "browser": "edge",
        "name": "Ada",
        "application_server_key": KEYS.application_server_key,
    }
    status, (made,) = ask(winpush_emulator, "POST", "/api/channels", asked)
    assert (status, made["service"], made["name"], made["state"]) == (201, "webpush", "Ada", "healthy")
    assert made["application_server_key"] == KEYS.application_server_key
    subscription = Subscription.of(made["subscription"], allow_hosts=winpush_emulator.authorities)
    with Client(webpush=KEYS, allow_hosts=winpush_emulator.authorities) as client:
        assert client.send(subscription, Message.json({"title": "Hi", "body": "there"})).ok
    _, shown = ask(winpush_emulator, "GET", f"/api/channels/{made['id']}")
    assert shown["messages"][0]["notification"] == {"title": "Hi", "body": "there", "actions": [], "left_out": 0}
    assert (shown["messages"][0]["ttl_seconds"], shown["accepted"]) == (2_419_200, 1)
    assert (
        ask(winpush_emulator, "PATCH", f"/api/channels/{made['id']}", {"state": "gone"})[1]["outcome"] == "channel-gone"
    )
    assert ask(winpush_emulator, "DELETE", f"/api/channels/{made['id']}")[0] == 204


@pytest.mark.parametrize(
    "asked", [{"browser": 7}, {"browser": "opera"}, {"version": "8.1"}, {"application_server_key": "x"}], ids=str
)
def test_the_api_says_what_is_wrong(asked: dict[str, Any], winpush_emulator: Emulator) -> None:
    status, answer = ask(winpush_emulator, "POST", "/api/channels", {"service": "webpush", **asked})
    assert (status, list(answer)) == (400, ["error"])


def test_a_test_message_reaches_every_browser_and_binds_none(winpush_emulator: Emulator, browser: Browser) -> None:
    bound = winpush_emulator.create_subscription(application_server_key=KEYS.public_key, secure=False)
    for each in (browser, bound):
        assert winpush_emulator.send_test(each, "message").verdict == "accepted"
        path = f"/api/channels/{each.id}/send"
        status, record = ask(winpush_emulator, "POST", path, {"kind": "message", "document": "plain"})
        assert (status, record["status"], record["body"]) == (200, 201, "plain")
        assert ask(winpush_emulator, "POST", path, {"kind": "toast"})[0] == 400
        assert ask(winpush_emulator, "POST", path, {"kind": "message", "document": "x" * 4000})[0] == 400
        assert len(each.messages) == 2
    assert (browser.application_server_key, bound.application_server_key) == (None, KEYS.public_key)


def test_the_same_seed_makes_the_same_browsers() -> None:
    made = []
    for _ in range(2):
        with Emulator(seed=5) as emulator:
            browser = emulator.create_subscription()
            made.append((browser.token, browser.subscription.p256dh, browser.subscription.auth))
    assert made[0] == made[1]


def test_an_endpoint_on_the_tls_port_is_https() -> None:
    with Emulator(tls=True, seed=1) as emulator:
        browser = emulator.create_subscription(secure=True)
        assert browser.uri.startswith(f"https://{emulator.authorities[1]}/w/")
        assert emulator.send_test(browser, "message").verdict == "accepted"
