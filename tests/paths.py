"""The ways to send, so that one test can show the same fact on each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Unpack

from winpush import AsyncClient, Client, Result
from winpush.client.options import ClientOptions
from winpush.results import Notification
from winpush.transport.loops import new_event_loop

Send = Callable[[Iterable[tuple[str, Notification]], Any], list[Result]]


def send_async(pairs: Iterable[tuple[str, Notification]], **options: Unpack[ClientOptions]) -> list[Result]:
    async def run() -> list[Result]:
        before = len(asyncio.all_tasks())
        async with AsyncClient(**options) as client:
            results = [await client.send(uri, notification) for uri, notification in pairs]
        assert len(asyncio.all_tasks()) == before
        return results

    return asyncio.run(run())


def send_async_uvloop(pairs: Iterable[tuple[str, Notification]], **options: Unpack[ClientOptions]) -> list[Result]:
    async def run() -> list[Result]:
        async with AsyncClient(**options) as client:
            return [await client.send(uri, notification) for uri, notification in pairs]

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(run())


class LoopWithoutReaders(asyncio.SelectorEventLoop):
    """A loop that watches no files for others, as Windows's own: connections then go through its transports."""

    add_reader = asyncio.AbstractEventLoop.add_reader


def send_async_looped(pairs: Iterable[tuple[str, Notification]], **options: Unpack[ClientOptions]) -> list[Result]:
    async def run() -> list[Result]:
        async with AsyncClient(**options) as client:
            return [await client.send(uri, notification) for uri, notification in pairs]

    with asyncio.Runner(loop_factory=LoopWithoutReaders) as runner:
        return runner.run(run())


def send_sync(pairs: Iterable[tuple[str, Notification]], **options: Unpack[ClientOptions]) -> list[Result]:
    with Client(**options) as client:
        return [client.send(uri, notification) for uri, notification in pairs]


def send_sync_by_the_loop(pairs: Iterable[tuple[str, Notification]], **options: Unpack[ClientOptions]) -> list[Result]:
    """With a ceiling, a thread lends no connection: the loop's thread sends for it, as it does outside Linux."""
    options.setdefault("max_sends_per_second", 10_000.0)
    return send_sync(pairs, **options)


def send_many_async(pairs: Iterable[tuple[str, Notification]], **options: Unpack[ClientOptions]) -> list[Result]:
    async def run() -> list[Result]:
        before = len(asyncio.all_tasks())
        async with AsyncClient(**options) as client:
            results = [result async for result in client.send_many(pairs, concurrency=1)]
        assert len(asyncio.all_tasks()) == before
        return results

    return asyncio.run(run())


def send_many_sync(pairs: Iterable[tuple[str, Notification]], **options: Unpack[ClientOptions]) -> list[Result]:
    with Client(**options) as client:
        return list(client.send_many(pairs, concurrency=1))


PATHS: list[Callable[..., list[Result]]] = [
    send_async,
    send_async_uvloop,
    send_async_looped,
    send_sync,
    send_sync_by_the_loop,
    send_many_async,
    send_many_sync,
]


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop run until the condition holds; the test's own timeout ends a wait in vain."""
    while not condition():  # noqa: ASYNC110 - what is waited for happens in a server's thread
        await asyncio.sleep(0.001)


def open_files() -> int:
    """How many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Runs it on a loop of its own; a task that is left behind fails the test."""

    async def checked() -> None:
        await main()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, "a task was left behind"

    asyncio.run(checked())
