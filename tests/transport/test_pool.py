"""The pool: its limits, its queues, cancelling, closing, and that each send has exactly one Result."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from tests.conftest import Certificates
from tests.paths import open_files, until
from tests.servers import ACCEPTED, Peer, Server, accept_all, closed_port
from winpush import AsyncClient, Client, ClientClosedError, ConfigurationError, Outcome, Result, mpns

TOAST = mpns.Toast("Bold", "normal")

pytestmark = pytest.mark.usefixtures("no_leaks")


def hold(peer: Peer) -> None:
    """Reads requests and never answers."""
    while peer.read_request() is not None:
        pass


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def checked() -> None:
        await main()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, "a task was left behind"

    asyncio.run(checked())


def test_concurrent_sends_share_connections_within_the_limit() -> None:
    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_connections=8) as client:
            results = await asyncio.gather(*[client.send(server.uri(str(n)), TOAST) for n in range(300)])
        assert all(result.ok for result in results)

    with Server() as server:
        run(main)
        assert server.connections <= 8
        assert len(server.requests) == 300


def test_connections_are_kept_alive_over_tls_too(certificates: Certificates) -> None:
    with Server(accept_all, certificates.server()) as server:
        with Client(allow_hosts=[server.authority], tls=certificates.tls) as client:
            assert all(client.send(server.uri(), TOAST).ok for _ in range(20))
        assert server.connections == 1


def test_300_sends_over_8_connections_that_are_cut_at_random_each_end_in_one_result() -> None:
    chance = random.Random(20260)  # noqa: S311 - repeatable, not secret

    def unreliable(peer: Peer) -> None:
        while peer.read_request() is not None:
            fate = chance.random()
            if fate < 0.1:
                peer.reset()
                return
            if fate < 0.2:
                return
            if fate < 0.3:
                peer.send(ACCEPTED[:50])
                return
            peer.send(ACCEPTED)

    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_connections=8, timeout=20) as client:
            sends = [client.send(server.uri(f"channel-{n}"), TOAST) for n in range(300)]
            results = await asyncio.gather(*sends)
        outcomes = Counter(result.outcome for result in results)
        assert outcomes.total() == 300
        assert set(outcomes) <= {Outcome.ACCEPTED, Outcome.ANSWER_LOST}
        assert outcomes[Outcome.ACCEPTED] > 0
        assert outcomes[Outcome.ANSWER_LOST] > 0

    with Server(unreliable) as server:
        run(main)
        seen = Counter(request.split(b" ")[1] for request in server.requests)
    # Once a byte has left, a send is not repeated: no channel was written to twice.
    assert set(seen.values()) == {1}


def test_a_cancelled_send_leaves_the_client_usable_wherever_it_was() -> None:
    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_connections=1) as client:
            waiting = asyncio.create_task(client.send(server.uri("waiting"), TOAST))
            queued = asyncio.create_task(client.send(server.uri("queued"), TOAST))
            await until(lambda: bool(server.requests))
            for task in (queued, waiting):
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            server.behaviour = accept_all
            assert (await client.send(server.uri("next"), TOAST)).ok

    with Server(hold) as server:
        run(main)
        assert len(server.requests) == 2  # the queued one was never sent


def test_a_send_cancelled_while_connecting_leaves_the_client_usable() -> None:
    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority]) as client:
            connecting = asyncio.create_task(client.send(server.uri("first"), TOAST))
            await asyncio.sleep(0)
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert (await client.send(server.uri("next"), TOAST)).ok

    with Server() as server:
        run(main)
    assert [b"next" in request for request in server.requests] == [True]


def test_a_send_cancelled_while_the_service_reads_nothing_is_given_up() -> None:
    arrived = threading.Event()
    release = threading.Event()

    def never_read(peer: Peer) -> None:
        peer.sock.recv(1, socket.MSG_PEEK)
        arrived.set()
        release.wait(30)

    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_connections=1) as client:
            task = asyncio.create_task(client.send(server.uri("x"), TOAST))
            await until(arrived.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            release.set()
            server.behaviour = accept_all
            assert (await client.send(server.uri("next"), TOAST)).ok

    with Server(never_read) as server:
        run(main)


def test_closing_the_client_ends_what_is_in_flight_and_what_waits() -> None:
    async def main() -> None:
        client = AsyncClient(allow_hosts=[server.authority], max_connections=2)
        tasks = [asyncio.create_task(client.send(server.uri(str(n)), TOAST)) for n in range(10)]
        await until(lambda: len(server.requests) >= 2)
        await client.aclose()
        results = await asyncio.gather(*tasks)
        assert {result.outcome for result in results} == {Outcome.ABORTED}
        assert sum(result.may_have_arrived for result in results) == 2
        with pytest.raises(ClientClosedError):
            await client.send(server.uri(), TOAST)
        await client.aclose()

    with Server(hold) as server:
        run(main)


def test_closing_the_synchronous_client_ends_what_other_threads_wait_for() -> None:
    outcomes: list[Outcome] = []
    with Server(hold) as server:
        client = Client(allow_hosts=[server.authority])
        threads = [
            threading.Thread(target=lambda n=n: outcomes.append(client.send(server.uri(str(n)), TOAST).outcome))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        while len(server.requests) < 4:
            pass
        client.close()
        for thread in threads:
            thread.join()
    assert outcomes == [Outcome.ABORTED] * 4
    with pytest.raises(ClientClosedError):
        client.send(server.uri(), TOAST)


def test_a_client_of_another_loop_says_what_to_do() -> None:
    async def send() -> None:
        await client.send(server.uri(), TOAST)

    with Server() as server:
        client = AsyncClient(allow_hosts=[server.authority])

        async def first() -> None:
            await client.send(server.uri(), TOAST)
            await client._sender.close()  # type: ignore[union-attr]  # ends the sockets, not the client

        asyncio.run(first())
        with pytest.raises(ClientClosedError, match="one client for each loop"):
            asyncio.run(send())


def test_a_host_that_hangs_holds_only_its_own_connections() -> None:
    async def main() -> None:
        options = {"allow_hosts": [slow.authority, fast.authority], "timeout": 5}
        async with AsyncClient(**options, max_connections=10, max_connections_per_host=5) as client:  # type: ignore[arg-type]  # a plain dict
            hanging = [asyncio.create_task(client.send(slow.uri(str(n)), TOAST)) for n in range(50)]
            await until(lambda: len(slow.requests) >= 5)
            results = await asyncio.gather(*[client.send(fast.uri(str(n)), TOAST) for n in range(200)])
            assert all(result.ok for result in results)
            assert not any(task.done() for task in hanging)
            for task in hanging:
                task.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)
        assert len(slow.requests) == 5

    with Server(hold) as slow, Server() as fast:
        run(main)


def test_a_full_pool_makes_room_for_another_host() -> None:
    async def main() -> None:
        hosts = [one.authority, two.authority]
        async with AsyncClient(allow_hosts=hosts, max_connections=2) as client:
            for server in (one, two, one, two):
                assert (await client.send(server.uri(), TOAST)).ok
            both = [client.send(server.uri(str(n)), TOAST) for n in range(100) for server in (one, two)]
            assert all(result.ok for result in await asyncio.gather(*both))

    with Server() as one, Server() as two:
        run(main)


def test_an_unsolicited_answer_is_never_taken_for_the_next_one() -> None:
    spoken = threading.Event()

    def talkative(peer: Peer) -> None:
        if peer.number > 1:
            accept_all(peer)
            return
        peer.read_request()
        peer.send(ACCEPTED)
        peer.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-SubscriptionStatus: Expired\r\n\r\n")
        spoken.set()
        peer.wait_for_close()

    with Server(talkative) as server, Client(allow_hosts=[server.authority]) as client:
        assert client.send(server.uri(), TOAST).ok
        spoken.wait(5)
        assert client.send(server.uri(), TOAST).ok


# --- send_many --------------------------------------------------------------------------------------------------


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
            for _ in range(200):  # the caller dawdles; the lanes go on as far as they may
                await asyncio.sleep(0.001)
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


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5])
def test_a_concurrency_that_is_none_is_refused(concurrency: int) -> None:
    with Client() as client, pytest.raises(ConfigurationError, match="concurrency"):
        client.send_many([], concurrency=concurrency)


def test_a_forked_child_gets_connections_of_its_own(no_leaks: Callable[[], None]) -> None:
    import os

    with Server() as server, Client(allow_hosts=[server.authority]) as client:
        assert client.send(server.uri("parent"), TOAST).ok
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if client.send(server.uri("child"), TOAST).ok else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert client.send(server.uri("parent"), TOAST).ok
        assert server.connections == 2
    assert open_files() > 0
