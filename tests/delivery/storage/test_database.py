"""Many rows at once, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

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
