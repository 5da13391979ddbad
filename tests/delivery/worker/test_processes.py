"""`winpush worker --processes`: several processes on one PostgreSQL, stopped together, each replaced when it dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import call, started
from tests.delivery.sending import accepted, register
from tests.waiting import PATIENCE, eventually
from winpush import mpns
from winpush.delivery import DeliveryState, Outbox
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
on_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def children(process: subprocess.Popen[str]) -> set[int]:
    """Its processes that are workers, and not what Python starts beside them."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in found}
    return {pid for pid, command in commands.items() if b"spawn_main" in command}


def workers_in(process: subprocess.Popen[str], number: int) -> set[str]:
    """The names of this many workers, read from their own start messages."""
    assert process.stderr is not None
    names: set[str] = set()
    while len(names) < number:
        line = process.stderr.readline()
        assert line, "it has ended"
        if "Worker running" in line and (found := re.search(r'"worker": "(\w+)"', line)):
            names.add(found[1])
    return names


@on_postgresql
def test_two_processes_share_a_broadcast_and_end_when_nothing_is_due(
    outbox: Outbox, winpush_emulator: Emulator, url: str
) -> None:
    register(outbox, winpush_emulator, 100)
    number = outbox.broadcast(TOAST)
    options = ("--db", url, "--allow-host", " ".join(winpush_emulator.authorities), "--log-format", "json")
    with started("worker", "--processes", "2", "--until-idle", *options) as process:
        assert len(workers_in(process, 2)) == 2
        assert process.wait(PATIENCE) == 0
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 100}
    assert accepted(winpush_emulator) == [1] * 100


@on_postgresql
def test_a_process_that_is_killed_is_replaced_and_all_end_with_the_one_that_was_started(
    make_outbox: Callable[..., Outbox], url: str
) -> None:
    make_outbox()
    with started("worker", "--processes", "2", "--db", url, "--log-format", "json") as process:
        workers_in(process, 2)
        first = children(process)
        assert len(first) == 2
        os.kill(min(first), signal.SIGKILL)
        workers_in(process, 1)
        second = children(process)
        assert len(second) == 2
        assert len(second - first) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in second))


@on_postgresql
@pytest.mark.parametrize(
    "variables",
    [
        {"WINPUSH_TENANT_ID": "t", "WINPUSH_CLIENT_ID": "c", "WINPUSH_CLIENT_SECRET": "s3cret"},
        {"WINPUSH_PACKAGE_SID": "ms-app://s-1-15-2-1", "WINPUSH_CLIENT_SECRET": "s3cret"},
        {"WINPUSH_AZURE_IDENTITY": "environment"},
    ],
    ids=["entra", "package", "azure"],
)
def test_the_processes_take_the_login_from_the_environment(
    variables: dict[str, str], make_outbox: Callable[..., Outbox], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "WINPUSH_AZURE_IDENTITY" in variables:
        pytest.importorskip("azure.identity", reason="the extra winpush[azure] is not installed")
    make_outbox()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with started("worker", "--processes", "2", "--until-idle", "--db", url) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 0, said
    assert said.count("Stopped.") == 2


def test_a_secret_on_the_command_line_is_refused_before_a_process_is_started() -> None:
    done = call("worker", "--processes", "2", "--db", "postgresql://ada@127.0.0.1:9/push", "--client-secret", "s3cret")
    assert done.returncode == 2
    assert "Set WINPUSH_CLIENT_SECRET" in done.stderr
    assert "s3cret" not in done.stderr


def test_a_file_is_for_one_process(tmp_path: Path) -> None:
    done = call("worker", "--processes", "2", "--db", f"sqlite:///{tmp_path}/push.db")
    assert done.returncode == 2
    assert "needs PostgreSQL" in done.stderr


@pytest.mark.parametrize("option", ["--metrics-port", "--health-port"])
def test_several_processes_serve_no_port(option: str) -> None:
    done = call("worker", "--processes", "2", "--db", "postgresql://ada@127.0.0.1:9/push", option, "0")
    assert done.returncode == 2
    assert "one port" in done.stderr


def test_what_a_process_refuses_is_said_as_by_the_command(empty_postgresql_url: str) -> None:
    with started("worker", "--processes", "2", "--until-idle", "--db", empty_postgresql_url) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 2
    assert "winpush db upgrade" in said
    assert "Traceback" not in said
