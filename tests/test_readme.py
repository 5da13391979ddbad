"""The readme as the package index shows it, without a repository around it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.pages import ROOT

pytest.importorskip("hatchling", reason="waits for hatchling, of the dependency group dev")

_LINK = re.compile(r"\]\(([^)\s]+)\)")


def absolute(text: str) -> str:
    """What the build's hook makes of it."""
    spec = importlib.util.spec_from_file_location("readme", ROOT / "compiled" / "readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.absolute(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](docs/a.md#b)", "[a](https://github.com/winpush/winpush/blob/main/docs/a.md#b)"),
        ("![a](docs/a.png)", "![a](https://raw.githubusercontent.com/winpush/winpush/main/docs/a.png)"),
        ("[a](https://example.com/)", "[a](https://example.com/)"),
        ("[a](#b)", "[a](#b)"),
        ("`x[0]` (docs)", "`x[0]` (docs)"),
    ],
)
def test_a_link_is_made_absolute(text: str, shown: str) -> None:
    assert absolute(text) == shown


def test_every_link_of_the_packages_page_is_absolute_and_leads_to_a_file() -> None:
    prefix = re.compile(
        r"https://(?:github\.com/winpush/winpush/blob/main|raw\.githubusercontent\.com/winpush/winpush/main)/"
    )
    links = _LINK.findall(absolute((ROOT / "README.md").read_text()))
    assert len(links) > 30
    for link in links:
        assert link.startswith("https://"), link
        if prefix.match(link):
            assert (ROOT / prefix.sub("", link).partition("#")[0]).is_file(), link


def test_the_first_screens_show_the_emulators_page_and_the_benchmark() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()[:60]
    shown = [Path(link).name for line in lines for link in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", line)]
    assert shown == ["emulator.png", "benchmarks.svg"]
