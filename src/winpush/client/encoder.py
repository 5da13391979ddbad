"""What both clients share between a call and the pool: which host, which bytes, and what the answer means."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict, get_args

from winpush import mpns, wns
from winpush.channels import AllowedHosts, Channel, Origin, Service, make_channel, parse_origin
from winpush.client.throttle import Hold, Holds
from winpush.client.token_cache import AnyCredentials
from winpush.errors import ChannelError, ConfigurationError, ValidationError, WinPushError
from winpush.http import Headers, Response, finish_head, write_head
from winpush.mpns.requests import check_channel as check_mpns_channel
from winpush.mpns.requests import headers_of
from winpush.results import Action, Notification, Result, Verdict, judge_failure, make_result
from winpush.transport.dial import Route
from winpush.transport.pool import Limits
from winpush.transport.proxy import Proxies
from winpush.transport.tls import ClientCertificate, Tls
from winpush.wns.protocol.requests import check_channel

__all__ = ["ClientOptions", "Destination", "Dispatch", "Settings", "check", "seconds", "whole"]

WhenThrottled = Literal["wait", "tell", "send"]
"""What becomes of a send that the service said to hold back."""

# A unit taken for another (milliseconds for seconds) once gave a library a timeout of 10,000 s.
MAX_TIMEOUT_SECONDS = 600.0
_MAX_DESTINATIONS = 4096


def seconds(name: str, value: float | timedelta) -> float:
    """A time given in seconds or as a timedelta, in seconds. Raises ConfigurationError outside 0 to 600 s."""
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= MAX_TIMEOUT_SECONDS:
        raise ConfigurationError(
            f"{name}: is {value!r}; give seconds (or a timedelta) over 0 and up to {MAX_TIMEOUT_SECONDS:g}"
        )
    return float(number)


def whole(name: str, value: int) -> int:
    """A whole number from 1. Raises ConfigurationError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(f"{name}: is {value!r}; give a whole number from 1")
    return value


def _rate(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ConfigurationError(f"max_sends_per_second: is {value!r}; give a number over 0, or None for no ceiling")
    return float(value)


class ClientOptions(TypedDict, total=False):
    """The options of both clients; AsyncClient says what each means."""

    wns: AnyCredentials | None
    allow_hosts: Iterable[str]
    mpns_certificate: ClientCertificate | None
    tls: Tls | None
    proxy: str | None
    proxy_from_environment: bool
    timeout: float | timedelta
    connect_timeout: float | timedelta
    max_connections: int
    max_connections_per_host: int
    max_sends_per_second: float | None
    when_throttled: WhenThrottled


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a client, checked. See AsyncClient for what each means."""

    allowed: AllowedHosts
    tls: Tls
    certificate: ClientCertificate | None
    proxies: Proxies
    limits: Limits
    timeout_seconds: float
    wns: AnyCredentials | None = field(default=None, repr=False)
    when_throttled: WhenThrottled = "wait"

    @classmethod
    def of(
        cls,
        *,
        wns: AnyCredentials | None = None,
        allow_hosts: Iterable[str] = (),
        mpns_certificate: ClientCertificate | None = None,
        tls: Tls | None = None,
        proxy: str | None = None,
        proxy_from_environment: bool = False,
        timeout: float | timedelta = 15.0,
        connect_timeout: float | timedelta = 10.0,
        max_connections: int = 500,
        max_connections_per_host: int = 100,
        max_sends_per_second: float | None = None,
        when_throttled: WhenThrottled = "wait",
    ) -> Settings:
        """Checks every option. Raises ConfigurationError that names the one that can't work."""
        timeout_seconds = seconds("timeout", timeout)
        limits = Limits(
            whole("max_connections", max_connections),
            min(whole("max_connections_per_host", max_connections_per_host), max_connections),
            seconds("connect_timeout", connect_timeout),
            hang_seconds=timeout_seconds / 3,
            sends_per_second=None if max_sends_per_second is None else _rate(max_sends_per_second),
        )
        proxies = Proxies.of(proxy, os.environ if proxy_from_environment else None)
        if wns is not None and not (hasattr(wns, "get_token") or hasattr(wns, "request")):
            raise ConfigurationError(
                "wns: give wns.EntraCredentials, wns.PackageCredentials, or an object with get_token"
            )
        if when_throttled not in get_args(WhenThrottled):
            raise ConfigurationError(f"when_throttled: is {when_throttled!r}; give 'wait', 'tell' or 'send'")
        return cls(
            AllowedHosts.of(allow_hosts),
            tls or Tls(),
            mpns_certificate,
            proxies,
            limits,
            timeout_seconds,
            wns,
            when_throttled,
        )


class Destination:
    """One origin, judged once: its route, and what stands around a target on the wire.

    Compared by identity. `prefix` is what an absolute form puts before the target; `heads` keeps the heads of
    requests that have nothing of their own in them; `tail` is that of the last notification sent.
    """

    __slots__ = ("heads", "origin", "post", "prefix", "proxy_authorization", "route", "tail")

    def __init__(self, origin: Origin, route: Route) -> None:
        self.origin = origin
        self.route = route
        forwarded = route.proxy if route.is_forwarded else None
        self.prefix = "" if forwarded is None else str(origin)
        self.proxy_authorization = None if forwarded is None else forwarded.authorization
        self.post = f"POST {self.prefix}".encode("ascii")
        self.heads: dict[Headers, bytes] = {}
        self.tail: _Tail | None = None


# Members of enumerations are slow to get at, and these are asked for with every send.
_MPNS, _RETRY_LATER = Service.MPNS, Action.RETRY_LATER
_HEADERS = {Service.MPNS: mpns.HEADERS, Service.WNS: wns.HEADERS}


class _Tail:
    """What goes around a target on the wire, and for what it was made."""

    __slots__ = ("end", "notification", "start", "token")

    def __init__(self, notification: Notification, token: wns.Token | None, start: bytes, end: bytes) -> None:
        self.notification = notification
        self.token = token
        self.start = start
        self.end = end


class Dispatch:
    """Turns (channel URI, notification) into bytes for a destination, and an answer into a Result."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.holds = Holds(time.monotonic, forgets=settings.when_throttled == "send")
        self._destinations: dict[str, Destination] = {}
        # Both contexts are made here, so that a certificate that can't work is told when the client is made.
        self._context = settings.tls.make_context()
        self._mpns_context = settings.tls.make_context(settings.certificate) if settings.certificate else self._context

    def resolve(self, uri: str) -> tuple[Destination, Channel]:
        """Where a channel URI leads, and the channel. Raises ChannelError."""
        if type(uri) is not str:
            raise ChannelError("channel_uri", f"must be a string, not {type(uri).__name__}")
        end = uri.find("/", 8)  # split_uri, in place
        text, target = (uri, "/") if end < 0 else (uri[:end], uri[end:])
        destination = self._destinations.get(text)
        if destination is None:
            origin = parse_origin(text, self.settings.allowed)
            # A certificate is for MPNS alone: WNS's hosts, and a token's server, are never shown it.
            context = self._context if origin.service is Service.WNS else self._mpns_context
            destination = self._add(text, origin, context)
        return destination, make_channel(destination.origin, target)

    def trust(self, origin: Origin) -> Destination:
        """A destination that the caller has configured by its full address: the server of the credentials' token."""
        text = f"token {origin}"
        return self._destinations.get(text) or self._add(text, origin, self._context)

    def _add(self, text: str, origin: Origin, context: ssl.SSLContext) -> Destination:
        if len(self._destinations) >= _MAX_DESTINATIONS:
            self._destinations.clear()  # hosts come from devices: a stream of made-up ones must not fill the memory
        route = Route(origin, context if origin.scheme == "https" else None, self.settings.proxies.choose(origin))
        destination = Destination(origin, route)
        self._destinations[text] = destination
        return destination

    def encode(
        self, destination: Destination, channel: Channel, notification: Notification, token: wns.Token | None = None
    ) -> bytes:
        """The bytes of the request. Raises ChannelError or ValidationError when the two do not go together."""
        tail = destination.tail
        if (
            tail is None
            or tail.notification is not notification
            or tail.token is not token
            # A host of the services' own was judged with the tail; on an allowed one only the path can tell.
            or (destination.origin.service is None and not channel.may_belong_to(notification.service))
        ):
            tail = destination.tail = _make_tail(destination, channel, notification, token)
        return tail.start + channel.target.encode("ascii") + tail.end

    def read(self, channel: Channel, notification: Notification, response: Response, key: object) -> Result:
        """The Result of an answer."""
        if notification.service is _MPNS:
            verdict = mpns.judge(response)
            if verdict.action is _RETRY_LATER:
                self.holds.note(channel, Service.MPNS, verdict, verdict.delay)
            return make_result(channel, notification, verdict, mpns.HEADERS, response, None, verdict.delay, key)
        verdict, retry_after = wns.judge(response, datetime.now(UTC))
        return self.conclude(channel, notification, verdict, retry_after, response, key)

    def conclude(
        self,
        channel: Channel,
        notification: Notification,
        verdict: Verdict,
        retry_after: timedelta | None,
        response: Response | None,
        key: object,
    ) -> Result:
        """The Result of a send to WNS whose verdict is found."""
        diagnosis = None
        if response is not None and verdict.action is not Action.NOTHING:
            self.holds.note(channel, Service.WNS, verdict, retry_after)
            diagnosis = wns.diagnose(channel, notification, response)  # type: ignore[arg-type]  # WNS's by now
        return make_result(channel, notification, verdict, wns.HEADERS, response, None, retry_after, key, diagnosis)

    def held(self, channel: Channel, notification: Notification, hold: Hold, key: object) -> Result:
        """The Result of a send that was not made, since the service had said to wait."""
        wait = timedelta(seconds=hold.seconds)
        headers = _HEADERS[notification.service]
        return make_result(channel, notification, hold.verdict, headers, None, None, wait, key, hold.reason)

    def fail(self, channel: Channel | None, notification: Notification, error: WinPushError, key: object) -> Result:
        """The Result of a send that got no answer, or was refused before it was sent."""
        verdict = judge_failure(error)
        headers = _HEADERS[notification.service]
        return make_result(channel, notification, verdict, headers, None, error, verdict.delay, key)


def check(channel: Channel, notification: Notification) -> None:
    """Raises what `encode` would, for a request that can't be written yet: its token is still to come, or its turn."""
    if not isinstance(notification, mpns.Notification | wns.Notification | wns.ClearToasts):
        kind = type(notification).__name__
        raise ValidationError("notification", f"must be a notification of winpush.mpns or winpush.wns, not {kind}")
    if notification.service is Service.WNS:
        check_channel(channel)
    else:
        check_mpns_channel(channel)


def _make_tail(
    destination: Destination, channel: Channel, notification: Notification, token: wns.Token | None
) -> _Tail:
    check(channel, notification)
    if isinstance(notification, mpns.Notification):
        headers = headers_of(notification)
        head = destination.heads.get(headers)
        if head is None:
            head = write_head(channel.origin, headers, destination.proxy_authorization)
            if notification.message_id is None and notification.callback_uri is None:
                destination.heads[headers] = head
        return _Tail(notification, token, destination.post, finish_head(head, notification.body))
    if token is None:
        raise ValidationError("token", "is missing: a notification of WNS is not sent without one")
    request = wns.build_request(channel, notification, token)  # type: ignore[arg-type]  # checked above
    start = f"{request.method} {destination.prefix}".encode("ascii")
    return _Tail(notification, token, start, request.tail(destination.proxy_authorization))
