"""Writing in a caller's transaction, on a connection that isn't ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from winpush.delivery.storage.schema import holds
from winpush.errors import ValidationError

__all__ = ["run_joined"]

_T = TypeVar("_T")
_IDLE = 0  # libpq's PQTRANS_IDLE
_TAKE_THE_LOCK = f"DELETE FROM {holds.name} WHERE 0"  # noqa: S608 - a name of ours


def run_joined(connection: Connection, work: Callable[[Connection], _T]) -> _T:
    """Runs `work` in the caller's transaction, or in one of its own where the caller's connection commits each
    statement, and returns its result. Raises what it raises, the driver's errors, and ValidationError for what isn't a
    connection.

    On a file, `work` has SQLite's write lock from the beginning. Python's driver sends its BEGIN only before the first
    INSERT, UPDATE or DELETE: anything read before that may be out of date by the time of the write, and releasing a
    savepoint outside a transaction is a commit.
    """
    if not isinstance(connection, Connection):
        raise ValidationError(
            "connection",
            f"must be a SQLAlchemy Connection, not {type(connection).__name__}; of a Session, give its .connection()",
        )
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        return _run_alone(connection, work, "BEGIN") if _is_between_commits(driver) else work(connection)
    if driver.in_transaction:
        # It may only have read. Without the lock, our own read would make a later write fail instead of wait.
        connection.exec_driver_sql(_TAKE_THE_LOCK)
    elif _commits_each_statement(driver):
        return _run_alone(connection, work, "BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    return work(connection)


def _commits_each_statement(driver: Any) -> bool:
    """Whether the caller has turned transactions off; in Python 3.12 and later there are two ways to do that."""
    return driver.isolation_level is None or getattr(driver, "autocommit", False) is True


def _is_between_commits(driver: Any) -> bool:
    """Whether the caller has asked PostgreSQL's driver for no transactions (AUTOCOMMIT), and has begun none by hand."""
    info = getattr(driver, "info", None)  # psycopg's; with another driver, SQLAlchemy's own transaction is all there is
    return bool(getattr(driver, "autocommit", False)) and getattr(info, "transaction_status", None) == _IDLE


def _run_alone(connection: Connection, work: Callable[[Connection], _T], begin: str) -> _T:
    connection.exec_driver_sql(begin)
    try:
        result = work(connection)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        if not connection.invalidated:
            connection.exec_driver_sql("ROLLBACK")
        raise
    return result
