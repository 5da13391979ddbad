"""The architecture is kept: imports point down, the protocol does no IO, and the tests mirror the tree.

Every import counts: those under `TYPE_CHECKING`, those inside functions, those through a package's door, and modules
that are named in a string.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import winpush

SOURCE = Path(winpush.__file__).parent
TESTS = Path(__file__).parent

# A room is a package or a module right below `winpush`; the number is its floor.
FLOORS = {
    "_version": 0, "errors": 0, "http": 0, "channels": 0, "results": 0, "retries": 0, "_make": 0, "_xml": 0,
    "answers": 0, "citations": 0, "secrecy": 0, "_text": 0, "_values": 0, "_plain": 0,
    "mpns": 1, "wns": 1, "webpush": 1,
    "transport": 2, "convert": 2, "protocol_pages": 2,
    "client": 3, "shortcuts": 3,
    "emulator": 4, "delivery": 4, "testing": 4,
    "cli": 5,
}  # fmt: skip
NEVER_MEET = [{"mpns", "wns"}, {"mpns", "webpush"}, {"wns", "webpush"}, {"emulator", "delivery"}]
CLIENTS = {"client", "shortcuts"}
IO = {
    "asyncio", "socket", "ssl", "sqlite3", "time", "random", "logging", "select", "selectors", "http", "urllib.request",
    "httptools", "uvloop", "threading", "subprocess", "os", "tempfile",
}  # fmt: skip
# The one arrow that may point up: users of Node's mpns look for `mpns.send_toast` there, and it needs a client.
EXCEPTION = ("winpush.mpns", "winpush.shortcuts")


@cache
def modules() -> dict[str, Path]:
    """Every module by its name."""
    paths = sorted(SOURCE.rglob("*.py"))
    parts = {path: ("winpush", *path.relative_to(SOURCE).with_suffix("").parts) for path in paths}
    return {".".join(part for part in names if part != "__init__"): path for path, names in parts.items()}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


@cache
def imports(module: str) -> frozenset[str]:
    """The full names of everything a module imports, wherever the import is."""
    return frozenset(_imports(ast.parse(modules()[module].read_text()), module))


def _imports(tree: ast.Module, module: str) -> Iterator[str]:
    loggers = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "getLogger"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in loggers:
            # By a string: for importlib, or for another process.
            if re.fullmatch(r"winpush(\.\w+)+(:\w+)?", node.value) and node.value.split(":")[0] in modules():
                yield node.value.split(":")[0]
        elif isinstance(node, ast.JoinedStr):
            begins = node.values[0] if node.values else None
            built = isinstance(begins, ast.Constant) and str(begins.value).startswith("winpush.")
            assert not built, f"{module}: the name of a module is written whole"


def target(name: str) -> str | None:
    """The module of ours that an imported name leads to: itself, or the one (or the door) that it is a name of."""
    if name in modules():
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in modules() else None


def arrows(module: str) -> set[str]:
    """The modules of ours that a module imports, but for the one exception."""
    found = {target(name) for name in imports(module)} - {None, module}
    return {each for each in found if each is not None and (module, each) != EXCEPTION}


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_downwards_only(module: str) -> None:
    here = room(module)
    if here == "__init__":
        return  # the front door: it shows what the floors have
    for there in map(room, arrows(module)):
        if there == "__init__":
            assert FLOORS[here] >= 4, f"{module}: only floors 4 and 5 use the front door"
            continue
        assert there == here or FLOORS[there] <= FLOORS[here], f"{module} imports {there}, which is above it"
        assert not any({here, there} == pair for pair in NEVER_MEET), f"{here} and {there} never meet"
        assert not (here == "emulator" and there in CLIENTS), "the emulator never meets the client"


def test_the_exception_is_still_one() -> None:
    assert EXCEPTION[1] in {target(name) for name in imports(EXCEPTION[0])}


@pytest.mark.parametrize("module", [name for name in modules() if FLOORS.get(room(name), 9) <= 1])
def test_the_protocol_does_no_io(module: str) -> None:
    for name in imports(module):
        assert not any(name == io or name.startswith(f"{io}.") for io in IO), f"{name} in {module}"


def test_there_is_no_cycle_between_modules() -> None:
    finished: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail[trail.index(module) :], module))
        if module in finished:
            return
        for each in sorted(arrows(module)):
            visit(each, (*trail, module))
        finished.add(module)

    for module in modules():
        visit(module, ())


@pytest.mark.parametrize(
    "text",
    [
        "if TYPE_CHECKING:\n    from winpush.client import Client\n",
        "def late():\n    from winpush.client import Client\n",
        "from winpush import client\n",
        "import importlib\nimportlib.import_module('winpush.client')\n",
        "import winpush.client\n",
    ],
)
def test_every_way_to_import_is_seen(text: str) -> None:
    assert "winpush.client" in {target(name) for name in _imports(ast.parse(text), "text")}


def test_xml_is_read_and_written_in_one_module() -> None:
    foreign = {module: [name for name in imports(module) if target(name) is None] for module in modules()}
    guilty = [module for module, names in foreign.items() if any("xml" in name.split(".") for name in names)]
    assert guilty == ["winpush._xml"]


def test_no_function_is_longer_than_fifty_lines_and_no_file_than_five_hundred() -> None:
    for path in modules().values():
        text = path.read_text()
        assert text.count("\n") <= 500, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 50, f"{path}: {node.name}"


def test_every_public_name_has_a_docstring() -> None:
    missing = []
    for path in modules().values():
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


def files_of_tests() -> list[Path]:
    return sorted(TESTS.rglob("*.py"))


@pytest.mark.parametrize("path", files_of_tests(), ids=lambda path: str(path.relative_to(TESTS)))
def test_a_test_imports_from_no_test_module(path: Path) -> None:
    """What several tests need is in a fixture, or in a module that has no tests."""
    for name in _imports(ast.parse(path.read_text()), path.name):
        here, *inside = name.split(".")
        if here == "tests":
            assert not [part for part in inside[:-1] if part == "conftest" or part.startswith("test_")], name
            assert not inside[-1].startswith("test_"), name


PATCHERS = {"setattr", "setitem", "delattr", "patch", "object"}


@pytest.mark.parametrize("path", files_of_tests(), ids=lambda path: str(path.relative_to(TESTS)))
def test_a_test_patches_nothing_private(path: Path) -> None:
    """A private name isn't a seam: whatever a test has to change is a parameter."""
    patched = [
        text.value
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", None) in PATCHERS
        for text in call.args[:2]
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    ]
    assert not [name for name in patched if re.search(r"(^|\.)_[A-Za-z]", name)]


NAMES_OF_NOTHING = re.compile(r"test_(more|other|others|misc|various|trouble|new|basic|extra)(_\w+)?")


def test_a_test_file_is_named_for_what_it_tests() -> None:
    assert not [path.name for path in files_of_tests() if NAMES_OF_NOTHING.fullmatch(path.stem)]


# Other people's clients, and the benchmark: what is tested there is no part of the package.
OUTSIDE = (Path("emulator/peers"), Path("benchmarks"))


def test_the_tests_mirror_the_tree() -> None:
    folders = {path.parent.relative_to(TESTS) for path in files_of_tests()}
    folders -= {folder for folder in folders if any(folder.is_relative_to(place) for place in OUTSIDE)}
    assert not [str(folder) for folder in folders if not (SOURCE / folder).is_dir()]


def test_the_map_of_the_house_has_every_room_on_its_floor() -> None:
    text = (TESTS.parent / "CONTRIBUTING.md").read_text()
    table = text.split("| floor |")[1].split("\n\n")[0]
    rooms = {}
    floor = -1
    for row in table.splitlines()[2:]:
        number, what = (cell.strip() for cell in row.strip("|").split("|")[:2])
        floor = int(number) if number else floor
        for room in re.findall(r"`([^`]+)`", what):
            rooms[room.removesuffix("/").removesuffix(".py").partition("/")[0]] = floor
    assert rooms == {room: number for room, number in FLOORS.items() if room != "_version"}
