"""The queries of every batch and of the history use an index: nothing gets slower as the tables grow."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from tests.delivery.clock import Clock
from winpush import mpns
from winpush.delivery import Audience, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
GROWING = "winpush_(channels|tags|broadcasts|lanes|deliveries|attempts|segments)"
# In plans of SQLite and of PostgreSQL: a table is read from beginning to end.
WHOLE = re.compile(rf"SCAN {GROWING}(?! USING)|Seq Scan on {GROWING}")
# Those that wait are few of a broadcast's, and have an index of their own.
WAITS = "winpush_deliveries.due IS NOT NULL"
OF_A_WHOLE_BROADCAST = "winpush_deliveries USING PRIMARY KEY (broadcast=?)"

# The first few rows in the order of the table: as far as the limit goes, and no further.
OLDEST = re.compile(r"FROM winpush_(attempts|broadcasts) ORDER BY winpush_\1\.id\s+LIMIT")


class Statements:
    """The statements that the databases were sent, each once, with one example of its values."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def note(self, *said: Any) -> None:
        _connection, _cursor, statement, values, _context, many = said
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")) and not OLDEST.search(statement):
            self.seen.setdefault(statement, values[0] if many else values)


def plan_of(connection: sa.Connection, statement: str, values: Any) -> str:
    words = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    found = connection.exec_driver_sql(f"{words} {statement}", values)
    return "\n".join(str(row[-1]) for row in found)


def test_no_statement_of_the_delivery_reads_a_whole_table(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=20, batches=2))
    states = ["healthy", "expired", "queue-full", "throttled"]
    for number in range(60):
        uri = winpush_emulator.create_channel(state=states[number % 4]).uri
        outbox.register({"uri": uri, "key": f"user {number}", "device": f"d{number}", "tags": {"news"}})
    statements = Statements()
    event.listen(sa.Engine, "before_cursor_execute", statements.note)
    try:
        outbox.broadcast(TOAST, Audience(any_tags={"news"}, attributes={}))
        outbox.notify("user 1", TOAST)
        outbox.deliver_until_idle()
        clock.ahead += timedelta(hours=2)
        outbox.deliver_until_idle()
        last = outbox.broadcast(TOAST, rate=10)
        outbox.pause(last)
        outbox.cancel(last)
        outbox.deliver_until_idle()
        list(outbox.history(channel=3))
        list(outbox.history(broadcast=1))
        list(outbox.deliveries(1))
        list(outbox.channels(Audience(keys={"user 7"})))
    finally:
        event.remove(sa.Engine, "before_cursor_execute", statements.note)
    assert len(statements.seen) > 25
    database = Database(url)
    whole: dict[str, str] = {}
    with database.read() as connection:
        if connection.dialect.name == "postgresql":  # of a few rows it would read all
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in statements.seen.items():
            if GROWING.split("(")[0] in statement and "pg_catalog" not in statement:
                plan = plan_of(connection, statement, values)
                if WHOLE.search(plan) or (WAITS in statement and OF_A_WHOLE_BROADCAST in plan):
                    whole[statement] = plan
    database.close()
    assert whole == {}
