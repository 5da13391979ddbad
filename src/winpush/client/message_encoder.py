"""MessageEncoder: turns a message for a browser into bytes: VAPID token, encryption, request.

Only loaded by a client that has VAPID keys: it needs `cryptography`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from winpush.channels import Channel, Origin
from winpush.client.encoder import Destination
from winpush.http import finish_head, write_head
from winpush.webpush import Message, Subscription
from winpush.webpush.encryption import SALT_BYTES, KeyingMaterial, encrypt, make_material
from winpush.webpush.requests import headers_of
from winpush.webpush.vapid import VapidKeys, VapidToken

__all__ = ["MessageEncoder"]

# Beyond this many origins or subscriptions, the oldest entry is dropped, and computed again when needed.
_MAX_ORIGINS = 4096
_MAX_SUBSCRIPTIONS = 100_000
_CURVE = ec.SECP256R1()


def _now() -> datetime:
    return datetime.now(UTC)


class _Last(NamedTuple):
    """The last message to a destination, and its request up to the length of the body.

    `path` is the only path that it is for; None if it is for all.
    """

    message: Message
    token: VapidToken
    head: bytes
    path: str | None


class MessageEncoder:
    """The VAPID tokens of one client, one for each push service, and what its messages are encrypted with.

    May be used from any thread. With `reuses_keys` it keeps one key pair for its lifetime, and the material derived
    from it for each subscription, instead of making a new pair for each message.
    """

    def __init__(self, keys: VapidKeys, *, reuses_keys: bool = False, now: Callable[[], datetime] = _now) -> None:
        self._keys = keys
        self._now = now
        self._tokens: dict[Origin, VapidToken] = {}
        self._lasts: dict[Destination, _Last] = {}
        self._signing = threading.Lock()
        self._keeping = threading.Lock()
        self._sender = ec.generate_private_key(_CURVE) if reuses_keys else None
        self._materials: dict[Subscription, KeyingMaterial] = {}

    def encode(self, destination: Destination, subscription: Subscription, message: Message) -> bytes:
        """The bytes of the request, encrypted for this browser."""
        last = self._lasts.get(destination)
        if (
            last is None
            or last.message is not message
            or (last.path is not None and last.path != subscription.channel.target)
            or not last.token.is_fresh(self._now())
        ):
            last = self._write(destination, subscription.channel, message)
        body = b""
        if message.payload:
            body = encrypt(message.payload, self._material(subscription), os.urandom(SALT_BYTES))
        return destination.post + subscription.channel.target.encode("ascii") + finish_head(last.head, body)

    def _write(self, destination: Destination, channel: Channel, message: Message) -> _Last:
        """The request up to the length of the body, written once for a message to many browsers."""
        token = self._token(channel.origin)
        headers = (("Authorization", token.authorization), *headers_of(channel, message))
        head = destination.heads.get(headers)
        if head is None:
            # The token changes twice a day, and heads with an older one would never be used again.
            destination.heads.clear()
            head = destination.heads[headers] = write_head(channel.origin, headers, destination.proxy_authorization)
        if len(self._lasts) >= _MAX_ORIGINS:
            self._lasts.clear()
        # Only WNS needs an extra header here and, on a user's own host, only the path shows that it is WNS.
        path = channel.target if destination.origin.service is None and not message.ttl_seconds else None
        last = self._lasts[destination] = _Last(message, token, head, path)
        return last

    def _token(self, origin: Origin) -> VapidToken:
        """The token for an origin; if several threads need a new one, it is signed once."""
        token = self._tokens.get(origin)
        if token is not None and token.is_fresh(self._now()):
            return token
        with self._signing:
            now = self._now()
            token = self._tokens.get(origin)
            if token is None or not token.is_fresh(now):
                if len(self._tokens) >= _MAX_ORIGINS:
                    del self._tokens[next(iter(self._tokens))]
                token = self._tokens[origin] = self._keys.sign(origin, now)
            return token

    def _material(self, subscription: Subscription) -> KeyingMaterial:
        if self._sender is None:
            return make_material(subscription, ec.generate_private_key(_CURVE))
        material = self._materials.get(subscription)
        if material is None:
            material = make_material(subscription, self._sender)
            with self._keeping:
                if len(self._materials) >= _MAX_SUBSCRIPTIONS:
                    del self._materials[next(iter(self._materials))]
                self._materials[subscription] = material
        return material
