"""The ways to send, so that one test covers each of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Unpack

from tests.waiting import PATIENCE
from winpush import AsyncClient, Client, Result
from winpush.client.options import ClientOptions
from winpush.results import Notification
from winpush.transport.loops import new_event_loop

__all__ = ["PATHS", "LoopWithoutReaders", "open_files", "run"]

Pair = tuple[str, Notification]
Way = Callable[..., list[Result]]
"""Sends pairs with a client of these options, which may have all the time in the world unless they say otherwise."""


def _app_of(item: Sequence[Any]) -> str | None:
    """The app, which is the last of an item's four values."""
    return item[3] if len(item) == 4 else None


def _patient(options: ClientOptions) -> ClientOptions:
    return {"timeout": PATIENCE, "connect_timeout": PATIENCE, **options}


async def _one_by_one(client: AsyncClient, pairs: Iterable[Pair]) -> list[Result]:
    return [await client.send(pair[0], pair[1], app=_app_of(pair)) for pair in pairs]


async def _as_many(client: AsyncClient, pairs: Iterable[Pair]) -> list[Result]:
    return [result async for result in client.send_many(pairs, concurrency=1)]


async def _send(
    send: Callable[[AsyncClient, Iterable[Pair]], Awaitable[list[Result]]],
    pairs: Iterable[Pair],
    options: ClientOptions,
    before: Sequence[Pair],
    after: Sequence[Pair],
) -> list[Result]:
    tasks = len(asyncio.all_tasks())
    async with AsyncClient(**_patient(options)) as client:
        results = [await client.send(*pair, timeout=PATIENCE) for pair in before]
        results += await send(client, pairs)
        results += [await client.send(*pair, timeout=PATIENCE) for pair in after]
    assert len(asyncio.all_tasks()) == tasks, "a task was left behind"
    return results


class LoopWithoutReaders(asyncio.SelectorEventLoop):
    """A loop that watches no sockets for its users, like the one on Windows: connections then use its transports."""

    add_reader = asyncio.AbstractEventLoop.add_reader


def send_async(
    pairs: Iterable[Pair], before: Sequence[Pair] = (), after: Sequence[Pair] = (), **options: Unpack[ClientOptions]
) -> list[Result]:
    return asyncio.run(_send(_one_by_one, pairs, options, before, after))


def send_async_uvloop(
    pairs: Iterable[Pair], before: Sequence[Pair] = (), after: Sequence[Pair] = (), **options: Unpack[ClientOptions]
) -> list[Result]:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_send(_one_by_one, pairs, options, before, after))


def send_async_looped(
    pairs: Iterable[Pair], before: Sequence[Pair] = (), after: Sequence[Pair] = (), **options: Unpack[ClientOptions]
) -> list[Result]:
    with asyncio.Runner(loop_factory=LoopWithoutReaders) as runner:
        return runner.run(_send(_one_by_one, pairs, options, before, after))


def send_many_async(
    pairs: Iterable[Pair], before: Sequence[Pair] = (), after: Sequence[Pair] = (), **options: Unpack[ClientOptions]
) -> list[Result]:
    return asyncio.run(_send(_as_many, pairs, options, before, after))


def send_sync(
    pairs: Iterable[Pair], before: Sequence[Pair] = (), after: Sequence[Pair] = (), **options: Unpack[ClientOptions]
) -> list[Result]:
    with Client(**_patient(options)) as client:
        results = [client.send(*pair, timeout=PATIENCE) for pair in before]
        results += [client.send(pair[0], pair[1], app=_app_of(pair)) for pair in pairs]
        return results + [client.send(*pair, timeout=PATIENCE) for pair in after]


def send_sync_by_the_loop(
    pairs: Iterable[Pair], before: Sequence[Pair] = (), after: Sequence[Pair] = (), **options: Unpack[ClientOptions]
) -> list[Result]:
    """With a ceiling, a thread lends no connection: the loop's thread sends for it, as it does outside Linux."""
    options.setdefault("max_sends_per_second", 10_000.0)
    return send_sync(pairs, before, after, **options)


def send_many_sync(
    pairs: Iterable[Pair], before: Sequence[Pair] = (), after: Sequence[Pair] = (), **options: Unpack[ClientOptions]
) -> list[Result]:
    with Client(**_patient(options)) as client:
        results = [client.send(*pair, timeout=PATIENCE) for pair in before]
        results += client.send_many(pairs, concurrency=1)
        return results + [client.send(*pair, timeout=PATIENCE) for pair in after]


PATHS: list[Way] = [
    send_async,
    send_async_uvloop,
    send_async_looped,
    send_sync,
    send_sync_by_the_loop,
    send_many_async,
    send_many_sync,
]


def open_files() -> int:
    """How many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Runs it on a new loop; a task that is left behind fails the test."""

    async def checked() -> None:
        await main()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, "a task was left behind"

    asyncio.run(checked())
