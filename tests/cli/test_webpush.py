"""`winpush webpush`: a site's keys, and a message to one browser."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.commands import call
from tests.client.service import reply
from tests.servers import Peer, Server
from tests.webpush import vector
from tests.webpush.browser import Browser
from winpush.webpush import VapidKeys

SUBJECT = "mailto:ops@example.com"


def serve(peer: Peer) -> None:
    while (request := peer.read_request()) is not None:
        peer.send(reply(410 if b"gone" in request.split(b"\r\n")[0] else 201, {"X-WNS-Msg-ID": "4C0"}))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(serve) as made:
        yield made


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "vapid.pem"
    assert call("webpush", "keys", str(file)).returncode == 0
    return file


def send(server: Server, keys: Path, *arguments: str, path: str = "token=x") -> tuple[CompletedProcess[str], Browser]:
    browser = Browser(f"http://{server.authority}/w/?{path}", server.authority)
    file = keys.parent / "browser.json"
    file.write_text(json.dumps(browser.subscription.to_dict()))
    own = ("--vapid-key", str(keys), "--subject", SUBJECT, "--allow-host", server.authority)
    return call("webpush", "send", str(file), *arguments, *own), browser


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "vapid.pem"
    first, second = (json.loads(call("webpush", "keys", str(file), "--json").stdout) for _ in range(2))
    assert (first["created"], second["created"]) == (True, False)
    assert first["application_server_key"] == second["application_server_key"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert VapidKeys.parse(file.read_bytes(), SUBJECT).application_server_key == first["application_server_key"]
    assert first["application_server_key"] in call("webpush", "keys", str(file)).stdout


def test_a_file_that_holds_no_key_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello world")
    done = call("webpush", "keys", str(file))
    assert done.returncode == 2
    assert "notes.txt" in done.stderr
    assert file.read_text() == "hello world"
    assert call("webpush", "keys", str(tmp_path / "no" / "vapid.pem")).returncode == 2


def test_a_message_reaches_the_browser(server: Server, keys: Path) -> None:
    done, browser = send(server, keys, "at 9:41", "--title", "Delay", "--urgency", "high", "--ttl", "0")
    assert done.returncode == 0, done.stderr
    (request,) = server.requests
    assert json.loads(browser.read(request)) == {"title": "Delay", "body": "at 9:41"}
    assert b"Urgency: high\r\n" in request
    assert b"X-WNS-Cache-Policy: no-cache\r\n" in request


def test_text_alone_is_the_payload(server: Server, keys: Path) -> None:
    _, browser = send(server, keys, "Ärger")
    assert browser.read(server.requests[0]).decode() == "Ärger"


def test_a_subscription_that_has_ended_is_said_and_ends_with_1(server: Server, keys: Path) -> None:
    done, _ = send(server, keys, "x", "--json", path="token=gone")
    assert done.returncode == 1
    assert json.loads(done.stdout)["outcome"] == "channel-gone"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["x" * 4000], "3,993"), (["x", "--topic", "a b"], "topic"), (["x", "--subject", "me"], "subject")],
)
def test_what_cannot_be_sent_is_refused_before_it_is(
    arguments: list[str], words: str, server: Server, keys: Path
) -> None:
    browser = Browser(f"http://{server.authority}/w/?token=x", server.authority)
    file = keys.parent / "browser.json"
    file.write_text(json.dumps(browser.subscription.to_dict()))
    own = ["--vapid-key", str(keys), "--subject", SUBJECT, "--allow-host", server.authority]
    done = call("webpush", "send", str(file), *own, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert server.requests == []


def test_what_is_no_subscription_is_refused(tmp_path: Path, keys: Path) -> None:
    file = tmp_path / "browser.json"
    file.write_text('{"endpoint": "https://fcm.googleapis.com/fcm/send/x"}')
    done = call("webpush", "send", str(file), "x", "--vapid-key", str(keys), "--subject", SUBJECT)
    assert done.returncode == 2
    assert "JSON.stringify" in done.stderr


@pytest.mark.parametrize(
    "endpoint", ["https://db5.notify.windows.com/w/?token=SECRET", "https://fcm.googleapis.com/fcm/send/SECRET"]
)
def test_an_apps_notification_to_a_browser_leads_to_the_command_for_browsers(endpoint: str) -> None:
    done = call("send", "toast", endpoint, "Hello")
    assert done.returncode == 2
    assert "winpush webpush send FILE TEXT" in done.stderr
    assert "SECRET" not in done.stderr


def test_a_native_channel_is_no_subscription(tmp_path: Path, keys: Path) -> None:
    file = tmp_path / "browser.json"
    file.write_text(json.dumps(vector.given(endpoint="https://db5.notify.windows.com/?token=SECRET")))
    done = call("webpush", "send", str(file), "x", "--vapid-key", str(keys), "--subject", SUBJECT)
    assert done.returncode == 2
    assert "is a native channel of a Windows app or phone" in done.stderr
    assert "SECRET" not in done.stderr
