"""Several workers on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.delivery.noticed import Count
from tests.delivery.sending import accepted
from tests.waiting import PATIENCE, eventually
from winpush import mpns
from winpush.delivery import DeliveryState, Outbox, OutcomeEvent, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.emulator import Emulator, Phone

TOAST = mpns.Toast("Hello")
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def cut_connections(url: str) -> None:
    """Cuts all connections, as PostgreSQL does when it is shut down."""
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
    with make_outbox(settings=seldom, hooks=[count]):
        storing.broadcast(TOAST)
        assert count.done.wait(PATIENCE)


def test_a_worker_that_lost_its_connection_is_woken_all_the_same(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, url: str
) -> None:
    seldom = WorkerSettings(poll=timedelta(hours=1))
    first, second = Count(1), Count(2)
    storing = make_outbox()
    storing.register(winpush_emulator.create_channel().uri)
    with make_outbox(settings=seldom, hooks=[first, second]):
        storing.broadcast(TOAST)
        assert first.done.wait(PATIENCE)
        cut_connections(url)
        storing.broadcast(TOAST)
        assert second.done.wait(PATIENCE)


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
        assert count.done.wait(PATIENCE)
    own.dispose()
    (phone,) = (phone for phone in winpush_emulator.phones if isinstance(phone, Phone))
    assert [toast.content["text1"] for toast in phone.toasts] == ["Kept"]
    assert make_outbox().progress(kept).states == {DeliveryState.DELIVERED: 1}


class Sharing(Count):
    """A hook that waits at its first outcome until the other worker has had one, too."""

    def __init__(self) -> None:
        super().__init__(1)
        self.other: Sharing | None = None

    def __call__(self, event: OutcomeEvent) -> None:
        super().__call__(event)
        assert self.other is not None
        assert self.other.done.wait(PATIENCE)


def test_two_workers_share_a_broadcast_and_send_nothing_twice(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    one, two = Sharing(), Sharing()
    one.other, two.other = two, one
    settings = WorkerSettings(batch=10, batches=2, lease=timedelta(minutes=10))
    storing = make_outbox()
    storing.register_many(winpush_emulator.create_channel().uri for _ in range(600))
    with make_outbox(settings=settings, hooks=[one]), make_outbox(settings=settings, hooks=[two]):
        number = storing.broadcast(TOAST)
        eventually(lambda: storing.progress(number).done == 600)
    assert storing.progress(number).states == {DeliveryState.DELIVERED: 600}
    assert accepted(winpush_emulator) == [1] * 600
    assert one.number + two.number == 600
