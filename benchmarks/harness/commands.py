"""Starting other programs: the one place where that is done."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.places import CACHE, LOGS, PROJECT

# Settings that would lead a peer to a proxy, to other authorities than the run's own, or to other code.
_UNWANTED = ("_proxy", "_ca_bundle", "ssl_cert_", "node_extra_ca_certs", "node_options", "python", "winpush_")

Command = Sequence[str | Path | int]


def clean_environment() -> dict[str, str]:
    """Our environment without what would make one peer's conditions other than another's.

    Python's bytecode is kept, as it is where a package is installed: in the cache, not among the sources.
    """
    kept = {key: value for key, value in os.environ.items() if not any(word in key.lower() for word in _UNWANTED)}
    return {**kept, "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode")}


def run(
    command: Command, log: str, *, environment: Mapping[str, str] | None = None, timeout: float = 600
) -> str | None:
    """What a command printed; None when it failed, could not be started or took longer than `timeout` seconds.

    All that it said, errors too, is in `.cache/logs/<log>.txt` afterwards.
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
    """Ends a command that still runs, with all that it has started: else these would hold its output open."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def start(command: Command) -> subprocess.Popen[str]:
    """Starts a program that runs beside us; it ends when its standard input is closed."""
    return subprocess.Popen(  # noqa: S603 - the stub that we built
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def note(log: str, text: str) -> None:
    """Keeps what a command said."""
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / f"{log}.txt").write_text(text)


class Cores:
    """One core for the server and one for the client, where the system lets us choose and there are two."""

    def __init__(self, *, second: bool = False) -> None:
        """With `second` for another pair that works at the same time: on cores of its own, where there are four."""
        self._all = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
        ordered = sorted(self._all)
        inwards = 1 if second and len(ordered) >= 4 else 0
        self.server, self.client = ordered[inwards], ordered[-1 - inwards]

    @property
    def pinned(self) -> bool:
        """False where client and server share a core, so that the figures say little."""
        return self.server != self.client

    @contextlib.contextmanager
    def only(self, core: int) -> Iterator[None]:
        """What is started in this block, by this thread, runs on this core alone."""
        if not self.pinned:
            yield
            return
        os.sched_setaffinity(0, {core})
        try:
            yield
        finally:
            os.sched_setaffinity(0, self._all)
