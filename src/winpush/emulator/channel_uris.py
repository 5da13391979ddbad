"""Channel URIs as devices really get them: their length, their alphabet and their escapes. Pure; `rng` is passed in.

A client that decodes such a URI, encodes it again or cuts it must fail here as it would at the service, so URIs
are compared as a web server reads them (mpns.md 1, wns.md 2; forms seen in public reports).
"""

from __future__ import annotations

import base64
import random
import re
from typing import Generic, TypeVar
from urllib.parse import parse_qs, quote, unquote

__all__ = ["ChannelIndex", "is_mpns_path", "make_mpns_path", "make_wns_token", "read_wns_token", "wns_query"]

_ROOMS = ("throttledthirdparty", "unthrottledthirdparty")
# `windowsphonedefault`, and random parts of 67, 16 and 20 bytes: the form of Windows Phone 8.1.
_PHONE_8_1 = "/u/1/db3/{}/d2luZG93c3Bob25lZGVmYXVsdA/{}/{}"
# What all channels have in common plus ten characters of their own: enough to find the channel of a cut URI.
_BEGINNING = re.compile(r"/(?:un)?throttledthirdparty/01\.00/.{13}|/u/1/db3/.{16}|[^/].{15}", re.DOTALL)

T = TypeVar("T")


def _base64url(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).decode("ascii").rstrip("=")


def is_mpns_path(path: str) -> bool:
    """True for a path that looks like an MPNS channel URI's."""
    parts = path.strip("/").split("/", 2)
    return parts[0] in _ROOMS or parts[:2] == ["u", "1"]


def make_mpns_path(rng: random.Random, version: str, *, authenticated: bool) -> str:
    """The path of a new channel URI for a phone of that version."""
    if version == "8.1" and not authenticated:
        return _PHONE_8_1.format(
            _base64url(b"\x1ed\0\0\0" + rng.randbytes(67)), _base64url(rng.randbytes(16)), _base64url(rng.randbytes(20))
        )
    app = f"fnv:{rng.getrandbits(64):016X}".encode("ascii")
    token = bytes([authenticated, 1]) + rng.randbytes(16) + b"\x02\0\0\0\0\x03\x10\0\0\0\x04\x14" + app
    if authenticated:
        token += b"\x05\x06EMULAT"
    return f"/{_ROOMS[authenticated]}/01.00/{_base64url(token)}"


def make_wns_token(rng: random.Random) -> str:
    """The token of a new WNS channel: 140 characters of base64, with `+`, `/` and `=` among them.

    Two in a hundred real ones have no `+` or `/`; here all have both, so that a wrong encoding shows at once.
    """
    while True:
        token = base64.b64encode(b"\x03\x06\0\0\0" + rng.randbytes(99)).decode("ascii")
        if "+" in token and "/" in token:
            return token


def wns_query(token: str) -> str:
    """The query of a WNS channel URI, with its escapes in lower case as the service writes them."""
    escaped = quote(token, safe="").replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")
    return f"token={escaped}"


def read_wns_token(query: str) -> str:
    """The token in a query, as a web server reads it: escapes are resolved once, and `+` is a space."""
    return parse_qs(query, keep_blank_values=True).get("token", [""])[0]


class ChannelIndex(Generic[T]):
    """Devices by their channel's key: an MPNS path, or a WNS token. Explains what happened to a wrong key."""

    def __init__(self) -> None:
        self._found: dict[str, T] = {}
        self._by_beginning: dict[str, str] = {}

    def add(self, key: str, device: T) -> None:
        """Adds a channel."""
        self._found[key] = device
        self._by_beginning[self._beginning(key)] = key

    def remove(self, key: str) -> None:
        """Removes a channel."""
        del self._found[key]
        self._by_beginning.pop(self._beginning(key), None)

    def get(self, key: str) -> T | None:
        """The device with this channel, or None."""
        return self._found.get(key)

    def explain(self, key: str) -> str:
        """Why no channel has this key, as a sentence for the tester."""
        if key.replace(" ", "+") in self._found:
            return "No channel has this token: it was decoded, so it has a + where the device's URI has %2b."
        if unquote(key) in self._found:
            return "No channel has this token: it was percent-encoded twice."
        whole = self._by_beginning.get(self._beginning(key), "")
        if whole and whole.startswith(key):
            return f"No channel has this token: it was cut after {len(key)} of {len(whole)} characters."
        return "No channel has this token."

    @staticmethod
    def _beginning(key: str) -> str:
        match = _BEGINNING.match(key)
        return "" if match is None else match[0]
