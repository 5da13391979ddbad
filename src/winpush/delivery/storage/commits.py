"""A commit whose answer was lost: PostgreSQL still knows, by the transaction's number, whether it was stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from winpush.delivery.storage.availability import DatabaseError

__all__ = ["Trace", "begin_traced", "was_stored"]

_PAUSE_SECONDS = 0.05
_STORED = {"committed": True, "aborted": False}


class Trace(NamedTuple):
    """A transaction's number, and when its server started: another server, or the same one after a crash, may give the
    number to another transaction."""

    number: int
    server: datetime


def begin_traced(connection: Connection, settings: Mapping[str, str]) -> Trace:
    """Makes settings for this transaction and takes its number, without an extra round trip."""
    names = "".join(f", set_config('{name}', '{value}', true)" for name, value in settings.items())
    row = connection.exec_driver_sql(f"SELECT txid_current(), pg_postmaster_start_time(){names}").one()
    return Trace(row[0], row[1])


_STATUS = "SELECT CASE WHEN pg_postmaster_start_time() = %s THEN txid_status(%s) END"


def was_stored(connect: Callable[[], AbstractContextManager[Connection]], trace: Trace, seconds: float) -> bool | None:
    """Whether this transaction was stored; None if nobody can say within that time."""
    until = time.monotonic() + seconds
    while True:
        try:
            with connect() as connection:
                status = connection.exec_driver_sql(_STATUS, (trace.server, trace.number)).scalar()
        except DatabaseError:
            status = "in progress"
        if status != "in progress" or time.monotonic() > until:
            return None if status is None else _STORED.get(status)
        time.sleep(_PAUSE_SECONDS)
