"""Several apps in one client: each send carries the token of its channel's app, and nothing of another app's."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.client.service import TOAST, Service, reply
from tests.client.ways import Sender, every_way, send_many, send_streamed
from tests.paths import PATHS
from tests.servers import ACCEPTED
from tests.waiting import PATIENCE
from winpush import (
    AppError,
    AsyncClient,
    Client,
    ConfigurationError,
    Outcome,
    Result,
    TokenFile,
    ValidationError,
    mpns,
    wns,
)
from winpush.channels import Channel
from winpush.channels import Service as Owner
from winpush.client.encoder import Encoder
from winpush.client.options import ClientOptions, Settings
from winpush.client.sender import Sender as OneSender
from winpush.client.throttle import Throttle
from winpush.client.token_store import InTurn
from winpush.http import Response
from winpush.transport.pool import Pool

pytestmark = pytest.mark.usefixtures("no_leaks")
APPS = ("app-a", "app-b")
UWP = "s-1-15-2-1"


class Store(Service):
    """A Service with several apps: the client id names the app that a token is of, and the URI that of a channel."""

    def __init__(self) -> None:
        super().__init__()
        self.good: dict[str, set[str]] = {app: set() for app in (*APPS, UWP)}

    def take_token(self, request: bytes) -> bytes:
        self.token_requests.append(request)
        (client_id,) = parse_qs(request.partition(b"\r\n\r\n")[2].decode())["client_id"]
        app = client_id.removeprefix("ms-app://")
        token = f"{app}.{len(self.token_requests)}"
        self.good[app].add(token)
        return reply(200, {}, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 999}).encode())

    def notify(self, request: bytes) -> bytes:
        self.sends.append(request)
        if b"/?token=" not in request:
            return ACCEPTED
        token = request.partition(b"Bearer ")[2].partition(b"\r\n")[0].decode()
        app = token.partition(".")[0]
        if token not in self.good.get(app, ()):
            return reply(401, {})
        return self.answer(request) if f"token={app}-channel".encode() in request else reply(403, {})

    def channel(self, app: str, number: object = 0) -> str:
        return self.uri(f"{app}-channel-{number}")

    def login(self, app: str) -> wns.EntraCredentials:
        return wns.EntraCredentials("t", app, "secret", f"{self.scheme}://{self.server.authority}")

    @property
    def options(self) -> ClientOptions:
        logins = {app: self.login(app) for app in APPS}
        return {"wns": logins, "allow_hosts": [self.server.authority], "timeout": PATIENCE}


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    with made.server:
        yield made


@every_way
def test_each_channel_is_sent_to_with_the_token_of_its_app(send: Sender, store: Store) -> None:
    apps = [APPS[number % 2] for number in range(60)]  # alternating, to one host: nothing kept may be the other's
    results = send([(store.channel(app, n), TOAST, n, app) for n, app in enumerate(apps)], store.options)
    assert Counter(result.outcome for result in results) == {Outcome.ACCEPTED: 60}
    assert len(store.token_requests) == 2


@every_way
def test_a_token_of_another_app_is_forbidden_and_deletes_nothing(send: Sender, store: Store) -> None:
    (result,) = send([(store.channel("app-a"), TOAST, None, "app-b")], store.options)
    assert result.outcome is Outcome.FORBIDDEN
    assert not result.should_delete_channel


@every_way
def test_a_refused_token_is_renewed_for_its_app_alone(send: Sender, store: Store) -> None:

    pairs = [(store.channel(app, n), TOAST, n, app) for n in range(10) for app in APPS]
    answer = store.take_token

    def expired_at_first(request: bytes) -> bytes:
        made = answer(request)
        if len(store.token_requests) == 1:
            store.good = {app: set() for app in store.good}
        return made

    store.take_token = expired_at_first  # type: ignore[method-assign]  # the first token is refused
    results = send(pairs, store.options)
    assert Counter(result.outcome for result in results) == {Outcome.ACCEPTED: 20}
    assert len(store.token_requests) == 3


def test_a_package_sid_and_its_entra_successor_are_sent_for_side_by_side(store: Store) -> None:
    uwp = wns.PackageCredentials(f"ms-app://{UWP}", "secret", f"http://{store.server.authority}/token")
    with Client(wns={"old app": uwp, "app-b": store.login("app-b")}, allow_hosts=[store.server.authority]) as client:
        assert client.send(store.channel(UWP), TOAST, app="old app").ok
        assert client.send(store.channel("app-b"), TOAST, app="app-b").ok
        assert client.send(store.channel(UWP), TOAST, app="app-b").outcome is Outcome.FORBIDDEN


def throttled(seconds: int) -> bytes:
    return reply(406, {"X-WNS-Status": "dropped", "Retry-After": str(seconds)})


@pytest.mark.parametrize("path", PATHS)
def test_a_throttled_app_holds_no_other(path: Any, store: Store) -> None:
    received = reply(200, {"X-WNS-Status": "received"})
    store.answer = lambda request: throttled(600) if b"app-a-channel" in request else received
    apps = ["app-a", "app-b", "app-a", "app-b"]
    pairs = [(store.channel(app, n), TOAST, n, app) for n, app in enumerate(apps)]
    results = sorted(path(pairs, **store.options, when_throttled="tell"), key=lambda each: each.channel.target[-1])
    outcomes = [result.outcome for result in results]
    assert outcomes == [Outcome.THROTTLED, Outcome.ACCEPTED, Outcome.THROTTLED, Outcome.ACCEPTED]
    assert len(store.sends) == 3


def test_the_hold_of_an_app_that_sends_no_more_ends_with_it() -> None:
    now = 0.0
    throttle = Throttle(lambda: now)
    channel = Channel.parse("https://db5.notify.windows.com/?token=a")
    answer = Response(406, ((b"x-wns-status", b"dropped"),))
    verdict, _ = wns.judge(answer, datetime.now(UTC))
    throttle.note(Result(channel, TOAST, verdict, wns.HEADERS, answer, retry_after=timedelta(minutes=1)), "app-a")
    assert throttle.find(channel, Owner.WNS, "app-a") is not None
    assert throttle.find(channel, Owner.WNS, "app-b") is None
    now = 61.0
    assert throttle.find(channel, Owner.WNS, "app-b") is None
    assert [throttle.any] == [False]


@pytest.mark.parametrize(
    ("app", "problem"),
    [(None, r"is missing.*'app-a', 'app-b'"), ("app-c", r"is 'app-c'.*no credentials.*'app-a', 'app-b'")],
)
def test_an_app_that_is_missing_or_unknown_is_an_error_that_names_the_known_ones(
    app: str | None, problem: str, store: Store
) -> None:
    async def main() -> None:
        async with AsyncClient(**store.options) as client:
            with pytest.raises(AppError, match=problem):
                await client.send(store.channel("app-a"), TOAST, app=app)

    asyncio.run(main())
    with Client(**store.options) as client, pytest.raises(AppError, match=problem):
        client.send(store.channel("app-a"), TOAST, app=app)


@pytest.mark.parametrize("send", [send_many, send_streamed])
@pytest.mark.parametrize("app", [None, "app-c"])
def test_an_unknown_app_is_a_result_of_one_of_many_and_stops_nothing(
    send: Sender, app: str | None, store: Store
) -> None:
    pairs = [(store.channel("app-a", 1), TOAST, 1, app), (store.channel("app-a", 2), TOAST, 2, "app-a")]
    outcomes = {result.key: result.outcome for result in send(pairs, store.options)}
    assert outcomes == {1: Outcome.UNKNOWN_APP, 2: Outcome.ACCEPTED}


def test_a_result_of_an_unknown_app_says_what_to_do_and_keeps_the_channel(store: Store) -> None:
    with Client(**store.options) as client:
        (result,) = client.send_many([(store.channel("app-a"), TOAST, None, "app-c")])
    assert "'app-a', 'app-b'" in result.explanation
    assert "Nothing was sent" in result.explanation
    assert not result.should_delete_channel
    assert not result.may_have_arrived


def test_naming_an_app_where_there_is_one_without_a_name_says_what_to_do(service: Service) -> None:
    with (
        Client(**service.options) as client,
        pytest.raises(AppError, match=r"leave out the app.*wns=\{'app-a': credentials\}"),
    ):
        client.send(service.uri(), TOAST, app="app-a")


@every_way
def test_mpns_has_no_apps_so_none_need_be_named(send: Sender, store: Store) -> None:
    uri = f"http://{store.server.authority}/throttledthirdparty/01.00/a"
    results = send([(uri, mpns.Toast("a")), (uri, mpns.Toast("a"), 1, "app-c")], store.options)
    assert [result.ok for result in results] == [True, True]
    assert not store.token_requests


@pytest.mark.parametrize("item", [("uri", TOAST, 1, 7), ("uri", TOAST, 1, "app-a", 2), ("uri",)])
def test_an_item_of_another_shape_is_refused(item: Any, store: Store) -> None:
    with Client(**store.options) as client, pytest.raises(ValidationError, match="pairs"):
        list(client.send_many([item]))


@pytest.mark.parametrize("make", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("wns_", "problem"),
    [
        ({}, "empty mapping"),
        ({"": "x"}, "0 characters"),
        ({"  ": "x"}, "0 characters"),
        ({"a" * 65: "x"}, "65 characters"),
        ({"a\nb": "x"}, "control character"),
        ({"a\u2028b": "x"}, "control character"),
        ({7: "x"}, r"wns\[7\]: the name of the app must be text, not int"),
        ({"good": "x"}, r"wns\['good'\]: is str"),
        (["x"], "give wns.EntraCredentials"),
    ],
)
def test_a_mapping_that_can_not_work_is_refused_and_its_entry_named(
    make: Callable[..., object], wns_: Any, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        make(wns=wns_)


def test_the_mapping_may_change_afterwards_without_changing_the_client(store: Store) -> None:
    logins = {"app-a": store.login("app-a")}
    with Client(wns=logins, allow_hosts=[store.server.authority]) as client:
        logins.clear()
        assert client.send(store.channel("app-a"), TOAST, app="app-a").ok


def test_a_token_store_keeps_the_token_of_each_app(store: Store, tmp_path: Path) -> None:
    options = store.options | {"token_store": TokenFile(tmp_path / "tokens")}
    for _ in range(2):
        with Client(**options) as client:
            assert all(client.send(store.channel(app), TOAST, app=app).ok for app in APPS)
    assert len(store.token_requests) == 2


def test_tokens_that_come_together_are_kept_one_after_the_other() -> None:
    class Slow:
        def __init__(self) -> None:
            self.seen: list[str] = []
            self.began, self.may_end = threading.Event(), threading.Event()

        def load(self, identity: str) -> wns.Token | None:
            return None

        def save(self, identity: str, token: wns.Token) -> None:
            self.seen.append(f"{identity} begins")
            self.began.set()
            self.may_end.wait(PATIENCE)
            self.seen.append(f"{identity} ends")

        forget = save

    store, token = Slow(), wns.Token("t", datetime.now(UTC), datetime.now(UTC))
    in_turn = InTurn(store)
    first = threading.Thread(target=in_turn.save, args=("first", token))
    second = threading.Thread(target=in_turn.forget, args=("second", token))
    first.start()
    assert store.began.wait(PATIENCE)
    second.start()
    assert in_turn.load("first") is None  # which waits for nobody
    store.may_end.set()
    first.join()
    second.join()
    assert store.seen == ["first begins", "first ends", "second begins", "second ends"]


def test_an_app_logs_in_alone_and_the_token_requests_of_all_are_summed(store: Store) -> None:
    settings = Settings.of(**store.options)

    async def main() -> tuple[object, tuple[int, int]]:
        sender = OneSender(Encoder(settings), Throttle.of(settings), Pool(settings.limits))
        try:
            await sender.log_in("app-a")
            made = await sender.log_in("app-b")
            with pytest.raises(AppError, match="is missing"):
                await sender.log_in()
            return made, sender.token_requests
        finally:
            await sender.close()

    token, counted = asyncio.run(main())
    assert isinstance(token, wns.Token)
    assert counted == (2, 0)
