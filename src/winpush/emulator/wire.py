"""The raw connection under ASGI: needed to cut it, to send half an answer, and to see a client's certificate.

ASGI has no API for these, so a subclass of uvicorn's protocol adds an entry to the scope. This is the only module that
depends on uvicorn's internals. It also sets limits that uvicorn lacks, so that a client under test that sends endless
headers, or never finishes a request, doesn't take the emulator with it.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["MAX_HEAD_BYTES", "WireProtocol", "has_certificate", "is_pipelined", "queue_little", "transport_of"]

MAX_HEAD_BYTES = 65_536
"""Far over MPNS's own limit of 1 KB, which is answered with 400 and recorded."""

_ENTRY = "winpush.transport"
_QUEUED_BYTES = 65_536
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class WireProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, with the transport in each request's scope, and limits on a request's arrival."""

    request_seconds: ClassVar[float] = 10.0
    """How long a request may take to arrive, from its first byte (or from the connection's start) to its last."""

    _head_bytes = 0
    _in_body = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Called when the connection is open."""
        super().connection_made(transport)
        self._begin_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called when the connection is gone."""
        self._end_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called with the data that has arrived."""
        if not self._in_body:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self._in_body and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Called when a request begins."""
        is_early = self.cycle is not None and not self.cycle.response_complete
        super().on_message_begin()
        self._begin_waiting()
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {**scope.get("extensions", {}), _ENTRY: {"transport": self.transport, "early": is_early}}

    def on_headers_complete(self) -> None:
        """Called when a request's head is complete."""
        self._in_body, self._head_bytes = True, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Called when a request's body is complete."""
        self._in_body = False
        self._end_waiting()
        super().on_message_complete()

    def _begin_waiting(self) -> None:
        self._end_waiting()
        self._deadline = self.loop.call_later(self.request_seconds, self.transport.abort)

    def _end_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def transport_of(scope: Any) -> asyncio.Transport:
    """The connection that a request arrived on."""
    return cast("asyncio.Transport", scope["extensions"][_ENTRY]["transport"])


def is_pipelined(scope: Any) -> bool:
    """True for a request that began to arrive before the previous one on this connection was answered."""
    return bool(scope["extensions"][_ENTRY]["early"])


def queue_little(scope: Any) -> None:
    """Keeps the system's buffer for this client small, so that a client that doesn't read delays only itself."""
    sock = transport_of(scope).get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _QUEUED_BYTES)


def has_certificate(scope: Any) -> bool:
    """True when the client presented a certificate; OpenSSL has verified it by then."""
    return bool(transport_of(scope).get_extra_info("peercert"))
