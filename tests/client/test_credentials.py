"""Whatever a credentials object does, a send ends in a Result, in time, on every way to send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.client.service import TOAST, Service, reply
from tests.client.ways import Sender, every_way
from tests.waiting import PATIENCE
from winpush import Action, AsyncClient, Client, ConfigurationError, Outcome, ProxyError, TlsError, wns
from winpush.client.options import ClientOptions

URI = "https://db5.notify.windows.com/?token=AwYAAADexample"


class AzureError(Exception):
    """As in azure-core, whose classes winpush knows by their names only."""


class HttpResponseError(AzureError):
    status_code = 400


class ClientAuthenticationError(HttpResponseError):
    pass


class ServiceRequestError(AzureError):
    pass


@dataclass
class Source:
    """`get_token` that raises, or returns, what it is given."""

    error: BaseException | None = None

    def get_token(self, *scopes: str) -> Any:
        if self.error is not None:
            raise self.error
        return None


class AsyncSource(Source):
    async def get_token(self, *scopes: str) -> Any:
        if self.error is not None:
            raise self.error
        return None


class OwnRequest:
    """Credentials of winpush's own kind whose request raises."""

    def request(self) -> Any:
        raise RuntimeError("the vault is locked")

    def read(self, response: Any, now: Any) -> Any:
        raise RuntimeError("the vault is locked")


class Unreadable(Exception):
    """An error that raises another when it is inspected."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    @property
    def status_code(self) -> int:
        raise RuntimeError("no code")


class UnreadableAuthenticationError(ClientAuthenticationError):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class UnreadableCause(Exception):
    @property
    def inner_exception(self) -> BaseException:
        raise RuntimeError("no cause")


class Unexitable(Exception):
    def __str__(self) -> str:
        raise SystemExit(1)


@dataclass
class Reading:
    """Credentials of winpush's own kind that log in at a service, and read the answer as they like."""

    service: Service
    of: Callable[[datetime], Any]

    def request(self) -> Any:
        return self.service.credentials.request()

    def read(self, response: Any, now: datetime) -> Any:
        return self.of(now)


class Odd(wns.TokenProblem):
    """A problem that was never checked."""

    def __post_init__(self) -> None:
        pass


class OddToken(wns.Token):
    """A token that was never checked."""

    def __post_init__(self) -> None:
        pass


_HOUR = timedelta(hours=1)
_VERDICT = wns.TokenProblem.of_error(OSError()).verdict


@every_way
@pytest.mark.parametrize(
    "of",
    [
        lambda _: wns.TokenProblem(_VERDICT, 30),  # type: ignore[arg-type]  # the mistake
        lambda _: wns.TokenProblem(_VERDICT, "x"),  # type: ignore[arg-type]  # the mistake
        lambda _: wns.TokenProblem(_VERDICT, timedelta.max),
        lambda _: wns.TokenProblem(None),  # type: ignore[arg-type]  # the mistake
        lambda _: Odd(_VERDICT, 30),  # type: ignore[arg-type]  # the mistake
        lambda _: Odd(None),  # type: ignore[arg-type]  # the mistake
        lambda now: wns.Token("v", now.replace(tzinfo=None) + _HOUR, now.replace(tzinfo=None)),
        lambda now: wns.Token("v", None, now),  # type: ignore[arg-type]  # the mistake
        lambda now: wns.Token("v", 86400, now),  # type: ignore[arg-type]  # the mistake
        lambda now: wns.Token("v", now + _HOUR, None),  # type: ignore[arg-type]  # the mistake
        lambda now: OddToken("v", now + _HOUR, None),  # type: ignore[arg-type]  # the mistake
        lambda now: OddToken("v", now.replace(tzinfo=None) + _HOUR, now),
        lambda now: wns.Token("v", now - _HOUR, now - 2 * _HOUR),
        lambda _: "a token",
        lambda _: None,
    ],
    ids=lambda _: "",
)
def test_credentials_that_return_what_is_none_end_in_an_outcome_of_their_own(
    send: Sender, of: Callable[[datetime], Any], service: Service
) -> None:
    results = send([(service.uri(), TOAST)] * 3, {**service.options, "wns": Reading(service, of)})
    assert [result.outcome for result in results] == [Outcome.CREDENTIALS_FAILED] * 3
    assert all(result.action is Action.STOP_AND_FIX for result in results)
    assert len(service.token_requests) == 1
    assert not service.sends


def test_the_mistake_in_a_token_is_named(service: Service) -> None:
    login = Reading(service, lambda now: wns.Token("v", now.replace(tzinfo=None), now))
    with Client(wns=login, allow_hosts=[service.server.authority]) as client:
        result = client.send(service.uri(), TOAST)
    assert "expires_at: must be a datetime with a time zone" in result.explanation


@every_way
@pytest.mark.parametrize(
    "credentials",
    [
        Source(Unreadable()),
        Source(UnreadableAuthenticationError()),
        Source(UnreadableCause()),
        Source(Unexitable()),
        Source(KeyboardInterrupt()),
        Source(GeneratorExit()),
        AsyncSource(Unreadable()),
        AsyncSource(SystemExit(1)),
        Source(RuntimeError("the vault is locked")),
        Source(StopIteration("an iterator's end")),
        Source(SystemExit(1)),
        Source(asyncio.CancelledError()),
        Source(None),
        AsyncSource(RuntimeError("the vault is locked")),
        AsyncSource(asyncio.CancelledError()),
        AsyncSource(None),
        OwnRequest(),
    ],
    ids=lambda each: f"{type(each).__name__}-{type(getattr(each, 'error', None)).__name__}",
)
def test_credentials_that_fail_end_in_an_outcome_of_their_own(send: Sender, credentials: Any) -> None:
    results = send([(URI, TOAST)] * 2, {"wns": credentials})
    assert [result.outcome for result in results] == [Outcome.CREDENTIALS_FAILED] * 2
    assert all(result.action is Action.STOP_AND_FIX for result in results)
    assert "the vault is locked" not in results[0].explanation  # it may hold a secret


class Unwritable(wns.Toast):
    """A notification that fails only when its request is written: after its token has come."""

    @property
    def body(self) -> bytes:
        raise self.error

    error: BaseException


@every_way
@pytest.mark.parametrize("error", [RuntimeError("unforeseen"), SystemExit(1)], ids=lambda each: type(each).__name__)
def test_an_error_that_nobody_has_foreseen_is_raised_and_never_lost(
    send: Sender, error: BaseException, service: Service
) -> None:
    unwritable = type("Fails", (Unwritable,), {"error": error})("Hello")
    with pytest.raises(type(error)) as raised:
        send([(service.uri(), unwritable)] * 3, service.options)
    assert raised.value is error


@every_way
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (
            ClientAuthenticationError("AADSTS7000222: The secret is expired. Trace ID: 1-2-3"),
            Outcome.CREDENTIALS_REFUSED,
        ),
        (HttpResponseError("AADSTS90002: Tenant not found"), Outcome.CREDENTIALS_REFUSED),
        (ServiceRequestError("no route to host"), Outcome.TOKEN_UNAVAILABLE),
        (ConnectionResetError("reset"), Outcome.TOKEN_UNAVAILABLE),
        (TimeoutError("late"), Outcome.TOKEN_UNAVAILABLE),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_azure_identitys_errors_are_judged_as_what_they_are(send: Sender, error: Exception, outcome: Outcome) -> None:
    (result,) = send([(URI, TOAST)], {"wns": Source(error)})
    assert result.outcome is outcome
    if isinstance(error, AzureError):
        assert str(error) in result.explanation


@pytest.fixture
def stuck() -> Iterator[Callable[..., Any]]:
    """A `get_token` that returns only when the test has ended."""
    ended = threading.Event()

    class Stuck:
        def get_token(self, *scopes: str) -> Any:
            ended.wait()

    yield Stuck
    ended.set()


@every_way
def test_the_timeout_covers_the_wait_for_a_token(send: Sender, stuck: Callable[[], Any]) -> None:
    (result,) = send([(URI, TOAST)], {"wns": stuck(), "timeout": 0.2})
    assert result.outcome is Outcome.TIMED_OUT
    assert not result.may_have_arrived


@dataclass
class Vault:
    """Credentials of winpush's own kind that look up what they need on demand, and take too long."""

    service: Service
    ended: threading.Event
    blocks: str

    def request(self) -> Any:
        if self.blocks == "request":
            self.ended.wait()
        return self.service.credentials.request()

    def read(self, response: Any, now: datetime) -> Any:
        self.ended.wait()
        return self.service.credentials.read(response, now)


@pytest.fixture
def ended() -> Iterator[threading.Event]:
    """Set when the test has ended."""
    event = threading.Event()
    yield event
    event.set()


@every_way
@pytest.mark.parametrize("blocks", ["request", "read"])
def test_credentials_that_block_hold_up_nobody(
    send: Sender, blocks: str, service: Service, ended: threading.Event
) -> None:
    options: ClientOptions = {**service.options, "wns": Vault(service, ended, blocks), "timeout": 0.2}
    assert [result.outcome for result in send([(service.uri(), TOAST)] * 2, options)] == [Outcome.TIMED_OUT] * 2


def test_an_async_get_token_that_blocks_its_loop_holds_up_no_other_send(
    service: Service, ended: threading.Event
) -> None:
    class Blocking:
        async def get_token(self, *scopes: str) -> Any:
            ended.wait()

    apps: dict[str, Any] = {"blocks": Blocking(), "works": service.credentials}
    with Client(wns=apps, allow_hosts=[service.server.authority]) as client:
        stuck = client.send(service.uri(), TOAST, app="blocks", timeout=0.2)
        assert (stuck.outcome, stuck.may_have_arrived) == (Outcome.TIMED_OUT, False)
        assert client.send(service.uri(), TOAST, app="works").ok


def test_closing_a_client_does_not_wait_for_a_get_token_that_will_not_end(service: Service) -> None:
    async def main() -> Outcome:
        may_end, was_asked = asyncio.Event(), asyncio.Event()

        class Stubborn:
            async def get_token(self, *scopes: str) -> Any:
                while not may_end.is_set():
                    was_asked.set()
                    with contextlib.suppress(asyncio.CancelledError):
                        await may_end.wait()

        client = AsyncClient(wns=Stubborn(), allow_hosts=[service.server.authority], timeout=PATIENCE)
        sending = asyncio.create_task(client.send(service.uri(), TOAST))
        await was_asked.wait()
        await client.aclose()
        outcome = (await sending).outcome
        may_end.set()
        return outcome

    assert asyncio.run(main()) is Outcome.ABORTED


def test_after_a_401_another_library_is_asked_for_a_token_that_is_new(service: Service) -> None:
    asked: list[str | None] = []

    class Caching:
        def get_token(self, *scopes: str, claims: str | None = None) -> Any:
            asked.append(claims)
            value = "token-old" if claims is None else "token-0"
            return type("Access", (), {"token": value, "expires_on": 4_000_000_000})

    with Client(wns=Caching(), allow_hosts=[service.server.authority]) as client:
        assert client.send(service.uri(), TOAST).ok
    assert asked[0] is None
    assert "nbf" in json.loads(asked[1] or "{}")["access_token"]


class Access:
    """What `get_token` returns."""

    expires_on = 4_000_000_000

    def __init__(self, token: str) -> None:
        self.token = token


class CredentialUnavailableError(ClientAuthenticationError):
    pass


@dataclass
class TakesNoClaims:
    """A login that has the parameter and refuses it, as AzureCliCredential does; each of its tokens is different."""

    error: Exception
    asked: list[bool] = field(default_factory=list)
    always: str = ""

    def get_token(self, *scopes: str, claims: str | None = None) -> Any:
        self.asked.append(claims is not None)
        if claims is not None:
            raise self.error
        return Access(self.always or ("token-0" if len(self.asked) > 1 else "token-old"))


class TakesNoClaimsAsync(TakesNoClaims):
    async def get_token(self, *scopes: str, claims: str | None = None) -> Any:
        return super().get_token(*scopes, claims=claims)


@every_way
@pytest.mark.parametrize("kind", [TakesNoClaims, TakesNoClaimsAsync])
@pytest.mark.parametrize(
    "error",
    [
        CredentialUnavailableError("az login --claims-challenge"),
        ClientAuthenticationError("no claims here"),
        TypeError("unexpected: claims"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_login_that_refuses_claims_is_asked_again_without(
    send: Sender, kind: type[TakesNoClaims], error: Exception, service: Service
) -> None:
    login = kind(error)
    (result,) = send([(service.uri(), TOAST)], {**service.options, "wns": login})
    assert result.outcome is Outcome.ACCEPTED, result.explanation
    assert login.asked == [False, True, False]


@pytest.mark.parametrize(
    ("error", "outcome", "asked", "sends"),
    [
        (ClientAuthenticationError("AADSTS7000222: expired"), Outcome.CREDENTIALS_REFUSED, [False, True, False], 1),
        (ServiceRequestError("no route to host"), Outcome.TOKEN_UNAVAILABLE, [False, True], 1),
        (CredentialUnavailableError("az login"), Outcome.UNAUTHORIZED, [False, True, False], 2),
    ],
)
def test_why_there_is_no_new_token_is_told_unless_it_is_only_of_the_claims(
    error: Exception, outcome: Outcome, asked: list[bool], sends: int, service: Service
) -> None:
    login = TakesNoClaims(error, always="token-old")
    with Client(wns=login, allow_hosts=[service.server.authority]) as client:
        result = client.send(service.uri(), TOAST)
    assert result.outcome is outcome
    assert (str(error) in result.explanation) == (outcome is not Outcome.UNAUTHORIZED)
    assert login.asked == asked
    assert len(service.sends) == sends


def test_claims_are_passed_to_a_get_token_that_takes_whatever_it_gets(service: Service) -> None:
    asked: list[dict[str, Any]] = []

    class Wrapper:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            asked.append(options)
            return Access("token-0" if "claims" in options else "token-old")

    with Client(wns=Wrapper(), allow_hosts=[service.server.authority]) as client:
        assert client.send(service.uri(), TOAST).ok
    assert [list(options) for options in asked] == [[], ["claims"]]


def test_a_token_that_has_already_expired_is_not_asked_for_at_every_send(service: Service) -> None:
    asked: list[int] = []

    class Skewed:
        def get_token(self, *scopes: str) -> Any:
            asked.append(1)
            return type("Access", (), {"token": "a", "expires_on": 1_000_000})

    with Client(wns=Skewed(), allow_hosts=[service.server.authority]) as client:
        results = [client.send(service.uri(), TOAST) for _ in range(3)]
    assert {result.outcome for result in results} == {Outcome.CREDENTIALS_FAILED}
    assert "clock" in results[0].explanation
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("error", "outcome", "action"),
    [
        (ProxyError("407", status_code=407), Outcome.PROXY_FAILED, Action.STOP_AND_FIX),
        (ProxyError("502", status_code=502, is_outage=True), Outcome.PROXY_FAILED, Action.RETRY_LATER),
        (TlsError("not trusted"), Outcome.TLS_FAILED, Action.STOP_AND_FIX),
        (TlsError("EOF", is_outage=True), Outcome.TLS_FAILED, Action.RETRY_LATER),
    ],
)
def test_trouble_on_the_way_to_the_token_server_is_named_as_at_a_send(
    error: Exception, outcome: Outcome, action: Action
) -> None:
    problem = wns.TokenProblem.of_error(error)
    assert (problem.verdict.outcome, problem.verdict.action) == (outcome, action)


def test_a_throttling_token_server_is_throttling_and_not_away(service: Service) -> None:
    service.token_answer = reply(429, {"Retry-After": "30"}, b'{"error": "temporarily_unavailable"}')
    with Client(**service.options) as client:
        result = client.send(service.uri(), TOAST)
    assert result.outcome is Outcome.TOKEN_THROTTLED
    assert result.retry_after is not None


def test_what_entra_says_is_whole_ids_and_all(service: Service) -> None:
    words = "The provided client secret keys are expired. " * 12
    said = f"AADSTS7000222: {words}\r\nTrace ID: 12-34\r\nCorrelation ID: 56-78"
    document = {"error": "invalid_client", "error_description": said}
    service.token_answer = reply(401, {}, json.dumps(document).encode())
    with Client(**service.options) as client:
        result = client.send(service.uri(), TOAST)
    assert result.outcome is Outcome.CREDENTIALS_REFUSED
    assert "Correlation ID: 56-78" in result.explanation
    assert "Trace ID: 12-34" in result.explanation


@pytest.mark.parametrize("secret", ["secret\n", "\ufeffsecret", " secret", "s\udce9cret", "a\x00b"])
def test_a_secret_that_can_not_be_one_is_refused_when_it_is_given(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="client_secret"):
        wns.EntraCredentials("contoso.example", "id", secret)


def test_an_authority_with_a_path_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="without a path"):
        wns.EntraCredentials("contoso.example", "id", "secret", "https://login.example/tenant")


@pytest.mark.parametrize("expires_in", [0, -100, "0", "1e-9"])
def test_a_server_whose_tokens_live_no_time_is_not_asked_at_every_send(expires_in: object, service: Service) -> None:
    service.expires_in = expires_in
    with Client(**service.options) as client:
        results = [client.send(service.uri(), TOAST) for _ in range(10)]
    assert {result.outcome for result in results} == {Outcome.CREDENTIALS_FAILED}
    assert "expires_in" in results[0].explanation
    assert len(service.token_requests) == 1


def test_an_expired_token_of_ones_own_credentials_is_told_with_its_time(service: Service) -> None:
    asked: list[int] = []

    def expired(now: datetime) -> wns.Token:
        asked.append(1)
        return wns.Token("v", now - _HOUR, now - 2 * _HOUR)

    with Client(wns=Reading(service, expired), allow_hosts=[service.server.authority]) as client:
        results = [client.send(service.uri(), TOAST) for _ in range(10)]
    assert {result.outcome for result in results} == {Outcome.CREDENTIALS_FAILED}
    assert "expired at" in results[0].explanation
    assert len(asked) == 1
