"""The result of a send and what to do about it, the same for both services."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from winpush.channels import Channel, Service, shorten
from winpush.errors import (
    AnswerLostError,
    AppError,
    BadAnswerError,
    ChannelError,
    ConnectError,
    DnsError,
    ProxyError,
    SendAbortedError,
    SendTimeoutError,
    TlsError,
    TransportError,
    ValidationError,
    WinPushError,
)
from winpush.http import Response

__all__ = [
    "Action",
    "Backoff",
    "ChannelGoneError",
    "Notification",
    "Outcome",
    "RefusedError",
    "Result",
    "RetryLaterError",
    "SendError",
    "StatusHeaders",
    "Verdict",
    "deciding_word",
    "foreign_answer",
    "judge_failure",
    "passing_answer",
]


class Outcome(enum.Enum):
    """How a send ended: every answer in the services' tables, every network failure, and anything unexpected."""

    ACCEPTED = "accepted"
    QUEUE_FULL = "queue-full"
    SUPPRESSED = "suppressed"
    DROPPED = "dropped"
    BAD_REQUEST = "bad-request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    CHANNEL_GONE = "channel-gone"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    THROTTLED = "throttled"
    DEVICE_INACTIVE = "device-inactive"
    SERVICE_UNAVAILABLE = "service-unavailable"
    UNEXPECTED_ANSWER = "unexpected-answer"
    FOREIGN_ANSWER = "foreign-answer"

    CHANNEL_THROTTLED = "channel-throttled"
    DOMAIN_BLOCKED = "domain-blocked"
    PAYLOAD_TOO_LARGE = "payload-too-large"
    SERVICE_ERROR = "service-error"
    CREDENTIALS_REFUSED = "credentials-refused"
    CREDENTIALS_FAILED = "credentials-failed"
    KEY_MISMATCH = "key-mismatch"
    TOKEN_UNAVAILABLE = "token-unavailable"  # noqa: S105 - the name of an outcome
    TOKEN_THROTTLED = "token-throttled"  # noqa: S105 - the name of an outcome

    INVALID_CHANNEL = "invalid-channel"
    UNKNOWN_APP = "unknown-app"
    INVALID_NOTIFICATION = "invalid-notification"
    CONNECT_FAILED = "connect-failed"
    DNS_FAILED = "dns-failed"
    TLS_FAILED = "tls-failed"
    PROXY_FAILED = "proxy-failed"
    TIMED_OUT = "timed-out"
    ANSWER_LOST = "answer-lost"
    BAD_ANSWER = "bad-answer"
    ABORTED = "aborted"


class Action(enum.Enum):
    """What to do about a result."""

    NOTHING = "nothing"
    """The service accepted it."""
    DELETE_CHANNEL = "delete-channel"
    """The channel no longer exists: never send to it again."""
    RETRY_LATER = "retry-later"
    """Send again, after `retry_after` at the earliest."""
    STOP_AND_FIX = "stop-and-fix"
    """The same request would fail again: fix the cause. Keep the channel."""
    DECIDE = "decide"
    """The request was sent but no answer came: sending again may show the notification twice."""


class Backoff(enum.Enum):
    """How the delay grows with repeated failures."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row of a table: what an answer or a network failure means.

    `delay` is the minimum wait, `max_delay` the limit of exponential backoff, `source` the origin of the rule.
    """

    outcome: Outcome
    action: Action
    meaning: str
    delay: timedelta | None = None
    backoff: Backoff | None = None
    max_delay: timedelta | None = None
    minutes_to_delay: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class StatusHeaders:
    """The header names (lower case) of each part of a service's answer; the first one present counts."""

    notification_status: tuple[bytes, ...]
    device_connection_status: tuple[bytes, ...]
    subscription_status: tuple[bytes, ...]
    message_id: tuple[bytes, ...]
    error_description: tuple[bytes, ...] = ()
    debug_trace: tuple[bytes, ...] = ()
    correlation_vector: tuple[bytes, ...] = ()


def foreign_answer(service: str) -> Verdict:
    """The verdict on an answer from something between us and the service, which says nothing about the channel."""
    return Verdict(
        Outcome.FOREIGN_ANSWER,
        Action.RETRY_LATER,
        f"This answer lacks {service}'s own headers and words, so it came from something else: a proxy, a firewall, "
        "another server. Keep the channel, check what answers instead of the service, and try again later.",
        timedelta(minutes=1),
        Backoff.EXPONENTIAL,
        timedelta(hours=1),
    )


def passing_answer(service: str) -> Verdict:
    """The verdict on a status that says to repeat the request (`Response.is_passing`)."""
    return Verdict(
        Outcome.UNEXPECTED_ANSWER,
        Action.RETRY_LATER,
        f"The request came too late or too early for {service}, or over the wrong connection. Send it again.",
        timedelta(minutes=1),
        Backoff.EXPONENTIAL,
        timedelta(hours=1),
        source="RFC 9110, 15.5.9 and 15.5.20; RFC 8470, 5.2",
    )


def deciding_word(words: Iterable[str]) -> str | None:
    """Of a service's status words, the one that counts: if they differ, `received` loses (wns.md 6). None if all are
    empty."""
    return min(filter(None, words), key=lambda word: word.lower() == "received", default=None)


class Notification(Protocol):
    """The interface of every notification of both services."""

    @property
    def service(self) -> Service:
        """The service it is for."""

    @property
    def push_type(self) -> str:
        """`toast`, `tile`, `raw`, …"""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the fields to send, by their Python names; cleared fields are None."""


_NOTHING = Action.NOTHING  # enum members are slow to access, and every send needs this one


@dataclass(frozen=True, slots=True)
class Result:
    """How one send ended. Immutable, and never shared between sends.

    - `channel`: the channel, shortened when shown; its `uri` is complete.
    - `response`: the service's answer, or None.
    - `error`: the exception, if no answer came.
    - `retry_after`: the minimum wait before the next send to this channel, or None.
    - `key`: the caller's key, as passed to `send_many`.
    - `diagnosis`: a sentence, with its source, if a refusal has a known cause.
    """

    channel: Channel | None
    notification: Notification
    verdict: Verdict
    headers: StatusHeaders
    response: Response | None = None
    error: WinPushError | None = None
    retry_after: timedelta | None = None
    key: object = field(default=None, repr=False)
    diagnosis: str | None = None

    @property
    def outcome(self) -> Outcome:
        """How it ended. An unexpected answer never counts as success."""
        return self.verdict.outcome

    @property
    def action(self) -> Action:
        """What to do about it."""
        return self.verdict.action

    @property
    def ok(self) -> bool:
        """True if the service accepted it, that is, queued it for delivery. This doesn't prove delivery."""
        return self.verdict.action is _NOTHING

    @property
    def should_delete_channel(self) -> bool:
        """True if the channel no longer exists. Never for a bad payload (400) or bad credentials (401, 403)."""
        return self.verdict.action is Action.DELETE_CHANNEL

    @property
    def may_have_arrived(self) -> bool:
        """True if the service accepted it, or if the request was sent and the answer was lost."""
        return self.ok or (isinstance(self.error, TransportError) and self.error.request_sent)

    @property
    def service(self) -> Service:
        """The service the notification was for."""
        return self.notification.service

    @property
    def push_type(self) -> str:
        """`toast`, `tile`, `raw`, …"""
        return self.notification.push_type

    @property
    def status_code(self) -> int | None:
        """The HTTP status, or None if no answer came."""
        return None if self.response is None else self.response.status_code

    @property
    def notification_status(self) -> str | None:
        """What the service did with the notification, in its terms: `Received`, `QueueFull`, …

        If it says so in two headers that differ, the one that isn't `received`: the outcome follows it, too.
        """
        names = self.headers.notification_status
        if len(names) == 1:  # MPNS: only WNS has two
            return self._read(names)
        return deciding_word(self._read((name,)) or "" for name in names) or self._read(names)

    @property
    def device_connection_status(self) -> str | None:
        """The device's connection in the service's terms: `Connected`, `TempDisconnected`, `Inactive`, …"""
        return self._read(self.headers.device_connection_status)

    @property
    def subscription_status(self) -> str | None:
        """The channel's state in the service's terms: `Active` or `Expired`."""
        return self._read(self.headers.subscription_status)

    @property
    def message_id(self) -> str | None:
        """The message id in the answer."""
        return self._read(self.headers.message_id)

    @property
    def error_description(self) -> str | None:
        """WNS's description of the error."""
        return self._read(self.headers.error_description)

    @property
    def debug_trace(self) -> str | None:
        """WNS's trace, unchanged. Microsoft support asks for it, with `message_id` and `correlation_vector`."""
        return self._read(self.headers.debug_trace)

    @property
    def correlation_vector(self) -> str | None:
        """WNS's correlation vector (MS-CV), unchanged."""
        return self._read(self.headers.correlation_vector)

    @property
    def minutes_to_delay(self) -> int | None:
        """`retry_after` in whole minutes, rounded up, as in Node's mpns; 61 for an inactive device."""
        if self.verdict.minutes_to_delay is not None:
            return self.verdict.minutes_to_delay
        return None if self.retry_after is None else math.ceil(self.retry_after / timedelta(minutes=1))

    @property
    def explanation(self) -> str:
        """What happened and what to do about it, in plain words."""
        text = self.verdict.meaning if self.error is None else f"{_sentence(str(self.error))} {self.verdict.meaning}"
        return text if self.response is None or self.ok else text + self._words_of_the_service()

    def _words_of_the_service(self) -> str:
        """What the service said, and the ids that its support asks for."""
        said = "" if self.error_description is None else f' The service said: "{self.error_description}".'
        ids = {
            "message id": self.message_id,
            "debug trace": self.debug_trace,
            "correlation vector": self.correlation_vector,
        }
        shown = ", ".join(f"{name} {value}" for name, value in ids.items() if value)
        return said + (f" ({shown})" if shown else "")

    def raise_for_error(self) -> Result:
        """Returns this result if it is ok. Otherwise raises the matching WinPushError: a SendError with `.result`, or
        the TransportError."""
        if self.ok:
            return self
        if self.error is not None:
            raise self.error
        raise _SEND_ERRORS.get(self.action, RefusedError)(f"{self.outcome.value}: {self.explanation}", self)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, for a log: contains no secret, times in seconds, missing values None.

        Includes the notification's fields: unset ones are absent, cleared ones None.
        """
        return {
            "channel": None if self.channel is None else self.channel.short,
            "key": self._shown_key(),
            "service": self.service.value,
            "push_type": self.push_type,
            "outcome": self.outcome.value,
            "ok": self.ok,
            "action": self.action.value,
            "status_code": self.status_code,
            "notification_status": self.notification_status,
            "device_connection_status": self.device_connection_status,
            "subscription_status": self.subscription_status,
            "message_id": self.message_id,
            "error_description": self.error_description,
            "debug_trace": self.debug_trace,
            "correlation_vector": self.correlation_vector,
            "diagnosis": self.diagnosis,
            "should_delete_channel": self.should_delete_channel,
            "may_have_arrived": self.may_have_arrived,
            "retry_after_seconds": None if self.retry_after is None else self.retry_after.total_seconds(),
            "minutes_to_delay": self.minutes_to_delay,
            "error": None if self.error is None else f"{type(self.error).__name__}: {self.error}",
            "explanation": self.explanation,
            "notification": self.notification.to_dict(),
        }

    def _shown_key(self) -> str | int | float | None:
        """The key; a channel URI, which may well be the key, as channels are shown: it is a secret."""
        if isinstance(self.key, int | float | None):
            return self.key
        text = str(self.key)
        scheme, separator, rest = text.partition("://")
        if not separator or scheme.lower() not in ("http", "https"):
            return text
        host, slash, path = rest.partition("/")
        return shorten(f"{scheme}://{host.rpartition('@')[2].partition('?')[0]}", slash + path)

    def _read(self, names: tuple[bytes, ...]) -> str | None:
        return None if self.response is None else self.response.find(names)


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


class SendError(WinPushError):
    """Raised by `Result.raise_for_error()` for an answer other than success; `result` is the complete result."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


class ChannelGoneError(SendError):
    """The channel no longer exists: delete it."""


class RetryLaterError(SendError):
    """Try again later: `result.retry_after` is the minimum wait."""


class RefusedError(SendError):
    """The service refused, and will refuse again until you fix what `result.explanation` says."""


_SEND_ERRORS = {Action.DELETE_CHANNEL: ChannelGoneError, Action.RETRY_LATER: RetryLaterError}

_SOON = timedelta(minutes=1)
_ONE_HOUR = timedelta(hours=1)


def _retry(outcome: Outcome, meaning: str) -> Verdict:
    return Verdict(outcome, Action.RETRY_LATER, meaning, _SOON, Backoff.EXPONENTIAL, _ONE_HOUR)


def _fix(outcome: Outcome, meaning: str) -> Verdict:
    return Verdict(outcome, Action.STOP_AND_FIX, meaning)


def _lost(outcome: Outcome) -> Verdict:
    meaning = "The service may have accepted it: sending it again may show it twice. Decide whether that is acceptable."
    return Verdict(outcome, Action.DECIDE, meaning, _SOON, Backoff.EXPONENTIAL, _ONE_HOUR)


# (error class, whether the request was sent) -> verdict. Looked up along the error's base classes.
_NETWORK: dict[tuple[type[WinPushError], bool], Verdict] = {
    (ChannelError, False): _fix(Outcome.INVALID_CHANNEL, "Nothing was sent. Remove or correct this channel."),
    (AppError, False): _fix(
        Outcome.UNKNOWN_APP, "Nothing was sent. Name the channel's app, and give the client its credentials."
    ),
    (ValidationError, False): _fix(
        Outcome.INVALID_NOTIFICATION, "Nothing was sent. Correct this notification, or its destination."
    ),
    (DnsError, False): _retry(Outcome.DNS_FAILED, "Nothing was sent. Check the host name, or try again later."),
    (TlsError, False): _fix(Outcome.TLS_FAILED, "Nothing was sent. Fix the certificate or the trust settings."),
    (ProxyError, False): _fix(Outcome.PROXY_FAILED, "Nothing was sent. Fix the proxy's address, login or certificate."),
    (ConnectError, False): _retry(Outcome.CONNECT_FAILED, "Nothing was sent. Try again later."),
    (SendTimeoutError, False): _retry(Outcome.TIMED_OUT, "Nothing was sent. Try again later."),
    (SendTimeoutError, True): _lost(Outcome.TIMED_OUT),
    (AnswerLostError, True): _lost(Outcome.ANSWER_LOST),
    (AnswerLostError, False): _retry(Outcome.CONNECT_FAILED, "Nothing was sent. Try again later."),
    (BadAnswerError, True): _lost(Outcome.BAD_ANSWER),
    (SendAbortedError, False): _retry(
        Outcome.ABORTED, "Nothing was sent: the client was closed first. Send it again with an open client."
    ),
    (SendAbortedError, True): _lost(Outcome.ABORTED),
}
_UNFORESEEN = _lost(Outcome.BAD_ANSWER)


# These errors normally need fixing; as an outage, they pass by themselves.
_OUTAGES: dict[type[WinPushError], Verdict] = {
    TlsError: _retry(Outcome.TLS_FAILED, "Nothing was sent. The other side seems to be down: try again later."),
    ProxyError: _retry(Outcome.PROXY_FAILED, "Nothing was sent. The proxy seems to be down: try again later."),
}


def judge_failure(error: WinPushError) -> Verdict:
    """The verdict on a send without an answer. Never raises; an unknown error counts as possibly delivered."""
    if isinstance(error, ConnectError) and error.is_outage and type(error) in _OUTAGES:
        return _OUTAGES[type(error)]
    sent = isinstance(error, TransportError) and error.request_sent
    for ancestor in type(error).__mro__:
        verdict = _NETWORK.get((ancestor, sent))
        if verdict is not None:
            return verdict
    return _UNFORESEEN
