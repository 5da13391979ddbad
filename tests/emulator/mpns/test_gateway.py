"""The emulator as MPNS: what it refuses, what it limits, and what arrives on the phones."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import FOLDER
from winpush import Client, ClientCertificate, Outcome, Tls, mpns
from winpush.emulator import Emulator, Phone
from winpush.emulator.exchange import Incoming
from winpush.emulator.service import Addresses, Service
from winpush.emulator.world import Record
from winpush.mpns import parse
from winpush.mpns.payloads import read_document

VECTORS = FOLDER / "vectors.json"
TOAST = mpns.Toast("Bold", "normal")
GOOD = {"Content-Type": "text/xml", "X-WindowsPhone-Target": "toast", "X-NotificationClass": "2"}


def post(
    emulator: Emulator, phone: Phone, body: bytes, headers: dict[str, str] | None = None, method: str = "POST"
) -> http.client.HTTPResponse:
    """A request that no client of ours would send."""
    connection = http.client.HTTPConnection(emulator.authority)
    try:
        path = phone.uri.partition(emulator.authority)[2]
        connection.request(method, path, body, GOOD if headers is None else headers)
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_any_method_but_post_is_405(method: str, winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel()
    assert post(winpush_emulator, phone, b"", method=method).status == 405


@pytest.mark.parametrize(
    ("headers", "body", "said"),
    [
        ({**GOOD, "X-NotificationClass": "1"}, TOAST.body, "X-NotificationClass"),
        ({**GOOD, "X-NotificationClass": "99"}, TOAST.body, "X-NotificationClass"),
        ({**GOOD, "X-WindowsPhone-Target": "tile"}, TOAST.body, "X-WindowsPhone-Target"),
        ({**GOOD, "X-WindowsPhone-Target": "token", "X-NotificationClass": "1"}, TOAST.body, "holds a toast"),
        ({**GOOD, "X-Long": "x" * 1100}, TOAST.body, "headers have"),
        (GOOD, TOAST.body[:-1], "not well-formed"),
        (GOOD, b"", "no element"),
        (GOOD, b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "DOCTYPE"),
        (GOOD, b"<toast/>", "root <toast>"),
        (GOOD, b'<wp:Notification xmlns:wp="WPNotification"/>', "exactly one, a Toast or Tile"),
        (GOOD, b"x" * 3073, "3,073 bytes"),
        (GOOD, b"\xff\xfe\x00", "not well-formed"),
    ],
)
def test_a_malformed_request_is_400_without_status_headers(
    headers: dict[str, str], body: bytes, said: str, winpush_emulator: Emulator
) -> None:
    response = post(winpush_emulator, winpush_emulator.create_channel(), body, headers)
    assert response.status == 400
    assert response.getheader("X-NotificationStatus") is None
    assert said in winpush_emulator.requests[-1].reason


def test_a_payload_of_the_largest_size_is_received(winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel()
    headers = {"Content-Type": "text/xml", "X-NotificationClass": "3"}
    assert post(winpush_emulator, phone, b"x" * 3072, headers).getheader("X-NotificationStatus") == "Received"


def test_an_unknown_channel_is_404_and_expired(winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel()
    winpush_emulator.remove(phone)
    result = winpush_client.send(phone.uri, TOAST)
    assert result.should_delete_channel
    assert result.subscription_status == "Expired"


def test_an_unauthenticated_channel_takes_500_in_a_rolling_day(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel()
    results = winpush_client.send_many([(phone.uri, TOAST)] * 500, concurrency=10)  # what waits has no timeout yet
    assert {result.outcome for result in results} == {Outcome.ACCEPTED}
    assert winpush_client.send(phone.uri, TOAST).outcome is Outcome.THROTTLED
    winpush_emulator.advance(24 * 3600)
    assert winpush_client.send(phone.uri, TOAST).ok


def test_a_kind_that_the_app_has_not_bound_is_suppressed(winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel(not_bound=["tile"])
    assert winpush_client.send(phone.uri, mpns.Tile(count=1)).outcome is Outcome.SUPPRESSED
    assert winpush_client.send(phone.uri, TOAST).ok


def test_a_tile_keeps_what_is_left_out_and_loses_what_is_cleared(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel("8.0", pinned=["/Second.xaml"])
    winpush_client.send(phone.uri, mpns.FlipTile("front.png", 5, "Mail", back_title="Back"))
    winpush_client.send(phone.uri, mpns.FlipTile(count=0, back_title=mpns.CLEAR))
    winpush_client.send(phone.uri, mpns.FlipTile(title="Second", id="/Second.xaml"))
    assert phone.tiles[""].fields == {"background_image": "front.png", "count": 0, "title": "Mail"}
    assert phone.tiles["/Second.xaml"].fields == {"title": "Second"}


def test_an_old_phone_shows_what_it_knows_and_the_rest_is_remarked(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel("7.0")
    assert winpush_client.send(phone.uri, mpns.Toast("Bold", param="/Page.xaml")).ok
    assert phone.toasts[-1].content["param"] is None
    assert "came with Windows Phone 7.1" in winpush_emulator.requests[-1].remarks[0]
    assert winpush_client.send(phone.uri, mpns.IconicTile(title="x")).ok
    assert "shows none of it" in winpush_emulator.requests[-1].reason
    assert not phone.tiles


def test_a_raw_notification_reaches_the_app(winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel()
    assert winpush_client.send(phone.uri, mpns.Raw("grüezi")).ok
    assert phone.raws[-1].content == {"size": 7, "preview": "grüezi"}


def test_an_authenticated_channel_wants_its_certificate_and_has_no_daily_limit() -> None:
    with Emulator(tls=True, seed=1) as emulator:
        phone = emulator.create_channel(authenticated=True)
        tls = Tls(ca=emulator.ca_pem)
        with Client(allow_hosts=emulator.authorities, tls=tls) as client:
            assert client.send(phone.uri, TOAST).outcome is Outcome.UNAUTHORIZED
        certificate = ClientCertificate.from_pem(*emulator.make_client_certificate())
        with Client(allow_hosts=emulator.authorities, tls=tls, mpns_certificate=certificate) as client:
            results = client.send_many([(phone.uri, TOAST)] * 600, concurrency=10)  # few handshakes at once
            assert {result.outcome for result in results} == {Outcome.ACCEPTED}


# What our types refuse (mpns.md 5, 6.6 and 6.7): counts that are none or over 99, a param without / or ?, ids of tiles
# without /, elements of no template, a front image of a 7.x tile cleared.
NOT_COVERED = (
    "<wp:Count>100<",
    "<wp:Count>Count<",
    "ENTER COUNT",
    "<wp:Param>Deeplink<",
    'Id="1"',
    'Id="TileI',
    'Id="Tile ID"',
    "<wp:Content>",
    '<wp:SmallBackgroundImage Action="Clear">/small.jpg',
)


# --- vectors of other authors -------------------------------------------------------------------------------------


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"waits for the protocol reference's {VECTORS.name}"))]
    loaded = [vector for vector in json.loads(VECTORS.read_text()) if vector["service"] == "mpns"]
    return [pytest.param(vector, id=f"{number}-{vector['kind']}") for number, vector in enumerate(loaded)]


def reversed_children(xml: str) -> str:
    """The same document with its elements in reverse order, made by an independent library."""
    from xml.etree import ElementTree

    root = ElementTree.fromstring(xml.encode())  # noqa: S314 - the reference's own data
    for inner in root:
        inner[:] = list(inner)[::-1]
    return ElementTree.tostring(root, encoding="unicode")


@pytest.mark.parametrize("vector", vectors())
def test_a_payload_that_others_wrote_is_received_in_whatever_order(
    vector: dict[str, Any], winpush_emulator: Emulator
) -> None:
    phone = winpush_emulator.create_channel("8.1")
    target, number = ("toast", "2") if vector["kind"] == "toast" else ("token", "1")
    headers = {"Content-Type": "text/xml", "X-WindowsPhone-Target": target, "X-NotificationClass": number}
    for xml in (vector["xml"], reversed_children(vector["xml"])):
        response = post(winpush_emulator, phone, xml.encode(), headers)
        assert response.getheader("X-NotificationStatus") == "Received"
    if "shows none of it" in winpush_emulator.requests[-1].reason:
        assert winpush_emulator.requests[-1].remarks


@pytest.mark.parametrize("vector", vectors())
def test_a_payload_that_our_types_cover_is_written_again_as_the_same_document(vector: dict[str, Any]) -> None:
    body = vector["xml"].encode()
    document = read_document(body)
    if any(mark in vector["xml"] for mark in NOT_COVERED):
        assert isinstance(own := parse(body), mpns.Xml)
        assert (own.body, own.push_type) == (body, document.kind)
        return
    notification = parse(body)
    again = read_document(notification.to_xml())
    assert again.fields == document.fields
    assert (again.kind, again.template, again.tile_id, again.silent) == (
        document.kind,
        document.template,
        document.tile_id,
        document.silent,
    )


# --- hostile input ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared_emulator() -> Iterator[Emulator]:
    with Emulator(seed=3) as emulator:
        emulator.create_channel()
        yield emulator


@settings(max_examples=60)
@given(
    body=st.binary(max_size=400),
    target=st.sampled_from(["toast", "token", "raw", "", "x\u00e9", "TOAST"]),
    number=st.sampled_from(["1", "2", "3", "0", "31", "-1", "x", "\u0663", "9" * 400]),
)
def test_any_request_is_answered_from_the_table(
    shared_emulator: Emulator, body: bytes, target: str, number: str
) -> None:
    from winpush.emulator.exchange import Incoming

    headers = (("x-windowsphone-target", target), ("x-notificationclass", number))
    path = shared_emulator.phones[0].uri.partition(shared_emulator.authority)[2]
    answer, _ = shared_emulator.receive(Incoming("POST", path, headers, body))
    assert answer.status in {row.status_code for row in mpns.ROWS}


# --- what is sent by mistake ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "target"), [(TOAST.body, "toast"), (mpns.Tile(title="a").body, "token")])
def test_a_document_that_is_sent_as_raw_is_remarked(body: bytes, target: str, winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel()
    raw = {"Content-Type": "text/xml", "X-NotificationClass": "3"}
    assert post(winpush_emulator, phone, body, raw).status == 200
    assert f"without X-WindowsPhone-Target: {target} it is raw" in winpush_emulator.requests[-1].remarks[-1]
    for other in (b"<a/>", b"text", b"{}"):
        assert post(winpush_emulator, phone, other, raw).status == 200
        assert winpush_emulator.requests[-1].remarks == ()


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"X-MessageID": "notauuid"}, "X-MessageID is 'notauuid'; a UUID is documented"),
        ({"X-MessageID": ""}, "X-MessageID is ''"),
        ({"X-Message-ID": "2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1"}, "the header is called X-MessageID"),
        ({"X-MessageID": "2F6F6E1E-6D2E-4A9A-9D2D-6AB5B0F4D6B1"}, None),
    ],
)
def test_a_message_id_of_another_form_or_name_is_remarked(
    header: dict[str, str], said: str | None, winpush_emulator: Emulator
) -> None:
    response = post(winpush_emulator, winpush_emulator.create_channel(), TOAST.body, {**GOOD, **header})
    assert response.status == 200
    remarks = winpush_emulator.requests[-1].remarks
    assert (said is None and remarks == ()) or (said is not None and said in remarks[0])


# --- callbacks --------------------------------------------------------------------------------------------------------

CALLBACK = {"X-CallbackURI": "https://a.example/gone", "Content-Type": "application/octet-stream"}


def register(
    phone: Phone, service: Service, headers: dict[str, str], body: bytes = b"opaque", *, certificate: bool = True
) -> tuple[int, Record]:
    given = tuple((name.lower(), value) for name, value in headers.items())
    incoming = Incoming("POST", f"{phone.path}/callback", given, body, secure=True, certificate=certificate)
    return service.receive(incoming)[0].status, service.requests[-1]


@pytest.fixture
def service() -> Service:
    return Service(Addresses("127.0.0.1", 1, 2), seed=1)


def test_a_callback_is_registered_and_its_answer_is_said_to_be_unverified(service: Service) -> None:
    phone = service.create_channel(authenticated=True)
    status, record = register(phone, service, CALLBACK)
    assert (status, record.kind, record.phone, record.verdict) == (200, "callback", phone.id, "accepted")
    assert record.answer["X-SubscriptionStatus"] == "Active"
    assert "X-NotificationStatus" not in record.answer
    assert ["unverified" in remark for remark in record.remarks] == [True]
    assert phone.token not in repr(record)
    assert not phone.raws


@pytest.mark.parametrize(
    ("headers", "body", "status", "said"),
    [
        ({}, b"", 400, "X-CallbackURI is missing"),
        ({**CALLBACK, "X-CallbackURI": "/gone"}, b"", 400, "absolute"),
        (CALLBACK, b"x" * 1025, 400, "1,025 bytes"),
        ({**CALLBACK, "Content-Type": "text/xml"}, b"", 200, "The callback is registered"),
    ],
)
def test_what_a_callback_registration_needs(
    headers: dict[str, str], body: bytes, status: int, said: str, service: Service
) -> None:
    got, record = register(service.create_channel(authenticated=True), service, headers, body)
    assert got == status
    assert said in record.reason
    told = any("application/* is documented" in remark for remark in record.remarks)
    assert told is not headers.get("Content-Type", "").startswith("application/")


def test_a_callback_is_for_authenticated_senders_and_good_channels(service: Service) -> None:
    assert register(service.create_channel(), service, CALLBACK)[0] == 401
    assert register(service.create_channel(authenticated=True), service, CALLBACK, certificate=False)[0] == 401
    gone = service.create_channel(state="expired", authenticated=True)
    assert register(gone, service, CALLBACK)[0] == 404
    service.remove(gone)
    assert register(gone, service, CALLBACK)[0] == 404
