"""All exceptions of winpush. Those that carry a Result are in `results`.

WinPushError
├── ValidationError (also a ValueError)      an invalid value; names the field
│   ├── AppError                             no app named, or one without credentials
│   ├── ChannelError                         not a channel URI, or not one of a push service
│   └── DocumentError                        XML that can't be parsed, or not into our types
├── NothingToSendError                       the phone version supports nothing of the notification
├── ConfigurationError (also a ValueError)   an unusable certificate, proxy or option
├── ClientClosedError                        the client was used after closing
├── results.SendError                        raised by Result.raise_for_error(); carries the result
│   ├── ChannelGoneError                     delete the channel
│   ├── RetryLaterError                      try again after result.retry_after
│   └── RefusedError                         fix what result.explanation says, then send again
└── TransportError                           no answer; says whether the request was sent
    ├── ConnectError
    │   ├── DnsError
    │   ├── TlsError
    │   └── ProxyError
    ├── SendTimeoutError (also a TimeoutError)
    ├── AnswerLostError
    ├── BadAnswerError
    └── SendAbortedError
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AnswerLostError",
    "AppError",
    "BadAnswerError",
    "ChannelError",
    "ClientClosedError",
    "ConfigurationError",
    "ConnectError",
    "DnsError",
    "DocumentError",
    "NothingToSendError",
    "ProxyError",
    "SendAbortedError",
    "SendTimeoutError",
    "TlsError",
    "TransportError",
    "ValidationError",
    "WinPushError",
]


class WinPushError(Exception):
    """Base class of all winpush errors. All can be copied and pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        # By itself, pickle calls the constructor with `args`, which is the message alone. An error that can't be read
        # back hangs the pool of processes that it is raised in.
        return _remake, (type(self), self.args, vars(self))


def _remake(kind: type[WinPushError], args: tuple[Any, ...], state: dict[str, Any]) -> WinPushError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(state)
    return error


class ValidationError(WinPushError, ValueError):
    """An invalid value.

    `field` is the argument's name; `problem` says what is wrong and what is allowed.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class AppError(ValidationError):
    """A client with credentials for several apps got no app name, or the name of an app that it has none for."""


class ChannelError(ValidationError):
    """An invalid channel URI. The message never contains the URI, since anyone who has it can push."""


class DocumentError(ValidationError):
    """XML that is not well-formed, or that uses something our types don't cover."""


class NothingToSendError(WinPushError):
    """The phone version supports nothing of the notification; the message says why."""


class ConfigurationError(WinPushError, ValueError):
    """An unusable option, certificate or proxy; raised when the client is created."""


class ClientClosedError(WinPushError):
    """The client was used outside its `with` block, or after `close()`."""


class TransportError(WinPushError):
    """No usable answer was received.

    `request_sent` is True if at least one byte of the request was sent: the service may have accepted the notification,
    and sending it again may show it twice.
    """

    def __init__(self, message: str, *, request_sent: bool = False) -> None:
        super().__init__(message)
        self.request_sent = request_sent


class ConnectError(TransportError):
    """The connection failed; nothing was sent.

    `is_outage` is True for a failure that passes by itself (the other side is down, or hung up), False for one that
    somebody has to fix: a certificate, an address, credentials.
    """

    def __init__(self, message: str, *, request_sent: bool = False, is_outage: bool = False) -> None:
        super().__init__(message, request_sent=request_sent)
        self.is_outage = is_outage


class DnsError(ConnectError):
    """The host name could not be resolved."""


class TlsError(ConnectError):
    """The TLS handshake failed: a certificate is expired, for another host, untrusted or rejected."""


class ProxyError(ConnectError):
    """The proxy refused, asked for credentials, or sent an invalid answer. `status_code` is its status, if any."""

    def __init__(self, message: str, *, status_code: int | None = None, is_outage: bool = False) -> None:
        super().__init__(message, is_outage=is_outage)
        self.status_code = status_code


class SendTimeoutError(TransportError, TimeoutError):
    """Connecting, or the whole send, timed out."""


class AnswerLostError(TransportError):
    """The connection was lost after the request was sent and before the answer was complete."""


class BadAnswerError(TransportError):
    """The answer is not valid HTTP, or is larger than any push service sends."""


class SendAbortedError(TransportError):
    """The client was closed while the send was waiting or in progress."""
