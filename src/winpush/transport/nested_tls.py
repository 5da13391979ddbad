"""TLS inside TLS: the origin's, inside that of an https:// proxy.

asyncio can nest its TLS, but in Python 3.11 its code fails if the inner TLS fails. Here the outer TLS is asyncio's, and
the inner one runs in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from winpush.errors import TlsError
from winpush.transport.asyncio_connection import AsyncioConnection
from winpush.transport.connection import Home, Owner

__all__ = ["NestedTlsConnection"]


class NestedTlsConnection(AsyncioConnection):
    """A connection whose TLS goes through a transport that already has TLS."""

    __slots__ = ("_incoming", "_outgoing", "_secured", "_tls")

    def __init__(self, owner: Owner, host: Home) -> None:
        super().__init__(owner, host)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._secured: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tls: ssl.SSLObject | None = None

    async def secure(self, transport: asyncio.Transport, context: ssl.SSLContext, name: str) -> None:
        """Takes the transport over, and does the handshake. Raises ssl.SSLError, or TlsError if the other side hangs up
        during it."""
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        transport.set_protocol(self)
        self.connection_made(transport)
        self._shake_hands()
        await self._secured

    # --- what the loop calls ------------------------------------------------------------------------------------

    def buffer_updated(self, nbytes: int) -> None:
        """Some bytes of TLS have come."""
        self._incoming.write(self._view[:nbytes])
        if not self._secured.done():
            self._shake_hands()
        if self._secured.done():
            self._read()

    def eof_received(self) -> None:
        """The other side has closed."""
        self._incoming.write_eof()
        self._hang_up()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._hang_up()
        super().connection_lost(exc)

    # --- inside -------------------------------------------------------------------------------------------------

    def _shake_hands(self) -> None:
        assert self._tls is not None  # noqa: S101 - `secure` made it
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._secured.set_exception(error)
        else:
            self._secured.set_result(None)
        self._flush()

    def _hang_up(self) -> None:
        if not self._secured.done():
            problem = "The connection was closed during the TLS handshake with the origin."
            self._secured.set_exception(TlsError(problem, is_outage=True))

    def _read(self) -> None:
        """Decrypts the bytes that have come, and passes them on."""
        while self._tls is not None and not self.closed:
            try:
                # The stub says that it returns bytes, but with a buffer it returns their number.
                nbytes: int = self._tls.read(len(self._view), self._view)  # type: ignore[assignment]
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as error:
                self.broken(error)
                return
            if not nbytes:
                self.broken(None)
                return
            self.received(nbytes)
        self._flush()

    def _write(self, wire: bytes) -> bool:
        if self._tls is None or self._transport is None:
            return False
        sent = 0
        while sent < len(wire):
            sent += self._tls.write(wire[sent:] if sent else wire)
        self._flush()
        return True

    def _flush(self) -> None:
        if self._outgoing.pending and self._transport is not None:
            self._transport.write(self._outgoing.read())

    def _end(self, *, abort: bool) -> None:
        if not abort and self._tls is not None:
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()  # sends close_notify, without waiting for the answer
            self._flush()
        super()._end(abort=abort)
