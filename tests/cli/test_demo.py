"""`winpush demo` and `winpush emulator`, as a person types them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "winpush.cli", *arguments], capture_output=True, text=True, check=False
    )


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until Ctrl-C."""
    command = [sys.executable, "-m", "winpush.cli", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(pattern, line):
            return match[1]
    raise AssertionError(f"the command ended without {pattern!r}")


def test_the_demo_says_what_came_of_each_broadcast() -> None:
    done = run("demo", "--json", "--phones", "80", "--windows", "40", "--seed", "1")
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)["broadcasts"]
    assert first["sent"] == sum(first["outcomes"].values()) == 120
    assert first["outcomes"]["accepted"] > 40
    assert first["deleted_channels"] == first["outcomes"]["channel-gone"] > 0
    # What asked to be left alone is, and what is gone stays gone.
    assert second["waited_for"] > 0
    assert second["sent"] + second["waited_for"] + second["nothing_to_send"] == 120 - first["deleted_channels"]
    assert run("demo", "--json", "--phones", "80", "--windows", "40", "--seed", "1").returncode == 0


def test_a_worker_of_the_demo_that_is_killed_is_replaced_and_nothing_is_lost() -> None:
    with started("demo", "--exit", "--seconds", "3", "--phones", "30", "--windows", "30") as process:
        os.kill(int(wait_for(process, r"kill -9 (\d+)")), signal.SIGKILL)
        assert wait_for(process, r"(The worker died \(SIGKILL\))")
        assert wait_for(process, r"(1 worker died\. Lost: 0\.)")
        assert process.wait(60) == 0


def test_the_demo_is_readable_in_a_pipe() -> None:
    done = run("demo", "--exit", "--phones", "40", "--windows", "10")
    assert done.returncode == 0
    assert "Results of a toast: 50 sent" in done.stdout
    assert "\x1b[" not in done.stdout
    assert done.stderr == ""


def test_the_page_of_the_demo_stays_open_until_ctrl_c() -> None:
    with started("demo", "--phones", "5") as process:
        url = wait_for(process, r"Page: (http://\S+)")
        with urlopen(url) as page:
            assert b"winpush" in page.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_the_emulators_example_works_as_typed() -> None:
    with started("emulator", "--port", "0", "--seed", "1", "--fault-status", "503", "--fault-count", "1") as process:
        host = wait_for(process, r"--allow-host (\S+)")
        uri = wait_for(process, r"'(http\S+)'")
        for code in (1, 0):  # the fault strikes once
            assert run("send", "toast", "--allow-host", host, uri, "Hello", "from winpush").returncode == code
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("emulator", "--port", "1", "--host", "192.0.2.1"),
        ("emulator", "--fault-status", "7"),
        ("demo", "--phones", "0"),
    ],
)
def test_wrong_use_is_exit_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
