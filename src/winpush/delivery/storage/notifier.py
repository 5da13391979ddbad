"""Waking the workers of other processes when there is something to do: PostgreSQL's NOTIFY.

Only a courtesy: a worker that hears nothing looks by itself at each poll.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from winpush.delivery.storage.database import Database, DatabaseError, translated

__all__ = ["announce", "listen"]

_CHANNEL = "winpush"
_RETRY_SECONDS = 2.0


def announce(connection: Connection) -> None:
    """Tells the workers, when the transaction is committed, that there may be something to do."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)


_NOTIFY = sa.select(sa.func.pg_notify(_CHANNEL, ""))


async def listen(database: Database, wake: Callable[[], None]) -> None:
    """Calls `wake` at each announcement, until it is cancelled. Returns at once where there is nothing to hear: on
    SQLite, with another driver than psycopg, or on an event loop that can't watch a socket (Windows' default)."""
    loop = asyncio.get_running_loop()
    if database.engine.dialect.driver != "psycopg":
        return
    while True:
        opening = loop.run_in_executor(None, _open, database)
        try:
            connection = await asyncio.shield(opening)
        except asyncio.CancelledError:
            with suppress(DatabaseError):
                (await opening).close()
            raise
        except DatabaseError:
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        try:
            wake()  # something may have been announced while nobody listened
            await _watch(connection, wake)
        except NotImplementedError:
            return
        finally:
            connection.close()
        await asyncio.sleep(_RETRY_SECONDS)


def _open(database: Database) -> Any:
    """A connection of the driver's own, which listens. Raises DatabaseError."""
    import psycopg

    with translated():
        pooled = database.engine.raw_connection()
    driver: Any = pooled.driver_connection
    pooled.detach()
    try:
        driver.autocommit = True
        driver.execute(f"LISTEN {_CHANNEL}")
    except psycopg.Error as error:
        driver.close()
        raise DatabaseError("The database went away") from error
    return driver


async def _watch(driver: Any, wake: Callable[[], None]) -> None:
    """Until the connection is lost."""
    import psycopg

    loop, lost, number = asyncio.get_running_loop(), asyncio.Event(), driver.fileno()

    def read() -> None:
        try:
            driver.pgconn.consume_input()
        except psycopg.Error:
            loop.remove_reader(number)
            lost.set()
            return
        heard = False
        while driver.pgconn.notifies() is not None:
            heard = True
        if heard:
            wake()

    loop.add_reader(number, read)
    try:
        await lost.wait()
    finally:
        loop.remove_reader(number)
