"""Messages for browsers: encrypted for each, signed once per push service, on every way to send."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.certificates import Certificates
from tests.client.service import Service, reply
from tests.client.ways import Sender, every_way, send_many, send_streamed
from tests.servers import Peer, Server
from tests.waiting import PATIENCE
from tests.webpush.browser import Browser
from winpush import Action, ChannelError, Client, ConfigurationError, Outcome, ValidationError, mpns, wns
from winpush.channels import AllowedHosts, parse_origin
from winpush.client.encoder import Destination
from winpush.client.message_encoder import MessageEncoder
from winpush.client.options import ClientOptions
from winpush.transport.route import Route
from winpush.webpush import Message, VapidKeys
from winpush.webpush.vapid import VapidToken, read_token

pytestmark = pytest.mark.usefixtures("no_leaks")

KEYS = VapidKeys.generate("mailto:ops@example.com")
FCM = "https://fcm.googleapis.com/fcm/send/x"


def take(peer: Peer) -> None:
    """A push service that accepts everything."""
    while peer.read_request() is not None:
        peer.send(reply(201, {"Location": "/m/1"}))


def options(server: Server, **more: Any) -> ClientOptions:
    made: dict[str, Any] = {"webpush": KEYS, "allow_hosts": [server.authority], "timeout": PATIENCE, **more}
    return made  # type: ignore[return-value]  # put together


def browsers(server: Server, number: int, scheme: str = "http") -> list[Browser]:
    return [Browser(f"{scheme}://{server.authority}/w/?token=B%2b{n}", server.authority) for n in range(number)]


def header(request: bytes, name: str) -> str:
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)[name]


@every_way
@pytest.mark.parametrize("reuse", [False, True])
def test_each_browser_reads_its_message_and_no_other(send: Sender, reuse: bool) -> None:
    with Server(take) as server:
        here = browsers(server, 20)
        pairs = [(each.subscription, Message(f"for {n}")) for n, each in enumerate(here)]
        results = send(pairs, options(server, webpush_reuse_keys=reuse))
        assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 20
        by_path = {request.split(b" ")[1].decode(): request for request in server.requests}
    for n, each in enumerate(here):
        request = by_path[f"/w/?token=B%2b{n}"]
        assert each.read(request) == f"for {n}".encode()
        assert read_token(header(request, "Authorization"), f"http://{server.authority}", datetime.now(UTC)) == (
            KEYS.public_key
        )
    assert len({header(request, "Authorization") for request in by_path.values()}) == 1
    senders = {request.partition(b"\r\n\r\n")[2][21:86] for request in by_path.values()}
    assert len(senders) == (1 if reuse else 20)


@pytest.mark.parametrize("reuse", [False, True])
def test_no_salt_is_used_twice(reuse: bool) -> None:
    with Server(take) as server:
        (browser,) = browsers(server, 1)
        with Client(**options(server, webpush_reuse_keys=reuse)) as client:
            assert all(client.send(browser.subscription, Message("x")).ok for _ in range(20))
        assert len({request.partition(b"\r\n\r\n")[2][:16] for request in server.requests}) == 20
        assert server.connections == 1


@every_way
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_ends_no_subscription(send: Sender, status: int) -> None:
    def lead(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(reply(status, {"Location": f"http://{other.authority}/w/?token=x"}))

    with Server(take) as other, Server(lead) as server:
        (browser,) = browsers(server, 1)
        hosts = [server.authority, other.authority]
        (result,) = send([(browser.subscription, Message("x"))], options(server, allow_hosts=hosts))
        assert other.requests == []
    assert not result.ok
    assert not result.should_delete_channel


def test_a_token_is_only_ever_seen_by_the_service_that_it_names() -> None:
    with Server(take) as one, Server(take) as two:
        here = [browsers(server, 1)[0] for server in (one, two, one)]
        with Client(**options(one, allow_hosts=[one.authority, two.authority])) as client:
            assert all(result.ok for result in client.send_many((each.subscription, Message("x")) for each in here))
        for server in (one, two):
            for request in server.requests:
                token = header(request, "Authorization")
                assert read_token(token, f"http://{server.authority}", datetime.now(UTC)) == KEYS.public_key


def test_it_goes_over_tls_too(certificates: Certificates) -> None:
    with Server(take, certificates.server()) as server:
        (browser,) = browsers(server, 1, "https")
        with Client(**options(server, tls=certificates.tls)) as client:
            assert client.send(browser.subscription, Message("x")).ok
        assert browser.read(server.requests[0]) == b"x"


def test_the_options_of_a_message_are_its_own() -> None:
    with Server(take) as server:
        (browser,) = browsers(server, 1)
        with Client(**options(server)) as client:
            client.send(browser.subscription, Message("a", topic="news"))
            client.send(browser.subscription, Message("b", ttl=timedelta(0)))
            client.send(browser.subscription, Message())
        first, second, empty = server.requests
    assert (header(first, "Topic"), header(first, "TTL")) == ("news", "2419200")
    assert header(second, "X-WNS-Cache-Policy") == "no-cache"
    assert b"Topic" not in second
    assert b"Content-Encoding" not in empty
    assert header(empty, "Content-Length") == "0"


def test_what_wns_alone_has_to_be_told_is_told_to_it_alone() -> None:
    """One message with a TTL of 0, and browsers of two families on one host of the user's own."""
    with Server(take) as server:
        paths = ["/wpush/v2/a", "/w/?token=b", "/fcm/send/c", "/w/?token=d"]
        subscriptions = [Browser(f"http://{server.authority}{path}", server.authority).subscription for path in paths]
        with Client(**options(server)) as client:
            message = Message("x", ttl=timedelta(0))
            assert all(r.ok for r in client.send_many([(each, message) for each in subscriptions], concurrency=1))
    told = {request.split(b" ")[1].decode(): b"X-WNS-Cache-Policy: no-cache" in request for request in server.requests}
    assert told == {path: path.startswith("/w/") for path in paths}


@every_way
def test_a_mixed_stream_gets_each_services_own_result(send: Sender) -> None:
    service = Service()

    def serve(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(reply(201, {}) if b" /w/" in request else service.notify(request))

    with service.server, Server(take) as push:
        (browser,) = browsers(push, 1)
        pairs = [
            (service.uri(), wns.Toast("x")),
            (browser.subscription, Message("x")),
            (service.uri(), wns.Toast("y")),
        ]
        hosts = [service.server.authority, push.authority]
        results = send(pairs, {**service.options, "allow_hosts": hosts, "webpush": KEYS})
    assert sorted(result.service.value for result in results if result.ok) == ["webpush", "wns", "wns"]


@pytest.mark.parametrize("send", [send_many, send_streamed])
def test_a_toast_for_a_browser_is_a_result_that_says_that_nothing_was_sent(send: Sender) -> None:
    with Server(take) as server:
        (browser,) = browsers(server, 1)
        pairs = [(browser.subscription, wns.Toast("x"), "toast"), (browser.subscription, Message("x"), "message")]
        results = {result.key: result for result in send(pairs, options(server))}
        assert len(server.requests) == 1
    toast = results["toast"]
    assert (toast.outcome, toast.action) == (Outcome.INVALID_NOTIFICATION, Action.STOP_AND_FIX)
    assert not toast.may_have_arrived
    assert "Nothing was sent" in toast.explanation
    assert results["message"].ok


def test_what_is_mixed_up_is_refused_before_anything_is_sent() -> None:
    with Server(take) as server:
        (browser,) = browsers(server, 1)
        mistakes: list[tuple[Any, Any, type[Exception], str]] = [
            (browser.subscription, wns.Toast("x"), ValidationError, "webpush.Message"),
            (browser.subscription, mpns.Toast("x"), ValidationError, "webpush.Message"),
            (browser.subscription.endpoint, Message("x"), ChannelError, r"Subscription\.of"),
            (browser.subscription.to_dict(), Message("x"), ChannelError, r"Subscription\.of"),
            (browser.subscription.to_dict(), wns.Toast("x"), ChannelError, "must be a string"),
            (
                f"http://{server.authority}/?token=AwY",
                Message("x"),
                ChannelError,
                "Windows app or a phone",
            ),
            (f"http://{server.authority}/u/1/db3/x", Message("x"), ChannelError, "Windows app or a phone"),
            (browser.subscription.endpoint, wns.Toast("x"), ChannelError, "browser's Web Push endpoint"),
            (browser.subscription.endpoint, mpns.Toast("x"), ChannelError, "browser's Web Push endpoint"),
            (FCM, mpns.Toast("x"), ChannelError, "browser's Web Push endpoint"),
            (FCM, wns.ClearToasts(everything=True), ChannelError, "browser's Web Push endpoint"),
        ]
        login = wns.EntraCredentials("t.example", "00000000-0000-0000-0000-000000000001", "secret")
        with Client(**options(server, wns=login)) as client:
            for address, notification, kind, words in mistakes:
                with pytest.raises(kind, match=words):
                    client.send(address, notification)
        assert server.requests == []


def test_without_keys_the_client_says_how_to_give_them() -> None:
    with Server(take) as server, Client(allow_hosts=[server.authority]) as client:
        (browser,) = browsers(server, 1)
        with pytest.raises(ConfigurationError, match="VapidKeys"):
            client.send(browser.subscription, Message("x"))
    with pytest.raises(ConfigurationError, match="VapidKeys"):
        Client(webpush="key")  # type: ignore[arg-type]  # on purpose


def test_a_subscription_is_checked_against_the_clients_own_hosts() -> None:
    with Server(take) as server, Client(webpush=KEYS) as client:
        (browser,) = browsers(server, 1)
        with pytest.raises(ChannelError, match="allow_hosts"):
            client.send(browser.subscription, Message("x"))


@every_way
def test_a_refusal_carries_the_reason_that_the_service_gave(send: Sender) -> None:
    said = "JWT Authentication Failed, unable to validate token signature"
    answer = reply(401, {"X-WNS-Error-Description": said, "X-WNS-Msg-ID": "4C0"})

    def refuse(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(answer)

    with Server(refuse) as server:
        (browser,) = browsers(server, 1)
        (result,) = send([(browser.subscription, Message("x"))], options(server))
    assert (result.outcome, result.message_id) == (Outcome.UNAUTHORIZED, "4C0")
    assert not result.should_delete_channel
    assert said in result.explanation
    assert "clock" in (result.diagnosis or "")


# --- one token for each push service --------------------------------------------------------------------------------


class Signing:
    """Keys that count their signatures, and how many for one origin at a time."""

    def __init__(self) -> None:
        self.public_key = KEYS.public_key
        self.signed: list[str] = []
        self._lock = threading.Lock()

    def sign(self, origin: Any, now: datetime) -> VapidToken:
        with self._lock:
            self.signed.append(str(origin))
        return KEYS.sign(origin, now)


def test_1000_sends_to_20_services_with_a_key_about_to_end_sign_once_for_each() -> None:
    origins = [parse_origin(f"https://h{n}.notify.windows.com", AllowedHosts()) for n in range(20)]
    destinations = [Destination(origin, Route(origin, None, None)) for origin in origins]
    here = [Browser(f"{origin}/w/?token=x", "unused.test").subscription for origin in origins]
    keys = Signing()
    now = [datetime(2026, 7, 1, tzinfo=UTC)]
    encoder = MessageEncoder(keys, now=lambda: now[0])  # type: ignore[arg-type]  # counts

    def write(number: int) -> None:
        encoder.encode(destinations[number % 20], here[number % 20], Message())

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(write, range(1000)))
        assert sorted(keys.signed) == sorted(map(str, origins))
        now[0] += timedelta(hours=11, minutes=51)
        list(threads.map(write, range(1000)))
    assert sorted(keys.signed) == sorted([*map(str, origins)] * 2)


def test_1000_sends_in_whose_midst_the_tokens_end_sign_once_more_for_each_service() -> None:
    origins = [parse_origin(f"https://h{n}.notify.windows.com", AllowedHosts()) for n in range(20)]
    destinations = [Destination(origin, Route(origin, None, None)) for origin in origins]
    here = [Browser(f"{origin}/w/?token=x", "unused.test").subscription for origin in origins]
    keys, now = Signing(), [datetime(2026, 7, 1, tzinfo=UTC)]
    encoder = MessageEncoder(keys, now=lambda: now[0])  # type: ignore[arg-type]  # counts

    def write(number: int) -> bytes:
        if number == 500:
            now[0] += timedelta(hours=11, minutes=51)
        return encoder.encode(destinations[number % 20], here[number % 20], Message(b"x" * (number % 3)))

    with ThreadPoolExecutor(16) as threads:
        written = list(threads.map(write, range(1000)))
    assert sorted(keys.signed) == sorted([*map(str, origins)] * 2)
    assert len({header(request, "Authorization") for request in written}) == 40
    for number, request in enumerate(written):
        assert header(request, "Host") == origins[number % 20].host


def test_a_throttled_push_service_is_left_alone_and_the_others_are_not() -> None:
    def throttle(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(reply(406, {"Retry-After": "900", "X-WNS-Status": "appthrottled"}))

    with Server(throttle) as busy, Server(take) as free:
        first, second = browsers(busy, 2)
        (other,) = browsers(free, 1)
        hosts = [busy.authority, free.authority]
        with Client(**options(busy, allow_hosts=hosts, when_throttled="tell")) as client:
            told = [client.send(each.subscription, Message("x")) for each in (first, second, other)]
        assert len(busy.requests) == 1
    assert [each.outcome for each in told] == [Outcome.THROTTLED, Outcome.THROTTLED, Outcome.ACCEPTED]
    assert told[1].retry_after is not None
    assert not any(each.should_delete_channel for each in told)


def test_a_message_that_waited_for_a_throttle_is_sent_to_its_browser() -> None:
    answers = [reply(429, {"Retry-After": "1"})]

    def throttle_once(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(answers.pop() if answers else reply(201, {}))

    with Server(throttle_once) as server:
        (browser,) = browsers(server, 1)
        with Client(**options(server)) as client:
            assert client.send(browser.subscription, Message("first")).outcome is Outcome.THROTTLED
            assert client.send(browser.subscription, Message("second")).ok
        assert browser.read(server.requests[1]) == b"second"
