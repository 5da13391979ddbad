"""A soak: very many sends with random faults. As many results as sends, memory flat, the pool never over its limit.

`WINPUSH_TEST_SOAK=1000000` makes it a million sends; CI makes fewer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.paths import open_files
from tests.waiting import PATIENCE
from winpush import AsyncClient, Client, Outcome, mpns

SENDS = int(os.environ.get("WINPUSH_TEST_SOAK", "20000"))
CONNECTIONS = 32
THREADS = 40
TOAST = mpns.Toast("Bold", "normal")

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(1500 + SENDS // 100)]
needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc, by which memory is read")


def resident_kib() -> int:
    """The resident memory of this process in KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@contextlib.contextmanager
def unreliable() -> Iterator[str]:
    """The authority of a service whose memory and files are not this process's."""
    command = [sys.executable, "-m", "tests.transport.unreliable"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


class Tally:
    """Counts the results, and what this process held meanwhile."""

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.seen = bytearray(SENDS)
        self.levels: list[int] = []
        self.files = [open_files()]

    def add(self, number: object, outcome: Outcome) -> None:
        assert isinstance(number, int)
        self.seen[number] += 1
        self.outcomes[outcome] += 1
        total = self.outcomes.total()
        if total % 100 == 0:
            self.files.append(open_files())
        if total % (SENDS // 10) == 0:
            self.levels.append(resident_kib())

    def check(self) -> None:
        assert max(self.files) - self.files[0] <= CONNECTIONS
        assert set(self.seen) == {1}
        assert self.outcomes.total() == SENDS
        assert set(self.outcomes) == {
            Outcome.ACCEPTED,
            Outcome.SERVICE_UNAVAILABLE,
            Outcome.ANSWER_LOST,
            Outcome.BAD_ANSWER,
        }
        # From the second tenth on, when caches are warm, nothing grows.
        assert self.levels[-1] - self.levels[1] < 4 * 1024, self.levels


def uri(authority: str, number: int) -> str:
    return f"http://{authority}/throttledthirdparty/01.00/channel-{number:08d}"


@needs_proc
def test_a_soak_with_random_faults_loses_no_send_and_no_memory() -> None:
    async def main(authority: str) -> Tally:
        async with AsyncClient(allow_hosts=[authority], max_connections=CONNECTIONS, timeout=PATIENCE) as client:
            tally = Tally()
            pairs = ((uri(authority, number), TOAST, number) for number in range(SENDS))
            async for result in client.send_many(pairs):
                tally.add(result.key, result.outcome)
        return tally

    with unreliable() as authority:
        tally = asyncio.run(main(authority))
    tally.check()


@needs_proc
def test_a_soak_from_threads_that_share_connections_loses_none_either() -> None:
    lock = threading.Lock()

    def send(client: Client, authority: str, first: int) -> None:
        for number in range(first, SENDS, THREADS):
            outcome = client.send(uri(authority, number), TOAST).outcome
            with lock:
                tally.add(number, outcome)

    with (
        unreliable() as authority,
        Client(allow_hosts=[authority], max_connections=CONNECTIONS, timeout=PATIENCE) as client,
    ):
        client.send(uri(authority, 0), TOAST)
        with ThreadPoolExecutor(THREADS) as threads:
            tally = Tally()
            done = [threads.submit(send, client, authority, first) for first in range(THREADS)]
        for each in done:
            each.result()
    tally.check()
