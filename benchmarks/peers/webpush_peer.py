"""Web Push from Python: winpush's ways, and pywebpush's.

    webpush_peer.py WAY --url … --sends … --warmup … --subscriptions FILE --key FILE --ca FILE

The file holds subscriptions as JSON, one a line; sends take them in turn.
"""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from driver import Job, Meter, run_loop, version

PAYLOAD = json.dumps({"title": "Hello", "body": "World " * 10})
SUBJECT = "mailto:ops@example.com"


def given(job: Job) -> list[dict[str, Any]]:
    """The subscriptions, as a browser gave them."""
    return [json.loads(line) for line in Path(job.rest.subscriptions).read_text().splitlines()]


def by_winpush(job: Job, *, reuse: bool) -> None:
    """send_many, each result looked at."""
    import winpush
    from winpush import webpush

    message = webpush.Message(PAYLOAD)
    host = job.url.partition("://")[2]
    here = [webpush.Subscription.of(each, allow_hosts=[host]) for each in given(job)]
    keys = webpush.VapidKeys.parse(Path(job.rest.key).read_bytes(), SUBJECT)
    options: winpush.client.options.ClientOptions = {
        "webpush": keys, "webpush_reuse_keys": reuse, "allow_hosts": [host], "tls": winpush.Tls(ca=job.ca),
    }  # fmt: skip

    async def main() -> None:
        meter = Meter()
        async with winpush.AsyncClient(**options) as client:

            async def send(numbers: range) -> None:
                pairs = ((here[number % len(here)], message) for number in numbers)
                async for result in client.send_many(pairs, concurrency=job.concurrency):
                    meter.check("", "" if result.ok else None)

            await send(range(job.warmup))
            meter.start()
            await send(range(job.warmup, job.warmup + job.sends))
            meter.stop()
        meter.report(job, winpush=winpush.__version__)

    run_loop(main(), job.loop)


def by_pywebpush(job: Job, *, session: bool) -> None:
    """From threads, as a blocking library is used for many; with `session` each thread keeps its connections."""
    import pywebpush
    import requests
    from py_vapid import Vapid02

    os.environ["REQUESTS_CA_BUNDLE"] = job.ca or ""
    here, key, meter = given(job), Vapid02.from_file(job.rest.key), Meter()

    def work(numbers: Iterable[int]) -> int:
        own, failed = requests.Session() if session else None, 0
        for number in numbers:
            answer = pywebpush.webpush(
                here[number % len(here)], data=PAYLOAD, vapid_private_key=key, vapid_claims={"sub": SUBJECT}, ttl=60,
                requests_session=own, timeout=30,
            )  # fmt: skip
            failed += not answer.ok
        return failed

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda lane: work(range(lane, job.warmup, 16)), range(16)))
        meter.start()
        meter.errors = sum(threads.map(lambda lane: work(range(lane, job.sends, 16)), range(16)))
        meter.stop()
    meter.report(job, pywebpush=version("pywebpush"))


def by_pywebpush_async(job: Job) -> None:
    """webpush_async over one aiohttp session, from as many tasks as sends may be in flight."""
    import aiohttp
    import pywebpush
    from py_vapid import Vapid02

    here, key, meter = given(job), Vapid02.from_file(job.rest.key), Meter()

    async def main() -> None:
        connector = aiohttp.TCPConnector(ssl=job.ssl_context(), limit=job.concurrency)  # type: ignore[arg-type]  # TLS
        async with aiohttp.ClientSession(connector=connector) as session:

            async def work(numbers: Iterable[int]) -> None:
                for number in numbers:
                    answer = await pywebpush.webpush_async(
                        here[number % len(here)], data=PAYLOAD, vapid_private_key=key, vapid_claims={"sub": SUBJECT},
                        ttl=60, aiohttp_session=session,
                    )  # fmt: skip
                    meter.errors += answer.status > 202

            async def all_of(number: int) -> None:
                shared = iter(range(number))
                await asyncio.gather(*[work(shared) for _ in range(job.concurrency)])

            await all_of(job.warmup)
            meter.start()
            await all_of(job.sends)
            meter.stop()
        meter.report(job, pywebpush=version("pywebpush"), aiohttp=version("aiohttp"))

    run_loop(main(), job.loop)


WAYS = {
    "winpush": lambda job: by_winpush(job, reuse=False),
    "winpush-reuse": lambda job: by_winpush(job, reuse=True),
    "pywebpush": lambda job: by_pywebpush(job, session=False),
    "pywebpush-session": lambda job: by_pywebpush(job, session=True),
    "webpush-async": by_pywebpush_async,
}


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("way", choices=WAYS)
    options.add_argument("--subscriptions", required=True)
    options.add_argument("--key", required=True)
    todo = Job.from_arguments(options)
    WAYS[todo.rest.way](todo)
