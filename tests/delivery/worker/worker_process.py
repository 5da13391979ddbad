"""A worker in a process of its own, for tests that kill it: `python worker_process.py URL AUTHORITY`."""

from __future__ import annotations

import sys
from datetime import timedelta

from winpush.delivery import Outbox, OutcomeEvent, WorkerSettings

PACE = WorkerSettings(batch=50, batches=3, store_after=20, lease=timedelta(seconds=1))


def main(url: str, authority: str) -> None:
    def say(_event: OutcomeEvent) -> None:
        sys.stdout.write(".")
        sys.stdout.flush()

    outbox = Outbox(url, allow_hosts=[authority], pace=PACE, hooks=[say])
    outbox.deliver_until_idle()
    outbox.close()
    sys.stdout.write("end")


if __name__ == "__main__":
    main(*sys.argv[1:])
