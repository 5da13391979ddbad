"""What several threads store at the same moment shares a transaction, and each gets the answer for its own part."""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from tests.delivery.together import blocked, in_threads
from tests.waiting import PATIENCE, eventually
from winpush import mpns
from winpush.delivery import DatabaseError, Outbox
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.group_commit import GroupCommit
from winpush.delivery.storage.schema import holds

TOAST = mpns.Toast("Hello")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    Outbox(url).close()
    made = Database(url)
    yield made
    made.close()


def hold(connection: Connection, name: str) -> str:
    connection.execute(sa.insert(holds).values(service=name, until=1))
    return name


def names(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(sa.select(holds.c.service)))


def run_blocked(together: GroupCommit, works: list[Callable[[Connection], Any]]) -> list[Any]:
    return blocked(together, [lambda work=work: together.run(work) for work in works])  # type: ignore[misc]  # bound


def test_what_comes_while_one_is_written_is_written_in_one_transaction(database: Database) -> None:
    together = GroupCommit(database)
    begun: list[object] = []
    sa.event.listen(database.engine, "begin", begun.append)
    results = run_blocked(together, [lambda c, n=n: hold(c, f"n{n}") for n in range(20)])  # type: ignore[misc]  # bound
    assert results == [f"n{n}" for n in range(20)]
    assert len(begun) == 2
    assert names(database) == {*results}


def test_one_that_fails_fails_alone(database: Database) -> None:
    def fail(connection: Connection) -> None:
        hold(connection, "not kept")
        raise LookupError("mine")

    works: list[Callable[[Connection], Any]] = [lambda c, n=n: hold(c, f"n{n}") for n in range(5)]  # type: ignore[misc]  # bound
    works.insert(2, fail)
    results = run_blocked(GroupCommit(database), works)
    assert isinstance(results.pop(2), LookupError)
    assert results == [f"n{n}" for n in range(5)]
    assert names(database) == {*results}


def test_after_a_failure_others_can_write(database: Database) -> None:
    together = GroupCommit(database)
    with pytest.raises(ZeroDivisionError):
        together.run(lambda _connection: 1 // 0)
    assert together.run(lambda c: hold(c, "later")) == "later"


def test_one_that_is_interrupted_leaves_nobody_waiting(database: Database) -> None:
    together = GroupCommit(database)

    def interrupt(_connection: Connection) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        together.run(interrupt)
    assert together.run(lambda c: hold(c, "later")) == "later"


class Interrupted(BaseException):
    """Raised in a waiting thread, as Ctrl-C is."""


def interrupt(thread: threading.Thread) -> None:
    assert thread.ident is not None
    raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Interrupted))
    assert raised == 1


def test_a_wait_that_is_interrupted_leaves_the_queue(database: Database) -> None:
    together = GroupCommit(database)
    begun, go_on = threading.Event(), threading.Event()
    ends: list[type[BaseException]] = []

    def first(_connection: Connection) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    def abandoned() -> None:
        try:
            together.run(lambda c: hold(c, "abandoned"))
        except BaseException as error:  # noqa: BLE001 - what the test looks at
            ends.append(type(error))

    leader, waiter = threading.Thread(target=together.run, args=(first,)), threading.Thread(target=abandoned)
    leader.start()
    begun.wait(PATIENCE)
    waiter.start()
    eventually(lambda: together.waiting == 1)
    interrupt(waiter)  # takes effect as soon as the wait returns: its turn comes, and nobody takes it
    go_on.set()
    leader.join()
    waiter.join()
    assert ends == [Interrupted]
    later = threading.Thread(target=together.run, args=(lambda c: hold(c, "later"),), daemon=True)
    later.start()
    later.join(PATIENCE)
    assert names(database) == {"later"}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_database_that_cant_write_tells_everyone(url: str) -> None:
    impatient, other = Database(f"{url}?timeout=0.05"), Database(url)
    Outbox(url).close()
    together = GroupCommit(impatient)
    with other.write():
        results = in_threads([lambda n=n: together.run(lambda c: hold(c, f"n{n}")) for n in range(3)])  # type: ignore[misc]  # bound
    impatient.close()
    other.close()
    assert [type(result) for result in results] == [DatabaseError] * 3


def test_many_threads_that_ask_for_the_same_store_it_once(outbox: Outbox) -> None:
    outbox.register({"uri": "http://db3.notify.live.net/throttledthirdparty/01.00/x", "key": "ada"})
    same = in_threads([lambda: outbox.notify("ada", TOAST, idempotency_key="k")] * 12)
    assert len(set(same)) == 1
    others = in_threads([lambda: outbox.notify("ada", TOAST)] * 12)
    assert len({*same, *others}) == 13
    assert len(list(outbox.list_broadcasts())) == 13


def test_those_that_come_back_share_the_next_transaction(database: Database) -> None:
    """Without a wait for them, the first one would have a transaction of its own."""
    seconds = itertools.count(step=1000)
    together = GroupCommit(database, monotonic=lambda: float(next(seconds)), patience=timedelta(seconds=PATIENCE))
    run_blocked(together, [lambda c, n=n: hold(c, f"n{n}") for n in range(3)])  # type: ignore[misc]  # bound
    begun: list[object] = []
    sa.event.listen(database.engine, "begin", begun.append)
    threads = [threading.Thread(target=together.run, args=(lambda c, n=n: hold(c, f"m{n}"),)) for n in range(3)]
    for thread in threads[:2]:
        thread.start()
    eventually(lambda: together.waiting == 2)
    assert not begun
    threads[2].start()
    for thread in threads:
        thread.join()
    assert len(begun) == 1
    assert names(database) == {"n0", "n1", "n2", "m0", "m1", "m2"}


def test_those_that_do_not_come_back_are_waited_for_no_longer_than_half_the_last_transaction(
    database: Database,
) -> None:
    together = GroupCommit(database, monotonic=lambda: 0.0, patience=timedelta(seconds=PATIENCE))
    run_blocked(together, [lambda c, n=n: hold(c, f"n{n}") for n in range(3)])  # type: ignore[misc]  # bound
    assert together.run(lambda c: hold(c, "alone")) == "alone"


def caught(call: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> Any:
        try:
            return call()
        except BaseException as error:  # noqa: BLE001 - what the tests look at
            return error

    return run


def held(together: GroupCommit, count: int) -> list[Callable[[], Any]]:
    return [caught(lambda n=n: together.run(lambda c: hold(c, f"n{n}"))) for n in range(count)]  # type: ignore[misc]  # bound


def test_who_is_interrupted_after_the_commit_has_others_told_that_it_may_be_stored(database: Database) -> None:
    """They were told that nothing was."""
    together, ended = GroupCommit(database), list[object]()

    def interrupt_the_second(connection: Connection) -> None:
        ended.append(connection)
        if len(ended) == 2:
            driver: Any = connection.connection.driver_connection
            driver.commit()
            raise Interrupted

    sa.event.listen(database.engine, "commit", interrupt_the_second)
    results = blocked(together, held(together, 4))
    assert len([each for each in results if isinstance(each, Interrupted)]) == 1
    others = [each for each in results if isinstance(each, DatabaseError)]
    assert [each.may_be_stored for each in others] == [True] * 3
    assert "may be stored" in str(others[0])
    assert names(database) == {f"n{n}" for n in range(4)}


def test_who_is_interrupted_before_the_commit_has_others_told_that_nothing_is_stored(database: Database) -> None:
    together = GroupCommit(database)

    def fail(_connection: Connection) -> None:
        raise Interrupted

    results = blocked(together, [*held(together, 3), caught(lambda: together.run(fail))])
    others = [each for each in results if isinstance(each, DatabaseError)]
    assert [each.may_be_stored for each in others] == [False] * 3
    assert names(database) == set()


class Said(Exception):
    """A driver's error with this SQLSTATE."""

    def __init__(self, state: str | None) -> None:
        super().__init__("the server said so")
        self.sqlstate = state


def failing(state: str | None, calls: list[str | None]) -> Callable[[Connection], Any]:
    def fail(_connection: Connection) -> Any:
        calls.append(state)
        raise OperationalError("SELECT", None, Said(state))

    return fail


@pytest.mark.parametrize("state", [None, "57P01", "53300", "08006"])
def test_a_database_that_is_away_is_waited_for_once_by_all(database: Database, state: str | None) -> None:
    """Each waited for it again, one after the other."""
    calls: list[str | None] = []
    results = run_blocked(GroupCommit(database), [failing(state, calls) for _ in range(5)])
    assert [type(each) for each in results] == [DatabaseError] * 5
    assert len({id(each) for each in results}) == 5
    assert calls == [state]


def test_who_waits_for_a_lock_fails_alone_and_many_such_fail_together(database: Database) -> None:
    calls: list[str | None] = []
    works: list[Callable[[Connection], Any]] = [lambda c, n=n: hold(c, f"n{n}") for n in range(4)]  # type: ignore[misc]  # bound
    results = run_blocked(GroupCommit(database), [*works, failing("55P03", calls)])
    assert isinstance(results.pop(), DatabaseError)
    assert results == [f"n{n}" for n in range(4)]
    calls.clear()
    results = run_blocked(GroupCommit(database), [failing("55P03", calls) for _ in range(9)])
    assert [type(each) for each in results] == [DatabaseError] * 9
    assert len(calls) == 3
