"""Several workers on one PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.delivery.noticed import Count
from tests.delivery.sending import accepted
from winpush import mpns
from winpush.delivery import DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.emulator import Emulator, Phone

TOAST = mpns.Toast("Hello")
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def cut_connections(url: str) -> None:
    """What PostgreSQL does to each when it is shut down."""
    database = Database(url)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with database.read() as connection:
        connection.execute(sa.text(f"{others} AND pid <> pg_backend_pid()"))
    database.close()


def test_a_worker_is_woken_by_what_another_process_stores(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    seldom = WorkerSettings(poll=timedelta(hours=1))
    count = Count(1)
    storing = make_outbox()
    storing.register(winpush_emulator.create_channel().uri)
    with make_outbox(pace=seldom, hooks=[count]):
        storing.broadcast(TOAST)
        assert count.done.wait(30)


def test_a_worker_that_lost_its_connection_is_woken_all_the_same(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, url: str
) -> None:
    seldom = WorkerSettings(poll=timedelta(hours=1))
    first, second = Count(1), Count(2)
    storing = make_outbox()
    storing.register(winpush_emulator.create_channel().uri)
    with make_outbox(pace=seldom, hooks=[first, second]):
        storing.broadcast(TOAST)
        assert first.done.wait(30)
        cut_connections(url)
        storing.broadcast(TOAST)
        assert second.done.wait(30)


def test_what_the_callers_transaction_takes_back_is_not_sent(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, url: str
) -> None:
    count = Count(1)
    own = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with make_outbox(hooks=[count]) as outbox:
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
        with own.connect() as connection:
            outbox.notify("ada", TOAST, connection=connection)
            connection.rollback()
            kept = outbox.notify("ada", mpns.Toast("Kept"), connection=connection)
            connection.commit()
        assert count.done.wait(30)
    own.dispose()
    (phone,) = (phone for phone in winpush_emulator.phones if isinstance(phone, Phone))
    assert [toast.content["text1"] for toast in phone.toasts] == ["Kept"]
    assert make_outbox().progress(kept).states == {DeliveryState.DELIVERED: 1}


def test_two_workers_share_a_broadcast_and_send_nothing_twice(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    one, two = Count(1), Count(1)
    pace = WorkerSettings(batch=10, batches=2)
    storing = make_outbox()
    storing.register_many(winpush_emulator.create_channel().uri for _ in range(600))
    with make_outbox(pace=pace, hooks=[one]), make_outbox(pace=pace, hooks=[two]):
        number = storing.broadcast(TOAST)
        for _ in range(300):
            if storing.progress(number).done == 600:
                break
            threading.Event().wait(0.1)
    assert storing.progress(number).states == {DeliveryState.DELIVERED: 600}
    assert accepted(winpush_emulator) == [1] * 600
    assert one.number + two.number == 600
    assert min(one.number, two.number) > 0
