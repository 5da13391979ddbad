"""The docs can't rot: their code runs, and their links lead somewhere."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import winpush
from tests.pages import PAGES, PYTHON, ROOT, name
from winpush.emulator import Emulator

LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", [page for page in PAGES if PYTHON.search(page.read_text())], ids=name)
def test_the_code_of_a_page_runs_from_top_to_bottom(
    page: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    space: dict[str, Any] = {"__name__": "page"}
    for block in PYTHON.findall(page.read_text()):
        # Without this module's own future imports: a reader's file doesn't have them.
        exec(compile(block, name(page), "exec", dont_inherit=True), space)  # noqa: S102 - our own docs
    run_what_it_defined(page, space, request)


def run_what_it_defined(page: Path, space: dict[str, Any], fixtures: pytest.FixtureRequest) -> None:
    """Calls the functions that a page only defines."""
    if page.name == "README.md":
        with Emulator() as emulator:
            uris = [emulator.create_channel(state=state).uri for state in ("healthy", "expired", "queue-full")]
            asyncio.run(space["broadcast"](uris, emulator))
            device = emulator.create_windows_channel()
            with winpush.Client(wns=emulator.entra_credentials, allow_hosts=emulator.authorities) as client:
                space["client"] = client
                assert space["notify"](device.uri).ok
    for test in [value for key, value in space.items() if key.startswith("test_")]:
        fixtures.getfixturevalue("winpush_emulator").reset()
        test(**{name: fixtures.getfixturevalue(name) for name in inspect.signature(test).parameters})


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    targets = LINK.findall(index.read_text())
    listed = {(index.parent / target).resolve() for target in targets if target.endswith(".md")}
    assert listed == {page.resolve() for page in PAGES if page not in (index, ROOT / "README.md")}


def test_the_readmes_first_example_is_for_a_windows_app_of_today() -> None:
    first = PYTHON.findall((ROOT / "README.md").read_text())[0]
    assert "wns.EntraCredentials(" in first
    assert "wns.Toast(" in first
    assert "mpns" not in first


def test_the_first_tutorial_is_for_a_windows_app_of_today() -> None:
    """Windows Phone's service has been off since 2018."""
    text = (ROOT / "docs" / "tutorial" / "first-steps.md").read_text()
    assert "wns.Toast(" in text
    assert "mpns" not in text


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_the_first_page_shows_all_that_is_typed_for_a_toast_with_two_buttons(page: str) -> None:
    """Also where the system's Python takes no packages, and Windows' own names for it."""
    text = (ROOT / page).read_text()
    start = text.index("python3 -m venv push\n. push/bin/activate\npip install")
    assert "py -m venv push" in text[start:]
    (code,) = [block for block in PYTHON.findall(text[start:]) if "Emulator()" in block and "wns." in block]
    assert code.count("wns.Button(") == 2


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=name)
def test_an_example_runs(example: Path) -> None:
    done = subprocess.run([sys.executable, "-W", "error", example], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert done.stderr == ""


def test_the_readmes_two_commands_are_those_of_make() -> None:
    commands = re.findall(r"^python3 make\.py \w+", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["python3 make.py demo", "python3 make.py test"]
    assert "python3 make.py test" in (ROOT / ".ci" / "run").read_text()
