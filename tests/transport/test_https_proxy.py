"""https:// proxies on every way to send: TLS with the proxy, and inside it the origin's own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from tests.certificates import Certificates
from tests.client.service import TOAST as WNS_TOAST
from tests.client.service import Service
from tests.paths import PATHS
from tests.servers import ACCEPTED, LAST, Peer, Server, accept_all, closed_port, hold, internal_error
from tests.transport.proxies import answer, refuse_what_is_not_http, tunnel
from tests.waiting import eventually
from winpush import Action, Client, ClientCertificate, Outcome, Result, mpns
from winpush.client.options import ClientOptions

TOAST = mpns.Toast("a")
HTTP = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQ?x=1"
HTTPS = "https://db3.notify.live.net/unthrottledthirdparty/01.00/AAFRQ?x=1"
Path = Callable[..., list[Result]]

pytestmark = pytest.mark.usefixtures("no_leaks")
on_every_way = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)


@on_every_way
def test_http_is_forwarded_inside_the_proxys_tls(path: Path, certificates: Certificates) -> None:
    with Server(accept_all, certificates.server()) as proxy:
        address = f"https://ada:s%40crt@127.0.0.1:{proxy.port}"
        results = path([(HTTP, TOAST), (HTTP, TOAST)], tls=certificates.tls, proxy=address)
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 2
    assert proxy.connections == 1
    head = proxy.requests[0].split(b"\r\n")
    assert head[0] == f"POST {HTTP} HTTP/1.1".encode()
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"ada:s@crt") in head


@on_every_way
def test_https_is_tls_inside_tls_and_the_proxy_sees_the_connect_alone(path: Path, certificates: Certificates) -> None:
    context = certificates.server()
    with Server(accept_all, context) as server, Server(tunnel, context) as proxy:
        results = path(
            [(server.uri(str(number)), TOAST) for number in range(5)],
            allow_hosts=[server.authority],
            tls=certificates.tls,
            proxy=f"https://ada:secret@127.0.0.1:{proxy.port}",
        )
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 5
    assert (proxy.connections, server.connections) == (1, 1)
    (seen,) = proxy.requests
    assert seen.startswith(f"CONNECT {server.authority} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic" in seen
    assert all(b"Proxy-Authorization" not in request for request in server.requests)


def answer_and_close(peer: Peer) -> None:
    peer.read_request()
    peer.send(LAST)


def answer_at_length(peer: Peer) -> None:
    while peer.read_request() is not None:
        peer.send(ACCEPTED.replace(b"Content-Length: 0", b"Content-Length: 60000") + b"x" * 60_000)


@on_every_way
@pytest.mark.parametrize("behaviour", [answer_and_close, answer_at_length])
def test_an_answer_comes_whole_however_it_ends(path: Path, certificates: Certificates, behaviour: Any) -> None:
    context = certificates.server()
    with Server(behaviour, context) as server, Server(tunnel, context) as proxy:
        results = path(
            [(server.uri(str(number)), TOAST) for number in range(3)],
            allow_hosts=[server.authority],
            tls=certificates.tls,
            proxy=f"https://127.0.0.1:{proxy.port}",
        )
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 3


def close_after_the_request(peer: Peer) -> None:
    peer.read_request()


@on_every_way
@pytest.mark.parametrize("behaviour", [close_after_the_request, lambda peer: (peer.read_request(), peer.reset())])
def test_an_answer_that_is_lost_behind_the_proxy_is_told(
    path: Path, certificates: Certificates, behaviour: Any
) -> None:
    context = certificates.server()
    with Server(behaviour, context) as server, Server(tunnel, context) as proxy:
        (result,) = path(
            [(server.uri(), TOAST)],
            allow_hosts=[server.authority],
            tls=certificates.tls,
            proxy=f"https://127.0.0.1:{proxy.port}",
        )
    assert result.outcome is Outcome.ANSWER_LOST
    assert result.may_have_arrived


@on_every_way
def test_a_timeout_ends_a_send_and_leaves_nothing_open(path: Path, certificates: Certificates) -> None:
    context = certificates.server()
    with Server(hold, context) as server, Server(tunnel, context) as proxy:
        (result,) = path(
            [(server.uri(), TOAST)],
            allow_hosts=[server.authority],
            tls=certificates.tls,
            proxy=f"https://127.0.0.1:{proxy.port}",
            timeout=1.0,
        )
    assert result.outcome is Outcome.TIMED_OUT


def test_an_origin_that_hangs_up_in_the_inner_handshake_is_an_outage(certificates: Certificates) -> None:
    with Server(close) as server, Server(tunnel, certificates.server()) as proxy:
        uri = server.uri().replace("http:", "https:").replace("/throttled", "/unthrottled")
        address = f"https://127.0.0.1:{proxy.port}"
        with Client(allow_hosts=[server.authority], tls=certificates.tls, proxy=address) as client:
            result = client.send(uri, TOAST)
    assert (result.outcome, result.action) == (Outcome.TLS_FAILED, Action.RETRY_LATER)


def test_an_origin_that_refuses_the_client_certificate_is_told(certificates: Certificates) -> None:
    stranger = trustme.CA()
    pem = stranger.issue_cert("sender.example").private_key_and_cert_chain_pem.bytes()
    strict = certificates.server(client_ca=certificates.authority)
    with (
        Server(accept_all, strict) as server,
        Server(tunnel, certificates.server()) as proxy,
        Client(
            allow_hosts=[server.authority],
            tls=certificates.tls,
            mpns_certificate=ClientCertificate.from_pem(pem),
            proxy=f"https://127.0.0.1:{proxy.port}",
        ) as client,
    ):
        result = client.send(server.uri(), TOAST)
    assert result.outcome is Outcome.TLS_FAILED
    assert "client certificate" in result.explanation


def test_many_at_once_go_through(certificates: Certificates) -> None:
    def accept_once_all_are_there(peer: Peer) -> None:
        eventually(lambda: server.connections >= 10)
        accept_all(peer)

    context = certificates.server()
    with Server(accept_once_all_are_there, context) as server, Server(tunnel, context) as proxy:
        address = f"https://127.0.0.1:{proxy.port}"
        with Client(allow_hosts=[server.authority], tls=certificates.tls, proxy=address, timeout=100) as client:
            results = list(client.send_many([(server.uri(str(n)), TOAST) for n in range(100)], concurrency=10))
    assert all(result.ok for result in results)
    # At least the ten at once, and far fewer than requests: on a busy machine, one that was cut off is replaced.
    assert 10 <= server.connections <= proxy.connections <= 20


def test_the_tokens_step_goes_through_too(certificates: Certificates) -> None:
    service = Service(certificates.server())
    with service.server, Server(tunnel, certificates.server()) as proxy:
        address = f"https://127.0.0.1:{proxy.port}"
        options: ClientOptions = {**service.options, "tls": certificates.tls, "proxy": address}
        with Client(**options) as client:
            assert client.send(service.uri(), WNS_TOAST).ok
    assert len(service.token_requests) == 1
    assert [request.split(b" ")[0] for request in proxy.requests] == [b"CONNECT"] * 2


def test_the_client_certificate_is_for_the_origin_and_never_shown_to_the_proxy(certificates: Certificates) -> None:
    mine = certificates.authority.issue_cert("sender.example")
    pem = mine.private_key_and_cert_chain_pem.bytes()
    shown: list[bool] = []

    def look(peer: Peer) -> None:
        shown.append(bool(peer.sock.getpeercert()))  # type: ignore[attr-defined]  # it has TLS
        tunnel(peer)

    asking = certificates.server(client_ca=certificates.authority)
    curious = certificates.server(client_ca=certificates.authority)
    curious.verify_mode = curious.verify_mode.CERT_OPTIONAL
    with (
        Server(accept_all, asking) as server,
        Server(look, curious) as proxy,
        Client(
            allow_hosts=[server.authority],
            tls=certificates.tls,
            mpns_certificate=ClientCertificate.from_pem(pem),
            proxy=f"https://127.0.0.1:{proxy.port}",
        ) as client,
    ):
        assert client.send(server.uri(), TOAST).ok
    assert shown == [False]


def close(peer: Peer) -> None:
    """After the handshake."""


@on_every_way
@pytest.mark.parametrize(
    ("behaviour", "said", "action"),
    [
        (answer(b"HTTP/1.1 407 No\r\n\r\n"), "asks for credentials", Action.STOP_AND_FIX),
        (answer(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "403", Action.STOP_AND_FIX),
        (answer(b"SSH-2.0-OpenSSH\r\n\r\n"), "did not answer in HTTP", Action.STOP_AND_FIX),
        (answer(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"), "502", Action.RETRY_LATER),
        (answer(b""), "closed the connection", Action.RETRY_LATER),
        (close, "closed the connection", Action.RETRY_LATER),
    ],
)
def test_a_proxy_that_does_not_open_the_tunnel_is_judged_as_an_http_one(
    path: Path, certificates: Certificates, behaviour: Any, said: str, action: Action
) -> None:
    with Server(behaviour, certificates.server()) as proxy:
        (result,) = path([(HTTPS, TOAST)], tls=certificates.tls, proxy=f"https://127.0.0.1:{proxy.port}")
    assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, action)
    assert said in result.explanation
    assert not result.may_have_arrived


@on_every_way
@pytest.mark.parametrize("uri", [HTTP, HTTPS])
def test_a_proxy_whose_certificate_is_not_trusted_is_to_be_fixed(path: Path, uri: str) -> None:
    with Server(tunnel, Certificates(trustme.CA()).server()) as proxy:
        (result,) = path([(uri, TOAST)], proxy=f"https://127.0.0.1:{proxy.port}")
    assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, Action.STOP_AND_FIX)
    assert f"certificate of the proxy https://127.0.0.1:{proxy.port}" in result.explanation


@pytest.mark.parametrize("uri", [HTTP, HTTPS])
def test_a_proxy_that_takes_plain_http_is_told_as_such(uri: str) -> None:
    proxy = Server(refuse_what_is_not_http)
    with proxy, Client(proxy=f"https://127.0.0.1:{proxy.port}") as client:
        result = client.send(uri, TOAST)
    assert result.outcome is Outcome.PROXY_FAILED
    assert "http://" in result.explanation


@pytest.mark.parametrize("uri", [HTTP, HTTPS])
@pytest.mark.parametrize("behaviour", [Peer.reset, close, internal_error], ids=["reset", "close", "alert"])
def test_a_proxy_that_hangs_up_in_the_handshake_is_an_outage(uri: str, behaviour: Any) -> None:
    with Server(behaviour) as proxy, Client(proxy=f"https://127.0.0.1:{proxy.port}") as client:
        result = client.send(uri, TOAST)
    assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, Action.RETRY_LATER)


def test_a_proxy_that_is_not_there_is_an_outage() -> None:
    with closed_port() as port, Client(proxy=f"https://127.0.0.1:{port}") as client:
        result = client.send(HTTPS, TOAST)
    assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, Action.RETRY_LATER)


@on_every_way
def test_an_origin_whose_certificate_is_not_trusted_is_told_apart_from_the_proxy(
    path: Path, certificates: Certificates
) -> None:
    other = Certificates(trustme.CA())
    with Server(accept_all, other.server()) as server, Server(tunnel, certificates.server()) as proxy:
        (result,) = path(
            [(server.uri(), TOAST)],
            allow_hosts=[server.authority],
            tls=certificates.tls,
            proxy=f"https://127.0.0.1:{proxy.port}",
        )
    assert result.outcome is Outcome.TLS_FAILED
    assert server.authority in result.explanation
