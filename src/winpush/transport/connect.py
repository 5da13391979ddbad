"""Connecting to a name: tries all its addresses, the next one as soon as the last one seems dead (RFC 8305)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from itertools import chain, zip_longest

__all__ = ["connect", "resolve"]

# How long an address has before the next one is tried in parallel (RFC 8305, section 5).
_HEAD_START_SECONDS = 0.25

_Address = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]


async def connect(
    loop: asyncio.AbstractEventLoop, host: str, port: int, *, head_start: float = _HEAD_START_SECONDS
) -> socket.socket:
    """A connected, non-blocking socket. The first address that answers wins. If none does, raises the first one's
    OSError."""
    addresses = _in_turn(await resolve(loop, host, port))
    if len(addresses) == 1:
        return await _connect_one(loop, addresses[0])
    left = iter(addresses)
    trying: list[asyncio.Task[socket.socket]] = []
    failure: OSError | None = None
    try:
        while True:
            address = next(left, None)
            if address is not None:
                trying.append(loop.create_task(_connect_one(loop, address)))
            elif not trying:
                raise failure or OSError("the name has no address")
            timeout = None if address is None else head_start
            done, _ = await asyncio.wait(trying, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                trying.remove(task)
                error = task.exception()
                if error is None:
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                failure = failure or error
    finally:
        await _give_up(trying)


async def _give_up(trying: Sequence[asyncio.Task[socket.socket]]) -> None:
    """Ends the other attempts; closes any that has just connected."""
    for task in trying:
        task.cancel()
    for outcome in await asyncio.gather(*trying, return_exceptions=True):
        if isinstance(outcome, socket.socket):
            outcome.close()


async def _connect_one(loop: asyncio.AbstractEventLoop, address: _Address) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)  # noqa: FBT003 - its own name says what it means
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


def _in_turn(addresses: Sequence[_Address]) -> list[_Address]:
    """The two families alternately, starting with the one that the resolver prefers (RFC 8305, section 4)."""
    if not addresses:
        return []
    preferred = [each for each in addresses if each[0] == addresses[0][0]]
    others = [each for each in addresses if each[0] != addresses[0][0]]
    return [each for each in chain.from_iterable(zip_longest(preferred, others)) if each is not None]


async def resolve(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[_Address]:
    """The addresses of a name, in the resolver's order. Raises OSError, and ValueError for an invalid name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, ValueError):
            socket.inet_pton(family, host)  # a literal address needs no resolver thread
            return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]  # its stub also knows families without ports
