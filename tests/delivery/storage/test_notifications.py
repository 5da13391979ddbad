"""`notify`: many notifications are stored in as few statements as one, and each is stored as it would be alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError

from tests.delivery.together import blocked
from winpush import mpns
from winpush.delivery import BroadcastState, Outbox
from winpush.delivery.storage.broadcasts import NewBroadcast
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.group_commit import GroupCommit
from winpush.delivery.storage.notifications import NewNotification, store_notifications
from winpush.delivery.storage.schema import broadcasts, deliveries

TOAST = mpns.Toast("Hello")
NOW = 1_790_000_000_000


@pytest.fixture
def database(outbox: Outbox, url: str) -> Iterator[Database]:
    """A database with two devices of Ada's, one of Bob's, and one of Carl's that is gone."""
    for name, key in (("a", "ada"), ("b", "ada"), ("c", "bob"), ("d", "carl")):
        outbox.register({"uri": f"http://db3.notify.live.net/throttledthirdparty/01.00/{name}", "key": key})
    outbox.remove_key("carl")
    made = Database(url)
    yield made
    made.close()


def new(key: str, **options: Any) -> NewNotification:
    values = {"content": "{}", "audience": "{}", "not_before": NOW, "expires_at": None, **options}
    return NewNotification(NewBroadcast(**values), key, NOW)


def store(database: Database, *given: NewNotification) -> list[int]:
    return database.run(lambda connection: store_notifications(connection, given))


def sent(database: Database) -> list[tuple[int, int, int]]:
    """The waiting rows: their broadcast, their channel, and when they are due."""
    rows = sa.select(deliveries.c.broadcast, deliveries.c.channel, deliveries.c.due).order_by(
        deliveries.c.broadcast, deliveries.c.channel
    )
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(rows)]


def test_each_goes_to_the_live_channels_of_its_key(database: Database) -> None:
    first, second, third = store(database, new("bob", not_before=NOW + 5), new("ada"), new("ada"))
    assert len({first, second, third}) == 3
    assert sorted(sent(database)) == sorted(
        [(first, 3, NOW + 5), (second, 1, NOW), (second, 2, NOW), (third, 1, NOW), (third, 2, NOW)]
    )


def test_without_a_channel_it_is_finished_at_once(database: Database, outbox: Outbox) -> None:
    states = [outbox.get_broadcast(number) for number in store(database, new("carl"), new("bob"), new("nobody"))]
    assert [each.state for each in states] == [BroadcastState.FINISHED, BroadcastState.RUNNING, BroadcastState.FINISHED]
    assert [each.ended_at is None for each in states] == [False, True, False]


def test_every_value_is_stored_as_it_was_given(database: Database) -> None:
    most = {
        "content": '{"café": "\u2603"}', "audience": '{"keys": ["a"]}', "not_before": NOW + 1, "expires_at": NOW + 2,
        "name": "a name", "idempotency_key": "key %s ?", "rate": 2**31 - 1, "max_attempts": 3, "resend_unanswered": 1,
        "stop_after": 4, "quiet_start": 5, "quiet_end": 6,
    }  # fmt: skip
    numbers = store(database, new("ada"), new("ada", **most))
    with database.read() as connection:
        rows = [connection.execute(sa.select(broadcasts).where(broadcasts.c.id == number)).one() for number in numbers]
    least = {"content": "{}", "audience": "{}", "not_before": NOW, "max_attempts": 8, "stop_after": 20}
    for row, given in zip(rows, (least, most), strict=True):
        expected = {name: given.get(name) for name in NewBroadcast.__slots__}
        expected |= {"resend_unanswered": given.get("resend_unanswered", 0), "created_at": NOW, "last_channel": 0}
        expected |= {"paced_until": given["not_before"], "spread_until": 0, "refusals": {}, "stop_reason": None}
        assert {name: row._mapping[name] for name in expected} == expected


def test_an_idempotency_key_stores_once_whoever_used_it_before(database: Database) -> None:
    (before,) = store(database, new("bob", idempotency_key="old"))
    numbers = store(
        database,
        new("ada", idempotency_key="old"),
        new("ada", idempotency_key="z"),
        new("ada"),
        new("ada", idempotency_key="a"),
        new("bob", idempotency_key="z"),
    )
    assert numbers[0] == before
    assert numbers[4] == numbers[1]
    assert len(set(numbers)) == 4
    assert [number for number, _, _ in sent(database)] == sorted([before, *[n for n in numbers[1:4] for _ in "ab"]])


def test_a_hundred_need_no_more_statements_than_one(database: Database) -> None:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    store(database, new("ada"))
    alone = len(said)
    store(database, *[new("bob")] * 100)
    assert len(said) - alone == alone


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_the_workers_are_told_once(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.exec_driver_sql("LISTEN winpush")
        connection.commit()
        store(database, *[new("ada")] * 5)
        connection.exec_driver_sql("SELECT 1")
        driver: Any = connection.connection.driver_connection
        assert len(list(driver.notifies(timeout=0))) == 1


def test_one_that_fails_beside_them_fails_alone(database: Database) -> None:
    together = GroupCommit(database)

    def fail(_connection: Connection) -> None:
        raise LookupError("mine")

    calls: list[Callable[[], Any]] = [
        lambda key=key: together.run_together(store_notifications, new(key))  # type: ignore[misc]  # bound
        for key in ("ada", "bob")
    ]
    ada, failed, bob = blocked(together, [calls[0], lambda: together.run(fail), calls[1]])
    assert isinstance(failed, LookupError)
    assert [number for number, _, _ in sent(database)] == sorted([ada, ada, bob])


def test_one_that_the_database_refuses_is_refused_alone(database: Database) -> None:
    together = GroupCommit(database)
    calls: list[Callable[[], Any]] = [
        lambda each=each: together.run_together(store_notifications, each)  # type: ignore[misc]  # bound
        for each in (new("bob"), new("bob", content=None), new("bob"))
    ]
    first, refused, last = blocked(together, calls)
    assert isinstance(refused, IntegrityError)
    assert [number for number, _, _ in sent(database)] == sorted([first, last])


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_without_statistics_too_a_key_is_looked_up(database: Database, outbox: Outbox) -> None:
    """After an import there are none. The index of all live channels' URIs was read from end to end for each key."""
    base = "http://db3.notify.live.net/throttledthirdparty/01.00/many"
    outbox.register_many({"uri": f"{base}{number}", "key": f"key {number}"} for number in range(2000))
    said: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: said.append((given[2], given[3])))
    store(database, *[new(f"key {number}") for number in range(16)])
    ((statement, values),) = [each for each in said if "WITH given" in each[0]]
    with database.read() as connection:
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values))
    assert "winpush_channels_key" in plan
    assert "winpush_channels_uri" not in plan
