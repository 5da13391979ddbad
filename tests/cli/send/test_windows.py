"""`winpush send` with WNS: every option reaches the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.windows import URI, call, login
from winpush import wns
from winpush.emulator import WINDOWS_CHANNEL_STATES, Emulator

MPNS = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQmVzdFRva2VuRXZlcg"


def dry(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    done = call("send", *arguments, "--dry-run", "--json", stdin=stdin)
    assert done.exit_code == 0, done.output
    loaded: dict[str, Any] = json.loads(done.output)
    return loaded


TOAST = "<toast><visual><binding template='ToastGeneric'><text>Hello</text></binding></visual></toast>"


@pytest.mark.parametrize(
    ("options", "toast"),
    [
        (["--launch", "id=1"], wns.Toast("a", launch="id=1")),
        (["--attribution", "via Mail"], wns.Toast("a", wns.Text("via Mail", placement="attribution"))),
        (["--image", "a.png"], wns.Toast("a", wns.Image("a.png"))),
        (["--hero", "a.png"], wns.Toast("a", wns.Image("a.png", placement="hero"))),
        (
            ["--logo", "a.png", "--logo-circle"],
            wns.Toast("a", wns.Image("a.png", placement="appLogoOverride", crop="circle")),
        ),
        (
            ["--button", "Yes=answer=yes", "--button", "No=no"],
            wns.Toast("a", actions=[wns.Button("Yes", "answer=yes"), wns.Button("No", "no")]),
        ),
        (
            ["--progress", "0.5", "--progress-status", "half", "--progress-title", "All"],
            wns.Toast("a", wns.Progress(0.5, "half", "All")),
        ),
        (["--progress", "indeterminate"], wns.Toast("a", wns.Progress("indeterminate", ""))),
        (["--header", "mail=Mail"], wns.Toast("a", header=wns.Header("mail", "Mail", "mail"))),
        (["--duration", "long"], wns.Toast("a", duration="long")),
        (["--scenario", "urgent"], wns.Toast("a", scenario="urgent")),
        (["--silent"], wns.Toast("a", audio=wns.Audio(silent=True))),
        (["--sound", "ms-appx:///a.mp3"], wns.Toast("a", audio=wns.Audio("ms-appx:///a.mp3"))),
    ],
)
def test_every_option_of_a_toast_reaches_the_wire(options: list[str], toast: wns.Toast) -> None:
    assert dry("toast", URI, "a", *options)["body"] == toast.body.decode()


def test_the_time_of_a_toast_keeps_its_offset() -> None:
    body = dry("toast", URI, "a", "--timestamp", "2026-05-01T08:30:00+02:00")["body"]
    assert 'displayTimestamp="2026-05-01T08:30:00+02:00"' in body


@pytest.mark.parametrize(
    ("options", "header", "value"),
    [
        (["--tag", "a"], "X-WNS-Tag", "a"),
        (["--group", "b"], "X-WNS-Group", "b"),
        (["--ttl", "60"], "X-WNS-TTL", "60"),
        (["--cache"], "X-WNS-Cache-Policy", "cache"),
        (["--no-cache"], "X-WNS-Cache-Policy", "no-cache"),
        (["--request-status"], "X-WNS-RequestForStatus", "true"),
        (["--suppress-popup"], "X-WNS-SuppressPopup", "true"),
        (["--priority", "very-low"], "X-WNS-PRIORITY", "4"),
        (["--correlation-vector", "abc.0"], "MS-CV", "abc.0"),
    ],
)
def test_every_delivery_option_is_a_header(options: list[str], header: str, value: str) -> None:
    command = (
        ["tile", URI, "--text", "a"] if "cache" in header.lower() or header == "X-WNS-Tag" else ["toast", URI, "a"]
    )
    headers = {name.lower(): content for name, content in dry(*command, *options)["headers"].items()}
    assert headers[header.lower()] == value


def test_a_tile_has_its_content_in_each_size() -> None:
    body = dry("tile", URI, "--text", "One", "--background", "b.png", "--title", "App", "--size", "small")["body"]
    content = (wns.Text("One", wrap=True), wns.Image("b.png", placement="background"))
    assert body == wns.Tile(wns.TileBinding("small", *content), display_name="App").body.decode()
    assert dry("tile", URI, "--text", "x")["body"].count("<binding") == 2


@pytest.mark.parametrize(("value", "badge"), [("7", wns.Badge(7)), ("alert", wns.Badge(wns.Glyph.ALERT))])
def test_a_badge_is_a_number_or_a_glyph(value: str, badge: wns.Badge) -> None:
    assert dry("badge", URI, value)["body"] == badge.body.decode()


def test_toasts_are_taken_back() -> None:
    request = dry("clear", URI, "--group", "a")
    assert request["method"] == "DELETE"
    assert request["headers"]["X-WNS-Match"] == "type:wns/toast;group=a"


def test_a_document_of_ones_own_comes_from_a_file_or_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "toast.xml"
    file.write_text(TOAST)
    assert dry("toast", URI, "--xml", str(file))["body"] == TOAST
    assert dry("toast", URI, "--xml", "-", stdin=TOAST)["body"] == TOAST


def test_a_printed_request_has_no_token() -> None:
    assert dry("raw", URI, "x")["headers"]["Authorization"] == "Bearer <token>"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["toast", URI, "a", "--param", "/p"], "--param doesn't apply to WNS"),
        (["toast", MPNS, "a", "--launch", "x"], "--launch doesn't apply to MPNS"),
        (["toast", MPNS, "a", "--tag", "x"], "--tag doesn't apply to MPNS"),
        (["badge", MPNS, "7"], "can't be sent to MPNS"),
        (["flip-tile", URI, "--title", "x"], "can't be sent to WNS"),
        (["badge", URI, "nonsense"], "not a glyph"),
        (["badge", URI], "Give a number"),
        (["tile", URI], "Give --text"),
        (["toast", URI, "a", "--logo-circle"], "--logo"),
        (["toast", URI, "a", "--button", "No"], "TEXT=ARGUMENTS"),
        (["toast", URI, "a", "--progress", "much"], "--progress is 'much'"),
        (["toast", URI, "a", "--ttl", "-1"], "ttl"),
        (["toast", URI, "a"], "WNS requires credentials"),
        (["toast", URI, "a", "--tenant-id", "t"], "--client-id"),
        (["toast", URI, "a", "--package-sid", "ms-app://s-1-15-2-1"], "secret is missing"),
        (["toast", URI, "a", "--package-sid", "x", "--tenant-id", "t"], "can't be combined"),
        (["toast", URI, "a", "--client-secret", "s3cret"], "WINPUSH_CLIENT_SECRET"),
        (["toast", URI, "--xml", "-", "--launch", "x"], "--launch can't change it"),
        (["toast", URI, "--xml", "-"], "document"),
    ],
)
def test_what_is_used_wrongly_says_the_next_thing_to_type(arguments: list[str], said: str) -> None:
    done = call("send", *arguments, stdin="no XML")
    assert done.exit_code == 2
    assert said in done.output
    assert "SECRETSECRET" not in done.output


def test_a_toast_arrives_with_either_login(emulator: Emulator, tmp_path: Path) -> None:
    device = emulator.create_windows_channel()
    assert call("send", "toast", device.uri, "Hello", "World", **login(emulator)).exit_code == 0
    secret = tmp_path / "secret"
    secret.write_text(f"{emulator.package_credentials.client_secret}\n")
    package = ["--package-sid", emulator.package_credentials.package_sid, "--client-secret-file", str(secret)]
    no_entra = login(emulator, WINPUSH_TENANT_ID=None, WINPUSH_CLIENT_ID=None, WINPUSH_CLIENT_SECRET=None)
    done = call("send", "badge", device.uri, "3", *package, **no_entra)
    assert done.exit_code == 0, done.output
    assert [toast["content"][0]["text"] for toast in device.toasts] == ["Hello"]


def test_a_refusal_tells_the_cause_and_what_support_asks_for(emulator: Emulator) -> None:
    state = next(name for name, each in WINDOWS_CHANNEL_STATES.items() if each.row.status_code == 403)
    done = call("send", "toast", emulator.create_windows_channel(state).uri, "Hello", **login(emulator))
    assert done.exit_code == 1
    assert "For support: id" in done.output
    assert "trace winpush-emulator" in done.output
