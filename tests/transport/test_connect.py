"""Connecting: a dead address costs a quarter of a second, not the whole send."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.waiting import PATIENCE
from winpush.transport.connect import connect

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def black_hole() -> Iterator[tuple[str, int]]:
    """An address that neither takes a connection nor refuses one: the queue of its listener is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        try:
            for filler in fillers:
                filler.setblocking(False)  # noqa: FBT003 - its own name says what it means
                filler.connect_ex(address)
            yield address
        finally:
            for filler in fillers:
                filler.close()


def resolving_to(loop: asyncio.AbstractEventLoop, *addresses: tuple[str, int]) -> None:
    async def getaddrinfo(*_given: Any, **_options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", each) for each in addresses]

    loop.getaddrinfo = getaddrinfo  # type: ignore[method-assign]  # the name has these addresses


async def reached(*addresses: tuple[str, int], head_start: float = 0.01) -> tuple[str, int]:
    loop = asyncio.get_running_loop()
    resolving_to(loop, *addresses)
    async with asyncio.timeout(PATIENCE):
        sock = await connect(loop, "a.test", 1, head_start=head_start)
    with sock:
        peer: tuple[str, int] = sock.getpeername()
        return peer


def closed_port() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address: tuple[str, int] = listening.getsockname()
    return address


def test_a_dead_first_address_gives_way_to_the_next(server: socket.socket, black_hole: tuple[str, int]) -> None:
    good = server.getsockname()
    assert asyncio.run(reached(black_hole, good)) == good


def test_an_address_that_refuses_gives_way_at_once(server: socket.socket) -> None:
    good = server.getsockname()
    assert asyncio.run(reached(closed_port(), good, head_start=PATIENCE)) == good


def test_when_every_address_refuses_the_first_refusal_is_told() -> None:
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(reached(closed_port(), closed_port()))


def test_a_name_without_an_address_is_an_error() -> None:
    with pytest.raises(OSError, match="no address"):
        asyncio.run(reached())
