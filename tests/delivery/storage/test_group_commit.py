"""What several threads store at the same moment shares a transaction, and each is answered for its own part."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

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


def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """What each returns or raises, all begun at once."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int) -> None:
        barrier.wait()
        try:
            results[place] = works[place]()
        except Exception as error:  # noqa: BLE001 - what the tests look at
            results[place] = error  # type: ignore[call-overload]  # either

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def hold(connection: Connection, name: str) -> str:
    connection.execute(sa.insert(holds).values(service=name, until=1))
    return name


def names(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(sa.select(holds.c.service)))


def blocked(database: Database, together: GroupCommit, works: list[Callable[[Connection], Any]]) -> list[Any]:
    """Runs them while a first one is at work, so that they come together in the next transaction."""
    begun, go_on = threading.Event(), threading.Event()

    def first(connection: Connection) -> str:
        begun.set()
        go_on.wait(PATIENCE)
        return hold(connection, "first")

    def all_wait() -> str:
        begun.wait(PATIENCE)
        eventually(lambda: together.waiting == len(works))
        go_on.set()
        return "went on"

    def after_the_first(work: Callable[[Connection], Any]) -> Any:
        begun.wait(PATIENCE)
        return together.run(work)

    runs: list[Callable[[], Any]] = [lambda: together.run(first), all_wait]
    runs += [lambda work=work: after_the_first(work) for work in works]  # type: ignore[misc]  # bound
    return in_threads(runs)[2:]


def test_what_comes_while_one_is_written_is_written_in_one_transaction(database: Database) -> None:
    together = GroupCommit(database)
    begun: list[object] = []
    sa.event.listen(database.engine, "begin", begun.append)
    results = blocked(database, together, [lambda c, n=n: hold(c, f"n{n}") for n in range(20)])  # type: ignore[misc]  # bound
    assert results == [f"n{n}" for n in range(20)]
    assert len(begun) == 2
    assert names(database) == {"first", *results}


def test_one_that_fails_fails_alone(database: Database) -> None:
    def fail(connection: Connection) -> None:
        hold(connection, "not kept")
        raise LookupError("mine")

    works: list[Callable[[Connection], Any]] = [lambda c, n=n: hold(c, f"n{n}") for n in range(5)]  # type: ignore[misc]  # bound
    works.insert(2, fail)
    results = blocked(database, GroupCommit(database), works)
    assert isinstance(results.pop(2), LookupError)
    assert results == [f"n{n}" for n in range(5)]
    assert names(database) == {"first", *results}


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
    """What is raised into a thread that waits, as Ctrl-C is."""


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
