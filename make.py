"""The project's commands. They need nothing but Python 3.11 or later.

    python3 make.py demo [OPTIONS]      run the demo (options of `winpush demo`)
    python3 make.py test [OPTIONS]      check style and types, and run all tests (options of pytest)
    python3 make.py coverage            run all tests and report branches that none of them covers
    python3 make.py docs                build the docs site in .site, and check its links
    python3 make.py wheels [FOLDER]     build the compiled wheel, the plain one and the sdist (into dist/)

Add `--python PYTHON` to use an interpreter other than the one that runs this.

The first run creates a virtual environment and installs the packages. The demo and the tests use winpush as pip
installs it from here: compiled, if there is a C compiler. `WINPUSH_PURE=1` uses its plain modules.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python, which has no tomllib, may run this file
    sys.exit("winpush needs Python 3.11 or later; this is " + sys.version.split()[0])

import glob
import hashlib
import os
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CACHE = ROOT / ".cache"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# What an environment has for each purpose besides winpush: groups of pyproject.toml.
GROUPS = {"demo": (), "test": ("dev", "docs"), "docs": ("docs",), "wheels": ("wheels",)}


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment of ours, and the interpreter that creates it."""

    folder: Path
    made_with: str
    version: str
    """The interpreter's version, such as `3.13`, or `3.13t` if it is free-threaded."""

    @property
    def binaries(self) -> Path:
        """Where its commands are."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """Its own interpreter."""
        return self.binaries / ("python.exe" if os.name == "nt" else "python")


def main(arguments: list[str]) -> int:
    """Runs one of the commands; returns its exit code."""
    interpreter, arguments = _python_option(arguments)
    commands = {"demo": demo, "test": test, "coverage": coverage, "docs": docs, "wheels": wheels}
    if not arguments or arguments[0] not in commands:
        return complain((__doc__ or "").strip())
    version = version_of(interpreter or sys.executable)
    if version is None:
        return complain(f"{interpreter} does not run as Python. Give --python a command or a path.")
    if tuple(map(int, version.rstrip("t").split("."))) < (3, 11):
        return complain(f"winpush needs Python 3.11 or later; {interpreter} is {version}")
    folder = ROOT / (f".venv-{version}" if interpreter else ".venv")
    return commands[arguments[0]](Environment(folder, interpreter or sys.executable, version), arguments[1:])


def _python_option(arguments: list[str]) -> tuple[str | None, list[str]]:
    """The value of `--python`, and the other arguments. The option may come before or after the command."""
    for index, argument in enumerate(arguments):
        if argument == "--python" and index + 1 < len(arguments):
            return arguments[index + 1], arguments[:index] + arguments[index + 2 :]
        if argument.startswith("--python="):
            return argument.partition("=")[2], arguments[:index] + arguments[index + 1 :]
    return None, arguments


def version_of(interpreter: str) -> str | None:
    """The version of a Python, such as `3.13`; None if it doesn't run."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2] + ('t' if 't' in getattr(sys, 'abiflags', '') else ''))"
    try:
        return subprocess.run([interpreter, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def demo(environment: Environment, options: list[str]) -> int:
    """Runs `winpush demo`."""
    prepare(environment, "demo")
    return run([environment.python, "-m", "winpush.cli", "demo", *options], PYTHONPATH=built(environment))


def test(environment: Environment, options: list[str]) -> int:
    """Runs all checks and, on all cores, all tests, even if one fails, so that one run shows every problem."""
    prepare_tests(environment)
    checks: list[list[str | Path]] = [
        [environment.python, "-m", "ruff", "check", "."],
        [environment.python, "-m", "ruff", "format", "--check", "."],
        [environment.python, "-m", "mypy"],
    ]
    failed = [check for check in checks if run(check)]
    # Some tests wait for a clock or for a process to start, so one more process than cores keeps all cores busy.
    at_once = str((os.cpu_count() or 1) + 1)
    pytest: list[str | Path] = [environment.python, "-m", "pytest", "-n", at_once, "--dist", "worksteal", *options]
    code = run(pytest, PYTHONPATH=built(environment))
    for check in failed:
        complain("failed: " + " ".join(str(part) for part in check[1:]))
    return code or bool(failed)


def coverage(environment: Environment, options: list[str]) -> int:
    """Reports branch coverage of the plain modules.

    Runs pytest under coverage in one process: our pytest plugin imports winpush before a coverage plugin could start.
    """
    prepare_tests(environment)
    code = run([environment.python, "-m", "coverage", "run", "-m", "pytest", *options])
    run([environment.python, "-m", "coverage", "report"])
    return code


def docs(environment: Environment, _options: list[str]) -> int:
    """Builds the site, with warnings as errors, and checks its links."""
    prepare(environment, "docs")
    return run([environment.python, "website/build.py"]) or run([environment.python, "website/check.py"])


def wheels(environment: Environment, options: list[str]) -> int:
    """Builds a release's files for this Python and checks them. Building from the sdist shows that it is complete."""
    tools = Environment(CACHE / f"wheels-{environment.version}", environment.made_with, environment.version)
    create(tools, "wheels")
    into = Path(options[0] if options else ROOT / "dist").resolve()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        wheel: list[str | Path] = [tools.python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-cache-dir"]
        if run([tools.python, "-m", "build", "--sdist", "--outdir", made, ROOT], **_compile_cache()):
            return complain("The sdist could not be built; see above.")
        (sdist,) = made.glob("*.tar.gz")
        if run([*wheel, "--wheel-dir", made, "--config-settings", "compile=0", sdist]):
            return complain("The plain wheel could not be built; see above.")
        built_here = made / "compiled"
        if run([*wheel, "--wheel-dir", built_here, "--config-settings", "compile=1", sdist], **_compile_cache()):
            return complain("The compiled wheel could not be built; see above.")
        (compiled,) = built_here.glob("*.whl")
        if sys.platform != "linux":
            shutil.copy(compiled, made)
        elif run(
            [tools.python, "-m", "auditwheel", "repair", "--strip", "--wheel-dir", made, compiled], PATH=tools.binaries
        ):
            return complain("auditwheel could not turn it into a manylinux wheel; see above.")
        return _check_and_deliver(tools, made, into)


def _check_and_deliver(tools: Environment, made: Path, into: Path) -> int:
    files = sorted(path for path in made.iterdir() if path.is_file())
    if run([tools.python, "-m", "twine", "check", "--strict", *files]):
        return complain("twine refuses the metadata; see above.")
    if run([tools.python, "-m", "check_wheel_contents", *(path for path in files if path.suffix == ".whl")]):
        return complain("check-wheel-contents refuses a wheel; see above.")
    into.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copy(path, into)
        print(f"{path.stat().st_size / 1e6:5.2f} MB  {into / path.name}")
    return 0


def complain(text: str) -> int:
    """Prints an error; returns the exit code of a usage error."""
    print(text, file=sys.stderr)
    return 2


def run(command: Sequence[str | Path], **variables: str | Path) -> int:
    """Runs a command in the project's folder; returns its exit code. In a PATH, the given folder comes first."""
    environment = dict(os.environ)
    for name, value in variables.items():
        before = environment.get(name) if name.endswith("PATH") else None
        environment[name] = os.pathsep.join(filter(None, (str(value), before)))
    try:
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


def prepare(environment: Environment, purpose: str) -> None:
    """Creates the environment, with an editable winpush for those who work on it."""
    create(environment, purpose, "-e", ".[all]")


def prepare_tests(environment: Environment) -> None:
    """Creates the environment, and installs the Debian packages that tests need."""
    prepare(environment, "test")
    install_debian("Chromium for the page's tests", "chromium", BROWSERS)
    install_debian("PostgreSQL for the outbox's tests", "postgresql", ("initdb", "/usr/lib/postgresql/*/bin/initdb"))
    install_debian("Node.js for the tests with other people's clients", "npm", ("npm",))
    install_debian("pgbouncer for the outbox's tests", "pgbouncer", ("pgbouncer", "/usr/sbin/pgbouncer"))


def create(environment: Environment, purpose: str, *packages: str) -> None:
    """Creates an environment, unless it is already set up for this purpose and this pyproject.toml."""
    project = (ROOT / "pyproject.toml").read_bytes()
    stamp = environment.folder / f".ready-for-{purpose}"
    wanted = hashlib.sha256(project).hexdigest()
    if environment.python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    shown = environment.folder.relative_to(ROOT)
    print(f"Setting up {shown} (once) …", file=sys.stderr, flush=True)
    if not environment.python.exists() and run([environment.made_with, "-m", "venv", environment.folder]):
        shutil.rmtree(environment.folder, ignore_errors=True)  # on Debian, venv needs a separate package
        sys.exit(
            complain("This Python can't create virtual environments. On Debian, run: apt-get install python3-venv")
        )
    groups = tomllib.loads(project.decode())["dependency-groups"]
    pip: list[str | Path] = [environment.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if run([*pip, *packages, *(package for name in GROUPS[purpose] for package in groups[name])]):
        sys.exit(complain("Installing the packages failed; see pip's output above."))
    stamp.write_text(wanted)


def built(environment: Environment) -> Path:
    """A folder with winpush as pip installs it from this checkout; builds it if the sources have changed."""
    folder = CACHE / "built" / environment.version
    digest = digest_of_sources()
    stamp = folder / "built-from"
    if stamp.exists() and stamp.read_text() == digest:
        return folder
    print("Building winpush as pip installs it …", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    pip: list[str | Path] = [environment.python, "-m", "pip", "--verbose", "wheel", "--no-deps", "--no-cache-dir"]
    variables = {**os.environ, **_compile_cache()}
    with tempfile.TemporaryDirectory() as made:
        command = [*pip, "--wheel-dir", made, ROOT]
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(complain(f"{done.stdout}{done.stderr}\nBuilding winpush failed; see pip's output above."))
        for line in done.stderr.splitlines():  # where pip's --verbose repeats what a build says
            if "built as plain Python" in line:
                print(line.strip(), file=sys.stderr)
        (wheel,) = Path(made).glob("*.whl")
        zipfile.ZipFile(wheel).extractall(folder)
    stamp.write_text(digest)
    return folder


def digest_of_sources() -> str:
    """A digest of everything that goes into a wheel, and of the variable that decides how it is built."""
    digest = hashlib.sha256(os.environ.get("WINPUSH_COMPILE", "").encode())
    folders = [path for name in ("src", "compiled", "docs/protocol") for path in (ROOT / name).rglob("*")]
    for path in sorted([ROOT / "pyproject.toml", *folders]):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _compile_cache() -> dict[str, str]:
    """Where compiled modules are kept, so that the same source isn't compiled twice for a Python."""
    return {"WINPUSH_COMPILE_CACHE": os.environ.get("WINPUSH_COMPILE_CACHE") or str(CACHE / "compiled")}


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


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # the next run starts the interrupted setup or build again
        sys.exit(130)
