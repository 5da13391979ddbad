"""Wakes the workers of other processes when there is work: PostgreSQL's NOTIFY.

Only an optimization: a worker that hears nothing still finds the work at its next poll.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from winpush.delivery.storage.database import Database, DatabaseError, translated

__all__ = ["CHANNEL", "announce", "listen"]

CHANNEL = "winpush"
"""The channel of PostgreSQL's NOTIFY on which workers listen."""
_RETRY_SECONDS = 2.0


def announce(connection: Connection) -> None:
    """Tells all workers, once the transaction commits, that there may be work."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)


_NOTIFY = sa.select(sa.func.pg_notify(CHANNEL, ""))


async def listen(database: Database, wake: Callable[[], None]) -> None:
    """Calls `wake` for each announcement until cancelled. Returns at once where LISTEN isn't available: on SQLite, with
    a driver other than psycopg, or on an event loop that can't watch a socket (the default on Windows)."""
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
            wake()  # an announcement may have been missed before LISTEN
            await _watch(connection, wake)
        except NotImplementedError:
            return
        finally:
            connection.close()
        await asyncio.sleep(_RETRY_SECONDS)


def _open(database: Database) -> Any:
    """Opens a driver connection outside the pool and starts listening on it. Raises DatabaseError."""
    import psycopg

    with translated():
        pooled = database.engine.raw_connection()
    driver: Any = pooled.driver_connection
    pooled.detach()
    try:
        driver.autocommit = True
        driver.execute(f"LISTEN {CHANNEL}")
    except psycopg.Error as error:
        driver.close()
        raise DatabaseError("The connection to the database was lost. Check that the server is running") from error
    return driver


async def _watch(driver: Any, wake: Callable[[], None]) -> None:
    """Calls `wake` for each announcement until the connection is lost."""
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
