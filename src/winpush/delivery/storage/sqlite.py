"""Connections to a SQLite file, and whether it is still the file that they were opened on."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from winpush.delivery.storage.availability import DatabaseError
from winpush.delivery.storage.files import make_private, path_of
from winpush.delivery.storage.urls import read_seconds
from winpush.errors import ConfigurationError

__all__ = ["File", "make_engine"]

_BUSY_TIMEOUT_SECONDS = 30
_TRY_AGAIN_SECONDS = 0.01
_OLDEST = (3, 35, 0)  # RETURNING


class File:
    """The file at a path. An open connection to a deleted or replaced file keeps writing where nobody will ever read
    it, and SQLite doesn't say so."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._known: tuple[int, int] | None = None

    def note(self) -> None:
        """Notes that a connection was opened to the file that is there now."""
        if self._known is None:
            self._known = self._identity()

    def check(self) -> None:
        """Raises DatabaseError if the file isn't the one that was opened first."""
        if self._known is None or (now := self._identity()) == self._known:
            return
        what = "deleted" if now is None else "replaced by another file"
        raise DatabaseError(
            f"The database file {os.path.basename(self.path)} was {what} while it was in use. Put it back, or restart "
            "this process to use what is there now"
        )

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


def make_engine(url: sa.URL, file: File | None, *, durable: bool) -> Engine:
    """An engine whose transactions begin as ours need to. Raises ConfigurationError for a SQLite that is too old."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise ConfigurationError(
            f"The outbox needs SQLite 3.35 or later; this Python has {sqlite3.sqlite_version}. Use a newer Python"
        )
    given = read_seconds(url)
    patience = _BUSY_TIMEOUT_SECONDS if given is None else given
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": patience}
    # Statement parameters include channel URIs, which no error message may show.
    engine = sa.create_engine(url, connect_args=arguments, pool_size=5, max_overflow=20, hide_parameters=True)

    path = path_of(url)

    @event.listens_for(engine, "do_connect")
    def make(*_arguments: object) -> None:
        if path is not None:
            make_private(path)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: object) -> None:
        # The driver must not begin transactions by itself: `begin` below does.
        connection.isolation_level = None
        _use_wal(connection, patience)
        for pragma in _pragmas(durable=durable):
            connection.cursor().execute(pragma)
        if file is not None:
            file.note()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer must lock at once: upgrading a read transaction later can fail.
        writes = connection.get_execution_options().get("winpush_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: DBAPIConnection, patience: float) -> None:
    """Turns on the write-ahead log. If several connections open a new file at once, SQLite refuses all but one without
    waiting for its busy timeout, because each would wait for the others' locks."""
    until = time.monotonic() + patience
    while True:
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_TRY_AGAIN_SECONDS)


def _pragmas(*, durable: bool) -> tuple[str, ...]:
    return (
        f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}",
        "PRAGMA cache_size=-16384",  # 16 MiB: the upper index pages of a million channels
        "PRAGMA wal_autocheckpoint=4000",
    )
