"""The emulator's HTTP API, its stream and its page's headers."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from tests.waiting import PATIENCE
from winpush import Client, ConfigurationError, mpns
from winpush.emulator import Emulator


def ask(
    emulator: Emulator, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, http.client.HTTPMessage]:
    """One request to the API: status, JSON, headers."""
    connection = http.client.HTTPConnection(emulator.authority)
    try:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, path, data, headers or {})
        response = connection.getresponse()
        text = response.read()
        is_json = "json" in (response.getheader("Content-Type") or "")
        return response.status, json.loads(text) if is_json else text, response.headers
    finally:
        connection.close()


def test_channels_are_made_shown_changed_and_removed(winpush_emulator: Emulator) -> None:
    status, made, _ = ask(winpush_emulator, "POST", "/api/channels", {"version": "7.8", "count": 2, "state": "expired"})
    assert status == 201
    assert [phone["version"] for phone in made] == ["7.8", "7.8"]
    assert made[0]["channel"].startswith(f"http://{winpush_emulator.authority}/throttledthirdparty/01.00/")
    identity = made[0]["id"]
    assert ask(winpush_emulator, "PATCH", f"/api/channels/{identity}", {"state": "healthy"})[1]["state"] == "healthy"
    assert ask(winpush_emulator, "GET", f"/api/channels/{identity}")[0] == 200
    assert ask(winpush_emulator, "DELETE", f"/api/channels/{identity}")[0] == 204
    assert ask(winpush_emulator, "GET", f"/api/channels/{identity}")[0] == 404
    assert len(ask(winpush_emulator, "GET", "/api/channels")[1]) == 1


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/api/channels", {"version": "9.0"}, "version"),
        ("/api/channels", {"state": "ill"}, "state"),
        ("/api/channels", {"count": 0}, "count"),
        ("/api/channels", {"colour": "red"}, "colour"),
        ("/api/channels", b"{", "JSON"),
        ("/api/channels", [], "object"),
        ("/api/faults", {}, "does nothing"),
        ("/api/faults", {"status": 42}, "status"),
        ("/api/faults", {"cut": "deep"}, "cut"),
        ("/api/faults", {"status": 503, "share": 2}, "share"),
        ("/api/clock", {"advance_seconds": -1}, "advance_seconds"),
    ],
)
def test_bad_input_is_400_with_a_sentence(path: str, body: Any, said: str, winpush_emulator: Emulator) -> None:
    status, answer, _ = ask(winpush_emulator, "POST", path, body)
    assert status == 400
    assert said in answer["error"]


def test_faults_clock_and_reset(winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel()
    assert ask(winpush_emulator, "POST", "/api/faults", {"status": 503, "count": 1})[1][0]["left"] == 1
    assert winpush_client.send(phone.uri, mpns.Toast("x")).status_code == 503
    assert ask(winpush_emulator, "GET", "/api/faults")[1] == []
    ask(winpush_emulator, "POST", "/api/faults", {"status": 503})
    assert ask(winpush_emulator, "DELETE", "/api/faults")[0] == 204
    before = winpush_emulator.now()
    ask(winpush_emulator, "POST", "/api/clock", {"advance_seconds": 3600})
    assert (winpush_emulator.now() - before).total_seconds() >= 3600
    assert len(ask(winpush_emulator, "GET", "/api/requests")[1]) == 1
    assert ask(winpush_emulator, "POST", "/api/reset")[0] == 204
    assert ask(winpush_emulator, "GET", "/api/state")[1]["phones"] == []


def test_the_stream_gives_the_state_and_then_what_changes(winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel(name="Ada's")
    connection = http.client.HTTPConnection(winpush_emulator.authority, timeout=PATIENCE)
    connection.request("GET", "/api/events")
    response = connection.getresponse()

    def event() -> tuple[str, Any]:
        name = response.readline().decode().removeprefix("event: ").strip()
        data = json.loads(response.readline().decode().removeprefix("data: "))
        assert response.readline() == b"\n"
        return name, data

    name, state = event()
    assert (name, state["phones"][0]["name"]) == ("state", "Ada's")
    winpush_client.send(phone.uri, mpns.Toast("Bold", "normal"))
    name, changes = event()
    assert name == "changes"
    assert changes["phones"][0]["toasts"][0]["text1"] == "Bold"
    assert changes["requests"][0]["verdict"] == "accepted"
    assert changes["counters"] == {"accepted": 1}
    winpush_emulator.remove(phone)
    assert event()[1]["removed"] == [phone.id]
    connection.close()


@pytest.mark.parametrize("path", ["/", "/web/page.js", "/web/style.css", "/api/state"])
def test_every_answer_of_the_page_carries_the_strict_policy(path: str, winpush_emulator: Emulator) -> None:
    status, _, headers = ask(winpush_emulator, "GET", path)
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/web/nothing.js", "/web/..%2fserver.py", "/web/__init__.py", "/favicon.ico"])
def test_files_that_are_not_the_pages_are_404(path: str, winpush_emulator: Emulator) -> None:
    assert ask(winpush_emulator, "GET", path)[0] == 404


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_another_sites_page_can_not_drive_it(headers: dict[str, str], winpush_emulator: Emulator) -> None:
    assert ask(winpush_emulator, "POST", "/api/reset", headers=headers)[0] == 403


def test_it_listens_on_loopback_and_says_when_a_port_is_taken(winpush_emulator: Emulator) -> None:
    assert winpush_emulator.authority.startswith("127.0.0.1:")
    with pytest.raises(ConfigurationError, match=r"can't listen.*port="):
        Emulator(port=winpush_emulator.port).start()
    with pytest.raises(ConfigurationError, match=r"tls_port= \(--tls-port\)"):
        Emulator(tls=True, tls_port=winpush_emulator.port).start()
    with pytest.raises(ConfigurationError, match="can't listen"):
        Emulator(port=99_999).start()


def test_it_stops_with_an_open_stream_and_can_be_used_from_asyncio() -> None:
    import asyncio

    async def main() -> None:
        async with Emulator() as emulator:
            connection = http.client.HTTPConnection(emulator.authority, timeout=PATIENCE)
            connection.request("GET", "/api/events")
            assert connection.getresponse().readline() == b"event: state\n"
        connection.close()

    asyncio.run(main())
