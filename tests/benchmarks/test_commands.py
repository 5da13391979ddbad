"""The programs that the benchmark starts can't hold it up."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from harness import commands
from harness.commands import Cores

from tests.waiting import eventually

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="waits for a benchmark that is not Linux's alone"
)


def test_what_hangs_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    file = tmp_path / "child"
    hangs = f"sleep 1000 & echo $! > {file}.part; mv {file}.part {file}; wait"
    for seconds in (1, 10, 100):  # a busy machine may not have begun after one
        assert commands.run(["sh", "-c", hangs], "test-hangs", timeout=seconds) is None
        if file.exists():
            break
    child = Path("/proc", file.read_text().strip(), "cmdline")
    eventually(lambda: not child.exists() or b"sleep" not in child.read_bytes())


def test_a_command_that_is_not_there_gives_nothing() -> None:
    assert commands.run(["winpush-has-no-such-program"], "test-missing") is None


def test_a_second_pair_has_cores_of_its_own_where_there_are_four(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, shared in (({0, 1}, True), ({0, 1, 2}, True), ({0, 1, 2, 3}, False)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _process, given=cores: given, raising=False)
        first, second = Cores(), Cores(second=True)
        assert ({first.server, first.client} & {second.server, second.client} != set()) is shared
