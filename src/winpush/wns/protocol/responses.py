"""WNS responses: the single table of what each one means, for the client and the emulator (wns.md 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache

from winpush.answers import WNS_HEADERS, bears_wns_mark, is_strangers, json_object, squeeze
from winpush.http import Response
from winpush.results import Action, Backoff, Outcome, Verdict, deciding_word, foreign_answer, passing_answer
from winpush.retries import timed, timed_by_stranger

__all__ = [
    "HEADERS",
    "ROWS",
    "TOKEN_UNAVAILABLE",
    "UNAUTHORIZED",
    "Endpoint",
    "Row",
    "judge",
    "judge_token",
    "wants_new_token",
]

HEADERS = WNS_HEADERS


class Endpoint(Enum):
    """Which server answered."""

    NOTIFY = "notify"
    TOKEN = "token"  # noqa: S105 - the name of a server


@dataclass(frozen=True, slots=True)
class Row:
    """One documented or observed response, and its verdict.

    None means that the header is absent; `error_description` is text contained in X-WNS-Error-Description or in the
    token server's JSON; `reason` is the status line's. `honours_retry_after`: the service's own delay overrides the
    row's. `renews_token`: get a new token and send the request once more.
    """

    endpoint: Endpoint
    status_code: int
    notification_status: str | None
    device_connection_status: str | None
    verdict: Verdict
    error_description: str | None = None
    reason: str | None = None
    honours_retry_after: bool = False
    renews_token: bool = False


_PAGE = "wns.md 7 [W1]"
_RPUSH = f"{_PAGE}; the delay from rpush, wns.md 7.2 [T4]"
_RECORDED = "recordings in GitHub issues, wns.md 7 [G2]"
_APP_SDK = "wns.md 7 [W5], [G1: WindowsAppSDK issue 3501]"
_OAUTH = "RFC 6749, section 5.2; unverified for this server, wns.md 1.3"
_PRACTICE = "general practice; unverified for this server, wns.md 1.3"

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

_ACCEPTED = Verdict(Outcome.ACCEPTED, Action.NOTHING, "WNS accepted it, which doesn't prove delivery.", source=_PAGE)
_ACCEPTED_WEB_PUSH = Verdict(
    Outcome.ACCEPTED, Action.NOTHING, "WNS accepted it, as a browser's web-push channel does.", source=_RECORDED
)
_DROPPED = Verdict(
    Outcome.DROPPED,
    Action.STOP_AND_FIX,
    "WNS dropped it: an error, an app that accepts no notifications of this kind, or a toast for an offline "
    "device. Keep the channel; do not send the same again.",
    source=_PAGE,
)
_CHANNEL_THROTTLED = Verdict(
    Outcome.CHANNEL_THROTTLED,
    Action.RETRY_LATER,
    "Too many for this channel, so WNS dropped it. Slow down on this channel, and send it again later.",
    10 * _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
    source=_RPUSH,
)
_BAD_REQUEST = Verdict(
    Outcome.BAD_REQUEST,
    Action.STOP_AND_FIX,
    "A header is wrong, or two headers conflict. The channel may well be valid: keep it, and fix the request.",
    source=_PAGE,
)
_TOKEN_EXPIRED = Verdict(
    Outcome.UNAUTHORIZED,
    Action.RETRY_LATER,
    "The access token is missing, wrong or expired. Get a new one and send once more; keep the channel.",
    timedelta(0),
    source=_PAGE,
)
UNAUTHORIZED = Verdict(
    Outcome.UNAUTHORIZED,
    Action.STOP_AND_FIX,
    "WNS also refused a fresh access token. Check that the credentials are the channel app's; keep the channel.",
    source=_PAGE,
)
_WEB_PUSH_REFUSED = Verdict(
    Outcome.UNAUTHORIZED,
    Action.STOP_AND_FIX,
    "This is a browser's web-push channel, which needs a VAPID signature instead of a WNS token.",
    source=_RECORDED,
)
_FORBIDDEN = Verdict(
    Outcome.FORBIDDEN,
    Action.STOP_AND_FIX,
    "The token is valid but belongs to a different app than the channel. Fix the credentials; keep the channel.",
    source=_PAGE,
)
_UNKNOWN_CHANNEL = Verdict(
    Outcome.CHANNEL_GONE,
    Action.DELETE_CHANNEL,
    "WNS doesn't know this channel. Delete it and never send to it again.",
    source=_PAGE,
)
_EXPIRED_CHANNEL = Verdict(
    Outcome.CHANNEL_GONE,
    Action.DELETE_CHANNEL,
    "The channel has expired, as all do after 30 days. Delete it; the app must ask for a new one.",
    source=_PAGE,
)
_DOMAIN_BLOCKED = Verdict(
    Outcome.DOMAIN_BLOCKED,
    Action.STOP_AND_FIX,
    "Microsoft has blocked the sender for abuse. Stop and contact Microsoft; the channel may be valid: keep it.",
    source=_PAGE,
)
_NOT_ALLOWED = Verdict(
    Outcome.METHOD_NOT_ALLOWED,
    Action.STOP_AND_FIX,
    "WNS accepts only POST, and DELETE on a Windows Phone's channel.",
    source=_PAGE,
)
_THROTTLED = Verdict(
    Outcome.THROTTLED,
    Action.RETRY_LATER,
    "Too many from this app. Send nothing more for it until the delay is over.",
    60 * _MINUTE,
    Backoff.FIXED,
    source=_RPUSH,
)
_APP_THROTTLED = Verdict(
    Outcome.THROTTLED,
    Action.RETRY_LATER,
    "Too many from this app. Send nothing more for it until the delay is over.",
    15 * _MINUTE,
    Backoff.FIXED,
    source=_RECORDED,
)
_QUOTA = Verdict(
    Outcome.THROTTLED,
    Action.RETRY_LATER,
    "Too many from this app, or its quota for the month is used up. Send nothing more for it until the delay is over.",
    60 * _MINUTE,
    Backoff.FIXED,
    source=_APP_SDK,
)
_TOO_LARGE = Verdict(
    Outcome.PAYLOAD_TOO_LARGE,
    Action.STOP_AND_FIX,
    "The payload is over 5,000 bytes. Shorten it; keep the channel.",
    source=_PAGE,
)
_SERVICE_ERROR = Verdict(
    Outcome.SERVICE_ERROR,
    Action.RETRY_LATER,
    "WNS failed internally. Send it again later, waiting longer each time; if it persists, report the debug trace.",
    _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
    source=f"{_PAGE}; retrying is our decision",
)
_UNAVAILABLE = Verdict(
    Outcome.SERVICE_UNAVAILABLE,
    Action.RETRY_LATER,
    "WNS can't accept it now. Send it again later, waiting longer each time.",
    _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
    source=_PAGE,
)

_TOKEN_ISSUED = Verdict(Outcome.ACCEPTED, Action.NOTHING, "A token was issued.", source="wns.md 1.3 [W1, W3]")
CREDENTIALS_REFUSED = Verdict(
    Outcome.CREDENTIALS_REFUSED,
    Action.STOP_AND_FIX,
    "The token server refused the credentials: the id, the secret, the tenant or the scope is wrong, or the secret "
    "has expired. Nothing was sent.",
    source="wns.md 1.3 [W1]",
)
_CREDENTIALS_REFUSED_ENTRA = Verdict(
    Outcome.CREDENTIALS_REFUSED, Action.STOP_AND_FIX, CREDENTIALS_REFUSED.meaning, source=_OAUTH
)
_TOKEN_THROTTLED = Verdict(
    Outcome.TOKEN_THROTTLED,
    Action.RETRY_LATER,
    "The token server asks for fewer requests. Nothing was sent.",
    _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
    source=_PRACTICE,
)
TOKEN_UNAVAILABLE = Verdict(
    Outcome.TOKEN_UNAVAILABLE,
    Action.RETRY_LATER,
    "The token server could not be reached, or returned no token. Nothing was sent.",
    _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
    source=_PRACTICE,
)

_NOTIFY, _TOKEN = Endpoint.NOTIFY, Endpoint.TOKEN
_DEVICES = (None, "connected", "disconnected", "tempconnected", "tempdisconnected")

ROWS: tuple[Row, ...] = (
    *(Row(_NOTIFY, 200, "received", device, _ACCEPTED) for device in _DEVICES),
    Row(_NOTIFY, 200, "dropped", None, _DROPPED),
    Row(_NOTIFY, 200, "dropped", "disconnected", _DROPPED),
    Row(_NOTIFY, 200, "channelthrottled", None, _CHANNEL_THROTTLED, honours_retry_after=True),
    Row(_NOTIFY, 400, "dropped", None, _BAD_REQUEST),
    Row(_NOTIFY, 400, "dropped", None, _BAD_REQUEST, "Content-Type should be application/octet-stream"),
    Row(_NOTIFY, 400, "dropped", None, _BAD_REQUEST, "Ttl value conflicts with X-WNS-Cache-Policy."),
    Row(_NOTIFY, 401, None, None, _TOKEN_EXPIRED, renews_token=True),
    Row(_NOTIFY, 403, None, None, _FORBIDDEN),
    Row(_NOTIFY, 404, None, None, _UNKNOWN_CHANNEL),
    Row(_NOTIFY, 405, None, None, _NOT_ALLOWED),
    Row(_NOTIFY, 406, None, None, _THROTTLED, honours_retry_after=True),
    Row(_NOTIFY, 406, "appthrottled", None, _APP_THROTTLED, honours_retry_after=True),
    Row(_NOTIFY, 410, None, None, _EXPIRED_CHANNEL),
    Row(_NOTIFY, 410, None, None, _DOMAIN_BLOCKED, reason="Domain Blocked"),
    Row(_NOTIFY, 413, None, None, _TOO_LARGE),
    Row(_NOTIFY, 429, None, None, _QUOTA, honours_retry_after=True),
    Row(_NOTIFY, 500, None, None, _SERVICE_ERROR),
    Row(_NOTIFY, 503, None, None, _UNAVAILABLE, honours_retry_after=True),
    Row(_NOTIFY, 201, "received", None, _ACCEPTED_WEB_PUSH),
    Row(_NOTIFY, 401, None, None, _WEB_PUSH_REFUSED, "JWT Authentication Failed"),
    Row(_TOKEN, 200, None, None, _TOKEN_ISSUED),
    Row(_TOKEN, 400, None, None, CREDENTIALS_REFUSED, "invalid_client"),
    Row(_TOKEN, 401, None, None, _CREDENTIALS_REFUSED_ENTRA, "invalid_client"),
    Row(_TOKEN, 429, None, None, _TOKEN_THROTTLED, honours_retry_after=True),
    Row(_TOKEN, 503, None, None, TOKEN_UNAVAILABLE, honours_retry_after=True),
)
"""Every known response, in the order of the protocol reference's table."""

_SERVER_TROUBLE = Verdict(
    Outcome.UNEXPECTED_ANSWER,
    Action.RETRY_LATER,
    "WNS doesn't document this response; its status suggests a problem in the service. Send it again later.",
    _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
)
_UNFORESEEN = Verdict(
    Outcome.UNEXPECTED_ANSWER,
    Action.STOP_AND_FIX,
    "WNS doesn't document this response, so it doesn't count as a success. Keep the channel; check what is answering "
    "(a proxy, a redirect, another server?).",
)
CREDENTIALS_FAILED = Verdict(
    Outcome.CREDENTIALS_FAILED,
    Action.STOP_AND_FIX,
    "The credentials object failed. Nothing was sent. Fix it or its configuration.",
)
_TOKEN_UNFORESEEN = Verdict(
    Outcome.TOKEN_UNAVAILABLE,
    Action.RETRY_LATER,
    "The token server's response contains no token. Check its address, and what is answering there. Nothing was sent.",
    _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
)
_TOKEN_FOREIGN = Verdict(
    Outcome.TOKEN_UNAVAILABLE,
    Action.RETRY_LATER,
    "Something else answered instead of the token server: a proxy, a firewall or a network's login page. This says "
    "nothing about the credentials. Check what answers there. Nothing was sent.",
    _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
)
# The codes of a refusal (RFC 6749, sections 4.1.2.1 and 5.2; RFC 8707), and Entra's additional ones. A gateway's JSON
# also has an `error`, such as "Forbidden".
_REFUSALS = frozenset(
    (
        "access_denied",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_resource",
        "invalid_scope",
        "invalid_target",
        "invalid_tenant",
        "login_required",
        "unauthorized_client",
        "unsupported_grant_type",
    )
)


def _first(*rows: Row) -> dict[int, Row]:
    """The first row for each status code."""
    return {row.status_code: row for row in reversed(rows)}


FOREIGN_ANSWER = foreign_answer("WNS")
_PASSING = passing_answer("WNS")
_ABSENT = (b"", b"")
_SUCCESSES = (200, 201)
_PLAIN = [row for row in ROWS if row.reason is None and row.error_description is None]
# Only a known status word counts as a success…
_BY_WORD = {
    (row.status_code, row.notification_status): row
    for row in _PLAIN
    if row.endpoint is _NOTIFY and row.status_code in _SUCCESSES
}
# …a throttling word counts with any of these codes…
_THROTTLES = {row.notification_status: row for row in ROWS if (row.notification_status or "").endswith("throttled")}
_THROTTLE_CODES = (200, 406, 429)
# …every other error means the same whatever its headers: a 404 was captured without any status word…
_BY_CODE = _first(*[row for row in _PLAIN if row.endpoint is _NOTIFY and row.status_code not in _SUCCESSES])
# …except those that only a text distinguishes.
_BY_TEXT = [
    row
    for row in ROWS
    if row.endpoint is _NOTIFY and row not in _PLAIN and row.verdict is not _BY_CODE[row.status_code].verdict
]
_BY_TOKEN_CODE = _first(*[row for row in ROWS if row.endpoint is _TOKEN])


def judge(response: Response, now: datetime, *, renewed: bool = False) -> tuple[Verdict, timedelta | None]:
    """The verdict on a WNS response, and the minimum wait before the next send (None if waiting wouldn't help).

    `now` (aware) turns a Retry-After date into a wait; `renewed` means that the token had already been renewed, so that
    a 401 is final. Never raises; a response that no row covers is never a success.
    """
    row = _row_of(response)
    if (row is None or row.verdict.action is not Action.NOTHING) and _is_foreign(response, row):
        return timed_by_stranger(FOREIGN_ANSWER, response, now)
    if row is None and response.is_passing:
        return timed(_PASSING, response, now)
    if row is None:
        return timed(_SERVER_TROUBLE if response.status_code >= 500 else _UNFORESEEN, response, now)
    if renewed and row.renews_token:
        return UNAUTHORIZED, None
    return timed(row.verdict, response if row.honours_retry_after else None, now)


def is_foreign(response: Response) -> bool:
    """True if something other than WNS gave this answer. A bare 403 is WNS's own, for a package without a mapping
    (wns.md 1.2)."""
    return _is_foreign(response, _row_of(response))


def _is_foreign(response: Response, row: Row | None) -> bool:
    if bears_wns_mark(response):
        return False
    return is_strangers(response, ends_channel=row is not None and row.verdict.action is Action.DELETE_CHANNEL)


def wants_new_token(response: Response) -> bool:
    """True if the response rejects the token (and isn't from a web-push channel, or from something other than WNS)."""
    row = _row_of(response) if response.status_code == 401 and not is_foreign(response) else None
    return row is not None and row.renews_token


def _row_of(response: Response) -> Row | None:
    code = response.status_code
    for row in _BY_TEXT:
        if row.status_code == code and squeeze(row.reason or row.error_description or "") in _texts(response):
            return row
    get = response.index.get
    return _look_up(code, *[get(name, _ABSENT)[1] for name in HEADERS.notification_status])


# The same few responses keep coming, so each exact combination of bytes is looked up once.
@lru_cache(maxsize=1024)
def _look_up(code: int, *statuses: bytes) -> Row | None:
    """Looks up the service's status words; if they disagree, `received` loses. A repeated header has both words."""
    said = [word.strip() for word in b",".join(statuses).decode("latin-1").lower().split(",")]
    word = deciding_word(said)
    if code in _THROTTLE_CODES and word in _THROTTLES:
        return _THROTTLES[word]
    return _BY_WORD.get((code, word)) if code in _SUCCESSES else _BY_CODE.get(code)


def _texts(response: Response) -> str:
    """All text that could identify a 410 for a blocked sender: where it says so is undocumented (wns.md 7)."""
    reason = getattr(response, "reason", "")
    return squeeze(f"{reason} {response.find(HEADERS.error_description) or ''} {response.body[:500].decode('latin-1')}")


def judge_token(response: Response, now: datetime, error: str = "") -> tuple[Verdict, timedelta | None]:
    """The verdict on a token server's response that contains no token; `error` is the code in its JSON, or ''.

    Never raises, and never reports a token as issued: that is up to the caller that has parsed it.
    """
    status = response.status_code
    if not error and _is_no_token_servers(response):
        return _TOKEN_FOREIGN, _TOKEN_FOREIGN.delay
    if status == 429 or (error == "temporarily_unavailable" and status < 500):
        return timed(_TOKEN_THROTTLED, response, now)
    if status >= 500 or error in ("temporarily_unavailable", "server_error"):
        return timed(TOKEN_UNAVAILABLE, response, now)
    if status >= 400 and error in _REFUSALS:
        row = _BY_TOKEN_CODE.get(status)
        return _CREDENTIALS_REFUSED_ENTRA if row is None else row.verdict, None
    return _TOKEN_UNFORESEEN, _TOKEN_UNFORESEEN.delay


def _is_no_token_servers(response: Response) -> bool:
    """True for an answer without an error code that no token server gives: a page, a redirect, or a body that isn't a
    token's JSON (wns.md 1.1). An answer without a body could come from anything."""
    if response.is_page or response.is_redirect:
        return True
    return bool(response.body) and "access_token" not in json_object(response.body)
