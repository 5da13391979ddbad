"""The docs' pictures of the emulator's page show what their code sends, as the page draws it today."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.pages import PAGES
from website import pictures

IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


def test_a_picture_shows_what_its_code_sends(tmp_path: Path) -> None:
    if not any(map(shutil.which, pictures.BROWSERS)):
        pytest.skip("waits for a browser: Debian's package chromium, or Chrome")
    kept = json.loads((pictures.IMAGES / pictures.NOTES).read_text())
    drawn = pictures.draw(tmp_path)
    assert kept == drawn, "run: python website/pictures.py"
    assert len(drawn) > 10


def test_every_picture_is_on_a_page_and_says_what_it_shows() -> None:
    shown = set()
    for page in PAGES:
        for text, target in IMAGE.findall(page.read_text()):
            assert len(text) > 20, f"{page}: {target}"
            shown.add((page.parent / target).resolve())
    files = {*pictures.IMAGES.rglob("*.png")}
    assert {path for path in shown if path.suffix == ".png"} == files
