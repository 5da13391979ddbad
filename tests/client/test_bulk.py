"""send_many: each result has its key, the source is read no further than necessary, and nothing stops it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.client.ways import Sender, every_way
from tests.paths import run
from tests.servers import ACCEPTED, Peer, Server, closed_port
from tests.waiting import until
from winpush import AsyncClient, Client, ConfigurationError, Outcome, Result, ValidationError, mpns

TOAST = mpns.Toast("Bold", "normal")
pytestmark = pytest.mark.usefixtures("no_leaks")


class Text(str):
    """A text type such as those of template engines, arrays and ORMs."""


@every_way
def test_a_uri_may_be_of_a_subclass_of_str(send: Sender) -> None:
    with Server() as server:
        (result,) = send([(Text(server.uri()), TOAST)], {"allow_hosts": [server.authority]})
    assert result.ok


def test_send_many_ties_each_result_to_its_key() -> None:
    def echo(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            number = request.split(b" ")[1].rsplit(b"/", 1)[1]
            peer.send(ACCEPTED.replace(b"\r\n\r\n", b"\r\nX-MessageID: " + number + b"\r\n\r\n"))

    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_connections=7) as client:
            pairs = ((server.uri(str(n)), TOAST, n) for n in range(500))
            results = [result async for result in client.send_many(pairs)]
        assert sorted(result.key for result in results) == list(range(500))  # type: ignore[type-var]  # they are ints
        assert all(result.message_id == str(result.key) for result in results)

    with Server(echo) as server:
        run(main)
        with Client(allow_hosts=[server.authority], max_connections=7) as client:
            results = list(client.send_many((server.uri(str(n)), TOAST, n) for n in range(200)))
    assert sorted(result.message_id or "" for result in results) == sorted(str(n) for n in range(200))
    assert all(result.message_id == str(result.key) for result in results)


def test_send_many_takes_an_async_source() -> None:
    async def source() -> AsyncIterator[tuple[str, mpns.Toast]]:
        for n in range(100):
            await asyncio.sleep(0)
            yield server.uri(str(n)), TOAST

    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_connections=5) as client:
            assert [result.ok async for result in client.send_many(source(), concurrency=3)] == [True] * 100
            assert [result async for result in client.send_many([])] == []

    with Server() as server:
        run(main)


def test_send_many_takes_no_more_of_the_source_than_it_can_hold() -> None:
    taken = 0

    def source() -> Iterator[tuple[str, mpns.Toast]]:
        nonlocal taken
        while True:
            taken += 1
            yield server.uri(str(taken)), TOAST

    async def main() -> None:
        nonlocal taken
        async with AsyncClient(allow_hosts=[server.authority], max_connections=4) as client:
            stream = client.send_many(source(), concurrency=4)
            async for _ in stream:
                break
            await until(lambda: len(server.requests) > 8)  # the caller dawdles; the lanes go on as far as they may
            for _ in range(200):
                await asyncio.sleep(0)
            assert taken <= 20
            await stream.aclose()  # type: ignore[attr-defined]  # an async generator
            assert (await client.send(server.uri(), TOAST)).ok

    with Server() as server:
        run(main)
        taken = 0
        with Client(allow_hosts=[server.authority], max_connections=4) as client:
            for count, _ in enumerate(client.send_many(source(), concurrency=4)):
                assert taken <= count + 6
                if count == 50:
                    break
            assert client.send(server.uri(), TOAST).ok


def test_a_bad_channel_in_the_middle_is_a_result_and_stops_nothing() -> None:
    def pairs() -> list[tuple[str, mpns.Toast]]:
        bad = "http://evil.example/?notify.live.net"
        return [(server.uri("1"), TOAST), (bad, TOAST), (server.uri("2"), TOAST)]

    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority]) as client:
            check([result async for result in client.send_many(pairs())])

    def check(results: list[Result]) -> None:
        outcomes = Counter(result.outcome for result in results)
        assert outcomes == {Outcome.ACCEPTED: 2, Outcome.INVALID_CHANNEL: 1}

    with Server() as server:
        run(main)
        with Client(allow_hosts=[server.authority]) as client:
            check(list(client.send_many(pairs())))


def test_an_error_of_the_source_comes_after_the_results_so_far() -> None:
    def source() -> Iterator[tuple[str, mpns.Toast]]:
        yield server.uri("1"), TOAST
        yield server.uri("2"), TOAST
        raise KeyError("the database went away")

    async def main() -> None:
        results = []
        async with AsyncClient(allow_hosts=[server.authority]) as client:
            with pytest.raises(KeyError):  # noqa: PT012 - the loop is what raises
                async for result in client.send_many(source()):
                    results.append(result)
        assert [result.ok for result in results] == [True, True]

    with Server() as server:
        run(main)
        got = []
        with Client(allow_hosts=[server.authority]) as client, pytest.raises(KeyError):  # noqa: PT012 - the same
            for result in client.send_many(source()):
                got.append(result)
    assert [result.ok for result in got] == [True, True]


def test_send_many_survives_a_host_that_refuses_everything() -> None:
    with closed_port() as port:
        uri = f"http://127.0.0.1:{port}/throttledthirdparty/01.00/"

        async def main() -> None:
            async with AsyncClient(allow_hosts=[f"127.0.0.1:{port}"]) as client:
                results = [result async for result in client.send_many((uri + str(n), TOAST) for n in range(2000))]
            assert Counter(result.outcome for result in results) == {Outcome.CONNECT_FAILED: 2000}

        run(main)


class Unpacked:
    """Neither an item nor anything that can be inspected."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize("concurrency", [1, 2, None])
@pytest.mark.parametrize(
    "mistake", [None, "uri", ("uri", mpns.Toast), ("uri", None), ("uri",), 7, Unpacked()], ids=lambda _: ""
)
def test_what_is_no_item_is_told_after_the_results_so_far(mistake: object, concurrency: int | None) -> None:
    def items() -> list[Any]:
        given: Any = (server.uri("2"), *mistake[1:]) if isinstance(mistake, tuple) else mistake
        return [(server.uri("1"), TOAST), given, (server.uri("3"), TOAST)]

    async def stream() -> AsyncIterator[Any]:
        for item in items():
            yield item

    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority]) as client:
            for source in (items(), stream()):
                results = []
                with pytest.raises((ValidationError, RuntimeError)) as caught:  # noqa: PT012 - the loop is what raises
                    async for result in client.send_many(source, concurrency=concurrency):
                        results.append(result.ok)
                assert results == [True]
                assert server.uri("2") not in str(caught.value)

    with Server() as server:
        run(main)
        got = []
        with Client(allow_hosts=[server.authority]) as client:
            with pytest.raises((ValidationError, RuntimeError)):  # noqa: PT012 - the same
                for result in client.send_many(items(), concurrency=concurrency):
                    got.append(result.ok)
            with pytest.raises(ValidationError, match="the class Toast: make one"):
                client.send(server.uri(), mpns.Toast)  # type: ignore[arg-type]  # the mistake
        assert got == [True]
        assert len(server.requests) == 3  # the first item's, of each run


def test_an_async_source_whose_own_task_was_cancelled_ends_in_its_error() -> None:
    async def source() -> AsyncIterator[tuple[str, mpns.Toast]]:
        yield server.uri(), TOAST
        raise asyncio.CancelledError

    async def main() -> None:
        results = []
        async with AsyncClient(allow_hosts=[server.authority]) as client:
            with pytest.raises(asyncio.CancelledError):  # noqa: PT012 - the loop is what raises
                async for result in client.send_many(source()):
                    results.append(result.ok)
        assert results == [True]

    with Server() as server:
        run(main)


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5])
def test_a_concurrency_that_is_none_is_refused(concurrency: int) -> None:
    with Client() as client, pytest.raises(ConfigurationError, match="concurrency"):
        client.send_many([], concurrency=concurrency)
