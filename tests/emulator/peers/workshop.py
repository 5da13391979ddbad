"""The peers' own places: a virtual environment and a folder of npm's, made once and kept in `.cache`.

A place is made again when what is pinned, or what it is made with, changes. Where a tool is missing there is no place,
and the tests that need it say so.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PACKAGE", "REQUIREMENTS", "InstallFailed", "Place", "ToolMissing", "node_modules", "python", "run"]

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(__file__).resolve().parent
REQUIREMENTS = FOLDER / "requirements.txt"
PACKAGE = FOLDER / "package.json"
CACHE = ROOT / ".cache" / "peers"

# Together below a test's own timeout, for a worker that waits for another's install.
_VENV_SECONDS, _PIP_SECONDS, _NPM_SECONDS = 60.0, 180.0, 240.0
_SHOWN_CHARACTERS = 4000


class ToolMissing(Exception):
    """There is no such place on this machine, and what it waits for."""


class InstallFailed(Exception):
    """An installer failed; with its last words."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is installed into once, by whoever asks first. `wanted` identifies all that must be in it."""

    folder: Path
    wanted: str

    def prepare(self, install: Callable[[Path], None], test_run: str) -> Path:
        """Returns the folder, installed. Several processes may ask at once: one installs, the others wait.

        In one test run a failure is final: raises InstallFailed for everybody, with the same words.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self._read()
            if state.get("installed") == self.wanted and self.folder.exists():
                return self.folder
            if state.get("failed_in") == test_run:
                raise InstallFailed(state["words"])
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            try:
                install(self.folder)
            except InstallFailed as failure:
                self._write({"failed_in": test_run, "words": str(failure)})
                raise
            self._write({"installed": self.wanted})
            return self.folder

    @property
    def _state(self) -> Path:
        return self.folder.with_suffix(".json")

    def _read(self) -> dict[str, str]:
        try:
            state: dict[str, str] = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return {}
        return state

    def _write(self, state: dict[str, str]) -> None:
        self._state.write_text(json.dumps(state))


def run(command: list[str | Path], folder: Path, seconds: float) -> None:
    """Runs an installer in this folder, and ends it with all its children if it takes too long."""
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            end = f"ended with code {process.wait(seconds)}"
        except subprocess.TimeoutExpired:
            end = f"took more than {seconds:g} seconds"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if process.returncode:
        words = log.read_text(errors="replace")[-_SHOWN_CHARACTERS:].strip()
        raise InstallFailed(f"`{' '.join(str(part) for part in command)}` {end}:\n{words}")


def python(test_run: str) -> Path:
    """The interpreter of an environment with the Python peers. Raises InstallFailed."""

    def install(folder: Path) -> None:
        run([sys.executable, "-m", "venv", "."], folder, _VENV_SECONDS)
        pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
        pip.append("--disable-pip-version-check")
        run([*pip, "--requirement", REQUIREMENTS], folder, _PIP_SECONDS)

    wanted = _digest(REQUIREMENTS.read_text(), sys.version, sys.base_prefix)
    return Place(CACHE / "python", wanted).prepare(install, test_run) / "bin" / "python"


def node_modules(test_run: str) -> Path:
    """The folder that Node.js finds its peers in. Raises ToolMissing, InstallFailed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise ToolMissing("waits for Node.js and npm (Debian: apt-get install npm)")

    def install(folder: Path) -> None:
        shutil.copy(PACKAGE, folder)
        command: list[str | Path] = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"]
        run([*command, "--ignore-scripts"], folder, _NPM_SECONDS)

    return Place(CACHE / "npm", _digest(PACKAGE.read_text())).prepare(install, test_run) / "node_modules"


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
