"""The ways to send many, each of them with a client of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from winpush import (
    AsyncClient,
    Client,
    Result,
)
from winpush.client.options import ClientOptions
from winpush.transport.loops import new_event_loop

Sender = Callable[..., list[Result]]


def app_of(rest: list[Any]) -> str | None:
    """The app of an item, after its URI and its notification."""
    return rest[1] if len(rest) == 2 else None


def send_each(pairs: list[Any], options: ClientOptions) -> list[Result]:
    with Client(**options) as client:
        return [client.send(uri, notification, app=app_of(rest)) for uri, notification, *rest in pairs]


def send_many(pairs: list[Any], options: ClientOptions) -> list[Result]:
    with Client(**options) as client:
        return list(client.send_many(pairs))


def send_gathered(pairs: list[Any], options: ClientOptions) -> list[Result]:
    async def main() -> list[Result]:
        async with AsyncClient(**options) as client:
            sends = [client.send(uri, notification, app=app_of(rest)) for uri, notification, *rest in pairs]
            return list(await asyncio.gather(*sends))

    return asyncio.run(main())


def send_streamed(pairs: list[Any], options: ClientOptions) -> list[Result]:
    async def main() -> list[Result]:
        async with AsyncClient(**options) as client:
            return [result async for result in client.send_many(pairs)]

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main())


SENDERS = [send_each, send_many, send_gathered, send_streamed]
every_way = pytest.mark.parametrize("send", SENDERS, ids=lambda send: send.__name__)
