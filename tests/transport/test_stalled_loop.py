"""A loop, a process or a machine that stalls for a while: answers that came meanwhile count."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvloop

from tests.servers import ACCEPTED, Peer, Server
from tests.waiting import PATIENCE, eventually
from winpush import AsyncClient, Outcome, Result, mpns

TOAST = mpns.Toast("a")
SECONDS = 1000.0
"""Longer than any send may take."""
SWEEP = 0.5
"""Longer than the seconds between two looks at deadlines."""


class StockLoop(asyncio.SelectorEventLoop):
    """Its clock can be moved on."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class UvLoop(uvloop.Loop):
    """The same."""

    ahead = 0.0

    def time(self) -> float:
        return float(super().time()) + self.ahead


NewLoop = Callable[[], StockLoop | UvLoop]


@contextmanager
def asked(
    new_loop: NewLoop, when_sent: Callable[[StockLoop | UvLoop], None]
) -> Iterator[tuple[socket.socket, Callable[[Server], Result]]]:
    """A socket to write to when the request has come, and what sends it. The sender's loop then runs `when_sent`, among
    what is ready to be read, before it looks at its timers."""
    loop, (mine, yours) = new_loop(), socket.socketpair()

    def ready() -> None:
        loop.remove_reader(mine)
        when_sent(loop)

    def send(service: Server) -> Result:
        async def one() -> Result:
            async with AsyncClient(allow_hosts=[service.authority]) as client:
                return await client.send(service.uri(), TOAST)

        return runner.run(one())

    with mine, yours, asyncio.Runner(loop_factory=lambda: loop) as runner:
        loop.add_reader(mine, ready)
        yield yours, send


@pytest.mark.parametrize("new_loop", [StockLoop, UvLoop])
def test_an_answer_that_came_while_the_loop_stood_still_counts(new_loop: NewLoop) -> None:
    may_answer, has_answered = threading.Event(), threading.Event()

    def answer_late(peer: Peer) -> None:
        peer.read_request()
        told.sendall(b"!")
        may_answer.wait(PATIENCE)
        peer.send(ACCEPTED)
        has_answered.set()
        peer.wait_for_close()

    def stand_still(loop: StockLoop | UvLoop) -> None:
        """Until the answer has come, and the deadlines are due to be looked at."""
        may_answer.set()
        has_answered.wait(PATIENCE)
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > SWEEP)
        loop.ahead += SECONDS

    with Server(answer_late) as service, asked(new_loop, stand_still) as (told, send):
        result = send(service)
    assert result.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("new_loop", [StockLoop, UvLoop])
def test_what_has_no_answer_after_the_loop_stood_still_is_given_up(new_loop: NewLoop) -> None:
    def say_nothing(peer: Peer) -> None:
        peer.read_request()
        told.sendall(b"!")
        peer.wait_for_close()

    def stand_still(loop: StockLoop | UvLoop) -> None:
        loop.ahead += SECONDS

    with Server(say_nothing) as service, asked(new_loop, stand_still) as (told, send):
        result = send(service)
    assert result.outcome is Outcome.TIMED_OUT
