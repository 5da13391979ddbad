"""The example of a site that pushes: its back end, with browsers that subscribe, and one that has unsubscribed."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.client.service import reply
from tests.servers import Peer, Server
from tests.webpush.browser import Browser
from winpush.emulator import BROWSERS, Emulator
from winpush.webpush import VapidKeys

FILE = Path(__file__).parents[1] / "examples" / "web_push" / "app.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("web_push_example", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def serve(peer: Peer) -> None:
    while (request := peer.read_request()) is not None:
        peer.send(reply(410 if b"gone" in request.split(b"\r\n")[0] else 201, {"X-WNS-Msg-ID": "1"}))


def test_the_site_stores_what_browsers_give_pushes_to_all_and_forgets_what_is_gone(tmp_path: Path) -> None:
    keys = VapidKeys.generate("mailto:ops@example.com")
    file = tmp_path / "subscriptions.db"
    with Server(serve) as server:
        app = load().make_app(keys, file, (server.authority,))
        paths = ("/w/?token=one", "/fcm/send/two", "/w/?token=gone")
        browsers = [Browser(f"http://{server.authority}{path}", server.authority) for path in paths]
        with TestClient(app) as site:
            assert site.get("/key").json() == {"application_server_key": keys.application_server_key}
            for each in browsers:
                assert site.post("/subscriptions", json=each.subscription.to_dict()).status_code == 201
            refused = site.post("/subscriptions", json={"endpoint": "https://evil.example/", "keys": {}})
            assert refused.status_code == 422
            message = {"title": "Hello", "body": "World"}
            assert site.post("/push", json=message).json() == {"accepted": 2, "channel-gone": 1}
            assert site.post("/push", json=message).json() == {"accepted": 2}
        read = [json.loads(each.read(request)) for each in browsers[:2] for request in server.requests[:3]
                if request.split(b" ")[1].decode() in each.subscription.endpoint]  # fmt: skip
    assert read == [message, message]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM subscriptions").fetchone() == (2,)
    database.close()


def test_simulated_browsers_subscribe_at_the_site_and_read_what_it_pushes(
    tmp_path: Path, winpush_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = VapidKeys.generate("mailto:ops@example.com")
    Path("vapid.pem").write_text(keys.to_pem())
    monkeypatch.setenv("VAPID_SUBJECT", keys.subject)
    monkeypatch.setenv("WINPUSH_ALLOW_HOST", " ".join(winpush_emulator.authorities))
    key = keys.application_server_key
    here = [winpush_emulator.create_subscription(browser=name, application_server_key=key) for name in BROWSERS]
    gone = winpush_emulator.create_subscription("gone")
    with TestClient(load().make_app()) as site:
        for each in (*here, gone):
            posted = json.dumps(each.subscription.to_dict())
            assert site.post("/subscriptions", content=posted).status_code == 201
        message = {"title": "Hello", "body": "World"}
        assert site.post("/push", json=message).json() == {"accepted": len(here), "channel-gone": 1}
    assert [json.loads(each.messages[-1].payload) for each in here] == [message] * len(here)


def test_the_site_serves_its_page_and_its_service_worker_at_the_root(tmp_path: Path) -> None:
    app = load().make_app(VapidKeys.generate("mailto:ops@example.com"), tmp_path / "subscriptions.db")
    with TestClient(app) as site:
        page = site.get("/").text
        assert "pushManager.subscribe" in page
        assert "userVisibleOnly: true" in page  # Edge and Chrome refuse to subscribe without
        worker = site.get("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "showNotification" in worker.text
