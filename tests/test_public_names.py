"""What users may import, and what importing costs them."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import winpush
from winpush import _make, errors, mpns, results

SEND_ERRORS = [name for name in results.__all__ if name.endswith("Error")]


def test_every_public_error_is_exported() -> None:
    assert {*errors.__all__, *SEND_ERRORS} <= set(winpush.__all__)


@pytest.mark.parametrize("module", [winpush, mpns], ids=["winpush", "winpush.mpns"])
def test_every_name_of_all_is_there_and_sorted(module: object) -> None:
    names = module.__all__  # type: ignore[attr-defined]  # a module
    assert list(names) == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert all(getattr(module, name) is not None for name in names)


def test_every_error_is_a_winpush_error_and_drawn_in_the_tree() -> None:
    for name in [*errors.__all__, *SEND_ERRORS]:
        error = getattr(winpush, name)
        assert issubclass(error, errors.WinPushError)
        assert name in (errors.__doc__ or "")
        assert inspect.getdoc(error)


def test_importing_winpush_brings_in_no_command_line_emulator_or_server() -> None:
    code = (
        "import sys, winpush; "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in "
        "('click', 'rich', 'starlette', 'uvicorn', 'cryptography', 'uvloop', 'pytest') "
        "or name.startswith(('winpush.cli.', 'winpush.emulator', 'winpush.testing'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_winpush_loads_neither_an_event_loop_nor_tls_until_a_client_is_asked_for() -> None:
    code = (
        "import sys, winpush\n"
        "heavy = lambda: [name for name in ('asyncio', 'ssl', 'httptools') if name in sys.modules]\n"
        "print(heavy()); winpush.Client; print(heavy())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['asyncio', 'ssl', 'httptools']"]


def test_compiled_is_true_only_of_a_build_whose_send_path_is_no_python_source() -> None:
    assert winpush.compiled is not str(_make.__file__).endswith(".py")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Clinet'"):
        winpush.Clinet  # type: ignore[attr-defined]  # noqa: B018 - that it is not there is the point
    assert set(winpush.__all__) <= set(dir(winpush))
