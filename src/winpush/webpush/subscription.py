"""A browser's subscription: its push service's endpoint, and the two keys to encrypt for this browser only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from winpush._values import Value, check_moment, keep_plain
from winpush.channels import AllowedHosts, Channel, Service, check_endpoint
from winpush.errors import ChannelError, ValidationError
from winpush.webpush.base64url import decode, encode

__all__ = ["Subscription"]

KEY_BYTES = 65
AUTH_BYTES = 16

# P-256: y² = x³ - 3x + b over the integers modulo p (FIPS 186-4, appendix D.1.2.3).
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


@dataclass(frozen=True, slots=True)
class Subscription(Value):
    """How to push to one browser, from its `PushSubscription` (webpush.md 2).

    - `channel`: the endpoint, parsed. A secret, like every channel.
    - `p256dh`: the browser's public key, 65 bytes.
    - `auth`: the browser's authentication secret, 16 bytes.
    - `expires_at`: when the browser says that it ends (aware), or None.

    `repr` shows none of them.
    """

    channel: Channel
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)
    expires_at: datetime | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.channel, Channel):
            raise ValidationError("channel", "must be a Channel; Subscription.of() takes what the browser gives")
        if not isinstance(self.p256dh, bytes) or not isinstance(self.auth, bytes):
            raise ValidationError("keys", "must be bytes; Subscription.of() takes base64url text")
        check_point("p256dh", self.p256dh)
        if len(self.auth) != AUTH_BYTES:
            raise ValidationError("auth", f"has {len(self.auth)} bytes; a browser's has {AUTH_BYTES}")
        keep_plain(self, ("expires_at",))
        if self.expires_at is not None:
            check_moment("expires_at", self.expires_at)
        _check_endpoint(self.channel)

    @classmethod
    def of(cls, given: Mapping[str, Any] | str | bytes, *, allow_hosts: Iterable[str] | AllowedHosts = ()) -> Self:
        """From the browser's `JSON.stringify(subscription)`, as text or as a dict.

        `allow_hosts` names push services besides the known ones, such as the emulator's. Raises ChannelError for an
        unusable endpoint, and ValidationError for an invalid key; neither contains the value.
        """
        values = _values(given)
        keys = values.get("keys")
        if not isinstance(keys, Mapping):
            raise ValidationError(
                "keys", "is missing: pass the whole subscription, as JSON.stringify(subscription) writes it"
            )
        endpoint = values.get("endpoint")
        if not isinstance(endpoint, str):
            raise ChannelError("endpoint", f"must be text, not {type(endpoint).__name__}")
        return cls(
            Channel.parse(endpoint, allow_hosts=allow_hosts),
            decode("keys.p256dh", keys.get("p256dh")),
            decode("keys.auth", keys.get("auth")),
            _expiry(values.get("expirationTime")),
        )

    @property
    def endpoint(self) -> str:
        """The complete endpoint: a secret."""
        return self.channel.uri

    def to_dict(self) -> dict[str, Any]:
        """The browser's own form, for storing it. It contains the secret endpoint."""
        expires = None if self.expires_at is None else round(self.expires_at.timestamp() * 1000)
        keys = {"p256dh": encode(self.p256dh), "auth": encode(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": expires, "keys": keys}


def check_point(field_name: str, point: bytes) -> None:
    """Raises ValidationError unless it is an uncompressed point on P-256 (RFC 8291, section 3.1)."""
    if len(point) != KEY_BYTES or point[0] != 4:
        found = f"{len(point)} bytes" if len(point) != KEY_BYTES else "another form"
        raise ValidationError(
            field_name,
            f"must be an uncompressed point of P-256: {KEY_BYTES} bytes, the first of them 4; it has {found}",
        )
    x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
    if x >= _P or y >= _P or (y * y - x * x * x + 3 * x - _B) % _P:
        raise ValidationError(field_name, "is not a point on the curve P-256, so no browser made it")


def _values(given: Mapping[str, Any] | str | bytes) -> Mapping[str, Any]:
    if isinstance(given, str | bytes):
        try:
            given = json.loads(given.removeprefix("\ufeff") if isinstance(given, str) else given)
        except (ValueError, RecursionError):
            raise ValidationError("subscription", "is not JSON; pass what JSON.stringify(subscription) gives") from None
    if not isinstance(given, Mapping):
        raise ValidationError("subscription", f"must be an object with endpoint and keys, not {type(given).__name__}")
    return given


def _expiry(given: object) -> datetime | None:
    """The time, from milliseconds since 1970 or null."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValidationError("expirationTime", "must be milliseconds since 1970, or null")
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=given)
    except (OverflowError, ValueError):
        raise ValidationError("expirationTime", "is beyond all dates") from None


def _check_endpoint(channel: Channel) -> None:
    """Raises ChannelError for a native channel, which doesn't take encrypted bodies (webpush.md 8)."""
    if not channel.may_belong_to(Service.WEBPUSH):
        raise ChannelError(
            "endpoint",
            "is a native channel of a Windows app or phone, not a browser's subscription: send a notification of "
            "winpush.wns or winpush.mpns to it. A browser's endpoint at WNS has the path /w/",
        )
    check_endpoint(channel.target)
