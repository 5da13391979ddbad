"""Installs and builds what the benchmark needs, and notes what is missing and why."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness import commands
from harness.build import compile_c, digest
from harness.contenders import Contender, Runner
from harness.places import CACHE, PROJECT

# Debian's packages, by the command (or header) that each brings.
_DEBIAN = {"gcc": "gcc", "wrk": "wrk", "openssl": "openssl", "node": "nodejs", "npm": "npm", "go": "golang-go"}
_PYTHON_PEERS = ("aiohttp", "httpx", "httpx2", "pyqwest", "pyreqwest", "requests", "python-mpns")
# Packages whose module has another name.
_MODULES = {"python-mpns": "mpns"}
# undici's newest versions need a newer Node than Debian's.
_UNDICI = ((22, 19), "undici", "undici@7")
_STAMP = "installed.json"
_COMPILED = "winpush, compiled"


@dataclass(slots=True)
class Workshop:
    """What is available: the interpreter for the Python peers, the one with the compiled winpush, the folder of Node's
    peers, the stub, the C sender with winpush's request, Go's peer, and what is missing."""

    python: Path
    compiled: Path = CACHE / "venv-compiled" / "bin" / "python"
    node_modules: Path = CACHE / "npm"
    stub: Path | None = None
    speaks_tls: bool = False
    sender: Path | None = None
    request: bytes = b""
    go_peer: Path | None = None
    failed: dict[str, str] = field(default_factory=dict)
    """Package -> why it could not be installed."""

    def reason_against(self, contender: Contender) -> str | None:
        """Why a contender can't run here; None if it can."""
        if contender.runner is Runner.COMPILED and _COMPILED in self.failed:
            return self.failed[_COMPILED]
        for need in contender.needs:
            if not self._has(contender.runner, need):
                return self.failed.get(need, f"{need} is not installed")
        return None

    def _has(self, runner: Runner, need: str) -> bool:
        if runner is Runner.WRK:
            return shutil.which(need) is not None
        if runner is Runner.C:
            return self.sender is not None and self.request != b""
        if runner is Runner.GO:
            return self.go_peer is not None
        if runner is Runner.NODE:
            package = self.node_modules / "node_modules" / need / "package.json"
            return shutil.which("node") is not None and package.exists()
        python = self.compiled if runner is Runner.COMPILED else self.python
        probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({_MODULES.get(need, need)!r}) is None)"
        return commands.run([python, "-c", probe], "probe") is not None


def set_up(*, install: bool) -> Workshop:
    """The workshop. With `install`, what is missing is installed first; without, it has what is already here."""
    CACHE.mkdir(exist_ok=True)
    workshop = Workshop(python=Path(sys.executable))
    if not install:
        workshop.failed[_COMPILED] = "a run that installs nothing doesn't compile the send path"
    else:
        _install_debian(workshop)
        _install_python(workshop)
        _install_compiled(workshop)
        _install_node(workshop)
    workshop.stub, workshop.speaks_tls = compile_c("stub", ("stub.c", "header_line.h", "stub_wire.h"))
    return workshop


def say(text: str) -> None:
    """Prints progress on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


# --- installing -----------------------------------------------------------------------------------------------------


def _install_debian(workshop: Workshop) -> None:
    """Installs the missing commands, if Debian's package manager is available and we are root."""
    missing = [package for command, package in _DEBIAN.items() if shutil.which(command) is None]
    if not Path("/usr/include/openssl/ssl.h").exists():
        missing.append("libssl-dev")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append("python3-dev")
    if not missing:
        return
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        for package in missing:
            workshop.failed[package] = f"{package} is not installed; the benchmark installs it only as root on Debian"
        return
    say(f"Installing {', '.join(missing)} …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands.run(["apt-get", "-qq", "update"], "apt-update", environment=environment)
    for package in missing:
        command = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", package]
        if commands.run(command, f"apt-{package}", environment=environment) is None:
            workshop.failed[package] = f"Debian's package {package} could not be installed"


def _install_python(workshop: Workshop) -> None:
    """A virtual environment with winpush from this checkout and the Python peers."""
    folder = CACHE / "venv"
    workshop.python = folder / "bin" / "python"
    made_for = digest((PROJECT / "pyproject.toml").read_text(), sys.version)
    if _installed(folder, made_for) is None:
        say("Creating the environment for the Python peers (once) …")
        venv.create(folder, with_pip=True, clear=True)
    install: list[str | Path] = [workshop.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wanted: dict[str, commands.Command] = {"winpush": [*install, "--editable", f"{PROJECT}[uvloop]"]}
    wanted.update({peer: [*install, peer] for peer in _PYTHON_PEERS})
    _install_each(workshop, folder, made_for, "pip", wanted)


def _install_compiled(workshop: Workshop) -> None:
    """Another environment, with winpush as pip installs it from this checkout: compiled, if that is possible."""
    folder = CACHE / "venv-compiled"
    sources = sorted(path for part in ("src", "compiled") for path in (PROJECT / part).rglob("*.p*") if path.is_file())
    texts = [source.read_text() for source in sources if source.suffix in (".py", ".pyx", ".pxd")]
    made_for = digest(sys.version, str(shutil.which("gcc")), *texts)
    if _installed(folder, made_for) is None:
        venv.create(folder, with_pip=True, clear=True)
    install: list[str | Path] = [workshop.compiled, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command = ["env", "--unset=WINPUSH_COMPILE", *install, f"{PROJECT}[uvloop]"]
    _install_each(workshop, folder, made_for, "pip", {_COMPILED: command})
    probe = "import sys, winpush; sys.exit(not winpush.compiled)"
    if _COMPILED not in workshop.failed and commands.run([workshop.compiled, "-c", probe], "probe") is None:
        workshop.failed[_COMPILED] = "pip built winpush as plain Python here: there is no C compiler, or no Cython"


def _install_node(workshop: Workshop) -> None:
    """Installs Node's two libraries."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return
    version = (commands.run(["node", "--version"], "node") or "v0.0").strip().lstrip("v")
    least, newest, older = _UNDICI
    undici = newest if tuple(int(part) for part in version.split(".")[:2]) >= least else older
    folder = workshop.node_modules
    folder.mkdir(exist_ok=True)
    install: list[str | Path] = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts"]
    _install_each(workshop, folder, digest(version), "npm", {"mpns": [*install, "mpns"], "undici": [*install, undici]})


def _install_each(
    workshop: Workshop, folder: Path, made_for: str, tool: str, wanted: Mapping[str, commands.Command]
) -> None:
    """Installs what is missing, one by one, so that one failure doesn't cost the others."""
    installed = _installed(folder, made_for) or []
    for name, command in wanted.items():
        if name in installed:
            continue
        say(f"Installing {name} …")
        if commands.run(command, f"{tool}-{name}") is None:
            workshop.failed[name] = f"{tool} could not install {name}"
        else:
            installed.append(name)
        (folder / _STAMP).write_text(json.dumps({"digest": made_for, "installed": installed}))


def _installed(folder: Path, made_for: str) -> list[str] | None:
    """What an earlier run installed into a folder; None if there was none, or it was for other versions."""
    try:
        stamp = json.loads((folder / _STAMP).read_text())
    except (OSError, ValueError):
        return None
    return list(stamp["installed"]) if stamp["digest"] == made_for else None
