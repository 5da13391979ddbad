"""Many rows at once, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from winpush import ConfigurationError
from winpush.delivery import Outbox
from winpush.delivery.storage.database import Database, insert_rows
from winpush.delivery.storage.schema import attempts

COLUMNS = ("broadcast", "channel", "at", "outcome", "status", "detail")


def rows_of(number: int, alike: str) -> list[tuple[object, ...]]:
    """Some of whose columns are the same in all rows; in "mixed" one of them but for the last row."""
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
