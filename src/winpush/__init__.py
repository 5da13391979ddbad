"""Windows push notifications from Python.

`winpush.mpns` holds the notifications of Windows Phone, `winpush.wns` those of Windows; `AsyncClient` and `Client` send
them and return a `Result`.
"""

from winpush import mpns, wns
from winpush._version import __version__
from winpush.blocking import Client
from winpush.channels import Channel, Service
from winpush.client import AsyncClient
from winpush.errors import (
    AnswerLostError,
    BadAnswerError,
    ChannelError,
    ChannelGoneError,
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    DnsError,
    DocumentError,
    NothingToSendError,
    ProxyError,
    RefusedError,
    RetryLaterError,
    SendAbortedError,
    SendError,
    SendTimeoutError,
    TlsError,
    TransportError,
    ValidationError,
    WinPushError,
)
from winpush.messages import Request, Response
from winpush.results import Action, Outcome, Result
from winpush.transport.tls import ClientCertificate, Tls

__all__ = [
    "Action",
    "AnswerLostError",
    "AsyncClient",
    "BadAnswerError",
    "Channel",
    "ChannelError",
    "ChannelGoneError",
    "Client",
    "ClientCertificate",
    "ClientClosedError",
    "ConfigurationError",
    "ConnectError",
    "DnsError",
    "DocumentError",
    "NothingToSendError",
    "Outcome",
    "ProxyError",
    "RefusedError",
    "Request",
    "Response",
    "Result",
    "RetryLaterError",
    "SendAbortedError",
    "SendError",
    "SendTimeoutError",
    "Service",
    "Tls",
    "TlsError",
    "TransportError",
    "ValidationError",
    "WinPushError",
    "__version__",
    "mpns",
    "wns",
]
