"""`winpush send` and `winpush doctor` with WNS: every option reaches the wire, and the doctor names what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from winpush import wns
from winpush.cli import app
from winpush.emulator import WINDOWS_CHANNEL_STATES, Emulator, Fault

URI = "https://db5p.notify.windows.com/?token=AwYAAACopaiwYRSECRETSECRET"
MPNS = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQmVzdFRva2VuRXZlcg"
TOAST = "<toast><visual><binding template='ToastGeneric'><text>Hello</text></binding></visual></toast>"


def call(*arguments: str, stdin: str | None = None, **environment: str | None) -> Result:
    return CliRunner().invoke(app.cli, list(arguments), input=stdin, prog_name="winpush", env=environment)


def dry(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    done = call("send", *arguments, "--dry-run", "--json", stdin=stdin)
    assert done.exit_code == 0, done.output
    loaded: dict[str, Any] = json.loads(done.output)
    return loaded


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(seed=1) as made:
        yield made


def login(emulator: Emulator, **changes: str | None) -> dict[str, str | None]:
    given = emulator.entra_credentials
    return {
        "WINPUSH_TENANT_ID": given.tenant_id,
        "WINPUSH_CLIENT_ID": given.client_id,
        "WINPUSH_CLIENT_SECRET": given.client_secret,
        "WINPUSH_TOKEN_SERVER": given.authority,
        "WINPUSH_ALLOW_HOST": " ".join(emulator.authorities),
        **changes,
    }


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
        (["toast", URI, "a", "--param", "/p"], "--param is not for a channel of WNS"),
        (["toast", MPNS, "a", "--launch", "x"], "--launch is not for a channel of MPNS"),
        (["toast", MPNS, "a", "--tag", "x"], "--tag is not for a channel of MPNS"),
        (["badge", MPNS, "7"], "This is a channel of MPNS"),
        (["flip-tile", URI, "--title", "x"], "This is a channel of WNS"),
        (["badge", URI, "nonsense"], "not a glyph"),
        (["badge", URI], "Give a number"),
        (["tile", URI], "needs --text"),
        (["toast", URI, "a", "--logo-circle"], "--logo"),
        (["toast", URI, "a", "--button", "No"], "'=' between them"),
        (["toast", URI, "a", "--progress", "much"], "--progress is 'much'"),
        (["toast", URI, "a", "--ttl", "-1"], "ttl"),
        (["toast", URI, "a"], "wants a login"),
        (["toast", URI, "a", "--tenant-id", "t"], "--client-id"),
        (["toast", URI, "a", "--package-sid", "ms-app://s-1-15-2-1"], "The secret is missing"),
        (["toast", URI, "a", "--package-sid", "x", "--tenant-id", "t"], "another login"),
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
    health = next(name for name, health in WINDOWS_CHANNEL_STATES.items() if health.row.status_code == 403)
    done = call("send", "toast", emulator.create_windows_channel(health).uri, "Hello", **login(emulator))
    assert done.exit_code == 1
    assert "For support: id" in done.output
    assert "trace winpush-emulator" in done.output


def examine(emulator: Emulator, uri: str, *options: str, stdin: str = "", **changes: str | None) -> Any:
    done = call("doctor", uri, "--json", *options, stdin=stdin, **login(emulator, **changes))
    assert done.exit_code in (0, 1), done.output
    assert emulator.entra_credentials.client_secret not in done.output
    findings = json.loads(done.output)
    assert (done.exit_code == 1) == any(finding["state"] == "bad" for finding in findings)
    return findings


def test_the_doctor_finds_a_good_channel_good_and_shows_nothing_on_it(emulator: Emulator) -> None:
    device = emulator.create_windows_channel()
    findings = examine(emulator, device.uri)
    assert [(finding["about"], finding["state"]) for finding in findings] == [
        ("channel", "good"),
        ("login", "good"),
        ("probe", "good"),
    ]
    assert not device.toasts
    assert device.accepted == 0


def test_the_doctor_sends_nothing_when_told_so(emulator: Emulator) -> None:
    device = emulator.create_windows_channel()
    assert [finding["about"] for finding in examine(emulator, device.uri, "--no-probe")] == ["channel", "login"]
    assert not [request for request in emulator.requests if request.method == "DELETE"]


@pytest.mark.parametrize(
    "health", [name for name, health in WINDOWS_CHANNEL_STATES.items() if health.row.status_code not in (200, 201, 405)]
)
def test_the_doctor_tells_each_refusal(health: str, emulator: Emulator) -> None:
    row = WINDOWS_CHANNEL_STATES[health].row
    probe = examine(emulator, emulator.create_windows_channel(health).uri)[-1]
    assert (probe["about"], probe["state"]) == ("probe", "bad")
    assert row.verdict.outcome.value in probe["text"]
    assert ("delete this channel" in probe["to_do"]) == row.verdict.outcome.value.startswith("channel-gone")


def test_the_doctor_tells_a_wrong_secret_from_a_server_that_is_not_there(emulator: Emulator) -> None:
    device = emulator.create_windows_channel()
    refused = examine(emulator, device.uri, WINPUSH_CLIENT_SECRET="wrong")
    assert refused[-1]["text"].startswith("credentials-refused")
    emulator.faults.add(Fault(phone="token", status=503))
    absent = examine(emulator, device.uri)
    assert absent[-1]["text"].startswith("token-unavailable")
    assert "try again in" in absent[-1]["to_do"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("https://db5.notify.windows.com/w/?token=abc", "web push"),
        (MPNS, "switched off in 2018"),
        ("https://evil.test/?token=abc", "belongs to neither"),
        ("no URI", "must start with http"),
    ],
)
def test_the_doctor_says_what_a_channel_is(uri: str, said: str) -> None:
    done = call("doctor", uri)
    assert done.exit_code == 1
    assert said in done.output


def test_the_doctor_misses_a_login() -> None:
    done = call("doctor", URI)
    assert done.exit_code == 1
    assert "login: none was given" in done.output
    assert "SECRETSECRET" not in done.output


def test_the_doctor_goes_through_a_document_element_by_element(emulator: Emulator, tmp_path: Path) -> None:
    device = emulator.create_windows_channel()
    good = examine(emulator, device.uri, "--no-probe", "--xml", "-", stdin=TOAST)
    assert good[-1]["text"] == "a device would show all of this toast"
    bad = examine(
        emulator, device.uri, "--no-probe", "--xml", "-", stdin=TOAST.replace("<text>", "<img src='a'/><text>")
    )
    assert bad[-1]["about"] == "document toast/visual/binding/img"
    assert "[wns.md 9.1, 10.1]" in bad[-1]["text"]
    broken = tmp_path / "broken.xml"
    broken.write_text("<toast>")
    assert examine(emulator, device.uri, "--no-probe", "--xml", str(broken))[-1]["to_do"] == "correct the document"


def test_the_doctor_speaks_to_people_too(emulator: Emulator) -> None:
    done = call("doctor", emulator.create_windows_channel().uri, **login(emulator))
    assert done.exit_code == 0
    assert "login: the credentials get a token" in done.output
