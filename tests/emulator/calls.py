"""Requests that no client of ours would send, and API calls, for the emulator's tests."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlencode

from tests.waiting import PATIENCE
from winpush.emulator import Device, Emulator, Phone

MPNS_HEADERS = {
    "toast": {"Content-Type": "text/xml", "X-WindowsPhone-Target": "toast", "X-NotificationClass": "2"},
    "tile": {"Content-Type": "text/xml", "X-WindowsPhone-Target": "token", "X-NotificationClass": "1"},
    "raw": {"Content-Type": "text/xml", "X-NotificationClass": "3"},
}


def call(
    emulator: Emulator, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """Any request to the emulator's HTTP port: the response and its body."""
    connection = http.client.HTTPConnection(emulator.authority, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def ask(
    emulator: Emulator, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """A request to the API: status and JSON."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    response, text = call(emulator, method, path, data, headers)
    is_json = "json" in (response.getheader("Content-Type") or "")
    return response.status, json.loads(text) if is_json else text


def post(
    emulator: Emulator, device: Phone | Device, body: Any, headers: dict[str, str], method: str = "POST"
) -> http.client.HTTPResponse:
    """A request to a device's channel, with exactly these headers."""
    return call(emulator, method, device.uri.partition(emulator.authority)[2], body, headers)[0]


def push_wns(
    emulator: Emulator, device: Device, kind: str, body: Any, headers: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    """A request to a Windows device with a good token."""
    content = "application/octet-stream" if kind == "raw" else "text/xml"
    usual = {"Authorization": f"Bearer {token_of(emulator)}", "Content-Type": content, "X-WNS-Type": f"wns/{kind}"}
    return post(emulator, device, body, {**usual, **(headers or {})})


def token_of(emulator: Emulator) -> str:
    """A token of the emulator's own."""
    login = emulator.entra_credentials
    form = {
        "grant_type": "client_credentials",
        "client_id": login.client_id,
        "client_secret": login.client_secret,
        "scope": "https://wns.windows.com/.default",
    }
    status, document = log_in(emulator, f"/{login.tenant_id}/oauth2/v2.0/token", form)
    assert status == 200, document
    token: str = document["access_token"]
    return token


def log_in(
    emulator: Emulator, path: str, fields: dict[str, str], headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """A request to a token server: status and JSON."""
    usual = {"Content-Type": "application/x-www-form-urlencoded"}
    response, body = call(emulator, "POST", path, urlencode(fields), {**usual, **(headers or {})})
    return response.status, json.loads(body)
