"""`winpush channels`: imports that show their progress and say what to allow, and erasing people."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import WINPUSH, environment
from tests.cli.windows import call
from winpush.emulator import Emulator

pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")

URI = "http://db3.notify.live.net/throttledthirdparty/01.00/{:030}"


@pytest.fixture(autouse=True)
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/push.db"
    monkeypatch.setenv("WINPUSH_DB", url)
    return url


def test_rows_that_are_refused_for_their_host_lead_to_the_option(tmp_path: Path, emulator: Emulator) -> None:
    file = tmp_path / "channels.csv"
    uris = [emulator.create_channel().uri for _ in range(2)]
    file.write_text("\n".join(["uri", *uris, URI.format(1), "nonsense"]))
    done = call("channels", "import", str(file), WINPUSH_ALLOW_HOST=None)
    assert done.exit_code == 1
    assert "2 rows were refused because the host" in done.stderr
    assert "--allow-host HOST[:PORT]" in done.stderr
    assert "allow_hosts" not in done.stderr
    done = call("channels", "import", str(file), "--allow-host", emulator.authority)
    assert "refused because the host" not in done.stderr


def test_rows_that_are_not_listed_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "channels.csv"
    file.write_text("\n".join(["uri", *["nonsense"] * 25]))
    assert "… and 5 rows more." in call("channels", "import", str(file)).stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("is_terminal", [True, False])
def test_an_import_shows_its_progress_on_a_terminal(tmp_path: Path, db: str, is_terminal: bool) -> None:
    import pty

    file = tmp_path / "channels.csv"
    file.write_text("\n".join(["uri", *map(URI.format, range(6000))]))
    reading, writing = pty.openpty() if is_terminal else os.pipe()
    command = [*WINPUSH, "channels", "import", str(file)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=writing, env=environment(WINPUSH_DB=db), text=True, check=True
    )
    os.write(writing, b"the end")
    said = os.read(reading, 10_000).decode()
    os.close(writing)
    os.close(reading)
    assert ("5,000 registered, 0 skipped …" in said) == is_terminal
    assert done.stdout == "Registered 6,000 new channels, renewed 0; skipped 0 rows.\n"


def test_a_key_is_removed_or_erased() -> None:
    for number, key in enumerate(("ada", "ada", "bob")):
        assert call("channels", "add", URI.format(number), "--key", key).exit_code == 0
    assert call("channels", "remove", "--for-key", "ada").output == "Removed 2 channels.\n"
    assert call("channels", "remove", "--for-key", "ada", "--erase").output == "Erased 2 channels.\n"
    assert call("channels", "remove", "3", "--erase").output == "Erased channel 3.\n"
    gone = [json.loads(line) for line in call("channels", "list", "--gone", "--json").output.splitlines()]
    assert [(each["gone_reason"], each["key"], each["short"]) for each in gone] == [("erased", None, "erased")] * 3
    assert "erased" in call("channels", "list", "--gone").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give the number of a channel, or --for-key KEY."),
        (("1", "--for-key", "ada"), "Give either a channel's number or --for-key, not both: 1 or --for-key ada."),
    ],
)
def test_what_to_remove_is_given_in_one_way(arguments: tuple[str, ...], said: str) -> None:
    call("db", "upgrade")
    done = call("channels", "remove", *arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert "No channel has the key 'eve'" in call("channels", "remove", "--for-key", "eve").output


def test_a_channel_is_shown_with_a_name_and_a_value_in_each_line() -> None:
    assert call("channels", "add", URI.format(1), "--key", "ada").exit_code == 0
    lines = call("channels", "show", "1").output.splitlines()
    fields = dict(line.split(": ", 1) for line in lines)
    assert fields["Channel"].strip().startswith("http://")
    assert fields["Registered at"].strip().startswith("20")
    assert len({len(line) - len(line.split(": ", 1)[1].lstrip()) for line in lines}) == 1


def test_a_row_of_another_host_leads_to_the_option_for_machines_too(tmp_path: Path) -> None:
    file = tmp_path / "channels.csv"
    file.write_text("uri\nhttp://push.example:81/x\n")
    first = json.loads(call("channels", "import", str(file), "--json").output.splitlines()[0])
    assert (first["line"], first["field"]) == (2, "uri")
    assert "--allow-host push.example:81" in first["problem"]
    assert "allow_hosts" not in first["problem"]


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_browser_is_registered_from_its_subscription(way: str, tmp_path: Path, emulator: Emulator) -> None:
    given = emulator.create_subscription().subscription
    file = tmp_path / "browser.json"
    file.write_bytes(json.dumps(given.to_dict()).encode("utf-16"))
    own = ("--key", "ada", "--attribute", "name=Ada", "--allow-host", emulator.authority, "--json")
    where, text = (str(file), None) if way == "file" else ("-", json.dumps(given.to_dict()))
    done = call("channels", "add", where, *own, stdin=text)
    assert done.exit_code == 0, done.output
    exported = json.loads(call("channels", "export", "--format", "jsonl", "--service", "webpush").stdout)
    keys = given.to_dict()["keys"]
    assert exported == {"uri": given.endpoint, "key": "ada", "attributes": {"name": "Ada"}, **keys}
    assert call("channels", "list", "--service", "mpns").stdout.strip() == "None."


@pytest.mark.parametrize(
    ("given", "stdin", "said"),
    [
        ("https://fcm.googleapis.com/fcm/send/SECRET", None, "put the whole subscription"),
        ('{"endpoint": "https://fcm.googleapis.com/fcm/send/SECRET"}', None, "in a file"),
        ("-", '{"endpoint": "https://fcm.googleapis.com/fcm/send/SECRET"}', "JSON.stringify"),
        ("-", "", "Standard input contains neither a channel URI nor a browser's subscription as JSON"),
        ("-", "some text SECRET", "Standard input contains neither"),
        ("-", "{", "is not JSON"),
        ("none.json", None, "There is no file none.json. A channel URI starts with http"),
        ("./nowhere/none", None, "There is no file ./nowhere/none."),
        ("..", None, ".. is a folder."),
        ("db5.notify.windows.com/SECRET", None, "must start with http"),
        ("db5.example/w/?token=SECRET", None, "must start with http"),
        ("SECRET" * 1000, None, "must start with http"),
        ("-", '{"endpoint": "https://db5.notify.windows.com/?token=SECRET", "keys": KEYS}', "is a native channel"),
        ("https://db5.notify.windows.com/w/?token=", None, "names no subscription"),
    ],
)
def test_what_is_no_subscription_is_said_and_not_shown(
    given: str, stdin: str | None, said: str, emulator: Emulator
) -> None:
    keys = json.dumps(emulator.create_subscription().subscription.to_dict()["keys"])
    done = call("channels", "add", given, stdin=None if stdin is None else stdin.replace("KEYS", keys))
    assert done.exit_code != 0
    assert said in " ".join(f"{done.output} {done.exception}".split())
    assert "SECRET" not in done.output


@pytest.mark.parametrize("command", [("channels", "add"), ("doctor",)], ids=" ".join)
def test_a_file_that_is_not_json_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("some text")
    for given, said in ((file, f"{file} contains neither a channel URI"), (tmp_path / "no.json", "There is no file ")):
        done = call(*command, str(given))
        assert done.exit_code == 2
        assert said in done.output.replace("\n", " ")
        assert "as the app received it" not in done.output


def test_send_says_once_what_is_no_channel_uri() -> None:
    done = call("send", "toast", "nofile.json", "Hello")
    assert done.exit_code == 2
    assert "The channel URI must start with http:// or https://." in done.output


def test_a_path_of_windows_is_a_file_and_no_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its drive has a colon, as a scheme has."""
    monkeypatch.chdir(tmp_path)
    Path("C:browser.json").write_text("[]")
    assert "must be an object" in str(call("channels", "add", "C:browser.json").exception)
