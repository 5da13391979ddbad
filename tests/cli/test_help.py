"""Every command's help: it fits a terminal, its options are under headings, and its examples run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.commands import URI, call
from tests.cli.tree import COLUMNS, walk
from tests.shell import TOAST, Shell
from winpush import mpns, wns
from winpush.cli.app import cli
from winpush.cli.help import HEADINGS, Layout, Option
from winpush.delivery import Content
from winpush.emulator import Emulator

# Commands that run until Ctrl-C, and what they say once they run.
LASTING = {
    "winpush worker": "Worker running",
    "winpush emulator": "Ctrl-C stops it",
    "winpush demo": "Press Ctrl-C",
}
ENDING = ("--until-idle", "--exit")


COMMANDS = [pytest.param(context, id=path) for path, context in walk(cli, "winpush")]


@pytest.mark.parametrize("context", COMMANDS)
def test_the_help_fits_a_terminal(context: click.Context) -> None:
    assert not [line for line in context.get_help().splitlines() if len(line) > COLUMNS]


@pytest.mark.parametrize("context", COMMANDS)
def test_the_summary_of_a_command_is_not_cut_off(context: click.Context) -> None:
    if isinstance(context.command, click.Group):
        _, _, commands = context.get_help().partition("\nCommands:\n")
        assert commands
        assert "..." not in commands


@pytest.mark.parametrize("context", COMMANDS)
def test_every_option_stands_under_a_heading(context: click.Context) -> None:
    own = [param for param in context.command.params if isinstance(param, click.Option)]
    assert not [param.name for param in own if not isinstance(param, Option) and param.name != "version"]
    headings = [param.heading for param in own if isinstance(param, Option) and not param.hidden]
    text = context.get_help()
    assert all(heading in HEADINGS and f"\n{heading}:\n" in text for heading in headings)


WNS_URI = "https://db5p.notify.windows.com/?token=AwYAAACopaiwYRSECRETSECRET"
NEEDY = [
    (("send", "toast", WNS_URI, "a", "--progress-status", "half"), "--progress-status needs --progress"),
    (("send", "toast", WNS_URI, "a", "--progress-title", "All"), "--progress-title needs --progress"),
    (("broadcast", "toast", "a", "--progress-title", "All"), "--progress-title needs --progress"),
    (("send", "toast", WNS_URI, "a", "--silent", "--sound", "ms-appx:///a.mp3"), "--silent and --sound"),
    (("send", "toast", URI, "a", "--silent", "--sound", "a.wav"), "--silent and --sound"),
    (("send", "toast", URI, "a", "--passphrase", "x"), "--passphrase needs --certificate or --pfx"),
    (("worker", "--metrics-host", "::1"), "--metrics-host needs --metrics-port"),
    (("worker", "--health-host", "::1"), "--health-host needs --health-port"),
    (("worker", "--processes", "2", "--health-host", "::1"), "--health-host needs --health-port"),
    (("doctor", "--no-probe"), "--no-probe needs a URI"),
    (("broadcasts", "show", "1", "--interval", "2"), "--interval needs --watch"),
    (("channels", "remove", "1", "--erase", "--reason", "x"), "--erase keeps nothing"),
    (("broadcast", "a", "--store-only", "--most-gone", "5"), "give --most-gone to 'winpush worker'"),
    (("broadcast", "message", "a", "--service", "wns"), "nothing for channels of wns"),
    (("broadcast", "message", "a", "--service", "wns", "--store-only"), "nothing for channels of wns"),
    (("broadcast", "toast", "a", "--service", "mpns", "--launch", "x"), "--launch is for WNS, which --service mpns"),
    (("broadcast", "raw", "a", "--service", "mpns", "--no-cache"), "--cache is for WNS, which --service mpns"),
    (("broadcast", "raw", "a", "--service", "wns", "--batching", "450"), "--batching is for MPNS, which --service wns"),
    (("broadcast", "toast", "--text1", "a", "--ttl", "5"), "--ttl is for WNS, which gets no notification"),
]


@pytest.mark.parametrize(("arguments", "said"), NEEDY)
def test_an_option_that_would_do_nothing_is_refused(arguments: tuple[str, ...], said: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_variable_may_hold_what_a_command_does_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINPUSH_PASSPHRASE", "x")
    assert call("send", "toast", URI, "a", "--dry-run").returncode == 0


def test_every_heading_is_in_use() -> None:
    used = {
        getattr(param, "heading", "Options") for _, context in walk(cli, "winpush") for param in context.command.params
    }
    assert used == set(HEADINGS)


def examples_of(context: click.Context) -> tuple[str, ...]:
    assert isinstance(context.command, Layout)
    return context.command.examples


@pytest.mark.parametrize("context", COMMANDS)
def test_every_command_has_an_example_of_itself_in_its_help(context: click.Context) -> None:
    examples = examples_of(context)
    assert examples
    assert all(context.command_path in example for example in examples)
    text = context.get_help()
    assert all(f"  {line}" in text for example in examples for line in example.splitlines())


@pytest.fixture
def shell(emulator: Emulator, tmp_path: Path) -> Shell:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    made = Shell(emulator, folder, home)
    made.fill_outbox()
    made.fill_browser()
    uri = emulator.create_windows_channel().uri
    made.fill({"toast.xml": TOAST, "payload.bin": "refresh", "channels.csv": f"uri,key\n{uri},eve\n"})
    made.fill({"goal.json": Content(mpns=mpns.Toast("Goal!"), wns=wns.Toast("Goal!")).to_json()})
    return made


def channel_for(context: click.Context, shell: Shell) -> str:
    """A channel that takes what the command sends."""
    name = str(context.command.name)
    if name.endswith("-tile"):
        return shell.phone.uri
    return shell.emulator.create_windows_channel(phone=name == "clear").uri


@pytest.mark.parametrize("context", COMMANDS)
def test_the_examples_of_a_command_run(context: click.Context, shell: Shell) -> None:
    prepared: dict[str, Any] = {"resume": "winpush broadcasts pause 1"}
    if context.command.name in prepared:
        assert shell.run(prepared[context.command.name]).returncode == 0
    uri = channel_for(context, shell)
    for example in examples_of(context):
        said = LASTING.get(context.command_path)
        if said is not None and not any(option in example for option in ENDING):
            assert shell.run_until(said, example)[0] in (0, 130)
        else:
            done = shell.run(example, URI=uri)
            assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stdout + done.stderr
