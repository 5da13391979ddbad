"""The raw connection under ASGI: needed to cut it, to send half an answer, and to see a client's certificate.

ASGI has no word for these, so uvicorn's own protocol class is given one more entry in the scope. This is the only
place that knows uvicorn from inside.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["WireProtocol", "has_certificate", "transport_of"]

_ENTRY = "winpush.transport"


class WireProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with the transport put into each request's scope."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {**scope.get("extensions", {}), _ENTRY: {"transport": self.transport}}


def transport_of(scope: Any) -> asyncio.Transport:
    """The connection that a request came on."""
    return cast("asyncio.Transport", scope["extensions"][_ENTRY]["transport"])


def has_certificate(scope: Any) -> bool:
    """True when the client showed a certificate, which OpenSSL has then verified."""
    return bool(transport_of(scope).get_extra_info("peercert"))
