"""A ceiling of sends per second."""

from __future__ import annotations

import asyncio

import pytest

from tests.servers import Server
from winpush import AsyncClient, Outcome, mpns

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_a_ceiling_of_sends_per_second_is_kept_and_no_send_times_out_for_it() -> None:
    """20 sends at 8 a second take over 2 s, and the timeout of 1.5 s begins for each when its turn comes."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with AsyncClient(allow_hosts=[server.authority], max_sends_per_second=8, timeout=1.5) as client:
            began = loop.time()
            sends = [client.send(server.uri(str(n)), mpns.Toast("a")) for n in range(10)]
            many = [(server.uri(str(n)), mpns.Toast("b")) for n in range(10)]
            results = await asyncio.gather(*sends)
            results += [result async for result in client.send_many(many)]
            assert loop.time() - began >= 18 / 8
        assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 20

    with Server() as server:
        asyncio.run(main())


def test_what_waits_for_its_turn_can_be_cancelled_and_ends_with_the_client() -> None:
    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_sends_per_second=0.01) as client:
            first, second, third = (
                asyncio.create_task(client.send(server.uri(str(n)), mpns.Toast("a"))) for n in range(3)
            )
            assert (await first).ok
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            closing = asyncio.create_task(client.aclose())
            assert (await third).outcome is Outcome.ABORTED
            await closing

    with Server() as server:
        asyncio.run(main())
        assert len(server.requests) == 1
