"""`winpush history`: newest first, by times as people type them, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import sqlalchemy as sa

from tests.cli.commands import WINPUSH, environment, run
from tests.cli.windows import call
from winpush import mpns
from winpush.cli.outbox import retype_database
from winpush.cli.times import PastTime
from winpush.delivery import Outbox
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import attempts
from winpush.emulator import Emulator

NOW = datetime(2026, 11, 27, 14, 30, 5, tzinfo=UTC)


@pytest.fixture
def outbox(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    """Two people, each of whom was sent three notifications."""
    url = f"sqlite:///{tmp_path}/push.db"
    monkeypatch.setenv("WINPUSH_DB", url)
    made = Outbox(url, allow_hosts=emulator.authorities)
    for key in ("ada", "bob"):
        made.register({"uri": emulator.create_channel().uri, "key": key})
    for _ in range(3):
        made.broadcast(mpns.Toast("Hello"))
        made.deliver_until_idle()
    yield made
    made.close()


def ids(*arguments: str) -> list[int]:
    done = call("history", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return [int(found) for found in re.findall(r'"id": (\d+)', done.output)]


def test_the_newest_attempt_comes_first(outbox: Outbox) -> None:
    newest = ids()
    assert len(newest) == 6
    assert newest == sorted(newest, reverse=True)
    assert ids("--oldest-first") == newest[::-1]


def test_a_key_selects_the_attempts_of_its_channels(outbox: Outbox) -> None:
    assert len(ids("--for-key", "ada")) == 3
    assert ids("--for-key", "nobody") == []


def test_a_list_that_ends_early_says_how_to_see_the_rest(outbox: Outbox) -> None:
    done = call("history", "--limit", "4", "--outcome", "accepted", "--since", "yesterday")
    more = re.search(r"There are more: (winpush history .*)$", done.stderr, re.MULTILINE)
    assert more is not None
    command = shlex.split(more[1])[1:]
    newest = ids()
    assert command[-2:] == ["--after", str(newest[3])]
    assert ids(*command[1:]) == newest[4:]
    assert "There are more" not in call("history", "--limit", "6").stderr


def test_what_to_type_for_the_rest_asks_the_database_that_was_typed(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newest = ids()
    monkeypatch.setenv("WINPUSH_DB", f"sqlite:///{tmp_path}/another.db")
    done = call("history", "--limit", "4", "--db", f"sqlite:///{tmp_path}/push.db")
    more = re.search(r"There are more: winpush history (.*)$", done.stderr, re.MULTILINE)
    assert more is not None
    assert ids(*shlex.split(more[1])) == newest[4:]


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("sqlite:///push.db", "sqlite:///push.db"),
        ("postgresql://ada@host/name", "postgresql://ada@host/name"),
        ("postgresql://ada:s3cret@host/name?timeout=5", "postgresql+psycopg://ada@host/name?timeout=5"),
        ("postgresql://host/name?password=s3cret&user=ada", "postgresql+psycopg://host/name?user=ada"),
    ],
)
def test_a_database_is_typed_again_without_its_password(typed: str, again: str) -> None:
    assert retype_database(typed) == again


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_people_read_is_in_the_encoding_of_their_terminal(encoding: str, outbox: Outbox) -> None:
    table = run("history", PYTHONIOENCODING=encoding).stdout
    assert ("─" in table) == (encoding == "utf-8")
    assert table.count("accepted") == 6
    lines = run("history", "--json", PYTHONIOENCODING=encoding).stdout.splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["accepted"] * 6


def test_a_csv_is_utf8_wherever_it_goes(emulator: Emulator, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/own.db"
    with Outbox(url, allow_hosts=emulator.authorities) as made:
        made.register({"uri": emulator.create_channel().uri, "key": "Zoë"})
    words = [*WINPUSH, "channels", "export", "--db", url]
    done = subprocess.run(words, capture_output=True, env=environment(PYTHONIOENCODING="ascii"), check=True)
    assert "Zoë" in done.stdout.decode()


def test_a_table_fits_80_columns(outbox: Outbox) -> None:
    done = call("history")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "accepted" in done.stdout
    assert "Message id" in call("history", "--wide").stdout


def test_an_outcome_that_there_is_not_is_refused_with_those_near_it(outbox: Outbox) -> None:
    done = call("history", "--outcome", "chanel-gone")
    assert done.exit_code == 2
    assert "Did you mean channel-gone" in done.output
    assert "The outcomes are accepted, " in call("history", "--outcome", "zzzz").output


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("today", "2026-11-27T00:00:00"),
        ("yesterday", "2026-11-26T00:00:00"),
        ("now", "2026-11-27T14:30:05"),
        ("2h", "2026-11-27T12:30:05"),
        ("90 m", "2026-11-27T13:00:05"),
        ("3d ago", "2026-11-24T14:30:05"),
        ("1w", "2026-11-20T14:30:05"),
        ("2026-11-25", "2026-11-25T00:00:00"),
        ("2026-11-25 14:00", "2026-11-25T14:00:00"),
        ("2026-11-25T14:00:30Z", "2026-11-25T14:00:30"),
        ("2026-11-25T14:00+01:00", "2026-11-25T13:00:00"),
    ],
)
def test_times_are_read_as_people_type_them(text: str, moment: str) -> None:
    assert PastTime(lambda: NOW).convert(text, None, None) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "14:00", "h", "9999999w", "999999w"])
def test_what_is_no_time_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(click.BadParameter, match="2026-11-27 14:00"):
        PastTime(lambda: NOW).convert(text, None, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "csv", "--json"), "--json and --format csv contradict each other. Give only one of them."),
        (("--format", "table", "--json"), "--json and --format table contradict each other"),
        (("--format", "csv", "--wide"), "--wide is for the table"),
        (("--json", "--wide"), "--wide is for the table"),
    ],
)
def test_no_option_is_ignored_in_silence(arguments: tuple[str, ...], said: str, outbox: Outbox) -> None:
    done = call("history", *arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_json_is_json_lines(outbox: Outbox) -> None:
    assert call("history", "--json").output == call("history", "--format", "jsonl", "--json").output


def test_a_spreadsheet_runs_no_cell(outbox: Outbox, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/push.db")
    starts = ("=1+1", "+1", "@a", "-1", "\tx", "\rx")
    with database.write() as connection:  # as they are kept for single notifications, one by one
        connection.execute(sa.text("DELETE FROM winpush_segments"))
        common = {"broadcast": 1, "channel": 1, "at": 1, "outcome": "failed"}
        rows = [{"id": number, **common, "detail": text, "message_id": text} for number, text in enumerate(starts, 1)]
        connection.execute(sa.insert(attempts), rows)
    database.close()
    file = tmp_path / "history.csv"
    assert call("history", "--format", "csv", "--oldest-first", "--output", str(file)).exit_code == 0
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["detail"] for row in rows] == [f"'{text}" for text in starts]
    assert [row["message_id"] for row in rows] == [f"'{text}" for text in starts]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_files_with_history_or_channels_are_for_their_owner_alone(outbox: Outbox, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        kept = tmp_path / "kept.csv"
        kept.touch(mode=0o640)
        for arguments in (("history", "--output"), ("history", "--format", "csv", "--output"), ("channels", "export")):
            for file in (tmp_path / f"{len(list(tmp_path.iterdir()))}.csv", kept):
                assert call(*arguments, str(file)).exit_code == 0
                assert stat.S_IMODE(file.stat().st_mode) == (0o640 if file == kept else 0o600)
    finally:
        os.umask(before)


def test_a_file_that_cant_be_written_is_an_error(outbox: Outbox, tmp_path: Path) -> None:
    done = call("history", "--output", str(tmp_path / "nowhere" / "x.csv"))
    assert done.exit_code == 1
    assert "Can't write" in done.output
