"""Every exception that winpush raises; those that carry a Result are in `results`.

WinPushError
├── ValidationError (also a ValueError)      a value that can't be sent; names the field
│   ├── ChannelError                         a channel URI that is not one, or not a push service's
│   └── DocumentError                        XML that can't be read, or not into our types
├── NothingToSendError                       for that phone version nothing of the notification is left
├── ConfigurationError (also a ValueError)   a certificate, proxy or option that can't work
├── ClientClosedError                        the client was used after it was closed
├── results.SendError                        raised by Result.raise_for_error(); carries the result
│   ├── ChannelGoneError                     delete the channel
│   ├── RetryLaterError                      try again after result.retry_after
│   └── RefusedError                         stop, and fix what result.explanation says
└── TransportError                           no answer came; says whether the request had left
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
    """The base of every error of this library."""


class ValidationError(WinPushError, ValueError):
    """A value that can't be sent.

    `field` is the name of the argument, `problem` what is wrong with its value and what is allowed.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled by their args, which here are one string and not the two parameters.
        return type(self), (self.field, self.problem)


class ChannelError(ValidationError):
    """A channel URI that can't be sent to. The message never holds the URI itself: whoever has it can push."""


class DocumentError(ValidationError):
    """XML that is not well-formed, or that says something our types don't cover."""


class NothingToSendError(WinPushError):
    """Nothing of the notification can be shown by that phone version; the message says why."""


class ConfigurationError(WinPushError, ValueError):
    """An option, certificate or proxy that can't work; raised when the client is made."""


class ClientClosedError(WinPushError):
    """The client was used outside its `with` block, or after `close()`."""


class TransportError(WinPushError):
    """No usable answer came.

    `request_sent` is True when at least one byte of the request had left: the service may have taken the
    notification, and sending it again may show it twice.
    """

    def __init__(self, message: str, *, request_sent: bool = False) -> None:
        super().__init__(message)
        self.request_sent = request_sent


class ConnectError(TransportError):
    """No connection could be made; nothing was sent."""


class DnsError(ConnectError):
    """The host's name could not be resolved."""


class TlsError(ConnectError):
    """The TLS handshake failed: a certificate that is expired, for another host, not trusted or not accepted."""


class ProxyError(ConnectError):
    """The proxy refused, or asked for credentials, or could not be understood. `status_code` is its answer, if any."""

    def __init__(self, message: str, *, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class SendTimeoutError(TransportError, TimeoutError):
    """The time for connecting, or for the whole send, was over."""


class AnswerLostError(TransportError):
    """The connection ended after the request had left, and before its answer was whole."""


class BadAnswerError(TransportError):
    """What came back is not an HTTP answer, or larger than any answer of a push service."""


class SendAbortedError(TransportError):
    """The client was closed while the send was waiting or under way."""
