"""The token that many sends share: across threads, when its requester gives up, and when its server never answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.client.service import TOAST, Service
from tests.client.ways import SENDERS
from tests.servers import Peer
from tests.waiting import PATIENCE, until
from winpush import AsyncClient, Client, Outcome

pytestmark = pytest.mark.usefixtures("no_leaks")


class SlowService(Service):
    """Answers a token request only when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.may_answer = threading.Event()

    def serve(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            if b"/token" in request.split(b"\r\n")[0]:
                self.asked += 1
                self.may_answer.wait(PATIENCE)
                peer.send(self.take_token(request))
            else:
                peer.send(self.notify(request))


@pytest.fixture
def service() -> Iterator[SlowService]:
    made = SlowService()
    with made.server:
        yield made
        made.may_answer.set()


def test_threads_that_share_a_client_share_its_token_request(service: SlowService) -> None:
    with Client(**service.options) as client, ThreadPoolExecutor(20) as threads:
        sends = [threads.submit(client.send, service.uri(number), TOAST) for number in range(20)]
        service.may_answer.set()
        assert all(send.result().ok for send in sends)
    assert service.asked == 1


def test_the_one_who_asked_may_give_up_and_the_others_get_the_token(service: SlowService) -> None:
    async def main() -> None:
        async with AsyncClient(**service.options) as client:
            first = asyncio.create_task(client.send(service.uri("first"), TOAST))
            await until(lambda: service.asked == 1)
            others = [asyncio.create_task(client.send(service.uri(number), TOAST)) for number in range(10)]
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            service.may_answer.set()
            assert all(result.ok for result in await asyncio.gather(*others))
            assert first.cancelled()

    asyncio.run(main())
    assert service.asked == 1
    assert len(service.sends) == 10


@pytest.mark.parametrize("send", SENDERS, ids=lambda send: send.__name__)
def test_a_token_server_that_never_answers_ends_the_send_in_its_time(
    send: Callable[..., list[Any]], service: SlowService
) -> None:
    results = send([(service.uri(number), TOAST, number) for number in range(3)], {**service.options, "timeout": 0.3})
    assert len(results) == 3
    for result in results:
        assert result.outcome in (Outcome.TIMED_OUT, Outcome.TOKEN_UNAVAILABLE)
        assert not result.ok
        assert not result.should_delete_channel
        assert not result.may_have_arrived  # nothing was sent to the channel
    assert not service.sends


def test_closing_the_client_ends_a_send_that_waits_for_its_token(service: SlowService) -> None:
    async def main() -> Any:
        async with AsyncClient(**service.options) as client:
            waiting = asyncio.create_task(client.send(service.uri(), TOAST))
            await until(lambda: service.asked == 1)
        return await waiting

    assert asyncio.run(main()).outcome is Outcome.ABORTED


def test_closing_the_synchronous_client_ends_a_send_that_waits_for_its_token(service: SlowService) -> None:
    with ThreadPoolExecutor(1) as threads:
        with Client(**service.options) as client:
            waiting = threads.submit(client.send, service.uri(), TOAST)
            asyncio.run(until(lambda: service.asked == 1))
        assert waiting.result().outcome is Outcome.ABORTED
