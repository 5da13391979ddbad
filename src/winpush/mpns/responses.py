"""MPNS responses: the single table of what each one means, for the client and the emulator (mpns.md 9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from winpush.answers import is_strangers
from winpush.http import Response
from winpush.results import Action, Backoff, Outcome, StatusHeaders, Verdict, foreign_answer, passing_answer

__all__ = ["HEADERS", "ROWS", "Row", "judge"]

HEADERS = StatusHeaders(
    notification_status=(b"x-notificationstatus",),
    device_connection_status=(b"x-deviceconnectionstatus",),
    subscription_status=(b"x-subscriptionstatus",),
    message_id=(b"x-messageid",),
)
_ABSENT = (b"", b"")
(_NOTIFICATION,) = HEADERS.notification_status
(_DEVICE,) = HEADERS.device_connection_status
(_SUBSCRIPTION,) = HEADERS.subscription_status


@dataclass(frozen=True, slots=True)
class Row:
    """One combination of status and headers (None if the header is absent), and its verdict."""

    status_code: int
    notification_status: str | None
    device_connection_status: str | None
    subscription_status: str | None
    verdict: Verdict


_DOC = "mpns.md 9.2 [M2, M2b]"
_LIBRARY = "third-party libraries, undocumented: mpns.md 9.3"

_MINUTES = timedelta(minutes=1)
_BACKOFF_START = 4 * _MINUTES  # 4, 8, 16, 32 minutes: Microsoft's recommended practices (mpns.md 9.2 [M8])
_BACKOFF_END = 32 * _MINUTES

_ACCEPTED = Verdict(
    Outcome.ACCEPTED,
    Action.NOTHING,
    "MPNS accepted it and queued it for the phone, which doesn't prove delivery.",
    source=_DOC,
)
_QUEUE_FULL = Verdict(
    Outcome.QUEUE_FULL,
    Action.RETRY_LATER,
    "The channel's queue is full and the notification was not queued. Send it again later, waiting longer each time.",
    _BACKOFF_START,
    Backoff.EXPONENTIAL,
    _BACKOFF_END,
    source=_DOC,
)
_SUPPRESSED = Verdict(
    Outcome.SUPPRESSED,
    Action.STOP_AND_FIX,
    "The app hasn't bound this kind of notification, so the service dropped it. The channel is valid: stop sending "
    "this kind, or let the app bind it (BindToShellToast, BindToShellTile).",
    source=_DOC,
)
_DROPPED = Verdict(
    Outcome.DROPPED,
    Action.STOP_AND_FIX,
    "Not delivered: the phone is blocking background activity or saving battery. Keep the channel; do not resend.",
    source=_LIBRARY,
)
_BAD_REQUEST = Verdict(
    Outcome.BAD_REQUEST,
    Action.STOP_AND_FIX,
    "The XML, a header or the channel URI is malformed. The channel may well be valid: keep it, and fix the request.",
    source=_DOC,
)
_UNAUTHORIZED = Verdict(
    Outcome.UNAUTHORIZED,
    Action.STOP_AND_FIX,
    "The sender is not authorised for this channel: its certificate doesn't match. Fix that; keep the channel.",
    source=_DOC,
)
_FORBIDDEN = Verdict(
    Outcome.FORBIDDEN,
    Action.STOP_AND_FIX,
    "The client certificate was not accepted for this authenticated channel. Fix the certificate; keep the channel.",
    source=_LIBRARY,
)
_GONE = Verdict(
    Outcome.CHANNEL_GONE,
    Action.DELETE_CHANNEL,
    "The subscription no longer exists. Delete this channel and never send to it again.",
    source=_DOC,
)
_NOT_ALLOWED = Verdict(Outcome.METHOD_NOT_ALLOWED, Action.STOP_AND_FIX, "MPNS takes POST only.", source=_DOC)
_THROTTLED = Verdict(
    Outcome.THROTTLED,
    Action.RETRY_LATER,
    "Too many: an unauthenticated channel gets 500 notifications a day. Try again at most once an hour; recovery may "
    "take a day. Channels with a certificate have no such limit.",
    60 * _MINUTES,
    Backoff.FIXED,
    1440 * _MINUTES,
    source=_DOC,
)
_INACTIVE = Verdict(
    Outcome.DEVICE_INACTIVE,
    Action.RETRY_LATER,
    "The phone is inactive. Try again at most once an hour: MPNS may block senders that try more often.",
    60 * _MINUTES,
    Backoff.FIXED,
    minutes_to_delay=61,
    source=_DOC,
)
_UNAVAILABLE = Verdict(
    Outcome.SERVICE_UNAVAILABLE,
    Action.RETRY_LATER,
    "MPNS can't accept it now. Send it again later, waiting longer each time.",
    _BACKOFF_START,
    Backoff.EXPONENTIAL,
    _BACKOFF_END,
    source=_DOC,
)

_ONLINE = ("Connected", "TempDisconnected", "Disconnected")

ROWS: tuple[Row, ...] = (
    *(Row(200, "Received", device, "Active", _ACCEPTED) for device in _ONLINE),
    *(Row(200, "QueueFull", device, "Active", _QUEUE_FULL) for device in _ONLINE),
    *(Row(200, "Suppressed", device, "Active", _SUPPRESSED) for device in _ONLINE),
    Row(200, "Dropped", "Connected", "Active", _DROPPED),
    Row(400, None, None, None, _BAD_REQUEST),
    Row(401, None, None, None, _UNAUTHORIZED),
    Row(403, None, None, None, _FORBIDDEN),
    *(Row(404, "Dropped", device, "Expired", _GONE) for device in _ONLINE),
    Row(404, None, None, None, _GONE),
    Row(405, None, None, None, _NOT_ALLOWED),
    *(Row(406, "Dropped", device, "Active", _THROTTLED) for device in _ONLINE),
    Row(412, "Dropped", "Inactive", None, _INACTIVE),
    Row(412, "Dropped", "Disconnected", None, _INACTIVE),
    Row(503, None, None, None, _UNAVAILABLE),
)

_SERVER_TROUBLE = Verdict(
    Outcome.UNEXPECTED_ANSWER,
    Action.RETRY_LATER,
    "MPNS doesn't document this response; its status suggests a problem in the service. Send it again later.",
    _BACKOFF_START,
    Backoff.EXPONENTIAL,
    _BACKOFF_END,
)
_UNFORESEEN = Verdict(
    Outcome.UNEXPECTED_ANSWER,
    Action.STOP_AND_FIX,
    "MPNS doesn't document this response, so it doesn't count as a success. Keep the channel; check what is answering "
    "(a proxy, a redirect, another server?).",
)


_NOTHING = Action.NOTHING  # enum members are slow to access
FOREIGN_ANSWER = foreign_answer("MPNS")
_PASSING = passing_answer("MPNS")
_MARKS = frozenset(
    (*HEADERS.notification_status, *HEADERS.device_connection_status, *HEADERS.subscription_status, *HEADERS.message_id)
)


def _plain(value: str | None) -> str:
    """A status for comparison, ignoring case and the space in the documentation's `Temp Disconnected`."""
    return "" if value is None else value.replace(" ", "").lower()


_EXACT = {
    (
        row.status_code,
        _plain(row.notification_status),
        _plain(row.device_connection_status),
        _plain(row.subscription_status),
    ): row.verdict
    for row in ROWS
}
# If the device or subscription header is missing or unknown, the notification status still decides…
_BY_STATUS = {(row.status_code, _plain(row.notification_status)): row.verdict for row in ROWS}
# …and every error means the same whatever its headers, as libraries for MPNS have found.
_BY_CODE = {row.status_code: row.verdict for row in ROWS if row.status_code != 200}


def judge(response: Response) -> Verdict:
    """The verdict on an MPNS response. Never raises; a response that no row covers is never a success."""
    get = response.index.get
    found = get(_NOTIFICATION, _ABSENT)[1], get(_DEVICE, _ABSENT)[1], get(_SUBSCRIPTION, _ABSENT)[1]
    verdict = _look_up(response.status_code, *found)
    if verdict.action is _NOTHING:
        return verdict
    if _is_foreign(response, verdict):
        return FOREIGN_ANSWER
    return _PASSING if verdict is _UNFORESEEN and response.is_passing else verdict


def _is_foreign(response: Response, verdict: Verdict) -> bool:
    """True if something other than MPNS gave this answer."""
    if not _MARKS.isdisjoint(response.index):
        return False
    return is_strangers(response, ends_channel=verdict.action is Action.DELETE_CHANNEL)


# The same few responses keep coming, so each exact combination of bytes is judged once.
@lru_cache(maxsize=1024)
def _look_up(status_code: int, *headers: bytes) -> Verdict:
    notification, device, subscription = (_plain(value.decode("latin-1")) for value in headers)
    if subscription == "expired":  # whatever the status, the subscription header says it has ended
        return _GONE
    verdict = (
        _EXACT.get((status_code, notification, device, subscription))
        or _BY_STATUS.get((status_code, notification))
        or _BY_CODE.get(status_code)
    )
    if verdict is not None:
        return verdict
    return _SERVER_TROUBLE if status_code >= 500 or status_code == 429 else _UNFORESEEN
