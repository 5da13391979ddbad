"""Builds the site from the docs: `python website/build.py [FOLDER]`, by default into `.site`.

The pages are written to be read in the repository and contain nothing specific to the site generator. The build copies
them and adds what only the site has: the navigation, from the list in docs/index.md; the Python reference, from the
docstrings; and absolute addresses for links that leave the docs.
"""

from __future__ import annotations

import importlib
import inspect
import json
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "website"
REPOSITORY = "https://github.com/winpush/winpush"
# The modules that the reference describes, with their titles.
MODULES = {
    "winpush": "Clients, results and errors",
    "winpush.wns": "Notifications for Windows, and the protocol of WNS",
    "winpush.mpns": "Notifications for Windows Phone, and the protocol of MPNS",
    "winpush.webpush": "Messages to browsers, and the protocol of Web Push",
    "winpush.convert": "MPNS notifications as WNS notifications",
    "winpush.retries": "Done, retry or give up",
    "winpush.delivery": "The outbox and its workers",
    "winpush.emulator": "The local push service",
}
_LANDING = "---\nhide: [navigation, toc, path]\n---\n"
_LIST = "## All pages\n"
_ITEM = re.compile(r"\[([^\]]+)\]\(([^)#]+\.md)\)")
_LINK = re.compile(r"(\]\()(\.\./[^)#\s]+)((?:#[^)]*)?\))")
_INDENT = re.compile(r"^( +)(?=\S)", re.MULTILINE)
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
Nav = list[dict[str, "str | Nav"]]


def main(arguments: list[str]) -> int:
    """Builds the site, with strict checks; returns the exit code."""
    target = Path(arguments[0] if arguments else ROOT / ".site").resolve()
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        prepare(stage)
        command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
        code = subprocess.run(command, cwd=stage, check=False).returncode
        if code == 0:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(stage / "site", target)
    return code


def prepare(stage: Path) -> None:
    """Puts everything that the site is built from into a folder."""
    shutil.copytree(ROOT / "docs", stage / "docs", ignore=shutil.ignore_patterns("*.json"))
    shutil.copytree(HERE / "theme", stage / "theme")
    shutil.copy(HERE / "website.css", stage / "docs")
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    settings = (HERE / "zensical.toml").read_text(encoding="utf-8")
    nav = f"[project]\nnav = {in_toml(navigation(index))}\n"
    (stage / "zensical.toml").write_text(settings.replace("[project]\n", nav, 1), encoding="utf-8")
    for page in (stage / "docs").rglob("*.md"):
        path = page.relative_to(stage / "docs").as_posix()
        text = for_the_site(page.read_text(encoding="utf-8"), path)
        page.write_text(_LANDING + text if path == "index.md" else text, encoding="utf-8")
    for module, about in MODULES.items():
        page = stage / "docs" / page_of(module)
        page.parent.mkdir(exist_ok=True)
        page.write_text(reference(importlib.import_module(module), about), encoding="utf-8")


def navigation(index: str) -> Nav:
    """The navigation, from the list of pages in docs/index.md: one list serves both."""
    nav: Nav = [{"Home": "index.md"}]
    for section in re.split(r"^### ", index.partition(_LIST)[2], flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        first, *groups = re.split(r"^(\S.*):\n", body, flags=re.MULTILINE)
        pages = links(first)
        if title == "Reference":
            pages.insert(1, {"Python API, name by name": [{module: page_of(module)} for module in MODULES]})
        for group, listed in zip(groups[::2], groups[1::2], strict=True):
            pages.append({group.partition(",")[0]: links(listed)})
        nav.append({title: pages})
    return nav


def links(text: str) -> Nav:
    """The pages that a list links to."""
    return [{title[0].upper() + title[1:]: path} for title, path in _ITEM.findall(text)]


def in_toml(nav: str | Nav) -> str:
    """The navigation as a TOML value."""
    if isinstance(nav, str):
        return json.dumps(nav)
    entries = (f"{{ {json.dumps(title)} = {in_toml(to)} }}" for each in nav for title, to in each.items())
    return f"[{', '.join(entries)}]"


def for_the_site(text: str, path: str) -> str:
    """A page as the site needs it: links out of the docs lead to the repository."""

    def lead(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(path), link[2]))
        if target.startswith("docs/"):
            return link[0]
        return f"{link[1]}{REPOSITORY}/{'tree' if (ROOT / target).is_dir() else 'blob'}/main/{target}{link[3]}"

    # The generator reads original Markdown, in which a list item's content is indented by four spaces.
    parts = _FENCE.split(_LINK.sub(lead, text))
    return "".join(part if part.startswith("```") else _INDENT.sub(r"\1\1", part) for part in parts)


def page_of(module: str) -> str:
    """The path of a module's reference page."""
    return f"reference/python/{module.replace('.', '-')}.md"


def reference(module: ModuleType, about: str) -> str:
    """The page of a module, in Markdown: each public name with its docstring."""
    names = (name for name in module.__all__ if not name.startswith("_"))
    described = [name for name in names if not inspect.ismodule(getattr(module, name))]
    parts = [f"# {module.__name__}\n\n{about}. At a glance: [Python API](../api.md).\n"]
    return "\n".join(parts + [f"::: {module.__name__}.{name}\n" for name in described])


def public_names() -> Iterator[str]:
    """Every name that the reference describes."""
    for module in MODULES:
        yield from re.findall(r"^::: (.+)$", reference(importlib.import_module(module), ""), re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
