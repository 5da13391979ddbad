"""Bringing a database's tables to what this version works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import REVISION, VERSION_TABLE, channels
from winpush.errors import ConfigurationError

__all__ = ["SchemaState", "check", "prepare", "upgrade"]

_FIRST = "0001"
_SCRIPTS = Path(__file__).parent / "migrations"
_VERSION = sa.table(VERSION_TABLE, sa.column("version_num", sa.Text))


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which revision a database's tables have (None: there are none yet), and which this version works with."""

    found: str | None
    wanted: str = REVISION

    @property
    def is_current(self) -> bool:
        """True when there is nothing to do."""
        return self.found == self.wanted

    @property
    def is_newer(self) -> bool:
        """True when a later version of winpush has upgraded it. Revisions count up."""
        return self.found is not None and self.found > self.wanted


def check(database: Database) -> SchemaState:
    """What the tables are, without changing them."""
    if database.is_file and not Path(database.url.database or "").exists():
        return SchemaState(None)  # to look would make it
    with database.read() as connection:
        return _state(connection)


def _state(connection: Connection) -> SchemaState:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return SchemaState(None)
    return SchemaState(connection.scalar(sa.select(_VERSION.c.version_num)))


def prepare(database: Database) -> None:
    """Makes an outbox's database ready: a file by itself, a server's database only by `winpush db upgrade`.

    Raises ConfigurationError for tables that this version can't work with, and says what to type.
    """
    state = check(database)
    if state.is_current:
        return
    _refuse_newer(state)
    if database.is_file:
        upgrade(database)
        return
    found = "has no tables of winpush yet" if state.found is None else f"has the tables of revision {state.found}"
    raise ConfigurationError(
        f"The database {found}, and this version works with revision {state.wanted}. "
        "Run 'winpush db upgrade' with the same --db once; then start this again"
    )


def _refuse_newer(state: SchemaState) -> None:
    if state.is_newer:
        raise ConfigurationError(
            f"The database has the tables of revision {state.found}, which a later version of winpush has made; this "
            f"version works with revision {state.wanted}. Install that version here too"
        )


def upgrade(database: Database) -> SchemaState:
    """Brings the tables to what this version works with, in one transaction; returns what they were.

    Others that ask for it at the same time wait for it. Raises ConfigurationError where a later version has been.
    """
    with database.write() as connection:
        database.wait_for_turn(connection)
        state = _state(connection)
        _refuse_newer(state)
        if not state.is_current:
            config = Config()
            config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
            config.attributes["connection"] = connection
            if state.found is None and sa.inspect(connection).has_table(channels.name):
                command.stamp(config, _FIRST)  # made before there were revisions
            command.upgrade(config, "head")
    return state
