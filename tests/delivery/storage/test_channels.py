"""The registry in SQL follows the pure rules: audiences, and registering many at once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from tests.delivery.timeouts import with_timeout
from tests.waiting import PATIENCE, eventually
from winpush import Service, mpns
from winpush.delivery import Audience, DeliveryState, Outbox, Registration
from winpush.delivery.registry.registration import Scalar, version_key
from winpush.delivery.storage.availability import StatementError
from winpush.delivery.storage.channels import put, put_many, select_many
from winpush.delivery.storage.database import Database, to_millis
from winpush.delivery.storage.schema import METADATA, channels, tags
from winpush.emulator import Emulator

HOST = "push.example"
TOAST = mpns.Toast("Hello")
NOW = to_millis(datetime(2026, 1, 1, tzinfo=UTC))
SIZES = settings(max_examples=40, suppress_health_check=list(HealthCheck))

few_tags = st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=2)
versions = st.sampled_from([None, "1", "1.9", "1.10", "2.0.1"])
locales = st.sampled_from([None, "de", "de-AT", "de-AT-1996", "den", "en-GB"])
scalars: st.SearchStrategy[Scalar] = st.sampled_from([True, False, 0, 1, 1.5, "1", "true", "x'\"\\ö"])
attributes = st.dictionaries(st.sampled_from(["a", "b"]), scalars, max_size=2)
registrations = st.fixed_dictionaries(
    {
        "key": st.sampled_from([None, "ada", "bob"]),
        "app": st.sampled_from([None, "app-a", "app-b"]),
        "tags": few_tags,
        "platform": st.sampled_from(["8.0", "windows"]),
        "os_version": versions,
        "app_version": versions,
        "locale": locales,
        "attributes": attributes,
    }
)
some_locales = st.frozensets(st.sampled_from(["de", "de-AT", "en", "en-GB", "den"]), max_size=3)


@st.composite
def audiences(draw: st.DrawFn) -> Audience:
    low, high = draw(versions), draw(versions)
    if low is not None and high is not None and version_key(low) >= version_key(high):
        high = None
    return Audience(
        service=draw(st.sampled_from([None, *Service])),
        app=draw(st.sampled_from([None, "app-a"])),
        keys=draw(st.frozensets(st.sampled_from(["ada", "bob", "eve"]), max_size=2)),
        any_tags=draw(few_tags),
        all_tags=draw(few_tags),
        no_tags=draw(few_tags),
        platforms=draw(st.frozensets(st.sampled_from(["8.0", "windows"]), max_size=2)),
        locales=draw(some_locales),
        os_version_from=low,
        os_version_below=high,
        app_version_from=draw(versions),
        attributes=draw(attributes),
    )


def uri_of(number: int, platform: str | None = "8.0") -> str:
    if platform == "windows":
        return f"https://{HOST}/?token={number}"
    return f"http://{HOST}/throttledthirdparty/01.00/{number}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    Outbox(url).close()
    made = Database(url, durable=False)
    yield made
    made.close()


def empty(database: Database) -> None:
    with database.write() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(sa.delete(table))


def test_an_audience_selects_in_sql_what_it_matches_in_memory(url: str, database: Database) -> None:
    outbox = Outbox(url)

    @SIZES
    @given(st.lists(registrations, min_size=1, max_size=8), audiences())
    def check(values: list[dict[str, object]], audience: Audience) -> None:
        empty(database)
        given_ = [
            Registration.of({"uri": uri_of(n, str(each["platform"])), **each}, [HOST]) for n, each in enumerate(values)
        ]
        outbox.register_many(given_)
        wanted = {each.short for each in given_ if audience.matches(each)}
        assert {channel.short for channel in outbox.channels(audience)} == wanted

    check()
    outbox.close()


def test_an_audience_may_have_as_many_languages_as_it_takes(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    """On SQLite, many languages stopped every broadcast: each took one of an expression's thousand levels."""
    outbox = make_outbox()
    phones = [winpush_emulator.create_channel() for _ in range(3)]
    for phone, locale in zip(phones, ("aa-AB-1996", "zz-ZZ", None), strict=True):
        outbox.register({"uri": phone.uri, "locale": locale})
    letters = "abcdefghij"
    many = Audience(locales=[f"{a}{b}-A{c.upper()}" for a in letters for b in letters for c in letters])
    assert [channel.id for channel in outbox.channels(many)] == [1]
    number, other = outbox.broadcast(TOAST, many), outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 1}
    assert outbox.progress(other).states == {DeliveryState.DELIVERED: 3}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, "too many SQL variables"),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, "Expression tree is too large"),
    ],
)
def test_what_is_too_large_for_the_database_is_no_outage(outbox: Outbox, url: str, limit: int, said: str) -> None:
    database = Database(url)
    event.listen(database.engine, "connect", lambda connection, _: connection.setlimit(limit, 10))
    with pytest.raises(StatementError, match=said), database.read() as connection:
        select_many(connection, Audience(keys=map(str, range(50)), all_tags=map(str, range(50))))
    database.close()


def live(database: Database) -> list[tuple[object, ...]]:
    """Everything that is stored about the live channels, except their numbers."""
    with database.read() as connection:
        tags_of = sa.select(sa.func.count()).where(tags.c.channel == channels.c.id).scalar_subquery()
        columns = [
            channels.c[name] for name in ("uri", "device", "app", "key", "os_version", "os_version_key", "not_before")
        ]
        wanted = sa.select(tags_of, *columns).where(channels.c.gone_at.is_(None)).order_by(channels.c.uri)
        return [tuple(row) for row in connection.execute(wanted)]


rows = st.fixed_dictionaries(
    {
        "uri": st.integers(0, 5).map(uri_of),
        "device": st.sampled_from([None, "d1", "d2", "d3"]),
        "app": st.sampled_from([None, None, "app-a", "app-b"]),
        "key": st.sampled_from(["ada", "bob"]),
        "os_version": versions,
        "tags": few_tags,
    }
)


def test_registering_many_at_once_is_registering_each_in_turn(database: Database) -> None:
    @SIZES
    @given(st.lists(st.lists(rows, max_size=6), min_size=1, max_size=4))
    def check(batches: list[list[dict[str, object]]]) -> None:
        ways = []
        for many in (True, False):
            empty(database)
            for batch in batches:
                each = [Registration.of(row, [HOST]) for row in batch]
                with database.write() as connection:
                    if many:
                        put_many(connection, each, NOW)
                    else:
                        for one in each:
                            put(connection, one, NOW)
            ways.append(live(database))
        assert ways[0] == ways[1]

    check()


def test_a_device_that_moved_need_not_wait_for_what_its_old_channel_was_told(database: Database) -> None:
    def register(number: int) -> None:
        with database.write() as connection:
            put_many(connection, [Registration(uri_of(number), device="d", allow_hosts=[HOST])], NOW)

    register(1)
    later = to_millis(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1))
    with database.write() as connection:
        connection.execute(sa.text(f"UPDATE winpush_channels SET not_before = {later}"))  # noqa: S608 - a number
    register(1)
    assert live(database)[0][-1] == later
    register(2)
    assert live(database)[0][-1] is None


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_device_that_two_register_at_the_same_moment_has_one_channel(url: str, database: Database) -> None:
    """Neither sees the other's row before it is committed. A file has one writer at a time."""
    other, said = Database(with_timeout(url, PATIENCE)), list[str]()
    sa.event.listen(other.engine, "before_cursor_execute", lambda *given: said.append(given[2]))

    def register(target: Database, number: int) -> None:
        with target.write() as connection:
            put(connection, Registration(uri_of(number), device="d", allow_hosts=[HOST]), NOW)

    second = threading.Thread(target=register, args=(other, 2))
    with database.write() as connection:
        put(connection, Registration(uri_of(1), device="d", allow_hosts=[HOST]), NOW)
        second.start()
        eventually(lambda: any("INSERT" in each for each in said))
    second.join()
    other.close()
    assert [row[1] for row in live(database)] == [uri_of(2)]
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tags)) == 0


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("again", [1, 2, 4])
def test_a_device_that_has_two_channels_has_one_after_its_next_registration(
    database: Database, many: bool, again: int
) -> None:
    """An earlier version could make two."""
    with database.write() as connection:
        for number in range(4):
            put(connection, Registration(uri_of(number), allow_hosts=[HOST]), NOW)
        connection.execute(sa.update(channels).values(device="d"))
        registration = Registration(uri_of(again), device="d", allow_hosts=[HOST])
        if many:
            put_many(connection, [registration], NOW)
        else:
            put(connection, registration, NOW)
    assert [row[1] for row in live(database)] == [uri_of(again)]


def test_the_same_channels_registered_by_several_at_once_are_there_once(url: str) -> None:
    """Each has a connection of its own: whoever comes second finds them known, or is told by the index."""
    barrier, failed = threading.Barrier(4), []
    patient = with_timeout(url, PATIENCE)

    def register() -> None:
        outbox = Outbox(patient, allow_hosts=[HOST])
        barrier.wait()
        try:
            for _ in range(5):
                outbox.register_many({"uri": uri_of(n), "tags": ["a", "b"]} for n in range(50))
        except Exception as error:  # noqa: BLE001 - shown below
            failed.append(error)
        outbox.close()

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox = Outbox(url)
    found = list(outbox.channels())
    outbox.close()
    assert failed == []
    assert len(found) == 50
    assert all(channel.tags == {"a", "b"} for channel in found)
