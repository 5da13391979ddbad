"""A database that can't be used is reported in one line: which one, what is wrong with it, and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.cli.commands import call, started
from tests.waiting import PATIENCE
from winpush.delivery.storage.availability import DatabaseError, translated

COMMANDS = [("channels", "list"), ("worker", "--until-idle"), ("db", "check")]


def no_database(path: Path, _template: Path) -> str:
    path.write_text("hello world, " * 200)
    return f"The file {path} is not a SQLite database. Name the outbox's own file"


def damaged(path: Path, template: Path) -> str:
    whole = template.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 20_000 + whole[20_100:])
    return f"The database file {path} is damaged: database disk image is malformed. Restore it from a backup"


def cut_short(path: Path, template: Path) -> str:
    path.write_bytes(template.read_bytes()[:5000])
    return f"The database file {path} is damaged"


def folder(path: Path, _template: Path) -> str:
    path.mkdir()
    return f"{path} is a folder. Name a file in it: sqlite:///{path}/push.db"


@pytest.mark.parametrize("make", [no_database, damaged, cut_short, folder], ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_that_is_no_database_is_named_with_what_to_do(
    make: object, command: tuple[str, ...], tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "my.db"
    assert callable(make)
    said = make(path, sqlite_template)
    done = call(*command, "--db", f"sqlite:///{path}")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr


def test_a_file_that_is_no_database_is_json_for_machines(tmp_path: Path) -> None:
    path = tmp_path / "my.db"
    said = no_database(path, path)
    assert said in call("channels", "list", "--json", "--db", f"sqlite:///{path}").stdout


def test_a_file_whose_folder_is_not_there_names_the_folder(tmp_path: Path) -> None:
    done = call("db", "upgrade", "--db", f"sqlite:///{tmp_path}/mistyped/push.db")
    assert done.returncode == 1
    assert done.stderr == f"Error: The folder {tmp_path}/mistyped doesn't exist. Create it, or correct the path.\n"


def test_a_file_that_broke_while_it_was_open_is_said_so(tmp_path: Path, sqlite_template: Path) -> None:
    from winpush.delivery.storage.database import Database
    from winpush.delivery.storage.migrate import check

    path = tmp_path / "push.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    assert check(database).is_current
    database.engine.dispose()
    path.write_bytes(b"\xff" * 8192)
    with pytest.raises(DatabaseError, match="is not a SQLite database"):
        check(database)
    database.close()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'connection to server at "db", port 5432 failed: FATAL:  password authentication failed for user "ada"',
            'Can\'t connect to the database: password authentication failed for user "ada". Correct the user and the '
            "password",
        ),
        (
            'connection to server on socket "/tmp/x" failed: fe_sendauth: no password supplied',
            "no password supplied. Give the password in the database's URL, or in PGPASSWORD",
        ),
        (
            'connection to server at "db" failed: FATAL:  pg_hba.conf rejects connection for host "[local]"',
            "pg_hba.conf, or give another user",
        ),
        ("failed to resolve host 'dbb': [Errno -2] Name or service not known", "Correct the host"),
        (
            'connection to server at "127.0.0.1", port 9 failed: Connection refused',
            'is not available: connection failed: connection to server at "127.0.0.1", port 9 failed: Connection '
            "refused. Check that it is running",
        ),
        (
            'connection to server at "db" failed: FATAL:  the database system is starting up',
            "starting up. Check that it is running",
        ),
    ],
)
def test_what_a_server_says_is_told_with_what_to_do_about_it(said: str, told: str) -> None:
    driver = psycopg.OperationalError(f"connection failed: {said}\n\tsome hint")
    with pytest.raises(DatabaseError) as caught, translated():
        raise sa.exc.OperationalError("", None, driver)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_that_does_not_exist_is_said_at_once_by_a_worker_that_waits(postgresql: sa.URL) -> None:
    url = postgresql.set(database="nosuch").render_as_string(hide_password=False)
    with started("worker", "--db", url) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == (
            'Waiting for the database. Can\'t connect to the database: database "nosuch" does not exist. '
            "Create it, or correct the name in the database's URL.\n"
        )


def test_a_user_that_does_not_exist_is_said(postgresql: sa.URL) -> None:
    url = postgresql.set(username="nobody_here").render_as_string(hide_password=False)
    with started("worker", "--until-idle", "--db", url) as process:
        assert process.stderr is not None
        assert 'role "nobody_here" does not exist. Correct the user' in process.stderr.read()
        assert process.wait(PATIENCE) == 1
