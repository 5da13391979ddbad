"""The pool: its limits, its queues, cancelling, closing; each send has exactly one Result."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.certificates import Certificates
from tests.paths import run
from tests.servers import ACCEPTED, LAST, Peer, Server, accept_all, closed_port, hold
from tests.still_time import run_still, still
from tests.waiting import PATIENCE, eventually, until
from winpush import AsyncClient, Client, ClientClosedError, Outcome, Result, mpns

TOAST = mpns.Toast("Bold", "normal")
pytestmark = pytest.mark.usefixtures("no_leaks")


def test_concurrent_sends_share_connections_within_the_limit() -> None:
    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_connections=8) as client:
            results = await asyncio.gather(*[client.send(server.uri(str(n)), TOAST) for n in range(300)])
        assert all(result.ok for result in results)

    with Server() as server:
        run(main)
        assert server.connections <= 8
        assert len(server.requests) == 300


def test_a_connection_that_has_been_idle_for_a_minute_is_not_used_again() -> None:
    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority]) as client:
            with still() as hands:
                for idle_seconds in (30, 30, 61):
                    assert (await client.send(server.uri(), TOAST)).ok
                    await hands.advance(idle_seconds)
                assert server.connections == 1
                assert (await client.send(server.uri(), TOAST)).ok
        assert server.connections == 2

    with Server() as server:
        run_still(main)


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
        async with AsyncClient(allow_hosts=[server.authority], max_connections=8, timeout=PATIENCE) as client:
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
        release.wait(PATIENCE)

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


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_connections_that_close_while_idle_cost_no_send_though_they_were_never_used(
    secure: bool, certificates: Certificates
) -> None:
    """Opened for sends that were cancelled; the loop doesn't run between their end and the next sends."""
    may_close, closed = threading.Event(), threading.Semaphore(0)

    def close_at_first(peer: Peer) -> None:
        if peer.number > 5:
            accept_all(peer)
            return
        may_close.wait(PATIENCE)
        peer.sock.close()
        closed.release()

    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], tls=certificates.tls) as client:
            sends = [asyncio.create_task(client.send(server.uri(), TOAST)) for _ in range(5)]
            await asyncio.sleep(0)
            for send in sends:
                send.cancel()
            await asyncio.gather(*sends, return_exceptions=True)
            assert client._sender is not None
            (host,) = client._sender.pool.hosts.values()
            await until(lambda: len(host.idle) == 5)
            may_close.set()
            for _ in range(5):
                assert closed.acquire(timeout=PATIENCE)
            results = await asyncio.gather(*[client.send(server.uri(str(n)), TOAST) for n in range(5)])
        assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 5

    with Server(close_at_first, certificates.server() if secure else None) as server:
        run(main)
    assert len(server.requests) == 5


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


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()], ids=lambda error: str(error))
def test_whatever_stands_against_a_connection_is_told_at_once(error: Exception) -> None:
    class Failing(asyncio.SelectorEventLoop):
        async def getaddrinfo(self, *_: object, **__: object) -> list[Any]:
            raise error

    async def main() -> Result:
        async with AsyncClient(allow_hosts=["push.test:80"], timeout=PATIENCE) as client:
            return await client.send("http://push.test:80/throttledthirdparty/01.00/AAE", TOAST)

    with asyncio.Runner(loop_factory=Failing) as runner:
        result = runner.run(main())
    assert (result.outcome, result.may_have_arrived) == (Outcome.CONNECT_FAILED, False)
    assert type(error).__name__ in result.explanation
    assert result.error is not None
    assert result.error.__cause__ is error


def test_what_was_not_yet_written_when_the_client_is_closed_has_not_arrived() -> None:
    async def main() -> Result:
        client = AsyncClient(allow_hosts=[server.authority])
        assert (await client.send(server.uri(), TOAST)).ok
        sending = asyncio.create_task(client.send(server.uri(), TOAST))
        await asyncio.sleep(0)  # on a connection that is kept alive, to be written at the end of the loop's turn
        await client.aclose()
        return await sending

    with Server() as server:
        result = asyncio.run(main())
    assert (result.outcome, result.may_have_arrived) == (Outcome.ABORTED, False)
    assert len(server.requests) == 1


def test_what_was_not_yet_written_when_its_time_is_over_has_not_arrived() -> None:
    async def main() -> Result:
        async with AsyncClient(allow_hosts=[server.authority]) as client:
            assert (await client.send(server.uri(), TOAST)).ok
            assert client._sender is not None
            pool = client._sender.pool
            sending = asyncio.create_task(client.send(server.uri(), TOAST, timeout=0.001))
            await asyncio.sleep(0)
            (connection,) = pool.connections
            eventually(lambda: connection.deadline <= pool.loop.time())
            pool._sweep_deadlines()
            return await sending

    with Server() as server:
        result = asyncio.run(main())
    assert (result.outcome, result.may_have_arrived) == (Outcome.TIMED_OUT, False)
    assert len(server.requests) == 1


def test_a_client_of_another_loop_says_what_to_do() -> None:
    async def send() -> None:
        await client.send(server.uri(), TOAST)

    def answer_once(peer: Peer) -> None:
        peer.read_request()
        peer.send(LAST)

    with Server(answer_once) as server:
        client = AsyncClient(allow_hosts=[server.authority])

        async def first() -> None:
            assert (await client.send(server.uri(), TOAST)).ok

        asyncio.run(first())
        with pytest.raises(ClientClosedError, match="one client for each loop"):
            asyncio.run(send())


def test_a_host_that_hangs_holds_only_its_own_connections() -> None:
    async def main() -> None:
        options = {"allow_hosts": [slow.authority, fast.authority], "timeout": PATIENCE}
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


@pytest.mark.parametrize("number", [1, 2])
def test_with_fewer_connections_than_busy_hosts_each_has_its_turn(number: int) -> None:
    async def main() -> None:
        hosts = [server.authority for server in (*busy, other)]
        async with AsyncClient(allow_hosts=hosts, max_connections=number, timeout=PATIENCE) as client:
            pairs = ((server.uri(str(n)), TOAST) for n in itertools.count() for server in busy)
            many = client.send_many(pairs, concurrency=4 * number)
            one = None
            async for count, result in enumerated(many):
                assert result.ok
                if count == 20:
                    one = asyncio.create_task(client.send(other.uri(), TOAST))
                if one is not None and one.done():
                    break
            await many.aclose()  # type: ignore[attr-defined]  # an async generator
            assert one is not None
            assert (await one).ok

    with contextlib.ExitStack() as servers:
        busy = [servers.enter_context(Server()) for _ in range(number)]
        other = servers.enter_context(Server())
        run(main)


async def enumerated(results: AsyncIterator[Result]) -> AsyncIterator[tuple[int, Result]]:
    count = 0
    async for result in results:
        yield count, result
        count += 1


def test_a_host_that_refuses_everything_takes_no_place_from_others() -> None:
    async def main() -> None:
        async with AsyncClient(
            allow_hosts=[other.authority, f"127.0.0.1:{port}"], max_connections=1, timeout=PATIENCE
        ) as client:
            uri = f"http://127.0.0.1:{port}/throttledthirdparty/01.00/"
            many = client.send_many(((uri + str(n), TOAST) for n in itertools.count()), concurrency=4)
            one = None
            async for count, result in enumerated(many):
                assert result.outcome is Outcome.CONNECT_FAILED
                if count == 20:
                    one = asyncio.create_task(client.send(other.uri(), TOAST))
                if one is not None and one.done():
                    break
            await many.aclose()  # type: ignore[attr-defined]  # an async generator
            assert one is not None
            assert (await one).ok

    with closed_port() as port, Server() as other:
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
        assert spoken.wait(PATIENCE)
        assert client.send(server.uri(), TOAST).ok
