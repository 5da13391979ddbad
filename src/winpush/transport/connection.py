"""One HTTP/1.1 connection: writes a request, reads its answer, and tells the exchange that started it.

A `BufferedProtocol` that reads into the pool's one buffer: the stock loop's other path asks for 256 KiB a read, which
malloc maps and unmaps for each answer. Parsing is done before the read callback returns, so one buffer serves all.
"""

from __future__ import annotations

import asyncio
import os
import select
import ssl
from typing import Protocol, cast

import httptools

from winpush.errors import AnswerLostError, BadAnswerError, TlsError, TransportError
from winpush.messages import Response

__all__ = ["Connection", "Exchange", "Home", "Owner"]

MAX_HEAD_BYTES = 65_536
# No answer of a push service has a body to speak of. What a proxy's error page says is cut here, its status kept.
MAX_BODY_BYTES = 65_536
_HAS_POLL = hasattr(select, "poll")
# `os.write` takes sockets on POSIX alone.
_DIRECT_WRITE = os.name == "posix"


class Exchange(Protocol):
    """Who is told how a request ended; exactly one of the two is called, once."""

    def answered(self, connection: Connection, response: Response) -> None:
        """The answer is whole. The callee starts the next request on the connection, or releases it."""

    def failed(self, error: TransportError) -> None:
        """No answer came. The connection is no longer usable."""


class Home(Protocol):
    """Where a connection belongs: its host's queue."""

    def release(self, connection: Connection) -> None:
        """The connection is free for the next request."""


class Owner(Protocol):
    """The pool's side of a connection."""

    view: memoryview

    def retired(self, connection: Connection) -> None:
        """The connection takes no further request; its socket may still be open."""

    def lost(self, connection: Connection) -> None:
        """The connection's socket is gone: another may take its place."""


class Connection(asyncio.BufferedProtocol):
    """One connection, with at most one request in flight: the services forbid pipelining (wns.md section 3)."""

    __slots__ = (
        "_answer",
        "_body",
        "_direct",
        "_fd",
        "_headers",
        "_keep_alive",
        "_owner",
        "_parser",
        "_poll",
        "_reason",
        "_received",
        "_transport",
        "closed",
        "deadline",
        "exchange",
        "host",
        "idle_since",
        "used",
    )

    def __init__(self, owner: Owner, host: Home) -> None:
        self._owner = owner
        self.host = host
        self.exchange: Exchange | None = None
        self.deadline = 0.0
        self.idle_since = 0.0
        self.used = False
        self.closed = False
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] | None = None
        self._received = 0
        self._answer: Response | None = None
        self._keep_alive = False
        self._reason = ""
        self._direct = False
        self._fd = -1
        self._poll: select.poll | None = None

    # --- what the pool and the exchanges call -------------------------------------------------------------------

    def is_quiet(self) -> bool:
        """Asks the kernel, without waiting, whether the other side has closed or spoken out of turn.

        The loop may not have come to it yet; with this look an idle close costs no send.
        """
        return not self.closed and not (self._poll is not None and self._poll.poll(0))

    def start(self, wire: bytes, exchange: Exchange, deadline: float) -> bool:
        """Writes a request. False when the other side was gone and not one byte left: send it on another connection.

        `deadline` is on the loop's clock; the pool's sweep watches it.
        """
        if self._transport is None or self.closed:
            return False
        self.exchange = exchange
        self.deadline = deadline
        self.used = True
        self._received = 0
        if not self._direct:
            self._transport.write(wire)
            return True
        # One system call instead of the loop's bookkeeping; what the kernel does not take at once goes the usual way.
        try:
            written = os.write(self._fd, wire)
        except BlockingIOError:
            written = 0
        except OSError:
            self.exchange = None
            self.close(abort=True)
            return False
        if written < len(wire):
            self._transport.write(memoryview(wire)[written:])
        return True

    def fail(self, error: TransportError) -> None:
        """Ends the request in flight with an error, and the connection with it."""
        exchange, self.exchange = self.exchange, None
        self.close(abort=True)
        if exchange is not None:
            exchange.failed(error)

    def close(self, *, abort: bool = False) -> None:
        """Closes the connection: it takes no further request. Calling it twice does nothing."""
        if self.closed:
            return
        self.closed = True
        self._direct = False
        self._poll = None
        self._owner.retired(self)
        if self._transport is not None:
            if abort:
                self._transport.abort()
            else:
                self._transport.close()

    def abort(self) -> None:
        """Ends the socket at once, without the farewell of TLS."""
        if self._transport is not None:
            self._transport.abort()

    # --- what the loop calls ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there, with TLS where it has TLS."""
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        self._fd = sock.fileno() if sock is not None else -1
        if self._fd < 0:
            return
        self._direct = _DIRECT_WRITE and transport.get_extra_info("ssl_object") is None
        if _HAS_POLL:
            self._poll = select.poll()
            self._poll.register(self._fd, select.POLLIN | select.POLLHUP | select.POLLERR)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """The pool's one buffer: it is read out before anybody else can be given it.

        A view and not the bytearray: asyncio's TLS slices what it is given, and the slice of a bytearray is a copy.
        """
        return self._owner.view

    def buffer_updated(self, nbytes: int) -> None:
        """Some bytes of an answer have come."""
        if self.exchange is None:
            self.close(
                abort=True
            )  # spoken out of turn: whatever it is, no answer to a later request may be mixed with it
            return
        self._received += nbytes
        try:
            self._parser.feed_data(self._owner.view[:nbytes])
        except httptools.HttpParserUpgrade:
            self.fail(BadAnswerError("The server wants to change the protocol (101).", request_sent=True))
            return
        except httptools.HttpParserError as error:
            if self._answer is None:
                self.fail(BadAnswerError(f"What came back is no HTTP answer: {error}.", request_sent=True))
                return
            self._keep_alive = False  # the answer was whole, and only what follows it is garbage
        if self._answer is not None:
            self._finish(self._answer)
        elif self._body is None and self._received > MAX_HEAD_BYTES:
            problem = f"The answer's head is over {MAX_HEAD_BYTES:,} bytes; no push service sends such a one."
            self.fail(BadAnswerError(problem, request_sent=True))
        elif self._body is not None and self._received > MAX_HEAD_BYTES + MAX_BODY_BYTES:
            self._cut_off()

    def eof_received(self) -> None:
        """The other side has closed: the end of an answer without a length, or the loss of one."""
        self._end_with_connection()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; uvloop's TLS says so without `eof_received` before it."""
        self._end_with_connection()
        if self.exchange is not None:
            self.fail(self._loss(exc))
        self.close(abort=True)
        self._transport = None
        self._owner.lost(self)

    # --- what the parser calls ----------------------------------------------------------------------------------

    def on_status(self, reason: bytes) -> None:
        """The words after the status: WNS tells a blocked domain by them alone."""
        self._reason = "OK" if reason == b"OK" else reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the answer."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; a body may follow."""
        self._body = []

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._body is not None:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The message is whole: the answer, or one of the 1xx that may come before it."""
        status = self._parser.get_status_code()
        if self._answer is not None:
            self._keep_alive = False  # a second answer to one request: nothing after it can be trusted
        elif status >= 200:
            body = b"".join(self._body) if self._body else b""
            self._answer = Response(status, tuple(self._headers), body, self._reason)
            self._keep_alive = self._parser.should_keep_alive()
        self._headers = []
        self._body = None

    # --- inside -------------------------------------------------------------------------------------------------

    def _cut_off(self) -> None:
        """Ends an answer that has no end of its own; its status and headers are whole."""
        self._keep_alive = False
        body = b"".join(self._body or ())[:MAX_BODY_BYTES]
        self._finish(Response(self._parser.get_status_code(), tuple(self._headers), body, self._reason))

    def _finish(self, answer: Response) -> None:
        exchange, self.exchange = self.exchange, None
        self._answer = None
        if not self._keep_alive or self._headers:
            self.close()
        if exchange is not None:
            exchange.answered(self, answer)

    def _end_with_connection(self) -> None:
        if self.exchange is None or self._body is None:
            return
        names = {name.lower() for name, _ in self._headers}
        if b"content-length" not in names and b"transfer-encoding" not in names:
            self._cut_off()

    def _loss(self, exc: Exception | None) -> TransportError:
        if isinstance(exc, ssl.SSLError) and not self._received:
            # TLS 1.3 refuses a client certificate only after the first request has been written; nothing was taken.
            return TlsError(f"The server ended TLS: {exc.reason or exc}. Check the client certificate.")
        how = f" ({exc.strerror or exc})" if isinstance(exc, OSError) else ""
        if self._received:
            return AnswerLostError(f"The connection was closed{how} in the middle of the answer.", request_sent=True)
        return AnswerLostError(
            f"The connection was closed{how} after the request, before any answer.", request_sent=True
        )
