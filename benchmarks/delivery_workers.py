"""How much faster a broadcast gets with more workers on PostgreSQL, and how soon a dead worker's lanes are taken over.

    .venv/bin/python benchmarks/delivery_workers.py --database URL [--channels 100000] [--workers 1,2,4,8] [--out FILE]

Needs `winpush[postgres]` in the Python that runs it, and the URL of an empty database, which it fills and leaves full.
A wait replaces the sends, and the server is a millisecond away: before each statement and each commit a worker sleeps
that long, inside its transaction. So this measures what workers cost each other. Each rate comes with the share of the
machine's CPU that was used, and with the number of samples in which a worker waited for another's lock. The take-over
is measured on that database and on a SQLite file, with a worker that is killed with -9. The exit code is 1 if a channel
was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from delivery import TOAST, end, uris
from winpush.delivery import Outbox, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.migrate import upgrade
from winpush.delivery.storage.rows import Record, Tried
from winpush.delivery.storage.schema import lanes
from winpush.delivery.worker.batch import Batches, Sending
from winpush.transport.loops import new_event_loop

HOST = "workers.example.com"
LEASE_SECONDS = WorkerSettings().lease.total_seconds()
SEND_SECONDS = 0.2
"""How long the service takes for a batch."""
FEW = 20_000
"""Few enough channels, and so lanes, that two workers run all of them. With more lanes, a dead worker's lanes wait for
their turn behind free ones, which delays nothing."""
WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() "
    "AND query LIKE '%winpush%'"
)


def say(line: str) -> None:
    """Prints at once."""
    print(line, flush=True)  # noqa: T201 - a program for a terminal


# --- a worker, in a process of its own --------------------------------------------------------------------------------


async def wait_instead(_batches: Batches, _client: object, sending: Sending, *_: Any) -> None:
    """Replaces `Batches.send`: waits, then has every send accepted."""
    await asyncio.sleep(SEND_SECONDS)
    now = int(time.time() * 1000)
    for target in sending.batch.targets:
        tried = Tried(target.broadcast, target.id, now, "accepted", 200, None, None, None, None)
        sending.done.append(
            Record(target.broadcast, target.id, target.service, "delivered", "accepted", 1, now, None, tried)
        )


def be_away(milliseconds: float) -> None:
    """Makes each round trip to a database this much longer."""

    def wait(*_: object) -> None:
        time.sleep(milliseconds / 1000)

    event.listen(sa.Engine, "before_cursor_execute", wait)
    event.listen(sa.Engine, "commit", wait)


def work(database: str, milliseconds: float, lease: float) -> None:
    """Delivers until it is stopped or killed."""
    Batches.send = wait_instead  # type: ignore[method-assign]  # only the rest is measured
    if milliseconds:
        be_away(milliseconds)
    settings = WorkerSettings(lease=timedelta(seconds=lease))
    worker = (outbox := Outbox(database, allow_hosts=[HOST], settings=settings)).make_worker()
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(worker.run(on_ready=lambda: say(worker.name)))
    outbox.close()


@contextmanager
def workers(
    number: int, database: str, milliseconds: float, lease: float = LEASE_SECONDS
) -> Iterator[list[tuple[subprocess.Popen[str], str]]]:
    """`number` workers that are ready, and their names."""
    command = [sys.executable, __file__, "--work", "--database", database, "--away", str(milliseconds)]
    command += ["--lease", str(lease)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(number)]  # noqa: S603 - ourselves
    try:
        names = [each.stdout.readline().strip() for each in started if each.stdout]
        yield list(zip(started, names, strict=True))
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.communicate()


# --- what is measured -------------------------------------------------------------------------------------------------


def busy() -> tuple[float, float]:
    """This machine's CPU time since it started: the time used, and the time available, in ticks."""
    fields = [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def speed(number: int, outbox: Outbox, database: str, channels: int, milliseconds: float) -> tuple[str, float, int]:
    """A broadcast by `number` workers: a row of the table, channels per second, and how many channels were lost."""
    own = Database(database)
    samples = waiting = 0
    with workers(number, database, milliseconds):
        began, (used, had) = time.perf_counter(), busy()
        broadcast = outbox.broadcast(TOAST)
        while (progress := outbox.progress(broadcast)).state.value == "running":
            with own.read() as connection:
                waiting += connection.scalar(sa.text(WAITS)) > 0
            samples += 1
            time.sleep(0.05)
        seconds, (now_used, now_had) = time.perf_counter() - began, busy()
    own.close()
    rate, share = channels / seconds, (now_used - used) / (now_had - had)
    return (
        f"| {number} | {rate:,.0f} | {{times}} | {share:.0%} | {waiting} of {samples} |",
        rate,
        channels - progress.done,
    )


def take_over(outbox: Outbox, database: str, lease: float) -> float:
    """Seconds from a worker's death until it no longer owns a lane, while a second worker is running."""
    own = Database(database)

    def has_lanes(name: str) -> bool:
        with own.read() as connection:
            owned = sa.select(lanes.c.broadcast).where(lanes.c.owner.startswith(name), lanes.c.cursor < lanes.c.last)
            return connection.scalar(owned.limit(1)) is not None

    with workers(1, database, 0, lease) as ((victim, name),), workers(1, database, 0, lease):
        broadcast = outbox.broadcast(TOAST)
        while not has_lanes(name):
            if outbox.progress(broadcast).state.value != "running":
                broadcast = outbox.broadcast(TOAST)  # the other worker was so fast that it ran all lanes
            time.sleep(0.01)
        victim.kill()
        began = time.perf_counter()
        while has_lanes(name):
            time.sleep(0.01)
        seconds = time.perf_counter() - began
        outbox.cancel(broadcast)
    own.close()
    return seconds


def run(database: str, channels: int, numbers: list[int], milliseconds: float, lease: float) -> tuple[list[str], int]:
    """The table's lines, and how many channels were lost."""
    own, lost, first = Database(database), 0, 0.0
    upgrade(own)
    own.close()
    outbox = Outbox(database, allow_hosts=[HOST])
    outbox.register_many(uris(f"https://{HOST}", min(FEW, channels)))
    taken = taken_over(outbox, database, min(FEW, channels), lease)
    outbox.register_many(uris(f"https://{HOST}", channels))
    rows = ["| workers | channels a second | × one | CPU used | waits for a lock |", "|--:|--:|--:|--:|--:|"]
    for number in numbers:
        row, rate, missing = speed(number, outbox, database, channels, milliseconds)
        first, lost = first or rate, lost + missing
        rows.append(row.format(times=f"{rate / first:.1f}"))
        say(rows[-1])
    outbox.close()
    return [*rows, "", *taken], lost


def taken_over(outbox: Outbox, database: str, channels: int, lease: float) -> list[str]:
    """The second table: how soon another worker takes over from one that is killed."""
    found = {"PostgreSQL": take_over(outbox, database, lease)}
    with tempfile.TemporaryDirectory() as folder:
        file = f"sqlite:///{folder}/push.db"
        small = Outbox(file, allow_hosts=[HOST])
        small.register_many(uris(f"https://{HOST}", channels))
        found["SQLite"] = take_over(small, file, lease)
        small.close()
    lines = ["| database | seconds until a killed worker's lanes are taken over |", "|---|--:|"]
    lines += [f"| {name} | {seconds:.1f} |" for name, seconds in found.items()]
    say("\n".join(lines))
    return lines


def main() -> int:
    """Reads the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--database", required=True, help="the SQLAlchemy URL of an empty PostgreSQL database")
    parser.add_argument("--channels", type=int, default=100_000, help="how many (default: %(default)s)")
    parser.add_argument("--workers", default="1,2,4,8", help="numbers of workers (default: %(default)s)")
    parser.add_argument("--away", type=float, default=1.0, help="milliseconds to the server (default: %(default)s)")
    parser.add_argument("--lease", type=float, default=LEASE_SECONDS, help="the lease in seconds (%(default)s)")
    parser.add_argument("--out", type=Path, help="a file for the tables")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.database, given.away, given.lease)
        return 0
    numbers = [int(each) for each in given.workers.split(",")]
    lines, lost = run(given.database, given.channels, numbers, given.away, given.lease)
    return end(lines, lost, given.out)


if __name__ == "__main__":
    sys.exit(main())
