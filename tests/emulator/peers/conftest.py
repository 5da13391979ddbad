"""Where the peers are. Tests that need tools this machine doesn't have are skipped, and say what they wait for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.peers import workshop


@pytest.fixture(scope="session")
def peers_python(testrun_uid: str) -> Path:
    """The interpreter that has the Python peers."""
    try:
        return workshop.python(testrun_uid)
    except workshop.InstallFailed as failure:
        pytest.fail(str(failure), pytrace=False)


@pytest.fixture(scope="session")
def peers_node_modules(testrun_uid: str) -> Path:
    """The folder that has npm's peers."""
    try:
        return workshop.node_modules(testrun_uid)
    except workshop.ToolMissing as missing:
        pytest.skip(str(missing))
    except workshop.InstallFailed as failure:
        pytest.fail(str(failure), pytrace=False)
