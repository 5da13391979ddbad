"""Runs one command in several processes, to use all cores of a machine."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Any

import click

from winpush.cli.failures import exit_code_of, show
from winpush.errors import WinPushError

__all__ = ["run_processes"]

_PAUSE_SECONDS = 2.0
_log = logging.getLogger("winpush.worker")


def run_processes(number: int, target: Callable[..., None], arguments: tuple[Any, ...], *, replaces: bool) -> int:
    """Runs `target` in `number` processes until they end, by themselves or on SIGTERM or Ctrl-C; returns the exit code.

    `replaces`: a process that dies is replaced after two seconds.
    """
    context = multiprocessing.get_context("spawn")  # a fork would inherit connections and locks
    names = click.get_current_context().command_path.split()
    running: list[SpawnProcess] = []
    stopping, code = False, 0

    def start() -> None:
        process = context.Process(target=_run, args=(target, arguments, names))
        process.start()
        running.append(process)

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for process in running:
            process.terminate()

    with _handled(stop):
        for _ in range(number):
            start()
        while running:
            wait([process.sentinel for process in running])
            for process in [each for each in running if not each.is_alive()]:
                running.remove(process)
                if process.exitcode and replaces and not stopping:
                    _log.warning("A worker process ended with %d; another takes its place", process.exitcode)
                    time.sleep(_PAUSE_SECONDS)
                    if not stopping:
                        start()
                elif not stopping:
                    ended_with = process.exitcode or 0
                    code = code or (ended_with if ended_with >= 0 else 1)  # below 0: a signal
    return code


def _run(target: Callable[..., None], arguments: tuple[Any, ...], names: Sequence[str]) -> None:
    """Runs in the new process. Errors are shown and the target has a click context, as in the command itself."""
    context: click.Context | None = None
    for name in names:
        context = click.Context(click.Command(name), parent=context, info_name=name)
    try:
        with context or contextlib.nullcontext():
            target(*arguments)
    except (click.ClickException, WinPushError) as error:
        show(error)
        sys.exit(exit_code_of(error))


@contextlib.contextmanager
def _handled(stop: Callable[..., None]) -> Iterator[None]:
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
