"""Tokens shared by processes and runs: one request for all of them, and never a secret that others can read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.client.service import SECRET, TOAST, Service, reply
from tests.client.ways import Sender, every_way
from winpush import Client, ConfigurationError, Outcome, TokenFile, wns
from winpush.client.options import ClientOptions
from winpush.emulator import Emulator

NOW = datetime.now(UTC)
TOKEN = wns.Token("a-token", NOW + timedelta(hours=24), NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def sharing(service: Service, path: Path) -> ClientOptions:
    return {**service.options, "token_store": TokenFile(path)}


def send(options: ClientOptions, uri: str) -> Outcome:
    """One send by a client of its own."""
    with Client(**options) as client:
        return client.send(uri, TOAST).outcome


# --- what is shared -----------------------------------------------------------------------------------------------


@every_way
def test_a_token_is_asked_for_once_by_many_clients(send: Sender, service: Service, path: Path) -> None:
    for _ in range(3):
        assert [each.outcome for each in send([(service.uri(), TOAST)] * 2, sharing(service, path))] == [
            Outcome.ACCEPTED
        ] * 2
    assert len(service.token_requests) == 1


def test_without_a_store_each_client_asks(service: Service) -> None:
    assert [send(service.options, service.uri()) for _ in range(2)] == [Outcome.ACCEPTED] * 2
    assert len(service.token_requests) == 2


def test_a_token_from_the_store_counts_as_no_request(service: Service, path: Path) -> None:
    from winpush import AsyncClient

    async def requests() -> tuple[int, int]:
        async with AsyncClient(**sharing(service, path)) as client:
            assert (await client.send(service.uri(), TOAST)).ok
            return client.token_requests

    assert [asyncio.run(requests()) for _ in range(2)] == [(1, 0), (0, 0)]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_children_share_their_parents_token(service: Service, path: Path) -> None:
    client = Client(**sharing(service, path))
    assert client.send(service.uri(), TOAST).ok
    for _ in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            with contextlib.suppress(BaseException):
                code = 0 if client.send(service.uri(), TOAST).ok else 2
            os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
    client.close()
    assert len(service.token_requests) == 1


def _send_in_process(options: tuple[str, str], credentials: tuple[str, str, str, str], path: str) -> str:
    authority, uri = options
    login = wns.EntraCredentials(*credentials)
    return send({"wns": login, "allow_hosts": [authority], "token_store": TokenFile(path)}, uri).value


def test_other_processes_share_the_token(service: Service, path: Path) -> None:
    login = service.credentials
    given = (login.tenant_id, login.client_id, login.client_secret, login.authority)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as processes:
        arguments = ((service.server.authority, service.uri()), given, str(path))
        assert [processes.apply(_send_in_process, arguments) for _ in range(2)] == ["accepted"] * 2
    assert len(service.token_requests) == 1


def test_each_login_has_its_own_token(path: Path) -> None:
    with Emulator(seed=1) as emulator:
        device = emulator.create_windows_channel()
        for login in (emulator.entra_credentials, emulator.package_credentials) * 2:
            options: ClientOptions = {"wns": login, "allow_hosts": [emulator.authority], "token_store": TokenFile(path)}
            assert send(options, device.uri) is Outcome.ACCEPTED
        assert [request.kind for request in emulator.requests].count("token") == 2


def test_the_identity_of_a_login_has_no_secret_and_tells_logins_apart() -> None:
    one = wns.EntraCredentials("contoso.example", "id", SECRET)
    package = wns.PackageCredentials("ms-app://s-1-15-2-1", SECRET)
    others: list[wns.EntraCredentials | wns.PackageCredentials] = [
        replace(one, tenant_id="other.example"),
        replace(one, client_id="other"),
        replace(one, authority="https://login.example"),
        package,
        replace(package, package_sid="ms-app://s-1-15-2-2"),
        replace(package, token_url="https://login.example/accesstoken.srf"),
    ]
    assert len({login.identity for login in (one, *others)}) == 7
    assert not any(SECRET in login.identity for login in (one, *others))
    assert (
        replace(one, client_secret="renewed", authority="https://login.microsoftonline.com/").identity == one.identity
    )
    assert replace(package, package_sid="ms-app://s-1-15-2-1/").identity == package.identity


def test_credentials_without_an_identity_are_refused_when_the_client_is_made(path: Path) -> None:
    class Source:
        def get_token(self, *scopes: str) -> Any: ...

    with pytest.raises(ConfigurationError, match="identity"):
        Client(wns=Source(), token_store=TokenFile(path))


# --- tokens that are invalid --------------------------------------------------------------------------------------


def test_a_token_that_wns_refused_is_not_handed_out_again(service: Service, path: Path) -> None:
    assert send(sharing(service, path), service.uri()) is Outcome.ACCEPTED
    service.tokens += 1  # the one that is kept is revoked
    service.token_answer = reply(503, {})
    assert send(sharing(service, path), service.uri()) is Outcome.TOKEN_UNAVAILABLE
    assert TokenFile(path).load(service.credentials.identity) is None
    service.token_answer = None
    sent = len(service.sends)
    assert send(sharing(service, path), service.uri()) is Outcome.ACCEPTED
    assert len(service.sends) == sent + 1  # by the new one at once


def test_after_a_refusal_the_token_that_another_process_got_is_taken(service: Service, path: Path) -> None:
    with Client(**sharing(service, path)) as one, Client(**sharing(service, path)) as other:
        assert one.send(service.uri(), TOAST).ok
        assert other.send(service.uri(), TOAST).ok
        service.tokens += 1
        assert one.send(service.uri(), TOAST).ok
        assert other.send(service.uri(), TOAST).ok
    assert len(service.token_requests) == 2  # the first, and one for both after the refusal


def test_after_a_refusal_a_token_that_is_newer_and_still_old_is_asked_for_anew(service: Service, path: Path) -> None:
    """Whatever revoked the one may have revoked it too, and a second refusal would stop the sends."""
    identity, store = service.credentials.identity, TokenFile(path)
    store.save(identity, replace(TOKEN, value="token-0", obtained_at=NOW - timedelta(hours=2)))
    options: ClientOptions = {**service.options, "token_store": store}
    with Client(**options) as client:
        assert client.send(service.uri(), TOAST).ok
        store.save(identity, replace(TOKEN, value="token-3", obtained_at=NOW - timedelta(hours=1)))
        service.tokens = 5  # all of these are revoked
        assert client.send(service.uri(), TOAST).ok
    assert len(service.token_requests) == 1


@pytest.mark.parametrize("left", [timedelta(seconds=-1), timedelta(seconds=10)])
def test_a_token_near_its_end_is_not_taken(left: timedelta, service: Service, path: Path) -> None:
    old = wns.Token("old", NOW + left, NOW - timedelta(hours=24))
    TokenFile(path).save(service.credentials.identity, old)
    assert send(sharing(service, path), service.uri()) is Outcome.ACCEPTED
    assert len(service.sends) == 1


# --- the file -----------------------------------------------------------------------------------------------------


def test_only_its_user_may_read_the_file(service: Service, path: Path) -> None:
    before = os.umask(0)
    try:
        assert send(sharing(service, path), service.uri()) is Outcome.ACCEPTED
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert SECRET not in path.read_text()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(mode: int, path: Path) -> None:
    path.write_text("{}")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"can be read by others.*chmod 600"):
        TokenFile(path)


def test_a_file_that_others_came_to_read_is_not_believed_and_mended(path: Path) -> None:
    store = TokenFile(path)
    store.save("a", TOKEN)
    path.chmod(0o644)
    assert store.load("a") is None
    store.save("b", TOKEN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (store.load("a"), store.load("b")) == (None, TOKEN)


@pytest.mark.skipif(os.geteuid() != 0, reason="waits for a user that may give files away")
def test_a_file_of_another_user_is_refused(path: Path) -> None:
    path.touch(mode=0o600)
    os.chown(path, 65534, 65534)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        TokenFile(path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="create it"):
        TokenFile(tmp_path / "none" / "tokens")
    with pytest.raises(ConfigurationError, match="is not a file"):
        TokenFile(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"a": 7}',
        b'{"a": {}}',
        b'{"a": {"token": "", "expires_at": "2099-01-01T00:00:00+00:00", "obtained_at": "2026-01-01T00:00:00+00:00"}}',
        b'{"a": {"token": "x\\r\\ny", "expires_at": "2099-01-01T00:00:00Z", "obtained_at": "2026-01-01T00:00:00Z"}}',
        b'{"a": {"token": "x", "expires_at": "2099-01-01T00:00:00", "obtained_at": "2026-01-01T00:00:00"}}',
        b'{"a": {"token": "x", "expires_at": 7, "obtained_at": null}}',
        b"[" * 100_000,
    ],
)
def test_whatever_stands_in_the_file_is_no_token_and_no_error(content: bytes, path: Path) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
    store = TokenFile(path)
    assert store.load("a") is None
    store.forget("a", TOKEN)
    store.save("a", TOKEN)
    assert store.load("a") == TOKEN


def test_what_has_expired_leaves_the_file(path: Path) -> None:
    store = TokenFile(path)
    store.save("old", wns.Token("old", NOW - timedelta(seconds=1), NOW - timedelta(days=1)))
    store.save("new", TOKEN)
    assert list(json.loads(path.read_text())) == ["new"]


def test_forgetting_leaves_a_newer_token(path: Path) -> None:
    store = TokenFile(path)
    store.save("a", TOKEN)
    store.forget("a", replace(TOKEN, value="older"))
    assert store.load("a") == TOKEN
    store.forget("a", TOKEN)
    assert store.load("a") is None


def test_many_writers_leave_a_file_that_is_whole(path: Path) -> None:
    store = TokenFile(path)
    stop = threading.Event()
    broken: list[bytes] = []

    def read() -> None:
        while not stop.is_set():
            with contextlib.suppress(FileNotFoundError):
                content = path.read_bytes()
                with contextlib.suppress(ValueError):
                    json.loads(content)
                    continue
                broken.append(content)

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: store.save(f"login {number % 3}", TOKEN), range(100)))
    stop.set()
    reader.join()
    assert not broken
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_store_never_shows_a_token(path: Path) -> None:
    store = TokenFile(path)
    store.save("a", TOKEN)
    assert TOKEN.value not in repr(store)


# --- custom stores ------------------------------------------------------------------------------------------------


@dataclass
class Shelf:
    """A store in memory that can be made to fail."""

    tokens: dict[str, wns.Token] = field(default_factory=dict)
    error: BaseException | None = None

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error

    def load(self, identity: str) -> wns.Token | None:
        self._fail()
        return self.tokens.get(identity)

    def save(self, identity: str, token: wns.Token) -> None:
        self._fail()
        self.tokens[identity] = token

    def forget(self, identity: str, token: wns.Token) -> None:
        self._fail()
        self.tokens.pop(identity, None)


def test_a_store_of_ones_own_is_asked_before_the_token_server(service: Service) -> None:
    shelf = Shelf()
    for _ in range(2):
        assert send({**service.options, "token_store": shelf}, service.uri()) is Outcome.ACCEPTED
    assert list(shelf.tokens) == [service.credentials.identity]
    assert len(service.token_requests) == 1


@pytest.mark.parametrize("error", [RuntimeError("password=hidden"), OSError(28, "No space left on device")])
def test_a_store_that_fails_keeps_no_send_from_going_out(
    error: Exception, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    options: ClientOptions = {**service.options, "token_store": Shelf(error=error)}
    assert send(options, service.uri()) is Outcome.ACCEPTED
    assert "The token store failed" in caplog.text
    assert "hidden" not in caplog.text


class OddToken(wns.Token):
    """A token that was never checked."""

    def __post_init__(self) -> None:
        pass


@every_way
@pytest.mark.parametrize(
    "error",
    [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError(), StopIteration(), TimeoutError()],
    ids=lambda each: type(each).__name__,
)
def test_whatever_a_store_raises_costs_a_token_request_and_no_send(
    send: Sender, error: BaseException, service: Service
) -> None:
    options: ClientOptions = {**service.options, "token_store": Shelf(error=error)}
    assert [each.outcome for each in send([(service.uri(), TOAST)] * 2, options)] == [Outcome.ACCEPTED] * 2
    assert len(service.token_requests) == 1


@every_way
@pytest.mark.parametrize(
    "token",
    [
        OddToken("v", NOW.replace(tzinfo=None) + timedelta(hours=1), NOW.replace(tzinfo=None)),
        OddToken("v", "2099-01-01", NOW),  # type: ignore[arg-type]  # the mistake
        OddToken("v", NOW + timedelta(hours=1), None),  # type: ignore[arg-type]  # the mistake
        OddToken(b"v", NOW + timedelta(hours=1), NOW),  # type: ignore[arg-type]  # the mistake
        "v",
    ],
    ids=lambda _: "",
)
def test_whatever_a_store_returns_is_a_token_or_none(send: Sender, token: Any, service: Service) -> None:
    options: ClientOptions = {**service.options, "token_store": Shelf({service.credentials.identity: token})}
    assert [each.outcome for each in send([(service.uri(), TOAST)] * 2, options)] == [Outcome.ACCEPTED] * 2
    assert len(service.token_requests) == 1


@pytest.fixture
def stuck() -> Iterator[Shelf]:
    ended = threading.Event()

    class Stuck(Shelf):
        def load(self, identity: str) -> wns.Token | None:
            ended.wait()
            return None

    yield Stuck()
    ended.set()


def test_a_store_that_hangs_costs_no_more_than_the_time_for_the_send(service: Service, stuck: Shelf) -> None:
    assert send({**service.options, "token_store": stuck, "timeout": 0.2}, service.uri()) is Outcome.TIMED_OUT
