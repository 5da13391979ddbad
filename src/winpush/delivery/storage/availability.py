"""Which of the drivers' errors say that the database is away: not now, but perhaps later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from winpush.errors import WinPushError

__all__ = ["DatabaseError", "commit_lost", "has_collided", "is_locked", "is_read_only", "state_of", "translated"]

AWAY = {
    "08": "the connection failed",
    "25006": "it is read-only, as after a failover",
    "25P03": "the transaction was idle for too long",
    "40001": "transactions collided",
    "40P01": "transactions collided",
    "53": "the server has no room, memory or connection left",
    "55P03": "somebody else held a lock for too long",
    "57": "the server stops, starts, recovers, or ended the statement",
    "58": "the server's disk failed",
}
"""The beginnings of SQLSTATEs that may pass by themselves (PostgreSQL, appendix A), and what they mean."""
_COLLIDED = ("40P01", "40001")
_READ_ONLY = "25006"
_LOCKED = "55P03"


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
    """Whether the server takes no writes: the next connection may lead to one that does."""
    return state_of(error) == _READ_ONLY


def is_locked(error: BaseException | None) -> bool:
    """Whether somebody else held a lock for too long: the rest of the database is there."""
    return state_of(error) == _LOCKED


def _is_busy(error: DBAPIError) -> bool:
    """The same of a SQLite file, where the worker takes it for an outage: a file has one lock for all."""
    return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def has_collided(error: BaseException | None) -> bool:
    """Whether PostgreSQL aborted the transaction because of another one; the same may be tried again at once."""
    return state_of(error) in _COLLIDED


def _is_away(error: DBAPIError) -> bool:
    """Only what may pass: a statement rejected for what it says would be rejected again."""
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return True
    return (state_of(error) or "").startswith(tuple(AWAY))


def commit_lost(error: DBAPIError) -> DatabaseError:
    """What to say of a commit whose answer didn't come."""
    said = str(error.orig).strip().partition("\n")[0]
    return DatabaseError(
        f"The connection was lost while the database was storing this: {said}. It may be stored or not. Look before "
        "you try again; with an idempotency_key, just try again",
        may_be_stored=True,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Translates drivers' errors that may pass to DatabaseError."""
    try:
        yield
    except DBAPIError as error:
        if not _is_away(error):
            raise
        said = str(error.orig).strip().partition("\n")[0]
        if is_locked(error) or _is_busy(error):
            what = f"Another transaction held for too long what this one needs: {said}. Nothing was written; try again"
        else:
            what = f"The database is not available: {said}. Check that it is running and try again"
        raise DatabaseError(what) from error
    except sa.exc.TimeoutError as error:
        raise DatabaseError("All database connections are in use. Try again, or use fewer threads") from error
