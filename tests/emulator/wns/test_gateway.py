"""The emulator speaks WNS: every row through real sockets, tokens, caching, clearing, and the device's verdict."""

from __future__ import annotations

import http.client
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.reference import FOLDER
from winpush import Action, Client, Outcome, Tls, wns
from winpush.emulator import WINDOWS_CHANNEL_STATES, Device, Emulator, Fault
from winpush.emulator.tokens import CLIENT_SECRET, PACKAGE_SID
from winpush.wns.protocol.responses import Endpoint

TOAST = wns.Toast("Hello", "World", launch="id=1")


@pytest.fixture
def client(winpush_emulator: Emulator) -> Any:
    with Client(wns=winpush_emulator.entra_credentials, allow_hosts=winpush_emulator.authorities) as made:
        yield made


@pytest.mark.parametrize("state", WINDOWS_CHANNEL_STATES)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_every_row_is_answered_and_understood(state: str, secure: bool) -> None:
    row = WINDOWS_CHANNEL_STATES[state].row
    toast = wns.Toast("Hello", request_status=row.device_connection_status is not None)
    with Emulator(seed=1, tls=True) as emulator:
        device = emulator.create_windows_channel(state, secure=secure)
        with Client(
            wns=emulator.entra_credentials, allow_hosts=emulator.authorities, tls=Tls(ca=emulator.ca_pem)
        ) as client:
            result = client.send(device.uri, toast)
    assert result.status_code == row.status_code
    assert result.notification_status == row.notification_status
    if row.device_connection_status is not None:
        assert result.device_connection_status == row.device_connection_status
    # A 401 is tried once more with a new token, and is final then.
    assert result.outcome is row.verdict.outcome
    assert result.action is (Action.STOP_AND_FIX if row.renews_token else row.verdict.action)
    sent = [record for record in emulator.requests if record.kind != "token"]
    assert len(sent) == (2 if row.renews_token else 1)
    if row.honours_retry_after:
        assert result.retry_after == row.verdict.delay
    assert result.message_id
    assert result.debug_trace == "winpush-emulator"


def test_every_row_of_the_service_has_a_state() -> None:
    rows = [row for row in wns.ROWS if row.endpoint is Endpoint.NOTIFY]
    assert [state.row for state in WINDOWS_CHANNEL_STATES.values()][: len(rows)] == rows


@pytest.mark.parametrize("kind", ["entra", "package"])
def test_both_token_servers_give_a_token_for_the_right_secret(kind: str, winpush_emulator: Emulator) -> None:
    emulator = winpush_emulator
    good = emulator.entra_credentials if kind == "entra" else emulator.package_credentials
    device = emulator.create_windows_channel()
    with Client(wns=good, allow_hosts=emulator.authorities) as client:
        assert client.send(device.uri, TOAST).ok
        assert client.send(device.uri, wns.Badge(7)).ok
    wrong: Any
    if kind == "entra":
        wrong = wns.EntraCredentials("t", "c", "wrong", f"http://{emulator.authority}")
    else:
        wrong = wns.PackageCredentials("ms-app://s-1-15-2-1", "wrong", f"http://{emulator.authority}/accesstoken.srf")
    with Client(wns=wrong, allow_hosts=emulator.authorities) as client:
        assert client.send(device.uri, TOAST).outcome is Outcome.CREDENTIALS_REFUSED


def test_a_token_expires_and_is_revoked_and_the_client_gets_a_new_one(
    winpush_emulator: Emulator, client: Client
) -> None:
    device = winpush_emulator.create_windows_channel()
    assert client.send(device.uri, TOAST).ok
    winpush_emulator.revoke_tokens()
    assert client.send(device.uri, TOAST).ok
    seen = [(record.kind, record.status) for record in winpush_emulator.requests]
    assert seen == [("token", 200), ("toast", 200), ("toast", 401), ("token", 200), ("toast", 200)]


def test_trouble_of_the_token_server_is_on_demand(winpush_emulator: Emulator, client: Client) -> None:
    device = winpush_emulator.create_windows_channel()
    winpush_emulator.faults.add(Fault(status=503, count=1, phone="token"))
    assert client.send(device.uri, TOAST).outcome is Outcome.TOKEN_UNAVAILABLE
    winpush_emulator.faults.add(Fault(status=500, count=1))
    with Client(wns=winpush_emulator.entra_credentials, allow_hosts=winpush_emulator.authorities) as other:
        assert other.send(device.uri, TOAST).outcome is Outcome.SERVICE_ERROR
        assert other.send(device.uri, TOAST).ok


def test_a_channel_lives_for_thirty_days(winpush_emulator: Emulator, client: Client) -> None:
    device = winpush_emulator.create_windows_channel()
    winpush_emulator.advance(timedelta(days=30))
    result = client.send(device.uri, TOAST)
    assert (result.status_code, result.should_delete_channel) == (410, True)


def test_what_is_shown_is_a_picture_and_what_is_not_is_remarked(winpush_emulator: Emulator, client: Client) -> None:
    device = winpush_emulator.create_windows_channel()
    client.send(device.uri, TOAST)
    client.send(device.uri, wns.Tile(wns.TileBinding("medium", "Mail", "3 new")))
    client.send(device.uri, wns.Badge(7))
    client.send(device.uri, wns.Raw(b"hello"))
    assert device.toasts[-1]["content"][0]["text"] == "Hello"
    assert device.tile is not None
    assert device.badge is not None
    assert device.raws[-1]["text"] == "hello"
    document = b'<toast><visual><binding template="ToastGeneric"><text>a</text><marquee/></binding></visual></toast>'
    assert client.send(device.uri, wns.Xml("toast", document)).ok
    assert "marquee" in winpush_emulator.requests[-1].remarks[0]
    state = get(winpush_emulator, "/api/state")
    (shown,) = state["phones"]
    assert shown["service"] == "wns"
    assert [toast["content"][0]["text"] for toast in shown["toasts"]] == ["Hello", "a"]
    assert shown["tile"]["sizes"]["medium"]["content"][0]["text"] == "Mail"
    assert (shown["badge"]["text"], shown["raws"][0]["text"], shown["raws"][0]["hex"]) == ("7", "hello", None)
    fates = {element["path"]: element["is_shown"] for element in state["requests"][-1]["device"]["elements"]}
    assert fates["toast/visual/binding/text"]
    assert not fates["toast/visual/binding/marquee"]


def test_a_raw_notification_that_is_no_text_is_kept_in_hexadecimal(winpush_emulator: Emulator, client: Client) -> None:
    device = winpush_emulator.create_windows_channel()
    client.send(device.uri, wns.Raw(b"\x00\xff" * 200))
    assert device.raws[-1]["hex"].startswith("00 ff 00 ff")
    assert len(device.raws[-1]["hex"]) == 3 * 200 - 1
    assert device.raws[-1]["bytes"] == 400


def get(emulator: Emulator, path: str) -> Any:
    connection = http.client.HTTPConnection(emulator.authority)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_one_of_each_kind_is_kept_for_a_device_that_is_offline(winpush_emulator: Emulator, client: Client) -> None:
    device = winpush_emulator.create_windows_channel("disconnected")
    for text in ("first", "second"):
        assert client.send(device.uri, wns.Toast(text)).ok
    assert client.send(device.uri, wns.Badge(3, ttl=timedelta(minutes=5))).ok
    assert client.send(device.uri, wns.Raw(b"x")).outcome is Outcome.DROPPED
    assert not device.toasts
    winpush_emulator.advance(timedelta(minutes=6))
    winpush_emulator.change(device, state="healthy")
    assert [toast["content"][0]["text"] for toast in device.toasts] == ["second"]
    assert device.badge is None  # its time was over


def test_a_toast_that_waited_has_the_time_of_its_arrival_at_the_service(
    winpush_emulator: Emulator, client: Client
) -> None:
    device = winpush_emulator.create_windows_channel("disconnected")
    before = winpush_emulator.now()
    assert client.send(device.uri, wns.Toast("a")).ok
    after = winpush_emulator.now()
    winpush_emulator.advance(timedelta(hours=1))
    winpush_emulator.change(device, state="healthy")
    assert before <= datetime.fromisoformat(device.toasts[0]["at"]) <= after


def test_toasts_are_replaced_by_tag_and_taken_back_from_a_phone(winpush_emulator: Emulator, client: Client) -> None:
    phone = winpush_emulator.create_windows_channel(phone=True)
    for text, tag in (("one", "a"), ("two", "b"), ("three", "A")):
        assert client.send(phone.uri, wns.Toast(text, tag=tag)).ok
    assert [toast["content"][0]["text"] for toast in phone.toasts] == ["two", "three"]
    assert client.send(phone.uri, wns.ClearToasts(tag="B")).ok
    assert len(phone.toasts) == 1
    windows = winpush_emulator.create_windows_channel()
    assert client.send(windows.uri, wns.ClearToasts(everything=True)).outcome is Outcome.METHOD_NOT_ALLOWED


def ask(emulator: Emulator, device: Device, headers: dict[str, str], body: bytes, method: str = "POST") -> Any:
    """A request that no client of ours would send."""
    connection = http.client.HTTPConnection(emulator.authority)
    try:
        fields = {"client_id": PACKAGE_SID, "client_secret": CLIENT_SECRET, "scope": "notify.windows.com"}
        form = urlencode({"grant_type": "client_credentials", **fields})
        connection.request("POST", "/accesstoken.srf", form, {"Content-Type": "application/x-www-form-urlencoded"})
        token = json.loads(connection.getresponse().read())["access_token"]
        path = device.uri.partition(emulator.authority)[2]
        connection.request(method, path, body, {"Authorization": f"Bearer {token}", **headers})
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


GOOD = {"Content-Type": "text/xml", "X-WNS-Type": "wns/toast"}


@pytest.mark.parametrize(
    ("headers", "body", "method", "status", "said"),
    [
        ({"X-WNS-Type": "wns/raw", "Content-Type": "text/xml"}, b"x", "POST", 400, "application/octet-stream"),
        ({**GOOD, "X-WNS-TTL": "0"}, TOAST.body, "POST", 400, "X-WNS-Cache-Policy"),
        ({**GOOD, "X-WNS-Type": "wns/fax"}, TOAST.body, "POST", 400, "X-WNS-Type"),
        ({**GOOD, "X-WNS-SuppressPopup": "true"}, TOAST.body, "POST", 400, "SuppressPopup"),
        (GOOD, b"x" * 5001, "POST", 413, None),
        (GOOD, TOAST.body, "PUT", 405, None),
        (GOOD, b"", "GET", 405, None),
        ({**GOOD, "Authorization": "Bearer stolen"}, TOAST.body, "POST", 401, None),
    ],
)
def test_a_wrong_request_is_refused_with_the_services_words(
    headers: dict[str, str], body: bytes, method: str, status: int, said: str | None, winpush_emulator: Emulator
) -> None:
    response = ask(winpush_emulator, winpush_emulator.create_windows_channel(), headers, body, method)
    assert response.status == status
    assert (response.getheader("X-WNS-Error-Description") is None) is (said is None)
    assert (said or "") in (response.getheader("X-WNS-Error-Description") or "")


def test_windows_channels_are_made_over_http(winpush_emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(winpush_emulator.authority)
    connection.request("POST", "/api/channels", json.dumps({"service": "wns", "state": "expired", "count": 2}))
    made = json.loads(connection.getresponse().read())
    assert [each["state"] for each in made] == ["expired", "expired"]
    connection.request("POST", "/api/channels", json.dumps({"service": "wns", "version": "8.0"}))
    assert connection.getresponse().status == 400
    connection.close()


def vectors() -> list[Any]:
    path = FOLDER / "vectors.json"
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"waits for the protocol reference's {path.name}"))]
    loaded = [vector for vector in json.loads(path.read_text()) if vector["service"] == "wns" and vector["valid"]]
    return [pytest.param(loaded, id=f"{len(loaded)}-payloads")]


@pytest.mark.parametrize("payloads", vectors())
def test_every_payload_that_others_sent_is_received_and_a_recorded_answer_is_given_again(
    payloads: list[dict[str, Any]], winpush_emulator: Emulator
) -> None:
    device = winpush_emulator.create_windows_channel()
    for vector in payloads:
        content = "application/octet-stream" if vector["kind"] == "raw" else "text/xml"
        headers = {"Content-Type": content, "X-WNS-Type": f"wns/{vector['kind']}"}
        response = ask(winpush_emulator, device, headers, vector["xml"].encode())
        if len(vector["xml"].encode()) > 5000:
            assert response.status == 413
            continue
        assert response.getheader("X-WNS-Status") == "received", vector["source"]
        if vector["response"]:
            assert response.status == vector["response"]["status"]
            recorded = vector["response"]["headers"].get("x-wns-notificationstatus", "received")
            assert response.getheader("X-WNS-NotificationStatus") == recorded


@pytest.mark.parametrize("status", [429, 503])
def test_a_token_server_that_is_throttled_says_when_to_come_back(status: int, winpush_emulator: Emulator) -> None:
    delay = next(row.verdict.delay for row in wns.ROWS if row.endpoint is Endpoint.TOKEN and row.status_code == status)
    winpush_emulator.faults.add(Fault(phone="token", status=status))
    device = winpush_emulator.create_windows_channel()
    with Client(wns=winpush_emulator.entra_credentials, allow_hosts=winpush_emulator.authorities) as client:
        result = client.send(device.uri, TOAST)
    connection = http.client.HTTPConnection(winpush_emulator.authority)
    connection.request("POST", "/any/oauth2/v2.0/token", "")
    assert connection.getresponse().getheader("Retry-After") == str(int((delay or timedelta()).total_seconds()))
    connection.close()
    assert result.retry_after is not None
    assert result.retry_after <= (delay or timedelta())
