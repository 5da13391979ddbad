"""Programs whose threads are greenlets, of gevent or eventlet: everything sends, and nothing hangs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE
from winpush.emulator import Emulator

PROGRAM = Path(__file__).with_name("green_program.py")
ROOT = PROGRAM.parents[2]
WAYS = [
    ("gevent", "early", "uvloop"),
    ("gevent", "early", "stock"),
    ("gevent", "late", "uvloop"),
    ("eventlet", "early", "uvloop"),
    ("eventlet", "early", "stock"),
    ("eventlet", "late", "uvloop"),
]

pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(seed=1, tls=True) as made:
        yield made


@pytest.fixture(scope="module", params=WAYS, ids="-".join)
def said(request: pytest.FixtureRequest, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What one program printed about its sends."""
    library, when, loop = request.param
    if find_spec(library) is None:
        pytest.skip(f"waits for {library}, of the group dev")
    folder = tmp_path_factory.mktemp(library)
    channel = emulator.create_windows_channel()
    arguments, ca = [library, when, loop, emulator.authority, channel.uri, str(folder / "push.db")], ""
    if when == "early" and loop == "uvloop":
        (folder / "ca.pem").write_bytes(emulator.ca_pem)
        ca, arguments[3] = str(folder / "ca.pem"), emulator.authorities[1]
        arguments[4] = channel.uri.replace(f"http://{emulator.authority}", f"https://{emulator.authorities[1]}")
    command = [sys.executable, "-m", "tests.client.green_program", *arguments, ca]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_send_is_accepted(said: Any) -> None:
    assert said["send"] == said["again"] == "accepted"


def test_many_are_accepted(said: Any) -> None:
    assert said["send_many"] == ["accepted"] * 5


def test_greenlets_share_a_client(said: Any) -> None:
    assert said["greenlets"] == ["accepted"] * 5


def test_two_clients_are_open_at_once(said: Any) -> None:
    assert said["second"] == ["accepted"] * 2


def test_asyncio_runs_beside_an_open_client(said: Any) -> None:
    assert said["asyncio"] == "accepted"


def test_the_outbox_delivers_in_the_background_and_at_once(said: Any) -> None:
    assert said["outbox"] == said["until_idle"] == "accepted"
