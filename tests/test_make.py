"""The parts of `make.py` that don't take minutes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import make
from tests.pages import ROOT


def test_an_interpreter_that_does_not_run_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert make.main(["test", "--python", "no-such-python", "tests/wns"]) == 2
    assert "no-such-python does not run as Python" in capsys.readouterr().err


def test_an_interpreter_that_is_too_old_is_refused_with_its_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho 3.10\n")
    old.chmod(0o755)
    assert make.main(["--python", str(old), "test"]) == 2
    assert f"winpush needs Python 3.11 or later; {old} is 3.10" in capsys.readouterr().err


def test_an_older_python_that_runs_it_is_told_so_in_one_line() -> None:
    """Before it imports what such a Python doesn't have."""
    older = "import runpy, sys; sys.version_info = (3, 10, 0); sys.modules['tomllib'] = None; "
    code = older + "runpy.run_path('make.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("winpush needs Python 3.11 or later; this is ")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_while_something_is_set_up_shows_no_traceback() -> None:
    code = (
        "import runpy, subprocess, sys\n"
        "def interrupted(*_, **__): raise KeyboardInterrupt\n"
        "subprocess.run, sys.argv = interrupted, ['make.py', 'demo']\n"
        "runpy.run_path('make.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_without_a_command_the_commands_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert make.main([]) == 2
    assert "python3 make.py wheels" in capsys.readouterr().err


def test_the_version_of_an_interpreter_has_its_first_two_numbers() -> None:
    assert str(make.version_of(sys.executable)).rstrip("t") == f"{sys.version_info.major}.{sys.version_info.minor}"


def test_a_folder_of_a_variable_goes_before_those_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/already/there")
    told = tmp_path / "told"
    ask = "import os, sys; open(sys.argv[1], 'w').write(os.environ['PYTHONPATH'])"
    assert make.run([sys.executable, "-c", ask, told], PYTHONPATH=tmp_path) == 0
    assert told.read_text() == os.pathsep.join([str(tmp_path), "/already/there"])


def test_a_command_that_fails_gives_its_exit_code() -> None:
    assert make.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert (
        subprocess.run([sys.executable, str(make.ROOT / "make.py")], capture_output=True, check=False).returncode == 2
    )
