"""send_many to several hosts: one that hangs holds up neither the others nor itself for ever."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.servers import Server, hold
from winpush import AsyncClient, Outcome, Result, mpns

TOAST = mpns.Toast("Bold", "normal")
pytestmark = pytest.mark.usefixtures("no_leaks")


def in_turn(number: int, *servers: Server) -> list[tuple[str, mpns.Toast, Server]]:
    return [(server.uri(str(n)), TOAST, server) for n in range(number) for server in servers]


async def send_all(pairs: list[tuple[str, mpns.Toast, Server]], **options: float) -> list[Result]:
    hosts = {server.authority for _, _, server in pairs}
    concurrency = int(options.pop("concurrency"))
    async with AsyncClient(allow_hosts=hosts, **options) as client:  # type: ignore[arg-type]  # a plain dict
        return [result async for result in client.send_many(pairs, concurrency=concurrency)]


def test_the_others_are_sent_to_while_a_host_hangs() -> None:
    with Server(hold) as slow, Server() as fast:
        pairs = in_turn(60, slow, fast)
        options = {"concurrency": 20, "max_connections": 20, "max_connections_per_host": 5, "timeout": 1.0}
        results = asyncio.run(send_all(pairs, **options))
    assert [result.key for result in results[:60]] == [fast] * 60
    assert all(result.ok for result in results[:60])
    assert {result.outcome for result in results[60:]} == {Outcome.TIMED_OUT}
    assert len(results) == 120


def test_when_no_more_can_wait_for_a_host_that_hangs_the_rest_is_told_to_come_later() -> None:
    with Server(hold) as slow, Server() as fast:
        pairs = in_turn(150, slow, fast)
        options = {"concurrency": 10, "max_connections": 10, "max_connections_per_host": 5, "timeout": 1.0}
        results = asyncio.run(send_all(pairs, **options))
        taken = len(slow.requests)
    assert len(results) == 300
    assert Counter(result.ok for result in results if result.key is fast) == {True: 150}
    refused = [result for result in results if "answers nothing" in result.explanation]
    assert refused
    assert {(result.outcome, result.may_have_arrived, result.key) for result in refused} == {
        (Outcome.TIMED_OUT, False, slow)
    }
    assert all(result.retry_after is not None for result in refused)
    assert taken == sum(result.may_have_arrived for result in results if result.key is slow)


def test_what_waits_for_full_hosts_does_not_raise_the_number_in_flight() -> None:
    async def first_result() -> int:
        options = {"max_connections": 30, "max_connections_per_host": 8, "timeout": 0.6}
        async with AsyncClient(allow_hosts=[one.authority, two.authority], **options) as client:  # type: ignore[arg-type]  # a plain dict
            async for _ in client.send_many(in_turn(40, one, two), concurrency=10):
                break
            return len(one.requests) + len(two.requests)

    with Server(hold) as one, Server(hold) as two:
        assert asyncio.run(first_result()) <= 10


def test_many_more_than_a_host_takes_at_once_all_arrive() -> None:
    with Server() as server, Server() as other:
        options = {"concurrency": 50, "max_connections": 50, "max_connections_per_host": 3, "timeout": 20}
        results = asyncio.run(send_all([*in_turn(1500, server), *in_turn(20, other)], **options))
    assert Counter(result.outcome for result in results) == {Outcome.ACCEPTED: 1520}
    assert server.connections <= 3
    assert sorted(result.channel.target for result in results if result.channel) == sorted(
        request.split(b" ")[1].decode() for request in [*server.requests, *other.requests]
    )
