"""Reading the next channels from a registry without statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from winpush import mpns
from winpush.delivery import Audience, Outbox, Registration
from winpush.delivery.storage.broadcasts import get as get_broadcast
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.targets import next_targets

TOAST = mpns.Toast("Hello")
LAST = 8000


def uri(number: int) -> str:
    return f"https://db3.notify.live.net/throttledthirdparty/01.00/AAF{number:029X}"


def rows_read(plan: dict[str, Any]) -> list[int]:
    """How many rows each step of a plan returned."""
    below = [count for part in plan.get("Plans", ()) for count in rows_read(part)]
    return [int(plan["Actual Rows"] * plan["Actual Loops"]), *below]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_without_statistics_reads_what_a_batch_needs_and_not_the_whole_registry(
    url: str, make_outbox: Callable[..., Outbox]
) -> None:
    """After an import PostgreSQL takes the registry for small, for a minute or for ever."""
    outbox = make_outbox()
    outbox.register_many(Registration(uri(number)) for number in range(LAST))
    number = outbox.broadcast(TOAST)
    database, said = Database(url), list[tuple[str, Any]]()
    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *each: said.append((each[2], each[3])))
        found, _ = next_targets(connection, get_broadcast(connection, number), 0, LAST, 500, has_gaps=False)
        (statement, values) = said[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).scalar_one()
    database.close()
    assert len(found) == 500
    assert max(rows_read(plan[0]["Plan"])) <= 1000


def test_a_batch_of_a_sparse_audience_is_searched_for_further_and_further(
    url: str, make_outbox: Callable[..., Outbox]
) -> None:
    outbox = make_outbox()
    outbox.register_many(
        Registration(uri(number), tags={"rare"} if number % 700 == 699 else set()) for number in range(LAST)
    )
    broadcast = outbox.broadcast(TOAST, Audience(any_tags={"rare"}))
    database = Database(url)
    with database.read() as connection:
        row = get_broadcast(connection, broadcast)
        some, end = next_targets(connection, row, 0, LAST, 5, has_gaps=False)
        assert ([target.id for target in some], end) == ([700, 1400, 2100, 2800, 3500], 3500)
        rest, end = next_targets(connection, row, end, LAST, 50, has_gaps=False)
        assert ([target.id for target in rest], end) == ([4200, 4900, 5600, 6300, 7000, 7700], LAST)
        assert next_targets(connection, row, 7700, LAST, 50, has_gaps=False) == ([], LAST)
    database.close()


def test_what_is_read_ends_where_the_lane_ends(url: str, make_outbox: Callable[..., Outbox]) -> None:
    outbox = make_outbox()
    outbox.register_many(Registration(uri(number)) for number in range(30))
    broadcast = outbox.broadcast(TOAST)
    database = Database(url)
    with database.read() as connection:
        row = get_broadcast(connection, broadcast)
        found, end = next_targets(connection, row, 10, 20, 50, has_gaps=False)
    database.close()
    assert ([target.id for target in found], end) == (list(range(11, 21)), 20)
