"""The raw connection under ASGI: needed to cut it, to send half an answer, and to see a client's certificate.

ASGI has no API for these, so a subclass of uvicorn's protocol adds an entry to the scope. This is the only module that
depends on uvicorn's internals.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["WireProtocol", "has_certificate", "transport_of"]

_ENTRY = "winpush.transport"


class WireProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, with the transport in each request's scope."""

    def on_message_begin(self) -> None:
        """Called when a request begins."""
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {**scope.get("extensions", {}), _ENTRY: {"transport": self.transport}}


def transport_of(scope: Any) -> asyncio.Transport:
    """The connection that a request arrived on."""
    return cast("asyncio.Transport", scope["extensions"][_ENTRY]["transport"])


def has_certificate(scope: Any) -> bool:
    """True when the client presented a certificate; OpenSSL has verified it by then."""
    return bool(transport_of(scope).get_extra_info("peercert"))
