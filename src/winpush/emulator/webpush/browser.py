"""Simulated browsers: one subscription each, with the keys that read what is pushed to it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from winpush.channels import Channel
from winpush.emulator.webpush.channel_states import SUBSCRIPTION_STATES, SubscriptionState
from winpush.emulator.webpush.families import BROWSERS, Family
from winpush.errors import ValidationError
from winpush.webpush import Subscription, Urgency, base64url
from winpush.webpush.subscription import AUTH_BYTES, check_point

__all__ = ["Browser", "ReceivedMessage", "WaitingMessage", "make_browser", "make_key", "state_of"]

T = TypeVar("T")

_KEPT_MESSAGES = 100
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message that has arrived and could be decrypted: what the page's service worker gets.

    `n` and `at` say which and when; the rest is as it was sent.
    """

    n: int
    at: datetime
    payload: bytes
    ttl: timedelta
    topic: str | None = None
    urgency: Urgency | None = None

    @property
    def text(self) -> str:
        """The payload as text, as `event.data.text()` gives it: bytes that aren't UTF-8 are replaced."""
        return self.payload.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message kept by the push service for a browser that is away; `message` is None if the browser can't read it."""

    expires_at: datetime
    topic: str | None
    message: ReceivedMessage | None


@dataclass(slots=True)
class Browser:
    """A simulated browser with one subscription.

    `subscription` is what its page would send to your server, `messages` what has arrived, newest last (the last 100).
    `application_server_key` is the VAPID public key that it subscribed with, or None until the first accepted
    message binds its own.
    """

    id: str
    name: str
    family: Family
    state: SubscriptionState
    subscription: Subscription
    application_server_key: bytes | None = field(repr=False)
    token: str = field(repr=False)
    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    revision: int = 0
    accepted: int = 0
    messages: deque[ReceivedMessage] = field(default_factory=lambda: deque(maxlen=_KEPT_MESSAGES))
    waiting: deque[WaitingMessage] = field(default_factory=deque)

    @property
    def uri(self) -> str:
        """Its endpoint: a secret."""
        return self.subscription.endpoint

    @property
    def version(self) -> str:
        """The name of its system on the page."""
        return self.family.system

    @property
    def is_offline(self) -> bool:
        """True while its push service can only keep messages for it."""
        return self.state.name == "offline"


def make_key(rng: random.Random) -> ec.EllipticCurvePrivateKey:
    """A key pair of P-256 that is the same for the same seed: good for tests, and for nothing else."""
    return ec.derive_private_key(rng.randrange(1, _ORDER), _CURVE)


def make_browser(
    rng: random.Random,
    number: int,
    base: str,
    *,
    browser: str,
    state: str,
    application_server_key: str | bytes | None,
    name: str | None,
) -> Browser:
    """A browser whose endpoint begins with `base`. Raises ValidationError."""
    family = _choose("browser", browser, BROWSERS)
    known = state_of(state)
    bound = _read_key(application_server_key)
    token, key, auth = family.make_token(rng), make_key(rng), rng.randbytes(AUTH_BYTES)
    channel = Channel.parse(family.endpoint(base, token), allow_hosts=[base.partition("://")[2]])
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    subscription = Subscription(channel, public, auth)
    return Browser(f"b{number}", name or f"{family.browser} {number}", family, known, subscription, bound, token, key)


def state_of(name: str) -> SubscriptionState:
    """The state of that name. Raises ValidationError."""
    return _choose("state", name, SUBSCRIPTION_STATES)


def _choose(field_name: str, given: object, known: Mapping[str, T]) -> T:
    if not isinstance(given, str) or given not in known:
        raise ValidationError(field_name, f"is {given!r}; choose one of {', '.join(known)}")
    return known[given]


def _read_key(given: str | bytes | None) -> bytes | None:
    if given is None:
        return None
    key = given if isinstance(given, bytes) else base64url.decode("application_server_key", given)
    check_point("application_server_key", key)
    return key
