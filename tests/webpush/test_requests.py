"""Requests: what WNS demands, and what never leaves (webpush.md 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.webpush import vector
from winpush import ChannelError, ValidationError, wns
from winpush.webpush import Message, Subscription, Urgency, VapidKeys, build_request

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


def test_a_native_notification_is_not_sent_to_a_browser() -> None:
    with pytest.raises(ChannelError, match="browser"):
        wns.build_request(vector.ENDPOINT, wns.Toast("x"), "token")
