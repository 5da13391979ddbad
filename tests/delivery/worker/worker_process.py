"""A worker in its own process, to be killed or frozen: `worker_process.py URL AUTHORITY MOST [SECONDS]`."""

from __future__ import annotations

import logging
import signal
import sys
from dataclasses import replace
from datetime import timedelta

from winpush.delivery import Outbox, OutcomeEvent, WorkerSettings

TIMEOUT = 100.0  # seconds: what decides is a kill, and not a slow machine
SETTINGS = WorkerSettings(batch=50, batches=3, store_after=20, lease=timedelta(seconds=3))


def main(url: str, authority: str, most: str, seconds: str | None = None) -> None:
    """Writes a dot for each outcome, and `end` when there is no more to do. After the `most`-th it waits to be killed:
    it does not come to the end because whoever kills it is slow. SIGUSR1 makes it go on. `seconds`: its lease, and how
    long it waits for an answer, and between two looks."""
    told = 0
    settings, timeout = SETTINGS, TIMEOUT
    if seconds is not None:
        short, timeout = timedelta(seconds=float(seconds)), float(seconds)
        settings = replace(SETTINGS, lease=short, poll=short, turn=short, stop=short)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")

    def say(_event: OutcomeEvent) -> None:
        nonlocal told
        sys.stdout.write(".")
        sys.stdout.flush()
        told += 1
        if told == int(most):
            signal.pause()

    outbox = Outbox(url, allow_hosts=[authority], settings=settings, hooks=[say], timeout=timeout)
    outbox.deliver_until_idle()
    outbox.close()
    sys.stdout.write("end")


if __name__ == "__main__":
    main(*sys.argv[1:])
