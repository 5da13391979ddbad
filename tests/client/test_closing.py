"""Closing a client while it is in use: every send ends with a Result, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.client.service import TOAST as WNS_TOAST
from tests.client.service import Service, reply
from tests.paths import run
from tests.servers import Server, hold
from tests.still_time import run_still, still
from tests.waiting import PATIENCE, eventually, until
from winpush import AsyncClient, Client, ClientClosedError, Outcome, Result, mpns, wns
from winpush.client.encoder import Encoder
from winpush.client.options import Settings
from winpush.client.sender import Sender
from winpush.client.throttle import Throttle
from winpush.transport.pool import Pool

TOAST = mpns.Toast("Bold", "normal")
pytestmark = pytest.mark.usefixtures("no_leaks")


def endless(server: Server) -> Iterator[tuple[str, mpns.Toast, int]]:
    return ((server.uri(str(n)), TOAST, n) for n in itertools.count())


async def gather_into(results: list[Result], stream: AsyncIterator[Result]) -> None:
    async for result in stream:
        results.append(result)


@pytest.mark.parametrize("ceiling", [None, 50.0])
def test_send_many_ends_when_its_client_is_closed(ceiling: float | None) -> None:
    async def main() -> None:
        client = AsyncClient(allow_hosts=[server.authority], max_sends_per_second=ceiling)
        sending = asyncio.create_task(gather_into(results, client.send_many(endless(server), concurrency=10)))
        await until(lambda: len(results) > 10)
        await client.aclose()
        with pytest.raises(ClientClosedError):
            await sending

    results: list[Result] = []
    with Server() as server:
        run(main)
    assert sorted(result.key for result in results) == list(range(len(results)))  # type: ignore[type-var]  # they are ints
    outcomes = Counter(result.outcome for result in results)
    assert set(outcomes) == {Outcome.ACCEPTED, Outcome.ABORTED}
    assert outcomes[Outcome.ABORTED] <= 10


def test_send_many_whose_source_is_at_its_end_has_a_result_for_each_when_its_client_is_closed() -> None:
    async def main() -> None:
        client = AsyncClient(allow_hosts=[server.authority], max_connections=2)
        pairs = [(server.uri(str(n)), TOAST) for n in range(5)]
        sending = asyncio.create_task(gather_into(results, client.send_many(pairs, concurrency=10)))
        await until(lambda: len(server.requests) == 2)
        await client.aclose()
        await sending

    results: list[Result] = []
    with Server(hold) as server:
        run(main)
    assert Counter(result.outcome for result in results) == {Outcome.ABORTED: 5}
    assert sum(result.may_have_arrived for result in results) == 2


def test_send_many_does_not_wait_for_its_source_when_its_client_is_closed() -> None:
    async def silent() -> AsyncIterator[tuple[str, mpns.Toast]]:
        yield server.uri(), TOAST
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        client = AsyncClient(allow_hosts=[server.authority])
        sending = asyncio.create_task(gather_into(results, client.send_many(silent())))
        await until(lambda: bool(results))
        await client.aclose()
        with pytest.raises(ClientClosedError):
            await sending

    results: list[Result] = []
    with Server() as server:
        run(main)
    assert [result.ok for result in results] == [True]


def test_send_many_that_is_begun_after_the_end_of_its_client_says_so() -> None:
    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority]) as client:
            streams = [client.send_many([(server.uri(), TOAST)]), client.send_many(asynchronous())]
        for stream in streams:
            with pytest.raises(ClientClosedError):
                await anext(stream)

    async def asynchronous() -> AsyncIterator[tuple[str, mpns.Toast]]:
        yield server.uri(), TOAST

    with Server() as server:
        run(main)
        with Client(allow_hosts=[server.authority]) as client:
            stream = client.send_many([(server.uri(), TOAST)])
        with pytest.raises(ClientClosedError):
            next(stream)
    assert not server.requests


def test_blocking_send_many_ends_when_another_thread_closes_its_client() -> None:
    results: list[Result] = []

    def send() -> None:
        for result in client.send_many(endless(server), concurrency=10):
            results.append(result)

    with Server() as server, ThreadPoolExecutor(1) as threads:
        client = Client(allow_hosts=[server.authority])
        sending = threads.submit(send)
        eventually(lambda: len(results) > 10)
        client.close()
        with pytest.raises(ClientClosedError):
            sending.result(PATIENCE)
    assert sorted(result.key for result in results) == list(range(len(results)))  # type: ignore[type-var]  # they are ints
    assert {result.outcome for result in results} <= {Outcome.ACCEPTED, Outcome.ABORTED}


def throttled(service: Service) -> Callable[[bytes], bytes]:
    return lambda _: reply(429, {"Retry-After": "60"})


def test_a_send_that_waits_for_a_throttle_ends_when_its_client_is_closed(service: Service) -> None:
    service.answer = throttled(service)

    async def main() -> None:
        client = AsyncClient(**service.options)
        with still():
            assert (await client.send(service.uri(), WNS_TOAST)).outcome is Outcome.THROTTLED
            one = asyncio.create_task(client.send(service.uri(), WNS_TOAST))
            many = asyncio.create_task(gather_into(results, client.send_many([(service.uri(), WNS_TOAST)])))
            for _ in range(5):
                await asyncio.sleep(0)
            closing = asyncio.create_task(client.aclose())
            results.append(await one)
            await many
        await closing

    results: list[Result] = []
    run_still(main)
    assert [(result.outcome, result.may_have_arrived) for result in results] == [(Outcome.ABORTED, False)] * 2


def test_a_blocking_send_that_waits_for_a_throttle_ends_when_its_client_is_closed(service: Service) -> None:
    service.answer = throttled(service)
    with ThreadPoolExecutor(1) as threads:
        client = Client(**service.options)
        assert client.send(service.uri(), WNS_TOAST).outcome is Outcome.THROTTLED
        waiting = threads.submit(client.send, service.uri(), WNS_TOAST)
        client.close()
        with contextlib.suppress(ClientClosedError):  # where it had not begun
            assert waiting.result(PATIENCE).outcome is Outcome.ABORTED


def test_a_sender_that_is_closed_asks_for_no_token(service: Service) -> None:
    async def main() -> None:
        settings = Settings.of(**service.options)
        sender = Sender(Encoder(settings), Throttle.of(settings), Pool(settings.limits))
        deferred = sender.prepare(service.uri(), WNS_TOAST)
        await sender.close()
        assert (await sender.send(deferred, sender.pool.loop.time() + PATIENCE)).outcome is Outcome.ABORTED
        assert isinstance(await sender.log_in(), wns.TokenProblem)

    run(main)
    assert not service.token_requests


class Pause(timedelta):
    """A timeout that a send looks at when it is prepared, and then waits."""

    def __init__(self, *_: object, **__: object) -> None:
        self.reached, self.over = threading.Event(), threading.Event()

    def total_seconds(self) -> float:
        self.reached.set()
        assert self.over.wait(PATIENCE)
        return PATIENCE


@pytest.mark.parametrize("ceiling", [None, 1e6])
def test_a_blocking_send_that_meets_a_client_just_closed_is_aborted(ceiling: float | None) -> None:
    """It is prepared when another thread closes the client, and is handed over after that."""
    pause = Pause(seconds=1)

    with Server() as server, ThreadPoolExecutor(1) as threads:
        client = Client(allow_hosts=[server.authority], max_sends_per_second=ceiling)
        assert client.send(server.uri(), TOAST).ok
        sending = threads.submit(client.send, server.uri(), TOAST, timeout=pause)
        assert pause.reached.wait(PATIENCE)
        client.close()
        pause.over.set()
        result = sending.result(PATIENCE)
        assert len(server.requests) == 1
    assert (result.outcome, result.may_have_arrived) == (Outcome.ABORTED, False)


@pytest.mark.parametrize("ceiling", [None, 1e6])
def test_threads_that_send_while_the_client_is_closed_all_end(ceiling: float | None) -> None:
    def send_on(client: Client, outcomes: set[Outcome]) -> None:
        with pytest.raises(ClientClosedError):  # noqa: PT012 - the loop is what raises
            while True:
                outcomes.add(client.send(server.uri(), TOAST).outcome)

    with Server() as server, ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            client = Client(allow_hosts=[server.authority], timeout=PATIENCE, max_sends_per_second=ceiling)
            outcomes: set[Outcome] = set()
            assert client.send(server.uri(), TOAST).ok
            sending = [threads.submit(send_on, client, outcomes) for _ in range(8)]
            eventually(lambda outcomes=outcomes: Outcome.ACCEPTED in outcomes)  # type: ignore[misc]  # its default
            client.close()
            for each in sending:
                each.result(PATIENCE)
            assert outcomes <= {Outcome.ACCEPTED, Outcome.ABORTED}
