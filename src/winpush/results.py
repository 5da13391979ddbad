"""What came back from a send, and what to do about it: the same for both services."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from winpush.channels import Channel, Service
from winpush.errors import (
    AnswerLostError,
    BadAnswerError,
    ChannelError,
    ConnectError,
    DnsError,
    ProxyError,
    SendAbortedError,
    SendTimeoutError,
    TlsError,
    TransportError,
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
    "judge_failure",
]


class Outcome(enum.Enum):
    """How a send ended. Every row of the services' tables, every way a network fails, and what no table foresees."""

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

    CHANNEL_THROTTLED = "channel-throttled"
    DOMAIN_BLOCKED = "domain-blocked"
    PAYLOAD_TOO_LARGE = "payload-too-large"
    SERVICE_ERROR = "service-error"
    CREDENTIALS_REFUSED = "credentials-refused"
    TOKEN_UNAVAILABLE = "token-unavailable"  # noqa: S105 - the name of an outcome
    TOKEN_THROTTLED = "token-throttled"  # noqa: S105 - the name of an outcome

    INVALID_CHANNEL = "invalid-channel"
    CONNECT_FAILED = "connect-failed"
    DNS_FAILED = "dns-failed"
    TLS_FAILED = "tls-failed"
    PROXY_FAILED = "proxy-failed"
    TIMED_OUT = "timed-out"
    ANSWER_LOST = "answer-lost"
    BAD_ANSWER = "bad-answer"
    ABORTED = "aborted"


class Action(enum.Enum):
    """What the sender is to do about a result."""

    NOTHING = "nothing"
    """The service has it."""
    DELETE_CHANNEL = "delete-channel"
    """The channel is gone for good: never send to it again."""
    RETRY_LATER = "retry-later"
    """Send again, no sooner than `retry_after`."""
    STOP_AND_FIX = "stop-and-fix"
    """The same request will fail again; keep the channel."""
    DECIDE = "decide"
    """The request left and no answer came: sending again may show the notification twice."""


class Backoff(enum.Enum):
    """How the delay grows when the same answer comes again."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of a table: what an answer, or a failure of the network, means.

    `delay` is the least time to wait, `max_delay` where doubling ends, `source` where the rule comes from.
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
    """The names (lower case) under which a service sends each part of its answer; the first present one counts."""

    notification_status: tuple[bytes, ...]
    device_connection_status: tuple[bytes, ...]
    subscription_status: tuple[bytes, ...]
    message_id: tuple[bytes, ...]
    error_description: tuple[bytes, ...] = ()
    debug_trace: tuple[bytes, ...] = ()
    correlation_vector: tuple[bytes, ...] = ()


class Notification(Protocol):
    """What every notification of both services has."""

    @property
    def service(self) -> Service:
        """The service that it is for."""

    @property
    def push_type(self) -> str:
        """`toast`, `tile`, `raw`, …"""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the fields that are sent, under their Python names; a cleared one is None."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one send ended. Immutable, and never shared between sends.

    `key` is the caller's own, as given to `send_many`. `response` is the service's answer, or None; `error` is the
    exception when none came. `channel` shows itself shortened: its `uri` is the whole. `retry_after` is the least time
    to wait before the next send to this channel, or None. `diagnosis` is a sentence, with its source, where the cause
    of a refusal is a known one.
    """

    channel: Channel | None
    notification: Notification
    verdict: Verdict
    headers: StatusHeaders
    response: Response | None = None
    error: WinPushError | None = None
    retry_after: timedelta | None = None
    key: object = None
    diagnosis: str | None = None

    @property
    def outcome(self) -> Outcome:
        """How it ended, as a named member: never success for an answer that no table foresees."""
        return self.verdict.outcome

    @property
    def action(self) -> Action:
        """What to do about it."""
        return self.verdict.action

    @property
    def ok(self) -> bool:
        """True when the service accepted it: queued for delivery, which is no proof of delivery."""
        return self.verdict.action is Action.NOTHING

    @property
    def should_delete_channel(self) -> bool:
        """True when the channel is gone for good. Never for a bad payload (400) or bad credentials (401, 403)."""
        return self.verdict.action is Action.DELETE_CHANNEL

    @property
    def may_have_arrived(self) -> bool:
        """True when the service accepted it, or when the request left and the answer was lost."""
        return self.ok or (isinstance(self.error, TransportError) and self.error.request_sent)

    @property
    def service(self) -> Service:
        """The service that the notification was for."""
        return self.notification.service

    @property
    def push_type(self) -> str:
        """`toast`, `tile`, `raw`, …"""
        return self.notification.push_type

    @property
    def status_code(self) -> int | None:
        """The HTTP status, or None when no answer came."""
        return None if self.response is None else self.response.status_code

    @property
    def notification_status(self) -> str | None:
        """What the service did with the notification, in its own words: `Received`, `QueueFull`, …"""
        return self._read(self.headers.notification_status)

    @property
    def device_connection_status(self) -> str | None:
        """The device's connection in the service's own words: `Connected`, `TempDisconnected`, `Inactive`, …"""
        return self._read(self.headers.device_connection_status)

    @property
    def subscription_status(self) -> str | None:
        """The channel's state in the service's own words: `Active` or `Expired`."""
        return self._read(self.headers.subscription_status)

    @property
    def message_id(self) -> str | None:
        """The message's id as the service answered it."""
        return self._read(self.headers.message_id)

    @property
    def error_description(self) -> str | None:
        """WNS's own words about what was wrong."""
        return self._read(self.headers.error_description)

    @property
    def debug_trace(self) -> str | None:
        """WNS's trace, unchanged: Microsoft's support asks for it, with `message_id` and `correlation_vector`."""
        return self._read(self.headers.debug_trace)

    @property
    def correlation_vector(self) -> str | None:
        """WNS's correlation vector (MS-CV), unchanged."""
        return self._read(self.headers.correlation_vector)

    @property
    def minutes_to_delay(self) -> int | None:
        """`retry_after` in whole minutes, rounded up, as Node's mpns gives it; 61 for an inactive device."""
        if self.verdict.minutes_to_delay is not None:
            return self.verdict.minutes_to_delay
        return None if self.retry_after is None else math.ceil(self.retry_after / timedelta(minutes=1))

    @property
    def explanation(self) -> str:
        """A plain sentence: what happened, and what to do about it."""
        return self.verdict.meaning if self.error is None else f"{self.error} {self.verdict.meaning}"

    def raise_for_error(self) -> Result:
        """Returns the result itself if it is ok; else raises the matching WinPushError (a SendError with `.result`,
        or the network's own TransportError)."""
        if self.ok:
            return self
        if self.error is not None:
            raise self.error
        raise _SEND_ERRORS.get(self.action, RefusedError)(f"{self.outcome.value}: {self.explanation}", self)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, for a history log: no secret in it, times in seconds, absent values None.

        The notification's fields are all there: those left out absent, cleared ones None.
        """
        return {
            "channel": None if self.channel is None else self.channel.short,
            "key": self.key if isinstance(self.key, str | int | float | None) else str(self.key),
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

    def _read(self, names: tuple[bytes, ...]) -> str | None:
        return None if self.response is None else self.response.find(names)


class SendError(WinPushError):
    """What `Result.raise_for_error()` raises for an answer that is no success; `result` is the whole result."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


class ChannelGoneError(SendError):
    """The service says that the channel no longer exists: delete it."""


class RetryLaterError(SendError):
    """Not now: `result.retry_after` says how long to wait at least."""


class RefusedError(SendError):
    """The service refused, and will refuse again until something is fixed: `result.explanation` says what."""


_SEND_ERRORS = {Action.DELETE_CHANNEL: ChannelGoneError, Action.RETRY_LATER: RetryLaterError}

_SOON = timedelta(minutes=1)
_ONE_HOUR = timedelta(hours=1)


def _retry(outcome: Outcome, meaning: str) -> Verdict:
    return Verdict(outcome, Action.RETRY_LATER, meaning, _SOON, Backoff.EXPONENTIAL, _ONE_HOUR)


def _fix(outcome: Outcome, meaning: str) -> Verdict:
    return Verdict(outcome, Action.STOP_AND_FIX, meaning)


def _lost(outcome: Outcome) -> Verdict:
    meaning = "The service may have taken it: sending again may show it twice. Decide by what the message is worth."
    return Verdict(outcome, Action.DECIDE, meaning, _SOON, Backoff.EXPONENTIAL, _ONE_HOUR)


# The one table of what the network can do: (error, request had left) -> verdict. Looked up along the class's ancestors.
_NETWORK: dict[tuple[type[WinPushError], bool], Verdict] = {
    (ChannelError, False): _fix(Outcome.INVALID_CHANNEL, "Nothing was sent. Remove or correct this channel."),
    (DnsError, False): _retry(Outcome.DNS_FAILED, "Nothing was sent. Check the name, or try again later."),
    (TlsError, False): _fix(Outcome.TLS_FAILED, "Nothing was sent. Fix the certificate or the trust settings."),
    (ProxyError, False): _fix(Outcome.PROXY_FAILED, "Nothing was sent. Fix the proxy's address or credentials."),
    (ConnectError, False): _retry(Outcome.CONNECT_FAILED, "Nothing was sent. Try again later."),
    (SendTimeoutError, False): _retry(Outcome.TIMED_OUT, "Nothing was sent. Try again later."),
    (SendTimeoutError, True): _lost(Outcome.TIMED_OUT),
    (AnswerLostError, True): _lost(Outcome.ANSWER_LOST),
    (AnswerLostError, False): _retry(Outcome.CONNECT_FAILED, "Nothing was sent. Try again later."),
    (BadAnswerError, True): _lost(Outcome.BAD_ANSWER),
    (SendAbortedError, False): _retry(Outcome.ABORTED, "Nothing was sent: the client was closed first."),
    (SendAbortedError, True): _lost(Outcome.ABORTED),
}
_UNFORESEEN = _lost(Outcome.BAD_ANSWER)


def judge_failure(error: WinPushError) -> Verdict:
    """The verdict on a send that got no answer. Never raises; an error that the table doesn't know may have arrived."""
    sent = isinstance(error, TransportError) and error.request_sent
    for ancestor in type(error).__mro__:
        verdict = _NETWORK.get((ancestor, sent))
        if verdict is not None:
            return verdict
    return _UNFORESEEN
