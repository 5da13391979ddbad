"""A ceiling of sends per second."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from tests.servers import Server
from tests.still_time import run_still, still
from tests.waiting import until
from winpush import AsyncClient, Outcome, Result, mpns

pytestmark = pytest.mark.usefixtures("no_leaks")

PER_SECOND = 8
TURN = 1 / PER_SECOND


def test_a_ceiling_of_sends_per_second_is_kept_and_no_send_times_out_for_it() -> None:
    """The last of 20 has its turn after more than its timeout, which begins only then."""
    results: list[Result] = []

    async def main() -> None:
        options = {"max_sends_per_second": PER_SECOND, "timeout": 1.5}
        async with AsyncClient(allow_hosts=[server.authority], **options) as client:  # type: ignore[arg-type]  # a plain dict

            def reached(number: int) -> bool:
                return len(results) >= number

            async def one_by_one() -> None:
                results.append(await client.send(server.uri(), mpns.Toast("a")))

            async def as_many() -> None:
                async for result in client.send_many([(server.uri(str(n)), mpns.Toast("b")) for n in range(10)]):
                    results.append(result)

            with still() as hands:
                sends = asyncio.gather(*[one_by_one() for _ in range(10)], as_many())
                for number in range(1, 21):
                    await until(partial(reached, number))
                    assert len(server.requests) == len(results) == number
                    await hands.advance(TURN)
                await sends

    with Server() as server:
        run_still(main)
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 20


def test_what_waits_for_its_turn_can_be_cancelled_and_ends_with_the_client() -> None:
    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_sends_per_second=0.01) as client:
            with still():
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
        run_still(main)
        assert len(server.requests) == 1
