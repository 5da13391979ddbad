"""A database of the first design, with a broadcast that is half done: its workers were killed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import winpush.delivery.storage.migrate as migrating
from winpush import mpns
from winpush.delivery import Audience
from winpush.delivery.content.content import Content
from winpush.delivery.storage.database import Database

__all__ = ["DELIVERED", "LEFT", "UNREACHED", "WAITING", "make", "upgrade_to"]

DELIVERED = (*range(1, 13), *range(17, 20))
"""Channels with an outcome. A worker was killed while it sent to 11 to 16, of which two are written."""
LEFT = tuple(range(13, 17))
WAITING = (20,)
UNREACHED = tuple(range(21, 41))
BROADCAST, NOTIFICATION = 1, 2
_NOW = 1_790_000_000_000


def make(url: str, revision: str, uris: Sequence[str]) -> None:
    """Makes the tables as they were at a revision, and fills them with channels that have these 40 URIs."""
    database = Database(url)
    with database.write(bounded=False) as connection:
        upgrade_to(connection, revision)
        for name, rows in _rows(uris).items():
            _insert(connection, f"winpush_{name}", rows)
        if connection.dialect.name == "postgresql":
            for name in ("channels", "broadcasts", "attempts"):
                connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('winpush_{name}', 'id'), 1000)")
    database.close()


def upgrade_to(connection: sa.Connection, revision: str) -> None:
    """Makes the tables as they were at a revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _insert(connection: sa.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    names = ", ".join(rows[0])
    marks = ", ".join(f":{name}" for name in rows[0])
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), rows)  # noqa: S608 - names of ours


def _rows(uris: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    channels = [
        {"id": number, "uri": uri, "service": "mpns", "key": f"user {number}", "registered_at": 1, "renewed_at": 1}
        for number, uri in enumerate(uris, 1)
    ]
    states = [
        *((BROADCAST, channel, "delivered", "accepted", 1, None, None) for channel in DELIVERED),
        *((BROADCAST, channel, "waiting", "queue-full", 1, _NOW, None) for channel in WAITING),
        (NOTIFICATION, 1, "waiting", None, 0, _NOW, "dead/1"),
    ]
    columns = ("broadcast", "channel", "state", "outcome", "attempts", "due", "owner")
    deliveries = [{**dict(zip(columns, row, strict=True)), "at": _NOW} for row in states]
    tried = [
        {"broadcast": BROADCAST, "channel": channel, "at": _NOW, "outcome": "accepted", "status": 200}
        for channel in DELIVERED
    ]
    return {
        "channels": channels,
        "broadcasts": [_broadcast(BROADCAST, Audience(), cursor=20, last=40), _broadcast(NOTIFICATION, Audience())],
        "ranges": [
            {"broadcast": BROADCAST, "first": 11, "last": 16, "owner": "dead/2", "lease_until": 0, "attempts": 1}
        ],
        "deliveries": deliveries,
        "counts": [{"broadcast": BROADCAST, "state": "delivered", "outcome": "accepted", "number": len(DELIVERED)}],
        "attempts": tried,
    }


def _broadcast(number: int, audience: Audience, *, cursor: int = 0, last: int = 0) -> dict[str, Any]:
    times = {"created_at": _NOW, "not_before": _NOW, "paced_until": _NOW, "spread_until": 0}
    limits = {"max_attempts": 8, "resend_unanswered": 0, "stop_after": 20, "refusals": "{}"}
    content = Content(mpns=mpns.Toast("Hello")).to_json()
    what = {"content": content, "audience": audience.to_json(), "state": "running"}
    return {"id": number, **what, **times, **limits, "cursor": cursor, "last_channel": last}
