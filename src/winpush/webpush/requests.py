"""Web Push requests, built for the client (RFC 8030; webpush.md 3)."""

from __future__ import annotations

from winpush.channels import Channel
from winpush.errors import ChannelError, ValidationError
from winpush.http import Headers, Request
from winpush.webpush.message import Message
from winpush.webpush.subscription import Subscription
from winpush.webpush.vapid import VapidToken

__all__ = ["build_request", "check_subscription", "headers_of"]

_WNS_HOSTS = ".notify.windows.com"


def check_subscription(subscription: object) -> Subscription:
    """The subscription. Raises ChannelError for what is none, such as its endpoint alone: the keys are needed, too."""
    if not isinstance(subscription, Subscription):
        raise ChannelError(
            "subscription",
            f"must be a webpush.Subscription, not {type(subscription).__name__}: a message is encrypted with the "
            "browser's keys; make one with Subscription.of(what the browser gave)",
        )
    return subscription


def headers_of(channel: Channel, message: Message) -> Headers:
    """The headers that say how it is delivered. WNS refuses a TTL of zero unless it is told not to cache."""
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
    """The complete request, without sending it. `body` is the encrypted payload, empty where the message is.

    Raises ValidationError for a token of another origin: it never leaves for a host that it wasn't made for.
    """
    channel = check_subscription(subscription).channel
    if token.audience != str(channel.origin):
        raise ValidationError("token", f"was made for {token.audience}, and is not sent to {channel.origin}")
    if bool(body) != bool(message.payload):
        raise ValidationError("body", "must be the encrypted payload, and empty where the message has none")
    return Request(channel, (("Authorization", token.authorization), *headers_of(channel, message)), body)


def _is_wns(channel: Channel) -> bool:
    """On an allowed host, only the path tells."""
    origin = channel.origin
    return origin.host.endswith(_WNS_HOSTS) or (origin.service is None and channel.target.startswith("/w/"))
