"""The push services' answers: one table for WNS, Mozilla, FCM and Apple (webpush.md 6 and 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from winpush.answers import WNS_HEADERS, bears_wns_mark, squeeze
from winpush.channels import Channel
from winpush.http import Response
from winpush.results import Action, Backoff, Outcome, StatusHeaders, Verdict, foreign_answer, passing_answer
from winpush.retries import timed, timed_by_stranger
from winpush.webpush.marks import APPLE_ID, bears_mark

__all__ = ["HEADERS", "ROWS", "Row", "diagnose", "judge"]

HEADERS = StatusHeaders(
    notification_status=WNS_HEADERS.notification_status,
    device_connection_status=WNS_HEADERS.device_connection_status,
    subscription_status=(),
    message_id=(*WNS_HEADERS.message_id, *APPLE_ID),
    error_description=WNS_HEADERS.error_description,
    debug_trace=WNS_HEADERS.debug_trace,
    correlation_vector=WNS_HEADERS.correlation_vector,
)


@dataclass(frozen=True, slots=True)
class Row:
    """An answer and its verdict.

    All `words` occur in its headers or body, whatever separates them; without words, the row is for any answer with
    this status that no earlier row fits. `is_silent`: it has WNS's own headers, but no reason. `cause` is the
    diagnosis.
    """

    status_code: int
    words: tuple[str, ...]
    verdict: Verdict
    cause: str | None = None
    is_silent: bool = False


_RFC = "RFC 8030, webpush.md 6"
_SEEN = "captured answers, webpush.md 6"
_OTHERS = "webpush.md 7"
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

_ACCEPTED = Verdict(
    Outcome.ACCEPTED, Action.NOTHING, "The push service took it, which doesn't prove delivery.", source=_RFC
)
_DROPPED = Verdict(
    Outcome.DROPPED,
    Action.STOP_AND_FIX,
    "WNS dropped it: notifications are switched off for this browser, or its TTL is over. Keep the subscription.",
    source=_SEEN,
)
_BAD_REQUEST = Verdict(
    Outcome.BAD_REQUEST,
    Action.STOP_AND_FIX,
    "A header or the encryption is wrong. The subscription may well be valid: keep it, and fix the request.",
    source=_RFC,
)
_SENDER = Verdict(
    Outcome.UNAUTHORIZED,
    Action.STOP_AND_FIX,
    "The push service refused the sender's VAPID token. Every send would fail so: fix the key, the subject or the "
    "clock, and keep all subscriptions.",
    source="RFC 8292, section 4.2; webpush.md 6",
)
_OTHER_KEY = Verdict(
    Outcome.KEY_MISMATCH,
    Action.STOP_AND_FIX,
    "The browser subscribed for another VAPID key than this one. If only some say so, delete those and have their "
    "browsers subscribe again; if all do, the sender has the wrong key.",
    source=_OTHERS,
)
_DAMAGED = Verdict(
    Outcome.INVALID_CHANNEL,
    Action.STOP_AND_FIX,
    "WNS can't read the token in the endpoint: it was changed (%2b to +, for example) or cut when it was stored.",
    source=_SEEN,
)
_GONE = Verdict(
    Outcome.CHANNEL_GONE,
    Action.DELETE_CHANNEL,
    "The subscription has ended. Delete it; the browser must subscribe again.",
    source=_RFC,
)
_THROTTLED = Verdict(
    Outcome.THROTTLED,
    Action.RETRY_LATER,
    "Too many from this sender. Send nothing more to this push service until the delay is over; keep all "
    "subscriptions.",
    15 * _MINUTE,
    Backoff.FIXED,
    source=_SEEN,
)
_CHANNEL_THROTTLED = Verdict(
    Outcome.CHANNEL_THROTTLED,
    Action.RETRY_LATER,
    "Too many for this subscription. Slow down on it, and send this again later; others aren't affected.",
    10 * _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
    source="wns.md 7 [W1]; the delay from rpush, wns.md 7.2 [T4]",
)
_TOO_LARGE = Verdict(
    Outcome.PAYLOAD_TOO_LARGE,
    Action.STOP_AND_FIX,
    "The message is larger than this push service takes. Shorten it; keep the subscription.",
    source=_RFC,
)
_NOT_ALLOWED = Verdict(
    Outcome.METHOD_NOT_ALLOWED, Action.STOP_AND_FIX, "The push service takes POST only.", source=_RFC
)
_UNAVAILABLE = Verdict(
    Outcome.SERVICE_UNAVAILABLE,
    Action.RETRY_LATER,
    "The push service can't take it now. Send it again later, waiting longer each time.",
    _MINUTE,
    Backoff.EXPONENTIAL,
    _HOUR,
    source=_RFC,
)
_UNFORESEEN = Verdict(
    Outcome.UNEXPECTED_ANSWER,
    Action.STOP_AND_FIX,
    "No push service documents this answer, so it doesn't count as a success. Keep the subscription; check what is "
    "answering (a proxy, a redirect, another server?).",
)
FOREIGN_ANSWER = foreign_answer("the push service")
_PASSING = passing_answer("the push service")

_LEGACY = (
    "The request uses the old draft's encryption or headers (aesgcm, Crypto-Key); a service takes aes128gcm and "
    "Authorization: vapid. [webpush.md 3]"
)
_MISMATCH = (
    "The subscription was made with another applicationServerKey than VapidKeys.application_server_key. [webpush.md 7]"
)
_SIGNATURE = (
    "The VAPID signature, its aud, exp or sub, or the clock is wrong. winpush signs as RFC 8292 says, so look at the "
    "clock, and at what may have changed the request on its way. [webpush.md 4]"
)

# WNS's word for one channel's limit (wns.md 7). Any other word that ends like this is about the sender's limit.
_CHANNELS = "channelthrottled"

ROWS: tuple[Row, ...] = (
    Row(201, (), _ACCEPTED),
    Row(200, (), _ACCEPTED),
    Row(202, (), _ACCEPTED),
    Row(
        400,
        ("ttl value conflicts",),
        _BAD_REQUEST,
        "A TTL of zero needs X-WNS-Cache-Policy: no-cache at WNS, which winpush sends. [webpush.md 3]",
    ),
    Row(400, ("crypto-key",), _BAD_REQUEST, _LEGACY),
    Row(400, ("token signing keys",), _BAD_REQUEST, _LEGACY),
    Row(400, ("VapidPkHashMismatch",), _OTHER_KEY, _MISMATCH),
    Row(400, (), _BAD_REQUEST),
    Row(401, ("JWT Authentication Failed",), _SENDER, _SIGNATURE),
    Row(401, ("VAPID public key mismatch",), _OTHER_KEY, _MISMATCH),
    Row(401, ("public key", "channel Url"), _OTHER_KEY, _MISMATCH),
    Row(
        401,
        ("Invalid token",),
        _DAMAGED,
        "Store endpoints as they come, at least 1,000 characters long: WNS reads %2b, %2f and %3d as they were given. "
        "[webpush.md 2]",
    ),
    Row(401, ("crypto-key",), _SENDER, _LEGACY),
    Row(401, ("token signing keys",), _SENDER, _LEGACY),
    Row(
        401,
        (),
        _OTHER_KEY,
        "WNS gave no reason; subscriptions that were long unused have been refused so. [webpush.md 6]",
        is_silent=True,
    ),
    Row(401, (), _SENDER, _SIGNATURE),
    Row(403, ("sender ID used to subscribe",), _OTHER_KEY, _MISMATCH),
    Row(403, ("do not correspond to the credentials used to create the subscription",), _OTHER_KEY, _MISMATCH),
    Row(403, (), _SENDER, _SIGNATURE),
    Row(404, (), _GONE),
    Row(405, (), _NOT_ALLOWED),
    Row(406, (_CHANNELS,), _CHANNEL_THROTTLED),
    Row(406, (), _THROTTLED),
    Row(410, (), _GONE),
    Row(413, (), _TOO_LARGE),
    Row(429, (_CHANNELS,), _CHANNEL_THROTTLED),
    Row(429, (), _THROTTLED),
    Row(500, (), _UNAVAILABLE),
    Row(502, (), _UNAVAILABLE),
    Row(503, (), _UNAVAILABLE),
    Row(504, (), _UNAVAILABLE),
)
"""Every known answer. Of the rows for a status, the first one whose words fit counts."""

# All four services answer a success with 201 (webpush.md 7). RFC 8030 has 202 for receipts, which none of them gives.
_CREATED = 201
_SUCCESSES = frozenset((200, 201, 202))
# Headers that RFC 8030 (sections 5 and 5.1) adds for an accepted message: where it is, and where its receipts are.
_RESOURCES = (b"location", b"link")
_BY_CODE: dict[int, tuple[Row, ...]] = {
    code: tuple(row for row in ROWS if row.status_code == code) for code in {row.status_code for row in ROWS}
}
_ABSENT = (b"", b"")
_REASONS = (*HEADERS.error_description, b"www-authenticate")


def judge(response: Response, now: datetime, channel: Channel | None = None) -> tuple[Verdict, timedelta | None]:
    """The verdict, and the minimum wait before the next send (None if waiting wouldn't help). `now` is aware; the
    channel says which push service's marks the answer needs (None: any push service's).

    Never raises; an answer that no row covers is never a success, and never ends a subscription.
    """
    status = response.status_code
    if status == _CREATED and not response.is_page:
        return timed(_accepted(response), response, now)
    row = _row_of(response)
    if _is_foreign(response, row, channel):
        return timed_by_stranger(FOREIGN_ANSWER, response, now)
    if status in _SUCCESSES:
        verdict = _accepted(response)
    elif row is not None:
        verdict = row.verdict
    else:
        verdict = _UNAVAILABLE if status >= 500 else _PASSING if response.is_passing else _UNFORESEEN
    return timed(verdict, response, now)


def diagnose(response: Response, channel: Channel | None = None) -> str | None:
    """The known cause of a refusal, and the service's own words in the body; None if there is neither. `channel` is as
    for `judge`."""
    row = _row_of(response)
    if _is_foreign(response, row, channel):
        return None
    cause = None if row is None else row.cause
    said = "" if response.is_page else " ".join(response.body[:1000].decode("utf-8", "replace").split())
    if not said.isprintable() or not said:
        return cause
    return f'{cause or ""} The service said: "{said}".'.strip()


def _accepted(response: Response) -> Verdict:
    get = response.index.get
    return _of_words(*[get(name, _ABSENT)[1] for name in HEADERS.notification_status])


@lru_cache(maxsize=256)
def _of_words(*words: bytes) -> Verdict:
    """WNS's own words decide; the other services have none."""
    said = {word.strip() for word in b",".join(words).lower().split(b",")} - {b""}
    if said <= {b"received"}:
        return _ACCEPTED
    if _CHANNELS.encode() in said:
        return _CHANNEL_THROTTLED
    if any(word.endswith(b"throttled") for word in said):
        return _THROTTLED
    return _DROPPED if b"dropped" in said else _UNFORESEEN


def _is_foreign(response: Response, row: Row | None, channel: Channel | None) -> bool:
    """True if something other than the push service gave this answer: a page, a redirect, words that aren't the
    service's, or, without any of its marks, a success or the end of the subscription. A 5xx only means that the send
    must wait, whoever it comes from."""
    if bears_mark(response, channel):
        return False
    status = response.status_code
    if response.is_page or response.is_redirect:
        return True
    if status in _SUCCESSES:
        return response.index.keys().isdisjoint(_RESOURCES)
    if status >= 500:
        return False
    return bool(response.body) or (row is not None and row.verdict.action is Action.DELETE_CHANNEL)


def _row_of(response: Response) -> Row | None:
    rows = _BY_CODE.get(response.status_code, ())
    if len(rows) < 2:
        return rows[0] if rows else None
    said, is_silent = _texts(response), _is_silent(response)
    return next((row for row in rows if row.is_silent <= is_silent and _fits(row, said)), None)


def _fits(row: Row, said: str) -> bool:
    return all(squeeze(words) in said for words in row.words)


def _texts(response: Response) -> str:
    """All text that may give the reason: WNS gives it in headers, the others in bodies."""
    headers = [response.header(name) or "" for name in (*HEADERS.notification_status, *_REASONS)]
    return squeeze(" ".join([*headers, response.body[:1000].decode("latin-1")]))


def _is_silent(response: Response) -> bool:
    """True if WNS refused without giving a reason."""
    said = response.body or any(response.header(name) for name in _REASONS)
    return not said and bears_wns_mark(response)
