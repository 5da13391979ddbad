"""The site of the docs: it is whole, and nothing on it comes from another host."""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages import ROOT
from tests.waiting import PATIENCE
from website import build, check

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Request

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("waits for the dependency group docs: python3 make.py docs")
    folder = tmp_path_factory.mktemp("website") / "site"
    command: list[str | Path] = [sys.executable, ROOT / "website" / "build.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stderr
    return folder


def test_every_page_and_every_public_name_is_on_the_site_and_every_link_leads_somewhere(site: Path) -> None:
    assert list(check.problems(site)) == []
    for page in DOCS.rglob("*.md"):
        path = page.relative_to(DOCS).with_suffix("")
        assert (site / path.parent / ("" if path.name == "index" else path.name) / "index.html").is_file(), page
    text = "".join(page.read_text() for page in (site / "reference" / "python").rglob("*.html"))
    assert not [name for name in build.public_names() if f'id="{name}"' not in text]


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """The site on a server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_reader_can_search_the_site_and_the_browser_asks_no_other_host(address: str, browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    others: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            others.append(request.url)

    page.on("request", note)
    page.on("pageerror", lambda error: others.append(str(error)))
    page.goto(address)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("combobox").or_(page.get_by_role("textbox")).or_(page.get_by_role("searchbox")).first.fill(
        "snooze"
    )
    page.get_by_text("Snooze and dismiss").first.wait_for()
    page.goto(f"{address}how-to/toast-with-buttons/")
    assert page.locator("img[src*='/toasts/']").count() > 5
    assert others == []
    page.close()


def test_the_navigation_is_the_list_of_pages() -> None:
    nav = build.navigation((DOCS / "index.md").read_text())
    listed = build.in_toml(nav)
    assert [next(iter(section)) for section in nav] == ["Home", "Tutorial", "How-to guides", "Reference", "Background"]
    assert not [page for page in DOCS.rglob("*.md") if f'"{page.relative_to(DOCS).as_posix()}"' not in listed]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("[a](../../examples/web_push/app.py)", "[a](https://github.com/winpush/winpush/blob/main/examples/web_push/app.py)"),
        ("[a](../../benchmarks)", "[a](https://github.com/winpush/winpush/tree/main/benchmarks)"),
        ("[a](../reference/cli.md#winpush)", "[a](../reference/cli.md#winpush)"),
        ("- one\n  two\n", "- one\n    two\n"),
        ("```python\nif a:\n  b()\n```", "```python\nif a:\n  b()\n```"),
    ],
)  # fmt: skip
def test_a_page_is_changed_where_the_generator_reads_it_otherwise(text: str, changed: str) -> None:
    assert build.for_the_site(text, "how-to/page.md") == changed


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        ("<a href='gone/'>", "index.html: gone/ leads nowhere"),
        ("<a href='#nowhere'>", "index.html: #nowhere leads nowhere"),
        ("<a href='other/#nowhere'>", "index.html: other/#nowhere leads nowhere"),
        ("<img src='gone.png'>", "index.html: gone.png leads nowhere"),
        ("<script src='//cdn.example/a.js'>", "index.html: fetches //cdn.example/a.js from another host"),
        ("<link rel=stylesheet href='https://fonts.example/a.css'>",
         "index.html: fetches https://fonts.example/a.css from another host"),
        ("<a href='https://elsewhere.example/'>", None),
        ("<a href='other/#here'>", None),
        ("<a href='/other/'>", None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_site_is_found(element: str, problem: str | None, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text("<p id='here'>")
    (tmp_path / "index.html").write_text(element)
    assert list(check.problems(tmp_path)) == ([] if problem is None else [problem])


def test_a_style_sheet_of_another_host_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url('https://fonts.example/a.woff2') }")
    assert list(check.problems(tmp_path)) == ["a.css: fetches from another host"]
