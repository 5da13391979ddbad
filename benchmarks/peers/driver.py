"""What every Python peer shares: the job it is given, the clock it is under, and the line of JSON it prints.

A peer sends `warmup + sends` toasts, taking the channels in turn, and compares the id in each answer with the one that
it asked for. Only the last `sends` are timed. With `--rate`, each leaves at a time that was fixed beforehand, and the
latencies are written to a file.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.metadata
import json
import os
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pacing import Pacer

TOAST = json.loads((Path(__file__).parent / "toast.json").read_text())
"""What all peers send, in any language."""
TARGET_PREFIX: str = TOAST["target_prefix"]
TEXT1: str = TOAST["text1"]
HEADERS: dict[str, str] = TOAST["headers"]

Send = Callable[[str, int], Awaitable[str | None]]
"""Sends one toast: (channel URI, number of the send) to the id that the answer carried, None for a refusal."""

BlockingSend = Callable[[str, int], str | None]
"""The same for a library that blocks."""


def text2(number: int) -> str:
    """The second text of a send: of one length, and another for each send."""
    return f"{TOAST['text2_prefix']}{number % 100_000:05d}"


def toast_body(number: int = 0) -> bytes:
    """The toast as MPNS wants it, for peers that only speak HTTP."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><wp:Notification xmlns:wp="WPNotification"><wp:Toast><wp:Text1>'
        f"{TEXT1.replace('&', '&amp;')}</wp:Text1><wp:Text2>{text2(number)}</wp:Text2></wp:Toast></wp:Notification>"
    ).encode()


@dataclass(frozen=True, slots=True)
class Job:
    """What a peer is to do. `concurrency` is the number of sends in flight; `ca` the file of the authority to trust.

    `rate` is how many sends are to leave in a second: None for as many as are answered, 0 for all at once; `latencies`
    the file that they are written to.
    """

    url: str
    sends: int
    warmup: int
    concurrency: int
    uris: int
    loop: str
    ca: str | None
    rate: float | None
    latencies: str
    rest: argparse.Namespace

    @classmethod
    def from_arguments(cls, parser: argparse.ArgumentParser | None = None) -> Job:
        """Reads the command line; a peer with options of its own brings its parser, and finds them in `rest`."""
        parser = parser or argparse.ArgumentParser()
        parser.add_argument("--url", required=True, help="scheme, host and port")
        parser.add_argument("--sends", type=int, required=True)
        parser.add_argument("--warmup", type=int, default=0)
        parser.add_argument("--concurrency", type=int, default=64)
        parser.add_argument("--uris", type=int, default=10_000)
        parser.add_argument("--loop", choices=["uvloop", "stock"], default="stock")
        parser.add_argument("--ca", help="PEM file of the authority that signed the server's certificate")
        parser.add_argument("--rate", type=float, help="sends a second, at fixed times; 0 for all at once")
        parser.add_argument("--latencies", default=os.devnull, help="file for the latencies of a run with a rate")
        given = parser.parse_args()
        return cls(
            given.url, given.sends, given.warmup, given.concurrency, given.uris, given.loop, given.ca, given.rate,
            given.latencies, rest=given,
        )  # fmt: skip

    def identity(self, number: int) -> str:
        """The id of the channel that a send goes to, which the stub gives back."""
        return f"{number % self.uris:07d}"

    def uri(self, number: int) -> str:
        """The channel that a send goes to."""
        return f"{self.url}{TARGET_PREFIX}{number % self.uris:07d}"

    def targets(self) -> list[tuple[str, str]]:
        """URI and id of all channels, as a sender has them at hand."""
        return [(self.uri(number), self.identity(number)) for number in range(self.uris)]

    def make_pacer(self) -> Pacer | None:
        """What holds the sends back until their times; None where they leave as fast as they can."""
        return None if self.rate is None else Pacer(self.rate, self.sends)

    def authority(self) -> bytes | None:
        """The authority's certificate itself, in PEM."""
        return None if self.ca is None else Path(self.ca).read_bytes()

    def ssl_context(self) -> ssl.SSLContext | None:
        """What to verify the server with; None where there is no TLS."""
        return None if self.ca is None else ssl.create_default_context(cafile=self.ca)


class Meter:
    """Counts what came back, and times it."""

    def __init__(self) -> None:
        self.errors = 0
        self.checked = 0
        self.wrong = 0
        self._wall = self._cpu = 0.0
        self._wall_start = self._cpu_start = 0.0

    def start(self) -> None:
        """The warm-up is over."""
        self._wall_start, self._cpu_start = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """The last answer is there."""
        self._wall = time.perf_counter() - self._wall_start
        self._cpu = time.process_time() - self._cpu_start

    def check(self, wanted: str, echoed: str | None) -> None:
        """Notes an answer's id, or its absence as an error."""
        if echoed is None:
            self.errors += 1
            return
        self.checked += 1
        if echoed != wanted:
            self.wrong += 1

    def report(self, job: Job, **versions: str) -> None:
        """Prints the line of JSON that ends a peer's work."""
        record = {
            "sends": job.sends,
            "warmup": job.warmup,
            "errors": self.errors,
            "wall_seconds": round(self._wall, 6),
            "cpu_seconds": round(self._cpu, 6),
            "peak_kib": memory_kib("VmHWM"),
            "ids_checked": self.checked,
            "ids_wrong": self.wrong,
            "versions": versions,
        }
        sys.stdout.write(json.dumps(record) + "\n")


def memory_kib(field: str) -> int:
    """A field of Linux's account of this process: VmRSS is the memory held now, VmHWM the most so far.

    Not `getrusage`: its peak includes that of the process that started us.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    return 0


def version(distribution: str) -> str:
    """The installed version of a Python package."""
    return importlib.metadata.version(distribution)


def run_loop(main: Coroutine[object, object, None], loop: str) -> None:
    """Runs a coroutine on uvloop or on the stock loop."""
    factory = importlib.import_module("uvloop").new_event_loop if loop == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


async def send_from_tasks(job: Job, send: Send) -> Meter:
    """The whole job, from as many tasks as sends may be in flight."""
    meter, targets = Meter(), job.targets()

    async def work(numbers: Iterable[int], pacer: Pacer | None) -> None:
        for number in numbers:
            uri, identity = targets[number % job.uris]
            if pacer is not None:
                await pacer.wait(number - job.warmup)
            try:
                echoed = await send(uri, number)
            except Exception as error:  # noqa: BLE001 - whatever a library raises is an error of its run
                complain(meter, error)
            else:
                meter.check(identity, echoed)
            if pacer is not None:
                pacer.note(number - job.warmup)

    async def work_all(numbers: Iterable[int], pacer: Pacer | None = None) -> None:
        shared = iter(numbers)
        async with asyncio.TaskGroup() as group:
            for _ in range(job.concurrency):
                group.create_task(work(shared, pacer))

    await work_all(range(job.warmup))
    pacer = job.make_pacer()
    meter.start()
    await work_all(range(job.warmup, job.warmup + job.sends), pacer)
    meter.stop()
    if pacer is not None:
        pacer.write(job.latencies)
    return meter


def send_from_threads(job: Job, make_send: Callable[[], BlockingSend]) -> Meter:
    """The whole job, from as many threads as sends may be in flight; each thread has its own sender."""
    meters, targets = [Meter() for _ in range(job.concurrency)], job.targets()
    senders = [make_send() for _ in range(job.concurrency)]

    def work(lane: int, first: int, end: int) -> None:
        send, meter = senders[lane], meters[lane]
        for number in range(first + lane, end, job.concurrency):
            uri, identity = targets[number % job.uris]
            try:
                echoed = send(uri, number)
            except Exception as error:  # noqa: BLE001 - whatever a library raises is an error of its run
                complain(meter, error)
            else:
                meter.check(identity, echoed)

    total = Meter()
    with ThreadPoolExecutor(job.concurrency) as threads:
        lanes = range(job.concurrency)
        list(threads.map(lambda lane: work(lane, 0, job.warmup), lanes))
        total.start()
        list(threads.map(lambda lane: work(lane, job.warmup, job.warmup + job.sends), lanes))
        total.stop()
    total.errors = sum(meter.errors for meter in meters)
    total.checked = sum(meter.checked for meter in meters)
    total.wrong = sum(meter.wrong for meter in meters)
    return total


def complain(meter: Meter, error: Exception) -> None:
    """Counts a send that raised; the first one is told on standard error, which ends in the log of the run."""
    if meter.errors == 0:
        sys.stderr.write(f"first error: {type(error).__name__}: {error}\n")
    meter.errors += 1
