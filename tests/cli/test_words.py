"""No message of the command line asks for Python: it names the option, or lists what can be typed."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import click
import pytest

from tests.cli.commands import call as run_here
from tests.cli.windows import URI, call
from winpush import wns
from winpush.cli.failures import describe_refused_address
from winpush.cli.times import ZonedTime
from winpush.cli.words import in_words

PYTHON = re.compile(r"\w\(|\w=\w|\bwns\.|\bmpns\.|%Y|\[\"|\btimedelta\b|\b\w+_\w+: ")
TOAST = ("send", "toast", URI, "Hi")
GLYPHS = ", ".join(wns.Glyph)
ENTRA = {"WINPUSH_TENANT_ID": "t", "WINPUSH_CLIENT_ID": "c", "WINPUSH_CLIENT_SECRET": "s"}
PACKAGE = {"WINPUSH_PACKAGE_SID": "ms-app://s-1-15-2-1", "WINPUSH_CLIENT_SECRET": "s"}


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (("send", "badge", URI, "foo"), {}, f"not a glyph; the glyphs are {GLYPHS}"),
        (
            ("send", "toast", URI, "Hi", "--sound", "ms-winsoundevent:Notification.X"),
            {},
            "the sounds are ms-winsoundevent:",
        ),
        (
            ("send", "toast", URI, "Hi", "--sound", "chime"),
            {},
            "Windows's own sounds or a file of the app: ms-appx:///…",
        ),
        (("send", "clear", URI), {}, "--everything clears all"),
        (("send", "raw", URI, "x", "--ttl", "0"), {}, "--ttl: is 0, which WNS rejects without --no-cache"),
        (("send", "raw", URI, "x", "--timeout", "0"), ENTRA, "is not in the range 0<x<=600"),
        (("send", "raw", URI, "x", "--token-server", "127.0.0.1:18080"), ENTRA, "--token-server: must be"),
        (("send", "raw", URI, "x", "--token-server", "127.0.0.1:18080"), PACKAGE, "--token-server: must be"),
        (("broadcast", "Hi", "--not-before", "tomorrow"), {}, "'tomorrow' is not a time. Write 2026-05-01T08:30+02:00"),
        (("broadcast", "Hi", "--expires-at", "2026-05-01T08:30"), {}, "is a time without its zone. Write"),
        ((*TOAST, "--timestamp", "now"), {}, "'now' is not a time. Write"),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_an_error_says_what_to_type(
    arguments: tuple[str, ...], variables: dict[str, str], said: str, form: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = run_here(*arguments, *form)
    text = done.stdout if form else done.stderr
    assert done.returncode == 2
    assert said in (json.loads(text)["error"]["message"] if form else text.replace("\n", " "))
    assert not PYTHON.search(text.replace(URI, ""))


def test_a_source_that_there_is_not_is_said_so() -> None:
    assert "there is no source 'Z1'" in run_here("protocol", "sources", "Z1").stderr


def test_a_broadcast_that_there_is_not_leads_to_the_list(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    database = ("--db", f"sqlite:///{tmp_path}/push.db")
    assert call("db", "upgrade", *database).exit_code == 0
    done = run_here("broadcasts", "show", "99", *database)
    assert "number 99 does not exist; 'winpush broadcasts list' shows them" in done.stderr


@pytest.mark.parametrize("command", [("broadcast", "toast"), ("broadcast", "content"), ("send", "toast")], ids=" ".join)
def test_no_help_shows_how_python_writes_a_time(command: tuple[str, ...]) -> None:
    assert "%Y" not in call(*command, "--help").output


def test_a_host_that_cannot_be_listened_on_is_told_from_a_port() -> None:
    done = run_here("emulator", "--host", "192.0.2.1", "--port", "0")
    assert done.stderr.endswith("Cannot assign requested address. Choose another with --host.\n")
    assert describe_refused_address(OSError(98, "Address already in use"), "health") == (
        "Address already in use. Choose another --health-port."
    )


def test_a_message_without_python_is_left_alone() -> None:
    text = "text1: has 300 characters; up to 255 are shown"
    assert in_words(text) == text


NOW = datetime(2026, 11, 27, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01T08:30+02:00", datetime(2026, 5, 1, 8, 30, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-05-01 08:30:15Z", datetime(2026, 5, 1, 8, 30, 15, tzinfo=UTC)),
        ("2h", NOW + timedelta(hours=2)),
        ("in 30 m", NOW + timedelta(minutes=30)),
    ],
)
def test_a_time_to_come_is_read_as_people_type_it(text: str, moment: datetime) -> None:
    assert ZonedTime(lambda: NOW).convert(text, None, None) == moment


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-05-01", "2026-05-01T08:30", "999999w", "25:00Z"])
def test_a_time_without_its_zone_is_none(text: str) -> None:
    with pytest.raises(click.BadParameter, match="Write 2026-05-01T08:30"):
        ZonedTime(lambda: NOW).convert(text, None, None)
