"""Credentials, tokens, and when a new one is asked for (wns.md 1)."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wns.strategies import patient
from winpush import Action, Outcome
from winpush.errors import ConfigurationError, ConnectError, ValidationError
from winpush.http import Response
from winpush.results import Verdict
from winpush.wns import EntraCredentials, Fetch, PackageCredentials, Token, TokenProblem, TokenState
from winpush.wns.protocol.auth import Credentials, read_token_request, token_until

_NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SECRET = "p/a+s=s%w o"
ENTRA = EntraCredentials("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", SECRET)
PACKAGE = PackageCredentials("ms-app://s-1-15-2-1-2-3", SECRET)
_BOTH = pytest.mark.parametrize("credentials", [ENTRA, PACKAGE], ids=["entra", "package"])

_FAILED = TokenProblem.of_error(OSError()).verdict


def _token(value: str = "abc", at: datetime = _NOW, life: timedelta = timedelta(days=1)) -> Token:
    return Token(value, at + life, at)


def _answer(status: int = 200, /, **fields: object) -> Response:
    return Response(status, (), json.dumps(fields).encode())


def _later(**given: float) -> datetime:
    return _NOW + timedelta(**given)


def test_an_entra_token_is_asked_for_as_documented() -> None:
    request = ENTRA.request()
    assert request.url == "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"
    assert ("Content-Type", "application/x-www-form-urlencoded") in request.headers
    assert parse_qs(request.body.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": ["11111111-2222-3333-4444-555555555555"],
        "client_secret": [SECRET],
        "scope": ["https://wns.windows.com/.default"],
    }


def test_a_package_token_is_asked_for_as_documented() -> None:
    request = PACKAGE.request()
    assert request.url == "https://login.live.com/accesstoken.srf"
    assert b"client_id=ms-app%3A%2F%2Fs-1-15-2-1-2-3&" in request.body
    assert b"client_secret=p%2Fa%2Bs%3Ds%25w+o&" in request.body
    assert request.body.endswith(b"scope=notify.windows.com")


class _Setting(str, enum.Enum):  # noqa: UP042 - a StrEnum writes itself as its value
    TENANT = "contoso.onmicrosoft.com"
    ID = "11111111-2222-3333-4444-555555555555"
    SID = "ms-app://s-1-15-2-1-2-3"
    SECRET = SECRET
    ENTRA_URL = "https://login.microsoftonline.com"
    PACKAGE_URL = "https://login.live.com/accesstoken.srf"


def test_members_of_an_enumeration_log_in_with_their_values() -> None:
    entra = EntraCredentials(_Setting.TENANT, _Setting.ID, _Setting.SECRET, _Setting.ENTRA_URL)
    package = PackageCredentials(_Setting.SID, _Setting.SECRET, _Setting.PACKAGE_URL)
    for made, plain in ((entra, ENTRA), (package, PACKAGE)):
        assert (made.request(), made.identity) == (plain.request(), plain.identity)
    assert f"{Token(_Setting.ID, _later(days=1), _NOW).value}" == _Setting.ID.value


@_BOTH
def test_what_is_asked_for_is_read_by_an_emulator(credentials: Credentials) -> None:
    form = read_token_request(credentials.request().body)
    assert form.client_secret == SECRET
    assert form.grant_type == "client_credentials"
    assert SECRET not in repr(form)


@_BOTH
def test_secrets_are_in_no_repr_and_in_no_pickle(credentials: Credentials) -> None:
    request = credentials.request()
    for shown in (repr(credentials), str(credentials), repr(request), str(request), f"{request.body!r}"):
        assert SECRET not in shown
        assert "p%2Fa" not in shown
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(credentials)
    with pytest.raises(TypeError, match="secret"):
        copy.copy(credentials)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EntraCredentials("", "a", "b"),
        lambda: EntraCredentials("t/../x", "a", "b"),
        lambda: EntraCredentials("t", "", "b"),
        lambda: EntraCredentials("t", "a", " "),
        lambda: EntraCredentials("t", "a", None),  # type: ignore[arg-type]  # the wrong type is the test
        lambda: EntraCredentials("t", "a", "b", authority="http://login.example.com"),
        lambda: EntraCredentials("t", "a", "b", authority="login.example.com"),
        lambda: EntraCredentials("t", "a", "b", authority=""),
        lambda: PackageCredentials("s-1-15-2-1", "b"),
        lambda: PackageCredentials("ms-app://x", "b"),
        lambda: PackageCredentials("ms-app://s-1-15-2-1", ""),
        lambda: PackageCredentials("ms-app://s-1-15-2-1", "b", token_url="http://8.8.8.8/"),
    ],
)
def test_credentials_that_can_not_work_are_refused_without_telling_the_secret(make: Any) -> None:
    with pytest.raises(ConfigurationError):
        make()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080", "http://localhost:1", "http://emulator:8090", "http://[::1]:80", "https://a.example"],
)
def test_an_emulators_address_is_taken(url: str) -> None:
    assert (
        EntraCredentials("t", "a", "b", authority=f"{url}/").request().url
        == f"{url.removesuffix(':80')}/t/oauth2/v2.0/token"
    )


@pytest.mark.parametrize(
    ("expires_in", "life"),
    [
        (86400, timedelta(days=1)),
        ("86399", timedelta(seconds=86399)),
        (60.5, timedelta(seconds=60.5)),
        (None, timedelta(days=1)),
        ("soon", timedelta(days=1)),
        (float("nan"), timedelta(days=1)),
        ([], timedelta(days=1)),
        (-5, timedelta(0)),
        (10**12, timedelta(days=365)),
    ],
)
@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER"])
@_BOTH
def test_expires_in_is_a_number_a_string_or_absent(
    credentials: Credentials, kind: str, expires_in: object, life: timedelta
) -> None:
    fields: dict[str, object] = {} if expires_in is None else {"expires_in": expires_in}
    token = credentials.read(_answer(access_token="abc", token_type=kind, **fields), _NOW)
    assert isinstance(token, Token)
    assert token.value == "abc"
    assert token.expires_at - _NOW == life


@pytest.mark.parametrize(
    ("response", "outcome", "action"),
    [
        (_answer(400, error="invalid_client", error_description="x"), Outcome.CREDENTIALS_REFUSED, Action.STOP_AND_FIX),
        (_answer(401, error="invalid_client"), Outcome.CREDENTIALS_REFUSED, Action.STOP_AND_FIX),
        (_answer(400, error="temporarily_unavailable"), Outcome.TOKEN_THROTTLED, Action.RETRY_LATER),
        (_answer(429, error="too_many"), Outcome.TOKEN_THROTTLED, Action.RETRY_LATER),
        (_answer(503, error="x"), Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER),
        (_answer(500), Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER),
        (_answer(403, error="invalid_client"), Outcome.CREDENTIALS_REFUSED, Action.STOP_AND_FIX),
        (_answer(400, error="invalid_scope"), Outcome.CREDENTIALS_REFUSED, Action.STOP_AND_FIX),
        (_answer(404, error="invalid_tenant"), Outcome.CREDENTIALS_REFUSED, Action.STOP_AND_FIX),
        (_answer(200, access_token=""), Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER),
        (_answer(200, access_token="a\r\nb"), Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER),
        (_answer(200, access_token=5), Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER),
        (_answer(200, access_token="a", token_type="mac"), Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER),
        (Response(400), Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER),
        (Response(401), Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER),
        (Response(429), Outcome.TOKEN_THROTTLED, Action.RETRY_LATER),
    ],
)
def test_a_failed_token_request_has_its_own_outcome(response: Response, outcome: Outcome, action: Action) -> None:
    problem = ENTRA.read(response, _NOW)
    assert isinstance(problem, TokenProblem)
    assert (problem.verdict.outcome, problem.verdict.action) == (outcome, action)


_PAGE = b"<!DOCTYPE html><title>Blocked</title>"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 407, 429, 503])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"text/html", _PAGE),
        (b"text/plain", b"RBAC: access denied"),
        (b"application/json", b'{"message":"Forbidden"}'),
        (b"application/json", b'{"error":{"code":403}}'),
        (b"application/json", b"[]"),
    ],
)
def test_what_answers_in_the_token_servers_place_refuses_no_credentials(status: int, kind: bytes, body: bytes) -> None:
    """A proxy, a firewall or a portal passes: it must not end a broadcast, nor say how long all must wait."""
    problem = ENTRA.read(Response(status, ((b"Content-Type", kind), (b"Retry-After", b"86400")), body), _NOW)
    assert isinstance(problem, TokenProblem)
    assert (problem.verdict.outcome, problem.verdict.action) == (Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER)
    assert problem.retry_after == timedelta(minutes=1)
    assert "Something else answered" in problem.verdict.meaning


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_portals_redirect_at_the_token_step_is_tried_again(status: int) -> None:
    problem = ENTRA.read(Response(status, ((b"Location", b"http://portal.example/"),)), _NOW)
    assert isinstance(problem, TokenProblem)
    assert problem.verdict.action is Action.RETRY_LATER


def test_a_gateways_error_is_no_code_of_a_token_server() -> None:
    document = {"status": 403, "error": "Forbidden", "path": "/"}
    problem = ENTRA.read(Response(403, (), json.dumps(document).encode()), _NOW)
    assert isinstance(problem, TokenProblem)
    assert problem.verdict.action is Action.RETRY_LATER


def in_lower_case(text: str) -> str:
    return re.sub("%..", lambda code: code[0].lower(), quote(text, safe=""))


@pytest.mark.parametrize("escape", [str, quote, quote_plus, in_lower_case])
def test_the_servers_words_are_told_without_the_secret(escape: Callable[[str], str]) -> None:
    """However the server escapes it: it may have echoed the form that it was sent."""
    words = f"AADSTS7000215: the secret {escape(SECRET)} is wrong\r\nTrace ID: 1"
    problem = ENTRA.read(_answer(401, error="invalid_client", error_description=words), _NOW)
    assert isinstance(problem, TokenProblem)
    assert "invalid_client: AADSTS7000215: the secret … is wrong" in problem.verdict.meaning
    assert escape(SECRET) not in repr(problem)


def test_a_network_that_fails_is_told_too() -> None:
    problem = TokenProblem.of_error(ConnectError("no route to login.live.com"))
    assert problem.verdict.outcome is Outcome.TOKEN_UNAVAILABLE
    assert "no route" in problem.verdict.meaning
    other = TokenProblem.of_error(RuntimeError(f"secret {SECRET}"))
    assert "RuntimeError" in other.verdict.meaning
    assert SECRET not in other.verdict.meaning


@patient
@given(st.integers(100, 599), st.binary(max_size=60))
def test_any_answer_of_the_tokens_server_is_read(status: int, body: bytes) -> None:
    assert isinstance(PACKAGE.read(Response(status, (), body), _NOW), Token | TokenProblem)


@patient
@given(st.recursive(st.one_of(st.none(), st.booleans(), st.floats(), st.text()), st.lists, max_leaves=3))
def test_any_json_value_can_stand_in_a_tokens_answer(value: object) -> None:
    for fields in ({"expires_in": value, "access_token": "a"}, {"access_token": value}, {"error": value}):
        assert isinstance(ENTRA.read(_answer(**fields), _NOW), Token | TokenProblem)


def test_a_token_is_renewed_a_little_before_it_expires() -> None:
    token = _token()
    assert token.is_fresh(_later(hours=23, minutes=54))
    assert not token.is_fresh(_later(hours=23, minutes=55))
    assert token.is_valid(_later(hours=23, minutes=59))
    assert not token.is_valid(_later(hours=24))
    short = _token(life=timedelta(seconds=60))
    assert short.renew_at == _later(seconds=54)


def test_a_token_of_another_library_is_taken() -> None:
    token = token_until("abc", _later(hours=1).timestamp(), _NOW)
    assert token.expires_at == _later(hours=1)
    with pytest.raises(ValidationError):
        token_until("", 0, _NOW)


def test_the_first_sender_fetches_and_the_others_share() -> None:
    state = TokenState()
    _, wanted = state.ask(_NOW)
    assert wanted == Fetch()
    state = state.fetched(_token())
    assert state.ask(_later(hours=23)) == (state, _token())
    assert state.ask(_later(hours=24))[1] == Fetch()


def test_a_refused_token_is_replaced_once_and_not_again_by_a_sender_that_comes_late() -> None:
    state = TokenState(_token("old"))
    state, wanted = state.ask(_NOW, instead_of=_token("old"))
    assert wanted == Fetch()
    assert state.ask(_NOW)[1] == Fetch()  # nobody starts with the refused one
    state = state.fetched(_token("new"))
    assert state.ask(_NOW, instead_of=_token("old"))[1] == _token("new")


def test_a_new_token_that_is_refused_too_causes_no_storm() -> None:
    state, _ = TokenState(_token("a")).ask(_NOW, instead_of=_token("a"))
    state = state.fetched(_token("b"))
    for seconds in (0, 30, 59):
        state, wanted = state.ask(_later(seconds=seconds), instead_of=_token("b"))
        assert isinstance(wanted, TokenProblem)
        assert (wanted.verdict.outcome, wanted.verdict.action) == (Outcome.UNAUTHORIZED, Action.STOP_AND_FIX)
    state, wanted = state.ask(_later(seconds=61), instead_of=_token("b"))
    assert wanted == Fetch()
    state = state.fetched(_token("c", _later(seconds=61)))
    assert isinstance(state.ask(_later(seconds=150), instead_of=_token("c", _later(seconds=61)))[1], TokenProblem)


def test_a_token_that_has_served_for_long_is_replaced_at_once() -> None:
    state, _ = TokenState(_token("a")).ask(_NOW, instead_of=_token("a"))
    state = state.fetched(_token("b"))
    assert state.ask(_later(hours=5), instead_of=_token("b"))[1] == Fetch()


def test_failed_requests_are_held_off_longer_each_time() -> None:
    problem = TokenProblem.of_error(ConnectError("no route"))
    state = TokenState()
    waits = []
    now = _NOW
    for _ in range(10):
        assert state.ask(now)[1] == Fetch()
        state = state.failed(problem, now)
        assert state.hold_until is not None
        held = state.ask(now)[1]
        assert isinstance(held, TokenProblem)
        assert held.retry_after == state.hold_until - now
        waits.append((state.hold_until - now).total_seconds())
        now = state.hold_until
    assert waits == [10, 20, 40, 80, 160, 320, 640, 900, 900, 900]
    assert state.fetched(_token(at=now)).ask(now)[1] == _token(at=now)


def test_the_servers_own_delay_is_kept() -> None:
    problem = ENTRA.read(Response(429, ((b"Retry-After", b"120"),)), _NOW)
    assert isinstance(problem, TokenProblem)
    state = TokenState().failed(problem, _NOW)
    assert isinstance(state.ask(_later(seconds=119))[1], TokenProblem)
    assert state.ask(_later(seconds=120))[1] == Fetch()


def test_refused_credentials_are_not_tried_again_for_each_send() -> None:
    problem = ENTRA.read(_answer(401, error="invalid_client"), _NOW)
    assert isinstance(problem, TokenProblem)
    state = TokenState().failed(problem, _NOW)
    assert state.ask(_later(seconds=9))[1] == problem
    assert state.ask(_later(seconds=10))[1] == Fetch()


def test_inside_the_margin_the_old_token_serves_while_the_new_one_is_held_off() -> None:
    state = TokenState(_token())
    late = _later(hours=23, minutes=57)
    assert state.ask(late)[1] == Fetch()
    state = state.failed(TokenProblem.of_error(ConnectError("no route")), late)
    assert state.ask(late)[1] == _token()


@pytest.mark.parametrize("name", ["expires_at", "obtained_at"])
@pytest.mark.parametrize("moment", [_NOW.replace(tzinfo=None), None, 86400, "2099-01-01T00:00:00+00:00"])
def test_a_tokens_times_are_datetimes_with_a_time_zone(name: str, moment: Any) -> None:
    times: dict[str, Any] = {"expires_at": _NOW, "obtained_at": _NOW, name: moment}
    with pytest.raises(ValidationError, match=f"{name}: must be a datetime with a time zone"):
        Token("abc", **times)


def test_a_token_that_is_unpickled_is_checked_like_any_other() -> None:
    whole = pickle.dumps(_token("abc"))
    assert pickle.loads(whole) == _token("abc")  # noqa: S301 - it was made above
    with pytest.raises(ValidationError, match="token"):
        pickle.loads(whole.replace(b"abc", b"   "))  # noqa: S301 - the same


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((None,), "verdict"),
        ((Verdict(Outcome.ACCEPTED, Action.NOTHING, ""),), "verdict"),
        ((Verdict(Outcome.CHANNEL_GONE, Action.DELETE_CHANNEL, ""),), "verdict"),
        ((_FAILED, 30), "retry_after"),
        ((_FAILED, "x"), "retry_after"),
        ((_FAILED, timedelta(seconds=-1)), "retry_after"),
        ((_FAILED, timedelta.max), "retry_after"),
    ],
)
def test_a_problem_is_valid_once_it_exists(arguments: Any, field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        TokenProblem(*arguments)
