"""What the services' documents forbid and lenient servers accept is refused here, or remarked on."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from tests.emulator.calls import MPNS_HEADERS, ask, post, push_wns
from tests.waiting import PATIENCE
from winpush import Client, ValidationError, mpns, wns
from winpush.emulator import CHANNEL_STATES, Emulator
from winpush.emulator.mpns.delivery import QUEUE_LIMIT

TOAST = mpns.Toast("Bold", "normal")
TILE = '<wp:Notification xmlns:wp="WPNotification"><wp:Tile{}><wp:Title>a</wp:Title></wp:Tile></wp:Notification>'


def chunks(body: bytes) -> Iterator[bytes]:
    """A body that http.client sends in chunks."""
    yield body[:5]
    yield body[5:]


# --- a channel that was revoked -----------------------------------------------------------------------------------


def test_a_revoked_channel_says_so_and_is_deleted(winpush_emulator: Emulator, winpush_client: Client) -> None:
    device = winpush_emulator.create_windows_channel("revoked")
    result = winpush_client.send(device.uri, wns.Badge(1))
    assert (result.status_code, result.notification_status) == (410, "revoked")
    assert result.error_description == "Revoked channel URL"
    assert result.should_delete_channel


# --- phones that are offline --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["disconnected", "temporarily-disconnected"])
def test_an_offline_phone_shows_nothing_until_it_is_back(
    state: str, winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel("8.0", state)
    results = [winpush_client.send(phone.uri, mpns.Toast(text)) for text in ("one", "two")]
    results.append(winpush_client.send(phone.uri, mpns.Tile(count=3)))
    results.append(winpush_client.send(phone.uri, mpns.Raw("raw")))
    assert [result.device_connection_status for result in results] == [phone.state.row.device_connection_status] * 4
    assert all(result.ok for result in results)
    assert (list(phone.toasts), phone.tiles, list(phone.raws)) == ([], {}, [])
    assert winpush_emulator.requests[-1].reason == "Accepted, and queued until the phone is back."
    winpush_emulator.change(phone, state="healthy")
    assert [toast.content["text1"] for toast in phone.toasts] == ["one", "two"]
    assert phone.tiles[""].fields == {"count": 3}
    assert phone.raws[-1].content["preview"] == "raw"


def test_the_queue_of_an_offline_phone_overflows_as_documented(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel(state="disconnected")
    results = winpush_client.send_many([(phone.uri, TOAST)] * (QUEUE_LIMIT + 1), concurrency=10)
    assert sorted({result.outcome.value for result in results}) == ["accepted", "queue-full"]
    assert "never published" in winpush_emulator.requests[-1].remarks[-1]
    winpush_emulator.change(phone, state="healthy")
    assert phone.accepted == QUEUE_LIMIT
    assert winpush_client.send(phone.uri, TOAST).ok


def test_an_offline_phone_that_is_gone_or_full_later_gets_its_queue_only_when_it_is_well(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel(state="disconnected")
    winpush_client.send(phone.uri, TOAST)
    for state in ("queue-full", "temporarily-disconnected"):
        winpush_emulator.change(phone, state=state)
        assert not phone.toasts
    winpush_emulator.change(phone, version="7.0")
    winpush_emulator.change(phone, state="healthy")
    assert len(phone.toasts) == 1


@pytest.mark.parametrize("state", [name for name in CHANNEL_STATES if "disconnected" in name])
def test_a_kind_that_is_not_bound_is_suppressed_on_an_offline_phone_too(state: str, winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel(state=state, not_bound=["toast"])
    assert post(winpush_emulator, phone, TOAST.body, MPNS_HEADERS["toast"]).status < 500


# --- tiles that were never pinned ---------------------------------------------------------------------------------


def test_a_tile_that_was_never_pinned_does_not_appear(winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel("8.1", pinned=["/Second.xaml"])
    for tile_id in ("/Never.xaml", "/Second.xaml"):
        assert winpush_client.send(phone.uri, mpns.FlipTile(title="a", id=tile_id)).ok
    assert list(phone.tiles) == ["/Second.xaml"]
    assert "shows none of it" in winpush_emulator.requests[-2].reason
    assert "'/Never.xaml' is pinned" in winpush_emulator.requests[-2].remarks[-1]


def test_tiles_are_pinned_and_unpinned_over_http(winpush_emulator: Emulator, winpush_client: Client) -> None:
    made = ask(winpush_emulator, "POST", "/api/channels", {"version": "8.1", "pinned": ["/A.xaml"]})[1][0]
    winpush_client.send(made["channel"], mpns.FlipTile(title="a", id="/A.xaml"))
    path = f"/api/channels/{made['id']}"
    assert [tile["id"] for tile in ask(winpush_emulator, "GET", path)[1]["tiles"]] == ["/A.xaml"]
    changed = ask(winpush_emulator, "PATCH", path, {"pinned": ["/B.xaml"]})[1]
    assert (changed["pinned"], changed["tiles"]) == (["/B.xaml"], [])
    assert ask(winpush_emulator, "PATCH", path, {"pinned": ["B.xaml"]})[0] == 400
    with pytest.raises(ValidationError, match="starts with '/'"):
        winpush_emulator.create_channel(pinned=["Second.xaml"])


# --- the form of a request ----------------------------------------------------------------------------------------


def test_a_callback_uri_is_remarked_where_it_has_no_effect(winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel()
    post(winpush_emulator, phone, TOAST.body, {**MPNS_HEADERS["toast"], "X-CallbackURI": "https://a.example/"})
    assert "X-CallbackURI is for authenticated channels" in winpush_emulator.requests[-1].remarks[-1]


def test_a_chunked_body_is_refused_by_wns_and_remarked_by_mpns(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    assert push_wns(winpush_emulator, device, "badge", chunks(b'<badge value="1"/>')).status == 400
    assert "Content-Length" in winpush_emulator.requests[-1].reason
    assert device.badge is None
    phone = winpush_emulator.create_channel()
    assert post(winpush_emulator, phone, chunks(TOAST.body), MPNS_HEADERS["toast"]).status == 200
    assert "came in chunks" in winpush_emulator.requests[-1].remarks[0]


def test_an_expectation_of_100_continue_is_remarked(winpush_emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(winpush_emulator.authority, timeout=PATIENCE)
    phone = winpush_emulator.create_channel()
    path = phone.uri.partition(winpush_emulator.authority)[2]
    connection.request("POST", path, TOAST.body, {**MPNS_HEADERS["toast"], "Expect": "100-continue"})
    assert connection.getresponse().status == 200
    connection.close()
    assert "100-continue" in winpush_emulator.requests[-1].remarks[0]


ENCODINGS = [
    ("utf-16", "utf-16", True),
    ("iso-8859-1", "iso-8859-1", True),
    ("windows-1252", "windows-1252", True),
    ("utf-8", "utf-8", False),
    ("UTF-8", "utf-8", False),
]


@pytest.mark.parametrize(("declared", "encoding", "remarked"), ENCODINGS)
def test_a_document_that_is_not_utf_8_is_remarked(
    declared: str, encoding: str, remarked: bool, winpush_emulator: Emulator
) -> None:
    prolog = f'<?xml version="1.0" encoding="{declared}"?>'
    phone, device = winpush_emulator.create_channel(), winpush_emulator.create_windows_channel()
    text = prolog + TOAST.body.decode().partition("?>")[2].replace("Bold", "Grüße")
    assert post(winpush_emulator, phone, text.encode(encoding), MPNS_HEADERS["toast"]).status == 200
    assert phone.toasts[-1].content["text1"] == "Grüße"
    assert any("documents UTF-8" in remark for remark in winpush_emulator.requests[-1].remarks) is remarked
    push_wns(winpush_emulator, device, "badge", (prolog + '<badge value="1"/>').encode(encoding))
    assert any("documents UTF-8" in remark for remark in winpush_emulator.requests[-1].remarks) is remarked


@pytest.mark.parametrize(
    ("charset", "remarked"),
    [("utf-16", True), ("iso-8859-1", True), ('"ISO-8859-1"', True), ("UTF-8", False), ('"utf-8"', False)],
)
def test_a_charset_that_is_not_the_documents_is_remarked(
    charset: str, remarked: bool, winpush_emulator: Emulator
) -> None:
    phone, device = winpush_emulator.create_channel(), winpush_emulator.create_windows_channel()
    header = {"Content-Type": f"text/xml; charset={charset}"}
    assert post(winpush_emulator, phone, TOAST.body, {**MPNS_HEADERS["toast"], **header}).status == 200
    assert any("Content-Type says charset=" in remark for remark in winpush_emulator.requests[-1].remarks) is remarked
    assert push_wns(winpush_emulator, device, "badge", b'<badge value="1"/>', header).status == 200
    assert any("Content-Type says charset=" in remark for remark in winpush_emulator.requests[-1].remarks) is remarked


def exchange_bytes(emulator: Emulator, sent: bytes, answers: int) -> list[int]:
    """The statuses of the answers to these bytes on one connection."""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        statuses = []
        with connection.makefile("rb") as received:
            for _ in range(answers):
                statuses.append(int(received.readline().split()[1]))
                length = 0
                while (line := received.readline()) != b"\r\n":
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                received.read(length)
        return statuses


def raw_toast(emulator: Emulator, host: str = "Host: {}\r\n", version: str = "1.1") -> bytes:
    path = emulator.create_channel().uri.partition(emulator.authority)[2]
    headers = "".join(f"{name}: {value}\r\n" for name, value in MPNS_HEADERS["toast"].items())
    head = f"POST {path} HTTP/{version}\r\n{host.format(emulator.authority)}{headers}"
    return f"{head}Content-Length: {len(TOAST.body)}\r\n\r\n".encode() + TOAST.body


def test_pipelined_requests_are_answered_and_remarked(winpush_emulator: Emulator) -> None:
    assert exchange_bytes(winpush_emulator, raw_toast(winpush_emulator) * 3, 3) == [200] * 3
    told = [any("pipelining" in remark for remark in record.remarks) for record in winpush_emulator.requests]
    assert told == [False, True, True]


def test_requests_one_after_the_other_are_not_pipelined(winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel()
    for _ in range(3):
        assert winpush_client.send(phone.uri, TOAST).ok
    assert [record.remarks for record in winpush_emulator.requests] == [()] * 3


@pytest.mark.parametrize("host", ["", "Host: {0}\r\nHost: {0}\r\n"])
def test_a_request_of_http_1_1_has_one_host(host: str, winpush_emulator: Emulator) -> None:
    assert exchange_bytes(winpush_emulator, raw_toast(winpush_emulator, host), 1) == [400]
    assert "one Host header" in winpush_emulator.requests[-1].reason
    assert winpush_emulator.requests[-1].verdict == "bad-request"


def test_a_request_of_http_1_0_needs_no_host(winpush_emulator: Emulator) -> None:
    assert exchange_bytes(winpush_emulator, raw_toast(winpush_emulator, "", "1.0"), 1) == [200]


def test_an_empty_raw_notification_is_remarked(winpush_emulator: Emulator) -> None:
    device, phone = winpush_emulator.create_windows_channel(), winpush_emulator.create_channel()
    assert push_wns(winpush_emulator, device, "raw", b"").status == 200
    assert "payload is empty" in winpush_emulator.requests[-1].remarks[0]
    assert post(winpush_emulator, phone, b"", MPNS_HEADERS["raw"]).status == 200
    assert "payload is empty" in winpush_emulator.requests[-1].remarks[0]


def test_an_authenticated_phone_does_not_keep_the_time_of_every_send() -> None:
    from winpush.emulator.exchange import Incoming
    from winpush.emulator.service import Addresses, Service

    service = Service(Addresses("127.0.0.1", 1, 2), seed=1)
    phone = service.create_channel(authenticated=True)
    headers = tuple((name.lower(), value) for name, value in MPNS_HEADERS["toast"].items())
    for _ in range(20):
        incoming = Incoming("POST", phone.path, headers, TOAST.body, secure=True, certificate=True)
        assert service.receive(incoming)[0].status == 200
    assert len(phone.sent) == 0
