"""A soak: very many sends with random faults. As many results as sends, memory flat, the pool never over its limit.

`WINPUSH_TEST_SOAK=1000000` makes it a million sends; CI makes fewer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import open_files
from winpush import AsyncClient, Outcome, mpns

SENDS = int(os.environ.get("WINPUSH_TEST_SOAK", "20000"))
CONNECTIONS = 32
TOAST = mpns.Toast("Bold", "normal")

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(120 + SENDS // 500)]


def resident_kib() -> int:
    """How much memory this process has, in KiB."""
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


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc, by which memory is read")
def test_a_soak_with_random_faults_loses_no_send_and_no_memory() -> None:
    outcomes: Counter[Outcome] = Counter()
    seen = bytearray(SENDS)
    levels: list[int] = []
    files: list[int] = []

    def pairs(authority: str) -> Iterator[tuple[str, mpns.Toast, int]]:
        for number in range(SENDS):
            yield f"http://{authority}/throttledthirdparty/01.00/channel-{number:08d}", TOAST, number

    async def main(authority: str) -> None:
        async with AsyncClient(allow_hosts=[authority], max_connections=CONNECTIONS) as client:
            files.append(open_files())
            async for result in client.send_many(pairs(authority)):
                number = result.key
                assert isinstance(number, int)
                seen[number] += 1
                outcomes[result.outcome] += 1
                if outcomes.total() % 100 == 0:
                    files.append(open_files())
                if outcomes.total() % (SENDS // 10) == 0:
                    levels.append(resident_kib())

    with unreliable() as authority:
        asyncio.run(main(authority))
    assert max(files) - files[0] <= CONNECTIONS
    assert set(seen) == {1}
    assert outcomes.total() == SENDS
    assert set(outcomes) == {
        Outcome.ACCEPTED,
        Outcome.SERVICE_UNAVAILABLE,
        Outcome.ANSWER_LOST,
        Outcome.BAD_ANSWER,
    }
    # From the second tenth on, when caches are warm, nothing grows.
    assert levels[-1] - levels[1] < 4 * 1024, levels
