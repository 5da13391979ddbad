"""`winpush send` to phones: every option reaches the wire, and a dry run is what would be sent."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.cli.commands import URI, WINPUSH, call, environment, run
from tests.servers import Server
from winpush import mpns
from winpush.cli import app
from winpush.mpns.fields import TEMPLATES

COMMANDS = {"tile": "Tile", "flip-tile": "FlipTile", "iconic-tile": "IconicTile", "cycle-tile": "CycleTile"}


def invoke(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app.cli, list(arguments), input=stdin, prog_name="winpush")


def dry(*arguments: str) -> dict[str, Any]:
    done = invoke("send", *arguments, "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    loaded: dict[str, Any] = json.loads(done.output)
    return loaded


@pytest.mark.parametrize(("option", "value"), [("text1", "a"), ("text2", "b"), ("param", "/p"), ("sound", "s.wav")])
def test_every_field_of_a_toast_has_an_option(option: str, value: str) -> None:
    expected = mpns.Toast(**{"text1": "x", option: value})  # type: ignore[arg-type]  # one field by its name
    texts = () if option == "text1" else ("--text1", "x")
    assert dry("toast", URI, *texts, f"--{option}", value)["body"] == expected.body.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_field_of_every_tile_has_an_option(command: str) -> None:
    template = TEMPLATES[COMMANDS[command]]
    arguments: list[str] = []
    fields: dict[str, Any] = {}
    for name in template.fields:
        value = {"count": "7", "background_color": "#FF112233"}.get(name, f"{name}.png")
        if name.startswith("cycle_image"):
            arguments += ["--cycle-image", value]
            fields.setdefault("cycle_images", []).append(value)
        else:
            arguments += [f"--{name.replace('_', '-')}", value]
            fields[name] = int(value) if name == "count" else value
    expected = getattr(mpns, COMMANDS[command])(**fields, id="/x")
    assert dry(command, URI, *arguments, "--id", "/x")["body"] == expected.body.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_field_that_can_be_cleared_can_be_cleared_here(command: str) -> None:
    template = TEMPLATES[COMMANDS[command]]
    for name in template.fields:
        if name in template.not_clearable or name.startswith("cycle_image"):
            continue
        body = dry(command, URI, "--clear", name.replace("_", "-"))["body"]
        assert 'Action="Clear"' in body


def test_texts_by_place_and_the_delivery_options() -> None:
    request = dry("toast", URI, "Bold", "normal", "--silent", "--batching", "450", "--message-id",
                  "2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1", "--callback-uri", "https://a.example/")  # fmt: skip
    assert request["body"] == mpns.Toast("Bold", "normal", silent=True).body.decode()
    assert request["headers"] == {
        "Content-Type": "text/xml",
        "X-WindowsPhone-Target": "toast",
        "X-NotificationClass": "12",
        "X-MessageID": "2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1",
        "X-CallbackURI": "https://a.example/",
    }
    assert request["url"] == URI


def test_raw_comes_from_the_argument_a_file_or_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "payload"
    file.write_bytes(b"from a file")
    assert dry("raw", URI, "from the argument")["body"] == "from the argument"
    assert dry("raw", URI, "--file", str(file))["body"] == "from a file"
    done = invoke("send", "raw", URI, "-", "--dry-run", "--json", stdin="from standard input")
    assert json.loads(done.output)["body"] == "from standard input"


def test_a_dry_run_prints_the_exact_request() -> None:
    output = invoke("send", "toast", URI, "Bold", "--dry-run").output
    assert output.startswith(f"POST {URI.partition('.net')[2]} HTTP/1.1\nHost: db3.notify.live.net\n")
    assert output.rstrip().endswith(mpns.Toast("Bold").body.decode())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("toast", URI), "at least one"),
        (("toast", URI, "a", "b", "c"), "two texts"),
        (("toast", URI, "a", "--text1", "b"), "given twice"),
        (("toast", URI, "a", "--param", "x"), "param"),
        (("toast", "http://127.0.0.1:9/x", "a"), "--allow-host 127.0.0.1:9"),
        (("toast", "nonsense", "a"), "http://"),
        (("toast", "https://db5.notify.windows.com/?token=x", "a"), "WNS"),
        (("tile", URI, "--count", "100"), "99"),
        (("tile", URI, "--count", "x"), "--count"),
        (("tile", URI, "--clear", "background-image"), "--clear"),
        (("tile", URI, "--clear", "title", "--title", "x"), "contradict"),
        (("raw", URI), "--file"),
        (("raw", URI, "a", "--key", __file__), "--certificate"),
        (("toast", URI, "a", "--certificate", __file__), "certificate"),
        (("toast", URI, "a", "--proxy", "socks4://x"), "proxy"),
        (("toast", URI, "a", "--timeout", "15000"), "timeout"),
        (("fax", URI), "No such command"),
    ],
)
def test_wrong_use_is_exit_2_with_what_to_do(arguments: tuple[str, ...], said: str) -> None:
    done = run("send", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


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
    assert dry("cycle-tile", URI, "--cycle-image", "a.png", "--clear", "cycle-image3")["body"] == expected
    assert 'CycleImage9 Action="Clear"' in dry("cycle-tile", URI, "--clear", "cycle-image9")["body"]
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
