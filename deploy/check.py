"""Tests the Dockerfile and compose.yaml on a machine without docker.

    .venv/bin/python deploy/check.py          build as the image does (two minutes or more), and test that
    .venv/bin/python deploy/check.py --here   test the winpush of this Python instead

The build's steps run in an empty folder. The services run as they would in docker: as the image's user, on a read-only
file system, with the environment of try.env, on a PostgreSQL server of this machine. Then a toast is sent, and the
workers are stopped while a send is unanswered. The exit code is 0 if all of it works.

It needs PostgreSQL's programs and the tests' packages: `python3 make.py test tests/test_deploy.py` installs
them. Without root, the services run as you, on a writable file system.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

if __name__ == "__main__":
    if unknown := [argument for argument in sys.argv[1:] if argument != "--here"]:
        print(__doc__)
        sys.exit(0 if unknown[0] in ("-h", "--help") else f"deploy/check.py has no option {unknown[0]}")
    if lacking := [name for name in ("psycopg", "sqlalchemy", "yaml") if importlib.util.find_spec(name) is None]:
        sys.exit(
            f"deploy/check.py needs the packages of the tests; {sys.executable} lacks {', '.join(lacking)}.\n"
            "Install them and run it: python3 make.py test tests/test_deploy.py && .venv/bin/python deploy/check.py"
        )

from tests.postgresql import Unavailable, fresh_database, server  # noqa: E402 - needs the path, and the packages

GRACE_SECONDS = 10.0
"""What docker gives a container to stop."""
PATIENCE_SECONDS = 120.0
# Makes the file system read-only, drops to an unprivileged user, and runs the command.
_CONFINED = 'mount -o remount,bind,ro / && exec setpriv --reuid "$0" --regid "$0" --clear-groups --no-new-privs "$@"'


@dataclass(frozen=True, slots=True)
class Image:
    """The content of a Dockerfile: the steps of its first stage, and the settings of its last."""

    steps: tuple[tuple[str, str], ...]
    settings: Mapping[str, str]
    env: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Image:
        """Reads a Dockerfile."""
        lines = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
        found = [line.split(None, 1) for line in lines.replace("\\\n", " ").splitlines() if line.strip()]
        instructions = [(name, " ".join(rest.split())) for name, rest in found]
        first, last = _stages(instructions)
        env = dict(word.split("=", 1) for name, rest in last if name == "ENV" for word in shlex.split(rest))
        return cls(tuple(first), dict(last), env)

    def words(self, name: str) -> list[str]:
        """An instruction that is a list of words, such as ENTRYPOINT."""
        listed: list[str] = json.loads(self.settings[name][self.settings[name].index("[") :])
        return listed


def _stages(instructions: Sequence[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    starts = [at for at, (name, _) in enumerate(instructions) if name == "FROM"]
    return list(instructions[starts[0] : starts[1]]), list(instructions[starts[-1] :])


def build(image: Image, folder: Path, arguments: Mapping[str, str]) -> Path:
    """Runs the steps of the build with /src and /opt in a folder; returns the folder of the programs."""
    source = folder / "src"
    source.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "WINPUSH"))}
    for name, rest in image.steps:
        words = rest.split()
        if name == "COPY":
            _copy(words[:-1], source / words[-1])
        elif name in ("ARG", "ENV"):
            env |= dict([rest.split("=", 1)])
            env |= {each: value for each, value in arguments.items() if each == rest.partition("=")[0]}
        elif name == "RUN" and not rest.startswith("apt-get"):
            command = rest.replace("/opt/winpush", str(folder / "opt" / "winpush"))
            print("RUN", command, flush=True)
            subprocess.run(["sh", "-euc", command], cwd=source, env=env, check=True)
    return folder / "opt" / "winpush" / "bin"


def _copy(sources: Sequence[str], target: Path) -> None:
    for each in sources:
        if (ROOT / each).is_dir():
            shutil.copytree(ROOT / each, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / each, target)


class Machine:
    """Takes docker's place: runs the services of compose.yaml, with names and ports mapped to this machine's."""

    def __init__(self, image: Image, programs: Path, database: str) -> None:
        """`programs` is the folder of the image's programs, `database` the URL that replaces compose.yaml's."""
        yaml: Any = importlib.import_module("yaml")  # of the dependency group docs
        self.image, self._programs = image, programs
        values = read_env(HERE / "try.env")
        text = re.sub(r"\$\{(\w+):[-?]([^}]*)\}", lambda found: values.get(found[1], found[2]), compose_text())
        self.services: dict[str, Any] = yaml.safe_load(text)["services"]
        self.emulator = f"127.0.0.1:{free_port()}"
        self._names = {"postgresql://winpush@db/winpush": database, "emulator:8090": self.emulator}
        self._is_confined = self._can_confine()

    def command(self, service: str, *typed: str) -> tuple[list[str], dict[str, str]]:
        """A service's command, or the one typed instead, and its environment."""
        described = self.services[service]
        words = [*self.image.words("ENTRYPOINT"), *(typed or described.get("command") or self.image.words("CMD"))]
        return self._here(words), self.environment(service)

    def environment(self, service: str) -> dict[str, str]:
        """The environment of a service."""
        described = self.services[service].get("environment", {})
        named = {name: self._named(value or "") for name, value in described.items()}
        path = f"{self._programs}{os.pathsep}{os.environ['PATH']}"
        kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        return {**kept, **self.image.env, "PATH": path, "HOME": "/nonexistent", **named}

    def _here(self, words: Sequence[str]) -> list[str]:
        host, port = self.emulator.split(":")
        return [{"emulator" if at > 1 else "": host, "8090": port}.get(word, word) for at, word in enumerate(words)]

    def _named(self, value: str) -> str:
        for name, here in self._names.items():
            value = value.replace(name, here)
        return value

    def confined(self, words: Sequence[str]) -> list[str]:
        """A command as a container would run it, if this machine lets us."""
        return self._around(words) if self._is_confined else list(words)

    def _around(self, words: Sequence[str]) -> list[str]:
        user = self.image.settings["USER"].partition(":")[0]
        return ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _CONFINED, user, *words]

    def _can_confine(self) -> bool:
        if not shutil.which("unshare"):
            return False
        words, env = self.command("worker", "--version")
        done = subprocess.run(self._around(words), env=env, cwd="/", capture_output=True, check=False)
        if done.returncode:
            print("- run as this user, on a writable file system: this machine doesn't allow the image's confinement")
        return done.returncode == 0

    def run(self, service: str, *typed: str) -> str:
        """Runs a service, or a command in it, to its end; returns its output. Raises SystemExit if it fails."""
        words, env = self.command(service, *typed)
        done = subprocess.run(self.confined(words), env=env, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{shlex.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def running(self, service: str, ports: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        """A service that runs until the context ends."""
        words, env = self.command(service)
        words = [(ports or {}).get(word, word) for word in words]
        with subprocess.Popen(self.confined(words), env=env, cwd="/", stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def is_healthy(self, ports: Mapping[str, str]) -> bool:
        """Whether the image's health check finds a worker healthy."""
        words = self.image.words("HEALTHCHECK")
        for port, here in ports.items():
            words = [word.replace(port, here) for word in words]
        quiet = subprocess.DEVNULL
        return subprocess.run(words, env=self.environment("worker"), check=False, stderr=quiet).returncode == 0


def compose_text() -> str:
    """compose.yaml."""
    return (HERE / "compose.yaml").read_text()


def read_env(path: Path) -> dict[str, str]:
    """The settings of an env file."""
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def wait(what: str, condition: Callable[[], object]) -> None:
    """Waits until the condition holds. Raises SystemExit after PATIENCE_SECONDS."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"timed out; still not true: {what}")
        time.sleep(0.1)
    print("-", what, flush=True)


def outcomes(machine: Machine) -> list[str]:
    """The outcomes of the sends so far."""
    lines = machine.run("worker", "history", "--json").splitlines()
    return [json.loads(line)["outcome"] for line in lines]


@contextmanager
def up(machine: Machine) -> Iterator[list[subprocess.Popen[str]]]:
    """`compose --profile try up`: gives the workers once they are healthy and ready, with a channel registered."""
    with ExitStack() as stack:
        emulator = stack.enter_context(machine.running("emulator"))
        assert emulator.stdout is not None
        said = ""
        for line in emulator.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"'(http://\S+/\?token=\S+)'", said)
        assert found is not None, said
        machine.run("tables")
        workers = []
        for number in range(machine.services["worker"]["deploy"]["replicas"]):
            ports = {"8081": str(free_port()), "9464": str(free_port())}
            workers.append(stack.enter_context(machine.running("worker", ports)))
            wait(f"worker {number + 1} is healthy", functools.partial(machine.is_healthy, ports))
            ready = f"http://127.0.0.1:{ports['8081']}/readyz"
            wait(f"worker {number + 1} is ready", functools.partial(_answers, ready))
        machine.run("worker", "channels", "add", found[1], "--key", "ada")
        yield workers


def _answers(address: str) -> bool:
    try:
        fetch(address)
    except OSError:
        return False
    return True


def fetch(address: str, values: Mapping[str, str] | None = None, method: str | None = None) -> bytes:
    """The answer to a GET, or to a POST of these values as JSON. Raises OSError, including for an error status."""
    body = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


def stop_without_an_answer(machine: Machine, workers: Sequence[subprocess.Popen[str]]) -> float:
    """Stops the workers while the service withholds an answer; returns how many seconds it took."""
    devices = json.loads(fetch(f"http://{machine.emulator}/api/channels"))
    (device,) = (each["id"] for each in devices if each["service"] == "wns")
    fetch(f"http://{machine.emulator}/api/faults", {"cut": "silence", "phone": device})
    machine.run("worker", "broadcast", "Hello again", "--store-only")
    wait("a send is in flight", lambda: b'"verdict":"cut"' in fetch(f"http://{machine.emulator}/api/requests"))
    began = time.monotonic()
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    codes = [worker.wait(PATIENCE_SECONDS) for worker in workers]
    if any(codes):
        raise SystemExit(f"the workers ended with {codes}")
    return time.monotonic() - began


def send_what_had_no_answer(machine: Machine) -> None:
    """The service answers again, and the next worker sends what the last ones left unanswered."""
    fetch(f"http://{machine.emulator}/api/faults", method="DELETE")
    ports = {"8081": str(free_port()), "9464": str(free_port())}
    with machine.running("worker", ports) as worker:
        wait("the next worker sends it", lambda: outcomes(machine).count("accepted") == 2)
        worker.send_signal(signal.SIGTERM)
        worker.wait(PATIENCE_SECONDS)


def main(arguments: Sequence[str]) -> int:
    """Tests everything; returns the exit code."""
    image = Image.read(HERE / "Dockerfile")
    with tempfile.TemporaryDirectory() as made, server() as url, fresh_database(url, "winpush_deploy") as database:
        if "host" in url.query:  # the folder of the server's socket, which the image's user must reach
            Path(str(url.query["host"])).chmod(0o755)
        folder = Path(made)
        folder.chmod(0o755)
        here = Path(sys.executable).parent
        programs = here if "--here" in arguments else build(image, folder, read_env(HERE / "try.env"))
        machine = Machine(image, programs, database)
        print(machine.run("worker", "--version").strip())
        with up(machine) as workers:
            machine.run("worker", "broadcast", "Hello", "from deploy/", "--store-only")
            wait("the toast is delivered", lambda: outcomes(machine) == ["accepted"])
            took = stop_without_an_answer(machine, workers)
            send_what_had_no_answer(machine)
    print(f"- stopped in {took:.1f} of {GRACE_SECONDS:.0f} seconds with an answer outstanding")
    return int(took > GRACE_SECONDS)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Unavailable as missing:
        sys.exit(f"deploy/check.py needs a PostgreSQL of this machine: {missing}")
