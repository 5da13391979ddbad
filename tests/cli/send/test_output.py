"""What `winpush send` says about an outcome: the exit code, the right advice, no secrets, no traceback."""

from __future__ import annotations

import json
import signal
import subprocess
import threading

import pytest

from tests.cli.commands import SECRET, URI, WINPUSH, call, environment, run
from tests.servers import ACCEPTED, Peer, Server
from tests.waiting import PATIENCE
from winpush.cli.output import hide_channels
from winpush.emulator import Emulator, Fault


def test_accepted_is_exit_0_and_refused_is_exit_1(winpush_emulator: Emulator) -> None:
    host = ("--allow-host", winpush_emulator.authority)
    good = run("send", "toast", winpush_emulator.create_channel().uri, "Bold", *host)
    assert (good.returncode, good.stderr) == (0, "")
    assert "accepted" in good.stdout
    gone = run("send", "toast", winpush_emulator.create_channel(state="expired").uri, "Bold", *host)
    assert gone.returncode == 1
    assert "delete this channel" in gone.stdout
    later = run("send", "toast", winpush_emulator.create_channel(state="queue-full").uri, "Bold", *host)
    assert "try again in 4 minutes" in later.stdout
    lost = winpush_emulator.create_channel()
    winpush_emulator.faults.add(Fault(cut="before-answer"))
    answer = json.loads(run("send", "toast", lost.uri, "Bold", "--json", *host).stdout)
    assert (answer["outcome"], answer["may_have_arrived"]) == ("answer-lost", True)


def test_nothing_secret_is_printed_and_options_come_from_the_environment(
    winpush_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = winpush_emulator.create_channel(state="forbidden")
    monkeypatch.setenv("WINPUSH_ALLOW_HOST", winpush_emulator.authority)
    for style in ((), ("--json",)):
        done = run("send", "toast", phone.uri, "Bold", *style)
        assert done.returncode == 1
        assert phone.token not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (URI,),
        ("send", URI, "Hello"),
        ("send", "tile", "--count", "3", "first", URI),
        ("send", "tile", "--count", URI),
        ("send", "toast", "--certificate", URI, "x"),
        ("send", "toast", "--timeout", URI, "x"),
        ("send", "toast", "--batching", URI, "x"),
        ("send", "toast", URI, "a", "--proxy", URI.replace("http", "socks5")),
    ],
)
def test_a_channel_uri_in_the_wrong_place_is_not_repeated(arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_forgotten_kind_is_asked_for() -> None:
    assert "Put one of these before it: badge" in call("send", URI, "Hello").stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Got '{URI}'.", "Got 'http://db3.notify.live.net/…'."),
        ("(https://db5.notify.windows.com/?token=AwYA%2b'x)", "(https://db5.notify.windows.com/…)"),
        ("https://user:secret@a.example:1/x, and more", "https://a.example:1/…, and more"),
        ("HTTPS://A.EXAMPLE/x", "HTTPS://A.EXAMPLE/…"),
        ("it must start with http:// or https://", "it must start with http:// or https://"),
        ("write it as http://[user:password@]host:port", "write it as http://[user:password@]host:port"),
    ],
)
def test_uris_are_cut_out_of_messages(text: str, shown: str) -> None:
    assert hide_channels(text) == shown


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "✓"), ("cp1252", "+")])
def test_a_narrow_encoding_costs_no_result(encoding: str, mark: str) -> None:
    """A traceback after the send would say 'failed' of what has been accepted."""
    with Server() as server:
        arguments = ("send", "toast", server.uri(), "Hello 😀", "--allow-host", server.authority)
        human = run(*arguments, PYTHONIOENCODING=encoding)
        machine = run(*arguments, "--json", PYTHONIOENCODING=encoding)
        printed = run(*arguments, "--dry-run", PYTHONIOENCODING=encoding)
    for done in (human, machine, printed):
        assert (done.returncode, done.stderr) == (0, "")
    assert human.stdout.startswith(mark)
    assert json.loads(machine.stdout)["notification"]["text1"] == "Hello 😀"
    assert "<wp:Text1>Hello " in printed.stdout


def test_a_lost_answer_is_no_invitation_to_send_again() -> None:
    def hang_up(peer: Peer) -> None:
        peer.read_request()

    with Server(hang_up) as server:
        done = run("send", "toast", server.uri(), "Hello", "--allow-host", server.authority)
    assert done.returncode == 1
    assert "only if a duplicate does no harm" in done.stdout
    assert "try again" not in done.stdout


def test_the_words_of_whoever_answers_cannot_steer_the_terminal() -> None:
    def sing(peer: Peer) -> None:
        peer.read_request()
        peer.send(ACCEPTED.replace(b"Connected", b"\x9b31mConnected"))

    with Server(sing) as server:
        done = run("send", "toast", server.uri(), "Hello", "--allow-host", server.authority)
    assert "?31mConnected" in done.stdout
    assert "\x9b" not in done.stdout


def test_ctrl_c_while_waiting_for_the_answer_ends_with_130() -> None:
    asked = threading.Event()

    def say_nothing(peer: Peer) -> None:
        peer.read_request()
        asked.set()
        peer.wait_for_close()

    with Server(say_nothing) as server:
        arguments = ("send", "toast", server.uri(), "Hello", "--allow-host", server.authority)
        process = subprocess.Popen([*WINPUSH, *arguments], stderr=subprocess.PIPE, text=True, env=environment())
        assert asked.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors.strip() == ""


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("queue-full", "try again in 4 minutes or later"),
        ("throttled", "try again in 1 hour or later"),
        ("expired", "delete this channel"),
        ("bad-request", "malformed"),
        ("suppressed", "hasn't bound this kind"),
    ],
)
def test_what_to_do_is_said_for_every_refusal(winpush_emulator: Emulator, state: str, said: str) -> None:
    phone = winpush_emulator.create_channel(state=state)
    done = call("send", "toast", phone.uri, "Hello", "--allow-host", winpush_emulator.authority)
    assert done.returncode == 1
    assert said in done.stdout
    assert phone.token not in done.stdout + done.stderr
