"""Inserting many rows at once, on both databases."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.delivery.timeouts import with_timeout
from tests.waiting import PATIENCE
from winpush import ConfigurationError
from winpush.delivery import DatabaseError, Outbox
from winpush.delivery.storage.database import Database, insert_or_add, insert_rows, update_rows
from winpush.delivery.storage.schema import attempts, counts, holds

COLUMNS = ("broadcast", "channel", "at", "outcome", "status", "detail")


def rows_of(number: int, alike: str) -> list[tuple[object, ...]]:
    """Rows in which some columns are the same throughout; in "mixed", one of them differs in the last row."""
    if alike == "all":
        return [(1, 1, 1000, "accepted", 200, None)] * number
    rows: list[tuple[object, ...]] = [
        (1, channel, 1000 + channel, "accepted", None if channel % 3 else 200, None) for channel in range(number)
    ]
    if alike == "mixed":
        rows[-1:] = [(2, 7, 8, "gone", 404, "It no longer exists.")] * min(number, 1)
    return rows


@pytest.mark.parametrize("alike", ["some", "all", "mixed"])
@pytest.mark.parametrize("number", [0, 1, 3, 99, 100, 101, 250])
def test_however_many_rows_are_inserted_each_is_there_once_as_it_was(
    outbox: Outbox, url: str, number: int, alike: str
) -> None:
    assert list(outbox.history()) == []  # the tables are there
    rows = rows_of(number, alike)
    database = Database(url)
    with database.write() as connection:
        insert_rows(connection, attempts, COLUMNS, rows)
    with database.read() as connection:
        found = connection.execute(sa.select(*(attempts.c[name] for name in COLUMNS)).order_by(attempts.c.id)).all()
    database.close()
    assert [tuple(row) for row in found] == rows


def test_many_rows_are_updated_at_once_whatever_their_values(outbox: Outbox, url: str) -> None:
    assert list(outbox.history()) == []  # the tables are there
    texts = ["", 'O\'Neill "x" \\ %s ? $1 {}', "\U0001f600 \u2028 caf\u00e9", '["json", null]', None]
    before = [(1, channel, 1000, "accepted", 200, "old") for channel in range(6)]
    after = [(channel, 2**53 + channel, None if channel % 2 else 404, texts[channel]) for channel in range(5)]
    database = Database(url)
    with database.write() as connection:
        insert_rows(connection, attempts, COLUMNS, before)
        update_rows(connection, attempts, ("channel",), ("at", "status", "detail"), after)
    with database.read() as connection:
        table = attempts.c
        chosen = sa.select(table.channel, table.at, table.status, table.detail).order_by(table.channel)
        assert [tuple(row) for row in connection.execute(chosen)] == [*after, (5, 1000, 200, "old")]
    database.close()


def test_what_is_counted_is_added_to_what_was(outbox: Outbox, url: str) -> None:
    assert list(outbox.history()) == []  # the tables are there
    key, database = ("broadcast", "lane", "state", "outcome"), Database(url)
    with database.write() as connection:
        insert_or_add(connection, counts, key, "number", [(1, 0, "a", "", 5)])
        insert_or_add(connection, counts, key, "number", [(1, 0, "a", "", 2), (2, 0, "a", "it's", 1)])
    with database.read() as connection:
        found = connection.execute(sa.select(counts).order_by(counts.c.broadcast)).all()
    database.close()
    assert [tuple(row) for row in found] == [(1, 0, "a", "", 7), (2, 0, "a", "it's", 1)]


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "1e9"])
@pytest.mark.parametrize("url", ["sqlite:///push.db", "postgresql://push@db.example/push"])
def test_a_timeout_that_is_no_number_of_seconds_is_refused(url: str, given: str) -> None:
    with pytest.raises(ConfigurationError, match=f"timeout={given}; give a number of seconds"):
        Database(f"{url}?timeout={given}")


def test_nothing_is_prepared_on_postgresql_and_settings_end_with_their_transaction(outbox: Outbox, url: str) -> None:
    assert list(outbox.history()) == []
    database = Database(url, durable=False)
    if database.name == "postgresql":
        for _ in range(10):
            with database.write() as connection:
                connection.execute(sa.select(attempts.c.id))
                inside = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
        with database.read() as connection:
            prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar()
            outside = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
            locks = connection.exec_driver_sql("SHOW lock_timeout").scalar()
        assert (prepared, inside, outside, locks) == (0, "off", "on", "0")
    database.close()


def test_what_is_read_in_one_transaction_adds_up_whatever_is_written_meanwhile(url: str) -> None:
    reader, writer = Database(url), Database(url)
    count = sa.select(sa.func.count()).select_from(holds)

    def write(name: str) -> None:
        with writer.write() as connection:
            connection.execute(sa.insert(holds).values(service=name, until=1))

    with reader.read() as connection:
        before = connection.scalar(count)
        write("one")
        assert (before, connection.scalar(count)) == (0, 0)
    with reader.read() as connection:
        assert connection.scalar(count) == 1
    with reader.write() as connection:  # on the same connection, which may write as before
        connection.execute(sa.insert(holds).values(service="two", until=1))
        if reader.name == "postgresql":
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"
    reader.close()
    writer.close()


def test_a_transaction_that_waits_too_long_for_another_says_so(url: str) -> None:
    """The database is there: to look whether it runs would lead astray."""
    is_file = url.startswith("sqlite")
    impatient, other = Database(with_timeout(url, 0.01 if is_file else PATIENCE)), Database(url)
    said = pytest.raises(DatabaseError, match=r"^Another transaction held a needed lock for too long: .*lock")
    with other.write() as theirs:
        other.wait_for_turn(theirs)
        with said, impatient.write() as own:
            if not is_file:
                own.exec_driver_sql("SET LOCAL lock_timeout = 1")
            impatient.wait_for_turn(own)
    impatient.close()
    other.close()


def test_a_transaction_that_deadlocks_with_another_says_so(empty_postgresql_url: str) -> None:
    database = Database(empty_postgresql_url)
    said = r"^Another transaction was in the way: deadlock detected. Nothing was written; try again$"
    with pytest.raises(DatabaseError, match=said), database.write() as connection:
        connection.exec_driver_sql("DO $$ BEGIN RAISE 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END $$")
    database.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_threads_of_one_process_write_to_a_file_in_turn_with_one_connection(url: str) -> None:
    """SQLite would let each sleep with a connection of its own, and the pool has no more than twenty-five."""
    Outbox(url).close()
    database, opened, entered = Database(url), list[object](), threading.Barrier(31)
    event.listen(database.engine, "connect", lambda connection, _record: opened.append(connection))

    def add(number: int) -> None:
        entered.wait()
        with database.write() as connection:
            connection.execute(sa.insert(holds).values(service=f"n{number}", until=1))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    with database.write():
        entered.wait()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(holds)) == 30
    assert len(opened) <= 2
    database.close()
