"""A later version upgrades the tables while this one runs: this one says so and stops, rather than failing for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import Connection

from tests.delivery.noticed import Count
from tests.waiting import PATIENCE, eventually
from winpush import ConfigurationError, mpns
from winpush.delivery import Outbox
from winpush.delivery.storage.database import Database
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
SAID = "A later version of winpush has upgraded the database to revision 9999"


@pytest.fixture(autouse=True)
def nothing_went_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Here, it did."""
    with caplog.at_level(logging.ERROR, "winpush.delivery"):
        yield


def upgrade(url: str, *also: str) -> None:
    """What a later version may do to the tables."""

    def work(connection: Connection) -> None:
        for statement in ("UPDATE winpush_version SET version_num = '9999'", *also):
            connection.exec_driver_sql(statement)

    with closing(Database(url)) as database:
        database.run(work)  # again, if a worker was in the way


RENAMED = (
    "ALTER TABLE winpush_lanes RENAME COLUMN starts TO beginnings",
    "ALTER TABLE winpush_broadcasts RENAME COLUMN audience TO readers",
)
NEEDED = ("ALTER TABLE winpush_broadcasts ADD COLUMN shape TEXT NOT NULL DEFAULT '' CHECK (shape <> '')",)


@pytest.mark.parametrize("change", [(), RENAMED], ids=["the tables are as they were", "columns have other names"])
def test_a_worker_ends_with_one_sentence(url: str, make_outbox: Callable[..., Outbox], change: tuple[str, ...]) -> None:
    outbox = make_outbox()
    upgrade(url, *change)
    with pytest.raises(ConfigurationError, match=f"{SAID}.*Upgrade winpush on this machine"):
        asyncio.run(outbox.make_worker().run())


@pytest.mark.parametrize("change", [(), RENAMED], ids=["the tables are as they were", "columns have other names"])
def test_an_outbox_that_delivers_sends_nothing_more_and_says_it_once(
    url: str,
    make_outbox: Callable[..., Outbox],
    winpush_emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    change: tuple[str, ...],
) -> None:
    count = Count(1)
    outbox = make_outbox(hooks=[count])
    outbox.register(winpush_emulator.create_channel().uri)
    with outbox:
        outbox.broadcast(TOAST)
        assert count.done.wait(PATIENCE)
        upgrade(url, *change)
        eventually(lambda: any(SAID in message for message in caplog.messages))
    assert len([message for message in caplog.messages if SAID in message]) == 1
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("change", [RENAMED, NEEDED], ids=["another name", "a new column that must be given"])
def test_a_program_of_the_older_version_gets_the_reason_from_what_it_calls(
    url: str, make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, change: tuple[str, ...]
) -> None:
    outbox = make_outbox()
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "user"})
    upgrade(url, *change)
    with pytest.raises(ConfigurationError, match=SAID):
        outbox.broadcast(TOAST)
    with pytest.raises(ConfigurationError, match=SAID):
        outbox.notify("user", TOAST)
