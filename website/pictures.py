"""Draws the docs' pictures of the emulator's page: `python website/pictures.py`. Needs Chromium on the path.

Each example's picture is drawn from the code above it on the page. docs/images/pictures.json has a digest of what each
picture shows; a test draws them again and compares, so no picture outlives its code or the emulator's page.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import winpush.emulator
from winpush import Client, wns
from winpush.emulator import Device, Emulator

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
NOTES = "pictures.json"
PAGES = (ROOT / "docs" / "index.md", ROOT / "docs" / "how-to" / "toast-with-buttons.md")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_STYLES = ("win-toast.css", "win-glyphs.css", "windows.css")
# Sets properties, because the page's Content-Security-Policy allows no style sheets from outside.
_BARE = """toast => {
  for (const each of document.querySelectorAll("*")) if (!toast.contains(each)) each.style.visibility = "hidden";
  Object.assign(toast.style, {visibility: "visible", boxShadow: "none"});
  for (let node = toast.parentElement; node; node = node.parentElement) node.style.background = "none";
}"""
_TIME = re.compile(r"\d\d:\d\d:\d\d")
# A block of code, and the picture that follows it before the next block.
_SHOWN = re.compile(r"^```python\n(.*?)^```(?:(?!^```).)*?!\[[^\]]*\]\([./]*images/([\w/-]+\.png)\)", re.M | re.S)
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Example:
    """A toast on a page, and the file of its picture."""

    toast: wns.Toast
    image: str


def examples(page: Path) -> Iterator[Example]:
    """A page's toasts that have a picture: each is the value of `toast` after its block has run."""
    text = page.read_text(encoding="utf-8")
    shown = dict(_SHOWN.findall(text))
    space: dict[str, Any] = {"__name__": "page"}
    for code in _BLOCK.findall(text):
        exec(compile(code, page.name, "exec", dont_inherit=True), space)  # noqa: S102 - our own docs
        if code in shown:
            yield Example(space["toast"], shown[code])


def draw(folder: Path) -> dict[str, str]:
    """Draws every picture into a folder; returns what each shows, as a digest."""
    notes = {"styles": digest(*map(style, _STYLES))}
    with browser() as chromium:
        for example in (each for page in PAGES for each in examples(page)):
            path = folder / example.image
            path.parent.mkdir(parents=True, exist_ok=True)
            notes[example.image] = draw_one(chromium, example, path)
    return notes


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("Drawing the pictures needs Chromium or Chrome on the path.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def draw_one(chromium: Browser, example: Example, path: Path) -> str:
    """Sends a toast and draws it, or the whole page with it for the landing page; returns a digest of what is shown."""
    with Emulator(seed=1) as emulator:
        device = emulator.create_windows_channel(name="Ada's laptop")
        send(emulator, device, example.toast)
        page = chromium.new_page(viewport={"width": 900, "height": 590}, device_scale_factor=2)
        page.goto(emulator.url)
        toast = page.locator(".win-slot .win-toast")
        toast.wait_for()
        shown = str(toast.evaluate("node => node.outerHTML"))
        page.evaluate("() => Promise.all(document.getAnimations().map(each => each.finished))")
        if "/" in example.image:
            toast.evaluate(_BARE)
            toast.screenshot(path=path, omit_background=True)
        else:
            page.locator(".request").nth(1).wait_for()
            page.locator("#connection", has_text="Connected").wait_for()
            shown += _TIME.sub("", page.locator("body").inner_text())
            page.screenshot(path=path)
        page.close()
    return digest(shown)


def send(emulator: Emulator, device: Device, toast: wns.Toast) -> None:
    """Sends a toast to a device."""
    with Client(wns=emulator.entra_credentials, allow_hosts=emulator.authorities) as client:
        client.send(device.uri, toast).raise_for_error()


def style(name: str) -> str:
    """One of the page's style sheets."""
    return (Path(winpush.emulator.__file__).parent / "web" / name).read_text(encoding="utf-8")


def digest(*texts: str) -> str:
    """A short digest of texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


if __name__ == "__main__":
    shutil.rmtree(IMAGES / "toasts", ignore_errors=True)
    (IMAGES / NOTES).write_text(json.dumps(draw(IMAGES), indent=1, sort_keys=True) + "\n", encoding="utf-8")
