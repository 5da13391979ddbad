"""`WINPUSH_PURE=1` takes the plain modules of a compiled installation, and without it the compiled ones are in use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.wheels import TAKES_LONG, needs_a_compiler, release, running
from winpush._plain import PlainFinder

pytestmark = TAKES_LONG
_ASK = """
import sys, winpush.client, winpush.cli.app
kinds = {module.__file__.rpartition(".")[2] for name, module in sys.modules.items() if name.startswith("winpush")}
print(winpush.compiled, *sorted(kinds))
"""


@needs_a_compiler
@pytest.mark.parametrize(("pure", "told"), [("1", "False py"), ("0", "True py so"), ("", "True py so")])
def test_winpush_pure_takes_the_plain_modules_and_nothing_else_does(
    testrun_uid: str, tmp_path: Path, pure: str, told: str
) -> None:
    installed = str(release(testrun_uid).unpack_compiled(tmp_path))
    done = running(tmp_path, sys.executable, "-c", _ASK, PYTHONPATH=installed, WINPUSH_PURE=pure)
    assert done.stdout.strip() == told, done.stderr


@needs_a_compiler
@pytest.mark.parametrize(("pure", "build"), [("1", "pure Python"), ("0", "compiled")])
def test_the_version_says_which_is_in_use(testrun_uid: str, tmp_path: Path, pure: str, build: str) -> None:
    installed = str(release(testrun_uid).unpack_compiled(tmp_path))
    command = (sys.executable, "-m", "winpush.cli", "--version")
    assert f"({build})" in running(tmp_path, *command, PYTHONPATH=installed, WINPUSH_PURE=pure).stdout


def test_names_that_are_not_winpushs_own_are_left_to_others() -> None:
    assert PlainFinder.find_spec("winpushed.client", [str(Path(__file__).parent)]) is None


def test_a_module_that_is_not_there_is_left_to_others() -> None:
    assert PlainFinder.find_spec("winpush.nothing", [str(Path(__file__).parent)]) is None
