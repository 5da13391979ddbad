"""A worker's commit is stored but its answer is lost: the worker continues as if it had come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.delivery.clock import Clock
from tests.delivery.noticed import Count, noticed
from tests.delivery.sending import accepted
from tests.delivery.storage.claiming import Worker
from tests.postgresql import Relay
from tests.waiting import PATIENCE
from winpush import mpns
from winpush.delivery import Outbox, OutcomeEvent, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import broadcasts, deliveries, lanes
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
GIVES_BACK = "UPDATE winpush_lanes SET ahead=winpush_lanes.cursor, owner"
CLAIMS = {"lane": "WITH next AS", "delivery": 'UPDATE "winpush_deliveries" SET "owner"'}
LONG = timedelta(seconds=10 * PATIENCE)
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@contextmanager
def at_statements(call: Callable[[str, int], None]) -> Iterator[None]:
    """Calls this with each statement that was run, and its number of rows."""

    def note(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        call(statement, cursor.rowcount)

    event.listen(sa.Engine, "after_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(sa.Engine, "after_cursor_execute", note)


def register(outbox: Outbox, emulator: Emulator, number: int) -> None:
    outbox.register_many({"uri": emulator.create_channel().uri, "key": "all"} for _ in range(number))


def test_a_lane_that_it_gave_back_may_have_been_taken_on_by_another_meanwhile(
    relay: Relay, url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    """What was written is neither written again nor taken for another's, and the hooks hear of it."""
    hooked, every = Counter[int](), Count(55)
    other, step = Worker(url, clock), "cut"
    database = Database(url)

    def count(happened: OutcomeEvent) -> None:
        hooked[happened.channel] += 1

    def goes_on() -> None:
        with database.write() as connection:
            connection.execute(sa.update(broadcasts).values(paced_until=0))
        batch = other.claim(size=5)
        assert batch is not None
        assert other.write(batch) == 5

    def note(statement: str, _rows: int) -> None:
        nonlocal step
        if step == "cut" and statement.startswith(GIVES_BACK):
            step = "go on"
            relay.cut_answer_to("COMMIT")
        elif step == "go on" and ("pg_postmaster_start_time() =" in statement or "winpush_lanes.run" in statement):
            step = ""
            goes_on()

    outbox = make_outbox()
    register(outbox, winpush_emulator, 60)
    number = outbox.broadcast(TOAST, rate=40)  # a lane with a rate is given back after each batch
    settings = WorkerSettings(batch=40, batches=1)
    through = Outbox(
        relay.url.render_as_string(hide_password=False),
        settings=settings,
        hooks=[count, every],
        clock=clock,
        allow_hosts=winpush_emulator.authorities,
    )
    with at_statements(note), noticed() as handler, through:
        assert every.done.wait(PATIENCE)
    other.close()
    database.close()
    assert step == ""
    assert not handler.event.is_set(), "nobody has taken it over"
    assert set(hooked.values()) == {1}
    assert sum(accepted(winpush_emulator)) == 55
    assert Counter(each.channel for each in outbox.history(broadcast=number)) == dict.fromkeys(range(1, 61), 1)


@pytest.mark.parametrize("claimed", CLAIMS)
def test_what_it_claimed_does_not_wait_for_its_lease(
    relay: Relay, url: str, winpush_emulator: Emulator, clock: Clock, claimed: str
) -> None:
    """Nor does it look like a death."""
    cuts, every = list[str](), Count(20)

    def note(statement: str, rows: int) -> None:
        if statement.startswith(CLAIMS[claimed]) and rows and not cuts:
            cuts.append(statement)
            relay.cut_answer_to("COMMIT")

    outbox = Outbox(
        relay.url.render_as_string(hide_password=False),
        settings=WorkerSettings(lease=LONG),
        hooks=[every],
        clock=clock,
        allow_hosts=winpush_emulator.authorities,
    )
    register(outbox, winpush_emulator, 20)
    starts: list[int] = []
    with at_statements(note), outbox:
        if claimed == "lane":
            outbox.broadcast(TOAST)
        else:
            outbox.notify("all", TOAST)
        assert every.done.wait(PATIENCE)
    database = Database(url)
    with database.read() as connection:
        starts += connection.scalars(sa.select(lanes.c.starts))
        starts += connection.scalars(sa.select(deliveries.c.claims))
    database.close()
    assert len(cuts) == 1
    assert set(starts) == {0}
    assert accepted(winpush_emulator) == [1] * 20
