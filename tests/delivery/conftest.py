"""What the tests of the outbox share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.delivery.clock import Clock
from tests.postgresql import Cluster, Relay, Unavailable, fresh_database, running
from tests.postgresql import server as postgresql_server
from winpush.delivery import Outbox
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.migrate import upgrade
from winpush.emulator import Emulator


@pytest.fixture(autouse=True)
def nothing_went_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The worker retries what failed, so a bug of its own would only show in its log."""
    yield
    wrong = [record for record in caplog.get_records("call") if record.levelname == "ERROR"]
    assert not [record for record in wrong if "A hook raised" not in record.getMessage()]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.URL]:
    """A PostgreSQL server started for the tests."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(postgresql_server())
        except Unavailable as error:
            pytest.skip(f"there is no PostgreSQL to test with: {error}")


_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def postgresql_template(postgresql: sa.URL) -> Iterator[str]:
    """The name of a database that has the tables: copying it is faster than creating them."""
    name = f"winpush_{_WORKER}_template"
    with fresh_database(postgresql, name) as url:
        database = Database(url)
        upgrade(database)
        database.close()
        yield name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for a file."""
    path = tmp_path_factory.mktemp("template") / "push.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture
def empty_postgresql_url(postgresql: sa.URL) -> Iterator[str]:
    """A database without any tables."""
    with fresh_database(postgresql, f"winpush_{_WORKER}_empty") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind, with nothing in it."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path)
        yield f"sqlite:///{tmp_path}/push.db"
        return
    template = request.getfixturevalue("postgresql_template")
    server = request.getfixturevalue("postgresql")
    with fresh_database(server, f"winpush_{_WORKER}_test", template) as made:
        yield made


@pytest.fixture
def relay(url: str) -> Iterator[Relay]:
    """Between clients and the PostgreSQL of `url`."""
    with tempfile.TemporaryDirectory(prefix="winpush-relay-", dir="/tmp") as folder:
        made = Relay(sa.make_url(url), Path(folder))
        yield made
        made.close()


@pytest.fixture
def cluster(url: str) -> Iterator[Cluster]:
    """A server that may be stopped, unlike the one that the other tests use."""
    with tempfile.TemporaryDirectory(prefix="winpush-pg-", dir="/tmp") as folder:
        try:
            with running(Path(folder)) as made:
                yield made
        except Unavailable as error:
            pytest.skip(f"there is no PostgreSQL that could be stopped: {error}")


@pytest.fixture
def make_outbox(url: str, clock: Clock, winpush_emulator: Emulator) -> Iterator[Callable[..., Outbox]]:
    made: list[Outbox] = []

    def make(**options: Any) -> Outbox:
        outbox = Outbox(url, **{"allow_hosts": winpush_emulator.authorities, "clock": clock, **options})
        made.append(outbox)
        return outbox

    yield make
    for outbox in made:
        outbox.close()


@pytest.fixture
def outbox(make_outbox: Callable[..., Outbox]) -> Outbox:
    return make_outbox()
