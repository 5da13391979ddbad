"""The opt-in build: the send path compiled with Cython passes the tests of the transport, as plain Python does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
_HEADER = Path(sysconfig.get_path("include")) / "Python.h"
_TESTS = (
    "transport/test_fast_response.py",
    "transport/test_epoll_connection.py",
    "transport/test_pool.py",
    "transport/test_faults.py",
    "transport/test_checkout.py",
    "client/test_bulk.py",
    "client/test_slow_hosts.py",
    "client/test_sync_client.py",
)

pytestmark = [
    pytest.mark.skipif(
        shutil.which("gcc") is None or not _HEADER.exists(), reason="waits for gcc and Python's headers"
    ),
    pytest.mark.timeout(3600),
]


def run(*command: str | Path, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_compiled_send_path_passes_the_transports_tests(tmp_path: Path) -> None:
    run("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, PROJECT, WINPUSH_COMPILE="1")
    (wheel,) = tmp_path.glob("winpush-*.whl")
    assert "none-any" not in wheel.name
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    ask = "import winpush.client.bulk; print(winpush.compiled, winpush.client.bulk.__file__)"
    compiled, where = run("-c", ask, PYTHONPATH=str(installed)).split()
    assert where.startswith(str(installed))
    assert not where.endswith(".py")
    assert compiled == "True"
    assert "(compiled)" in run("-m", "winpush.cli", "--version", PYTHONPATH=str(installed))
    tests = [Path("tests") / name for name in _TESTS]
    passed = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, PYTHONPATH=str(installed))
    assert " passed" in passed
    assert "failed" not in passed


def test_without_the_switch_the_wheel_is_plain_python(tmp_path: Path) -> None:
    run("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, PROJECT, WINPUSH_COMPILE="0")
    (wheel,) = tmp_path.glob("winpush-*.whl")
    assert wheel.name.endswith("py3-none-any.whl")
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith((".so", ".pyd", ".pxd", ".pyx"))]
