"""Connections through an https:// proxy: the connection to the proxy uses TLS, and an https origin's own TLS runs
inside it.

All on asyncio's transports, on every system: nothing here is fast, or needs to be.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from winpush.errors import ProxyError
from winpush.transport.asyncio_connection import TLS_GOODBYE_SECONDS, AsyncioConnection, Tunnel
from winpush.transport.connection import Home, Owner
from winpush.transport.hand_over import handed_over
from winpush.transport.nested_tls import NestedTlsConnection
from winpush.transport.proxy import Proxy, connect_request
from winpush.transport.reach import reach
from winpush.transport.route import Route
from winpush.transport.tls import describe_tls, is_outage

__all__ = ["dial_secured"]

# OpenSSL's errors for bytes that aren't TLS.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")


async def dial_secured(
    route: Route, proxy: Proxy, proxy_context: ssl.SSLContext, owner: Owner, host: Home
) -> AsyncioConnection:
    """A new connection. Raises OSError (including ssl.SSLError, for the origin's TLS), ProxyError or TlsError."""
    loop = asyncio.get_running_loop()
    sock = await reach(loop, route)
    if route.context is None:
        connection = AsyncioConnection(owner, host)
        await _secure(loop, sock, proxy, proxy_context, connection)
        return connection
    tunnel = Tunnel(proxy)
    transport = await _secure(loop, sock, proxy, proxy_context, tunnel)
    try:
        transport.write(connect_request(route.origin, proxy))
        await tunnel.opened
        nested = NestedTlsConnection(owner, host)
        await nested.secure(transport, route.context, route.origin.dial_host)
    except BaseException:
        transport.abort()
        raise
    return nested


async def _secure(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    proxy: Proxy,
    context: ssl.SSLContext,
    protocol: asyncio.BaseProtocol,
) -> asyncio.Transport:
    """A transport to the proxy, with TLS. Raises ProxyError."""
    try:
        with handed_over(sock):
            transport, _ = await loop.create_connection(
                lambda: protocol,
                sock=sock,
                ssl=context,
                server_hostname=proxy.host,
                ssl_shutdown_timeout=TLS_GOODBYE_SECONDS,
            )
    except ssl.SSLError as error:
        advice = " If it takes plain HTTP, write it as http://." if error.reason in _NOT_TLS else ""
        problem = describe_tls(error, f"the proxy {proxy}") + advice
        raise ProxyError(problem, is_outage=is_outage(error)) from error
    except ConnectionError as error:
        raise proxy.hung_up() from error
    return transport
