"""The tables of a database: created, upgraded, and refused if this version can't work with them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import winpush.delivery.storage.migrate as migrating
from tests.delivery.storage import first_design
from winpush import ConfigurationError
from winpush.delivery import Audience, BroadcastState, DeliveryState, Outbox
from winpush.delivery.storage import schedule
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import METADATA, REVISION, VERSION_TABLE
from winpush.emulator import Emulator

# A sequence keeps what an aborted transaction has counted.
DEADLOCKS_ONCE = (
    "CREATE SEQUENCE tries",
    "CREATE FUNCTION collide() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') = 1 "
    "THEN RAISE 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END IF; END $$",
    "CREATE EVENT TRIGGER collides ON ddl_command_start EXECUTE FUNCTION collide()",
)


@pytest.fixture
def tables(url: str) -> None:
    """Leaves a database of either kind without tables."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).unlink()
        return
    database = Database(url)
    with database.write() as connection:
        METADATA.drop_all(connection)
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    database.close()


def state(url: str) -> migrating.SchemaState:
    database = Database(url)
    found = migrating.check(database)
    database.close()
    return found


def change(url: str, statement: str) -> None:
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.text(statement))
    database.close()


def test_the_revisions_end_in_the_tables_that_the_code_works_with(url: str) -> None:
    Outbox(url).close()
    database = Database(url)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        differences = compare_metadata(context, METADATA)
    database.close()
    assert differences == []


def test_the_newest_revision_is_the_one_that_the_code_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_is_made_when_it_is_opened_by_many_at_once(url: str, tables: None) -> None:
    barrier, failed = threading.Barrier(4), []

    def open_it() -> None:
        barrier.wait()
        try:
            Outbox(url).close()
        except Exception as error:  # noqa: BLE001 - shown below
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert state(url).is_current


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_new_file_that_another_program_writes_is_waited_for(url: str, tables: None) -> None:
    """SQLite's own busy timeout doesn't cover turning on the write-ahead log."""
    file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    file.execute("CREATE TABLE of_another (id)")
    file.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor() as pool:
        opened = pool.submit(lambda: Outbox(url).close())
        wait([opened], timeout=0.3)  # long enough to be refused, if it is; right code waits however long this is
        file.execute("COMMIT")
        file.close()
        opened.result()
    assert state(url).is_current


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_looking_at_a_file_that_is_not_there_does_not_make_it(url: str, tables: None, tmp_path: Path) -> None:
    assert state(url).found is None
    assert list(tmp_path.iterdir()) == []


def test_a_servers_database_is_made_by_the_command_and_by_nothing_else(empty_postgresql_url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"no winpush tables yet.*winpush db upgrade"):
        Outbox(empty_postgresql_url)
    assert state(empty_postgresql_url).found is None
    database = Database(empty_postgresql_url)
    assert migrating.upgrade(database).found is None
    assert migrating.upgrade(database).is_current
    database.close()
    Outbox(empty_postgresql_url).close()


def test_a_database_that_needs_no_upgrade_is_opened_without_the_means_for_one(tmp_path: Path) -> None:
    """They take a fifth of the time in which a command starts."""
    url = f"sqlite:///{tmp_path}/push.db"
    Outbox(url).close()
    code = f"import sys; from winpush.delivery import Outbox; Outbox({url!r}).close(); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_two_that_upgrade_at_once_wait_for_each_other(empty_postgresql_url: str) -> None:
    found: list[str | None] = []

    def upgrade() -> None:
        database = Database(empty_postgresql_url)
        found.append(migrating.upgrade(database).found)
        database.close()

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [REVISION, REVISION, None]


def test_an_upgrade_that_deadlocks_with_a_worker_is_tried_again(empty_postgresql_url: str) -> None:
    first_design.make(empty_postgresql_url, "0006", ["http://db3.notify.live.net/throttledthirdparty/01.00/x"])
    with closing(Database(empty_postgresql_url)) as database:
        with database.write() as connection:
            for statement in DEADLOCKS_ONCE:
                connection.exec_driver_sql(statement)
        assert migrating.upgrade(database).found == "0006"
        assert migrating.check(database).is_current
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT last_value > 1 FROM tries").scalar()


def test_tables_that_a_later_version_made_are_refused(url: str) -> None:
    Outbox(url).close()
    change(url, "UPDATE winpush_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match=r"later version of winpush .*revision 9999"):
        Outbox(url)
    database = Database(url)
    with pytest.raises(ConfigurationError, match="later version"):
        migrating.upgrade(database)
    database.close()


@pytest.mark.parametrize("revision", ["0001", "0003", "0006"])
def test_a_half_done_broadcast_of_the_first_design_goes_on_where_it_was(
    url: str, revision: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, tables: None
) -> None:
    phones = [winpush_emulator.create_channel() for _ in range(40)]
    first_design.make(url, revision, [phone.uri for phone in phones])
    database = Database(url)
    assert migrating.upgrade(database).found == revision
    database.close()
    outbox = make_outbox()
    number = first_design.BROADCAST
    before = outbox.progress(number, detailed=True)
    assert (before.done, before.total, before.waiting, before.reached) == (15, 40, 1, 14)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 40}
    assert outbox.progress(number).state is BroadcastState.FINISHED
    assert outbox.progress(first_design.NOTIFICATION).state is BroadcastState.FINISHED
    others = {*first_design.LEFT, *first_design.WAITING, *first_design.UNREACHED, 1}
    assert {place for place, phone in enumerate(phones, 1) if phone.accepted} == others
    assert {phone.accepted for phone in phones} == {0, 1}
    assert len(list(outbox.history(broadcast=number))) == 40


def test_lanes_and_what_waits_in_rows_go_on_in_tables_that_have_parcels(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, tables: None
) -> None:
    phones = [winpush_emulator.create_channel() for _ in range(40)]
    first_design.make(url, "0006", [phone.uri for phone in phones])
    database = Database(url)
    with database.write(bounded=False) as connection:
        first_design.upgrade_to(connection, "0008")
        change = "UPDATE winpush_lanes SET refusals = '{\"mpns\": 7}', starts = 1, turn = 5 WHERE first = 21"
        connection.exec_driver_sql(change)
        columns = sa.text("SELECT broadcast, first, last, starts, turn, refusals FROM winpush_lanes ORDER BY first")
        before = connection.execute(columns).all()
    assert migrating.upgrade(database).found == "0008"
    with database.read() as connection:
        assert connection.execute(columns).all() == before
        assert len(before) == 2
        with pytest.raises(sa.exc.DBAPIError):  # as a worker of before reads lanes: it would take a parcel for one
            connection.execute(sa.text("SELECT winpush_lanes.has_gaps FROM winpush_lanes"))
    database.close()
    outbox = make_outbox()
    assert outbox.progress(first_design.BROADCAST).waiting == len(first_design.WAITING)
    outbox.deliver_until_idle()
    assert outbox.progress(first_design.BROADCAST).states == {DeliveryState.DELIVERED: 40}


def test_a_cancelled_broadcast_of_the_first_design_ends(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, tables: None
) -> None:
    first_design.make(url, "0006", [winpush_emulator.create_channel().uri for _ in range(40)])
    change(url, "UPDATE winpush_broadcasts SET state = 'cancelling' WHERE id = 1")
    database = Database(url)
    migrating.upgrade(database)
    database.close()
    outbox = make_outbox()
    outbox.deliver_until_idle()
    assert outbox.progress(1).states == {DeliveryState.DELIVERED: 15, DeliveryState.CANCELLED: 25}


def test_an_outbox_from_before_there_were_revisions_is_taken_over(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, tables: None
) -> None:
    first_design.make(url, "0001", [winpush_emulator.create_channel().uri for _ in range(40)])
    change(url, "UPDATE winpush_channels SET os_version = '8.10' WHERE id = 7")
    change(url, f"DROP TABLE {VERSION_TABLE}")
    database = Database(url)
    migrating.upgrade(database)
    database.close()
    (channel,) = make_outbox().channels(Audience(os_version_below="10.0.0.1"))
    assert (channel.id, channel.os_version) == (7, "8.10")


def test_an_outbox_from_before_there_were_apps_keeps_its_channels_and_what_is_on_hold(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, tables: None
) -> None:
    first_design.make(url, "0004", [winpush_emulator.create_channel().uri for _ in range(40)])
    change(url, "INSERT INTO winpush_holds VALUES ('wns', 5000)")
    database = Database(url)
    assert migrating.upgrade(database).found == "0004"
    with database.write() as connection:
        assert schedule.held(connection, 4000) == {("wns", None): 5000}
        schedule.hold(connection, ("wns", "app-a"), 6000)
        schedule.hold(connection, ("wns", "app-a"), 5500)
        assert schedule.held(connection, 4000) == {("wns", None): 5000, ("wns", "app-a"): 6000}
    database.close()
    assert {channel.app for channel in make_outbox().channels()} == {None}


@pytest.mark.parametrize(
    "wrong", ["mysql://user@host/name", "sqlite:///:memory:", "nonsense", "postgresql+nothing://host/x"]
)
def test_a_url_that_cant_hold_an_outbox_is_refused_without_showing_it(wrong: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Database(wrong)
    assert wrong not in str(caught.value)


def test_urls_as_hosts_of_databases_give_them_out_are_taken() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        database = Database(f"{scheme}://ada:secret@db.example/push")
        assert database.engine.dialect.driver == "psycopg"
        assert "secret" not in repr(database.url)
        database.close()
