"""What has gone wrong in other libraries, from the client to the wire and back.

The table of these mistakes is long; those that a pure function can show have their tests beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.client.service import TOAST, Service, reply
from tests.servers import Peer, Server
from winpush import Action, ChannelError, Client, Outcome, wns
from winpush.client.encoder import Encoder
from winpush.client.options import Settings

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_so_no_token_and_no_payload_goes_astray(status: int, service: Service) -> None:
    strayed: list[bytes | None] = []

    def note(peer: Peer) -> None:
        strayed.append(peer.read_request())

    with Server(note) as stranger:
        service.answer = lambda _: reply(status, {"Location": stranger.uri()})
        # Even where the caller allows the other host: it was not asked to send there.
        options = {**service.options, "allow_hosts": [service.server.authority, stranger.authority]}
        with Client(**options) as client:  # type: ignore[arg-type]  # the same options, with one more host
            result = client.send(service.uri(), TOAST)
    assert strayed == []
    assert result.outcome is Outcome.FOREIGN_ANSWER
    assert not result.ok
    assert not result.should_delete_channel


@pytest.mark.parametrize("status", [200, 201, 202, 204, 402, 409, 412, 418, 502, 504])
def test_a_status_or_word_that_no_table_has_is_no_success_and_deletes_nothing(status: int, service: Service) -> None:
    service.answer = lambda _: reply(status, {"X-WNS-Status": "perhaps"})
    with Client(**service.options) as client:
        result = client.send(service.uri(), TOAST)
    assert not result.ok
    assert not result.should_delete_channel
    assert result.action in (Action.RETRY_LATER, Action.STOP_AND_FIX)


@pytest.mark.parametrize(
    "name", ["X-WNS-Status", "X-WNS-STATUS", "X-WNS-NotificationStatus", "x-wns-notificationstatus"]
)
def test_the_status_is_read_under_each_of_its_names(name: str, service: Service) -> None:
    service.answer = lambda _: reply(200, {name: "dropped"})
    with Client(**service.options) as client:
        assert client.send(service.uri(), TOAST).outcome is Outcome.DROPPED
        service.answer = lambda _: reply(200, {name: "received"})
        assert client.send(service.uri(), TOAST).outcome is Outcome.ACCEPTED


def test_the_length_is_counted_in_bytes_and_the_query_arrives_whole(service: Service) -> None:
    toast = wns.Toast("Zürich 🌩 東京")
    channel = "AwYA%2bx%3d&a=1&b=%20/?"
    with Client(**service.options) as client:
        assert client.send(service.uri(channel), toast).ok
    head, _, body = service.sends[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == f"POST /?token={channel} HTTP/1.1".encode()
    assert f"Content-Length: {len(toast.body)}".encode() in head
    assert body == toast.body
    assert len(toast.body) > len(toast.body.decode())


def test_a_correlation_vector_keeps_its_case_on_both_ways(service: Service) -> None:
    service.answer = lambda request: reply(
        200, {"X-WNS-Status": "received", "ms-cv": request.partition(b"MS-CV: ")[2].split(b"\r\n")[0].decode()}
    )
    with Client(**service.options) as client:
        result = client.send(service.uri(), wns.Toast("a", correlation_vector="bA4zfp1GQkKmOhzTDdR6yA.1"))
    assert result.correlation_vector == "bA4zfp1GQkKmOhzTDdR6yA.1"


def test_a_bulk_goes_on_after_every_kind_of_trouble(service: Service) -> None:
    troubles = {
        b"token=gone": reply(404, {"X-WNS-Msg-ID": "1"}),
        b"token=broken": b"no HTTP at all\r\n\r\n",
        b"token=refused": reply(403, {}),
        b"token=late": reply(200, {"X-WNS-Status": "channelthrottled"}),
    }

    def answer(request: bytes) -> bytes:
        first = request.split(b"\r\n")[0]
        found = next((made for name, made in troubles.items() if name in first), None)
        return found or reply(200, {"X-WNS-Status": "received"})

    service.answer = answer
    names = ["a", "gone", "b", "broken", "c", "refused", "d", "late", "e"]
    pairs = [(service.uri(name), TOAST, name) for name in names]
    pairs.insert(3, ("https://evil.example/?notify.windows.com", TOAST, "stranger"))
    with Client(**service.options) as client:
        results = {str(result.key): result for result in client.send_many(pairs)}
    assert results.keys() == {*names, "stranger"}
    assert {name for name, result in results.items() if result.ok} == set("abcde")
    assert [name for name, result in results.items() if result.should_delete_channel] == ["gone"]
    assert results["stranger"].outcome is Outcome.INVALID_CHANNEL


def test_without_asking_a_send_has_15_seconds_and_a_connection_10() -> None:
    settings = Settings.of()
    assert settings.timeout_seconds == 15
    assert settings.limits.connect_seconds == 10


def test_no_token_goes_to_a_browsers_channel_after_an_apps_at_the_same_host() -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    token = wns.Token("abc", now + timedelta(days=1), now)
    encoder = Encoder(Settings.of())
    app, browser = (encoder.resolve(f"https://db5.notify.windows.com{path}?token=abc") for path in ("/", "/w/"))
    assert b"Bearer abc" in encoder.encode(*app, TOAST, token)
    with pytest.raises(ChannelError, match="browser"):
        encoder.encode(*browser, TOAST, token)
