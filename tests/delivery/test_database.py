"""Many rows at once, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from winpush.delivery import Outbox
from winpush.delivery.database import Database, insert_rows
from winpush.delivery.schema import attempts


@pytest.mark.parametrize("number", [0, 1, 3, 99, 100, 101, 250])
def test_however_many_rows_are_inserted_each_is_there_once_as_it_was(outbox: Outbox, url: str, number: int) -> None:
    assert list(outbox.history()) == []  # the tables are there
    rows = [(1, channel, 1000 + channel, "accepted", None if channel % 3 else 200) for channel in range(number)]
    columns = ("broadcast", "channel", "at", "outcome", "status")
    database = Database(url)
    with database.write() as connection:
        insert_rows(connection, attempts, columns, rows)
    with database.read() as connection:
        found = connection.execute(sa.select(*(attempts.c[name] for name in columns)).order_by(attempts.c.id)).all()
    database.close()
    assert [tuple(row) for row in found] == rows
