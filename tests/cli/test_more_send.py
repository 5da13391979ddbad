"""`winpush send` where things go wrong: nothing secret is shown, no traceback, and the advice is the right one."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import threading

import pytest
from click.testing import CliRunner

from tests.cli.commands import SECRET, URI, WINPUSH, call, environment, run
from tests.servers import ACCEPTED, Peer, Server
from winpush import mpns
from winpush.cli import app
from winpush.cli.output import hide_channels
from winpush.emulator import Emulator


def body_of(*arguments: str) -> str:
    done = CliRunner().invoke(app.cli, ["send", *arguments, "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    return str(json.loads(done.output)["body"])


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
        assert asked.wait(30)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == ""


def test_an_empty_text_says_how_to_erase_it_on_the_command_line() -> None:
    assert "--clear back-title" in call("send", "tile", URI, "--back-title", "").stderr
    assert "--clear cycle-image1" in call("send", "cycle-tile", URI, "--cycle-image", "").stderr
    for arguments in (("tile", URI, "--background-image", ""), ("tile", URI, "--id", "", "--title", "x")):
        wrong = call("send", *arguments)
        assert wrong.returncode == 2
        assert "is empty; leave it out" in wrong.stderr
        assert "--clear" not in wrong.stderr
        assert "CLEAR" not in wrong.stderr


def test_images_of_a_cycle_tile_are_cleared_by_their_place() -> None:
    expected = mpns.CycleTile(cycle_images=["a.png", None, mpns.CLEAR]).body.decode()
    assert body_of("cycle-tile", URI, "--cycle-image", "a.png", "--clear", "cycle-image3") == expected
    assert 'CycleImage9 Action="Clear"' in body_of("cycle-tile", URI, "--clear", "cycle-image9")
    wrong = call("send", "cycle-tile", URI, "--cycle-image", "a.png", "--clear", "cycle-image1")
    assert (wrong.returncode, "contradict" in wrong.stderr) == (2, True)


def test_too_many_images_of_a_cycle_tile_are_refused() -> None:
    images = [argument for number in range(10) for argument in ("--cycle-image", f"{number}.png")]
    wrong = call("send", "cycle-tile", URI, *images)
    assert (wrong.returncode, "1 to 9" in wrong.stderr) == (2, True)


def test_a_dry_run_loses_no_byte_of_a_payload_that_is_no_text() -> None:
    payload = b"\x00\xff\xfe binary"
    done = CliRunner().invoke(app.cli, ["send", "raw", URI, "-", "--dry-run", "--json"], input=payload)
    assert base64.b64decode(json.loads(done.output)["body_base64"]) == payload
    text = CliRunner().invoke(app.cli, ["send", "raw", URI, "text \ufffd", "--dry-run", "--json"])
    assert "body_base64" not in json.loads(text.output)


def test_raw_sends_the_very_bytes_of_standard_input() -> None:
    payload = bytes(range(256))
    with Server() as server:
        arguments = ("send", "raw", server.uri(), "-", "--allow-host", server.authority)
        done = subprocess.run([*WINPUSH, *arguments], input=payload, check=False, env=environment())
    assert done.returncode == 0
    assert server.requests[0].partition(b"\r\n\r\n")[2] == payload


def test_the_dry_run_is_what_goes_over_the_wire() -> None:
    with Server() as server:
        arguments = ("send", "flip-tile", server.uri(), "--allow-host", server.authority, "--count", "0",
                     "--clear", "title", "--back-title", "Grüezi", "--id", "/a", "--batching", "900")  # fmt: skip
        assert run(*arguments).returncode == 0
        printed = run(*arguments, "--dry-run")
    assert len(server.requests) == 1
    assert printed.stdout == server.requests[0].decode().replace("\r\n", "\n") + "\n"


@pytest.mark.parametrize(
    ("health", "said"),
    [
        ("queue-full", "try again in 4 minutes or later"),
        ("throttled", "try again in 1 hour or later"),
        ("expired", "delete this channel"),
        ("bad-request", "malformed"),
        ("suppressed", "has not bound this kind"),
    ],
)
def test_what_to_do_is_said_for_every_refusal(winpush_emulator: Emulator, health: str, said: str) -> None:
    phone = winpush_emulator.create_channel(health=health)
    done = call("send", "toast", phone.uri, "Hello", "--allow-host", winpush_emulator.authority)
    assert done.returncode == 1
    assert said in done.stdout
    assert phone.token not in done.stdout + done.stderr
