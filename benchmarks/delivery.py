"""What delivery through the outbox costs, compared with bare `send_many` in the same run, with the same stub.

    .venv/bin/python benchmarks/delivery.py [--channels 10000,100000] [--database URL] [--out FILE]

Needs `winpush[delivery]` in the Python that runs it, and gcc for the stub (Linux). Each measurement is a process of its
own, pinned to one core, with the stub on the other. Prints a table; `--out` also writes it to a file. `--database` is
the URL of a database that 'winpush db upgrade' has prepared and that has no channels; without it, a SQLite file in a
temporary folder is used. With it, one worker and two workers on both cores are also compared. The exit code is 1 if a
channel was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from harness.commands import Cores
from harness.provision import say, set_up
from harness.stub import running_stub

import winpush
from winpush import mpns

CONNECTIONS = 64
NOTIFIES = 4000
THREADS = 16
TOAST = mpns.Toast("Hello", "World")


def uris(url: str, number: int) -> Iterator[str]:
    """`number` channel URIs of the form that MPNS issues."""
    base = url.rstrip("/")
    return (f"{base}/throttledthirdparty/01.00/AAF{number:029X}" for number in range(number))


def options(url: str) -> winpush.client.options.ClientOptions:
    """The client options that every measurement uses."""
    return {
        "allow_hosts": [urlsplit(url).netloc],
        "max_connections": CONNECTIONS,
        "max_connections_per_host": CONNECTIONS,
    }


# --- what runs in a process of its own --------------------------------------------------------------------------------


def bare(url: str, channels: int, _database: str) -> dict[str, float]:
    """`send_many`, with each result checked."""

    async def send() -> int:
        async with winpush.AsyncClient(**options(url)) as client:
            pairs = ((uri, TOAST) for uri in uris(url, channels))
            return sum([result.ok async for result in client.send_many(pairs)])

    began = time.perf_counter()
    from winpush.transport.loops import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        ended_well = runner.run(send())
    return {"seconds": time.perf_counter() - began, "done": ended_well}


def register(url: str, channels: int, database: str) -> dict[str, float]:
    """Registers all channels; the next measurement uses the same file."""
    from winpush.delivery import Outbox

    outbox = Outbox(database, **options(url))
    began = time.perf_counter()
    done = outbox.register_many(uris(url, channels))
    seconds = time.perf_counter() - began
    outbox.close()
    return {"seconds": seconds, "done": done}


def broadcast(url: str, _channels: int, database: str) -> dict[str, float]:
    """A broadcast to all of them, with its history, from storing it to the last outcome."""
    from winpush.delivery import DeliveryState, Outbox

    outbox = Outbox(database, **options(url))
    began = time.perf_counter()
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    seconds = time.perf_counter() - began
    delivered = outbox.progress(number).states.get(DeliveryState.DELIVERED, 0)
    outbox.close()
    return {"seconds": seconds, "done": delivered}


def notify(url: str, channels: int, database: str) -> dict[str, float]:
    """`notify` to one device each, until each outcome is stored, while a worker delivers in the background."""
    return notify_from(1, url, channels, database)


def notify_together(url: str, channels: int, database: str) -> dict[str, float]:
    """The same, called from several threads, as in a web server."""
    return notify_from(THREADS, url, channels, database)


def notify_from(threads: int, url: str, channels: int, database: str) -> dict[str, float]:
    """`notify` from this many threads."""
    from winpush.delivery import DeliveryState, Outbox, OutcomeEvent

    wanted, stored, ended = min(NOTIFIES, channels), 0, threading.Event()

    def count(event: OutcomeEvent) -> None:
        nonlocal stored
        stored += event.state is DeliveryState.DELIVERED
        if stored == wanted:
            ended.set()

    outbox = Outbox(database, hooks=[count], **options(url))
    outbox.register_many({"uri": uri, "key": f"person-{number}"} for number, uri in enumerate(uris(url, wanted)))

    def ask(first: int) -> None:
        for number in range(first, wanted, threads):
            outbox.notify(f"person-{number}", TOAST)

    with outbox:
        began, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(ask, range(threads)))
        ended.wait(300)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"seconds": seconds, "done": stored, "cpu": cpu}


def deliver(url: str, _channels: int, database: str) -> dict[str, float]:
    """A worker that starts when it gets a line on its standard input."""
    from winpush.delivery import Outbox

    outbox = Outbox(database, **options(url))
    sys.stdin.readline()
    outbox.deliver_until_idle()
    outbox.close()
    return {"seconds": 0.0, "done": 0}


WAYS: dict[str, Callable[[str, int, str], dict[str, float]]] = {
    "bare": bare,
    "register": register,
    "broadcast": broadcast,
    "notify": notify,
    "notify_together": notify_together,
}
WORKERS = {"deliver": deliver}
LABELS = {
    "bare": "`send_many` alone",
    "register": "`register_many` of new channels",
    "broadcast": "`broadcast`, with outcomes and history stored",
    "notify": f"`notify` to one device each, outcome stored ({NOTIFIES:,})",
    "notify_together": f"the same from {THREADS} threads",
}


def work(way: str, url: str, channels: int, database: str) -> None:
    """One measurement; prints a line of JSON."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    record = (WAYS | WORKERS)[way](url, channels, database)
    after = resource.getrusage(resource.RUSAGE_SELF)
    record.setdefault("cpu", after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    record["peak_kib"] = after.ru_maxrss
    sys.stdout.write(json.dumps(record) + "\n")


# --- what runs them ---------------------------------------------------------------------------------------------------


def measure(way: str, url: str, channels: int, database: str, cores: Cores) -> dict[str, float]:
    """Runs one measurement in its own process, on the client's core."""
    command = [sys.executable, __file__, "--work", way, "--url", url, "--channels", str(channels)]
    with cores.only(cores.client):
        done = subprocess.run([*command, "--database", database], stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - ourselves
    record: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return record


def shared(number: int, url: str, channels: int, database: str) -> str:
    """A broadcast to all channels by `number` workers, on all cores: a row of the table."""
    from winpush.delivery import Outbox

    command = [sys.executable, __file__, "--work", "deliver", "--url", url, "--channels", "0", "--database", database]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)  # noqa: S603 - ourselves
        for _ in range(number)
    ]
    outbox = Outbox(database, **options(url))
    broadcast = outbox.broadcast(TOAST)
    time.sleep(2)  # time for all workers to start
    began = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None  # noqa: S101 - it is a pipe
        worker.stdin.write("\n")
        worker.stdin.flush()
    while outbox.progress(broadcast).done < channels:
        time.sleep(0.05)
    rate = channels / (time.perf_counter() - began)
    for worker in workers:
        worker.communicate()
    outbox.close()
    workers_said = "one worker" if number == 1 else f"{number} workers"
    return f"| {channels:,} | `broadcast` by {workers_said}, on both cores | {rate:,.0f} | | | |"


def line(way: str, channels: int, record: dict[str, float], base: float) -> str:
    """A row of the table."""
    rate = record["done"] / record["seconds"]
    cost = record["cpu"] / record["done"] * 1e6
    share = f"{rate / base:.2f}" if way in ("bare", "broadcast") else ""
    memory = record["peak_kib"] / 1024
    return f"| {channels:,} | {LABELS[way]} | {rate:,.0f} | {share} | {cost:.0f} | {memory:.0f} |"


def run(sizes: list[int], database: str | None) -> tuple[list[str], int]:
    """All measurements; returns the table's lines, and how many channels were lost."""
    workshop, cores, lost = set_up(install=False), Cores(), 0
    if workshop.stub is None:
        raise SystemExit("The stub could not be compiled; it needs gcc (on Debian: apt-get install gcc libc6-dev).")
    lines = [
        "| channels | measurement | per second | share of `send_many` | CPU µs each | peak MiB |",
        "|--:|---|--:|--:|--:|--:|",
    ]
    with running_stub(workshop.stub, cores, None) as stub:
        url = stub.url(tls=False)
        for channels in sizes:
            with tempfile.TemporaryDirectory() as folder:
                where = database or f"sqlite:///{folder}/push.db"
                base = 0.0
                for way in WAYS:
                    own = f"sqlite:///{folder}/{way}.db" if way.startswith("notify") and database is None else where
                    record = measure(way, url, channels, own, cores)
                    base = base or record["done"] / record["seconds"]
                    expected = min(NOTIFIES, channels) if way.startswith("notify") else channels
                    lost += expected - round(record["done"])
                    lines.append(line(way, channels, record, base))
                    say(lines[-1])
                    if way == "broadcast" and database is not None:
                        lines += [shared(number, url, channels, where) for number in (1, 2)]
                        say("\n".join(lines[-2:]))
    return lines, lost


def end(lines: list[str], lost: int, out: Path | None) -> int:
    """Writes the table, and says how many channels were lost; returns the exit code."""
    if out is not None:
        out.write_text("\n".join(lines) + "\n")
    say(f"Lost: {lost}. Python {sys.version.split()[0]}, {os.cpu_count()} cores.")
    return 1 if lost else 0


def main() -> int:
    """Reads the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--channels", default="10000,100000", help="sizes, separated by commas (default: %(default)s)")
    parser.add_argument("--database", help="an SQLAlchemy URL (default: a SQLite file in a temporary folder)")
    parser.add_argument("--out", type=Path, help="a file for the table")
    parser.add_argument("--work", choices=[*WAYS, *WORKERS], help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.url, int(given.channels), given.database)
        return 0
    lines, lost = run([int(size) for size in given.channels.split(",")], given.database)
    return end(lines, lost, given.out)


if __name__ == "__main__":
    sys.exit(main())
