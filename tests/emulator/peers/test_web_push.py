"""npm's web-push against the emulator, which has no Web Push: what it answers, and that it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.peers import documented
from tests.emulator.peers.visits import Visit, run_node
from winpush.emulator import Emulator

STEPS = ("browser", "browser_draft", "app")


@pytest.fixture(scope="module")
def visit(peers_node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    with Emulator(tls=True, seed=0) as emulator:
        devices = {step: emulator.create_windows_channel(secure=True) for step in STEPS}
        uris = {step: device.uri for step, device in devices.items()}
        return run_node(emulator, peers_node_modules, "web-push", devices, uris, tmp_path_factory.mktemp("web"))


@pytest.mark.parametrize("step", STEPS)
def test_it_is_refused_as_a_web_push_request(visit: Visit, step: str) -> None:
    record = visit.record(step)
    assert (record.status, record.verdict, record.kind) == (401, "unauthorized", None)
    assert visit.ends[step]["failed"]["statusCode"] == 401


@pytest.mark.parametrize(
    ("step", "signs"),
    [
        ("browser", "Authorization: vapid, Content-Encoding: aes128gcm, TTL"),
        ("browser_draft", "Authorization: webpush, Content-Encoding: aesgcm, TTL"),
        ("app", "Authorization: vapid, Content-Encoding: aes128gcm, TTL"),
    ],
)
def test_the_remark_names_what_marks_it_as_one(visit: Visit, step: str, signs: str) -> None:
    (remark,) = visit.remarks(step)
    assert remark.startswith(f"This is a Web Push request ({signs})")


def test_the_signature_is_not_in_the_record(visit: Visit) -> None:
    for record in visit.records:
        scheme, _, shown = dict(record.headers)["authorization"].partition(" ")
        assert scheme in ("vapid", "WebPush")
        assert "characters" in shown
        assert len(shown) < 40


def test_the_reference_says_what_the_emulator_says_of_it(visit: Visit) -> None:
    documented.check("web-push", visit)
