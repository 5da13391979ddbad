"""The first hop of a route: a socket connected to the origin, directly or through SOCKS, or to an HTTP proxy."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from winpush.channels import Origin
from winpush.errors import DnsError, ProxyError
from winpush.transport.connect import connect, resolve
from winpush.transport.proxy import Proxy
from winpush.transport.route import Route

if TYPE_CHECKING:
    from python_socks.async_.asyncio import Proxy as SocksProxy

__all__ = ["reach"]

# Errors that pass by themselves (RFC 1928, section 6): general failure, network or host unreachable, refused, TTL
# expired.
_OUTAGES = frozenset({1, 3, 4, 5, 6})
_NO_LIMIT_SECONDS = 3600.0  # the pool's own limit is far shorter


async def reach(loop: asyncio.AbstractEventLoop, route: Route) -> socket.socket:
    """A connected, non-blocking socket. What is written to it goes to the origin, or to the HTTP proxy.

    Raises OSError if the first hop can't be reached, DnsError and ProxyError for failures beyond it.
    """
    if route.proxy is None:
        return await connect(loop, route.origin.dial_host, route.origin.port)
    sock = await connect(loop, route.proxy.host, route.proxy.port)
    if route.proxy.is_socks:
        try:
            await _pass_socks(loop, sock, route.proxy, route.origin)
        except BaseException:
            sock.close()
            raise
    return sock


async def _pass_socks(loop: asyncio.AbstractEventLoop, sock: socket.socket, proxy: Proxy, origin: Origin) -> None:
    """Has a SOCKS5 proxy connect to the origin (RFC 1928)."""
    from python_socks import ProxyError as SocksError  # here, since it is an extra

    host = origin.dial_host if proxy.scheme == "socks5h" else await _address(loop, origin)
    try:
        await _client(loop, sock, proxy).connect(host, origin.port, timeout=_NO_LIMIT_SECONDS)
    except SocksError as error:
        # python-socks' error for a closed connection has no public name and no code.
        if type(error.__cause__).__name__ == "IncompleteReadError":
            raise proxy.hung_up() from error
        advice = "" if error.error_code else f" Is it {proxy.scheme}://user:password@host:port?"
        problem = f"The proxy {proxy} did not connect: {error}.{advice}"
        raise ProxyError(problem, is_outage=error.error_code in _OUTAGES) from error
    except ConnectionError as error:
        raise proxy.hung_up() from error


def _client(loop: asyncio.AbstractEventLoop, sock: socket.socket, proxy: Proxy) -> SocksProxy:
    """python-socks over a socket that is already connected: by itself, it tries only one address of the proxy."""
    from python_socks import ProxyType
    from python_socks.async_.asyncio import Proxy as SocksProxy

    class Connected(SocksProxy):
        async def connect(self, *_: object, **__: object) -> socket.socket:
            return sock

    user, password = proxy.login or (None, None)
    first = Connected(ProxyType.SOCKS5, proxy.host, proxy.port, loop=loop)
    return SocksProxy(ProxyType.SOCKS5, proxy.host, proxy.port, user, password, rdns=True, forward=first, loop=loop)


async def _address(loop: asyncio.AbstractEventLoop, origin: Origin) -> str:
    """The origin's address, for a socks5:// proxy, which gets no names."""
    try:
        found = await resolve(loop, origin.dial_host, origin.port)
    except socket.gaierror as error:
        problem = f"The name {origin.dial_host!r} can't be resolved: {error.strerror}."
        raise DnsError(f"{problem} With socks5h:// the proxy resolves it.") from error
    return found[0][4][0]
