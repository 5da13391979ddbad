"""Requests: what WNS demands, and what is never sent (webpush.md 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webpush import vector
from winpush import ChannelError, ValidationError, mpns, wns
from winpush.webpush import Message, Subscription, Urgency, VapidKeys, build_request
from winpush.webpush.requests import RequestHead, headers_of, read_head

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
KEYS = VapidKeys.generate("mailto:ops@example.com")
HERE = vector.subscription()
TOKEN = KEYS.sign(HERE.channel.origin, NOW)
FCM = vector.subscription(endpoint="https://fcm.googleapis.com/fcm/send/abc")


def headers(message: Message, to: Subscription = HERE) -> dict[str, str]:
    body = b"sealed" if message.payload else b""
    return dict(build_request(to, message, KEYS.sign(to.channel.origin, NOW), body).headers)


def test_a_request_has_what_wns_demands_and_the_endpoint_as_it_was() -> None:
    request = build_request(HERE, Message("x", urgency=Urgency.HIGH, topic="news"), TOKEN, b"sealed")
    assert request.url == vector.ENDPOINT
    assert request.headers == (
        ("Authorization", TOKEN.authorization),
        ("TTL", "2419200"),
        ("Urgency", "high"),
        ("Topic", "news"),
        ("Content-Encoding", "aes128gcm"),
        ("Content-Type", "application/octet-stream"),
    )


def test_a_ttl_of_zero_tells_wns_not_to_cache_and_nobody_else() -> None:
    now_or_never = Message("x", ttl=timedelta(0))
    assert headers(now_or_never)["X-WNS-Cache-Policy"] == "no-cache"
    assert "X-WNS-Cache-Policy" not in headers(now_or_never, FCM)
    assert "X-WNS-Cache-Policy" not in headers(Message("x", ttl=timedelta(seconds=1)))


def test_no_native_header_is_sent() -> None:
    assert not {"X-WNS-Type", "Crypto-Key", "Encryption"} & headers(Message("x")).keys()


def test_an_empty_message_has_no_encoding() -> None:
    assert "Content-Encoding" not in headers(Message())


def test_a_token_never_leaves_for_another_origin() -> None:
    with pytest.raises(ValidationError, match="was made for"):
        build_request(FCM, Message("x"), TOKEN, b"sealed")


def test_an_unencrypted_payload_never_leaves() -> None:
    with pytest.raises(ValidationError, match="encrypted"):
        build_request(HERE, Message("x"), TOKEN, b"")


def test_an_endpoint_alone_is_not_enough() -> None:
    with pytest.raises(ChannelError, match=r"Subscription\.of"):
        build_request(vector.ENDPOINT, Message("x"), TOKEN, b"sealed")  # type: ignore[arg-type]  # by mistake


@pytest.mark.parametrize("endpoint", [vector.ENDPOINT, "https://fcm.googleapis.com/fcm/send/abc"])
def test_a_native_notification_is_not_sent_to_a_browser(endpoint: str) -> None:
    with pytest.raises(ChannelError, match="browser"):
        wns.build_request(endpoint, wns.Toast("x"), "token")
    with pytest.raises(ChannelError, match="browser"):
        mpns.build_request(endpoint, mpns.Toast("x"))


# --- the other direction --------------------------------------------------------------------------------------------


def read(is_wns: bool = True, has_body: bool = True, **given: Any) -> RequestHead:
    """As a service reads them; names are written with `_`."""
    lower = {name.replace("_", "-"): value for name, value in given.items()}
    return read_head({"ttl": "60", "content-encoding": "aes128gcm", **lower}, has_body=has_body, is_wns=is_wns)


def refused(is_wns: bool = True, **given: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        read(is_wns, **given)
    return caught.value.field


TOPICS = st.text("abcXYZ019-_", min_size=1, max_size=32)


@given(
    seconds=st.integers(0, 30 * 86_400),
    urgency=st.none() | st.sampled_from(Urgency),
    topic=st.none() | TOPICS,
    payload=st.binary(max_size=9),
    at_wns=st.booleans(),
)
def test_what_the_client_writes_a_service_reads(
    seconds: int, urgency: Urgency | None, topic: str | None, payload: bytes, at_wns: bool
) -> None:
    message = Message(payload, ttl=timedelta(seconds=seconds), urgency=urgency, topic=topic)
    written = headers_of((HERE if at_wns else FCM).channel, message)
    lower = {name.lower(): value for name, value in written}
    head = read_head(lower, has_body=bool(payload), is_wns=at_wns)
    assert (head.ttl, head.urgency, head.topic, head.remarks) == (message.ttl, urgency, topic, ())
    assert head.is_cached is not (at_wns and seconds == 0)


def test_a_request_without_a_ttl_is_refused() -> None:
    with pytest.raises(ValidationError, match="TTL: is missing"):
        read_head({}, has_body=False, is_wns=False)


@pytest.mark.parametrize("ttl", ["", "-1", "1.5", "1 day", "٣", "+60", "1e3"])
def test_a_ttl_is_whole_seconds(ttl: str) -> None:
    assert refused(ttl=ttl) == "TTL"


def test_a_ttl_beyond_all_measure_counts_as_the_largest() -> None:
    assert read(ttl="9" * 60_000).ttl == timedelta(seconds=2**31)
    assert read(ttl="000060").ttl == timedelta(minutes=1)


def test_wns_wants_no_cache_with_a_ttl_of_zero_and_says_so_in_its_words() -> None:
    with pytest.raises(ValidationError) as caught:
        read(ttl="0")
    assert caught.value.problem == "Ttl value conflicts with X-WNS-Cache-Policy."
    assert refused(ttl="0", x_wns_cache_policy="cache") == "X-WNS-Cache-Policy"
    assert not read(ttl="0", x_wns_cache_policy="no-cache").is_cached
    assert read(ttl="1", x_wns_cache_policy="cache").is_cached
    assert read(is_wns=False, ttl="0").ttl == timedelta(0)


@pytest.mark.parametrize("kind", ["wns/toast", "wns/tile", "raw"])
def test_wns_takes_two_types_and_none(kind: str) -> None:
    """One library's advice for Windows is wns/toast."""
    assert refused(x_wns_type=kind) == "X-WNS-Type"
    assert read(is_wns=False, x_wns_type=kind).remarks == ()
    for good in ("", "wns/raw", "wns/badge"):
        assert read(x_wns_type=good).remarks == ()


@pytest.mark.parametrize("topic", ["", "a" * 33, "a b", "a=", "ä"])
def test_a_topic_that_the_standard_forbids_is_refused(topic: str) -> None:
    assert refused(topic=topic) == "Topic"


@pytest.mark.parametrize("encoding", ["aesgcm", "gzip", "aes128gcm, gzip", ""])
def test_a_body_has_one_encoding(encoding: str) -> None:
    assert refused(content_encoding=encoding) == "Content-Encoding"
    assert read(has_body=False, content_encoding=encoding).remarks == ()


def test_a_body_without_an_encoding_is_refused() -> None:
    with pytest.raises(ValidationError, match="the request has none"):
        read_head({"ttl": "1"}, has_body=True, is_wns=False)


def test_an_unknown_urgency_is_normal_with_a_remark() -> None:
    head = read(urgency="urgent")
    assert head.urgency is None
    assert "'urgent'" in head.remarks[0]
