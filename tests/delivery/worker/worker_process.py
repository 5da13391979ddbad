"""A worker in a process of its own, for tests that kill it: `python worker_process.py URL AUTHORITY MOST`."""

from __future__ import annotations

import logging
import signal
import sys
from datetime import timedelta

from winpush.delivery import Outbox, OutcomeEvent, WorkerSettings

TIMEOUT = 100.0  # seconds: what decides is a kill, and not a slow machine
SETTINGS = WorkerSettings(batch=50, batches=3, store_after=20, lease=timedelta(seconds=3))


def main(url: str, authority: str, most: str) -> None:
    """Writes a dot for each outcome, and `end` when there is no more to do. After the `most`-th it waits to be killed:
    it does not come to the end because whoever kills it is slow. SIGUSR1 makes it go on."""
    told = 0
    signal.signal(signal.SIGUSR1, lambda *_: None)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")

    def say(_event: OutcomeEvent) -> None:
        nonlocal told
        sys.stdout.write(".")
        sys.stdout.flush()
        told += 1
        if told == int(most):
            signal.pause()

    outbox = Outbox(url, allow_hosts=[authority], settings=SETTINGS, hooks=[say], timeout=TIMEOUT)
    outbox.deliver_until_idle()
    outbox.close()
    sys.stdout.write("end")


if __name__ == "__main__":
    main(*sys.argv[1:])
