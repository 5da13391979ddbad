"""Windows push notifications from Python.

`winpush.mpns` has the notifications of Windows Phone, `winpush.wns` those of Windows, `winpush.webpush` the messages
for browsers. `AsyncClient` and `Client` send them and return a `Result`.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from winpush._version import __version__

if TYPE_CHECKING:
    from winpush import convert, mpns, webpush, wns
    from winpush._make import compiled
    from winpush.channels import Channel, Service
    from winpush.client import AsyncClient, Client
    from winpush.client.token_store import TokenFile, TokenStore
    from winpush.errors import (
        AnswerLostError,
        AppError,
        BadAnswerError,
        ChannelError,
        ClientClosedError,
        ConfigurationError,
        ConnectError,
        DnsError,
        DocumentError,
        NothingToSendError,
        ProxyError,
        SendAbortedError,
        SendTimeoutError,
        TlsError,
        TransportError,
        ValidationError,
        WinPushError,
    )
    from winpush.http import Request, Response
    from winpush.results import Action, ChannelGoneError, Outcome, RefusedError, Result, RetryLaterError, SendError
    from winpush.transport.tls import ClientCertificate, Tls

__all__ = [
    "Action",
    "AnswerLostError",
    "AppError",
    "AsyncClient",
    "BadAnswerError",
    "Channel",
    "ChannelError",
    "ChannelGoneError",
    "Client",
    "ClientCertificate",
    "ClientClosedError",
    "ConfigurationError",
    "ConnectError",
    "DnsError",
    "DocumentError",
    "NothingToSendError",
    "Outcome",
    "ProxyError",
    "RefusedError",
    "Request",
    "Response",
    "Result",
    "RetryLaterError",
    "SendAbortedError",
    "SendError",
    "SendTimeoutError",
    "Service",
    "Tls",
    "TlsError",
    "TokenFile",
    "TokenStore",
    "TransportError",
    "ValidationError",
    "WinPushError",
    "__version__",
    "compiled",
    "convert",
    "mpns",
    "webpush",
    "wns",
]

# The module of each name, imported on first use: creating a notification doesn't load asyncio or TLS, and using one
# service doesn't load the others.
_MODULES = {
    "convert": "winpush.convert",
    "mpns": "winpush.mpns",
    "webpush": "winpush.webpush",
    "wns": "winpush.wns",
}
_SEND_ERRORS = ("ChannelGoneError", "RefusedError", "RetryLaterError", "SendError")
_HOMES = {
    "winpush._make": ("compiled",),
    "winpush.channels": ("Channel", "Service"),
    "winpush.client": ("AsyncClient", "Client"),
    "winpush.client.token_store": ("TokenFile", "TokenStore"),
    "winpush.errors": tuple(name for name in __all__ if name.endswith("Error") and name not in _SEND_ERRORS),
    "winpush.http": ("Request", "Response"),
    "winpush.results": ("Action", "Outcome", "Result", *_SEND_ERRORS),
    "winpush.transport.tls": ("ClientCertificate", "Tls"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

if os.environ.get("WINPUSH_PURE", "0") not in ("", "0"):
    sys.meta_path.insert(0, importlib.import_module("winpush._plain").PlainFinder)


if not TYPE_CHECKING:  # otherwise a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return importlib.import_module(_MODULES[name])
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
