"""How a broadcast handles a login that fails, a proxy's answers, and a service's words."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Certificates
from tests.client.service import Service, reply
from tests.delivery.clock import Clock
from tests.servers import Peer, Server, accept_all, closed_port
from winpush import mpns, webpush, wns
from winpush.client.options import ClientOptions
from winpush.delivery import BroadcastState, Content, DeliveryState, Outbox
from winpush.emulator import Emulator

CONTENT = Content(mpns=mpns.Toast("Hello"), wns=wns.Toast("Hello"), webpush=webpush.Message("Hello"))


@pytest.fixture
def service() -> Any:
    made = Service()
    with made.server:
        yield made


def open_outbox(tmp_path: Path, service: Service, credentials: Any = None) -> Outbox:
    hosts = [service.server.authority]
    keys = webpush.VapidKeys.generate("mailto:ops@example.com")
    given = credentials or service.credentials
    return Outbox(f"sqlite:///{tmp_path}/push.db", wns=given, webpush=keys, allow_hosts=hosts)


class RaisesInRequest:
    """Credentials of winpush's own kind."""

    def request(self) -> Any:
        raise RuntimeError("broken")

    def read(self, *_: Any) -> Any:
        raise RuntimeError("broken")


class RaisesInGetToken:
    """Credentials of azure-identity's kind."""

    def get_token(self, *_: str, **__: Any) -> Any:
        raise RuntimeError("broken")


class RaisesInAsyncGetToken:
    """The same, asynchronous."""

    async def get_token(self, *_: str, **__: Any) -> Any:
        raise RuntimeError("broken")


@pytest.mark.parametrize("kind", [RaisesInRequest, RaisesInGetToken, RaisesInAsyncGetToken])
def test_credentials_that_raise_stop_a_broadcast_and_keep_every_channel(
    kind: Callable[[], Any], tmp_path: Path, service: Service
) -> None:
    with open_outbox(tmp_path, service, kind()) as outbox:
        outbox.register_many({"uri": service.uri(number), "platform": "windows"} for number in range(30))
        number = outbox.broadcast(CONTENT)
        outbox.deliver_until_idle()
        progress = outbox.progress(number)
        assert progress.state is BroadcastState.STOPPED
        assert progress.outcomes == {"credentials-failed": progress.states[DeliveryState.FAILED]}
        assert len(list(outbox.channels())) == 30
    assert not service.sends


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (403, "text/html", b"<!DOCTYPE html><title>Blocked</title>"),
        (400, "text/html", b"<html>Sign in</html>"),
        (200, "text/html", b"<html>Sign in</html>"),
        (403, "application/json", b'{"message":"Forbidden"}'),
        (302, "text/plain", b""),
    ],
)
@pytest.mark.parametrize("at_token", [True, False], ids=["token", "send"])
def test_what_a_proxy_or_portal_answers_stops_no_broadcast(
    at_token: bool, status: int, kind: str, body: bytes, tmp_path: Path, service: Service
) -> None:
    page = reply(status, {"Content-Type": kind, "Location": "http://portal.example/"}, body)
    if at_token:
        service.token_answer = page
    else:
        service.answer = lambda _: page
    with open_outbox(tmp_path, service) as outbox:
        outbox.register_many({"uri": service.uri(number), "platform": "windows"} for number in range(30))
        number = outbox.broadcast(CONTENT)
        outbox.deliver_until_idle()
        progress = outbox.progress(number)
        assert (progress.state, progress.states) == (BroadcastState.RUNNING, {DeliveryState.WAITING: 30})
        assert len(list(outbox.channels())) == 30


def test_an_expired_secret_stops_a_broadcast_and_the_history_has_entras_words(tmp_path: Path, service: Service) -> None:
    said = "AADSTS7000222: The provided client secret keys for app 'x' are expired. Trace ID: 1-2 Correlation ID: 3-4"
    error = {"error": "invalid_client", "error_description": f"{said} {'.' * 400} Timestamp: 2026-11-27"}
    service.token_answer = reply(401, {"Content-Type": "application/json"}, json.dumps(error).encode())
    with open_outbox(tmp_path, service) as outbox:
        outbox.register_many({"uri": service.uri(number), "platform": "windows"} for number in range(30))
        number = outbox.broadcast(CONTENT)
        outbox.deliver_until_idle()
        assert outbox.progress(number).state is BroadcastState.STOPPED
        details = {entry.detail for entry in outbox.history()}
    assert all(said in (detail or "") for detail in details)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(("kind", "body"), [("text/html", b"<html><h1>Not Found</h1></html>"), ("text/plain", b"")])
def test_a_wave_of_404s_from_a_proxy_removes_no_channel_of_any_service(
    status: int, kind: str, body: bytes, tmp_path: Path, service: Service, winpush_emulator: Emulator
) -> None:
    def refuse(request: bytes) -> bytes:
        return reply(status, {"Server": "nginx", "Content-Type": kind}, body)

    service.notify = refuse  # type: ignore[method-assign]  # whatever is sent, to whichever service
    keys = winpush_emulator.create_subscription().subscription.to_dict()["keys"]
    with open_outbox(tmp_path, service) as outbox:
        base = f"http://{service.server.authority}"
        for number in range(20):
            outbox.register({"uri": service.uri(number), "platform": "windows"})
            outbox.register({"uri": f"{base}/throttledthirdparty/01.00/{number}", "platform": "8.0"})
            outbox.register({"uri": f"{base}/w/?token={number}", **keys})
        number = outbox.broadcast(CONTENT)
        outbox.deliver_until_idle()
        assert len(list(outbox.channels())) == 60
        assert not outbox.progress(number).states.get(DeliveryState.GONE)
        assert "channel-gone" not in {entry.outcome for entry in outbox.history()}


def hang_up(peer: Peer) -> None:
    """Hangs up in the TLS handshake, which a proxy passes on."""
    if peer.read_request() is not None:
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")


def refuse_the_tunnel(peer: Peer) -> None:
    if peer.read_request() is not None:
        peer.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


@contextlib.contextmanager
def proxy_that(behaviour: Callable[[Peer], None] | None) -> Iterator[str]:
    """The address of a proxy that behaves like this, or that isn't there."""
    if behaviour is None:
        with closed_port() as port:
            yield f"http://127.0.0.1:{port}"
    else:
        with Server(behaviour) as proxy:
            yield f"http://{proxy.authority}"


@pytest.mark.parametrize("behaviour", [hang_up, refuse_the_tunnel, None], ids=["handshake", "503", "no-proxy"])
def test_an_outage_of_tls_or_of_the_proxy_loses_nothing_of_a_broadcast(
    behaviour: Callable[[Peer], None] | None, tmp_path: Path, certificates: Certificates, clock: Clock
) -> None:
    url = f"sqlite:///{tmp_path}/push.db"
    with Server(accept_all, certificates.server()) as server:
        options: ClientOptions = {"allow_hosts": [server.authority], "tls": certificates.tls}
        with proxy_that(behaviour) as address, contextlib.ExitStack() as stack:
            proxied: ClientOptions = {**options, "proxy": address}
            outbox = stack.enter_context(contextlib.closing(Outbox(url, **proxied)))
            outbox.register_many({"uri": server.uri(str(number)), "platform": "8.0"} for number in range(60))
            number = outbox.broadcast(CONTENT)
            outbox.deliver_until_idle()
            assert outbox.progress(number).states == {DeliveryState.WAITING: 60}
            assert outbox.progress(number).state is BroadcastState.RUNNING
        clock.ahead += timedelta(hours=1)
        with contextlib.closing(Outbox(url, clock=clock, **options)) as outbox:
            outbox.deliver_until_idle()
            assert outbox.progress(number).states == {DeliveryState.DELIVERED: 60}
        assert len(server.requests) == 60


def test_the_history_has_the_whole_of_what_the_service_said(tmp_path: Path, service: Service) -> None:
    said = "Request targets an app that is not in allowed receiving apps list by WNS."
    headers = {"X-WNS-Error-Description": said, "X-WNS-Msg-ID": "1A2b", "X-WNS-Debug-Trace": "DB5", "MS-CV": "cV.0"}
    service.answer = lambda _: reply(403, headers)
    with open_outbox(tmp_path, service) as outbox:
        outbox.register({"uri": service.uri(), "platform": "windows"})
        outbox.broadcast(CONTENT)
        outbox.deliver_until_idle()
        (entry,) = outbox.history()
    assert said in (entry.detail or "")
    assert "Package Family Name" in (entry.detail or "")
    assert (entry.message_id, entry.debug_trace, entry.correlation_vector) == ("1A2b", "DB5", "cV.0")
