"""`winpush send`: every option reaches the wire, every end has its exit code, and nothing secret is printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from winpush import mpns
from winpush.cli import app
from winpush.cli.reference import generate
from winpush.emulator import Emulator, Fault
from winpush.mpns.fields import TEMPLATES

URI = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQmVzdFRva2VuRXZlcg"
COMMANDS = {"tile": "Tile", "flip-tile": "FlipTile", "iconic-tile": "IconicTile", "cycle-tile": "CycleTile"}


def invoke(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app.cli, list(arguments), input=stdin, prog_name="winpush")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As a user would: a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "winpush.cli", *arguments], capture_output=True, text=True, check=False
    )


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
        (("toast", URI, "a", "--proxy", "socks5://x"), "proxy"),
        (("toast", URI, "a", "--timeout", "15000"), "timeout"),
        (("fax", URI), "No such command"),
    ],
)
def test_wrong_use_is_exit_2_with_what_to_do(arguments: tuple[str, ...], said: str) -> None:
    done = run("send", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_accepted_is_exit_0_and_refused_is_exit_1(winpush_emulator: Emulator) -> None:
    host = ("--allow-host", winpush_emulator.authority)
    good = run("send", "toast", winpush_emulator.create_channel().uri, "Bold", *host)
    assert (good.returncode, good.stderr) == (0, "")
    assert "accepted" in good.stdout
    gone = run("send", "toast", winpush_emulator.create_channel(health="expired").uri, "Bold", *host)
    assert gone.returncode == 1
    assert "delete this channel" in gone.stdout
    later = run("send", "toast", winpush_emulator.create_channel(health="queue-full").uri, "Bold", *host)
    assert "try again in 4 minutes" in later.stdout
    lost = winpush_emulator.create_channel()
    winpush_emulator.faults.add(Fault(cut="before-answer"))
    answer = json.loads(run("send", "toast", lost.uri, "Bold", "--json", *host).stdout)
    assert (answer["outcome"], answer["may_have_arrived"]) == ("answer-lost", True)


def test_nothing_secret_is_printed_and_options_come_from_the_environment(
    winpush_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = winpush_emulator.create_channel(health="forbidden")
    monkeypatch.setenv("WINPUSH_ALLOW_HOST", winpush_emulator.authority)
    for style in ((), ("--json",)):
        done = run("send", "toast", phone.uri, "Bold", *style)
        assert done.returncode == 1
        assert phone.token not in done.stdout + done.stderr


def test_an_authenticated_channel_is_reached_with_a_certificate(tmp_path: Path) -> None:
    with Emulator(tls=True, seed=5) as emulator:
        certificate, key = emulator.make_client_certificate()
        for name, content in (("cert", certificate), ("key", key), ("ca", emulator.ca_pem)):
            (tmp_path / name).write_bytes(content)
        phone = emulator.create_channel(authenticated=True)
        host = ("--allow-host", emulator.authorities[1])
        paths = {name: str(tmp_path / name) for name in ("cert", "key", "ca")}
        good = run("send", "toast", phone.uri, "a", *host, "--ca", paths["ca"], "--certificate", paths["cert"],
                   "--key", paths["key"])  # fmt: skip
        assert good.returncode == 0, good.stdout + good.stderr
        loud = run("send", "toast", phone.uri, "a", *host, "--insecure")
    assert loud.returncode == 1
    assert "not verified" in loud.stderr


def test_a_mistyped_command_is_guessed() -> None:
    done = run("sedn")
    assert done.returncode == 2
    assert "winpush send" in done.stderr


def test_the_version_is_told() -> None:
    import winpush

    assert winpush.__version__ in run("--version").stdout


def test_the_reference_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
    assert page.read_text() == generate(), "type: python -m winpush.cli.reference > docs/reference/cli.md"
