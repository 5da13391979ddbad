"""The database, and everything that differs between SQLite and PostgreSQL."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine, Row, Table
from sqlalchemy.dialects import postgresql as postgresql_sql
from sqlalchemy.dialects import sqlite as sqlite_sql
from sqlalchemy.exc import DBAPIError

from winpush.delivery.storage import sqlite
from winpush.delivery.storage.availability import DatabaseError, commit_lost, has_collided, is_read_only, translated
from winpush.delivery.storage.commits import Trace, begin_traced, was_stored
from winpush.delivery.storage.files import path_of
from winpush.delivery.storage.revision import tell_if_newer
from winpush.delivery.storage.sender_lock import SenderLock
from winpush.delivery.storage.urls import read_seconds, read_url
from winpush.errors import ConfigurationError

__all__ = [
    "Database",
    "DatabaseError",
    "Millis",
    "any_of",
    "from_millis",
    "in_list",
    "insert_new",
    "insert_one",
    "insert_or_add",
    "insert_or_raise",
    "insert_rows",
    "insert_values",
    "lock_rows",
    "raw_rows",
    "read_json",
    "reserve_numbers",
    "run_sql",
    "to_millis",
    "translated",
    "update_rows",
]

Millis = int
"""Milliseconds since 1970, UTC."""

_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ANSWER_SECONDS = 20.0
"""How long a statement on PostgreSQL may take: four times as long as it may wait for a lock."""
_LONG = 30
"""How much longer a read for a user may take: a page of a large history, the size of an audience."""
_COLLISIONS = 3
_AT_ONCE = 100  # rows per statement; SQLite accepts 32,766 values
_FEW = 3  # up to this many rows, starting a COPY costs more than it saves
_COUNTED = {"preserve_rowcount": True}  # SQLAlchemy discards the rowcount of an INSERT otherwise
_AT_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TURN = 0x77696E70757368  # the advisory lock's key: "winpush" in ASCII


def to_millis(moment: datetime) -> Millis:
    """An aware datetime as stored in the tables. Raises ConfigurationError for a naive one."""
    if moment.tzinfo is None:
        raise ConfigurationError(
            f"The time {moment} has no time zone. Pass an aware datetime, such as datetime.now(UTC)"
        )
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_millis(millis: Millis) -> datetime:
    """The inverse of `to_millis`: an aware datetime in UTC."""
    return _EPOCH + timedelta(milliseconds=millis)


class Database:
    """Connections for reading and writing. `durable` makes each commit wait for the disk (see the delivery guarantee in
    the docs)."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        """Opens no connection yet. Raises ConfigurationError for a URL that can't hold an outbox."""
        parsed = read_url(url)
        self.name: str = parsed.get_backend_name()
        if self.name not in ("sqlite", "postgresql"):
            raise ConfigurationError(
                f"The outbox needs SQLite or PostgreSQL, not {self.name}. Write the URL as 'sqlite:///push.db' or "
                "'postgresql://user@host/name'"
            )
        self.is_file: bool = self.name == "sqlite"
        self.url = parsed
        if self.is_file and parsed.database in (None, "", ":memory:"):
            raise ConfigurationError(
                "The outbox can't be in memory: it would lose its data. Name a file: 'sqlite:///push.db'"
            )
        self._file = sqlite.File(os.path.abspath(parsed.database or "")) if self._is_plain_file else None
        self._patience = read_seconds(parsed) or _ANSWER_SECONDS
        self._settings = {} if self.is_file else _settings(self._patience, durable=durable)
        self._process = os.getpid()
        self._uses: set[object] = set()
        self._turn = threading.Lock()
        self.engine: sa.Engine = self._make(parsed, durable=durable)

    @property
    def _is_plain_file(self) -> bool:
        return self.is_file and not (self.url.database or "").startswith("file:")

    def _make(self, url: sa.URL, *, durable: bool) -> Engine:
        if self.is_file:
            return sqlite.make_engine(url, self._file, durable=durable)
        try:
            from winpush.delivery.storage import postgresql

            return postgresql.make_engine(url.difference_update_query(["timeout"]), self._patience)
        except (ModuleNotFoundError, sa.exc.NoSuchModuleError):
            raise ConfigurationError(
                f'The driver for {url.drivername!r} is not installed. Run: pip install "winpush[postgres]", and write '
                "the URL as 'postgresql://user@host/name'"
            ) from None

    @contextmanager
    def read(self, *, bounded: bool = False) -> Iterator[Connection]:
        """A read transaction that sees one moment. `bounded`: it is short, its caller doesn't wait for long, and on a
        server each statement sees its own moment. Every wait for an answer has a limit. Raises DatabaseError."""
        with self._connected() as connection:
            if not bounded:
                self._bound(connection, self._patience * _LONG)
            try:
                with connection.begin():
                    if not (bounded or self.is_file):  # not for the session, which a pooler gives to others
                        connection.exec_driver_sql(_AT_ONE_MOMENT)
                    yield connection
            finally:
                self._bound(connection, self._patience)

    @contextmanager
    def write(self, *, bounded: bool = True, traced: bool = False) -> Iterator[Connection]:
        """A write transaction, rolled back if the block raises. Unless it is long (`bounded=False`), it waits for locks
        and answers for a limited time. `traced`: if the answer to its commit is lost, the server is asked whether it
        was stored. Raises DatabaseError."""
        with self._in_turn(), self._connected() as connection:
            connection = connection.execution_options(winpush_writes=True)
            if not bounded:
                self._bound(connection, None)
            commits, trace = False, None
            try:
                with connection.begin():
                    if bounded and self._settings:
                        trace = self._set(connection, traced=traced)
                    yield connection
                    commits = True
            except DBAPIError as error:
                if is_read_only(error):
                    connection.invalidate(error)
                if not commits or not error.connection_invalidated:
                    raise
                self._look_up(trace, error)
            finally:
                self._bound(connection, self._patience)

    def _set(self, connection: Connection, *, traced: bool) -> Trace | None:
        """Makes settings for one transaction only: afterwards a pooler gives the connection to somebody else."""
        if traced:
            return begin_traced(connection, self._settings)
        connection.exec_driver_sql("; ".join(f"SET LOCAL {name} = {value}" for name, value in self._settings.items()))
        return None

    def _look_up(self, trace: Trace | None, error: DBAPIError) -> None:
        """Handles a commit that got this error instead of an answer: returns if it was stored, else raises."""
        stored = None if trace is None else was_stored(self._connected, trace, self._patience / 10)
        if stored is None:
            raise commit_lost(error) from error
        if not stored:
            raise error

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """On a file, this process's threads write one after the other. SQLite would let waiting ones sleep for up to a
        tenth of a second at a time, each with a connection."""
        self._look_for_fork()
        turn = self._turn
        has_it = self.is_file and turn.acquire(timeout=self._patience)
        try:
            yield  # go on without it: somebody is stuck, and SQLite will report that the file is locked
        finally:
            if has_it:
                turn.release()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        self._look_for_fork()
        if self._file is not None:
            self._file.check()
        use = object()
        self._uses.add(use)
        try:
            with translated(path_of(self.url)), self.engine.connect() as connection:
                yield connection
        except (DBAPIError, DatabaseError) as error:
            tell_if_newer(self.engine, error)
            raise
        finally:
            self._uses.discard(use)

    def _bound(self, connection: Connection, seconds: float | None) -> None:
        if not self.is_file and not connection.closed and not connection.invalidated:
            from winpush.delivery.storage import postgresql

            postgresql.bound(connection, seconds)

    def _look_for_fork(self) -> None:
        """After a fork, the open connections belong to the parent.

        Those to PostgreSQL are left open: closing one would end a session of the parent. Those to a SQLite file are
        closed, because SQLite shares its locks among all connections of a process, and a child inherits none.
        """
        if self._process == os.getpid():
            return
        if self.is_file and self._uses:
            raise DatabaseError(
                "This process was forked while its parent was using the SQLite file, which SQLite can't handle. "
                "Create the Outbox after the fork"
            )
        self._inherited = self.engine.pool
        self.engine.dispose(close=self.is_file)
        self._uses, self._turn = set(), threading.Lock()
        self._process = os.getpid()

    def run(self, work: Callable[[Connection], _T], *, bounded: bool = True) -> _T:
        """Runs `work` in a write transaction and returns its result; retries if PostgreSQL aborts the transaction
        because of a deadlock or serialization failure. Raises DatabaseError, and what `work` raises."""
        left = _COLLISIONS
        while True:
            try:
                with self.write(bounded=bounded, traced=True) as connection:
                    return work(connection)
            except DatabaseError as error:
                if not left or not has_collided(error.__cause__):
                    raise
                left -= 1

    def sender_lock(self) -> SenderLock | None:
        """The right to send from this file; None for a server, where many workers share the work."""
        path = path_of(self.url)
        return None if path is None else SenderLock(path)

    def wait_for_turn(self, connection: Connection) -> None:
        """Takes a lock that one transaction at a time can hold. SQLite needs none: it has one writer at a time."""
        if not self.is_file:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def _settings(patience: float, *, durable: bool) -> dict[str, str]:
    # A server doesn't notice that the network dropped us, and would keep our locks for hours.
    idle = max(patience, _ANSWER_SECONDS)
    settings = {"lock_timeout": patience / 4, "idle_in_transaction_session_timeout": idle}
    millis = {name: str(int(seconds * 1000)) for name, seconds in settings.items()}
    return millis if durable else {**millis, "synchronous_commit": "off"}


def _insert(dialect: str, table: Table) -> sqlite_sql.Insert | postgresql_sql.Insert:
    return sqlite_sql.insert(table) if dialect == "sqlite" else postgresql_sql.insert(table)


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Inserts many rows at once, each a tuple in the order of `columns`. Does nothing without rows."""
    if not rows:
        return
    if connection.dialect.driver == "psycopg" and len(rows) > _FEW:
        _copy(connection, table, columns, rows)
        return
    # Straight to the driver: SQLAlchemy's parameter handling costs more than the INSERT itself.
    if connection.dialect.name == "sqlite":
        insert_values(connection, table, columns, rows)
        return
    statement = _one_row(table.name, columns)
    for row in rows:  # psycopg starts a pipeline for a list, however short
        connection.exec_driver_sql(statement, row)


def insert_values(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    known_by: str | None = None,
) -> None:
    """Inserts many rows per statement, on SQLite: each statement hands over the GIL, and `executemany` runs one per
    row. Values that are the same in all rows are passed once. `known_by`: skips rows whose value in this unique column
    exists."""
    name, suffix = table.name, "" if known_by is None else f' ON CONFLICT ("{known_by}") DO NOTHING'
    whole = len(rows) - len(rows) % _AT_ONCE
    if whole:
        each = list(zip(*rows, strict=True))
        # Never the first column: each row needs at least one value of its own.
        same = (False, *(values.count(values[0]) == len(values) for values in each[1:]))
        once = [values[0] for values, alike in zip(each, same, strict=True) if alike]
        others = list(zip(*(values for values, alike in zip(each, same, strict=True) if not alike), strict=True))
        statement = _many_rows(name, columns, _AT_ONCE, same)
        for first in range(0, whole, _AT_ONCE):
            some = itertools.chain.from_iterable(others[first : first + _AT_ONCE])
            connection.exec_driver_sql(statement + suffix, (*once, *some))
    # The rest in powers of two: a few statements, which SQLite keeps prepared.
    while whole < len(rows):
        number = 1 << ((len(rows) - whole).bit_length() - 1)
        statement = _many_rows(name, columns, number, (False,) * len(columns))
        some = itertools.chain.from_iterable(rows[whole : whole + number])
        connection.exec_driver_sql(statement + suffix, tuple(some))
        whole += number


@lru_cache(maxsize=128)
def _many_rows(name: str, columns: tuple[str, ...], number: int, same: tuple[bool, ...]) -> str:
    """An INSERT of this many rows. Its parameters: the values that all rows share, then each row's own."""
    own = f"({', '.join('?' * same.count(False))})"
    every = f"VALUES {', '.join([own] * number)}"
    if not any(same):
        return f"{_insert_into(name, columns)} {every}"
    places = {True: itertools.count(1), False: itertools.count(1)}
    chosen = ", ".join([f"{'shared' if alike else 'own'}.column{next(places[alike])}" for alike in same])
    shared = f"VALUES ({', '.join('?' * same.count(True))})"
    # Without the WHERE, SQLite would take an ON CONFLICT after it for a part of the join.
    source = f"({shared}) AS shared CROSS JOIN ({every}) AS own WHERE true"
    return f"{_insert_into(name, columns)} SELECT {chosen} FROM {source}"  # noqa: S608 - names of ours


@lru_cache(maxsize=64)
def _one_row(name: str, columns: tuple[str, ...]) -> str:
    return f"{_insert_into(name, columns)} VALUES ({', '.join(['%s'] * len(columns))})"


def _insert_into(name: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{each}"' for each in columns)
    return f'INSERT INTO "{name}" ({names})'


def _copy(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts by PostgreSQL's COPY, at a third of an INSERT's cost to client and server. Raises SQLAlchemy's errors."""
    import psycopg

    names = ", ".join(f'"{name}"' for name in columns)
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate()
        raise DBAPIError.instance(
            "COPY", None, error, psycopg.Error, hide_parameters=True, connection_invalidated=driver.closed
        ) from error


def lock_rows(
    connection: Connection, statement: sa.Select[Any], values: Mapping[str, Any] | None = None, *, waits: bool = True
) -> Sequence[int]:
    """Locks the selected rows until the transaction ends; returns their numbers. Unless it `waits`, skips those that
    others have locked. SQLite needs no lock: it has one writer at a time."""
    if connection.dialect.name != "sqlite":
        statement = statement.with_for_update(skip_locked=not waits)
    return connection.scalars(statement, values).all()


def insert_one(connection: Connection, table: Table, columns: tuple[str, ...], values: tuple[Any, ...]) -> int:
    """Inserts a row and returns its `id`. JSON values are passed as text."""
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    (row,) = run_sql(connection, f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}) RETURNING id', values)  # noqa: S608 - names of ours
    return int(row[0])


def run_sql(connection: Connection, statement: str, values: tuple[Any, ...]) -> Sequence[Row[Any]]:
    """Runs a statement, with `?` for parameters, directly on the driver: for statements that every `notify` runs."""
    if connection.dialect.name != "sqlite":
        statement = statement.replace("?", "%s")
    return connection.exec_driver_sql(statement, values).all()


def raw_rows(connection: Connection, statement: sa.Select[Any], values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows as plain driver tuples, for queries that return thousands. See read_json."""
    result = connection.execute(statement, values)
    cursor: Any = result.cursor
    driver: Any = connection.dialect.loaded_dbapi
    try:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    except driver.Error as error:
        raise DBAPIError.instance("FETCH", None, error, driver.Error, hide_parameters=True) from error
    result.close()
    return rows


def read_json(value: Any) -> Any:
    """The value of a JSON column in a raw row: some drivers return it as text."""
    return json.loads(value) if isinstance(value, str) else value


def update_rows(
    connection: Connection,
    table: Table,
    key: tuple[str, ...],
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Updates many rows at once. Each row is a tuple: the key's values, then the new ones."""
    if not rows:
        return
    source, values = _as_table(connection, table, (*key, *columns), rows)
    marks = ", ".join(f'"{each}" = given."{each}"' for each in columns)
    found = " AND ".join(f'"{table.name}"."{each}" = given."{each}"' for each in key)
    connection.exec_driver_sql(f'UPDATE "{table.name}" SET {marks} FROM {source} WHERE {found}', values)  # noqa: S608 - names of ours


def _as_table(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> tuple[str, tuple[Any, ...]]:
    """Rows as a table `given` in a statement, and the statement's values: however many there are, the statement is the
    same, and runs once. `executemany` would hand over the GIL for each row, or go to the server."""
    if connection.dialect.name == "sqlite":
        return _json_table(columns), (json.dumps(rows),)
    kinds = [table.c[each].type.compile(connection.dialect) for each in columns]
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    names = ", ".join(f'"{each}"' for each in columns)
    return f"unnest({arrays}) AS given({names})", tuple(map(list, zip(*rows, strict=True)))


@lru_cache(maxsize=64)
def _json_table(columns: tuple[str, ...]) -> str:
    members = ", ".join(f"json_extract(value, '$[{place}]') AS \"{name}\"" for place, name in enumerate(columns))
    return f"(SELECT {members} FROM json_each(?)) AS given"  # noqa: S608 - names of ours


def any_of(column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """The condition that a column has one of a few fixed values. SQLAlchemy renders a statement with `IN` again on each
    use; this one stays cached."""
    return sa.or_(*(column == value for value in values))


def in_list(connection: Connection, column: sa.Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition that a column has one of many values, passed as a single parameter."""
    if connection.dialect.name == "sqlite":
        return column.in_(sa.select(sa.func.json_each(json.dumps(list(values))).table_valued("value").c.value))
    return column == sa.any_(sa.literal(list(values), postgresql_sql.ARRAY(column.type)))


def reserve_numbers(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Reserves `count` new values of the table's `id`, for a bulk insert."""
    if connection.dialect.name == "sqlite":
        # Safe in a write transaction, as SQLite has one writer at a time; an insert with an explicit id advances its
        # counter.
        last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar() or 0
        return range(last + 1, last + 1 + count)
    sequence = sa.func.pg_get_serial_sequence(table.name, "id")
    numbers = sa.select(sa.func.nextval(sequence)).select_from(sa.func.generate_series(1, count).alias())
    return connection.scalars(numbers).all()


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any], known_by: str) -> bool:
    """Inserts a row; False if one with the same value of this unique column exists."""
    insert = _insert(connection.dialect.name, table).values(**values)
    statement = insert.on_conflict_do_nothing(index_elements=[known_by])
    return connection.execute(statement, execution_options=_COUNTED).rowcount == 1


def insert_or_add(
    connection: Connection, table: Table, key: tuple[str, ...], column: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Inserts rows of a key and a number, or adds the number to `column` of existing ones. Pass the rows in key order:
    transactions that lock the same rows in different orders deadlock."""
    source, values = _as_table(connection, table, (*key, column), rows)
    keys, grown = ", ".join(f'"{each}"' for each in key), f'"{table.name}"."{column}" + excluded."{column}"'
    connection.exec_driver_sql(
        f'INSERT INTO "{table.name}" ({keys}, "{column}") SELECT {keys}, "{column}" FROM {source} WHERE true '  # noqa: S608 - names of ours
        f'ON CONFLICT ({keys}) DO UPDATE SET "{column}" = {grown}',
        values,
    )


def insert_or_raise(
    connection: Connection, table: Table, keys: Sequence[str], column: str, values: Mapping[str, Any]
) -> None:
    """Inserts a row, or raises the number in `column` of an existing one to the new value, if that is greater."""
    insert = _insert(connection.dialect.name, table).values(**values)
    greater = sa.case((insert.excluded[column] > table.c[column], insert.excluded[column]), else_=table.c[column])
    connection.execute(insert.on_conflict_do_update(index_elements=list(keys), set_={column: greater}))
