"""winpush itself: its three ways to send, its memory, and what a connection costs. All that knows its API is here.

winpush_paths.py many|send|threads|connections --url … --sends … [--loop uvloop|stock] [--read all|ok]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from operator import attrgetter
from typing import cast
from urllib.parse import urlsplit

from driver import (
    TEXT1,
    BlockingSend,
    Job,
    Meter,
    memory_kib,
    run_loop,
    send_from_tasks,
    send_from_threads,
    text2,
    version,
)
from pacing import Pacer

import winpush
from winpush import Result, mpns

# Every attribute that a Result has, those that come later too: reading them all is what "complete" means here.
FIELDS = [name for name in dir(Result) if not name.startswith("_") and not callable(getattr(Result, name))]
read_all = attrgetter(*FIELDS)


def options(job: Job) -> winpush.client.options.ClientOptions:
    """What both clients are made with."""
    return {
        "allow_hosts": [urlsplit(job.url).netloc],
        "max_connections": job.concurrency,
        "max_connections_per_host": job.concurrency,
        "tls": winpush.Tls(ca=job.ca),
    }


def echoed_id(result: Result) -> str | None:
    """The id that the answer carried; None when the send did not end well."""
    return result.response.header(b"x-stub-id") if result.ok and result.response is not None else None


async def many(job: Job) -> None:
    """send_many: one toast to many channels, each result read."""
    toast = mpns.Toast(TEXT1, text2(0))
    reads_all = job.rest.read == "all"
    # Only as many URIs as a sender would have at hand; beyond that they come from a generator, like from a database.
    targets = job.targets() if job.uris <= 10_000 else None

    def pairs(numbers: Iterable[int]) -> Iterator[tuple[str, mpns.Toast, str]]:
        for number in numbers:
            uri, key = targets[number % job.uris] if targets else (job.uri(number), job.identity(number))
            yield uri, toast, key

    async def send(client: winpush.AsyncClient, numbers: range, meter: Meter) -> None:
        async for result in client.send_many(pairs(numbers), concurrency=job.concurrency):
            if reads_all:
                read_all(result)
            meter.check(str(result.key), echoed_id(result))

    meter = Meter()
    async with winpush.AsyncClient(**options(job)) as client:
        await send(client, range(job.warmup), meter)
        pacer = job.make_pacer()
        meter.start()
        if pacer is None:
            await send(client, range(job.warmup, job.warmup + job.sends), meter)
        else:
            await many_paced(job, client, pacer, meter)
        meter.stop()
    if pacer is not None:
        pacer.write(job.latencies)
    report(meter, job)


async def many_paced(job: Job, client: winpush.AsyncClient, pacer: Pacer, meter: Meter) -> None:
    """send_many of a source that has each channel when its time has come."""
    toast, targets = mpns.Toast(TEXT1, text2(0)), job.targets()

    async def pairs() -> AsyncIterator[tuple[str, mpns.Toast, int]]:
        for place in range(job.sends):
            await pacer.wait(place)
            yield targets[(job.warmup + place) % job.uris][0], toast, place

    async for result in client.send_many(pairs(), concurrency=job.concurrency):
        place = cast("int", result.key)
        pacer.note(place)
        read_all(result)
        meter.check(job.identity(job.warmup + place), echoed_id(result))


async def send(job: Job) -> None:
    """Await send(): a fresh toast each time, from as many tasks as there are connections."""
    async with winpush.AsyncClient(**options(job)) as client:

        async def send_one(uri: str, number: int) -> str | None:
            return echoed_id(await client.send(uri, mpns.Toast(TEXT1, text2(number))))

        meter = await send_from_tasks(job, send_one)
    report(meter, job)


def threads(job: Job) -> None:
    """Client.send: one client shared by threads, a fresh toast each time."""
    if job.loop == "stock":
        sys.modules["uvloop"] = None  # type: ignore[assignment]  # its import fails: Client then takes the stock loop
    with winpush.Client(**options(job)) as client:

        def send_one(uri: str, number: int) -> str | None:
            return echoed_id(client.send(uri, mpns.Toast(TEXT1, text2(number))))

        def make_send() -> BlockingSend:
            return send_one

        meter = send_from_threads(job, make_send)
    report(meter, job)


async def connections(job: Job) -> None:
    """How much memory this process has with one connection, and with as many as there are sends (all open at once)."""
    toast = mpns.Toast(TEXT1, text2(0))
    async with winpush.AsyncClient(**options(job)) as client:
        await client.send(job.uri(0), toast)
        gc.collect()
        before = memory_kib("VmRSS")
        pairs = ((job.uri(number), toast) for number in range(job.sends))
        refused = [1 async for result in client.send_many(pairs, concurrency=job.concurrency) if not result.ok]
        await asyncio.sleep(0)
        gc.collect()
        after = memory_kib("VmRSS")
    record = {"sends": job.sends + 1, "errors": len(refused), "before_kib": before, "after_kib": after}
    sys.stdout.write(json.dumps(record) + "\n")


def report(meter: Meter, job: Job) -> None:
    """The line of JSON, with the versions of what had a part in it."""
    versions = {"winpush": winpush.__version__}
    if job.loop == "uvloop":
        versions["uvloop"] = version("uvloop")
    meter.report(job, **versions)


def main() -> None:
    """Does the job in the way that the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=["many", "send", "threads", "connections"])
    parser.add_argument("--read", choices=["all", "ok"], default="all", help="what is read of each result of `many`")
    job = Job.from_arguments(parser)
    if job.rest.way == "threads":
        threads(job)
    else:
        run_loop({"many": many, "send": send, "connections": connections}[job.rest.way](job), job.loop)


if __name__ == "__main__":
    main()
