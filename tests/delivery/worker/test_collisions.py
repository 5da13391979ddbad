"""Transactions that PostgreSQL aborts because of others are retried: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from tests.delivery.noticed import noticed
from tests.delivery.sending import accepted
from tests.delivery.together import in_threads
from tests.waiting import PATIENCE
from winpush import mpns
from winpush.delivery import DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import channels
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
ABORTED = {"deadlock": "40P01", "serialization failure": "40001"}


def abort_some(url: str, table: str, change: str, state: str) -> None:
    """Has the server abort every third transaction that makes this change to the table, five at most."""
    # A sequence counts on when a transaction is aborted.
    statements = f"""
        CREATE SEQUENCE changes;
        CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE number bigint := nextval('changes');
        BEGIN
            IF mod(number, 3) = 0 AND number <= 15 THEN
                RAISE EXCEPTION 'it collided' USING ERRCODE = '{state}';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER collides AFTER {change} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION collide();
    """
    database = Database(url)
    with database.write() as connection:
        connection.exec_driver_sql(statements)
    database.close()


def changes(url: str) -> int:
    """How many such changes there were."""
    database = Database(url)
    with database.read() as connection:
        number = int(connection.scalar(sa.text("SELECT last_value FROM changes")) or 0)
    database.close()
    return number


@pytest.mark.parametrize("state", ABORTED.values(), ids=ABORTED)
@pytest.mark.parametrize(("table", "change"), [("winpush_segments", "INSERT"), ("winpush_lanes", "UPDATE")])
def test_a_worker_whose_transactions_are_aborted_sends_all_of_it_once(
    table: str, change: str, state: str, url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=10, batches=2))
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(200))
    number = outbox.broadcast(TOAST)
    abort_some(url, table, change, state)
    with noticed() as handler:
        outbox.deliver_until_idle()
    assert not handler.event.is_set(), "the database is there"
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 200}
    assert len(list(outbox.history(broadcast=number))) == 200
    assert accepted(winpush_emulator) == [1] * 200
    assert changes(url) >= 15, "five were aborted"


@pytest.mark.parametrize("state", ABORTED.values(), ids=ABORTED)
def test_what_an_application_stores_is_stored_once_though_its_transaction_is_aborted(
    state: str, url: str, outbox: Outbox, winpush_emulator: Emulator
) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    abort_some(url, "winpush_broadcasts", "INSERT", state)
    numbers = [outbox.notify("ada", TOAST) for _ in range(6)]
    outbox.deliver_until_idle()
    assert [outbox.progress(number).states for number in numbers] == [{DeliveryState.DELIVERED: 1}] * 6
    assert accepted(winpush_emulator) == [6]
    assert changes(url) > 6


def test_two_that_wait_for_each_others_rows_both_get_their_way(
    url: str, outbox: Outbox, winpush_emulator: Emulator
) -> None:
    """A real deadlock: the server ends one of them, whose work is done again."""
    numbers = [outbox.register(winpush_emulator.create_channel().uri) for _ in range(2)]
    database, both = Database(url), threading.Barrier(2)
    tries = [0, 0]

    def touch(connection: Connection, number: int) -> None:
        connection.execute(sa.update(channels).where(channels.c.id == number).values(locale="de"))

    def cross(place: int) -> None:
        def work(connection: Connection) -> None:
            tries[place] += 1
            touch(connection, numbers[place])
            if tries[place] == 1:
                both.wait(PATIENCE)
            touch(connection, numbers[1 - place])

        database.run(work)

    assert in_threads([lambda: cross(0), lambda: cross(1)]) == [None, None]
    database.close()
    assert max(tries) > 1
    assert [info.locale for info in outbox.channels()] == ["de", "de"]
