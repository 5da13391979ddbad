"""Web Push: messages for the service workers of web pages, in Edge (through WNS), Chrome, Firefox and Safari.

It has subscriptions, messages, the sender's VAPID keys, and the protocol around them, without sockets. Keys and
encryption need `winpush[webpush]`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from winpush.webpush.message import MAX_PAYLOAD_BYTES, DeliveryOptions, Message, Urgency
from winpush.webpush.responses import HEADERS, ROWS, Row, diagnose, judge
from winpush.webpush.subscription import Subscription

if TYPE_CHECKING:
    from winpush.webpush.encryption import KeyingMaterial, decrypt, encrypt, make_material
    from winpush.webpush.requests import build_request
    from winpush.webpush.vapid import VapidKeys, VapidToken

__all__ = [
    "HEADERS",
    "MAX_PAYLOAD_BYTES",
    "ROWS",
    "DeliveryOptions",
    "KeyingMaterial",
    "Message",
    "Row",
    "Subscription",
    "Urgency",
    "VapidKeys",
    "VapidToken",
    "build_request",
    "decrypt",
    "diagnose",
    "encrypt",
    "judge",
    "make_material",
]

# These need `cryptography` and are imported on first use: storing subscriptions and judging answers works without it.
_HOMES = {
    "winpush.webpush.encryption": ("KeyingMaterial", "decrypt", "encrypt", "make_material"),
    "winpush.webpush.requests": ("build_request",),
    "winpush.webpush.vapid": ("VapidKeys", "VapidToken"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # otherwise a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            home = importlib.import_module(_HOME[name])
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "cryptography":
                raise
            from winpush.errors import ConfigurationError

            raise ConfigurationError('Web Push needs cryptography. Run: pip install "winpush[webpush]"') from None
        value = globals()[name] = getattr(home, name)
        return value
