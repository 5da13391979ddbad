"""The emulator's two token servers: Entra's, and the older one at login.live.com (wns.md 1). No IO.

Like the real ones, they aren't interchangeable: each knows its own kind of client id and its own scope. A token belongs
to one app, whichever of the two issued it.
"""

from __future__ import annotations

import base64
import binascii
import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from winpush.emulator.apps import CLIENT_ID, CLIENT_SECRET, PACKAGE_SID, App, Apps
from winpush.emulator.assertions import ASSERTION_TYPE, AssertionRefusedError, Certificates
from winpush.emulator.redaction import shown_id
from winpush.wns.protocol.responses import ROWS, Endpoint

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "PACKAGE_SID",
    "TENANT_ID",
    "LoginAnswer",
    "TokenRequest",
    "Tokens",
    "headers_of",
    "is_token_path",
]

TENANT_ID = "emulator.example"
LIFE = timedelta(hours=24)

_ENTRA_PATH = re.compile(r"/([^/]+)/oauth2/v2\.0/token")
_PACKAGE_PATH = "/accesstoken.srf"
_ENTRA_SCOPE = "https://wns.windows.com/.default"
_PACKAGE_SCOPE = "notify.windows.com"
_KEPT_TOKENS = 10_000
_SHOWN_IDS = 5
_FORM = "application/x-www-form-urlencoded"
_APP_IDS = "App ids log in at /{tenant}/oauth2/v2.0/token"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_token_path(path: str) -> bool:
    """True for the path of either token server."""
    return path == _PACKAGE_PATH or _ENTRA_PATH.fullmatch(path) is not None


def headers_of(status: int) -> dict[str, str]:
    """The headers of a token server's answer, with the time to wait if the table lists one for the status."""
    waits = [row.verdict.delay for row in ROWS if row.endpoint is Endpoint.TOKEN and row.status_code == status]
    headers = {"Cache-Control": "no-store"}
    if waits and waits[0] is not None:
        headers["Retry-After"] = str(int(waits[0].total_seconds()))
    return headers


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to a token server. Header names are in lower case; `audiences` are the server's own addresses."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    audiences: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """Status and JSON, the reason for the record, and the remarks."""

    status: int
    document: dict[str, Any]
    reason: str
    remarks: tuple[str, ...] = ()


class _RefusedError(Exception):
    """Ends the checks of a login with OAuth's `error`, its description, and Entra's number for it."""

    def __init__(self, status: int, error: str, words: str, code: int | None = None) -> None:
        super().__init__(words)
        self.status, self.error, self.words, self.code = status, error, words, code

    def answer(self, remarks: list[str]) -> LoginAnswer:
        if self.code is None:
            document: dict[str, Any] = {"error": self.error, "error_description": self.words}
        else:
            words = f"AADSTS{self.code}: {self.words}"
            document = {"error": self.error, "error_description": words, "error_codes": [self.code]}
        return LoginAnswer(self.status, document, self.words, tuple(remarks))


@dataclass(frozen=True, slots=True)
class _Client:
    """Who logs in, and with what."""

    id: str
    secret: str | None
    assertion: str | None


class Tokens:
    """The tokens issued so far, each with its app and expiry, and the apps and certificates that may log in."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._issued: dict[str, tuple[App, datetime]] = {}
        self._last_login: dict[tuple[str | None, bool], datetime] = {}
        self.apps = Apps()
        self.certificates = Certificates()

    def issue(self, request: TokenRequest, now: datetime) -> LoginAnswer:
        """A token for the right credentials, otherwise the server's refusal."""
        remarks: list[str] = []
        is_entra = request.path != _PACKAGE_PATH
        try:
            fields = _read_form(request, entra=is_entra)
            if is_entra:
                app = self._check_entra(request, fields, remarks, now)
            else:
                app = self._check_package(request, fields, remarks)
        except _RefusedError as refused:
            return refused.answer(remarks)
        remarks += self._remark_login(now, app, entra=is_entra)
        reason = "A token was issued." if app.name is None else f"A token was issued for {app.words}."
        return LoginAnswer(200, self._new_token(now, app, entra=is_entra), reason, tuple(remarks))

    def _check_entra(self, request: TokenRequest, fields: Mapping[str, str], remarks: list[str], now: datetime) -> App:
        tenant = _ENTRA_PATH.fullmatch(request.path)
        if tenant is None or tenant[1].lower() != TENANT_ID:
            raise _RefusedError(400, "invalid_request", f"Tenant not found; the emulator's is {TENANT_ID}.", 90002)
        client = _client_of(request, fields, 900144)
        app = self.apps.find(client.id)
        if app is None or client.id.lower() != app.client_id:
            raise _RefusedError(400, "unauthorized_client", _unknown_app(client.id, self.apps, entra=True), 700016)
        _check_grant(fields, 70003)
        scope = fields.get("scope", "")
        if scope == f"{_ENTRA_SCOPE}/":
            remarks.append(f"scope: one sample has a slash at the end, another has none; send {_ENTRA_SCOPE}.")
        elif scope != _ENTRA_SCOPE:
            raise _RefusedError(400, "invalid_scope", _wrong_scope(scope, _ENTRA_SCOPE), 70011)
        if client.assertion is not None:
            self._check_assertion(client.assertion, app, fields, request, now)
        elif client.secret is None:
            words = "The request must contain client_secret or client_assertion."
            raise _RefusedError(401, "invalid_client", words, 7000218)
        elif client.secret != app.client_secret:
            raise _RefusedError(401, "invalid_client", "The client secret is wrong.", 7000215)
        return app

    def _check_package(self, request: TokenRequest, fields: Mapping[str, str], remarks: list[str]) -> App:
        client = _client_of(request, fields, None)
        if request.headers.get("authorization"):
            remarks.append(
                "Authorization: Basic is not documented for login.live.com; put the id and the secret in the form."
            )
        if client.assertion is not None:
            words = "Certificates log in at Entra; login.live.com requires client_secret."
            raise _RefusedError(400, "invalid_request", words)
        app = self.apps.find(client.id)
        if app is None or client.id.lower() == app.client_id:
            raise _RefusedError(400, "invalid_client", _unknown_app(client.id, self.apps, entra=False))
        if client.secret != app.client_secret:
            raise _RefusedError(400, "invalid_client", "The client secret is wrong or missing.")
        _check_grant(fields, None)
        if fields.get("scope") != _PACKAGE_SCOPE:
            raise _RefusedError(400, "invalid_scope", _wrong_scope(fields.get("scope", ""), _PACKAGE_SCOPE))
        return app

    def _check_assertion(
        self, assertion: str, app: App, fields: Mapping[str, str], request: TokenRequest, now: datetime
    ) -> None:
        if fields.get("client_assertion_type") != ASSERTION_TYPE:
            raise _RefusedError(400, "invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}.", 900144)
        try:
            self.certificates.check(assertion, app.client_id, request.audiences, now)
        except AssertionRefusedError as refused:
            raise _RefusedError(401, "invalid_client", str(refused), refused.code) from None

    def _new_token(self, now: datetime, app: App, *, entra: bool) -> dict[str, Any]:
        token = self.issue_own(now, app)
        life = int(LIFE.total_seconds())
        if not entra:
            return {"token_type": "bearer", "expires_in": life, "access_token": token}
        # In Entra's documented sample the numbers are strings.
        return {"token_type": "Bearer", "expires_in": str(life), "ext_expires_in": str(life), "access_token": token}

    def _remark_login(self, now: datetime, app: App, *, entra: bool) -> list[str]:
        """A remark on an unneeded token: another one of this app is still good and was not refused."""
        last = self._last_login.get((app.name, entra))
        self._last_login[app.name, entra] = now
        if last is None or now >= last + LIFE:
            return []
        return [
            f"This app's token from {_ago(now - last)} ago is still good, and no send with it was answered 401: keep "
            "one token for all sends of the app until it expires (wns.md 1.2)."
        ]

    def expect_login(self) -> None:
        """Notes that a send was answered 401, which is the documented reason to log in again."""
        self._last_login.clear()

    def issue_own(self, now: datetime, app: App) -> str:
        """A token without a login: for the emulator's own test notifications."""
        token = base64.urlsafe_b64encode(self._rng.randbytes(48)).decode("ascii")
        if len(self._issued) >= _KEPT_TOKENS:
            self._issued = {each: issued for each, issued in self._issued.items() if now < issued[1]}
        self._issued[token] = app, now + LIFE
        return token

    def app_of(self, token: str | None, now: datetime) -> App | None:
        """The app of this token; None unless it was issued here and has neither expired nor been revoked."""
        app, expires_at = self._issued.get(token or "", (None, now))
        return app if now < expires_at else None

    def revoke(self) -> None:
        """Revokes every token issued so far."""
        self._issued.clear()
        self._last_login.clear()


def _ago(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    number, unit = (seconds // 60, "minute") if seconds >= 60 else (seconds, "second")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _read_form(request: TokenRequest, *, entra: bool) -> dict[str, str]:
    refuse: Callable[[str, int], _RefusedError] = lambda words, code: _RefusedError(  # noqa: E731 - two uses, here
        400, "invalid_request", words, code if entra else None
    )
    if request.method != "POST":
        raise refuse(f"The method is {request.method}; a token server only accepts POST.", 900561)
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != _FORM:
        raise refuse(f"Content-Type must be {_FORM}; the request has {content_type[:80]!r}.", 900144)
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _client_of(request: TokenRequest, fields: Mapping[str, str], code: int | None) -> _Client:
    """The client's id and secret, from HTTP Basic or from the form (RFC 6749, section 2.3.1)."""
    basic = _basic(request.headers.get("authorization", ""), code)
    if basic is not None:
        if "client_secret" in fields or "client_assertion" in fields:
            raise _RefusedError(400, "invalid_request", "Log in with Authorization or with the form, not both.", code)
        return _Client(*basic, None)
    client_id = fields.get("client_id", "")
    if not client_id:
        raise _RefusedError(400, "invalid_request", "The request must contain client_id.", code)
    return _Client(client_id, fields.get("client_secret"), fields.get("client_assertion"))


def _basic(value: str, code: int | None) -> tuple[str, str] | None:
    scheme, _, encoded = value.strip().partition(" ")
    if not scheme:
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise _RefusedError(400, "invalid_request", "Authorization must be Basic, with client_id:client_secret.", code)
    return unquote_plus(client_id), unquote_plus(secret)


def _check_grant(fields: Mapping[str, str], code: int | None) -> None:
    grant = fields.get("grant_type", "")
    if grant != "client_credentials":
        words = f"The grant_type is {grant!r}; WNS needs client_credentials."
        raise _RefusedError(400, "unsupported_grant_type", words, code)


def _unknown_app(client_id: str, apps: Apps, *, entra: bool) -> str:
    other = "Package SIDs log in at /accesstoken.srf" if entra else _APP_IDS
    ids = [each.client_id if entra else each.package_sid for each in apps.known[:_SHOWN_IDS]]
    right = f"is {ids[0]}" if len(ids) == 1 else f"are {', '.join(ids)}{', …' * (len(apps.known) > _SHOWN_IDS)}"
    is_others = client_id.lower().startswith("ms-app://") if entra else _GUID.fullmatch(client_id) is not None
    hint = f" {other}." if is_others else ""
    return f"There is no app with the client_id {shown_id(client_id)[:80]!r} here; the emulator's {right}.{hint}"


def _wrong_scope(scope: str, right: str) -> str:
    return f"The scope is {scope[:120]!r}; this token server needs {right}."
