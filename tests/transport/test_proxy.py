"""Proxies: absolute form for http, CONNECT for https, credentials, refusals, and the environment."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable

import pytest

from tests.certificates import Certificates
from tests.client.service import TOAST as WNS_TOAST
from tests.client.service import Service
from tests.paths import PATHS
from tests.servers import ACCEPTED, Behaviour, Peer, Server, accept_all, closed_port
from tests.transport.proxies import answer, tunnel
from winpush import Action, Client, ConfigurationError, Outcome, Result, mpns, wns
from winpush.channels import AllowedHosts, parse_origin
from winpush.client.options import ClientOptions
from winpush.errors import ProxyError
from winpush.transport import connect
from winpush.transport.proxy import Proxies, Proxy, read_connect_answer

TOAST = mpns.Toast("a")
REAL = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQ?x=1"
Path = Callable[..., list[Result]]

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_http_goes_through_in_absolute_form_with_the_query_and_the_credentials(path: Path) -> None:
    with Server() as proxy:
        results = path([(REAL, TOAST), (REAL, TOAST)], proxy=f"http://ada:s%40crt@127.0.0.1:{proxy.port}")
        assert all(result.ok for result in results)
        assert proxy.connections == 1
    head = proxy.requests[0].split(b"\r\n")
    assert head[0] == f"POST {REAL} HTTP/1.1".encode()
    assert b"Host: db3.notify.live.net" in head
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"ada:s@crt") in head


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_https_goes_through_a_tunnel_and_the_proxy_sees_nothing(path: Path, certificates: Certificates) -> None:
    with Server(accept_all, certificates.server()) as server, Server(tunnel) as proxy:
        results = path(
            [(server.uri("1"), TOAST), (server.uri("2"), TOAST)],
            allow_hosts=[server.authority],
            tls=certificates.tls,
            proxy=f"http://ada:secret@127.0.0.1:{proxy.port}",
        )
        assert all(result.ok for result in results)
        assert proxy.connections == 1
    (seen,) = proxy.requests
    assert seen.startswith(f"CONNECT {server.authority} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic" in seen
    assert all(b"Proxy-Authorization" not in request for request in server.requests)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "asks for credentials"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "502"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nsurprise", "bytes of its own"),
        (b"x" * 70_000, "head that doesn't end"),
        (b"HTTP/1.1 200", "closed the connection"),
        (b"", "closed the connection"),
    ],
)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_a_proxy_that_will_not_open_the_tunnel_says_why(path: Path, data: bytes, said: str) -> None:
    with Server(answer(data)) as proxy:
        uri = REAL.replace("http:", "https:")
        (result,) = path([(uri, TOAST)], proxy=f"http://127.0.0.1:{proxy.port}")
    assert result.outcome is Outcome.PROXY_FAILED
    assert said in result.explanation
    assert not result.may_have_arrived


def reset_after(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)
        peer.reset()

    return behave


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_a_tunnel_that_is_reset_is_not_told_as_a_proxy_that_can_not_be_reached(path: Path) -> None:
    with Server(reset_after(OPEN)) as proxy:
        uri = REAL.replace("http:", "https:")
        (result,) = path([(uri, TOAST)], proxy=f"http://127.0.0.1:{proxy.port}")
    assert result.action is Action.RETRY_LATER
    assert "closed" in result.explanation
    assert "reached" not in result.explanation
    assert not result.may_have_arrived


OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
PROXY = Proxy("proxy.example", 8080)


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3]
)
def test_what_comes_before_the_proxys_answer_is_passed_over(first: bytes) -> None:
    """RFC 9110, 15.2: any number of interim answers."""
    assert read_connect_answer(first + OPEN, PROXY)
    for size in range(len(first + OPEN)):
        assert not read_connect_answer((first + OPEN)[:size], PROXY)
    with pytest.raises(ProxyError, match="407"):
        read_connect_answer(first + b"HTTP/1.1 407 No\r\n\r\n", PROXY)
    with pytest.raises(ProxyError, match="bytes of its own"):
        read_connect_answer(first + OPEN + b"x", PROXY)


def test_a_proxy_whose_interim_answers_never_end_is_given_up() -> None:
    with pytest.raises(ProxyError, match="doesn't end"):
        read_connect_answer(b"HTTP/1.1 100 Continue\r\n\r\n" * 4000, PROXY)


def test_a_proxy_that_changes_the_protocol_has_opened_no_tunnel() -> None:
    with pytest.raises(ProxyError, match="101"):
        read_connect_answer(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", PROXY)


@pytest.mark.parametrize(
    ("status", "is_outage"), [(302, True), (408, True), (429, True), (502, True), (403, False), (400, False)]
)
def test_a_proxy_that_was_slow_or_asked_too_much_is_tried_again(status: int, is_outage: bool) -> None:
    with pytest.raises(ProxyError) as caught:
        read_connect_answer(b"HTTP/1.1 %d No\r\n\r\n" % status, PROXY)
    assert caught.value.is_outage is is_outage


CHALLENGES = [
    (b"NTLM", "takes only NTLM as a login"),
    (b"Negotiate\r\nProxy-Authenticate: NTLM", "takes only Negotiate and NTLM as a login"),
    (b"Negotiate, NTLM", "takes only Negotiate and NTLM as a login"),
    (b'Digest realm="a, Basic b", qop="auth,auth-int", nonce="x"', "takes only Digest as a login"),
    (b'NTLM, Basic realm="a"', "did not accept the credentials"),
    (b"basic realm=x", "did not accept the credentials"),
    (b"", "did not accept the credentials"),
]


@pytest.mark.parametrize(("challenge", "said"), CHALLENGES)
@pytest.mark.parametrize("uri", [REAL, REAL.replace("http:", "https:")], ids=["http", "https"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_a_proxy_that_takes_no_basic_login_is_named_with_what_it_takes(
    path: Path, uri: str, challenge: bytes, said: str
) -> None:
    refusal = b"HTTP/1.1 407 No\r\nProxy-Authenticate: " + challenge + b"\r\nContent-Length: 0\r\n\r\n"
    with Server(answer(refusal)) as proxy:
        (result,) = path([(uri, TOAST)], proxy=f"http://ada:secret@127.0.0.1:{proxy.port}")
    assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, Action.STOP_AND_FIX)
    assert f"127.0.0.1:{proxy.port} {said}" in result.explanation
    assert not result.may_have_arrived


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_a_login_that_the_proxy_refuses_is_told_of_a_forwarded_token_request_too(path: Path) -> None:
    service = Service()
    with service.server, Server(answer(b"HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n")) as proxy:
        options: ClientOptions = {**service.options, "proxy": f"http://127.0.0.1:{proxy.port}"}
        (result,) = path([(service.uri(), WNS_TOAST)], **options)
    assert result.outcome is Outcome.PROXY_FAILED
    assert "takes only NTLM" in result.explanation


@pytest.mark.parametrize("uri", [REAL, REAL.replace("http:", "https:")])
def test_a_proxy_that_is_not_there_is_told_apart(uri: str) -> None:
    with closed_port() as port, Client(proxy=f"http://127.0.0.1:{port}") as client:
        result = client.send(uri, TOAST)
    assert result.outcome is Outcome.PROXY_FAILED
    assert f"127.0.0.1:{port}" in result.explanation


@pytest.mark.parametrize("scheme", ["http", "https", "socks5h"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_a_proxy_whose_name_does_not_resolve_is_told_apart(
    path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_address(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(connect, "resolve", no_address)
    if scheme == "socks5h":
        pytest.importorskip("python_socks", reason="the extra winpush[socks] is not installed")
    service = Service()
    with service.server:
        options: ClientOptions = {**service.options, "proxy": f"{scheme}://ada:secret@nosuch.invalid:8080"}
        results = [*path([(service.uri(), WNS_TOAST)], **options), *path([(REAL, TOAST)], **options)]
    for result in results:
        assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, Action.RETRY_LATER)
        assert "nosuch.invalid:8080 can't be reached: its name can't be resolved" in result.explanation
        assert "secret" not in result.explanation


def test_a_proxy_whose_name_is_none_is_to_be_fixed() -> None:
    with Client(proxy=f"http://{'a' * 64}.example:8080") as client:
        result = client.send(REAL, TOAST)
    assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, Action.STOP_AND_FIX)


def test_the_environment_counts_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = "http://push.invalid/throttledthirdparty/01.00/AAFRQ"
    with Server() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        with Client(allow_hosts=["push.invalid"]) as client:
            assert client.send(elsewhere, TOAST).outcome is Outcome.DNS_FAILED
        assert not proxy.requests
        with Client(allow_hosts=["push.invalid"], proxy_from_environment=True) as client:
            assert client.send(elsewhere, TOAST).ok
        assert len(proxy.requests) == 1
        monkeypatch.setenv("NO_PROXY", "example.org,push.invalid")
        with Client(allow_hosts=["push.invalid"], proxy_from_environment=True) as client:
            assert client.send(elsewhere, TOAST).outcome is Outcome.DNS_FAILED
        assert len(proxy.requests) == 1


def test_the_environments_proxy_is_not_for_this_machine_and_a_given_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as proxy, Server() as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.authority}")
        with Client(allow_hosts=[server.authority], proxy_from_environment=True) as client:
            assert client.send(server.uri(), TOAST).ok
        assert (len(proxy.requests), len(server.requests)) == (0, 1)
        with Client(allow_hosts=[server.authority], proxy=f"http://{proxy.authority}") as client:
            assert client.send(server.uri(), TOAST).ok
        assert (len(proxy.requests), len(server.requests)) == (1, 1)


def test_each_origin_has_its_own_way_a_login_beside_a_channel_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local channel is reached directly, and its remote token server through the environment's proxy."""
    service = Service()
    with service.server, Server(answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.authority}")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        options: ClientOptions = {**service.options, "wns": wns.EntraCredentials("contoso.example", "client", "secret")}
        options["proxy_from_environment"] = True
        with Client(**options) as client:
            assert client.send(service.uri(), WNS_TOAST).outcome is Outcome.PROXY_FAILED
    assert proxy.requests[0].startswith(b"CONNECT login.microsoftonline.com:443 ")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.8.9.10", "[::1]"])
def test_every_name_of_this_machine_is_reached_directly(scheme: str, host: str) -> None:
    proxies = Proxies.of(None, {"ALL_PROXY": "http://proxy.example", "NO_PROXY": "x.example"})
    authority = f"{host}:8080"
    assert proxies.choose(parse_origin(f"{scheme}://{authority}", AllowedHosts.of([authority]))) is None


@pytest.mark.parametrize("host", ["128.0.0.1", "notlocalhost", "localhost.example", "[::2]"])
def test_other_names_are_not_this_machine(host: str) -> None:
    proxies = Proxies.of(None, {"ALL_PROXY": "http://proxy.example"})
    assert proxies.choose(parse_origin(f"http://{host}:8080", AllowedHosts.of([f"{host}:8080"]))) == proxies.http


def test_all_proxy_is_for_what_the_others_leave_out() -> None:
    environment = {"ALL_PROXY": "http://upper", "all_proxy": "https://lower", "HTTPS_PROXY": "http://https"}
    proxies = Proxies.of(None, {**environment, "NO_PROXY": "db4.notify.live.net"})
    assert proxies.http == Proxy("lower", 443, scheme="https")
    assert proxies.https == Proxy("https", 8080)
    assert proxies.choose(parse_origin("http://db4.notify.live.net", AllowedHosts())) is None


@pytest.mark.parametrize(
    ("bypass", "bypassed"),
    [
        ("*", True),
        ("notify.live.net", True),
        (".notify.live.net", True),
        ("*.notify.live.net", True),
        ("db3.notify.live.net", True),
        ("db3.notify.live.net:80", True),
        ("db3.notify.live.net:443", False),
        ("otify.live.net", False),
        ("example.org", False),
        ("10.0.0.0/8", False),
    ],
)
def test_no_proxy_names_hosts_and_their_sub_domains(bypass: str, bypassed: bool) -> None:
    proxies = Proxies.of(None, {"HTTP_PROXY": "proxy.example:3128", "no_proxy": f" x.example, {bypass}"})
    origin = parse_origin("http://db3.notify.live.net", AllowedHosts())
    assert (proxies.choose(origin) is None) is bypassed


def test_no_proxy_takes_networks() -> None:
    proxies = Proxies.of(None, {"http_proxy": "http://proxy.example", "NO_PROXY": "10.0.0.0/8"})
    origin = parse_origin("http://10.1.2.3", AllowedHosts.of(["10.1.2.3"]))
    assert proxies.choose(origin) is None


@pytest.mark.parametrize(
    "url",
    ["", "http://", "socks4://proxy:1", "socks://proxy", "http://proxy:port", "https://proxy/x", "http://proxy/?x"],
)
def test_a_proxy_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy"):
        Client(proxy=url)


def test_a_proxys_password_that_is_not_utf8_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigurationError, match="aren't UTF-8") as caught:
        Client(proxy="http://ada:secr\udce9t@proxy.example:3128")
    assert "secr" not in str(caught.value)


def test_a_proxys_credentials_are_never_shown() -> None:
    proxy = Proxy.parse("http://ada:secret@proxy.example:3128")
    assert "secret" not in f"{proxy!r} {proxy}"
    assert base64.b64encode(b"ada:secret").decode() not in repr(proxy)
    assert str(proxy) == "proxy.example:3128"


def test_an_answer_to_a_forwarded_request_is_the_services_own() -> None:
    with Server(answer(ACCEPTED)) as proxy, Client(proxy=f"http://127.0.0.1:{proxy.port}") as client:
        assert client.send(REAL, TOAST).outcome is Outcome.ACCEPTED
