"""SOCKS5 proxies on every way to send: names or addresses, logins, refusals and outages, and the token's step."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.certificates import Certificates
from tests.client.service import TOAST as WNS_TOAST
from tests.client.service import Service
from tests.paths import PATHS
from tests.servers import Peer, Server, accept_all, closed_port
from tests.transport.proxies import IPV4, NAME, Socks, read, refuse_what_is_not_http
from tests.waiting import PATIENCE
from winpush import Action, Client, ConfigurationError, Outcome, Result, mpns
from winpush.client.options import ClientOptions
from winpush.transport.proxy import Proxy

TOAST = mpns.Toast("a")
REAL = "https://db3.notify.live.net/unthrottledthirdparty/01.00/AAFRQ?x=1"
Path = Callable[..., list[Result]]

pytestmark = pytest.mark.usefixtures("no_leaks")
on_every_way = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)


@on_every_way
def test_http_and_https_go_through_with_the_login(path: Path, certificates: Certificates) -> None:
    socks = Socks(login=(b"ada", b"s@crt"))
    with Server() as plain, Server(accept_all, certificates.server()) as secure, Server(socks) as proxy:
        results = path(
            [(server.uri(channel), TOAST) for server in (plain, secure) for channel in ("1", "2")],
            allow_hosts=[plain.authority, secure.authority],
            tls=certificates.tls,
            proxy=f"socks5://ada:s%40crt@127.0.0.1:{proxy.port}",
        )
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 4
    assert socks.asked == [(IPV4, "127.0.0.1", plain.port), (IPV4, "127.0.0.1", secure.port)]
    assert set(socks.logins) == {(b"ada", b"s@crt")}
    assert plain.requests[0].startswith(b"POST /throttledthirdparty/")


@on_every_way
def test_socks5h_leaves_the_name_to_the_proxy(path: Path) -> None:
    socks = Socks(resolve=lambda _: "127.0.0.1")
    with Server() as server, Server(socks) as proxy:
        name = f"push.example:{server.port}"
        uri = server.uri().replace(server.authority, name)
        (result,) = path([(uri, TOAST)], allow_hosts=[name], proxy=f"socks5h://127.0.0.1:{proxy.port}")
    assert result.ok
    assert socks.asked == [(NAME, "push.example", server.port)]


def test_socks5_resolves_the_name_here() -> None:
    socks = Socks()
    with Server() as server, Server(socks) as proxy:
        name = f"localhost:{server.port}"
        uri = server.uri().replace(server.authority, name)
        with Client(allow_hosts=[name], proxy=f"socks5://127.0.0.1:{proxy.port}") as client:
            client.send(uri, TOAST)
    assert socks.asked[0][1] in ("127.0.0.1", "::1")


def test_a_name_that_socks5_cannot_resolve_here_is_told_with_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Server(Socks()) as proxy,
        Client(proxy=f"socks5://127.0.0.1:{proxy.port}", allow_hosts=["x.invalid"]) as client,
    ):
        result = client.send("http://x.invalid/throttledthirdparty/01.00/a", TOAST)
    assert result.outcome is Outcome.DNS_FAILED
    assert "x.invalid" in result.explanation
    assert "socks5h://" in result.explanation


@on_every_way
def test_a_way_through_socks_that_is_reset_is_not_told_as_a_proxy_that_can_not_be_reached(path: Path) -> None:
    with Server(Peer.reset) as server, Server(Socks()) as proxy:
        uri = server.uri().replace("http:", "https:")
        (result,) = path([(uri, TOAST)], allow_hosts=[server.authority], proxy=f"socks5://127.0.0.1:{proxy.port}")
    assert result.action is Action.RETRY_LATER
    assert "reached" not in result.explanation


def hang_up(peer: Peer) -> None:
    read(peer, 2)


def hang_up_at_the_login(peer: Peer) -> None:
    read(peer, 3)
    peer.send(b"\x05\x00")


def reset(peer: Peer) -> None:
    read(peer, 3)
    peer.reset()


@on_every_way
@pytest.mark.parametrize(
    ("behaviour", "said", "action"),
    [
        (Socks(login=(b"ada", b"x")), "No acceptable authentication", Action.STOP_AND_FIX),
        (Socks(reply=2), "not allowed", Action.STOP_AND_FIX),
        (Socks(reply=8), "Address type not supported", Action.STOP_AND_FIX),
        (refuse_what_is_not_http, "version", Action.STOP_AND_FIX),
        (Socks(reply=1), "General SOCKS server failure", Action.RETRY_LATER),
        (Socks(reply=4), "Host unreachable", Action.RETRY_LATER),
        (Socks(reply=5), "refused", Action.RETRY_LATER),
        (hang_up, "closed the connection", Action.RETRY_LATER),
        (hang_up_at_the_login, "closed the connection", Action.RETRY_LATER),
        (reset, "closed the connection", Action.RETRY_LATER),
    ],
)
def test_what_a_proxy_refuses_is_to_be_fixed_and_what_passes_by_itself_to_be_retried(
    path: Path, behaviour: Any, said: str, action: Action
) -> None:
    with Server(behaviour) as proxy:
        (result,) = path([(REAL, TOAST)], proxy=f"socks5h://127.0.0.1:{proxy.port}")
    assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, action)
    assert said in result.explanation
    assert f"127.0.0.1:{proxy.port}" in result.explanation
    assert not result.may_have_arrived


def test_a_wrong_login_is_told() -> None:
    proxy = Server(Socks(login=(b"ada", b"right")))
    with proxy, Client(proxy=f"socks5h://ada:wrong@127.0.0.1:{proxy.port}") as client:
        result = client.send(REAL, TOAST)
    assert result.action is Action.STOP_AND_FIX
    assert "authentication failure" in result.explanation
    assert "wrong" not in result.explanation


def test_a_proxy_that_is_not_there_is_an_outage() -> None:
    with closed_port() as port, Client(proxy=f"socks5://127.0.0.1:{port}") as client:
        result = client.send(REAL, TOAST)
    assert (result.outcome, result.action) == (Outcome.PROXY_FAILED, Action.RETRY_LATER)


def test_the_tokens_step_goes_through_too(certificates: Certificates) -> None:
    service, socks = Service(certificates.server()), Socks()
    with service.server, Server(socks) as proxy:
        address = f"socks5://127.0.0.1:{proxy.port}"
        options: ClientOptions = {**service.options, "tls": certificates.tls, "proxy": address}
        with Client(**options) as client:
            assert client.send(service.uri(), WNS_TOAST).ok
    assert len(service.token_requests) == 1
    assert socks.asked == [(IPV4, "127.0.0.1", service.server.port)] * 2


def test_all_proxy_counts_for_what_the_others_leave_out(monkeypatch: pytest.MonkeyPatch) -> None:
    socks = Socks(resolve=lambda _: "127.0.0.1")
    with Server() as server, Server(socks) as proxy:
        elsewhere = f"push.example:{server.port}"
        uri = server.uri().replace(server.authority, elsewhere)
        for name in ("ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"socks5h://127.0.0.1:{proxy.port}")
            with Client(allow_hosts=[elsewhere], proxy_from_environment=True, timeout=PATIENCE) as client:
                assert client.send(uri, TOAST).ok
            monkeypatch.delenv(name)
    assert len(socks.asked) == 2


@pytest.mark.parametrize("login", ["ada@", ":x@", "%C3%A4da:x@", f"{'a' * 256}:x@"])
def test_a_login_that_socks_cannot_carry_is_refused_and_not_repeated(login: str) -> None:
    with pytest.raises(ConfigurationError, match="1 to 255 ASCII") as caught:
        Client(proxy=f"socks5://{login}proxy.example")
    assert "ada" not in str(caught.value)


def test_the_login_is_never_shown() -> None:
    proxy = Proxy.parse("socks5h://ada:secret@proxy.example")
    assert "secret" not in f"{proxy!r} {proxy}"
    assert str(proxy) == "socks5h://proxy.example:1080"


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(ConfigurationError, match=r'pip install "winpush\[socks\]"'):
        Client(proxy="socks5://proxy.example")
