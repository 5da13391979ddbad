"""The query plans of a broadcast's statements, for a registry of a given size.

    .venv/bin/python benchmarks/delivery_plans.py [--channels 100000] [--database URL]

Sends nothing over a network: the stub server on loopback gets a broadcast to all channels. Prints Markdown. Needs
`winpush[delivery]` in the Python that runs it; `--database` is as for `delivery.py`.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from harness.commands import Cores
from harness.provision import set_up
from harness.stub import running_stub
from sqlalchemy import event

from delivery import TOAST, options, uris
from winpush.delivery import Outbox
from winpush.delivery.storage.database import Database

_GROWING = re.compile("winpush_(channels|deliveries|attempts|lanes)")
_LONGEST = 150


class Asked:
    """The statements of a broadcast, each once, with one set of its values."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def note(self, *said: Any) -> None:
        """Called by SQLAlchemy before each statement."""
        _connection, _cursor, statement, values, _context, many = said
        text = " ".join(statement.split())
        if text.startswith(("SELECT", "UPDATE", "DELETE")) and _GROWING.search(text):
            self.seen.setdefault(re.sub(r"(\?, )+\?", "?, …", text), (statement, values[0] if many else values))


def plans(url: str, channels: int, database: str) -> Iterator[str]:
    """A line for each statement, followed by its plan."""
    outbox = Outbox(database, **options(url))
    outbox.register_many(uris(url, channels))
    asked = Asked()
    event.listen(sa.Engine, "before_cursor_execute", asked.note)
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    event.remove(sa.Engine, "before_cursor_execute", asked.note)
    outbox.close()
    known = Database(database)
    with known.read() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
        words = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        for text, (statement, values) in asked.seen.items():
            shown = text if len(text) <= _LONGEST else f"{text[:60]} … {text[-80:]}"
            yield f"- `{shown}`"
            for row in connection.exec_driver_sql(f"{words} {statement}", values):
                yield f"    - {str(row[-1]).strip()}"
    known.close()


def main() -> int:
    """Reads the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--channels", type=int, default=100_000)
    parser.add_argument("--database", help="an SQLAlchemy URL (default: a SQLite file in a temporary folder)")
    given = parser.parse_args()
    workshop = set_up(install=False)
    if workshop.stub is None:
        sys.stderr.write("The stub could not be compiled; it needs gcc (on Debian: apt-get install gcc libc6-dev).\n")
        return 2
    with tempfile.TemporaryDirectory() as folder, running_stub(workshop.stub, Cores(), None) as stub:
        database = given.database or f"sqlite:///{folder}/push.db"
        for line in plans(stub.url(tls=False), given.channels, database):
            sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
