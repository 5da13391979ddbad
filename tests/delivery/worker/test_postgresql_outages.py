"""PostgreSQL goes away in every way it can: what is known is kept, nothing is sent twice, and no wait is endless."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from tests.cli.commands import WINPUSH, environment
from tests.delivery.clock import Clock
from tests.delivery.noticed import Count, noticed
from tests.delivery.sending import accepted
from tests.delivery.timeouts import with_timeout
from tests.postgresql import Relay, Unavailable, pooled
from tests.waiting import PATIENCE, eventually
from winpush import mpns
from winpush.delivery import BroadcastState, DatabaseError, DeliveryState, Outbox, OutcomeEvent, Worker, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
SETTINGS = WorkerSettings(batch=10, batches=2)
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@contextmanager
def administrator(url: str) -> Iterator[Connection]:
    """A connection whose statements are not in transactions, and may write."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = off")
            yield connection
    finally:
        engine.dispose()


def set_read_only(url: str, value: str) -> None:
    """Of the connections that are opened from now on; all others are cut, as in a failover."""
    with administrator(url) as connection:
        name = sa.make_url(url).database
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        if value == "on":
            connection.exec_driver_sql(f"{others} AND pid <> pg_backend_pid()")


def test_a_server_that_turns_read_only_is_away_and_nothing_is_sent_twice(
    url: str, winpush_emulator: Emulator, clock: Clock
) -> None:
    some, every, later = Count(40), Count(400), Count(401)
    with (
        noticed() as handler,
        Outbox(
            url, settings=SETTINGS, hooks=[some, every, later], clock=clock, allow_hosts=winpush_emulator.authorities
        ) as outbox,
    ):
        outbox.register_many(winpush_emulator.create_channel().uri for _ in range(400))
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "her"})
        number = outbox.broadcast(TOAST)
        assert some.done.wait(PATIENCE)
        set_read_only(url, "on")
        with pytest.raises(DatabaseError, match="read-only"):
            outbox.notify("her", TOAST)
        assert handler.event.wait(PATIENCE)
        set_read_only(url, "off")  # for new connections: the old ones must not be kept
        assert every.done.wait(PATIENCE)
        assert later.done.wait(PATIENCE)
        assert outbox.progress(number).states == {DeliveryState.DELIVERED: 401}
    assert accepted(winpush_emulator) == [1] * 401


def test_connections_that_are_half_open_are_noticed_and_replaced(
    relay: Relay, winpush_emulator: Emulator, clock: Clock
) -> None:
    some, every = Count(40), Count(400)
    url = with_timeout(relay.url.render_as_string(hide_password=False), 2)
    with (
        noticed() as handler,
        Outbox(
            url, settings=SETTINGS, hooks=[some, every], clock=clock, allow_hosts=winpush_emulator.authorities
        ) as outbox,
    ):
        outbox.register_many(winpush_emulator.create_channel().uri for _ in range(400))
        number = outbox.broadcast(TOAST)
        assert some.done.wait(PATIENCE)
        relay.freeze()
        assert handler.event.wait(PATIENCE)
        assert every.done.wait(PATIENCE)
        assert outbox.progress(number).states == {DeliveryState.DELIVERED: 400}
    assert accepted(winpush_emulator) == [1] * 400


def test_a_call_on_a_half_open_connection_ends(relay: Relay) -> None:
    outbox = Outbox(with_timeout(relay.url.render_as_string(hide_password=False), 0.5))
    try:
        outbox.broadcast(TOAST)
        relay.freeze()
        outbox.broadcast(TOAST)  # the pool tries a connection before it gives it away
        assert len(list(outbox.list_broadcasts())) == 2
    finally:
        outbox.close()


def test_a_long_read_on_a_half_open_connection_ends(relay: Relay) -> None:
    database = Database(with_timeout(relay.url.render_as_string(hide_password=False), 0.05))

    def read() -> None:
        with database.read() as connection:
            connection.execute(sa.text("SELECT 1"))
            relay.freeze()
            connection.execute(sa.text("SELECT 2"))

    with pytest.raises(DatabaseError, match="no answer"):
        read()
    database.close()


def test_a_worker_whose_commit_was_stored_and_not_answered_goes_on_and_writes_nothing_twice(
    relay: Relay, winpush_emulator: Emulator, clock: Clock
) -> None:
    some, every = Count(20), Count(60)
    url = relay.url.render_as_string(hide_password=False)
    allowed = winpush_emulator.authorities
    with Outbox(url, settings=SETTINGS, hooks=[some, every], clock=clock, allow_hosts=allowed) as outbox:
        outbox.register_many({"uri": winpush_emulator.create_channel().uri, "key": "all"} for _ in range(30))
        numbers = [outbox.broadcast(TOAST), outbox.notify("all", TOAST)]
        assert some.done.wait(PATIENCE)
        relay.cut_answer_to("COMMIT")
        assert every.done.wait(PATIENCE)
        states = [outbox.progress(number).states for number in numbers]
        attempts = [len(list(outbox.history(broadcast=number))) for number in numbers]
    assert states == [{DeliveryState.DELIVERED: 30}] * 2
    assert attempts == [30, 30]
    assert accepted(winpush_emulator) == [2] * 30


def test_a_connection_that_is_lost_in_a_transaction_gives_its_locks_back(relay: Relay, url: str) -> None:
    lost, other = Database(with_timeout(relay.url.render_as_string(hide_password=False), 0.5)), Database(url)

    def take(database: Database, *, and_then: Callable[[], None]) -> bool:
        try:
            with database.write() as connection:
                database.wait_for_turn(connection)
                and_then()
        except DatabaseError:
            return False
        return True

    try:
        assert not take(lost, and_then=relay.freeze)
        eventually(lambda: take(other, and_then=lambda: None))
    finally:
        lost.close()
        other.close()


def test_a_worker_that_starts_before_its_database_waits_and_says_so(url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="winpush-relay-", dir="/tmp") as folder:
        later = sa.make_url(url).update_query_dict({"host": folder})
        variables = environment(WINPUSH_DB=later.render_as_string(hide_password=False))
        with subprocess.Popen([*WINPUSH, "worker"], env=variables, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "Waiting for the database. The database is not available" in process.stderr.readline()
            relay = Relay(sa.make_url(url), Path(folder))
            while "Worker running" not in (line := process.stderr.readline()):
                assert "Waiting for the database" in line
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        relay.close()


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """An application's transaction that holds its rows."""
    with administrator(url) as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(f"SELECT id FROM {table} FOR UPDATE")  # noqa: S608 - a name of ours
        yield
        connection.exec_driver_sql("COMMIT")


def test_a_row_that_an_application_holds_is_waited_for_and_nothing_is_sent_twice(
    url: str, winpush_emulator: Emulator, clock: Clock
) -> None:
    states = ["healthy", "expired", "healthy"]
    phones = [winpush_emulator.create_channel(state=state) for state in states]
    every = Count(3)
    outbox = Outbox(with_timeout(url, 1), hooks=[every], clock=clock, allow_hosts=winpush_emulator.authorities)
    with noticed() as handler, closing(outbox):
        outbox.register_many(phone.uri for phone in phones)
        number = outbox.broadcast(TOAST)
        with locked(url, "winpush_channels"):
            outbox.start()  # only now: it would have sent everything before the lock was there
            assert handler.event.wait(PATIENCE)
            assert not every.done.is_set()
        assert every.done.wait(PATIENCE)
        assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2, DeliveryState.GONE: 1}
    assert accepted(winpush_emulator) == [1, 0, 1]


def test_a_worker_frozen_in_a_transaction_keeps_nobody_from_anything(
    url: str, winpush_emulator: Emulator, clock: Clock
) -> None:
    one, every = Count(1), Count(2)
    with (
        noticed() as handler,
        Outbox(
            with_timeout(url, 1), hooks=[one, every], clock=clock, allow_hosts=winpush_emulator.authorities
        ) as outbox,
    ):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "her"})
        outbox.broadcast(TOAST, not_before=clock() + timedelta(hours=1))
        with locked(url, "winpush_broadcasts"):
            clock.ahead += timedelta(hours=2)
            assert one.done.wait(PATIENCE)
            outbox.notify("her", TOAST)
            assert every.done.wait(PATIENCE)
        assert not handler.event.is_set()


def test_outcomes_do_not_wait_for_a_broadcast_that_a_frozen_worker_has_locked(
    url: str, winpush_emulator: Emulator, clock: Clock, make_outbox: Callable[..., Outbox]
) -> None:
    outbox = make_outbox()
    outbox.register(winpush_emulator.create_channel().uri)
    number = outbox.broadcast(TOAST)
    with locked(url, "winpush_broadcasts"), outbox:
        eventually(lambda: outbox.progress(number).done == 1)
        assert outbox.progress(number).state is BroadcastState.RUNNING
    again = make_outbox()
    again.deliver_until_idle()
    assert again.progress(number).state is BroadcastState.FINISHED


def test_a_worker_that_waits_for_a_lock_can_be_stopped(
    url: str,
    winpush_emulator: Emulator,
    clock: Clock,
    make_outbox: Callable[..., Outbox],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its own clock is moved on, so that it gives up at once."""
    ahead = 0.0
    outbox = make_outbox()
    outbox.register(winpush_emulator.create_channel(state="expired").uri)
    outbox.broadcast(TOAST)
    database = Database(with_timeout(url, 0.4))

    async def run() -> None:
        nonlocal ahead
        worker = Worker(
            database,
            "waiting",
            {"allow_hosts": winpush_emulator.authorities},
            clock=clock,
            settings=SETTINGS,
            monotonic=lambda: time.monotonic() + ahead,
        )
        working = asyncio.create_task(worker.run())
        await asyncio.to_thread(handler.event.wait, PATIENCE)
        worker.stop()
        ahead = 100.0
        await working

    with noticed() as handler, locked(url, "winpush_channels"):
        asyncio.run(run())
    database.close()
    assert "stopped before it could write a batch's last outcomes" in caplog.text


@pytest.fixture
def pooled_url(postgresql: sa.URL, url: str) -> Iterator[str]:
    try:
        with pooled(postgresql) as made:
            yield made.set(database=sa.make_url(url).database).render_as_string(hide_password=False)
    except Unavailable as error:
        pytest.skip(f"there is no pooler to test with: {error}")


@pytest.mark.parametrize("durable", [True, False])
def test_behind_a_pooler_in_transaction_mode_everything_is_sent_once(
    pooled_url: str, winpush_emulator: Emulator, clock: Clock, durable: bool
) -> None:
    every = Count(700)

    def count(event: OutcomeEvent) -> None:
        if event.state is DeliveryState.DELIVERED:  # a channel that is sent to already waits its turn
            every(event)

    def make() -> Outbox:
        return Outbox(
            pooled_url,
            settings=SETTINGS,
            hooks=[count],
            clock=clock,
            allow_hosts=winpush_emulator.authorities,
            durable=durable,
        )

    storing = make()
    storing.register_many(
        {"uri": winpush_emulator.create_channel().uri, "key": f"user {number % 10}"} for number in range(100)
    )
    with make(), make():
        for _ in range(3):
            storing.broadcast(TOAST)
        threads = [threading.Thread(target=notify_all, args=(storing,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert every.done.wait(PATIENCE)
    storing.close()
    assert accepted(winpush_emulator) == [7] * 100


def notify_all(outbox: Outbox) -> None:
    for number in range(10):
        outbox.notify(f"user {number}", TOAST)
