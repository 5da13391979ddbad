"""Which drivers' errors mean that the database is unavailable, perhaps temporarily, and what to do about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from winpush.errors import WinPushError

__all__ = [
    "DatabaseError",
    "StatementError",
    "commit_lost",
    "has_collided",
    "is_locked",
    "is_read_only",
    "is_too_large",
    "may_be_of_one",
    "state_of",
    "translated",
]

AWAY = {
    "08": "the connection failed",
    "25006": "it is read-only, as after a failover",
    "25P03": "the transaction was idle for too long",
    "40001": "transactions collided",
    "40P01": "transactions collided",
    "53": "the server has no disk space, memory or connection left",
    "55P03": "somebody else held a lock for too long",
    "57": "the server is stopping, starting or recovering, or ended the statement",
    "58": "the server's disk failed",
}
"""The beginnings of SQLSTATEs that may pass by themselves (PostgreSQL, appendix A), and what they mean."""
_COLLIDED = ("40P01", "40001")
_READ_ONLY = "25006"
_LOCKED = "55P03"
_UNUSABLE = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
_REFUSALS = (
    (r"database .* does not exist", "Create it, or correct the name in the database's URL"),
    (r"role .* does not exist", "Correct the user in the database's URL"),
    (r"no password supplied", "Give the password in the database's URL, or in PGPASSWORD"),
    (r"password authentication failed", "Correct the user and the password in the database's URL"),
    (r"authentication failed|pg_hba\.conf", "Let this user in, in the server's pg_hba.conf, or give another user"),
    (r"failed to resolve host|could not translate host", "Correct the host in the database's URL"),
)
"""What PostgreSQL and its driver say about a URL that leads to no database, and what to do: when a connection can't be
made, the error has no SQLSTATE."""
_OF_ONE = (*_COLLIDED, _LOCKED, "54", "57014")
"""Errors that a statement may cause itself: a collision, a lock, something too large, taking too long."""


_TOO_LARGE = re.compile(r"Expression tree is too large|too many|at most \d+ tables|parser stack overflow|too complex")
"""What SQLite says of a statement that is too large for it, in the words of its SQLITE_ERROR."""
_LIMITS = "54"
"""The beginning of the SQLSTATEs with which PostgreSQL says so."""


class StatementError(WinPushError):
    """What was asked for makes a statement that the database can't run, now or later: it is too large. The driver's
    error is the `__cause__`. Nothing was written."""


class DatabaseError(WinPushError):
    """The database is unreachable, or can't do this now: it is locked, full, read-only or shutting down. The driver's
    error is the `__cause__`.

    Nothing was written, unless `may_be_stored`: the connection was lost while the transaction was being committed.
    """

    def __init__(self, message: str, *, may_be_stored: bool = False) -> None:
        super().__init__(message)
        self.may_be_stored = may_be_stored


def state_of(error: BaseException | None) -> str | None:
    """The SQLSTATE of an error of SQLAlchemy; None where the driver gives none."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_read_only(error: BaseException) -> bool:
    """Whether the server accepts no writes: the next connection may lead to one that does."""
    return state_of(error) == _READ_ONLY


def is_locked(error: BaseException | None) -> bool:
    """Whether somebody else held a lock for too long: the rest of the database is usable."""
    return state_of(error) == _LOCKED


def _is_busy(error: DBAPIError) -> bool:
    """The same for a SQLite file. The worker treats this as an outage, since a file has one lock for everything."""
    return _sqlite_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _sqlite_name(error: DBAPIError) -> str:
    """SQLite's name for the error, such as SQLITE_FULL; '' if it is another database's."""
    return getattr(error.orig, "sqlite_errorname", None) or ""


def has_collided(error: BaseException | None) -> bool:
    """Whether PostgreSQL aborted the transaction because of another one; it may be retried at once."""
    return state_of(error) in _COLLIDED


def is_too_large(error: BaseException | None) -> bool:
    """Whether the database can't run a statement of this size, however often it is tried."""
    state = state_of(error)
    if state is not None:
        return state.startswith(_LIMITS)
    orig = getattr(error, "orig", None)
    return getattr(orig, "sqlite_errorname", "") == "SQLITE_ERROR" and bool(_TOO_LARGE.search(str(orig)))


def may_be_of_one(error: BaseException | None) -> bool:
    """Whether an error may come from one of several writes in a transaction, so that the others may succeed when each
    is tried alone. Not so if the database is away or a file, which has one lock for everything, is locked."""
    if getattr(error, "connection_invalidated", False):
        return False
    state = state_of(error)
    if state is not None:
        return state.startswith(_OF_ONE)
    return getattr(getattr(error, "orig", None), "sqlite_errorname", "") in ("SQLITE_ERROR", "SQLITE_TOOBIG")


def _is_away(error: DBAPIError) -> bool:
    """Only errors that may pass: a statement rejected for what it says would be rejected again."""
    if is_too_large(error):
        return False
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return True
    return (state_of(error) or "").startswith(tuple(AWAY))


def commit_lost(error: DBAPIError) -> DatabaseError:
    """What to say about a commit whose answer didn't come."""
    return DatabaseError(
        f"The connection was lost while the database was storing this: {_first_line(error)}. It may be stored "
        "or not. Check before you try again; with an idempotency_key, just try again",
        may_be_stored=True,
    )


@contextmanager
def translated(file: Path | None = None) -> Iterator[None]:
    """Translates drivers' errors to DatabaseError if they may pass or say that there is no such database, and to
    StatementError if a statement is too large. `file` is that of a SQLite database."""
    try:
        yield
    except DBAPIError as error:
        if is_too_large(error):
            what = f"The database can't do this in one statement: {_first_line(error)}. Ask for less at once"
            raise StatementError(what) from error
        if not (_is_away(error) or _sqlite_name(error).startswith(_UNUSABLE)):
            raise
        if is_locked(error) or _is_busy(error):
            said = _first_line(error)
            what = f"Another transaction held a needed lock for too long: {said}. Nothing was written; try again"
        elif has_collided(error):
            what = f"Another transaction was in the way: {_first_line(error)}. Nothing was written; try again"
        elif file is not None and _sqlite_name(error):
            what = _describe_file(error, file.absolute())
        else:
            what = _describe_server(error)
        raise DatabaseError(what) from error
    except sa.exc.TimeoutError as error:
        raise DatabaseError("All database connections are in use. Try again, or use fewer threads") from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _describe_server(error: DBAPIError) -> str:
    for line in str(error.orig).splitlines():
        for pattern, to_do in _REFUSALS:
            if re.search(pattern, line):
                said = re.sub(r"^.*failed: (FATAL: +)?", "", line)
                return f"Can't connect to the database: {said}. {to_do}"
    return f"The database is not available: {_first_line(error)}. Check that it is running and try again"


def _describe_file(error: DBAPIError, file: Path) -> str:
    name, said = _sqlite_name(error), _first_line(error)
    if name.startswith("SQLITE_NOTADB"):
        return f"The file {file} is not a SQLite database. Name the outbox's own file, or one that doesn't exist yet"
    if name.startswith("SQLITE_CORRUPT"):
        return f"The database file {file} is damaged: {said}. Restore it from a backup"
    if file.is_dir():
        return f"{file} is a folder. Name a file in it: sqlite:///{file / 'push.db'}"
    if not file.parent.is_dir():
        return f"The folder {file.parent} doesn't exist. Create it, or correct the path"
    if name.startswith("SQLITE_FULL"):
        return f"There is no space for the database file {file}: {said}. Free some space and try again"
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return f"The database file {file} can't be used: {said}. Check the permissions of the file and its folder"
    return f"The database file {file} is not available: {said}. Try again"
