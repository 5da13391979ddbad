"""Connections over asyncio's own transports, for systems without epoll: slower, but with the same behaviour.

A `BufferedProtocol` reads into the pool's one buffer. With a plain `Protocol`, the stock loop allocates 256 KiB per
read, which malloc maps and unmaps for each answer.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from types import BuiltinFunctionType
from typing import cast

from winpush.errors import ProxyError
from winpush.transport.connection import Connection, Home, Owner
from winpush.transport.hand_over import handed_over
from winpush.transport.proxy import Proxy, connect_request, read_connect_answer
from winpush.transport.reach import reach
from winpush.transport.route import Route

__all__ = ["TLS_GOODBYE_SECONDS", "AsyncioConnection", "Tunnel", "dial_asyncio"]

# How long TLS may take for an orderly shutdown when a connection is closed.
TLS_GOODBYE_SECONDS = 1.0


class AsyncioConnection(Connection, asyncio.BufferedProtocol):
    """A connection whose bytes come and go through a transport of the loop."""

    __slots__ = ("_poll", "_transport")

    def __init__(self, owner: Owner, host: Home) -> None:
        super().__init__(owner, host)
        self._transport: asyncio.Transport | None = None
        self._poll: select.poll | None = None

    def is_quiet(self) -> bool:
        """Asks the kernel, without waiting. False if the other side has closed, or has sent unsolicited data."""
        return not self.closed and not (self._poll is not None and self._poll.poll(0))

    def abort(self) -> None:
        """Ends the transport at once."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, wire: bytes) -> bool:
        if self._transport is None:
            return False
        self._transport.write(wire)
        return True

    def _end(self, *, abort: bool) -> None:
        self._poll = None
        if self._transport is None:
            return
        if abort:
            self._transport.abort()
        else:
            self._transport.close()

    # --- what the loop calls ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is established, including its TLS if it has any."""
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        poll = getattr(select, "poll", None)
        # gevent's poll would let other greenlets run in the middle of the check.
        if isinstance(poll, BuiltinFunctionType) and sock is not None:
            self._poll = poll()
            self._poll.register(sock.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """The pool's one buffer, whose content is parsed before another connection can get it.

        A view rather than the bytearray: asyncio's TLS slices the buffer, and a slice of a bytearray is a copy.
        """
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Some bytes of an answer have come."""
        self.received(nbytes)

    def eof_received(self) -> None:
        """The other side has closed."""
        self.ended()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. With TLS, uvloop doesn't call `eof_received` first."""
        self.broken(exc)
        self._transport = None
        self._owner.lost(self)


async def dial_asyncio(route: Route, connection: AsyncioConnection) -> None:
    """Connects it. Raises OSError (ssl.SSLError is one), DnsError, ProxyError or TlsError."""
    loop = asyncio.get_running_loop()
    sock = await reach(loop, route)
    if route.context is None:
        with handed_over(sock):
            await loop.create_connection(lambda: connection, sock=sock)
    elif route.proxy is not None and route.has_tunnel:
        await _dial_tunnel(loop, sock, route, route.proxy, route.context, connection)
    else:
        try:
            with handed_over(sock):
                await loop.create_connection(
                    lambda: connection,
                    sock=sock,
                    ssl=route.context,
                    server_hostname=route.origin.dial_host,
                    ssl_shutdown_timeout=TLS_GOODBYE_SECONDS,
                )
        except ConnectionError as error:
            if route.proxy is None:
                raise
            raise route.hung_up() from error  # the proxy has done its part


async def _dial_tunnel(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    route: Route,
    proxy: Proxy,
    context: ssl.SSLContext,
    connection: AsyncioConnection,
) -> None:
    with handed_over(sock):
        transport, tunnel = await loop.create_connection(lambda: Tunnel(proxy), sock=sock)
    try:
        transport.write(connect_request(route.origin, proxy))
        await tunnel.opened
        secured = await loop.start_tls(
            transport,
            connection,
            context,
            server_hostname=route.origin.dial_host,
            ssl_shutdown_timeout=TLS_GOODBYE_SECONDS,
        )
    except BaseException as error:
        transport.abort()
        if isinstance(error, ConnectionError):  # the proxy has done its part
            raise route.hung_up() from error
        raise
    if secured is None:
        raise route.hung_up()
    connection.connection_made(secured)


class Tunnel(asyncio.Protocol):
    """The connection to a proxy until its CONNECT is answered, which `opened` waits for."""

    def __init__(self, proxy: Proxy) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._proxy = proxy
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """A part of the proxy's answer."""
        self._received += data
        try:
            if read_connect_answer(self._received, self._proxy) and not self.opened.done():
                self.opened.set_result(None)
        except ProxyError as error:
            self._fail(error)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The proxy hung up."""
        self._fail(self._proxy.hung_up())

    def _fail(self, error: ProxyError) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)
