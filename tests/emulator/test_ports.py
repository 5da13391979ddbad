"""A port of the emulator opens and closes without waiting for a tick of its server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from starlette.applications import Starlette

from tests.waiting import until
from winpush.emulator.ports import PortServer, make_config


def run_in_thread(main: Coroutine[None, None, None]) -> None:
    """As an emulator does: in the main thread uvicorn takes the signals."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, main).result()


def test_a_port_that_is_told_to_end_waits_for_no_tick() -> None:
    """Its tick, here one of an hour, sets the date of its answers and nothing else."""

    async def main() -> None:
        started = threading.Event()
        server = PortServer(make_config(Starlette(), None), started, 1, tick=timedelta(hours=1))
        serving = asyncio.create_task(server.serve(sockets=[socket.create_server(("127.0.0.1", 0))]))
        await asyncio.to_thread(started.wait)
        server.end()
        await serving

    run_in_thread(main())


def test_the_last_of_several_ports_says_that_all_are_open() -> None:
    async def main() -> None:
        started, app = threading.Event(), Starlette()
        servers = [PortServer(make_config(app, None), started, 2) for _ in range(2)]
        first, second = (each.serve(sockets=[socket.create_server(("127.0.0.1", 0))]) for each in servers)
        serving = [asyncio.create_task(first)]
        await until(lambda: servers[0].started)
        assert not started.is_set()
        serving.append(asyncio.create_task(second))
        await asyncio.to_thread(started.wait)
        for server in servers:
            server.end()
        await asyncio.gather(*serving)

    run_in_thread(main())
