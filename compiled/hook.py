"""Optional compilation of the send path to C: `WINPUSH_COMPILE=1 pip install …`. Otherwise winpush is plain Python.

Cython compiles the unchanged modules of `src/`; the `.pxd` files in this folder declare types of classes and calls.
Where C needs a different implementation, a `.pyx` replaces the whole module and must pass the same tests.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SWITCH = "WINPUSH_COMPILE"
# Compiled modules use each other's classes at the C level, so a single Cython must compile all of them.
_REQUIREMENTS = ["cython>=3.1", "setuptools>=75"]
_DIRECTIVES = ("annotation_typing=False", "nonecheck=True")


class CompiledHook(BuildHookInterface[Any]):
    """hatchling build hook that adds the compiled modules to the wheel, next to the Python ones they override."""

    def dependencies(self) -> list[str]:
        """The packages to install in the build environment."""
        return _REQUIREMENTS if _is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles if enabled. An editable install stays plain Python, since its source may change."""
        if not _is_wanted() or version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self.root)
        into = Path(self._folder.name)
        for library in compile_modules(root / "compiled", root / "src", into):
            build_data["force_include"][str(library)] = library.relative_to(into).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's signature
        """Deletes the temporary folder."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _is_wanted() -> bool:
    return os.environ.get(_SWITCH, "0") not in ("", "0")


def compile_modules(types: Path, source: Path, into: Path) -> list[Path]:
    """Compiles each module that has a `.pxd`; returns the libraries, under `into`. Needs a C compiler."""
    shutil.copytree(types, into, ignore=shutil.ignore_patterns("*.py", "__pycache__"), dirs_exist_ok=True)
    modules = [_module(path, into, source) for path in into.rglob("*.pxd") if path.stem != "__init__"]
    options = [word for directive in _DIRECTIVES for word in ("-X", directive)]
    command = [sys.executable, "-m", "Cython.Build.Cythonize", "-3", "-i", "-q", "-j", str(os.cpu_count() or 1)]
    done = subprocess.run([*command, *options, *sorted(map(str, modules))], cwd=into, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"Compiling winpush failed. Install a C compiler and Python's headers, or unset {_SWITCH} to use plain "
            f"Python.\n{done.stdout}{done.stderr}"
        )
    suffix = ".pyd" if sys.platform == "win32" else ".so"
    return sorted((into / "winpush").rglob(f"*{suffix}"))


def _module(types: Path, into: Path, source: Path) -> Path:
    """The source of a `.pxd`'s module, relative to `into`: the `.pyx` next to it, or else the Python module."""
    if types.with_suffix(".pyx").exists():
        return types.with_suffix(".pyx").relative_to(into)
    module = types.with_suffix(".py").relative_to(into)
    (into / module).write_text(without_slots((source / module).read_text()))
    return module


def without_slots(source: str) -> str:
    """The source without `slots=True`: Cython rejects it, and compiled classes have no `__dict__` anyway."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "dataclass":
            continue
        for keyword in node.keywords:
            if keyword.arg == "slots" and keyword.end_col_offset is not None:
                line = lines[keyword.lineno - 1].encode()
                before, after = line[: keyword.col_offset].decode(), line[keyword.end_col_offset :].decode()
                lines[keyword.lineno - 1] = before.rstrip().removesuffix(",") + after
    return "".join(lines)
