"""`/healthz` and `/readyz` of `winpush worker`: what a supervisor learns from them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import run, started
from tests.waiting import PATIENCE, eventually

pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")

from winpush.cli.health import Health, look_at
from winpush.cli.worker import _stop_on_signals
from winpush.delivery import Outbox


class Clock:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextlib.contextmanager
def worker(*options: str) -> Iterator[tuple[Any, Callable[[str], tuple[int, dict[str, Any]]]]]:
    """A worker's process, and a way to ask it."""
    with started("worker", "--health-port", "0", *options) as process:
        assert process.stderr is not None
        address = process.stderr.readline().split("Health: ")[1].strip()
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield process, lambda path: get(address + path)


def get(address: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read()) if "json" in error.headers["Content-Type"] else {}


def test_a_worker_that_runs_is_alive_and_ready(tmp_path: Path) -> None:
    with worker("--create", "--db", f"sqlite:///{tmp_path}/push.db") as (process, ask):
        eventually(lambda: ask("/readyz")[0] == 200)
        code, found = ask("/readyz?probe=1")
        assert code == 200
        assert found["schema"] == found["schema_needed"]
        assert found["transaction_seconds_ago"] >= 0
        assert ask("/healthz")[0] == 200
        assert ask("/metrics")[0] == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_a_worker_that_waits_for_its_database_is_alive_but_not_ready_and_can_be_stopped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with worker("--db", f"postgresql://push@127.0.0.1:{port}/push") as (process, ask):
        assert ask("/healthz")[0] == 200
        assert ask("/readyz") == (503, {"status": "failing", "problem": "The worker is waiting for its database"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("worker", "--create", "--db", f"sqlite:///{tmp_path}/push.db", "--health-port", str(port))
    assert done.returncode == 1
    assert f"Can't answer health probes on 127.0.0.1:{port}" in done.stderr


@pytest.mark.parametrize("what", ["health", "metrics"])
def test_a_host_that_is_not_this_machine_is_named(what: str, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra winpush[prometheus] is not installed")
    options = ("worker", "--db", f"sqlite:///{tmp_path}/push.db", "--create", f"--{what}-port", "0")
    done = run(*options, f"--{what}-host", "192.0.2.1")
    assert done.returncode == 1
    assert f"Choose another --{what}-host." in done.stderr


def test_a_page_that_there_is_not_says_which_there_are(tmp_path: Path) -> None:
    with worker("--db", f"sqlite:///{tmp_path}/push.db", "--create") as (_, ask):
        assert ask("/nothing")[0] == 404


def test_a_worker_whose_loop_stands_still_is_not_alive() -> None:
    clock = Clock()
    health = Health("sqlite://", clock)
    clock.now = 29
    assert health.alive().ok
    health.beat()
    clock.now = 58
    assert health.alive().ok
    clock.now = 59
    assert not health.alive().ok


def test_ready_is_a_worker_that_has_used_its_database_of_late(tmp_path: Path) -> None:
    path = tmp_path / "push.db"
    clock = Clock()
    health = Health(f"sqlite:///{path}", clock)

    async def watched(outbox: Outbox) -> None:
        worker = outbox.make_worker()
        watching = asyncio.create_task(health.watch(worker))
        await asyncio.sleep(0)
        assert health.ready().details["transaction_seconds_ago"] is None
        assert health.ready().problem == "The worker has had no recent transaction"
        await worker.run(until_idle=True)
        assert worker.since_transaction is not None
        watching.cancel()

    with contextlib.closing(Outbox(f"sqlite:///{path}")) as outbox:
        asyncio.run(watched(outbox))
    assert health.ready().ok
    path.unlink()
    assert health.ready().ok  # what the database answered is kept for a second
    clock.now = 1
    assert health.ready().problem == "The tables don't match this version"


def test_a_database_without_the_right_tables_is_not_ready(tmp_path: Path) -> None:
    report = look_at(f"sqlite:///{tmp_path}/nothing.db")
    assert not report.ok
    assert report.problem == "The tables don't match this version"
    assert not (tmp_path / "nothing.db").exists()


def test_a_loop_without_signal_handlers_is_stopped_by_plain_ones() -> None:
    """Windows' loop: `add_signal_handler` is not implemented there."""

    class Windows(asyncio.SelectorEventLoop):
        def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: object) -> None:
            raise NotImplementedError

    stopped = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    loop = Windows()
    try:
        _stop_on_signals(loop, lambda: stopped.append(True))
        os.kill(os.getpid(), signal.SIGTERM)
        eventually(lambda: bool(stopped))
    finally:
        loop.close()
        for number, handler in before.items():
            signal.signal(number, handler)
