"""`--json`: every command has it, and its shape is the same whatever happens."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.commands import call, started
from tests.cli.tree import walk
from tests.shell import Shell
from tests.waiting import PATIENCE
from winpush import wns
from winpush.cli.app import cli
from winpush.delivery import Content
from winpush.emulator import Emulator

NONE = {
    "winpush worker": "prints nothing but its log; 'winpush broadcasts show --json' has the numbers",
    "winpush channels export": "prints the file that 'import' reads, which is JSON Lines with --format jsonl",
}
"""The commands without it, and why."""

# How to call each command so that it succeeds: in the folder of `test_help.Shell`, with URI for a channel.
ANSWERS = {
    "winpush send toast": "URI Hello",
    "winpush send tile": "URI --text Hello",
    "winpush send badge": "URI 7",
    "winpush send raw": "URI Hello",
    "winpush send clear": "PHONE_URI --everything",
    "winpush send flip-tile": "MPNS_URI --title Hello",
    "winpush send iconic-tile": "MPNS_URI --title Hello",
    "winpush send cycle-tile": "MPNS_URI --title Hello",
    "winpush webpush keys": "new.pem",
    "winpush webpush send": "browser.json Hello --vapid-key vapid.pem --subject mailto:ops@example.com",
    "winpush demo": "--phones 2 --windows 2",
    "winpush channels add": "URI",
    "winpush channels show": "1",
    "winpush channels remove": "1",
    "winpush broadcast toast": "Hello",
    "winpush broadcast tile": "--text Hello",
    "winpush broadcast badge": "7",
    "winpush broadcast raw": "Hello",
    "winpush broadcast clear": "--everything",
    "winpush broadcast flip-tile": "--title Hello",
    "winpush broadcast iconic-tile": "--title Hello",
    "winpush broadcast cycle-tile": "--title Hello",
    "winpush broadcast content": "goal.json",
    "winpush broadcast message": "Hello",
    "winpush broadcasts show": "1",
    "winpush broadcasts pause": "1",
    "winpush broadcasts resume": "1",
    "winpush broadcasts cancel": "1",
    "winpush db check": "",
    "winpush db upgrade": "",
}
"""Commands with one answer: one document, an object."""
LISTS = {
    "winpush doctor": "URI",
    "winpush protocol": "",
    "winpush channels list": "",
    "winpush channels stale": "",
    "winpush channels import": "channels.csv",
    "winpush broadcasts list": "",
    "winpush history": "",
}
"""Commands that list: one object per line."""
LASTING = {"winpush emulator"}

COMMANDS = {path: context.command for path, context in walk(cli, "winpush")}
LEAVES = [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]


@pytest.fixture
def shell(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """An outbox, a login and a file, for commands that are run in this process."""
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    made = Shell(emulator, folder, home)
    made.fill_outbox()
    made.fill_browser()
    made.fill({"channels.csv": f"uri\n{made.device.uri}\n", "goal.json": Content(wns=wns.Toast("Goal!")).to_json()})
    monkeypatch.chdir(folder)
    for name, value in made.variables.items():
        if name.startswith("WINPUSH_"):
            monkeypatch.setenv(name, value)
    return made


def typed(path: str, arguments: str, shell: Shell) -> list[str]:
    stands_for = {"URI": shell.device.uri, "MPNS_URI": shell.phone.uri}
    if "PHONE_URI" in arguments:
        stands_for["PHONE_URI"] = shell.emulator.create_windows_channel(phone=True).uri
    words = [*path.split()[1:], "--json", *arguments.split()]
    return [stands_for.get(word, word) for word in words]


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_has_it_or_says_why_not(path: str) -> None:
    options = [name for param in COMMANDS[path].params for name in param.opts]
    assert ("--json" in options) == (path not in NONE)
    assert [path in table for table in (NONE, ANSWERS, LISTS, LASTING)].count(True) == 1


@pytest.mark.parametrize("path", ANSWERS)
def test_one_answer_is_one_document(path: str, shell: Shell) -> None:
    done = call(*typed(path, ANSWERS[path], shell))
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document
    assert isinstance(document, dict)
    assert not isinstance(document.get("error"), dict)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_an_object_per_line(path: str, shell: Shell) -> None:
    assert call("worker", "--until-idle").returncode == 0  # so that there is a history
    done = call(*typed(path, LISTS[path], shell))
    assert (done.returncode, done.stderr) == (0, "")
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert items or path == "winpush channels stale"
    assert all(isinstance(item, dict) for item in items)


def error_of(done: Any) -> dict[str, Any]:
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert set(document) == {"error"}
    assert set(document["error"]) == {"type", "message", "hint"}
    error: dict[str, Any] = document["error"]
    return error


@pytest.mark.parametrize("path", [path for path in LEAVES if path not in NONE])
def test_wrong_use_is_an_error_on_standard_output_with_exit_code_2(path: str) -> None:
    done = call(*path.split()[1:], "--json", "--no-such-option")
    error = error_of(done)
    assert (done.returncode, error["type"]) == (2, "usage")
    assert "--no-such-option" in error["message"]
    assert error["hint"] == f"Run '{path} --help'."


OUTBOX = [path for path in {**ANSWERS, **LISTS} if any(param.name == "db" for param in COMMANDS[path].params)]


@pytest.mark.parametrize("path", OUTBOX)
def test_a_database_that_cannot_be_reached_is_an_error_with_exit_code_1(path: str, shell: Shell) -> None:
    arguments = {**ANSWERS, **LISTS}[path]
    done = call(*typed(path, arguments, shell), "--db", "postgresql://ada:hush@127.0.0.1:9/push")
    error = error_of(done)
    assert (done.returncode, error["type"]) == (1, "failed")
    assert "hush" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (("broadcasts", "show", "7", "--json"), "number 7", None),
        (("channels", "show", "9", "--json"), "Channel 9 does not exist", "--help"),
        (
            ("send", "toast", "https://evil.test/?token=SECRETSECRET", "a", "--json"),
            "belongs to neither",
            "--allow-host",
        ),
        (("send", "--json", "toast"), "--json", "--help"),
    ],
)
def test_an_error_says_what_and_what_to_do_and_no_channel(
    arguments: tuple[str, ...], said: str, hint: str | None, shell: Shell
) -> None:
    done = call(*arguments)
    error = error_of(done)
    assert done.returncode == 2
    assert said in error["message"]
    assert error["hint"] is None if hint is None else hint in error["hint"]
    assert "SECRETSECRET" not in done.stdout


def test_a_refused_send_is_an_answer_and_no_error(shell: Shell) -> None:
    done = call("send", "toast", shell.emulator.create_windows_channel("expired").uri, "Hello", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["outcome"] == "channel-gone"


def test_a_text_that_looks_like_the_option_is_none() -> None:
    done = call("send", "toast", "no channel", "--", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_the_emulator_describes_itself_in_one_document_and_runs_on(shell: Shell) -> None:
    with started("emulator", "--json", "--port", "0", "--phones", "2", "--browsers", "3") as process:
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line == "}\n":
                break
        said = json.loads(text)
        assert (len(said["phones"]), len(said["windows"]), len(said["browsers"])) == (2, 1, 3)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in said["environment"].items():
                patch.setenv(name, value)
            assert call("send", "toast", said["windows"][0], "Hello").returncode == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert process.stdout.read() == ""


def test_the_reference_names_the_commands_that_list_and_those_without_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text()
    section = page.split("## JSON\n")[1].split("\n## ")[0].replace("\n  ", " ").replace("\n", " ")
    lists = section.split("a command that lists (")[1].split(")")[0]
    assert {f"winpush {name}" for name in re.findall(r"`([^`]+)`", lists)} == set(LISTS)
    last = section.split("_seconds` are in seconds.")[1]
    assert set(re.findall(r"`(winpush [^`]+)`", last)) == set(NONE)
