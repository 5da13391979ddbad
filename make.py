"""The project's commands. They need nothing but Python 3.11 or later.

    python3 make.py demo [OPTIONS]    run the demo (options of `winpush demo`)
    python3 make.py test [OPTIONS]    check style and types, and run all tests (options of pytest)
    python3 make.py coverage          run all tests and report branches that none of them covers
    python3 make.py docs              build the site of the docs in .site, and check its links

The first run creates a virtual environment in `.venv` and installs the packages.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BINARIES = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BINARIES / ("python.exe" if os.name == "nt" else "python")
GROUPS = {"demo": (), "test": ("dev", "docs"), "docs": ("docs",)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main(arguments: list[str]) -> int:
    """Runs one of the commands; returns its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python may run this file
        return complain("winpush needs Python 3.11 or later; this is " + sys.version.split()[0])
    if not arguments or arguments[0] not in ("demo", "test", "coverage", "docs"):
        return complain((__doc__ or "").strip())
    command, options = arguments[0], arguments[1:]
    prepare(command if command in GROUPS else "test")
    if command == "demo":
        return run([PYTHON, "-m", "winpush.cli", "demo", *options])
    if command == "docs":
        return docs()
    install_debian("Chromium for the page's tests", "chromium", BROWSERS)
    install_debian("PostgreSQL for the outbox's tests", "postgresql", ("initdb", "/usr/lib/postgresql/*/bin/initdb"))
    install_debian("Node.js for the tests with other people's clients", "npm", ("npm",))
    install_debian("pgbouncer for the outbox's tests", "pgbouncer", ("pgbouncer", "/usr/sbin/pgbouncer"))
    return test(options) if command == "test" else coverage(options)


def complain(text: str) -> int:
    """Prints an error; returns the exit code of a usage error."""
    print(text, file=sys.stderr)
    return 2


def run(command: list[str | Path]) -> int:
    """Runs a command in the project's folder; returns its exit code."""
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


def prepare(purpose: str) -> None:
    """Creates the environment, unless it is already set up for this purpose and this pyproject.toml."""
    project = (ROOT / "pyproject.toml").read_bytes()
    stamp = ENVIRONMENT / f".ready-for-{purpose}"
    wanted = hashlib.sha256(project).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    print("Setting up .venv (once) …", file=sys.stderr, flush=True)
    if not PYTHON.exists():
        try:
            venv.create(ENVIRONMENT, with_pip=True)
        except subprocess.CalledProcessError:  # on Debian, venv needs a separate package
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            sys.exit(
                complain("This Python can't create virtual environments. On Debian, run: apt-get install python3-venv")
            )
    groups = tomllib.loads(project.decode())["dependency-groups"]
    packages = ["-e", ".[all]", *(package for name in GROUPS[purpose] for package in groups[name])]
    code = run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
    if code:
        sys.exit(complain("Installing the packages failed; see pip's output above."))
    stamp.write_text(wanted)


def install_debian(what: str, package: str, programs: Sequence[str]) -> None:
    """Installs a Debian package that tests need, if it is missing and we are root.

    If that fails, the tests that need it are skipped and say why.
    """
    if any(shutil.which(name) or glob.glob(name) for name in programs) or not shutil.which("apt-get"):
        return
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        return
    print(f"Installing Debian's {what} …", file=sys.stderr, flush=True)
    quiet: dict[str, str] = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        subprocess.run(["apt-get", "-qq", *step], env=quiet, stdout=subprocess.DEVNULL, check=False)


def test(options: list[str]) -> int:
    """Runs all checks and, on all cores, all tests, even if one fails, so that one run shows every problem."""
    checks: list[list[str | Path]] = [
        [PYTHON, "-m", "ruff", "check", "."],
        [PYTHON, "-m", "ruff", "format", "--check", "."],
        [PYTHON, "-m", "mypy"],
    ]
    failed = [check for check in checks if run(check)]
    code = run([PYTHON, "-m", "pytest", "-n", "auto", "--dist", "worksteal", *options])
    for check in failed:
        complain("failed: " + " ".join(str(part) for part in check[1:]))
    return code or bool(failed)


def coverage(options: list[str]) -> int:
    """Reports branch coverage. Runs pytest under coverage in one process: our pytest plugin imports winpush before a
    coverage plugin could start."""
    code = run([PYTHON, "-m", "coverage", "run", "-m", "pytest", *options])
    run([PYTHON, "-m", "coverage", "report"])
    return code


def docs() -> int:
    """Builds the site, with warnings as errors, and checks its links."""
    return run([PYTHON, "website/build.py"]) or run([PYTHON, "website/check.py"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
