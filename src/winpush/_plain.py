"""`WINPUSH_PURE=1`: loads the plain modules of an installation whose send path is compiled.

A module's compiled library is next to its Python source, and Python prefers the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType

__all__ = ["PlainFinder"]


class PlainFinder:
    """Finds winpush's own modules only as Python sources. It goes to the front of `sys.meta_path`."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of a winpush module that has a source; None leaves the name to the other finders."""
        if not name.startswith("winpush."):
            return None
        for folder in path or ():
            spec = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(name)
            if spec is not None and spec.loader is not None:
                return spec
        return None
