"""The plan of the house, held: imports point down, the floors of the protocol do no IO, and there is no cycle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import winpush

SOURCE = Path(winpush.__file__).parent

# A room is a package or a module right below `winpush`; the number is its floor.
FLOORS = {
    "_version": 0, "errors": 0, "http": 0, "channels": 0, "results": 0, "retries": 0, "_xml": 0, "citations": 0,
    "mpns": 1, "wns": 1,
    "transport": 2, "convert": 2, "protocol_pages": 2,
    "client": 3, "shortcuts": 3,
    "emulator": 4, "delivery": 4, "testing": 4,
    "cli": 5,
}  # fmt: skip
NEVER_MEET = [{"mpns", "wns"}, {"emulator", "delivery"}]
CLIENTS = {"client", "shortcuts"}
IO = {
    "asyncio", "socket", "ssl", "sqlite3", "time", "random", "logging", "select", "selectors", "http", "urllib.request",
    "httptools", "uvloop", "threading", "subprocess", "os", "tempfile",
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports when it runs: what stands under TYPE_CHECKING is for the type checker."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(name: str) -> str | None:
    """The room that an import leads to, or None for a stranger or for winpush's front door."""
    parts = name.split(".")
    return parts[1] if parts[0] == "winpush" and len(parts) > 1 and parts[1] in FLOORS else None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_downwards_only(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        return  # the front door: it shows what the floors have
    for name in imports(path):
        there = own(name)
        if there is None:
            assert not (name.split(".")[0] == "winpush" and FLOORS[here] < 4), (
                f"{name}: only floors 4 and 5 use the door"
            )
            continue
        assert there == here or FLOORS[there] <= FLOORS[here], f"{here} imports {there}, which is above it"
        assert not any({here, there} == pair for pair in NEVER_MEET), f"{here} and {there} never meet"
        assert not (here == "emulator" and there in CLIENTS), "the emulator never meets the client"


@pytest.mark.parametrize("path", [path for path in modules() if FLOORS.get(room(path), 9) <= 1], ids=lambda p: p.stem)
def test_the_protocol_does_no_io(path: Path) -> None:
    for name in imports(path):
        assert not any(name == module or name.startswith(f"{module}.") for module in IO), f"{name} in {path.name}"


def test_there_is_no_cycle_between_modules() -> None:
    graph = {module_name(path): {known(name) for name in imports(path)} - {None} for path in modules()}
    finished: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name in finished:
            return
        for target in graph.get(name, set()):
            if target is not None and target != name:
                visit(target, (*trail, name))
        finished.add(name)

    for name in graph:
        visit(name, ())


def module_name(path: Path) -> str:
    parts = ("winpush", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


def known(name: str) -> str | None:
    """The module that an imported name lives in, if it is one of ours and not merely a package's front door."""
    names = {module_name(path) for path in modules() if path.name != "__init__.py"}
    if name in names:
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in names else None


def test_xml_is_read_and_written_in_one_module() -> None:
    foreign = {path: [name for name in imports(path) if own(name) is None] for path in modules()}
    guilty = [path.name for path, names in foreign.items() if any("xml" in name.split(".") for name in names)]
    assert guilty == ["_xml.py"]


def test_no_function_is_longer_than_fifty_lines_and_no_file_than_five_hundred() -> None:
    for path in modules():
        text = path.read_text()
        assert text.count("\n") <= 500, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 50, f"{path}: {node.name}"


def test_every_public_name_has_a_docstring() -> None:
    missing = []
    for path in modules():
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree):
            missing.append(f"{path}: the module")
        for node in public_nodes(tree):
            if not ast.get_docstring(node) and not is_overload(node):
                missing.append(f"{path.name}: {node.name}")
    assert not missing


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """One of several signatures of a function; the function itself says what it does."""
    return any(isinstance(each, ast.Name) and each.id == "overload" for each in node.decorator_list)


def public_nodes(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
                        yield inner
