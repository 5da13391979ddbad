"""Checks and upgrades the tables of a database to the revision that this version needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from winpush.delivery.storage.database import Database
from winpush.delivery.storage.files import path_of
from winpush.delivery.storage.revision import is_newer, read_revision, refuse_newer
from winpush.delivery.storage.schema import REVISION, VERSION_TABLE, channels
from winpush.errors import ConfigurationError

__all__ = ["SchemaState", "check", "prepare", "upgrade"]

_FIRST = "0001"
_SCRIPTS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The revision of a database's tables (None: no tables yet), and the one that this version needs."""

    found: str | None
    wanted: str = REVISION

    @property
    def is_current(self) -> bool:
        """True if the tables need no upgrade."""
        return self.found == self.wanted

    @property
    def is_newer(self) -> bool:
        """True if a later version of winpush has upgraded the database."""
        return is_newer(self.found)


def check(database: Database) -> SchemaState:
    """Reads the revision of the tables; changes nothing."""
    path = path_of(database.url)
    if path is not None and not path.exists():
        return SchemaState(None)  # opening it would create the file
    with database.read() as connection:
        return _state(connection)


def _state(connection: Connection) -> SchemaState:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return SchemaState(None)
    return SchemaState(read_revision(connection))


def prepare(database: Database) -> None:
    """Makes a database ready for use: upgrades a SQLite file; a server's database needs `winpush db upgrade`.

    Raises ConfigurationError, with the command to type, for tables that this version can't use.
    """
    state = check(database)
    if state.is_current:
        return
    refuse_newer(state.found)
    if database.is_file:
        upgrade(database)
        return
    found = "has no winpush tables yet" if state.found is None else f"is at revision {state.found}"
    raise ConfigurationError(
        f"The database {found}, and this version of winpush needs revision {state.wanted}. "
        "Run 'winpush db upgrade' once with the same --db, then try again"
    )


def upgrade(database: Database) -> SchemaState:
    """Creates or upgrades the tables in one transaction; returns the state before.

    Concurrent calls wait for each other. If PostgreSQL aborts it because a worker was in the way, it is tried again.
    Raises ConfigurationError if a later version has upgraded the database.
    """

    def work(connection: Connection) -> SchemaState:
        database.wait_for_turn(connection)
        state = _state(connection)
        refuse_newer(state.found)
        if not state.is_current:
            _run_migrations(connection, state)
        return state

    return database.run(work, bounded=False)


def _run_migrations(connection: Connection, state: SchemaState) -> None:
    from alembic import command  # takes a fifth of the package's import time, and is seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if state.found is None and sa.inspect(connection).has_table(channels.name):
        command.stamp(config, _FIRST)  # created before revisions existed
    command.upgrade(config, "head")
