"""`winpush worker` and `winpush broadcast` as an operator meets them: the login, the database, the log."""

from __future__ import annotations

import json
import signal
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.commands import started
from tests.cli.windows import call, login
from tests.waiting import PATIENCE
from winpush.emulator import Browser, Emulator
from winpush.webpush import Urgency

pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that WINPUSH_DB names, which isn't there yet."""
    path = tmp_path / "push.db"
    monkeypatch.setenv("WINPUSH_DB", f"sqlite:///{path}")
    return path


def add(emulator: Emulator, *, windows: bool = False) -> str:
    uri = emulator.create_windows_channel().uri if windows else emulator.create_channel().uri
    assert call("channels", "add", uri, **login(emulator)).exit_code == 0
    return uri


@pytest.mark.parametrize("command", [("worker",), ("worker", "--until-idle"), ("broadcast", "Hello")])
def test_without_a_login_for_its_wns_channels_a_command_stops_at_once(
    command: tuple[str, ...], db: Path, emulator: Emulator
) -> None:
    add(emulator, windows=True)
    hosts = " ".join(emulator.authorities)
    done = call(*command, WINPUSH_ALLOW_HOST=hosts)
    assert done.exit_code == 2
    assert "Sending to WNS channels requires a login: set WINPUSH_TENANT_ID" in done.output
    assert "Traceback" not in done.output


def test_phones_are_sent_to_without_a_login(db: Path, emulator: Emulator) -> None:
    add(emulator)
    add(emulator, windows=True)
    hosts = " ".join(emulator.authorities)
    assert call("broadcast", "Hello", "--service", "mpns", WINPUSH_ALLOW_HOST=hosts).exit_code == 0
    assert call("broadcast", "Hello", "--store-only", WINPUSH_ALLOW_HOST=hosts).exit_code == 0


@pytest.fixture
def browser(db: Path, emulator: Emulator, tmp_path: Path) -> Browser:
    """One that is registered."""
    made = emulator.create_subscription()
    file = tmp_path / "browser.json"
    file.write_text(json.dumps(made.subscription.to_dict()))
    hosts = " ".join(emulator.authorities)
    assert call("channels", "add", str(file), WINPUSH_ALLOW_HOST=hosts).exit_code == 0
    return made


@pytest.fixture
def vapid(tmp_path: Path) -> dict[str, str]:
    """The variables that give a site's keys; the subject as a variable holds it when read from a file."""
    file = tmp_path / "vapid.pem"
    assert call("webpush", "keys", str(file)).exit_code == 0
    return {"WINPUSH_VAPID_KEY": str(file), "WINPUSH_VAPID_SUBJECT": "mailto:ops@example.com\r\n"}


@pytest.mark.parametrize(
    "command",
    [
        ("worker",),
        ("worker", "--until-idle"),
        ("broadcast", "Hello", "--browsers"),
        ("broadcast", "message", "Hello"),
        ("broadcast", "Hello", "--service", "webpush"),
    ],
)
def test_without_vapid_keys_for_its_browsers_a_command_stops_at_once(
    command: tuple[str, ...], browser: Browser, emulator: Emulator
) -> None:
    done = call(*command, WINPUSH_ALLOW_HOST=" ".join(emulator.authorities))
    assert done.exit_code == 2
    assert "Pushing to browsers requires VAPID keys: give --vapid-key and --subject" in done.output
    assert not browser.messages


def test_what_has_nothing_for_browsers_needs_no_vapid_keys(browser: Browser, emulator: Emulator) -> None:
    add(emulator)
    done = call("broadcast", "Hello", WINPUSH_ALLOW_HOST=" ".join(emulator.authorities))
    assert done.exit_code == 0, done.output
    assert not browser.messages


def test_what_has_nothing_for_windows_needs_no_login(
    browser: Browser, vapid: dict[str, str], emulator: Emulator
) -> None:
    add(emulator, windows=True)
    hosts = " ".join(emulator.authorities)
    assert call("broadcast", "message", "Hello", WINPUSH_ALLOW_HOST=hosts, **vapid).exit_code == 0
    assert call("broadcast", "Hello", "--service", "webpush", WINPUSH_ALLOW_HOST=hosts, **vapid).exit_code == 0
    assert [got.text for got in browser.messages] == ["Hello", '{"title":"Hello"}']


def test_a_worker_with_vapid_keys_pushes_to_browsers(
    browser: Browser, vapid: dict[str, str], emulator: Emulator
) -> None:
    hosts = " ".join(emulator.authorities)
    arguments = ("--title", "Delay", "--urgency", "high", "--topic", "s1", "--ttl", "60", "--store-only")
    assert call("broadcast", "message", "at 9:41", *arguments, WINPUSH_ALLOW_HOST=hosts).exit_code == 0
    assert call("worker", "--until-idle", WINPUSH_ALLOW_HOST=hosts, **vapid).exit_code == 0
    (got,) = browser.messages
    assert (json.loads(got.payload), got.topic, got.urgency) == (
        {"title": "Delay", "body": "at 9:41"}, "s1", Urgency.HIGH,
    )  # fmt: skip


def test_one_command_reaches_phones_windows_apps_and_browsers(
    browser: Browser, vapid: dict[str, str], emulator: Emulator
) -> None:
    phone, app = emulator.create_channel(), emulator.create_windows_channel()
    for device in (phone, app):
        assert call("channels", "add", device.uri, **login(emulator)).exit_code == 0
    done = call("broadcast", "Storm", "from 18:00", "--browsers", **login(emulator, **vapid))
    assert done.exit_code == 0, done.output
    assert (len(phone.toasts), len(app.toasts)) == (1, 1)
    assert [json.loads(got.payload) for got in browser.messages] == [{"title": "Storm", "body": "from 18:00"}]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"WINPUSH_VAPID_SUBJECT": None}, "--vapid-key needs --subject"),
        ({"WINPUSH_VAPID_KEY": None}, "--subject needs --vapid-key"),
        ({"WINPUSH_VAPID_SUBJECT": "ops@example.com"}, "subject: is 'ops@example.com'"),
    ],
)
@pytest.mark.parametrize("command", [("worker", "--until-idle"), ("broadcast", "Hello")])
def test_half_a_login_is_said(
    command: tuple[str, ...], variables: dict[str, str | None], words: str, browser: Browser, vapid: dict[str, str]
) -> None:
    done = call(*command, **{**vapid, **variables})
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize(
    "command",
    [
        ("worker",),
        ("broadcast", "Hello"),
        ("broadcast", "Hello", "--store-only"),
        ("broadcasts", "list"),
        ("history",),
        ("channels", "list"),
    ],
)
def test_a_file_that_is_not_there_is_not_made_unasked(command: tuple[str, ...], db: Path) -> None:
    done = call(*command)
    assert done.exit_code == 2
    assert f"There is no outbox at {db}" in done.output
    assert "'winpush channels import FILE'" in done.output
    assert ("--create" in done.output) == (command[0] in ("worker", "broadcast"))
    assert not db.exists()


@pytest.mark.parametrize(
    "command",
    [("broadcast", "Hello", "--store-only", "--create"), ("broadcast", "Hello", "--create"), ("db", "upgrade")],
)
def test_a_file_is_made_where_it_is_asked_for(command: tuple[str, ...], db: Path) -> None:
    assert call(*command).exit_code == 0
    assert db.exists()


def test_a_command_that_registers_makes_the_file(db: Path, emulator: Emulator) -> None:
    add(emulator)
    assert db.exists()


def lines(process_stderr: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in process_stderr.splitlines()]


def test_a_worker_names_its_database_and_logs_json_if_told_to(db: Path, emulator: Emulator) -> None:
    uri = add(emulator)
    assert call("broadcast", "Hello", "--store-only").exit_code == 0
    hosts = " ".join(emulator.authorities)
    with started("worker", "--log-format", "json", "--metrics-port", "0", "--allow-host", hosts) as worker:
        assert worker.stderr is not None
        said = worker.stderr.readline()
        while "Worker running" not in said:
            said += worker.stderr.readline()
        worker.send_signal(signal.SIGTERM)
        said += worker.stderr.read()
        assert worker.wait(PATIENCE) == 0
    found = lines(said)
    assert [line["level"] for line in found] == ["info"] * 3
    _, running, stopped = found
    assert running["database"] == str(db)
    assert f"Worker running on {db}." in str(running["message"])
    assert running["worker"] == stopped["worker"] is not None
    assert all(datetime.fromisoformat(str(line["time"])).tzinfo is not None for line in found)
    assert uri[-20:] not in said


def test_a_worker_logs_from_the_level_on_that_it_is_told(db: Path, emulator: Emulator) -> None:
    add(emulator)
    with started("worker", "--log-level", "warning", "--until-idle") as worker:
        assert worker.stderr is not None
        assert worker.stderr.read() == ""
        assert worker.wait(PATIENCE) == 0


def test_the_password_of_a_database_is_in_no_line() -> None:
    done = call("worker", "--until-idle", "--db", "postgresql://ada:hush@127.0.0.1:9/push")
    assert done.exit_code == 1
    assert "hush" not in done.output
