"""The client for code without asyncio: what threads and processes that share it get."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.paths import open_files
from tests.servers import Server, hold
from tests.waiting import PATIENCE, eventually
from winpush import Client, ClientClosedError, Outcome, mpns

TOAST = mpns.Toast("Bold", "normal")
pytestmark = pytest.mark.usefixtures("no_leaks")


def test_closing_the_synchronous_client_ends_what_other_threads_wait_for() -> None:
    outcomes: list[Outcome] = []
    with Server(hold) as server:
        client = Client(allow_hosts=[server.authority], timeout=PATIENCE)
        threads = [
            threading.Thread(target=lambda n=n: outcomes.append(client.send(server.uri(str(n)), TOAST).outcome))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        eventually(lambda: len(server.requests) == 4)
        client.close()
        for thread in threads:
            thread.join()
    assert outcomes == [Outcome.ABORTED] * 4
    with pytest.raises(ClientClosedError):
        client.send(server.uri(), TOAST)


def test_a_forked_child_gets_connections_of_its_own(no_leaks: Callable[[], None]) -> None:
    import os

    with Server() as server, Client(allow_hosts=[server.authority]) as client:
        assert client.send(server.uri("parent"), TOAST).ok
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if client.send(server.uri("child"), TOAST).ok else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert client.send(server.uri("parent"), TOAST).ok
        assert server.connections == 2
    assert open_files() > 0
