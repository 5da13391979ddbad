"""send_many to several hosts: one that hangs doesn't delay the others, and its own sends end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.servers import Server, hold
from tests.still_time import run_still, still
from tests.waiting import PATIENCE, until
from winpush import AsyncClient, Outcome, Result, mpns

TOAST = mpns.Toast("Bold", "normal")
TIMEOUT = 12.0
HANGS = TIMEOUT / 3
Pair = tuple[str, mpns.Toast, Server]

pytestmark = pytest.mark.usefixtures("no_leaks")


def in_turn(number: int, *servers: Server) -> list[Pair]:
    return [(server.uri(str(n)), TOAST, server) for n in range(number) for server in servers]


def targets(results: list[Result]) -> set[str]:
    return {result.channel.target for result in results if result.channel is not None}


def asked(server: Server) -> set[str]:
    return {request.split(b" ")[1].decode() for request in server.requests}


def test_the_others_are_sent_to_while_a_host_hangs() -> None:
    async def main() -> tuple[list[Result], list[Result]]:
        hosts = [slow.authority, fast.authority]
        limits = {"max_connections": 20, "max_connections_per_host": 5}
        async with AsyncClient(allow_hosts=hosts, timeout=TIMEOUT, **limits) as client:  # type: ignore[arg-type]  # a plain dict
            with still() as hands:
                stream = aiter(client.send_many(in_turn(60, slow, fast), concurrency=20))
                first = [await anext(stream) for _ in range(60)]
                last = asyncio.ensure_future(rest(stream))
                await hands.advance_until(last.done)
        return first, last.result()

    with Server(hold) as slow, Server() as fast:
        first, last = run_still(main)
    assert Counter((result.key, result.outcome) for result in first) == {(fast, Outcome.ACCEPTED): 60}
    assert Counter((result.key, result.outcome) for result in last) == {(slow, Outcome.TIMED_OUT): 60}


async def rest(stream: AsyncIterator[Result]) -> list[Result]:
    return [result async for result in stream]


def test_when_no_more_can_wait_for_a_host_that_hangs_the_rest_is_told_to_come_later() -> None:
    """Of 150 for the host that hangs 5 are in flight and 40 may wait, when it has answered nothing for long."""
    results: list[Result] = []

    async def main() -> None:
        hosts = [slow.authority, fast.authority]
        limits = {"max_connections": 10, "max_connections_per_host": 5}
        async with AsyncClient(allow_hosts=hosts, timeout=TIMEOUT, **limits) as client:  # type: ignore[arg-type]  # a plain dict
            with still() as hands:

                async def source() -> AsyncIterator[Pair]:
                    for pair in in_turn(45, slow, fast):
                        yield pair
                    await until(lambda: len(slow.requests) == 5 and len(results) == 45)
                    await hands.advance(HANGS + 1)
                    for pair in in_turn(150, slow, fast)[90:]:
                        yield pair

                async def collect() -> None:
                    async for result in client.send_many(source(), concurrency=10):
                        results.append(result)

                run = asyncio.ensure_future(collect())
                await until(lambda: sum(result.ok for result in results) == 150)
                await hands.advance_until(run.done)
                await run

    with Server(hold) as slow, Server() as fast:
        run_still(main)
    assert len(results) == 300
    assert Counter(result.ok for result in results if result.key is fast) == {True: 150}
    refused = [result for result in results if "doesn't answer" in result.explanation]
    assert refused
    assert {(result.outcome, result.may_have_arrived, result.key) for result in refused} == {
        (Outcome.TIMED_OUT, False, slow)
    }
    assert all(result.retry_after is not None for result in refused)
    assert not asked(slow) & targets([result for result in results if not result.may_have_arrived])


def test_what_waits_for_full_hosts_does_not_raise_the_number_in_flight() -> None:
    async def main() -> None:
        hosts = [one.authority, two.authority]
        limits = {"max_connections": 30, "max_connections_per_host": 8}
        async with AsyncClient(allow_hosts=hosts, timeout=TIMEOUT, **limits) as client:  # type: ignore[arg-type]  # a plain dict
            with still() as hands:
                stream = aiter(client.send_many([*in_turn(40, one), *in_turn(40, two)], concurrency=10))
                first = asyncio.ensure_future(anext(stream))
                await until(lambda: len(one.requests) + len(two.requests) >= 10)
                await hands.advance(TIMEOUT / 2)
                assert (len(one.requests), len(two.requests)) == (8, 2)
                await hands.advance_until(first.done)
                await stream.aclose()  # type: ignore[attr-defined]  # an async generator

    with Server(hold) as one, Server(hold) as two:
        run_still(main)


def test_many_more_than_a_host_takes_at_once_all_arrive() -> None:
    async def main() -> list[Result]:
        hosts = [server.authority, other.authority]
        limits = {"max_connections": 50, "max_connections_per_host": 3}
        async with AsyncClient(allow_hosts=hosts, timeout=PATIENCE, **limits) as client:  # type: ignore[arg-type]  # a plain dict
            pairs = [*in_turn(1500, server), *in_turn(20, other)]
            return [result async for result in client.send_many(pairs, concurrency=50)]

    with Server() as server, Server() as other:
        results = asyncio.run(main())
    assert Counter(result.outcome for result in results) == {Outcome.ACCEPTED: 1520}
    assert server.connections <= 3
    assert Counter(result.channel.target for result in results if result.channel) == Counter(
        request.split(b" ")[1].decode() for request in [*server.requests, *other.requests]
    )
