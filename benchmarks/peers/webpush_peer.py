"""Web Push from Python: winpush's ways, and pywebpush's as its readme calls it: with the key's file for each message.

    webpush_peer.py WAY --url … --sends … --warmup … --subscriptions FILE --key FILE --ca FILE

The file holds subscriptions as JSON, one a line; sends take them in turn.
"""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterable
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


def by_outbox(job: Job) -> None:
    """A broadcast from a running outbox, with its history, from storing it to the last outcome; the second of two, with
    the connections of the first."""
    import winpush
    from winpush import webpush
    from winpush.delivery import DeliveryState, Outbox, Registration

    message, host, meter = webpush.Message(PAYLOAD), job.url.partition("://")[2], Meter()
    keys = webpush.VapidKeys.parse(Path(job.rest.key).read_bytes(), SUBJECT)
    rows = (Registration.of_subscription(each, allow_hosts=[host]) for each in given(job)[: job.sends])
    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox(
            f"sqlite:///{folder}/push.db", webpush=keys, allow_hosts=[host], tls=winpush.Tls(ca=job.ca),
            max_connections=job.concurrency, max_connections_per_host=job.concurrency,
        )  # fmt: skip
        outbox.register_many(rows)
        with outbox:
            await_end(outbox, outbox.broadcast(message))
            meter.start()
            number = outbox.broadcast(message)
            await_end(outbox, number)
            meter.stop()
            meter.errors = job.sends - outbox.progress(number).states.get(DeliveryState.DELIVERED, 0)
    meter.report(job, winpush=winpush.__version__)


def await_end(outbox: Any, number: int) -> None:
    """Looks now and then, as a user would: it costs next to nothing."""
    while outbox.progress(number).state.value == "running":
        time.sleep(0.1)


def by_encryption(job: Job) -> None:
    """Nothing is sent: what a message's encryption costs, and the bare calls of OpenSSL in it, in microseconds."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from winpush import webpush

    host = job.url.partition("://")[2]
    here = [webpush.Subscription.of(each, allow_hosts=[host]) for each in given(job)[:500]]
    curve, payload, salt = ec.SECP256R1(), PAYLOAD.encode(), os.urandom(16)

    def encrypted(to: webpush.Subscription) -> bytes:
        return webpush.encrypt(payload, webpush.make_material(to, ec.generate_private_key(curve)), os.urandom(16))

    kept = webpush.make_material(here[0], ec.generate_private_key(curve))
    measured = {
        "encrypt": lambda: [encrypted(each) for each in here],
        "bare": lambda: [bare(each, payload) for each in here],
        "kept": lambda: [webpush.encrypt(payload, kept, salt) for _ in here],
    }
    best = dict.fromkeys(measured, math.inf)
    for _ in range(job.sends):
        for name, measure in measured.items():  # in turn, so that a busy moment is everybody's
            began = time.process_time()
            measure()
            best[name] = min(best[name], (time.process_time() - began) / len(here) * 1e6)
    sys.stdout.write(json.dumps({**best, "errors": 0}) + "\n")


def bare(to: Any, payload: bytes) -> None:
    """What OpenSSL has to do for a message, and nothing around it: the calls of `cryptography`, and five HMACs."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    curve = ec.SECP256R1()
    own = ec.generate_private_key(curve)
    own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, to.p256dh))
    for _ in range(5):
        hmac.digest(to.auth, shared, "sha256")
    AESGCM(to.auth).encrypt(shared[:12], payload, None)


def by_pywebpush(job: Job, *, session: bool, authorities: bool) -> None:
    """One call after the other; with `session` they share connections. With `authorities` the server is verified with
    all that the library trusts by default, and the stub's; else with the stub's alone."""
    import certifi
    import pywebpush
    import requests

    trusted = Path(job.ca or "")
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as bundle:
        bundle.write((Path(certifi.where()).read_text() if authorities else "") + trusted.read_text())
        bundle.flush()
        os.environ["REQUESTS_CA_BUNDLE"] = bundle.name
        here, meter = given(job), Meter()
        own = requests.Session() if session else None

        def work(number: int) -> None:
            for each in range(number):
                answer = pywebpush.webpush(
                    here[each % len(here)], data=PAYLOAD, vapid_private_key=job.rest.key,
                    vapid_claims={"sub": SUBJECT}, ttl=60, requests_session=own, timeout=30,
                )  # fmt: skip
                meter.errors += not answer.ok

        work(job.warmup)
        meter.start()
        work(job.sends)
        meter.stop()
    meter.report(job, pywebpush=version("pywebpush"))


def by_pywebpush_async(job: Job) -> None:
    """webpush_async over one aiohttp session, from as many tasks as sends may be in flight."""
    import aiohttp
    import pywebpush

    here, meter = given(job), Meter()

    async def main() -> None:
        connector = aiohttp.TCPConnector(ssl=job.ssl_context(), limit=job.concurrency)  # type: ignore[arg-type]  # TLS
        async with aiohttp.ClientSession(connector=connector) as session:

            async def work(numbers: Iterable[int]) -> None:
                for number in numbers:
                    answer = await pywebpush.webpush_async(
                        here[number % len(here)], data=PAYLOAD, vapid_private_key=job.rest.key,
                        vapid_claims={"sub": SUBJECT}, ttl=60, aiohttp_session=session,
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
    "winpush-outbox": by_outbox,
    "encryption": by_encryption,
    "pywebpush": lambda job: by_pywebpush(job, session=False, authorities=True),
    "pywebpush-one": lambda job: by_pywebpush(job, session=False, authorities=False),
    "pywebpush-session": lambda job: by_pywebpush(job, session=True, authorities=True),
    "webpush-async": by_pywebpush_async,
}


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("way", choices=WAYS)
    options.add_argument("--subscriptions", required=True)
    options.add_argument("--key", required=True)
    todo = Job.from_arguments(options)
    WAYS[todo.rest.way](todo)
