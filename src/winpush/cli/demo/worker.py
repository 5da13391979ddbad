"""The demo's worker: a separate process, so that killing it is a fair test.

`python -m winpush.cli.demo.worker DATABASE-URL AUTHORITY` delivers to the emulator at AUTHORITY until nothing is due.
"""

from __future__ import annotations

import signal
import sys
from datetime import timedelta

from winpush.delivery import Outbox, WorkerSettings
from winpush.emulator import entra_credentials_for

__all__ = ["SETTINGS"]

# Small batches and a short lease: after a worker is killed, another takes over soon.
SETTINGS = WorkerSettings(batch=20, batches=2, store_after=1, lease=timedelta(seconds=2))


def _main(database: str, authority: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the demo, which then ends this process
    outbox = Outbox(database, settings=SETTINGS, wns=entra_credentials_for(authority), allow_hosts=[authority])
    outbox.deliver_until_idle()
    outbox.close()


if __name__ == "__main__":
    _main(*sys.argv[1:])
