"""The outbox from the command line: channels, broadcasts, history, workers; in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.cli.commands import WINPUSH, environment, run
from tests.waiting import PATIENCE, eventually
from winpush.delivery.storage.schema import REVISION
from winpush.emulator import Emulator

pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")


class Shell:
    """Runs `winpush` with one database and one emulator."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        login = emulator.entra_credentials
        self.variables = {
            "WINPUSH_DB": f"sqlite:///{folder}/push.db",
            "WINPUSH_ALLOW_HOST": " ".join(emulator.authorities),
            "WINPUSH_TENANT_ID": login.tenant_id,
            "WINPUSH_CLIENT_ID": login.client_id,
            "WINPUSH_CLIENT_SECRET": login.client_secret,
            "WINPUSH_TOKEN_SERVER": login.authority,
        }

    def __call__(self, *arguments: str, code: int = 0) -> str:
        done = run(*arguments, **self.variables)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*WINPUSH, *arguments], env=environment(**self.variables), stderr=subprocess.PIPE, text=True
        )


@pytest.fixture
def shell(emulator: Emulator, tmp_path: Path) -> Shell:
    return Shell(emulator, tmp_path)


def test_channels_are_added_listed_shown_and_removed(shell: Shell, emulator: Emulator) -> None:
    phone, device = emulator.create_channel(), emulator.create_windows_channel()
    assert (
        shell("channels", "add", phone.uri, "--platform", "8.0", "--tag", "news", "--key", "ada")
        == "Registered as channel 1.\n"
    )
    added = shell(
        "channels", "add", device.uri, "--platform", "windows", "--attribute", "name=Ada", "--locale", "de_at"
    )
    assert added == "Registered as channel 2.\n"
    rows = [json.loads(line) for line in shell("channels", "list", "--json").splitlines()]
    assert [(row["id"], row["platform"], row["tags"]) for row in rows] == [(1, "8.0", ["news"]), (2, "windows", [])]
    shown = json.loads(shell("channels", "show", "2", "--json"))
    assert (shown["attributes"], shown["locale"]) == ({"name": "Ada"}, "de-AT")
    assert "Attributes:    name=Ada\n" in shell("channels", "show", "2")
    assert phone.uri not in shell("channels", "list")
    assert "ada" in shell("channels", "list", "--tag", "news")
    assert shell("channels", "remove", "1") == "Removed channel 1.\n"
    assert "removed" in shell("channels", "list", "--gone")
    assert "Channel 1 does not exist" in shell("channels", "remove", "1", code=2)
    assert "Channel 9 does not exist" in shell("channels", "show", "9", code=2)
    assert "None" in shell("channels", "stale")


def test_a_channel_has_an_app_that_lists_and_exports_select_by(shell: Shell, emulator: Emulator) -> None:
    for app in ("weather", "news"):
        shell("channels", "add", emulator.create_windows_channel(app=app).uri, "--app", app)
    assert json.loads(shell("channels", "show", "2", "--json"))["app"] == "news"
    assert "weather" in shell("channels", "list")
    rows = [json.loads(line) for line in shell("channels", "list", "--app", "news", "--json").splitlines()]
    assert [row["id"] for row in rows] == [2]
    assert json.loads(shell("channels", "export", "-", "--format", "jsonl", "--app", "weather"))["app"] == "weather"


def test_a_broadcast_is_delivered_and_its_history_kept(shell: Shell, emulator: Emulator) -> None:
    for _ in range(3):
        shell("channels", "add", emulator.create_channel().uri, "--platform", "8.0")
    gone = emulator.create_windows_channel("gone")
    shell("channels", "add", gone.uri, "--platform", "windows")
    ended = json.loads(shell("broadcast", "Hello", "World", "--name", "first", "--json"))
    assert (ended["state"], ended["done"]) == ("finished", 4)
    assert ended["outcomes"] == {"accepted": 3, "channel-gone": 1}
    assert "first" in shell("broadcasts", "list")
    assert "3  accepted" in shell("broadcasts", "show", "1")
    attempts = [json.loads(line) for line in shell("history", "--format", "jsonl").splitlines()]
    assert len(attempts) == 4
    assert shell("history", "--format", "csv", "--outcome", "accepted").count("accepted") == 3
    assert "channel-gone" in shell("history")
    assert "channel-gone" in shell("channels", "list", "--gone")


def test_a_worker_delivers_what_was_stored_and_leaves_when_told(shell: Shell, emulator: Emulator) -> None:
    device = emulator.create_windows_channel()
    shell("channels", "add", device.uri, "--platform", "windows")
    assert shell("broadcast", "Hello", "--store-only", "--idempotency-key", "a").startswith("Stored broadcast 1. ")
    assert shell("broadcast", "Hello", "--store-only", "--idempotency-key", "a") == ""
    assert not device.toasts
    shell("worker", "--until-idle")
    assert len(device.toasts) == 1
    with shell.start("worker") as worker:
        assert worker.stderr is not None
        assert "Worker running on " in worker.stderr.readline()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
        assert "Stopped." in worker.stderr.read()


def test_workers_share_a_token_in_a_file_that_they_are_given(shell: Shell, emulator: Emulator, tmp_path: Path) -> None:
    shell("channels", "add", emulator.create_windows_channel().uri)
    for _ in range(2):
        shell("broadcast", "Hello", "--store-only")
        shell("worker", "--until-idle", "--token-file", str(tmp_path / "tokens"))
    assert [request.kind for request in emulator.requests].count("token") == 1


def test_a_broadcast_is_paused_resumed_and_cancelled(shell: Shell, emulator: Emulator) -> None:
    shell("channels", "add", emulator.create_channel().uri, "--platform", "8.0")
    shell("broadcast", "Hello", "--store-only")
    assert shell("broadcasts", "pause", "1") == "Broadcast 1 is paused.\n"
    shell("worker", "--until-idle")
    assert json.loads(shell("broadcasts", "show", "1", "--json"))["done"] == 0
    assert shell("broadcasts", "resume", "1") == "Broadcast 1 is running.\n"
    shell("broadcasts", "cancel", "1")
    shell("worker", "--until-idle")
    assert json.loads(shell("broadcasts", "show", "1", "--json"))["state"] == "cancelled"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["broadcast"], "Give one or two texts"),
        (["broadcast", "a", "b", "c"], "two texts"),
        (["broadcast", "a", "--param", "x"], "param"),
        (["channels", "add", "https://evil.test/?token=abcdefghijklmnopqrstuvwxyz"], "evil.test"),
        (["channels", "add", "http://db3.notify.live.net/u/01/abc", "--attribute", "x"], "NAME=VALUE"),
        (["broadcasts", "show", "7"], "number 7"),
        (["broadcasts", "cancel", "7"], "number 7"),
        (["worker", "--db", "nonsense"], "Error"),
    ],
)
def test_what_is_used_wrongly_is_exit_2_with_what_to_do(arguments: list[str], said: str, shell: Shell) -> None:
    shell("db", "upgrade")
    output = shell(*arguments, code=2)
    assert said in output
    assert "abcdefghijklmnopqrstuvwxyz" not in output


def test_the_database_is_checked_and_upgraded(shell: Shell) -> None:
    assert shell("db", "check", code=1).startswith("Found revision none, need ")
    assert f"Created the tables at revision {REVISION}" in shell("db", "upgrade")
    assert shell("db", "upgrade").startswith("Nothing to do")
    assert json.loads(shell("db", "check", "--json"))["current"] is True


def test_a_database_that_cant_be_reached_is_said_without_its_password(shell: Shell) -> None:
    said = shell("db", "check", "--db", "postgresql://ada:hush@127.0.0.1:9/push", code=1)
    assert "is not available" in said
    assert "hush" not in said


def test_channels_are_imported_and_exported(shell: Shell, emulator: Emulator, tmp_path: Path) -> None:
    uris = [emulator.create_channel().uri for _ in range(3)]
    rows = [f'{uri};user {n};"news, beta";8.0' for n, uri in enumerate(uris)]
    file = tmp_path / "channels.csv"
    file.write_text("\ufeff" + "\n".join(["URI;key;tags;platform", *rows, "https://evil.example/;x;;"]))
    said = shell("channels", "import", str(file), code=1)
    assert "Registered 3 new channels, renewed 0; skipped 1 row." in said
    assert "line 5: uri:" in said
    for name in ("all.jsonl", "all.csv"):
        exported = tmp_path / name
        shell("channels", "export", str(exported), "--tag", "beta")
        assert all(uri in exported.read_text() for uri in uris)
        said = shell("channels", "import", str(exported))
        assert said == "Registered 0 new channels, renewed 3; skipped 0 rows.\n"
    assert len(shell("channels", "export", "--format", "jsonl").splitlines()) == 3
    (found,) = shell("channels", "list", "--json", "--for-key", "user 1").splitlines()
    assert json.loads(found)["tags"] == ["beta", "news"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_channels_are_imported_in_the_encodings_of_excel(
    encoding: str, shell: Shell, emulator: Emulator, tmp_path: Path
) -> None:
    file = tmp_path / "channels.csv"
    file.write_bytes(f"uri,key\n{emulator.create_channel().uri},Jürgen\n".encode(encoding))
    assert "Registered 1 new channel" in shell("channels", "import", str(file))
    assert json.loads(shell("channels", "list", "--json"))["key"] == "Jürgen"


def test_a_file_of_channels_that_is_not_utf8_is_exit_2(shell: Shell, emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "channels.csv"
    file.write_bytes(f"uri,key\n{emulator.create_channel().uri},Jürgen\n".encode("latin-1"))
    said = shell("channels", "import", str(file), code=2)
    assert "is not UTF-8: line 2 has the byte 0xFC. Save it as UTF-8" in said
    assert "Traceback" not in said


def test_an_import_says_how_many_rows_repeat_a_channel(shell: Shell, emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "channels.csv"
    file.write_text("uri\n" + f"{emulator.create_channel().uri}\n" * 7)
    said = shell("channels", "import", str(file))
    assert said == "Registered 1 new channel, renewed 0, repeated 6; skipped 0 rows.\n"
    counts = json.loads(shell("channels", "import", str(file), "--json"))
    assert counts == {"taken": 7, "refused": 0, "new": 0, "renewed": 1, "repeated": 6}


def test_a_file_in_utf_16_without_a_mark_is_a_usage_error(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "channels.csv"
    file.write_text("uri,key\n", encoding="utf-16-le")
    said = shell("channels", "import", str(file), code=2)
    assert "looks like UTF-16. Save it as UTF-8" in said


def test_attributes_are_typed_as_json_reads_them(shell: Shell, emulator: Emulator) -> None:
    uri = emulator.create_channel().uri
    shell("channels", "add", uri, "--attribute", "age=7", "--attribute", "vip=true", "--attribute", "name=Ada")
    for wanted, number in (("age=7", 1), ('age="7"', 0), ("vip=true", 1), ("name=Ada", 1), ("name=Bob", 0)):
        assert len(shell("channels", "list", "--json", "--attribute", wanted).splitlines()) == number


def test_a_worker_serves_its_metrics_to_prometheus(shell: Shell, emulator: Emulator) -> None:
    shell("channels", "add", emulator.create_channel().uri)
    shell("broadcast", "Hello", "--store-only")
    worker = shell.start("worker", "--metrics-port", "0")
    assert worker.stderr is not None
    address = worker.stderr.readline().partition("Metrics: ")[2].strip()
    text = ""

    def has_sent() -> bool:
        nonlocal text
        with urllib.request.urlopen(address) as answer:
            text = answer.read().decode()
        return "winpush_sends" in text

    eventually(has_sent)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    worker.stderr.close()
    assert 'outcome="accepted"' in text
    assert "winpush_queue_depth" in text


def test_history_is_written_to_a_file(shell: Shell, emulator: Emulator, tmp_path: Path) -> None:
    for _ in range(3):
        shell("channels", "add", emulator.create_channel().uri)
    shell("broadcast", "Hello")
    for form in ("csv", "jsonl"):
        file = tmp_path / f"history.{form}"
        shell("history", "--format", form, "--output", str(file), "--since", "2026-01-01T00:00Z")
        assert file.read_text().count("accepted") == 3
    assert shell("history", "--until", "2026-01-01T00:00Z", "--format", "jsonl") == ""


def test_a_broadcast_is_filled_for_each_channel_and_waits_for_quiet_hours(shell: Shell, emulator: Emulator) -> None:
    ada, bob = emulator.create_channel(), emulator.create_channel()
    shell("channels", "add", ada.uri, "--attribute", "name=Ada")
    shell("channels", "add", bob.uri, "--time-zone", "Europe/Vienna")
    said = json.loads(shell("broadcast", "Hello {name}", "--template", "--json"))
    assert said["outcomes"] == {"accepted": 1, "missing-value": 1}
    assert ada.toasts[-1].content["text1"] == "Hello Ada"
    hour = datetime.now(ZoneInfo("Europe/Vienna")).hour
    shell("broadcast", "Hush", "--quiet-hours", f"{hour:02}:00-{(hour + 2) % 24:02}:00", "--store-only")
    shell("worker", "--until-idle")
    assert json.loads(shell("broadcasts", "show", "2", "--json"))["states"] == {"delivered": 1, "waiting": 1}
    assert "write it as 22:00-07:00" in shell("broadcast", "Hello", "--quiet-hours", "late", code=2)
