"""Encoder: a channel URI and a notification become bytes for a destination, and an answer becomes a Result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from winpush import mpns, webpush, wns
from winpush._make import make_channel, make_result
from winpush.channels import OTHERS_THAN_MPNS, Channel, Origin, Service, parse_origin
from winpush.client.options import Settings
from winpush.errors import ChannelError, ValidationError, WinPushError
from winpush.http import Headers, Request, Response, finish_head, write_head
from winpush.mpns.requests import check_channel as check_mpns_channel
from winpush.mpns.requests import headers_of
from winpush.results import Action, Notification, Result, Verdict, judge_failure
from winpush.transport.route import Route
from winpush.transport.tls import LazyContext
from winpush.wns.protocol.requests import check_channel

__all__ = ["FOR_CHANNELS", "Destination", "Encoder", "check", "name_of"]

_MAX_DESTINATIONS = 4096

FOR_CHANNELS = (mpns.Notification, wns.Notification, wns.ClearToasts)
"""What may be sent to a channel URI; a `webpush.Message` goes to a subscription."""

# Enum members are slow to access, and every send needs these.
_MPNS, _WNS, _WEBPUSH = Service
_NOTHING = Action.NOTHING
_HEADERS = {_MPNS: mpns.HEADERS, _WNS: wns.HEADERS, _WEBPUSH: webpush.HEADERS}


class Destination:
    """One origin, checked once: its route, and what surrounds a target on the wire.

    Compared by identity. `prefix` precedes the target in absolute form; `heads` caches the heads of requests without
    headers of their own; `tail` is that of the last notification sent. On a host that `is_shared`, only the path
    identifies the service: WNS's hosts have the channels of both browsers and apps. If the route presents the MPNS
    client certificate, `uncertified` is the same destination without it, for channels of other services.
    """

    __slots__ = (
        "heads", "is_shared", "origin", "post", "prefix", "proxy_authorization", "route", "tail", "uncertified",
    )  # fmt: skip

    def __init__(self, origin: Origin, route: Route) -> None:
        self.origin = origin
        self.is_shared = origin.service is None or origin.service is _WNS
        self.route = route
        forwarded = route.proxy if route.is_forwarded else None
        self.prefix = "" if forwarded is None else str(origin)
        self.proxy_authorization = None if forwarded is None else forwarded.authorization
        self.post = f"POST {self.prefix}".encode("ascii")
        self.heads: dict[Headers, bytes] = {}
        self.tail: _Tail | None = None
        self.uncertified: Destination | None = None

    def write(self, request: Request) -> bytes:
        """The bytes of a complete request."""
        start = f"{request.method} {self.prefix}{request.channel.target}".encode("ascii")
        return start + request.tail(self.proxy_authorization)


class _Tail:
    """What surrounds a target on the wire, and the notification and token that it was written for."""

    __slots__ = ("end", "notification", "start", "token")

    def __init__(self, notification: Notification, token: wns.Token | None, start: bytes, end: bytes) -> None:
        self.notification = notification
        self.token = token
        self.start = start
        self.end = end


class Encoder:
    """Knows one client's destinations, writes their requests and reads their answers. May be used from any thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._destinations: dict[str, Destination] = {}
        self._context = LazyContext(settings.tls)
        certificate = settings.certificate
        self._mpns_context = LazyContext(settings.tls, certificate) if certificate else self._context

    def resolve(self, uri: str) -> tuple[Destination, Channel]:
        """Where a channel URI leads, and the channel. Raises ChannelError."""
        if type(uri) is not str:
            raise ChannelError("channel_uri", f"must be a string, not {type(uri).__name__}")
        end = uri.find("/", 8)  # split_uri, in place
        text, target = (uri, "/") if end < 0 else (uri[:end], uri[end:])
        destination = self._destinations.get(text)
        if destination is None:
            destination = self._find(text)
        if destination.uncertified is not None and target.startswith(OTHERS_THAN_MPNS):
            destination = destination.uncertified
        return destination, make_channel(destination.origin, target)

    def _find(self, text: str) -> Destination:
        """The destination of a new origin. The client certificate is only for MPNS (mpns.md 1): other services' hosts
        and token servers never see it."""
        origin = parse_origin(text, self.settings.allowed)
        if origin.service is _MPNS or self._mpns_context is self._context:
            return self._add(text, origin, self._mpns_context)
        if origin.service is not None:
            return self._add(text, origin, self._context)
        uncertified = self._add(f"uncertified {text}", origin, self._context)
        return self._add(text, origin, self._mpns_context, uncertified)

    def trust(self, origin: Origin) -> Destination:
        """A destination that the caller configured by its full address: the credentials' token server."""
        text = f"token {origin}"
        return self._destinations.get(text) or self._add(text, origin, self._context)

    def _add(
        self, text: str, origin: Origin, context: LazyContext, uncertified: Destination | None = None
    ) -> Destination:
        if len(self._destinations) >= _MAX_DESTINATIONS:
            self._destinations.clear()  # hosts come from devices: a stream of invented ones must not fill the memory
        proxy = self.settings.proxies.choose(origin)
        # An https:// proxy doesn't see the client certificate either.
        proxy_context = self._context.get() if proxy is not None and proxy.is_secured else None
        route = Route(origin, context.get() if origin.scheme == "https" else None, proxy, proxy_context)
        destination = Destination(origin, route)
        destination.uncertified = uncertified
        # Concurrent threads must all get the same one: connections, and their limit, belong to a route.
        return self._destinations.setdefault(text, destination)

    def encode(
        self, destination: Destination, channel: Channel, notification: Notification, token: wns.Token | None = None
    ) -> bytes:
        """The bytes of the request. Raises ChannelError or ValidationError if the two don't go together."""
        tail = destination.tail
        if (
            tail is None
            or tail.notification is not notification
            or tail.token is not token
            # A host of a single service was checked with the tail; on a shared host, each path is.
            or (destination.is_shared and not channel.may_belong_to(notification.service))
        ):
            tail = destination.tail = _make_tail(destination, channel, notification, token)
        return tail.start + channel.target.encode("ascii") + tail.end

    def read(self, channel: Channel, notification: Notification, response: Response, key: object) -> Result:
        """The Result of an answer."""
        if notification.service is _MPNS:
            verdict = mpns.judge(response)
            return make_result(channel, notification, verdict, mpns.HEADERS, response, None, verdict.delay, key)
        if notification.service is _WEBPUSH:
            return _read_message(channel, notification, response, key)
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
        """The Result of a send to WNS with this verdict."""
        diagnosis = None
        if response is not None and verdict.action is not _NOTHING:
            diagnosis = wns.diagnose(channel, notification, response)  # type: ignore[arg-type]  # WNS's by now
        return make_result(channel, notification, verdict, wns.HEADERS, response, None, retry_after, key, diagnosis)

    def hold_back(
        self, channel: Channel, notification: Notification, verdict: Verdict, wait: timedelta, reason: str, key: object
    ) -> Result:
        """The Result of a send that wasn't made because the service had said to wait."""
        headers = _HEADERS[notification.service]
        return make_result(channel, notification, verdict, headers, None, None, wait, key, reason)

    def fail(self, channel: Channel | None, notification: Notification, error: WinPushError, key: object) -> Result:
        """The Result of a send that got no answer, or was refused before it was sent."""
        verdict = judge_failure(error)
        headers = _HEADERS[notification.service]
        return make_result(channel, notification, verdict, headers, None, error, verdict.delay, key)


def _read_message(channel: Channel, message: Notification, response: Response, key: object) -> Result:
    """The Result of a push service's answer."""
    verdict, retry_after = webpush.judge(response, datetime.now(UTC), channel)
    diagnosis = None if verdict.action is _NOTHING else webpush.diagnose(response, channel)
    return make_result(channel, message, verdict, webpush.HEADERS, response, None, retry_after, key, diagnosis)


def check(channel: Channel, notification: Notification) -> None:
    """Raises what `encode` would, for a request that can't be written yet since its token or its turn is to come."""
    if isinstance(notification, webpush.Message):
        if not channel.may_belong_to(_WEBPUSH):
            raise ChannelError(
                "channel_uri",
                "is the channel of a Windows app or a phone, which doesn't take a webpush.Message: send it a "
                "notification of winpush.wns or winpush.mpns",
            )
        raise ChannelError(
            "channel_uri",
            "must be a webpush.Subscription for a webpush.Message, which is encrypted with the browser's keys: create "
            "one with Subscription.of(what the browser gave)",
        )
    if not isinstance(notification, FOR_CHANNELS):
        kind = name_of(notification)
        raise ValidationError("notification", f"must be a notification of winpush.mpns or winpush.wns, not {kind}")
    if notification.service is _WNS:
        check_channel(channel)
    else:
        check_mpns_channel(channel)


def name_of(notification: object) -> str:
    """What the caller gave, for an error that says what it must be."""
    if isinstance(notification, type):
        return f"the class {notification.__name__}: make one, as {notification.__name__}(…)"
    return type(notification).__name__


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
        raise ValidationError("token", "is missing: a WNS notification needs one")
    request = wns.build_request(channel, notification, token)  # type: ignore[arg-type]  # checked above
    start = f"{request.method} {destination.prefix}".encode("ascii")
    return _Tail(notification, token, start, request.tail(destination.proxy_authorization))
