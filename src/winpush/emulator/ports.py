"""One open port of the emulator: a uvicorn server that says when all ports are open, and ends at once."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import uvicorn

from winpush.emulator.wire import WireProtocol

__all__ = ["PortServer", "abort_connections", "make_config"]

_GRACE_SECONDS = 1
_LOOK_SECONDS = 0.002


class PortServer(uvicorn.Server):
    """Serves one port. Sets `started_all` once all `ports` of the app are open, and ends as soon as `end` is called.

    uvicorn's own server checks ten times a second whether to end, then waits a tenth of a second for its connections.
    With an emulator for each test, that wait would be most of a test's time. `tick` is how often uvicorn's clock for
    the `Date` header is set; uvicorn expects a tenth of a second.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        started_all: threading.Event,
        ports: int,
        tick: timedelta = timedelta(milliseconds=100),
    ) -> None:
        super().__init__(config)
        self._started_all = started_all
        self._ports = ports
        self._tick_seconds = tick.total_seconds()
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Makes `serve` return. May be called from any thread."""
        self.should_exit = True
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._ended.set)

    async def main_loop(self) -> None:
        """Ticks until `end` is called."""
        count = 0
        while not await self.on_tick(count):
            count += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick_seconds):
                    await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the port and returns once the requests in progress are answered, or after a second without them."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(_GRACE_SECONDS):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - sets of uvicorn's
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the port before it returns."""
        await super().startup(sockets)
        app_state = self.config.app.state  # type: ignore[union-attr]  # a Starlette
        app_state.ports = getattr(app_state, "ports", 0) + 1
        if app_state.ports == self._ports:
            self._started_all.set()


async def abort_connections(servers: Sequence[PortServer]) -> None:
    """Ends connections whose client should still close TLS: some never do."""
    for server in servers:
        for connection in list(server.server_state.connections):
            connection.transport.abort()
    await asyncio.sleep(0)


def make_config(app: Any, context: ssl.SSLContext | None) -> uvicorn.Config:
    """How uvicorn serves this app, with TLS if there is a context."""
    config = uvicorn.Config(
        app,
        http=WireProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=None,
    )
    if context is not None:
        # uvicorn only builds contexts from files; ours is in memory.
        config.load()
        config.ssl = context
    return config
