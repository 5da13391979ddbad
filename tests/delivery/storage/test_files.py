"""Only its owner can read a SQLite database file: whoever has a channel's URI can push to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from winpush import mpns
from winpush.delivery import Outbox
from winpush.delivery.storage.files import path_of, shown

URI = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQmVzdFRva2Vu"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")


@pytest.fixture(autouse=True)
def usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_a_new_file_and_those_beside_it_are_for_the_owner_alone(tmp_path: Path) -> None:
    outbox = Outbox(f"sqlite:///{tmp_path}/push.db")
    outbox.register(URI)
    assert modes(tmp_path) == {"push.db": 0o600, "push.db-wal": 0o600, "push.db-shm": 0o600}
    outbox.close()


def test_the_mode_of_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    Outbox(f"sqlite:///{tmp_path}/push.db").close()
    (tmp_path / "push.db").chmod(0o640)
    outbox = Outbox(f"sqlite:///{tmp_path}/push.db")
    outbox.register(URI)
    outbox.broadcast(mpns.Toast("Hello"))
    assert set(modes(tmp_path).values()) == {0o640}
    outbox.close()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///push.db", Path("push.db")),
        ("sqlite:////var/lib/push.db", Path("/var/lib/push.db")),
        ("sqlite:///file:/var/a%20b.db?mode=rw&uri=true", Path("/var/a b.db")),
        ("postgresql://ada@db.example/push", None),
    ],
)
def test_the_file_of_a_url_is_found(url: str, path: Path | None) -> None:
    assert path_of(sa.make_url(url)) == path


def test_a_url_is_shown_without_its_password() -> None:
    for url in ("postgresql://ada:hush@db.example/push", "postgresql://db.example/push?user=ada&password=hush"):
        said = shown(sa.make_url(url))
        assert "hush" not in said
        assert "db.example/push" in said
