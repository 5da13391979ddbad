"""pyright, the type checker of many editors, on the code in the docs and on the types of the public names.

mypy checks the source itself; the two differ in what they take for compatible.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import winpush
from winpush import convert, delivery, emulator, mpns, wns

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
DOORS = (winpush, mpns, wns, delivery, emulator, convert)
# Django has no types of its own, and what pyright guesses of its code is not ours to test.
CONFIG = {"useLibraryCodeForTypes": False, "typeCheckingMode": "standard"}


def run(*arguments: str | Path, folder: Path) -> dict[str, Any]:
    """What pyright says, as JSON. It finds packages by the first Python on the path, and isn't to look for updates."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    command = [sys.executable, "-m", "pyright", "--outputjson", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        pytest.fail(f"pyright did not run: {done.stdout}{done.stderr}")
    return said


def code_of(page: Path) -> str:
    """The blocks of a page, each line at its place in the page."""
    text = page.read_text()
    kept: list[str] = [""] * (text.count("\n") + 1)
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1))
        lines = block[1].splitlines()
        kept[first : first + len(lines)] = lines
    return "\n".join(kept)


def every_kind() -> str:
    """A program that sends a notification of every kind of both services."""
    shown = [(module, name) for module in (mpns, wns) for name in module.__all__]
    kinds = [f"{module.__name__}.{name}" for module, name in shown if hasattr(getattr(module, name), "push_type")]
    lines = [f"def send{number}(one: {kind}) -> Notification: return one" for number, kind in enumerate(kinds)]
    return "\n".join(["import winpush.mpns, winpush.wns", "from winpush.results import Notification", *lines])


def test_readme_docs_examples_and_every_kind_of_notification_have_no_type_errors(tmp_path: Path) -> None:
    sources = {page: code_of(page) for page in PAGES} | {path: path.read_text() for path in EXAMPLES}
    sources[ROOT / "every_kind.py"] = every_kind()
    for path, code in sources.items():
        target = (tmp_path / path.relative_to(ROOT)).with_suffix(".py")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(code)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(CONFIG))
    said = run("-p", tmp_path, folder=tmp_path)
    assert said["summary"]["filesAnalyzed"] == len(sources)
    assert not [told(each, tmp_path) for each in said["generalDiagnostics"]]


def told(diagnostic: dict[str, Any], folder: Path) -> str:
    where = Path(diagnostic["file"]).relative_to(folder).with_suffix("")
    return f"{where}, line {diagnostic['range']['start']['line'] + 1}: {diagnostic['message']}"


def test_the_types_of_the_public_names_are_complete(tmp_path: Path) -> None:
    said = run("--verifytypes", "winpush", "--ignoreexternal", folder=tmp_path)
    symbols = said["typeCompleteness"]["symbols"]
    assert len(symbols) > 1000, said
    public = {public_name(door, name) for door in DOORS for name in door.__all__} - {""}
    incomplete = [
        f"{symbol['name']}: {[each['message'] for each in symbol['diagnostics']]}"
        for symbol in symbols
        if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]
        if any(f"{symbol['name']}.".startswith(f"{name}.") for name in public)
    ]
    assert not incomplete


def public_name(door: ModuleType, name: str) -> str:
    """Where a public class or function is defined, which is what pyright calls it; '' for a constant."""
    value = getattr(door, name)
    return f"{value.__module__}.{value.__qualname__}" if hasattr(value, "__qualname__") else ""
