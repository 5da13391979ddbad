"""A soak: very many sends with random faults. As many results as sends, memory flat, the pool never over its limit.

`WINPUSH_TEST_SOAK=1000000` makes it a million sends; CI makes fewer.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.servers import ACCEPTED, Peer, Server
from winpush import AsyncClient, Outcome, mpns

SENDS = int(os.environ.get("WINPUSH_TEST_SOAK", "20000"))
CONNECTIONS = 32
TOAST = mpns.Toast("Bold", "normal")
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
LAST = ACCEPTED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(120 + SENDS // 500)]


class Counted(list[bytes]):
    """Requests that are counted and not kept: they would be the growth that the test looks for."""

    taken = 0

    def append(self, _request: bytes) -> None:
        self.taken += 1


def resident_kib() -> int:
    """How much memory this process has, in KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def serve(peer: Peer) -> None:
    """Most requests are accepted; about one in fifty ends in some other way."""
    chance = random.Random(peer.number)  # noqa: S311 - repeatable, not secret
    while peer.read_request() is not None:
        fate = chance.randrange(250)
        if fate == 0:
            peer.reset()
            return
        if fate == 1:
            return
        if fate == 2:
            peer.send(ACCEPTED[:40])
            return
        if fate == 3:
            peer.send(b"no HTTP at all\r\n\r\n")
            return
        if fate == 4:
            peer.send(LAST)
            return
        if fate == 5:
            for byte in ACCEPTED:
                peer.send(bytes([byte]))
            continue
        peer.send(BUSY if fate == 6 else ACCEPTED)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc, by which memory is read")
def test_a_soak_with_random_faults_loses_no_send_and_no_memory() -> None:
    outcomes: Counter[Outcome] = Counter()
    seen = bytearray(SENDS)
    levels: list[int] = []

    def pairs() -> Iterator[tuple[str, mpns.Toast, int]]:
        for number in range(SENDS):
            yield server.uri(f"channel-{number:08d}"), TOAST, number

    async def main() -> None:
        async with AsyncClient(allow_hosts=[server.authority], max_connections=CONNECTIONS) as client:
            async for result in client.send_many(pairs()):
                number = result.key
                assert isinstance(number, int)
                seen[number] += 1
                outcomes[result.outcome] += 1
                if outcomes.total() % (SENDS // 10) == 0:
                    levels.append(resident_kib())

    with Server(serve) as server:
        server.requests = Counted()
        asyncio.run(main())
        assert server.most_at_once <= CONNECTIONS
    assert set(seen) == {1}
    assert outcomes.total() == SENDS
    assert set(outcomes) == {
        Outcome.ACCEPTED,
        Outcome.SERVICE_UNAVAILABLE,
        Outcome.ANSWER_LOST,
        Outcome.BAD_ANSWER,
    }
    # From the second tenth on, when caches are warm and threads have come and gone, nothing grows.
    assert levels[-1] - levels[1] < 20 * 1024, levels
