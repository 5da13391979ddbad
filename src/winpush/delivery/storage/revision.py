"""The revision of a database's tables; refuses those of a later version."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from winpush.delivery.storage.availability import DatabaseError, state_of
from winpush.delivery.storage.schema import REVISION, VERSION_TABLE
from winpush.errors import ConfigurationError

__all__ = ["is_newer", "read_revision", "refuse_newer", "tell_if_newer"]

_VERSION = sa.select(sa.table(VERSION_TABLE, sa.column("version_num", sa.Text)).c.version_num)
_STATES = ("42", "23")
_WORDS = ("no such", "has no column", "no column named", "constraint failed")
"""What PostgreSQL and SQLite say when tables aren't as a statement expects."""


def read_revision(connection: Connection) -> str | None:
    """The revision of the tables, which must exist."""
    found: str | None = connection.scalar(_VERSION)
    return found


def is_newer(found: str | None) -> bool:
    """Whether these are tables that a later version has upgraded. Revisions count up."""
    return found is not None and found > REVISION


def refuse_newer(found: str | None) -> None:
    """Raises ConfigurationError for tables that a later version has upgraded."""
    if is_newer(found):
        raise ConfigurationError(
            f"A later version of winpush has upgraded the database to revision {found}, and this version needs "
            f"revision {REVISION}. Upgrade winpush on this machine"
        )


def tell_if_newer(engine: Engine, error: DBAPIError | DatabaseError) -> None:
    """Raises ConfigurationError if a statement failed because a later version has upgraded the tables meanwhile."""
    cause = error if isinstance(error, DBAPIError) else error.__cause__
    if not _is_about_tables(cause):
        return
    try:
        with engine.connect() as connection:
            found = read_revision(connection)
    except SQLAlchemyError:
        return
    refuse_newer(found)


def _is_about_tables(error: BaseException | None) -> bool:
    state = state_of(error)
    if state is not None:
        return state.startswith(_STATES)
    said = str(getattr(error, "orig", ""))
    return any(words in said for words in _WORDS)
