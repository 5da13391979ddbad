"""A commit whose answer is lost: PostgreSQL is asked for its status; only if it can't tell must the caller check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from tests.delivery.together import blocked
from tests.postgresql import Relay
from winpush import mpns
from winpush.delivery import DatabaseError, Outbox
from winpush.delivery.storage.commits import begin_traced, was_stored
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.group_commit import GroupCommit
from winpush.delivery.storage.schema import holds

TOAST = mpns.Toast("Hello")
URI = "http://db3.notify.live.net/throttledthirdparty/01.00/x"
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def through(relay: Relay) -> Iterator[Outbox]:
    """An outbox that waits a tenth of a second for a silent server to tell the status of a commit."""
    made = Outbox(relay.url.update_query_dict({"timeout": "1"}).render_as_string(hide_password=False))
    made.register({"uri": URI, "key": "ada"})
    yield made
    made.close()


CALLS: dict[str, Callable[[Outbox], Any]] = {
    "notify": lambda outbox: outbox.notify("ada", TOAST),
    "broadcast": lambda outbox: outbox.broadcast(TOAST),
    "register": lambda outbox: outbox.register({"uri": URI + "y", "key": "bob"}),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def stored(outbox: Outbox) -> int:
    return len(list(outbox.list_broadcasts())) + len(list(outbox.channels())) - 1


@every_call
def test_one_that_was_stored_is_a_success(
    relay: Relay, through: Outbox, outbox: Outbox, call: Callable[[Outbox], Any]
) -> None:
    relay.cut_answer_to("COMMIT")
    assert call(through) > 0
    assert stored(outbox) == 1


@every_call
def test_one_that_was_not_stored_can_be_tried_again(
    relay: Relay, through: Outbox, outbox: Outbox, call: Callable[[Outbox], Any]
) -> None:
    relay.cut_before("COMMIT")
    with pytest.raises(DatabaseError) as caught:
        call(through)
    assert not caught.value.may_be_stored
    assert stored(outbox) == 0


@every_call
def test_where_nobody_can_be_asked_it_may_be_stored(
    relay: Relay, through: Outbox, outbox: Outbox, call: Callable[[Outbox], Any]
) -> None:
    relay.cut_answer_to("COMMIT", for_good=True)
    with pytest.raises(DatabaseError, match="may be stored or not") as caught:
        call(through)
    assert caught.value.may_be_stored
    assert stored(outbox) == 1


def test_all_that_shared_the_transaction_are_told_the_same(relay: Relay, through: Outbox) -> None:
    database = Database(relay.url.render_as_string(hide_password=False))
    together = GroupCommit(database)
    calls: list[Callable[[], Any]] = [lambda name=name: together.run(lambda c: hold(c, name)) for name in "ab"]  # type: ignore[misc]  # bound
    calls.append(lambda: together.run(lambda _connection: relay.cut_answer_to("COMMIT")))
    assert blocked(together, calls) == ["a", "b", None]
    with database.read() as connection:
        assert set(connection.scalars(sa.select(holds.c.service))) == {"a", "b"}
    database.close()


def hold(connection: Connection, name: str) -> str:
    connection.execute(sa.insert(holds).values(service=name, until=1))
    return name


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.close()


def test_a_transaction_is_found_by_its_number(database: Database) -> None:
    with database.write() as connection:
        trace = begin_traced(connection, {})
        assert was_stored(database.read, trace, 0) is None
    assert was_stored(database.read, trace, 0) is True
    with suppress(LookupError), database.write() as connection:
        given_up = begin_traced(connection, {})
        raise LookupError
    assert was_stored(database.read, given_up, 0) is False


def test_a_server_that_was_started_since_may_have_given_the_number_to_another(database: Database) -> None:
    with database.write() as connection:
        trace = begin_traced(connection, {})
    assert was_stored(database.read, trace._replace(server=trace.server - timedelta(seconds=1)), 0) is None


def test_the_settings_hold_for_the_transaction_only(database: Database) -> None:
    with database.engine.connect() as connection:
        begin_traced(connection, {"lock_timeout": "1234", "synchronous_commit": "off"})
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "1234ms"
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "off"
        connection.commit()
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"
