"""Channels: which service a URI belongs to, and which URIs may be sent to.

Channel URIs come from devices, which can't be trusted, so they are checked before a socket is opened: only the
services' hosts (as a suffix of the parsed host), only their default ports, no user info. The rest of the URI is opaque
(mpns.md 1, wns.md 2). A channel URI is a secret: anyone who has it can push.
"""

from __future__ import annotations

import enum
import posixpath
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Never
from urllib.parse import unquote

from winpush._values import keep_plain, plain
from winpush.errors import ChannelError, ConfigurationError

__all__ = [
    "WEB_PUSH_PATHS",
    "WNS_WEB_PUSH_PATH",
    "AllowedHosts",
    "Channel",
    "Origin",
    "Service",
    "sender_of",
    "split_uri",
]

TARGET_BYTES = bytes(range(0x21, 0x7F)).replace(b"#", b"")
"""The bytes that a channel's path and query may consist of: printable ASCII without the space, and no fragment."""
# Microsoft says both "at most 1024" and "may exceed 1024" [M8]; Urban Airship took 2055 [L9] (mpns.md 1.1).
MAX_URI_CHARACTERS = 4096
MAX_APP_CHARACTERS = 64
MAX_PORT = 65535
_UNPRINTED = ("Cc", "Cs", "Zl", "Zp")  # controls, lone surrogates, line and paragraph separators

_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*|\[[0-9a-f:.]{2,45}\]")
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Service(enum.Enum):
    """The push service that a channel or a notification belongs to."""

    MPNS = "mpns"
    WNS = "wns"
    WEBPUSH = "webpush"

    @property
    def throttles_senders(self) -> bool:
        """True for a service that throttles everything from a sender. MPNS counts per channel: 500 a day for each.

        (mpns.md 1, wns.md 7, webpush.md 6)
        """
        return self is not Service.MPNS


# The services' hosts: the host or (after a dot) its suffix, service, schemes (mpns.md 1, wns.md 2, webpush.md 2).
_SERVICE_HOSTS = (
    (".notify.live.net", Service.MPNS, ("http", "https")),
    (".notify.windows.com", Service.WNS, ("https",)),
    (".push.services.mozilla.com", Service.WEBPUSH, ("https",)),
    (".push.apple.com", Service.WEBPUSH, ("https",)),
    ("fcm.googleapis.com", Service.WEBPUSH, ("https",)),
    ("jmt17.google.com", Service.WEBPUSH, ("https",)),
)
WNS_WEB_PUSH_PATH = "/w/"
"""The start of the path of a browser's endpoint at WNS (webpush.md 1); an app's channel has no path."""
_APP_PATH = "/?"
"""The start of the path of an app's channel at WNS (wns.md 2)."""
# On an explicitly allowed host (such as the emulator's), only the path identifies the service.
_SERVICE_PATHS = (
    ("/throttledthirdparty/", Service.MPNS),
    ("/unthrottledthirdparty/", Service.MPNS),
    ("/u/", Service.MPNS),
    ("/?token=", Service.WNS),
    (WNS_WEB_PUSH_PATH, Service.WEBPUSH),
    ("/wpush/", Service.WEBPUSH),
    ("/fcm/send/", Service.WEBPUSH),
    ("/wp/", Service.WEBPUSH),
)


# Precomputed, because every send uses these, and enum members are slow to access and to hash.
_MPNS, _WNS, _WEBPUSH = Service
OTHERS_THAN_MPNS, _OTHERS_THAN_WNS, _OTHERS_THAN_WEBPUSH = (
    tuple(prefix for prefix, owner in _SERVICE_PATHS if owner is not service) for service in Service
)
"""The starts of paths that, on an allowed host, belong to a service other than this one."""

WEB_PUSH_PATHS = tuple(prefix for prefix, owner in _SERVICE_PATHS if owner is _WEBPUSH)
"""The starts of the paths of browsers' endpoints; Apple's have nothing in common."""

_NO_TOKEN = re.compile(r"[/?]*(t(o(k(en?)?)?)?|token=+(&.*)?)?")
_NO_PHONE = re.compile(r"/u(/\d+(/[^/]+)?)?|/(un)?throttledthirdparty(/[\d.]+)?")
_LAST_SLASH = len("/unthrottledthirdparty")
"""How far to the right a slash can be in what `_NO_PHONE` matches, unless /u/ is followed by 20 digits or more."""
_NO_SUBSCRIPTION = ("/", "/wpush/v2/", "/wpush/v1/", *WEB_PUSH_PATHS)


@dataclass(frozen=True, slots=True)
class Origin:
    """The endpoint of connections: scheme, host (lower case, IPv6 in brackets) and port.

    `service` is the service that owns the host, or None for an explicitly allowed host.
    """

    scheme: str
    host: str
    port: int
    service: Service | None

    @property
    def authority(self) -> str:
        """The value of the Host header: includes the port only if it isn't the scheme's default."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def dial_host(self) -> str:
        """The host for name resolution: an IPv6 address without brackets."""
        return self.host.strip("[]")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Hosts to allow besides the services' own: `"127.0.0.1:8080"` or `"push.test"`.

    Each allows only its own port, or the scheme's default port if it has none.
    """

    entries: frozenset[str] = frozenset()

    @classmethod
    def of(cls, hosts: Iterable[str]) -> AllowedHosts:
        """Checks the hosts. Raises ConfigurationError for a URL, a pattern or an invalid host."""
        if isinstance(hosts, str):
            raise ConfigurationError(f"allow_hosts: is a single string; give a list of hosts, such as [{hosts!r}]")
        if not isinstance(hosts, Iterable):
            raise ConfigurationError(f"allow_hosts: must be a list of hosts, not {type(hosts).__name__}")
        return cls(frozenset(_allowed_host(host) for host in hosts))

    def __contains__(self, origin: Origin) -> bool:
        return origin.authority in self.entries or f"{origin.host}:{origin.port}" in self.entries


def _allowed_host(entry: object) -> str:
    if not isinstance(entry, str):
        raise ConfigurationError(f"allow_hosts: contains a {type(entry).__name__}; write each host as text")
    text = plain(entry).lower()
    match = _AUTHORITY.fullmatch(text)
    if match is None or not _HOST.fullmatch(match["host"]):
        # What follows the host may be a channel's secret.
        shown = re.split(r"[/?#]", text.partition("://")[2] or text, maxsplit=1)[0].rpartition("@")[2]
        raise ConfigurationError(
            f"allow_hosts: what begins with {shown!r} is not a host; write it as 'host' or 'host:port', without "
            "scheme, path or wildcard"
        )
    port = match["port"]
    if port is not None and (port.startswith("0") or int(port) > MAX_PORT):
        raise ConfigurationError(f"allow_hosts: {text!r} has a port that no address has; it is from 1 to {MAX_PORT:,}")
    return text


def split_uri(uri: str) -> tuple[str, str]:
    """Splits a channel URI into origin (`http://host:port`) and target (path and query), without checking them.

    Every send does this; checked origins are then cached, and `check_target` checks the target.
    """
    end = uri.find("/", 8)
    return (uri, "/") if end < 0 else (uri[:end], uri[end:])


def check_target(target: str) -> None:
    """Raises ChannelError for a path and query that are invalid in a request line."""
    if not isinstance(target, str) or not target.startswith("/"):
        raise ChannelError("channel_uri", "has a path that doesn't begin with '/'")
    if not target.isascii() or target.encode().translate(None, TARGET_BYTES + b"#"):
        raise ChannelError("channel_uri", "contains a space, a control character or a non-ASCII character")
    if "#" in target:
        raise ChannelError("channel_uri", "has a fragment (#…), which channel URIs never have")
    if len(target) > MAX_URI_CHARACTERS:
        raise ChannelError("channel_uri", f"has {len(target)} characters; the limit is {MAX_URI_CHARACTERS}")


def check_token(target: str) -> None:
    """Raises ChannelError for a WNS channel's path and query that name no channel.

    Nothing else is checked: the token is opaque (wns.md 2).
    """
    before, _, token = target.partition("token=")
    # Nearly all channels have a token at first sight, and need no regular expression.
    is_clear = token != "" and token[0] not in "=&" and "=" not in before
    if not is_clear and _NO_TOKEN.fullmatch(target.lower()):
        raise ChannelError(
            "channel_uri",
            "has no token (?token=…), so it names no channel; store the complete URI, as the app got it from Windows",
        )


def check_phone_path(target: str) -> None:
    """Raises ChannelError for an MPNS channel's path that names no channel."""
    # Nearly all paths go on beyond the last slash of any that names no channel, and need no regular expression.
    if _LAST_SLASH < target.rfind("/") < len(target) - 1 and "?" not in target:
        return
    path = target.partition("?")[0]
    if path.endswith("/") or _NO_PHONE.fullmatch(path.lower()):
        raise ChannelError(
            "channel_uri",
            "ends before the part that names the channel; store the complete URI, as the app got it from the phone",
        )


def check_endpoint(target: str) -> None:
    """Raises ChannelError for a browser's path and query that name no subscription."""
    bare = target.lower().removesuffix("token=").removesuffix("?token").removesuffix("?")
    if bare in _NO_SUBSCRIPTION:
        raise ChannelError(
            "endpoint", "names no subscription: its path ends too early; store all of it, as the browser gave it"
        )


def refuse_browser() -> Never:
    """Raises the ChannelError for a browser's endpoint where an app notification was to be sent."""
    raise ChannelError(
        "channel_uri",
        "is a browser's Web Push endpoint, which doesn't accept app notifications: send a webpush.Message to its "
        "webpush.Subscription",
    )


def parse_origin(text: str, allowed: AllowedHosts) -> Origin:
    """Parses and checks `scheme://host:port`. Raises ChannelError unless it is a push service's or allowed host."""
    scheme, separator, authority = text.partition("://")
    scheme, authority = scheme.lower(), authority.lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        raise ChannelError("channel_uri", "is not a channel URI: it must start with http:// or https://")
    if "@" in authority:
        raise ChannelError("channel_uri", "contains a user name or password, which channel URIs never have")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not _HOST.fullmatch(match["host"]):
        raise ChannelError("channel_uri", "has an invalid host name")
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS[scheme]
    if not 0 < port <= MAX_PORT:
        raise ChannelError("channel_uri", f"has port {port}, which is not a valid port")
    return _judge_origin(Origin(scheme, match["host"], port, None), allowed)


def sender_of(service: Service, authority: str, app: str | None) -> tuple[str, str | None] | None:
    """The sender that a service throttles as a whole: an app for WNS, a VAPID key for a browser's push service. None
    for a service that counts per channel.

    `authority` is the channel's `host[:port]`. The hosts of one push service count together.
    """
    if not service.throttles_senders:
        return None
    if service is _WNS:
        return service.value, app
    return service.value, next((suffix for suffix, *_ in _SERVICE_HOSTS if _is_below(authority, suffix)), authority)


def _is_below(host: str, suffix: str) -> bool:
    return host == suffix or (suffix.startswith(".") and host.endswith(suffix))


def _judge_origin(origin: Origin, allowed: AllowedHosts) -> Origin:
    if origin in allowed:
        return origin
    for suffix, service, schemes in _SERVICE_HOSTS:
        if not _is_below(origin.host, suffix):
            continue
        if origin.scheme not in schemes:
            raise ChannelError(
                "channel_uri", f"is {origin.scheme}, but {service.name} channels always use {schemes[0]}"
            )
        if origin.port != _DEFAULT_PORTS[origin.scheme]:
            raise ChannelError(
                "channel_uri", f"has port {origin.port}, but {service.name} always uses the default port"
            )
        return Origin(origin.scheme, origin.host, origin.port, service)
    raise ChannelError(
        "channel_uri",
        f"has the host {origin.host!r}, which belongs to neither MPNS (*.notify.live.net), WNS "
        "(*.notify.windows.com) nor a browser's push service; to send to your own server, allow it: "
        f'allow_hosts=["{origin.authority}"]',
    )


def _is_browsers(target: str) -> bool:
    """Whether a path and query at WNS is a browser's endpoint, even in another spelling."""
    if target.startswith(_APP_PATH):
        return False
    path = posixpath.normpath(unquote(target.partition("?")[0])).lower()
    return path.strip("/").partition("/")[0].partition(";")[0] == "w"


@dataclass(frozen=True, slots=True)
class Channel:
    """A device's channel at one of the services. `repr` and `str` show too little of it to push with.

    `target` is the path and query, exactly as the device sent them.
    """

    origin: Origin
    target: str = field(repr=False)

    def __post_init__(self) -> None:
        keep_plain(self, ("target",))
        check_target(self.target)

    @classmethod
    def parse(cls, uri: str, *, allow_hosts: Iterable[str] | AllowedHosts = ()) -> Channel:
        """Parses a channel URI. Raises ChannelError, which never contains the URI."""
        allowed = allow_hosts if isinstance(allow_hosts, AllowedHosts) else AllowedHosts.of(allow_hosts)
        if not isinstance(uri, str):
            raise ChannelError("channel_uri", f"must be a string, not {type(uri).__name__}")
        origin, target = split_uri(plain(uri))
        return cls(parse_origin(origin, allowed), target)

    @property
    def uri(self) -> str:
        """The complete URI: a secret."""
        return f"{self.origin}{self.target}"

    @property
    def service(self) -> Service | None:
        """The service, from the host or, on an allowed host, from the path; None if neither identifies it."""
        owner = self.origin.service
        if owner is _WNS and _is_browsers(self.target):
            return _WEBPUSH
        if owner is not None:
            return owner
        for prefix, service in _SERVICE_PATHS:
            if self.target.startswith(prefix):
                return service
        return None

    def may_belong_to(self, service: Service) -> bool:
        """False if the host, or on an allowed host the path, belongs to another service."""
        owner = self.origin.service
        if owner is _WNS:
            return service is (_WEBPUSH if _is_browsers(self.target) else _WNS)
        if owner is not None:
            return owner is service
        if service is _MPNS:
            return not self.target.startswith(OTHERS_THAN_MPNS)
        return not self.target.startswith(_OTHERS_THAN_WNS if service is _WNS else _OTHERS_THAN_WEBPUSH)

    @property
    def is_web_push(self) -> bool:
        """True for a browser's subscription, at WNS `/w/?token=…`: it receives messages of `winpush.webpush` only."""
        return self.service is _WEBPUSH

    @property
    def short(self) -> str:
        """For logs: the origin and the last six characters, too little to push with."""
        return shorten(str(self.origin), self.target)

    def __str__(self) -> str:
        return self.short

    def __repr__(self) -> str:
        return f"<Channel {self.short}>"


def app_name_problem(name: object) -> str | None:
    """What is wrong with the name of an app, as a predicate for a sentence about it; None for a valid name.

    The name is your own: 1 to 64 characters, without control characters.
    """
    if not isinstance(name, str):
        return f"must be text, not {type(name).__name__}"
    if not name.strip() or len(name) > MAX_APP_CHARACTERS:
        return f"has {len(name.strip())} characters; it must have 1 to {MAX_APP_CHARACTERS}"
    if any(unicodedata.category(character) in _UNPRINTED for character in name):
        return "contains a line break or other control character; remove it"
    return None


def shorten(origin: str, target: str) -> str:
    """The form of a channel that is safe to show: `http://db3.notify.live.net/…a1b2c3`."""
    # The last six characters of a short token would give it away.
    tail = target[-6:] if len(target) >= 24 else ""
    return f"{origin}/…{tail}"
