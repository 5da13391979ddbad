"""Single notifications that arrive in quick succession share a claim and a write."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import event

from tests.delivery.clock import Clock
from tests.delivery.noticed import Count
from tests.waiting import until
from winpush import mpns
from winpush.delivery import Audience, DeliveryState, Outbox, Worker, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")


def test_what_comes_soon_after_others_is_claimed_together(
    url: str, outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    """The worker's own clock doesn't move until all are stored."""
    for key in ("ada", "bob", "carl"):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": key})
    database, seconds, claims, count = Database(url), 1000.0, list[str](), Count(3)

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if "winpush_deliveries" in statement and '"lease_until" = given."lease_until"' in statement:
            claims.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)

    async def run() -> None:
        nonlocal seconds
        worker = Worker(
            database,
            "one",
            {"allow_hosts": winpush_emulator.authorities},
            clock=clock,
            settings=WorkerSettings(),
            hooks=[count],
            monotonic=lambda: seconds,
        )
        working = asyncio.create_task(worker.run())
        first = outbox.notify("ada", TOAST)
        worker.wake()
        await until(lambda: outbox.progress(first).states.get(DeliveryState.DELIVERED))
        outbox.notify("bob", TOAST)
        worker.wake()
        # A broadcast doesn't wait for them.
        lane = outbox.broadcast(TOAST, Audience(keys={"ada"}))
        worker.wake()
        await until(lambda: outbox.progress(lane).states.get(DeliveryState.DELIVERED))
        outbox.notify("carl", TOAST)
        seconds += 1
        worker.wake()
        await until(lambda: outbox.progress(4).states.get(DeliveryState.DELIVERED))
        worker.stop()
        await working

    asyncio.run(run())
    database.close()
    assert len(claims) == 2
