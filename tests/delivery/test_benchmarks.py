"""The benchmarks of delivery on PostgreSQL run, and lose nothing. Times are not checked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(name: str, *options: str) -> str:
    command = [sys.executable, str(BENCHMARKS / name), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="waits for a way to read a machine's CPU elsewhere")
def test_workers_share_a_broadcast_and_take_over_from_a_dead_one(empty_postgresql_url: str) -> None:
    said = run(
        *("delivery_workers.py", "--database", empty_postgresql_url, "--channels", "4000"),
        *("--workers", "1,2", "--lease", "1"),
    )
    assert "| 2 | " in said
    assert "| SQLite | " in said
    assert "Lost: 0" in said


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("gcc") is None,
    reason="waits for gcc, which compiles the stub server, which is Linux's alone",
)
def test_what_a_channel_costs_the_database_is_measured(empty_postgresql_url: str) -> None:
    said = run("delivery_database.py", "--database", empty_postgresql_url, "--channels", "200")
    assert "| sent, with its outcome and history | " in said
    assert "Lost: 0" in said
