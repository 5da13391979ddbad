"""Access tokens: the two ways to request one, how to read the response, and when to renew (wns.md 1).

All senders of an app share one token. `TokenState` tracks it with pure transitions, so that tasks or threads can share
one state and wait for a single request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

from winpush._values import check_moment, keep_plain
from winpush.answers import json_object
from winpush.channels import AllowedHosts, Channel, parse_origin, split_uri
from winpush.errors import ChannelError, ConfigurationError, TlsError, TransportError, ValidationError
from winpush.http import Request, Response, check_bearer
from winpush.results import Action, Outcome, Verdict, judge_failure
from winpush.secrecy import SecretBytes
from winpush.wns.protocol.responses import (
    CREDENTIALS_FAILED,
    CREDENTIALS_REFUSED,
    TOKEN_UNAVAILABLE,
    UNAUTHORIZED,
    judge_token,
)

__all__ = [
    "SCOPE",
    "Credentials",
    "EntraCredentials",
    "Fetch",
    "PackageCredentials",
    "Token",
    "TokenForm",
    "TokenProblem",
    "TokenState",
    "check_answer",
    "check_life",
    "claims_for_new_token",
    "is_unavailable",
    "read_token_request",
    "token_until",
]

SCOPE = "https://wns.windows.com/.default"
"""The scope of an Entra token for WNS, to pass to other libraries' `get_token(*scopes)`."""

_PACKAGE_SCOPE = "notify.windows.com"
_PACKAGE_URL = "https://login.live.com/accesstoken.srf"
_ENTRA_URL = "https://login.microsoftonline.com"
_FORM = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))

# The lifetime is missing from some captures of 2012 and 2013, when tokens lasted a day (inferred).
_USUAL_LIFE = timedelta(hours=24)
_MAX_LIFE = timedelta(days=365)
_MARGIN = timedelta(minutes=5)
_MAX_DETAIL = 2000
_PROBLEMS = (Action.RETRY_LATER, Action.STOP_AND_FIX)

# Raised by azure-core and MSAL if no answer came, if the server failed, and if a web page answered in its place.
_AZURE_TROUBLE = frozenset({"ServiceRequestError", "ServiceResponseError", "MsalServiceError", "JSONDecodeError"})

_SID = re.compile(r"ms-app://s-1-15-2(?:-[0-9]+)+/?", re.IGNORECASE)
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. Its value is a secret that never appears in a repr. Times are aware.

    Raises ValidationError.
    """

    value: str = field(repr=False)
    expires_at: datetime
    obtained_at: datetime

    def __post_init__(self) -> None:
        keep_plain(self, ("value", "expires_at", "obtained_at"))
        check_bearer(self.value)
        for name in ("expires_at", "obtained_at"):
            check_moment(name, getattr(self, name))

    def __reduce__(self) -> tuple[Any, ...]:
        # A token cache may be a pickle: a loaded token is checked like a new one.
        return type(self), (self.value, self.expires_at, self.obtained_at)

    @property
    def renew_at(self) -> datetime:
        """A little before it expires: five minutes, or a tenth of a short life."""
        return self.expires_at - min(_MARGIN, (self.expires_at - self.obtained_at) / 10)

    def is_fresh(self, now: datetime) -> bool:
        """True until it is time to get the next token."""
        return now < self.renew_at

    def is_valid(self, now: datetime) -> bool:
        """True until it expires."""
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class TokenProblem:
    """Why there is no token: the verdict for the sends waiting for it, and when to try again.

    The verdict's action is RETRY_LATER or STOP_AND_FIX, and `retry_after` is at most a year. Raises ValidationError.
    """

    verdict: Verdict
    retry_after: timedelta | None = None

    def __post_init__(self) -> None:
        verdict = self.verdict
        if not (isinstance(verdict, Verdict) and isinstance(verdict.outcome, Outcome) and verdict.action in _PROBLEMS):
            raise ValidationError("verdict", "must be a Verdict whose action is RETRY_LATER or STOP_AND_FIX")
        wait = self.retry_after
        if wait is not None and not (isinstance(wait, timedelta) and timedelta(0) <= wait <= _MAX_LIFE):
            raise ValidationError("retry_after", "must be a timedelta from 0 to 365 days, or None")

    @classmethod
    def of(cls, verdict: Verdict, retry_after: timedelta | None, detail: str) -> TokenProblem:
        """Adds the server's or the network's own message to the verdict."""
        meaning = f"{verdict.meaning} ({detail})" if detail else verdict.meaning
        return cls(replace(verdict, meaning=meaning), retry_after)

    @classmethod
    def of_error(cls, error: BaseException) -> TokenProblem:
        """No response arrived, or a third-party credentials object raised.

        A proxy or TLS failure gets the same verdict as for a send, and azure-identity's error for wrong credentials
        (`ClientAuthenticationError`) means that they were refused. Any other network or server error means that the
        server can't be reached. Any other exception is the object's own failure; only its type is reported, since its
        text may contain a secret. Never raises, not even for an error whose text or attributes can't be read.
        """
        try:
            if isinstance(error, TransportError):
                return cls._of_transport_error(error)
            return cls._of_other_error(error, _kinds(error), frozenset[str]().union(*map(_kinds, _causes(error))))
        except BaseException:  # noqa: BLE001 - a third party's class, whose methods may raise anything
            return cls.of(CREDENTIALS_FAILED, None, f"It raised {type(error).__name__}, which can't be read itself.")

    @classmethod
    def _of_transport_error(cls, error: TransportError) -> TokenProblem:
        verdict = judge_failure(error)
        if verdict.outcome in (Outcome.PROXY_FAILED, Outcome.TLS_FAILED):
            return cls.of(verdict, verdict.delay, str(error))
        return cls.of(replace(TOKEN_UNAVAILABLE, delay=_FIRST_HOLD), _FIRST_HOLD, str(error))

    @classmethod
    def _of_other_error(cls, error: BaseException, kinds: frozenset[str], causes: frozenset[str]) -> TokenProblem:
        # azure-identity reports any MSAL error as wrong credentials; the cause shows if it was the server's fault.
        is_trouble = bool(kinds & _AZURE_TROUBLE or (causes & _AZURE_TROUBLE and not is_unavailable(error)))
        if is_trouble and "SSLCertVerificationError" in causes:
            return cls.of_error(TlsError(_one_line(str(error))))
        status = getattr(error, "status_code", None)
        is_refusal = isinstance(status, int) and 400 <= status < 500 and status != 429
        is_answer = "HttpResponseError" in kinds
        if not is_trouble and ("ClientAuthenticationError" in kinds or (is_answer and is_refusal)):
            return cls.of(CREDENTIALS_REFUSED, None, _one_line(str(error)))
        if is_trouble or is_answer or isinstance(error, OSError):
            detail = _one_line(str(error)) if is_trouble or is_answer else type(error).__name__
            return cls.of(replace(TOKEN_UNAVAILABLE, delay=_FIRST_HOLD), _FIRST_HOLD, detail)
        # Our own message names a field, and contains no secret.
        words = f": {error}" if type(error) is ValidationError else ""
        return cls.of(CREDENTIALS_FAILED, None, f"It raised {type(error).__name__}{words}.")


def _kinds(error: BaseException) -> frozenset[str]:
    """The names of its classes: other libraries' errors are recognised only by these."""
    return frozenset(kind.__name__ for kind in type(error).__mro__)


def is_unavailable(error: BaseException) -> bool:
    """True if azure-identity says that a credential can't be used here, which doesn't mean that it is wrong."""
    return "CredentialUnavailableError" in _kinds(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error that it was raised from, that one's cause, and so on."""
    seen = {id(error)}
    cause = _cause(error)
    while isinstance(cause, BaseException) and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = _cause(cause)


def _cause(error: BaseException) -> object:
    # azure-core keeps the error that it caught in an attribute.
    return error.__cause__ or getattr(error, "inner_exception", None) or error.__context__


class Credentials(Protocol):
    """Requests tokens for one app. The clients call your own credentials in a separate thread, so they may block."""

    def request(self) -> Request:
        """The request for a token."""

    def read(self, response: Response, now: datetime) -> Token | TokenProblem:
        """The token in the response, or why there is none."""


@dataclass(frozen=True, slots=True)
class EntraCredentials:
    """The app registration of a Windows App SDK app in Microsoft Entra ID (wns.md 1.1).

    `authority` is an alternative address of the service: a national cloud's, or an emulator's. Raises
    ConfigurationError.
    """

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    authority: str = _ENTRA_URL

    def __post_init__(self) -> None:
        keep_plain(self, ("tenant_id", "client_id", "client_secret", "authority"))
        _check_texts(self, "tenant_id", "client_id", "client_secret")
        if not _TENANT.fullmatch(self.tenant_id):
            raise ConfigurationError("tenant_id: must be the directory id (a GUID) or its domain name")
        if _endpoint("authority", self.authority).target != "/":
            raise ConfigurationError("authority: must be without a path: the tenant is tenant_id")

    @property
    def identity(self) -> str:
        """Who logs in where, without the secret: a TokenStore's key for the token."""
        return f"{self.authority.rstrip('/')}/{self.tenant_id} {self.client_id}".lower()

    def request(self) -> Request:
        """`POST /{tenant}/oauth2/v2.0/token`. The secret never appears in its repr."""
        url = f"{self.authority.rstrip('/')}/{self.tenant_id}/oauth2/v2.0/token"
        return _request("authority", url, self.client_id, self.client_secret, SCOPE)

    def read(self, response: Response, now: datetime) -> Token | TokenProblem:
        """The token, or why there is none."""
        return _read(response, now, self.client_secret)

    def __reduce__(self) -> str:
        raise TypeError("Credentials hold a secret and can't be pickled; create them where they are used.")


@dataclass(frozen=True, slots=True)
class PackageCredentials:
    """The Package SID and secret of a UWP or Store app, from Partner Center (wns.md 1.1).

    `token_url` is an alternative address of the service, such as an emulator's. Raises ConfigurationError.
    """

    package_sid: str
    client_secret: str = field(repr=False)
    token_url: str = _PACKAGE_URL

    def __post_init__(self) -> None:
        keep_plain(self, ("package_sid", "client_secret", "token_url"))
        _check_texts(self, "package_sid", "client_secret")
        if not _SID.fullmatch(self.package_sid):
            raise ConfigurationError("package_sid: must look like ms-app://s-1-15-2-…, as Partner Center shows it")
        _endpoint("token_url", self.token_url)

    @property
    def identity(self) -> str:
        """Who logs in where, without the secret: a TokenStore's key for the token."""
        return f"{self.token_url} {self.package_sid.rstrip('/')}".lower()

    def request(self) -> Request:
        """`POST /accesstoken.srf`. The secret never appears in its repr."""
        return _request("token_url", self.token_url, self.package_sid, self.client_secret, _PACKAGE_SCOPE)

    def read(self, response: Response, now: datetime) -> Token | TokenProblem:
        """The token, or why there is none."""
        return _read(response, now, self.client_secret)

    def __reduce__(self) -> str:
        raise TypeError("Credentials hold a secret and can't be pickled; create them where they are used.")


def _check_texts(credentials: object, *names: str) -> None:
    for name in names:
        value = getattr(credentials, name)
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError(f"{name}: must be non-empty text")
        if value != value.strip() or "\ufeff" in value or not all(map(str.isprintable, value)):
            raise ConfigurationError(
                f"{name}: has white space or a control character at its ends or in it, such as a file's line end or "
                "byte order mark; remove it"
            )
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ConfigurationError(f"{name}: has a character that UTF-8 can't encode: how was it read?") from None


def _endpoint(name: str, url: str) -> Channel:
    """A token server's address, which must be https or on a private network, because a secret is sent to it."""
    try:
        origin_text, target = split_uri(url)
        authority = origin_text.partition("://")[2]
        endpoint = Channel(parse_origin(origin_text, AllowedHosts.of([authority])), target)
    except (ChannelError, ConfigurationError, AttributeError):
        raise ConfigurationError(f"{name}: must be an address such as {_ENTRA_URL}") from None
    if endpoint.origin.scheme != "https" and not _is_private(endpoint.origin.dial_host):
        raise ConfigurationError(f"{name}: must be https, because a secret is sent there")
    return endpoint


def _is_private(host: str) -> bool:
    """True for a host reachable only from its own network, such as an emulator on this machine or in a container."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".test", ".internal"))


def _request(name: str, url: str, client_id: str, client_secret: str, scope: str) -> Request:
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": scope,
        }
    )
    return Request(_endpoint(name, url), _FORM, SecretBytes(form.encode()))


def _read(response: Response, now: datetime, secret: str) -> Token | TokenProblem:
    document = json_object(response.body)
    if response.status_code == 200:
        try:
            return _token(document, now)
        except ValidationError:
            pass
    given = document.get("error")
    error = given if isinstance(given, str) else ""
    verdict, wait = judge_token(response, now, error)
    return TokenProblem.of(verdict, wait, _detail(error, document.get("error_description"), secret))


def _token(document: dict[str, Any], now: datetime) -> Token:
    if str(document.get("token_type", "bearer")).lower() != "bearer":
        raise ValidationError("token_type", "is not bearer")
    return Token(document.get("access_token", ""), now + _life(document.get("expires_in")), now)


def _life(value: object) -> timedelta:
    """A number, a numeric string, or absent (wns.md 1.1)."""
    try:
        seconds = float(value)  # type: ignore[arg-type]  # anything may arrive; non-numbers are caught below
        return min(max(timedelta(seconds=seconds), timedelta(0)), _MAX_LIFE)
    except (TypeError, ValueError, OverflowError):
        return _USUAL_LIFE


def _detail(error: str, description: object, secret: str) -> str:
    """The server's own message on one line, with the secret removed in case the server echoes it."""
    words = f"{error}: {description}" if isinstance(description, str) and description else error
    for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret)):
        # The two digits of an escaped byte may be of either case (RFC 3986 section 2.1).
        words = re.sub(re.sub("%[0-9A-F]{2}", r"(?i:\g<0>)", re.escape(form)), "…", words)
    return _one_line(words)


def _one_line(words: str) -> str:
    """The text on one line. It is cut only at a length that no server's message has, since its last lines are the ids
    that support asks for."""
    line = " ".join("".join(character if character.isprintable() else " " for character in words).split())
    return line if len(line) <= _MAX_DETAIL else line[:_MAX_DETAIL].rpartition(" ")[0] + " …"


@dataclass(frozen=True, slots=True)
class TokenForm:
    """A parsed token request: the inverse of `request()`, for an emulator. The secret never appears in a repr."""

    grant_type: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str


def read_token_request(body: bytes) -> TokenForm:
    """Reads the body of a token request; an absent field is ''."""
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return TokenForm(*[fields.get(name, "") for name in ("grant_type", "client_id", "client_secret", "scope")])


@dataclass(frozen=True, slots=True)
class Fetch:
    """There is no usable token: send `credentials.request()` once, and have all other senders wait for its response."""


_FIRST_HOLD = timedelta(seconds=10)
_LONGEST_HOLD = timedelta(minutes=15)
_REFUSED_HOLD = timedelta(minutes=1)
_PROVED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TokenState:
    """The state of an app's token, shared by all its senders; `ask`, `fetched` and `failed` return the next state.

    `refusals` counts consecutive tokens that WNS refused, `failures` consecutive requests that returned none. After
    either, new requests are put on hold, longer each time, so that a mistake can't turn into a request storm.
    """

    token: Token | None = None
    refusals: int = 0
    problem: TokenProblem | None = None
    failures: int = 0
    hold_until: datetime | None = None

    def ask(self, now: datetime, instead_of: Token | None = None) -> tuple[TokenState, Token | TokenProblem | Fetch]:
        """A sender asks for a token, with `instead_of` if WNS refused that one.

        Returns the current token if it is fresh and not the refused one (another sender may already have renewed it), a
        problem while new requests are on hold, and otherwise Fetch.
        """
        if instead_of is not None and self.token is not None and self.token.value == instead_of.value:
            return self._replace_refused(self.token, now)
        if self.token is not None and self.token.is_fresh(now):
            return self, self.token
        if self.problem is not None and self.hold_until is not None and now < self.hold_until:
            if self.token is not None and self.token.is_valid(
                now
            ):  # within the renewal margin the old token still works
                return self, self.token
            return self, self._held(self.problem, self.hold_until - now)
        return self, Fetch()

    def _replace_refused(self, token: Token, now: datetime) -> tuple[TokenState, Token | TokenProblem | Fetch]:
        refusals = 0 if now - token.obtained_at > _PROVED else self.refusals
        if refusals and now < token.obtained_at + _hold(_REFUSED_HOLD, refusals):
            return self, TokenProblem(UNAUTHORIZED)
        return replace(self, token=None, refusals=refusals + 1).ask(now)

    def _held(self, problem: TokenProblem, wait: timedelta) -> TokenProblem:
        return replace(problem, retry_after=wait) if problem.verdict.action is Action.RETRY_LATER else problem

    def fetched(self, token: Token) -> TokenState:
        """The request returned a token."""
        return TokenState(token, 0 if self.token is not None else self.refusals)

    def accepted(self) -> TokenState:
        """WNS accepted the current token, which ends the run of refusals."""
        return replace(self, refusals=0) if self.refusals else self

    def failed(self, problem: TokenProblem, now: datetime) -> TokenState:
        """The request returned none: no new request until the server's delay, or ours, has passed."""
        failures = self.failures + 1
        wait = max(problem.retry_after or _FIRST_HOLD, _hold(_FIRST_HOLD, failures))
        return replace(self, problem=problem, failures=failures, hold_until=now + wait)


def _hold(first: timedelta, times: int) -> timedelta:
    return min(first * (1 << min(times - 1, 10)), _LONGEST_HOLD)


def token_until(value: str, expires_on: float, now: datetime) -> Token:
    """A token obtained by another library (azure-identity's `AccessToken`); `expires_on` is in seconds since 1970."""
    return Token(value, datetime.fromtimestamp(expires_on, UTC), now)


def check_answer(answer: object, now: datetime) -> Token | TokenProblem:
    """The answer of a third party's `Credentials.read`, as a new value, because a subclass may not be valid. Raises
    TypeError and ValidationError."""
    if isinstance(answer, Token):
        return check_life(Token(answer.value, answer.expires_at, answer.obtained_at), now)
    if isinstance(answer, TokenProblem):
        return TokenProblem(answer.verdict, answer.retry_after)
    raise TypeError("read() returned neither a Token nor a TokenProblem")


def check_life(token: Token, now: datetime) -> Token | TokenProblem:
    """The token, or the problem with one that has already expired: another request would return the same."""
    if token.is_valid(now):
        return token
    if token.expires_at == token.obtained_at:  # from an `expires_in` of 0 or below
        problem = "The token server granted a token that expires at once: expires_in is 0 or below."
    else:
        problem = f"It returned a token that expired at {token.expires_at.isoformat()}: check this machine's clock."
    return TokenProblem.of(CREDENTIALS_FAILED, None, problem)


def claims_for_new_token(now: datetime) -> str:
    """Claims that make azure-identity's `get_token` bypass its cache: only a token issued from now on will do."""
    moment = str(int(now.timestamp()))
    return json.dumps({"access_token": {"nbf": {"essential": True, "value": moment}}})
