"""Messages that follow the standard, and messages with one thing wrong, to test the emulator's push services."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.emulator.calls import call
from winpush.emulator import Browser, Emulator
from winpush.webpush import Message, VapidKeys, base64url, build_request, encrypt, make_material

KEYS = VapidKeys.generate("mailto:ops@example.com")
OTHERS = VapidKeys.generate("mailto:ops@example.com")


def sealed(browser: Browser, payload: bytes = b"hello") -> bytes:
    """The payload, encrypted for the browser."""
    return encrypt(
        payload, make_material(browser.subscription, ec.generate_private_key(ec.SECP256R1())), os.urandom(16)
    )


def headers_for(browser: Browser, now: datetime | None = None, **options: Any) -> dict[str, str]:
    """The headers of a good message."""
    message = Message(b"x", **options)
    token = KEYS.sign(browser.subscription.channel.origin, now or datetime.now(UTC))
    return {name: str(value) for name, value in build_request(browser.subscription, message, token, b"x").headers}


def push(
    emulator: Emulator,
    browser: Browser,
    body: bytes | None = None,
    changes: Mapping[str, str | None] | None = None,
    method: str = "POST",
    target: str | None = None,
    **options: Any,
) -> http.client.HTTPResponse:
    """A message to the browser; `changes` replace headers, and None leaves one out."""
    written: dict[str, Any] = {**headers_for(browser, emulator.now(), **options), **(changes or {})}
    kept = {name: value for name, value in written.items() if value is not None}
    path = target or browser.subscription.channel.target
    return call(emulator, method, path, sealed(browser) if body is None else body, kept)[0]


def claims_changed(authorization: str, **changes: Any) -> str:
    """The same token with other claims, signed by the same keys; None leaves one out."""
    header, claims, _ = authorization.removeprefix("vapid t=").partition(",")[0].split(".")
    values = {**json.loads(base64url.decode("claims", claims)), **changes}
    kept = {name: value for name, value in values.items() if value is not None}
    signed = f"{header}.{base64url.encode(json.dumps(kept).encode())}"
    r, s = decode_dss_signature(KEYS.private_key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = base64url.encode(r.to_bytes(32) + s.to_bytes(32))
    return f"vapid t={signed}.{signature}, k={KEYS.application_server_key}"
