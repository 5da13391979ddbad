"""A browser that has subscribed somewhere: it holds the keys that read what is pushed to it."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from winpush import Channel
from winpush.webpush import Subscription, decrypt


class Browser:
    """One subscription, and what the browser alone knows of it."""

    def __init__(self, endpoint: str, authority: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = Subscription(Channel.parse(endpoint, allow_hosts=[authority]), public, self._auth)

    def read(self, request: bytes) -> bytes:
        """The payload of a request as it came over the wire."""
        return decrypt(request.partition(b"\r\n\r\n")[2], self._key, self._auth)
