"""A release built from this checkout, and environments that have nothing but what is installed into them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

import make
from tests.emulator.peers.workshop import Place, run

__all__ = ["ROOT", "TAKES_LONG", "Clean", "Release", "needs_a_compiler", "pip", "release", "running"]

ROOT = make.ROOT
# For a worker that waits for another's build, on a busy machine.
TAKES_LONG = pytest.mark.timeout(3600)
needs_a_compiler = pytest.mark.skipif(
    shutil.which("gcc") is None or not (Path(sysconfig.get_path("include")) / "Python.h").exists(),
    reason="waits for gcc and Python's headers",
)
_BUILD_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Release:
    """The folder with the files of a release."""

    folder: Path

    @property
    def compiled(self) -> Path:
        """The compiled wheel for this Python."""
        (found,) = self.folder.glob("*-cp*.whl")
        return found

    @property
    def plain(self) -> Path:
        """The wheel for every other."""
        (found,) = self.folder.glob("*-py3-none-any.whl")
        return found

    @property
    def sdist(self) -> Path:
        """The source."""
        (found,) = self.folder.glob("*.tar.gz")
        return found

    def unpack_compiled(self, into: Path) -> Path:
        """The compiled wheel as it is once installed."""
        zipfile.ZipFile(self.compiled).extractall(into)
        return into


def release(test_run: str) -> Release:
    """The release of what is checked out; built once, by `make.py wheels`."""

    def build(into: Path) -> None:
        run([sys.executable, ROOT / "make.py", "wheels", into], into, _BUILD_SECONDS)

    version = str(make.version_of(sys.executable)).replace(".", "")
    place = Place(make.CACHE / f"release-{version}", make.digest_of_sources() + (ROOT / "make.py").read_text())
    return Release(place.prepare(build, test_run))


def running(where: Path, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end in a folder, without the environment variables for the tests' own winpush."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WINPUSH_", "PYTHON"))}
    kept["WINPUSH_COMPILE_CACHE"] = str(make.CACHE / "compiled")
    return subprocess.run(
        command,
        cwd=where,
        env={**kept, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def pip(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """pip, of the environment that the tests run in."""
    return running(ROOT, sys.executable, "-m", "pip", *arguments, **variables)


@dataclass(frozen=True, slots=True)
class Clean:
    """A virtual environment with nothing in it, and a folder beside it to work in."""

    folder: Path
    desk: Path

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Makes one, in this folder."""
        done = running(folder, sys.executable, "-m", "venv", "--without-pip", folder / "venv")
        assert done.returncode == 0, done.stderr
        (folder / "desk").mkdir()
        return cls(folder / "venv", folder / "desk")

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def pip(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """pip, for this environment."""
        return pip("--python", self.python, *arguments, **variables)

    def run(self, command: str, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """One of its commands, where there is no checkout."""
        return running(self.desk, self.folder / "bin" / command, *arguments, **variables)
