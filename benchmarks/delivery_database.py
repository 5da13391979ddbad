"""What a broadcast costs PostgreSQL per channel: CPU, bytes written ahead, and bytes on disk.

    .venv/bin/python benchmarks/delivery_database.py --database URL [--channels 100000] [--out FILE]

Needs `winpush[postgres]` in the Python that runs it, gcc for the stub (Linux), and the URL of an empty database on a
server on this machine, which it fills and leaves full. Prints a table; the model of one large server is calculated from
its rows. The exit code is 1 if a channel was lost.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import sqlalchemy as sa
from harness.commands import Cores
from harness.provision import say, set_up
from harness.stub import running_stub

from delivery import TOAST, end, options, uris
from winpush.delivery import DeliveryState, Outbox, QuietHours
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.migrate import upgrade

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a server has spent so far: seconds of CPU, bytes written ahead, bytes of winpush's tables and indexes."""

    cpu: float
    wal: int
    size: int

    def since(self, before: Cost) -> Cost:
        """The difference."""
        return Cost(self.cpu - before.cpu, self.wal - before.wal, self.size - before.size)


def cost(database: Database) -> Cost:
    """Reads the bytes from the server, and the CPU time from /proc."""
    with database.read() as connection:
        wal = connection.exec_driver_sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").scalar_one()
        sizes = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE 'winpush_%' AND relkind = 'r'"
        size = connection.exec_driver_sql(sizes.replace("%", "%%")).scalar_one()
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    server = _stat(int(backend))[1]
    children = [fields for pid in Path("/proc").iterdir() if pid.name.isdigit() and (fields := _stat(int(pid.name)))]
    mine = [fields for fields in children if fields[1] == server]
    ended = _stat(server)
    ticks = sum(fields[11] + fields[12] for fields in mine) + ended[13] + ended[14]
    return Cost(ticks / _TICKS, int(wal), int(size))


def _stat(pid: int) -> list[int]:
    """The numbers after the name in /proc/PID/stat: the state as 0, the parent, …; empty if the process has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return [0, *map(int, text.rpartition(")")[2].split()[1:])]


def sent(outbox: Outbox) -> int:
    """A broadcast that is sent at once."""
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    return outbox.progress(number).states.get(DeliveryState.DELIVERED, 0)


def put_off(outbox: Outbox) -> int:
    """A broadcast that waits once, for quiet hours."""
    now = datetime.now(UTC)
    begin, end = (now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time()
    quiet = QuietHours(time(begin.hour, begin.minute), time(end.hour, end.minute))
    number = outbox.broadcast(TOAST, quiet_hours=quiet)
    outbox.deliver_until_idle()
    return outbox.progress(number).waiting


WAYS: dict[str, Callable[[Outbox], int]] = {
    "sent, with its outcome and history": sent,
    "put off once, for quiet hours": put_off,
}


def measure(url: str, database: str, channels: int) -> tuple[list[str], int]:
    """The table's lines, and how many channels were lost."""
    lines = ["| a channel that is | CPU µs | bytes written ahead | bytes on disk |", "|---|--:|--:|--:|"]
    own, lost = Database(database), 0
    upgrade(own)
    outbox = Outbox(database, **options(url))
    outbox.register_many({"uri": uri, "time_zone": "UTC"} for uri in uris(url, channels))
    for name, way in WAYS.items():
        before = cost(own)
        lost += channels - way(outbox)
        spent = cost(own).since(before)
        each = f"{spent.cpu / channels * 1e6:.2f} | {spent.wal / channels:.0f} | {spent.size / channels:.0f}"
        lines.append(f"| {name} | {each} |")
        say(lines[-1])
    outbox.close()
    own.close()
    return lines, lost


def main() -> int:
    """Reads the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--channels", type=int, default=100_000, help="how many (default: %(default)s)")
    parser.add_argument("--database", required=True, help="the SQLAlchemy URL of an empty PostgreSQL database")
    parser.add_argument("--out", type=Path, help="a file for the table")
    given = parser.parse_args()
    if sa.make_url(given.database).get_backend_name() != "postgresql":
        raise SystemExit("This measures PostgreSQL: give the URL of a database on a server on this machine.")
    workshop, cores = set_up(install=False), Cores()
    if workshop.stub is None:
        raise SystemExit("The stub could not be compiled; it needs gcc (on Debian: apt-get install gcc libc6-dev).")
    with running_stub(workshop.stub, cores, None) as stub:
        lines, lost = measure(stub.url(tls=False), given.database, given.channels)
    return end(lines, lost, given.out)


if __name__ == "__main__":
    sys.exit(main())
