"""A program whose threads are greenlets: prints what became of its sends, as JSON. Run by test_greenlets.py.

Arguments: `gevent` or `eventlet`, `early` or `late` (patched before or after winpush is imported), `uvloop` or
`stock`; then the emulator's port, a channel, a database and, as the file of its authority, the port and a channel of
its TLS.
"""
# ruff: noqa: E402 - what is imported when is what the program is about

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

LIBRARY, WHEN, LOOP, AUTHORITY, CHANNEL, DATABASE, CA = sys.argv[1:8]
Spawn = Callable[[Callable[[], Any], int], Iterable[Any]]


def patch() -> Spawn:
    """Patches the standard library; returns what calls a function in a number of greenlets at once."""
    if LIBRARY == "gevent":
        gevent, pool = importlib.import_module("gevent.monkey"), importlib.import_module("gevent.pool")
        gevent.patch_all()
        return lambda work, number: pool.Pool(number).imap_unordered(lambda _: work(), range(number))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and says so
        eventlet = importlib.import_module("eventlet")
    eventlet.monkey_patch()
    return lambda work, number: eventlet.GreenPool(number).imap(lambda _: work(), range(number))


if LOOP == "stock":
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # so that its import fails
if WHEN == "early":
    spawn = patch()

from winpush import AsyncClient, Client, Tls, wns
from winpush.delivery import Content, Outbox
from winpush.emulator.tokens import CLIENT_ID, CLIENT_SECRET, TENANT_ID

if WHEN == "late":
    spawn = patch()

TOAST = wns.Toast("Hello")
HOST, _, PORT = AUTHORITY.partition(":")
SCHEME = CHANNEL.partition(":")[0]
# By name, so that a name is resolved too: that is done in a thread.
LOGIN = wns.EntraCredentials(TENANT_ID, CLIENT_ID, CLIENT_SECRET, f"{SCHEME}://localhost:{PORT}")
OPTIONS: Any = {"wns": LOGIN, "allow_hosts": [AUTHORITY], "tls": Tls(ca=Path(CA)) if CA else None, "timeout": 60}


async def send_async() -> str:
    async with AsyncClient(**OPTIONS) as client:
        return (await client.send(CHANNEL, TOAST)).outcome.value


def deliver() -> str:
    with Outbox(f"sqlite:///{DATABASE}", **OPTIONS) as outbox:
        outbox.register({"uri": CHANNEL})
        number = outbox.broadcast(Content(wns=TOAST))
        while outbox.progress(number).state.value != "finished":
            time.sleep(0.01)
        return next(iter(outbox.progress(number).outcomes))


def deliver_until_idle() -> str:
    with Client(**OPTIONS) as other:
        other.send(CHANNEL, TOAST)
        outbox = Outbox(f"sqlite:///{DATABASE}.idle", **OPTIONS)
        outbox.register({"uri": CHANNEL})
        number = outbox.broadcast(Content(wns=TOAST))
        outbox.deliver_until_idle()
        outcome = next(iter(outbox.progress(number).outcomes))
        outbox.close()
        return outcome


def main() -> dict[str, object]:
    said: dict[str, object] = {}
    with Client(**OPTIONS) as client:
        said["send"] = client.send(CHANNEL, TOAST).outcome.value
        said["send_many"] = [result.outcome.value for result in client.send_many([(CHANNEL, TOAST)] * 5)]
        said["greenlets"] = [result.outcome.value for result in spawn(lambda: client.send(CHANNEL, TOAST), 5)]
        with Client(**OPTIONS) as second:
            said["second"] = [each.send(CHANNEL, TOAST).outcome.value for each in (second, client)]
        said["asyncio"] = asyncio.run(send_async())
        said["again"] = client.send(CHANNEL, TOAST).outcome.value
        said["outbox"] = deliver()
    said["until_idle"] = deliver_until_idle()
    return said


print(json.dumps(main()))  # noqa: T201 - its answer
