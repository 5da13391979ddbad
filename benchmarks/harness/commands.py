"""The only place that starts other programs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.places import CACHE, LOGS, PROJECT

# Settings that would lead a peer to a proxy, to authorities other than the run's own, or to other code.
_UNWANTED = ("_proxy", "_ca_bundle", "ssl_cert_", "node_extra_ca_certs", "node_options", "python", "winpush_")

Command = Sequence[str | Path | int]


def clean_environment() -> dict[str, str]:
    """Our environment, without the variables that would give peers unequal conditions.

    Python's bytecode is cached, as it is for an installed package, but in `.cache`, not among the sources.
    """
    kept = {key: value for key, value in os.environ.items() if not any(word in key.lower() for word in _UNWANTED)}
    return {**kept, "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode")}


def run(
    command: Command, log: str, *, environment: Mapping[str, str] | None = None, timeout: float = 600
) -> str | None:
    """What a command printed; None if it failed, could not be started or took longer than `timeout` seconds.

    Afterwards all its output, including errors, is in `.cache/logs/<log>.txt`.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - commands of ours, from the tables and constants here
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, cwd=PROJECT, env=environment, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        note(log, f"{command[0]}: {error}\n")
        return None
    with process:
        try:
            printed, said = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            note(log, f"{error}\n")
            return None
        finally:
            _end(process)
    note(log, printed + said)
    return printed if process.returncode == 0 else None


def _end(process: subprocess.Popen[str]) -> None:
    """Kills a command that is still running, with the processes that it started, which could hold its output open."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def start(command: Command) -> subprocess.Popen[str]:
    """Starts a program in the background; it ends when its standard input is closed."""
    return subprocess.Popen(  # noqa: S603 - the stub that we built
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def note(log: str, text: str) -> None:
    """Writes a command's output to its log."""
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / f"{log}.txt").write_text(text)


class Cores:
    """One core for the server and one for the client, if the system lets us choose and there are two."""

    def __init__(self, *, second: bool = False) -> None:
        """`second` is for another pair that runs at the same time: it gets cores of its own if there are four."""
        self._all = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
        ordered = sorted(self._all)
        inwards = 1 if second and len(ordered) >= 4 else 0
        self.server, self.client = ordered[inwards], ordered[-1 - inwards]

    @property
    def pinned(self) -> bool:
        """False if client and server share a core, so that the figures mean little."""
        return self.server != self.client

    @contextlib.contextmanager
    def only(self, core: int) -> Iterator[None]:
        """Whatever this thread starts in this block runs only on this core."""
        if not self.pinned:
            yield
            return
        os.sched_setaffinity(0, {core})
        try:
            yield
        finally:
            os.sched_setaffinity(0, self._all)
