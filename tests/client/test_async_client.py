"""The client for asyncio, where a program has several loops, one after the other or at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.client.service import TOAST, Service
from winpush import AsyncClient, Client, ClientClosedError, Outcome
from winpush.client.options import ClientOptions
from winpush.emulator import Emulator

pytestmark = pytest.mark.usefixtures("no_leaks")


async def send_once(service: Service) -> Outcome:
    async with AsyncClient(**service.options) as client:
        return (await client.send(service.uri(), TOAST)).outcome


def test_a_client_on_another_loop_than_its_own_says_so_and_goes_on_on_its_own(service: Service) -> None:
    client = AsyncClient(**service.options)

    async def send() -> Outcome:
        return (await client.send(service.uri(), TOAST)).outcome

    with asyncio.Runner() as one, asyncio.Runner() as other:
        assert one.run(send()) is Outcome.ACCEPTED
        with pytest.raises(ClientClosedError, match=r"create one client for each loop, or use winpush\.Client"):
            other.run(send())
        assert one.run(send()) is Outcome.ACCEPTED
        one.run(client.aclose())


def test_a_client_whose_loop_has_ended_can_be_closed(service: Service) -> None:
    client = AsyncClient(**service.options)

    async def send() -> Outcome:
        return (await client.send(service.uri(), TOAST)).outcome

    assert asyncio.run(send()) is Outcome.ACCEPTED
    for _ in range(2):
        asyncio.run(client.aclose())
    with pytest.raises(ClientClosedError, match="is closed"):
        asyncio.run(send())


def test_a_client_is_not_closed_on_another_loop_than_its_own(service: Service) -> None:
    client = AsyncClient(**service.options)

    async def send() -> Outcome:
        return (await client.send(service.uri(), TOAST)).outcome

    with asyncio.Runner() as one, asyncio.Runner() as other:
        assert one.run(send()) is Outcome.ACCEPTED
        with pytest.raises(ClientClosedError, match="close it there"):
            other.run(client.aclose())
        assert one.run(send()) is Outcome.ACCEPTED
        for runner in (one, one, other):
            runner.run(client.aclose())


def test_a_client_without_a_loop_says_what_it_needs(service: Service) -> None:
    client = AsyncClient(**service.options)
    with pytest.raises(ClientClosedError, match="No event loop is running"):
        client.send_many([])

    async def close() -> None:
        assert (await client.send(service.uri(), TOAST)).ok
        await client.aclose()

    asyncio.run(close())


def test_loops_in_threads_may_share_their_credentials() -> None:
    with Emulator(seed=1) as emulator:
        device = emulator.create_windows_channel()
        shared: ClientOptions = {"wns": emulator.entra_credentials, "allow_hosts": [emulator.authority]}

        async def main() -> Outcome:
            async with AsyncClient(**shared) as client:
                return (await client.send(device.uri, TOAST)).outcome

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(lambda _: asyncio.run(main()), range(8))) == [Outcome.ACCEPTED] * 8


def test_a_synchronous_client_is_shared_by_all_loops(service: Service) -> None:
    with Client(**service.options) as client:

        async def main() -> Outcome:
            return (await asyncio.to_thread(client.send, service.uri(), TOAST)).outcome

        with ThreadPoolExecutor(3) as threads:
            assert list(threads.map(lambda _: asyncio.run(main()), range(6))) == [Outcome.ACCEPTED] * 6
    assert len(service.token_requests) == 1


def test_a_loop_after_the_other_gets_a_client_of_its_own(service: Service) -> None:
    assert [asyncio.run(send_once(service)) for _ in range(2)] == [Outcome.ACCEPTED] * 2
