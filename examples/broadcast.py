"""Broadcasts to a small channel registry in SQLite, and updates the registry from the service's answers."""

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from winpush import AsyncClient, NothingToSendError, mpns
from winpush.emulator import Emulator
from winpush.results import Notification
from winpush.retries import RetryAt, decide

TILE = mpns.FlipTile("weather.png", 0, "Weather", back_content="Storm from 18:00", wide_back_content="Stay in tonight")


def register(database: sqlite3.Connection, emulator: Emulator) -> None:
    """What phones do when they start: register their channel and version."""
    database.execute("create table channel (uri text primary key, version text, not_before text)")
    for version, state in (("8.1", "healthy"), ("7.1", "healthy"), ("8.0", "expired"), ("8.0", "inactive")):
        uri = emulator.create_channel(version, state).uri
        database.execute("insert into channel values (?, ?, null)", (uri, version))


def due(database: sqlite3.Connection) -> Iterator[tuple[str, Notification, str]]:
    """The channels that are due now, each with a notification that its phone can show."""
    now = datetime.now(UTC).isoformat()
    for uri, version in database.execute(
        "select uri, version from channel where not_before is null or not_before <= ?", (now,)
    ).fetchall():
        try:
            yield uri, TILE.for_version(version), uri
        except NothingToSendError as reason:
            print("skipped a phone with version", version, "-", reason)


async def broadcast(database: sqlite3.Connection, emulator: Emulator) -> None:
    """One broadcast, and how a well-behaved sender handles each result."""
    async with AsyncClient(allow_hosts=[emulator.authority]) as client:
        async for result in client.send_many(due(database)):
            decision = decide(result, attempt=1, now=datetime.now(UTC))
            if result.should_delete_channel:
                database.execute("delete from channel where uri = ?", (result.key,))
            elif isinstance(decision, RetryAt):
                later = decision.at.isoformat()
                database.execute("update channel set not_before = ? where uri = ?", (later, result.key))
            print(result.outcome.value, "-", result.explanation)


with Emulator() as emulator:
    registry = sqlite3.connect(":memory:")
    register(registry, emulator)
    asyncio.run(broadcast(registry, emulator))
    print(registry.execute("select count(*) from channel").fetchone()[0], "channels remain")
    registry.close()
