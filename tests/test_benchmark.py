"""The benchmark works: its smallest size runs, and every answer reaches its own result. No time is looked at."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DELIVERY = Path(__file__).parents[1] / "benchmarks" / "delivery.py"
PLANS = Path(__file__).parents[1] / "benchmarks" / "delivery_plans.py"
WEBPUSH = Path(__file__).parents[1] / "benchmarks" / "webpush.py"
RUN = Path(__file__).parents[1] / "benchmarks" / "run.py"

pytestmark = [
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="waits for a stub server that is not Linux's alone"
    ),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="waits for gcc, which compiles the stub server"),
]


def test_the_smallest_size_runs_and_checks_every_answer(tmp_path: Path) -> None:
    command = [sys.executable, str(RUN), "--size", "smoke", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "benchmarks.md").read_text()
    for row in ("winpush send_many", "C sender", "## Latency at a constant rate", "## Two processes"):
        assert row in page
    assert (tmp_path / "benchmarks.svg").read_text().startswith(("<svg", "<?xml"))


def test_the_deliverys_benchmark_loses_no_channel(tmp_path: Path) -> None:
    command = [sys.executable, str(DELIVERY), "--channels", "200", "--out", str(tmp_path / "table.md")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Lost: 0" in done.stdout + done.stderr
    assert "`broadcast`" in (tmp_path / "table.md").read_text()


def test_the_plans_of_a_broadcasts_statements_are_shown() -> None:
    command = [sys.executable, str(PLANS), "--channels", "300"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SEARCH winpush_channels USING INTEGER PRIMARY KEY" in done.stdout
    assert "SCAN winpush_channels" not in done.stdout


@pytest.mark.skipif(
    not Path("/usr/include/openssl/ssl.h").exists() or shutil.which("openssl") is None,
    reason="waits for OpenSSL's command and headers, with which the stub speaks TLS",
)
def test_every_way_of_the_web_push_benchmark_ends_without_an_error(tmp_path: Path) -> None:
    command = [sys.executable, str(WEBPUSH), "--subscriptions", "64", "--rounds", "1", "--out", str(tmp_path / "t.md")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "t.md").read_text()
    missing = [line for line in text.splitlines() if "could not be" in line]
    assert all("Node's web-push" in line for line in missing)  # it is npm that may be away
    assert "| winpush, a broadcast from the outbox" in text
    assert "times its bare calls" in text
    assert "goal: at least 20;" in text
