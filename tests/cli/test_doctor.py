"""`winpush doctor`: it names what is wrong, and sends nothing that a device would show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.windows import URI, call, login
from tests.client.service import Service, reply
from winpush import Action, wns
from winpush.cli.findings import advise_login
from winpush.emulator import BROWSERS, SUBSCRIPTION_STATES, WINDOWS_CHANNEL_STATES, Emulator, Fault
from winpush.errors import ConnectError, ProxyError, TlsError

MPNS = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQmVzdFRva2VuRXZlcg"
TOAST = "<toast><visual><binding template='ToastGeneric'><text>Hello</text></binding></visual></toast>"


def examine(emulator: Emulator, uri: str, *options: str, stdin: str = "", **changes: str | None) -> Any:
    done = call("doctor", uri, "--json", *options, stdin=stdin, **login(emulator, **changes))
    assert done.exit_code in (0, 1), done.output
    assert emulator.entra_credentials.client_secret not in done.output
    findings = [json.loads(line) for line in done.output.splitlines()]
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


def test_the_doctor_reaches_this_machine_without_the_environments_proxy(emulator: Emulator) -> None:
    uri = emulator.create_windows_channel().uri
    findings = examine(emulator, uri, HTTP_PROXY="http://127.0.0.1:1", HTTPS_PROXY="http://127.0.0.1:1")
    assert [finding["state"] for finding in findings] == ["good", "good", "good"]
    (finding,) = [json.loads(call("doctor", "--json", **login(emulator, HTTP_PROXY="http://127.0.0.1:1")).output)]
    assert finding["state"] == "good"


def test_the_doctor_sends_nothing_when_told_so(emulator: Emulator) -> None:
    device = emulator.create_windows_channel()
    assert [finding["about"] for finding in examine(emulator, device.uri, "--no-probe")] == ["channel", "login"]
    assert not [request for request in emulator.requests if request.method == "DELETE"]


@pytest.mark.parametrize(
    "state", [name for name, state in WINDOWS_CHANNEL_STATES.items() if state.row.status_code not in (200, 201, 405)]
)
def test_the_doctor_tells_each_refusal(state: str, emulator: Emulator) -> None:
    row = WINDOWS_CHANNEL_STATES[state].row
    probe = examine(emulator, emulator.create_windows_channel(state).uri)[-1]
    assert (probe["about"], probe["state"]) == ("probe", "bad")
    assert row.verdict.outcome.value in probe["text"]
    assert ("delete this channel" in probe["to_do"]) == row.verdict.outcome.value.startswith("channel-gone")


def test_the_doctor_tells_a_wrong_secret_from_a_server_that_is_not_there(emulator: Emulator) -> None:
    device = emulator.create_windows_channel()
    refused = examine(emulator, device.uri, WINPUSH_CLIENT_SECRET="another")
    assert refused[-1]["text"].startswith("credentials-refused")
    emulator.faults.add(Fault(phone="token", status=503))
    absent = examine(emulator, device.uri)
    assert absent[-1]["text"].startswith("token-unavailable")
    assert "try again in" in absent[-1]["to_do"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("https://db5.notify.windows.com/w/?token=abc", "Web Push"),
        (MPNS, "switched MPNS off in 2018"),
        ("https://evil.test/?token=abc", "belongs to neither"),
        ("no URI", "must start with http"),
        ("https://db5.notify.windows.com/", "has no token"),
        ("https://db5.notify.windows.com/?token=", "has no token"),
    ],
)
def test_the_doctor_says_what_a_channel_is(uri: str, said: str) -> None:
    done = call("doctor", uri)
    assert done.exit_code == 1
    assert said in done.output


def test_the_doctor_misses_a_login() -> None:
    done = call("doctor", URI)
    assert done.exit_code == 1
    assert "login: no credentials given" in done.output
    assert "SECRETSECRET" not in done.output


def test_the_doctor_goes_through_a_document_element_by_element(emulator: Emulator, tmp_path: Path) -> None:
    device = emulator.create_windows_channel()
    good = examine(emulator, device.uri, "--no-probe", "--xml", "-", stdin=TOAST)
    assert good[-1]["text"] == "a device would show all of this toast"
    bad = examine(
        emulator, device.uri, "--no-probe", "--xml", "-", stdin=TOAST.replace("<text>", "<img src='a'/><text>")
    )
    assert bad[-1]["about"] == "document toast/visual/binding/img"
    assert "[wns.md 9.1, 10.1, 15]" in bad[-1]["text"]
    broken = tmp_path / "broken.xml"
    broken.write_text("<toast>")
    assert examine(emulator, device.uri, "--no-probe", "--xml", str(broken))[-1]["to_do"] == "fix the document"


def test_the_doctor_says_once_what_a_finding_is_about(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("<toast>")
    found = json.loads(call("doctor", "--xml", str(tmp_path / "bad.xml"), "--json").output.splitlines()[-1])
    assert (found["about"], found["text"][:18]) == ("document", "is not well-formed")
    found = json.loads(call("doctor", "-", "--json", stdin="[]").output)
    assert found["about"] == "subscription"
    assert not found["text"].startswith("subscription")


def test_the_doctor_speaks_to_people_too(emulator: Emulator) -> None:
    done = call("doctor", emulator.create_windows_channel().uri, **login(emulator))
    assert done.exit_code == 0
    assert "login: the token server accepts the credentials" in done.output


# --- the login alone ----------------------------------------------------------------------------------------------


def check_login(emulator: Emulator, **changes: str | None) -> Any:
    """What `winpush doctor` without a channel finds."""
    done = call("doctor", "--json", **login(emulator, **changes))
    (finding,) = map(json.loads, done.output.splitlines())
    assert done.exit_code == (finding["state"] == "bad"), done.output
    return finding


def test_without_a_channel_the_doctor_says_for_whom_there_is_a_token_and_until_when(emulator: Emulator) -> None:
    finding = check_login(emulator)
    assert (finding["about"], finding["state"]) == ("login", "good")
    given = emulator.entra_credentials
    assert f"app {given.client_id} of tenant {given.tenant_id}, valid until 2" in finding["text"]
    assert [request.kind for request in emulator.requests] == ["token"]
    sid = emulator.package_credentials.package_sid
    package = {"WINPUSH_TENANT_ID": None, "WINPUSH_CLIENT_ID": None, "WINPUSH_PACKAGE_SID": sid}
    assert f"a token for {sid}, valid until 2" in check_login(emulator, **package)["text"]


def test_without_a_channel_the_doctor_says_what_entra_said(emulator: Emulator) -> None:
    finding = check_login(emulator, WINPUSH_CLIENT_SECRET="another")
    assert finding["state"] == "bad"
    assert "AADSTS7000215: The client secret is wrong." in finding["text"]
    assert "secret" in finding["to_do"]


def test_with_neither_channel_nor_login_the_doctor_says_what_to_give() -> None:
    done = call("doctor")
    assert done.exit_code == 1
    assert "no credentials given" in done.output
    assert "--tenant-id" in done.output


@pytest.mark.parametrize(
    ("error", "to_do"),
    [
        (TlsError("unknown authority"), "trust the certificate authority of the network's proxy with --ca"),
        (TlsError("hung up", is_outage=True), "check that this machine can reach the token server, then try again in"),
        (ConnectError("refused"), "check that this machine can reach the token server, then try again in"),
        (ProxyError("407", status_code=407), "check the proxy's address (--proxy, HTTPS_PROXY), user and password"),
        (ProxyError("down", is_outage=True), "check that the proxy runs (--proxy, HTTPS_PROXY) and reaches the token"),
        (RuntimeError("broken"), "fix the login or its configuration"),
    ],
)
def test_the_advice_is_for_what_went_wrong_and_for_whether_it_passes(error: Exception, to_do: str) -> None:
    problem = wns.TokenProblem.of_error(error)
    advice = advise_login(problem)
    assert advice.startswith(to_do)
    assert ("then try again in " in advice) == (problem.verdict.action is Action.RETRY_LATER)


def test_a_throttled_login_is_only_to_be_tried_again(emulator: Emulator) -> None:
    emulator.faults.add(Fault(phone="token", status=429))
    finding = check_login(emulator)
    assert finding["text"].startswith("token-throttled")
    assert finding["to_do"].startswith("try again in ")


# --- who answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (405, "text/html", b"<html><head><title>405 Not Allowed</title></head></html>"),
        (405, "text/plain", b""),
        (404, "text/html", b"<html><head><title>404 Not Found</title></head></html>"),
        (404, "text/plain", b"404 page not found"),
        (403, "text/html", b"<!DOCTYPE html><title>Blocked by your administrator</title>"),
        (200, "text/html", b"<html>Welcome to nginx!</html>"),
        (200, "text/plain", b""),
    ],
)
def test_a_proxy_or_a_firewall_is_not_taken_for_wns(status: int, kind: str, body: bytes) -> None:
    service = Service()
    service.answer = lambda _: reply(status, {"Server": "nginx", "Content-Type": kind}, body)
    given = service.credentials
    with service.server as server:
        variables = {
            "WINPUSH_TENANT_ID": given.tenant_id,
            "WINPUSH_CLIENT_ID": given.client_id,
            "WINPUSH_CLIENT_SECRET": given.client_secret,
            "WINPUSH_TOKEN_SERVER": given.authority,
            "WINPUSH_ALLOW_HOST": server.authority,
        }
        done = call("doctor", "--json", service.uri(), **variables)
    probe = json.loads(done.output.splitlines()[-1])
    assert (done.exit_code, probe["about"], probe["state"]) == (1, "probe", "bad"), done.output
    assert "mapped" not in probe["text"]
    assert "delete this channel" not in probe["to_do"]


# --- browsers -------------------------------------------------------------------------------------------------------


@pytest.fixture
def vapid(tmp_path: Path) -> tuple[str, ...]:
    """The options that give a site's keys."""
    file = tmp_path / "vapid.pem"
    assert call("webpush", "keys", str(file)).exit_code == 0
    return ("--vapid-key", str(file), "--subject", "mailto:ops@example.com")


def states(findings: Any) -> list[tuple[str, str]]:
    return [(finding["about"], finding["state"]) for finding in findings]


@pytest.mark.parametrize("name", BROWSERS)
def test_the_doctor_finds_a_browser_good_and_shows_nothing_in_it(
    name: str, emulator: Emulator, vapid: tuple[str, ...], tmp_path: Path
) -> None:
    browser = emulator.create_subscription(browser=name)
    file = tmp_path / "browser.json"
    file.write_text(json.dumps(browser.subscription.to_dict()), encoding="utf-8-sig")
    findings = examine(emulator, str(file), *vapid)
    assert states(findings) == [("channel", "good"), ("keys", "good"), ("login", "good"), ("probe", "good")]
    assert not browser.messages
    assert "can't be decrypted" in emulator.requests[-1].reason
    assert states(examine(emulator, "-", *vapid, stdin=file.read_text())) == states(findings)


def test_the_doctor_examines_an_endpoint_alone(emulator: Emulator, vapid: tuple[str, ...]) -> None:
    browser = emulator.create_subscription()
    assert states(examine(emulator, browser.uri, *vapid))[1] == ("keys", "note")
    assert states(examine(emulator, browser.uri, *vapid, "--no-probe"))[-1] == ("login", "good")
    assert states(examine(emulator, browser.uri))[-1] == ("login", "bad")


@pytest.mark.parametrize("health", [name for name in SUBSCRIPTION_STATES if name not in ("healthy", "offline")])
def test_the_doctor_tells_each_refusal_of_a_browser(health: str, emulator: Emulator, vapid: tuple[str, ...]) -> None:
    browser = emulator.create_subscription(health)
    probe = examine(emulator, browser.uri, *vapid)[-1]
    assert (probe["about"], probe["state"]) == ("probe", "bad")
    assert ("delete this channel" in probe["to_do"]) == (health in ("gone", "unknown"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"endpoint": "https://fcm.googleapis.com/fcm/send/x"}', "JSON.stringify"),
        ('{"endpoint": "https://evil.example/w/?token=x", "keys": {}}', "belongs to neither"),
        ("[]", "must be an object"),
        ("https://db5.notify.windows.com/w/?token=", "names no subscription"),
    ],
)
def test_the_doctor_says_what_is_wrong_with_a_file(text: str, said: str) -> None:
    done = call("doctor", "-", stdin=text)
    assert done.exit_code == 1
    assert said in done.output
