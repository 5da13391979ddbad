"""What both clients share between a call and the pool: which host, which bytes, and what the answer means."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypedDict

from winpush import mpns
from winpush.channels import AllowedHosts, Channel, Origin, Service, check_target, parse_origin, split_uri
from winpush.errors import ChannelError, ConfigurationError, ValidationError, WinPushError
from winpush.messages import Request, Response
from winpush.results import Notification, Result, StatusHeaders, Verdict, judge_failure
from winpush.transport.dialing import Route
from winpush.transport.pool import Limits
from winpush.transport.proxy import Proxies
from winpush.transport.tls import ClientCertificate, Tls

__all__ = ["ClientOptions", "Destination", "Dispatch", "Settings", "seconds", "whole"]

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


class ClientOptions(TypedDict, total=False):
    """The options of both clients; AsyncClient says what each means."""

    allow_hosts: Iterable[str]
    mpns_certificate: ClientCertificate | None
    tls: Tls | None
    proxy: str | None
    proxy_from_environment: bool
    timeout: float | timedelta
    connect_timeout: float | timedelta
    max_connections: int
    max_connections_per_host: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a client, checked. See AsyncClient for what each means."""

    allowed: AllowedHosts
    tls: Tls
    certificate: ClientCertificate | None
    proxies: Proxies
    limits: Limits
    timeout_seconds: float

    @classmethod
    def of(
        cls,
        *,
        allow_hosts: Iterable[str] = (),
        mpns_certificate: ClientCertificate | None = None,
        tls: Tls | None = None,
        proxy: str | None = None,
        proxy_from_environment: bool = False,
        timeout: float | timedelta = 15.0,
        connect_timeout: float | timedelta = 10.0,
        max_connections: int = 500,
        max_connections_per_host: int = 100,
    ) -> Settings:
        """Checks every option. Raises ConfigurationError that names the one that can't work."""
        limits = Limits(
            whole("max_connections", max_connections),
            min(whole("max_connections_per_host", max_connections_per_host), max_connections),
            seconds("connect_timeout", connect_timeout),
        )
        proxies = Proxies.of(proxy, os.environ if proxy_from_environment else None)
        return cls(
            AllowedHosts.of(allow_hosts), tls or Tls(), mpns_certificate, proxies, limits, seconds("timeout", timeout)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Destination:
    """One origin, judged once: its route, and what stands around a target on the wire.

    Compared by identity: the pool and the cache of tails are looked up with it for every send.
    """

    origin: Origin
    route: Route = field(repr=False)
    prefix: str
    proxy_authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _ServiceRoom:
    """The pure functions of one service, as the send path needs them."""

    build_request: Callable[[Channel, Notification], Request]
    judge: Callable[[Response], Verdict]
    headers: StatusHeaders


def _build_mpns(channel: Channel, notification: Notification) -> Request:
    if not isinstance(notification, mpns.Notification):
        raise ValidationError("notification", f"must be one of winpush.mpns, not {type(notification).__name__}")
    return mpns.build_request(channel, notification)


_ROOMS = {Service.MPNS: _ServiceRoom(_build_mpns, mpns.judge, mpns.HEADERS)}


class Dispatch:
    """Turns (channel URI, notification) into bytes for a destination, and an answer into a Result."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._destinations: dict[str, Destination] = {}
        # Both contexts are made here, so that a certificate that can't work is told when the client is made.
        self._context = settings.tls.make_context()
        self._mpns_context = settings.tls.make_context(settings.certificate) if settings.certificate else self._context
        self._tails: dict[Destination, tuple[Notification, bytes]] = {}

    def resolve(self, uri: str) -> tuple[Destination, str]:
        """Where a channel URI leads, and its target. Raises ChannelError."""
        if type(uri) is not str:
            raise ChannelError("channel_uri", f"must be a string, not {type(uri).__name__}")
        text, target = split_uri(uri)
        destination = self._destinations.get(text)
        if destination is None:
            destination = self._add(text)
        check_target(target)
        return destination, target

    def _add(self, text: str) -> Destination:
        origin = parse_origin(text, self._settings.allowed)
        if len(self._destinations) >= _MAX_DESTINATIONS:
            self._destinations.clear()  # hosts come from devices: a stream of made-up ones must not fill the memory
        destination = self._destinations[text] = self._route(origin)
        return destination

    def _route(self, origin: Origin) -> Destination:
        context = None
        if origin.scheme == "https":
            context = self._context if origin.service is Service.WNS else self._mpns_context
        route = Route(origin, context, self._settings.proxies.choose(origin))
        if route.proxy is None or not route.is_forwarded:
            return Destination(origin, route, "")
        return Destination(origin, route, str(origin), route.proxy.authorization)

    def encode(self, destination: Destination, target: str, notification: Notification) -> bytes:
        """The bytes of the request. Raises ChannelError or ValidationError when the two do not go together."""
        cached = self._tails.get(destination)
        if cached is not None and cached[0] is notification and destination.origin.service is not None:
            tail = cached[1]
        else:
            tail = self._make_tail(destination, target, notification)
        return f"POST {destination.prefix}{target}".encode("ascii") + tail

    def _make_tail(self, destination: Destination, target: str, notification: Notification) -> bytes:
        service = getattr(notification, "service", None)
        room = _ROOMS.get(service) if service is not None else None
        if room is None:
            raise ValidationError(
                "notification", f"must be a notification of winpush.mpns, not {type(notification).__name__}"
            )
        request = room.build_request(Channel(destination.origin, target), notification)
        tail = request.tail(destination.proxy_authorization)
        if len(self._tails) >= _MAX_DESTINATIONS:
            self._tails.clear()
        self._tails[destination] = (notification, tail)
        return tail

    def read(
        self, destination: Destination, target: str, notification: Notification, response: Response, key: object
    ) -> Result:
        """The Result of an answer."""
        room = _ROOMS[notification.service]
        verdict = room.judge(response)
        channel = Channel(destination.origin, target)
        return Result(channel, notification, verdict, room.headers, response, None, verdict.delay, key)

    def fail(self, channel: Channel | None, notification: Notification, error: WinPushError, key: object) -> Result:
        """The Result of a send that got no answer, or was refused before it was sent."""
        verdict = judge_failure(error)
        headers = _ROOMS[notification.service].headers
        return Result(channel, notification, verdict, headers, None, error, verdict.delay, key)
