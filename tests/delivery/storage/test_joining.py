"""What is stored with `connection=` is part of the caller's transaction, whatever the caller's engine does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tests.delivery.timeouts import with_timeout
from winpush import ValidationError, mpns
from winpush.delivery import DatabaseError, Outbox

TOAST, OTHER = mpns.Toast("For Ada"), mpns.Toast("For Bob")


def uri(name: str) -> str:
    return f"http://db3.notify.live.net/throttledthirdparty/01.00/{name}"


@pytest.fixture
def engine(url: str, outbox: Outbox) -> Iterator[sa.Engine]:
    """The caller's engine with default options; Ada and Bob have one device each."""
    for name in ("ada", "bob"):
        outbox.register({"uri": uri(name), "key": name})
    made = sa.create_engine(sa.make_url(url))
    yield made
    made.dispose()


CALLS: dict[str, Callable[[Outbox, sa.Connection], object]] = {
    "register": lambda outbox, c: outbox.register({"uri": uri("new"), "key": "new"}, connection=c),
    "notify": lambda outbox, c: outbox.notify("ada", TOAST, connection=c),
    "notify, with a key": lambda outbox, c: outbox.notify("ada", TOAST, connection=c, idempotency_key="k"),
    "broadcast": lambda outbox, c: outbox.broadcast(TOAST, connection=c),
}


def stored(outbox: Outbox) -> tuple[int, int]:
    return len(list(outbox.channels())), len(list(outbox.list_broadcasts()))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_it_is_stored_if_the_caller_commits_and_only_then(
    outbox: Outbox, engine: sa.Engine, call: Callable[[Outbox, sa.Connection], object]
) -> None:
    with engine.connect() as connection:
        call(outbox, connection)
        connection.rollback()
    assert stored(outbox) == (2, 0)
    with engine.begin() as connection:
        call(outbox, connection)
    assert stored(outbox) in ((3, 0), (2, 1))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_it_joins_what_the_caller_has_begun_by_a_read_or_a_write(
    outbox: Outbox, engine: sa.Engine, call: Callable[[Outbox, sa.Connection], object]
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id INTEGER)")
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM orders")
        connection.exec_driver_sql("INSERT INTO orders VALUES (1)")
        call(outbox, connection)
        connection.rollback()
        assert stored(outbox) == (2, 0)
        assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_on_an_engine_that_commits_each_statement_it_is_stored_at_once_and_whole(
    outbox: Outbox, engine: sa.Engine, call: Callable[[Outbox, sa.Connection], object]
) -> None:
    """In a transaction of its own: a worker that saw a broadcast without its lanes would end it."""
    committing = engine.execution_options(isolation_level="AUTOCOMMIT")
    before = stored(outbox)
    seen = []

    def look(*_given: Any) -> None:
        seen.append(stored(outbox))

    with committing.connect() as connection:
        sa.event.listen(connection, "after_cursor_execute", look)
        call(outbox, connection)
        sa.event.remove(connection, "after_cursor_execute", look)
    assert stored(outbox) != before
    assert set(seen[:-1]) == {before}


def test_what_is_no_connection_is_refused_by_name(outbox: Outbox) -> None:
    with pytest.raises(ValidationError, match=r"connection: .*its \.connection\(\)"):
        outbox.notify("ada", TOAST, connection=object())  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_of_two_that_notify_at_the_same_moment_each_has_its_own(url: str, outbox: Outbox, engine: sa.Engine) -> None:
    """The number was read before the caller's transaction had begun: both had the same, and one of them was lost."""
    other, numbers = Outbox(with_timeout(url, 0.01)), dict[str, int]()

    def meanwhile(*given: Any) -> None:
        if given[2].startswith('INSERT INTO "winpush_broadcasts"') and "bob" not in numbers:
            numbers["bob"] = 0
            with suppress(DatabaseError):  # it has to wait
                numbers["bob"] = other.notify("bob", OTHER)

    sa.event.listen(engine, "before_cursor_execute", meanwhile)
    with engine.begin() as connection:
        numbers["ada"] = outbox.notify("ada", TOAST, connection=connection)
    numbers["bob"] = numbers["bob"] or other.notify("bob", OTHER)
    other.close()
    assert len(set(numbers.values())) == 2
    assert {name: [each.channel for each in outbox.deliveries(number)] for name, number in numbers.items()} == {
        "ada": [1],
        "bob": [2],
    }


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("key", [None, "k"])
def test_a_number_that_is_taken_is_an_error_and_no_earlier_notification(
    outbox: Outbox, engine: sa.Engine, key: str | None
) -> None:
    """Only an idempotency key says that two are the same."""
    outbox.notify("bob", OTHER)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'winpush_broadcasts'")
    with pytest.raises(IntegrityError):
        outbox.notify("ada", TOAST, idempotency_key=key)
    assert stored(outbox) == (2, 1)
