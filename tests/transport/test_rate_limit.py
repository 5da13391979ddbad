"""A ceiling of sends per second."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

import pytest

from tests.servers import Server
from tests.still_time import run_still, still
from tests.waiting import until
from winpush import AsyncClient, Client, ConfigurationError, Outcome, Result, mpns, wns
from winpush.emulator import Emulator

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


def test_an_apps_ceiling_is_its_own_and_an_app_without_one_waits_for_nobody(winpush_emulator: Emulator) -> None:
    emulator, apps = winpush_emulator, ("slow", "other", "free")
    uris = {app: emulator.create_windows_channel(app=app).uri for app in apps}
    results: list[Result] = []

    async def main() -> None:
        logins = {app: emulator.entra_credentials_of(app) for app in apps}
        ceilings = {"slow": PER_SECOND, "other": 4 * PER_SECOND}
        async with AsyncClient(wns=logins, allow_hosts=emulator.authorities, max_sends_per_second=ceilings) as client:

            def arrived(app: str) -> int:
                return sum(result.key == app for result in results)

            def reached(slow: int, other: int) -> bool:
                return (arrived("slow"), arrived("other"), arrived("free")) == (slow, other, 9)

            async def send_all() -> None:
                items = [(uris[app], wns.Toast("a"), app, app) for app in apps for _ in range(9)]
                async for result in client.send_many(items):
                    results.append(result)

            with still() as hands:
                sends = asyncio.create_task(send_all())
                for quarters in range(8):
                    await until(partial(reached, 1 + quarters // 4, 1 + quarters))
                    await hands.advance(TURN / 4)
                await until(partial(reached, 3, 9))
                for slow in range(4, 10):
                    await hands.advance(TURN)
                    await until(partial(reached, slow, 9))
                await sends

    run_still(main)
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 27


def test_an_apps_ceiling_holds_for_blocking_sends_too(winpush_emulator: Emulator) -> None:
    emulator, apps = winpush_emulator, ("slow", "free")
    device, other = (emulator.create_windows_channel(app=app) for app in apps)
    slow, free = device.uri, other.uri
    logins = {app: emulator.entra_credentials_of(app) for app in apps}
    toast = wns.Toast("a")
    client = Client(wns=logins, allow_hosts=emulator.authorities, max_sends_per_second={"slow": 0.001})
    with ThreadPoolExecutor(1) as pool:
        assert client.send(slow, toast, app="slow").ok
        second = pool.submit(client.send, slow, toast, app="slow")
        assert all(client.send(free, toast, app="free").ok for _ in range(5))
        assert all(result.ok for result in client.send_many([(free, toast, n, "free") for n in range(5)]))
        client.close()
        wait([second])
    assert (device.accepted, other.accepted) == (1, 10)


@pytest.mark.parametrize(
    ("ceilings", "problem"),
    [
        ({"b": 5}, "has no app 'b'"),
        ({"a": 0}, r"max_sends_per_second\['a'\]: is 0"),
        ({}, "is an empty mapping"),
    ],
)
def test_a_ceiling_of_no_app_is_refused(ceilings: dict[str, float], problem: str) -> None:
    logins = {"a": wns.EntraCredentials("tenant", "id", "secret")}
    with pytest.raises(ConfigurationError, match=problem):
        Client(wns=logins, max_sends_per_second=ceilings)


def test_ceilings_by_app_need_several_apps() -> None:
    with pytest.raises(ConfigurationError, match="max_sends_per_second: the client has no app 'a'"):
        Client(max_sends_per_second={"a": 5})
