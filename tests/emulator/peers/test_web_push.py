"""npm's web-push against the emulator: the emulator's browser reads what was sent, and an app's channel refuses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator.peers import documented
from tests.emulator.peers.visits import Visit, run_node
from winpush.emulator import Browser, Device, Emulator


@pytest.fixture(scope="module")
def visit(peers_node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    with Emulator(tls=True, seed=0) as emulator:
        browsers = {step: emulator.create_subscription(secure=True) for step in ("browser", "browser_draft")}
        app = emulator.create_windows_channel(secure=True)
        given = {step: json.dumps(each.subscription.to_dict()) for step, each in browsers.items()}
        folder = tmp_path_factory.mktemp("web")
        devices: dict[str, Browser | Device] = {**browsers, "app": app}
        return run_node(emulator, peers_node_modules, "web-push", devices, {**given, "app": app.uri}, folder)


def test_the_browser_reads_its_message(visit: Visit) -> None:
    assert visit.record("browser").status == 201
    browser = visit.devices["browser"]
    assert isinstance(browser, Browser)
    assert browser.messages[-1].payload == b"Your Push Payload Text"
    assert visit.ends["browser"]["sent"]["statusCode"] == 201


def test_the_older_drafts_authorization_and_encryption_are_refused(visit: Visit) -> None:
    record = visit.record("browser_draft")
    assert (record.status, record.verdict) == (401, "unauthorized")
    assert "vapid" in record.reason
    assert visit.ends["browser_draft"]["failed"]["statusCode"] == 401


def test_an_apps_channel_names_what_marks_it_as_web_push(visit: Visit) -> None:
    assert visit.record("app").status == 401
    (remark,) = visit.remarks("app")
    signs = "Authorization: vapid, Content-Encoding: aes128gcm, TTL"
    assert remark.startswith(f"This is a Web Push request ({signs})")


def test_the_signature_is_not_in_the_record(visit: Visit) -> None:
    for record in visit.records:
        scheme, _, shown = dict(record.headers)["authorization"].partition(" ")
        assert scheme in ("vapid", "WebPush")
        assert "characters" in shown
        assert len(shown) < 40


def test_the_reference_says_what_the_emulator_says_of_it(visit: Visit) -> None:
    documented.check("web-push", visit)
