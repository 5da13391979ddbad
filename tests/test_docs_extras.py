"""The extras that a page tells to install are enough for what the page shows, by the package's own metadata."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import winpush
from tests.pages import INLINE, PAGES, PYTHON, ROOT, SHELL, commands_of, name, prose

NAMED = re.compile(r"winpush\[([a-z,]+)\]")
_OUTBOX = {"channels", "broadcast", "broadcasts", "history", "worker", "db", "demo"}
# What the code of a page uses, and the extra that brings it.
CODE = (
    (re.compile(r"\bwinpush\.emulator\b|\bwinpush_(?:emulator|client)\b"), "emulator"),
    (re.compile(r"\bwinpush\.delivery\b"), "delivery"),
    (re.compile(r"\bTelemetry\("), "otel"),
    (re.compile(r"\bfrom_pfx\("), "pfx"),
    (re.compile(r"\bVapidKeys\b"), "webpush"),
)


_EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@cache
def brought_by(extra: str) -> frozenset[str]:
    """The distributions that an extra names, those of other extras that it names included."""
    assert extra in _EXTRAS, f"there is no extra {extra!r}"
    found: set[str] = set()
    for line in _EXTRAS[extra]:
        others = NAMED.match(line)
        if others is not None:
            found |= {each for other in others[1].split(",") for each in brought_by(other)}
        else:
            found.add(re.split(r"[^\w.-]", line)[0].lower())
    return frozenset(found)


@cache
def with_dependencies(distribution: str) -> frozenset[str]:
    """A distribution and all that it brings along, as far as they are installed."""
    try:
        lines = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return frozenset()
    below = [re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in lines if "extra ==" not in line]
    return frozenset({distribution}).union(*map(with_dependencies, below))


def homes_of(module: str) -> set[str]:
    """The distributions that have a module."""
    homes = importlib.metadata.packages_distributions().get(module, [module])
    return {home.lower().replace("_", "-") for home in homes}


def extras_of_command(words: list[str]) -> Iterator[str]:
    yield "cli"
    if words[:1] and words[0] in _OUTBOX:
        yield "delivery"
    if words[:1] and words[0] in ("emulator", "demo"):
        yield "emulator"
    if words[:1] == ["webpush"]:
        yield "webpush"
    if "--metrics-port" in words:
        yield "prometheus"
    if any(word.startswith("postgresql://") for word in words):
        yield "postgres"


def needed(page: Path, text: str) -> set[str]:
    """The extras without which the page's code or commands end in an error."""
    code = "\n".join(PYTHON.findall(text))
    found = {extra for pattern, extra in CODE if pattern.search(code)}
    typed = SHELL.findall(text)
    if page.parent.name in ("how-to", "tutorial"):
        typed += INLINE.findall(prose(text))
    for shown in typed:
        found |= {extra for words in commands_of(shown) for extra in extras_of_command(words)}
        if "WINPUSH_DB='postgresql:" in shown:
            found.add("postgres")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_extras_that_a_page_names_are_enough_for_it(page: Path) -> None:
    text = page.read_text()
    named = {extra for extras in NAMED.findall(text) for extra in extras.split(",")}
    brought = {each for extra in named for each in brought_by(extra)}
    assert not {extra for extra in needed(page, text) if not brought_by(extra) <= brought}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_an_extra_is_quoted_as_every_shell_takes_it(page: Path) -> None:
    """In double quotes: cmd.exe hands pip the single ones."""
    unquoted = re.findall(r"(?<!\")(?:winpush|\.)\[[a-z,]+\](?!\")", "\n".join(installs(page.read_text())))
    assert not unquoted


def installs(text: str) -> list[str]:
    """What a page tells to install by pip, up to the end of the line or of the code in the text."""
    return re.findall(r"pip install\s([^`\n]+)", text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_else_a_pages_code_imports_is_named_on_it(page: Path) -> None:
    text = page.read_text()
    words = {word.lower() for word in re.findall(r"[\w-]+", prose(text))}
    brought = {each for extras in NAMED.findall(text) for extra in extras.split(",") for each in brought_by(extra)}
    modules = imports("\n".join(PYTHON.findall(text)))
    there = set().union(*map(with_dependencies, brought | words)) if modules else set()
    assert not {module for module in modules if not homes_of(module) & there}


def imports(code: str) -> set[str]:
    """The packages that code imports, without Python's own and winpush."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"winpush", "__future__"}


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("emulator", {"emulator"}),
        ("delivery", {"delivery", "postgres", "otel"}),
        ("cli", {"cli", "emulator", "delivery", "prometheus"}),
    ],
)
def test_an_extra_brings_what_its_package_imports(package: str, extras: set[str]) -> None:
    """Thus the table above is enough: what needs a package needs that package's extra, and no more."""
    named = {each for extra in extras for each in brought_by(extra)} | {"httptools"}
    there = set().union(*map(with_dependencies, named))
    folder = Path(winpush.__file__).parent / package
    used = {module for path in folder.rglob("*.py") for module in imports(path.read_text())}
    assert not {module for module in used if not homes_of(module) & there}


def test_all_brings_what_every_other_extra_brings() -> None:
    assert set().union(*map(brought_by, _EXTRAS)) == brought_by("all")
