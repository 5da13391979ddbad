"""Compiles the send path to C where possible; everywhere else it stays plain Python.

`WINPUSH_COMPILE`, or `--config-settings compile=…`, decides: 0 for plain Python, 1 to fail if it can't be compiled.
Without it, the reason against compiling is printed in one line, and winpush stays plain Python.

Cython compiles the unchanged modules of `src/`; the `.pxd` files in this folder declare types of classes and calls.
Where C needs a different implementation, a `.pyx` replaces the whole module and must pass the same tests.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SWITCH = "WINPUSH_COMPILE"
# A folder that caches the compiled modules for the next build of the same source.
_CACHE = "WINPUSH_COMPILE_CACHE"
# Compiled modules use each other's classes at the C level, so a single Cython must compile all of them.
_REQUIREMENTS = ["cython>=3.1", "setuptools>=75"]
# freethreading_compatible: two threads that set the same field of a compiled object need the interpreter's lock, and
# Python turns it back on for a module that doesn't declare that it can do without.
_DIRECTIVES = ("annotation_typing=False", "nonecheck=True", "freethreading_compatible=False")
# Python's own flags ask for -O3 and debug symbols, which takes 1.7 times as long. With -O1 it sends slower.
_COMPILER_FLAGS = "-O2 -g0"
_LINKER_FLAGS = "-Wl,-s"
_C_CLASS = re.compile(r"^cdef class (\w+)", re.MULTILINE)


class CompiledHook(BuildHookInterface[Any]):
    """hatchling build hook that adds the compiled modules to the wheel, next to the Python ones they override."""

    def dependencies(self) -> list[str]:
        """The packages to install in the build environment."""
        wanted = _choice()
        if wanted is False or _missing() or (wanted is None and _unsuited()):
            return []
        return _REQUIREMENTS

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles, unless there is a reason against it."""
        wanted = _choice()
        if wanted is False:
            return
        against = _against_compiling(version, wanted) or self._compile(build_data, wanted)
        if against and wanted and version != "editable":
            raise SystemExit(f"winpush can't be compiled, as {_SWITCH}=1 requires: {against}.")
        if against:
            sys.stderr.write(f"winpush is built as plain Python, with a slower send path: {against}.\n")

    def _compile(self, build_data: dict[str, Any], wanted: bool | None) -> str | None:
        """Adds the compiled modules to the wheel; returns what went wrong."""
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self.root)
        into = Path(self._folder.name)
        try:
            libraries = compile_modules(root / "compiled", root / "src", into)
        except CompileError as error:
            return str(error) if wanted else f"compiling failed ({_SWITCH}=1 shows why)"
        for library in libraries:
            build_data["force_include"][str(library)] = library.relative_to(into).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        return None

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's signature
        """Deletes the temporary folder."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


class CompileError(Exception):
    """Cython or the C compiler failed."""


def _choice() -> bool | None:
    """Whether the user wants to compile; None if the user doesn't say."""
    said = os.environ.get(_SWITCH, "")
    if said not in ("", "0", "1"):
        raise SystemExit(f"{_SWITCH} (or --config-settings compile=…) is {said!r}; it must be 0 or 1.")
    return said == "1" if said else None


def _against_compiling(version: str, wanted: bool | None) -> str | None:
    if version == "editable":
        return "in an editable install the source may change"
    if not wanted and (unsuited := _unsuited()):
        return unsuited
    if missing := _missing():
        return missing
    if importlib.util.find_spec("Cython") is None or importlib.util.find_spec("setuptools") is None:
        return "Cython and setuptools are not in the build environment"
    return None


def _unsuited() -> str | None:
    """Why this Python is better off with the plain modules, even if they can be compiled."""
    if sys.platform != "linux":
        return "its compiled modules are for Linux"
    if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
        return "its compiled modules are for CPython 3.11 or later"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "its compiled modules would turn the interpreter lock of this free-threaded Python back on"
    return None


def _missing() -> str | None:
    """What this machine lacks for compiling."""
    if sys.platform == "win32":  # setuptools finds Microsoft's compiler, which is not on the path
        return None
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler})"
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return "Python's headers are missing (on Debian: python3-dev)"
    return None


def compile_modules(types: Path, source: Path, into: Path) -> list[Path]:
    """Compiles each module that has a `.pxd`; returns the libraries, under `into`. Raises CompileError."""
    shutil.copytree(types, into, ignore=shutil.ignore_patterns("*.py", "__pycache__"), dirs_exist_ok=True)
    modules = sorted(_module(path, into, source) for path in into.rglob("*.pxd") if path.stem != "__init__")
    cache = os.environ.get(_CACHE)
    kept = Path(cache, _fingerprint(into)) if cache else None
    if kept is None or not kept.exists():
        _cythonize(modules, into)
    libraries = [path.relative_to(into) for path in (into / "winpush").rglob("*") if path.suffix in (".so", ".pyd")]
    if kept is not None:
        libraries = _keep(libraries, into, kept)
    return sorted(into / library for library in libraries)


def _cythonize(modules: list[Path], folder: Path) -> None:
    options = [word for directive in _DIRECTIVES for word in ("-X", directive)]
    command = [sys.executable, "-m", "Cython.Build.Cythonize", "-3", "-i", "-q", "-j", str(os.cpu_count() or 1)]
    variables = dict(os.environ)
    if sys.platform == "linux":
        variables["CFLAGS"] = f"{_COMPILER_FLAGS} {variables.get('CFLAGS', '')}"
        variables["LDFLAGS"] = f"{_LINKER_FLAGS} {variables.get('LDFLAGS', '')}"
    done = subprocess.run(
        [*command, *options, *map(str, modules)], cwd=folder, env=variables, capture_output=True, text=True
    )
    if done.returncode:
        raise CompileError(f"compiling failed\n{done.stdout}{done.stderr}".rstrip().removesuffix("."))


def _fingerprint(folder: Path) -> str:
    """A name for the modules compiled from this folder, by this Cython, for this Python."""
    import Cython  # only where it is installed

    said = [Cython.__version__, sys.version, *_DIRECTIVES, _COMPILER_FLAGS, _LINKER_FLAGS]
    said += [os.environ.get(name, "") for name in ("CC", "CFLAGS", "LDFLAGS")]
    digest = hashlib.sha256("\0".join(said).encode())
    for path in sorted(path for path in folder.rglob("*.p*") if path.is_file()):
        digest.update(f"\0{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _keep(libraries: list[Path], folder: Path, kept: Path) -> list[Path]:
    """Puts the libraries into the cache, or fetches them from there."""
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as parts:
            for library in libraries:
                (Path(parts, "new") / library).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / library, Path(parts, "new") / library)
            Path(parts, "new").rename(kept)
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    return [path.relative_to(kept) for path in kept.rglob("*") if path.is_file()]


def _module(types: Path, into: Path, source: Path) -> Path:
    """The source of a `.pxd`'s module, relative to `into`: the `.pyx` next to it, or else the Python module."""
    if types.with_suffix(".pyx").exists():
        return types.with_suffix(".pyx").relative_to(into)
    module = types.with_suffix(".py").relative_to(into)
    classes = frozenset(_C_CLASS.findall(types.read_text()))
    (into / module).write_text(without_slots((source / module).read_text(), classes))
    return module


def without_slots(source: str, classes: frozenset[str]) -> str:
    """The source without the `slots=True` of these classes, which become C structures: Cython rejects it there, and
    they have no `__dict__` anyway."""
    lines = source.splitlines(keepends=True)
    calls = [
        decorator
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and node.name in classes
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "dataclass"
    ]
    for call in calls:
        for keyword in call.keywords:
            if keyword.arg == "slots" and keyword.end_col_offset is not None:
                line = lines[keyword.lineno - 1].encode()
                before, after = line[: keyword.col_offset].decode(), line[keyword.end_col_offset :].decode()
                lines[keyword.lineno - 1] = before.rstrip().removesuffix(",") + after
    return "".join(lines)
