"""Web Push requests: built for the client, read for the emulator (RFC 8030; webpush.md 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from winpush._text import whole
from winpush.channels import WNS_WEB_PUSH_PATH, Channel, Service
from winpush.errors import ChannelError, ValidationError
from winpush.http import Headers, Request
from winpush.webpush.message import TOPIC, Message, Urgency
from winpush.webpush.subscription import Subscription
from winpush.webpush.vapid import VapidToken

__all__ = ["RequestHead", "build_request", "check_subscription", "headers_of", "read_head"]

_WNS_TYPES = ("", "wns/raw", "wns/badge")
_SECONDS = re.compile(r"[0-9]+")
# A larger TTL counts as this (RFC 8030, section 5.2, which follows RFC 7234).
_MOST_SECONDS = 2**31


def check_subscription(subscription: object) -> Subscription:
    """The subscription. Raises ChannelError for anything else, such as only its endpoint: the keys are also needed."""
    if not isinstance(subscription, Subscription):
        raise ChannelError(
            "subscription",
            f"must be a webpush.Subscription, not {type(subscription).__name__}: a message is encrypted with the "
            "browser's keys; create one with Subscription.of(what the browser gave)",
        )
    return subscription


def headers_of(channel: Channel, message: Message) -> Headers:
    """The headers that say how to deliver it. WNS refuses a TTL of zero unless it is told not to cache."""
    headers: Headers = (("TTL", str(message.ttl_seconds)),)
    if message.urgency is not None:
        headers += (("Urgency", message.urgency.value),)
    if message.topic is not None:
        headers += (("Topic", message.topic),)
    if message.ttl_seconds == 0 and _is_wns(channel):
        headers += (("X-WNS-Cache-Policy", "no-cache"),)
    if message.payload:
        headers += (("Content-Encoding", "aes128gcm"), ("Content-Type", "application/octet-stream"))
    return headers


def build_request(subscription: Subscription, message: Message, token: VapidToken, body: bytes) -> Request:
    """The complete request, without sending it. `body` is the encrypted payload, empty if the message is.

    Raises ValidationError for a token of another origin: a token never goes to a host that it wasn't made for.
    """
    channel = check_subscription(subscription).channel
    if token.audience != str(channel.origin):
        raise ValidationError("token", f"was made for {token.audience}, and is not sent to {channel.origin}")
    if bool(body) != bool(message.payload):
        raise ValidationError("body", "must be the encrypted payload, or empty if the message has none")
    return Request(channel, (("Authorization", token.authorization), *headers_of(channel, message)), body)


def _is_wns(channel: Channel) -> bool:
    """Whether the channel is WNS's. On an allowed host, only the path says so."""
    owner = channel.origin.service
    return owner is Service.WNS or (owner is None and channel.target.startswith(WNS_WEB_PUSH_PATH))


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What a request's headers say. `is_cached` is False if WNS is told not to keep it; `remarks` are about things that
    a service accepts although no standard allows them."""

    ttl: timedelta
    urgency: Urgency | None = None
    topic: str | None = None
    is_cached: bool = True
    remarks: tuple[str, ...] = ()


def read_head(headers: Mapping[str, str], *, has_body: bool, is_wns: bool) -> RequestHead:
    """Reads a request's headers (names in lower case) as a push service does; `is_wns` with WNS's own rules.

    Raises ValidationError for a request that gets a 400. Its `field` is the header; for a WNS header, `problem` is the
    text of the X-WNS-Error-Description.
    """
    ttl = _read_ttl(headers)
    remarks: list[str] = []
    is_cached = _read_wns(headers, ttl, remarks) if is_wns else True
    topic = headers.get("topic")
    if topic is not None and not TOPIC.fullmatch(topic):
        raise ValidationError("Topic", "must be 1 to 32 characters from A-Z, a-z, 0-9, - and _")
    if has_body:
        _check_encoding(headers)
    urgency = _read_urgency(headers, remarks)
    return RequestHead(ttl, urgency, topic, is_cached, tuple(remarks))


def _read_ttl(headers: Mapping[str, str]) -> timedelta:
    value = headers.get("ttl")
    if value is None:
        raise ValidationError("TTL", "is missing; every request says how long to keep the message, 0 is now or never")
    digits = value.strip()
    if not digits.isascii() or not _SECONDS.fullmatch(digits):
        raise ValidationError("TTL", f"must be whole seconds; the request has {value[:40]!r}")
    return timedelta(seconds=min(whole(digits), _MOST_SECONDS))


def _read_wns(headers: Mapping[str, str], ttl: timedelta, remarks: list[str]) -> bool:
    policy = headers.get("x-wns-cache-policy", "").strip().lower()
    if not ttl and policy != "no-cache":
        raise ValidationError("X-WNS-Cache-Policy", "Ttl value conflicts with X-WNS-Cache-Policy.")
    if ttl and policy == "no-cache":
        remarks.append("X-WNS-Cache-Policy: no-cache with a TTL over 0: how long WNS keeps it then is unverified.")
    if headers.get("x-wns-type", "").strip().lower() not in _WNS_TYPES:
        raise ValidationError("X-WNS-Type", "Allowed X-WNS-TYPE are wns/raw, wns/badge and empty")
    return policy != "no-cache"


def _check_encoding(headers: Mapping[str, str]) -> None:
    """Raises ValidationError unless it is a single value, not a list (RFC 8291, section 4)."""
    value = headers.get("content-encoding")
    if value is not None and value.strip().lower() == "aes128gcm":
        return
    if value is not None and value.strip().lower() == "aesgcm":
        raise ValidationError("Content-Encoding", "is aesgcm, from an older draft; encrypt as aes128gcm (webpush.md 3)")
    found = "none" if value is None else repr(value[:40])
    raise ValidationError("Content-Encoding", f"must be aes128gcm if there is a body; the request has {found}")


def _read_urgency(headers: Mapping[str, str], remarks: list[str]) -> Urgency | None:
    value = headers.get("urgency")
    if value is None:
        return None
    try:
        return Urgency(value.strip().lower())
    except ValueError:
        known = ", ".join(each.value for each in Urgency)
        remarks.append(f"Urgency: {value[:40]!r} isn't one of {known}, so it counts as normal (RFC 8030, section 5.3).")
        return None
