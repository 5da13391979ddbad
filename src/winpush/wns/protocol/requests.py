"""WNS requests in both directions: built for the client, checked for the emulator (wns.md 3 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from winpush._values import plain
from winpush.channels import Channel, Service, check_token, refuse_browser
from winpush.errors import ChannelError, ValidationError
from winpush.http import Headers, Request, check_bearer
from winpush.secrecy import SecretText
from winpush.wns.clear import ClearToasts
from winpush.wns.notifications import Notification
from winpush.wns.options import check_tag
from winpush.wns.protocol.auth import Token
from winpush.wns.schema.enums import Priority

__all__ = ["RequestHead", "bearer_of", "build_request", "check_channel", "kind_of", "read_head"]

# The single table of kinds and their X-WNS-Type. If Content-Type doesn't match, WNS answers 400 (observed).
_TYPES = {"toast": "wns/toast", "tile": "wns/tile", "badge": "wns/badge", "raw": "wns/raw"}
_MPNS, _WNS, _WEBPUSH = Service  # enum members are slow to access
_XML = "text/xml"
_MAX_TTL_DIGITS = 10  # 317 years: a longer TTL is cut, so that adding it to a date can't overflow
_BYTES = "application/octet-stream"

T = TypeVar("T")


def check_channel(channel: Channel | str) -> Channel:
    """The channel, if a Windows notification and its token can be sent there. Raises ChannelError naming the mix-up.

    The token is only sent to https hosts under notify.windows.com, and to hosts that the caller allowed by name.
    """
    if not isinstance(channel, Channel):
        channel = Channel.parse(channel)
    service = channel.service  # once: every new notification comes through here
    if service is _MPNS:
        raise ChannelError("channel_uri", "belongs to MPNS; a WNS notification can't be sent there: use winpush.mpns")
    if service is _WEBPUSH:
        refuse_browser()
    origin = channel.origin
    is_ours = origin.scheme == "https" and origin.host.endswith(".notify.windows.com")
    if origin.service is not None and not is_ours:
        raise ChannelError(
            "channel_uri", "is not an https address under notify.windows.com: the token is not sent there"
        )
    if service is _WNS:
        check_token(channel.target)
    return channel


def build_request(channel: Channel | str, notification: Notification | ClearToasts, token: Token | str) -> Request:
    """The complete request, without sending it. `channel` is a WNS URI, or a parsed Channel.

    Raises ChannelError for another service's URI, a web-push channel or a URI without a token, and ValidationError for
    another service's notification or a token that can't go in a header.
    """
    channel = check_channel(channel)
    if not isinstance(notification, Notification | ClearToasts):
        raise ValidationError("notification", f"must be one of winpush.wns, not {type(notification).__name__}")
    bearer = token.value if isinstance(token, Token) else check_bearer(plain(token))
    headers: Headers = (("Authorization", SecretText(f"Bearer {bearer}")),)
    if isinstance(notification, ClearToasts):
        return Request(channel, (*headers, ("X-WNS-Match", notification.match)), b"", "DELETE")
    kind = notification.push_type
    content = _BYTES if kind == "raw" else _XML
    headers += (("Content-Type", content), ("X-WNS-Type", _TYPES[kind]), *notification.to_headers())
    return Request(channel, headers, notification.body)


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """The token in a request's headers (names in lower case), or None, which WNS answers with 401."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What a POST's headers say. `kind` is `toast`, `tile`, `badge` or `raw`; `remarks` lists anything doubtful.

    The options are those of `wns.Options`, None if the header is absent. `is_cached` says whether WNS keeps it for an
    offline device, by its cache policy or by the kind's default (wns.md 3.1, 5).
    """

    kind: str
    tag: str | None = None
    group: str | None = None
    ttl: timedelta | None = None
    cache: bool | None = None
    suppress_popup: bool | None = None
    request_status: bool | None = None
    priority: Priority | None = None
    correlation_vector: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def is_cached(self) -> bool:
        """True with the policy `cache`, and without a policy for toasts, tiles and badges."""
        return self.kind != "raw" if self.cache is None else self.cache


def kind_of(method: str, headers: Mapping[str, str]) -> str | None:
    """The kind that a request names (header names in lower case), `clear-toasts` for a DELETE; None for an unknown
    kind."""
    if method == "DELETE":
        return "clear-toasts"
    kind = headers.get("x-wns-type", "").strip().lower().removeprefix("wns/")
    return kind if kind in _TYPES else None


def read_head(headers: Mapping[str, str]) -> RequestHead:
    """Checks a POST's headers (names in lower case).

    Raises ValidationError for anything WNS answers with 400; its `problem` is the text of X-WNS-Error-Description.

    Lenient where the documentation is silent: about a type without `wns/`, and about the case of values.
    """
    remarks: list[str] = []
    kind = _read_kind(headers, remarks)
    _check_content_type(kind, headers)
    head = RequestHead(
        kind,
        tag=_read(headers, "x-wns-tag", _read_tag),
        group=_read(headers, "x-wns-group", _read_tag),
        ttl=_read(headers, "x-wns-ttl", _read_ttl),
        cache=_read(headers, "x-wns-cache-policy", _read_cache),
        suppress_popup=_read(headers, "x-wns-suppresspopup", _read_flag),
        request_status=_read(headers, "x-wns-requestforstatus", _read_flag),
        priority=_read(headers, "x-wns-priority", _read_priority),
        correlation_vector=headers.get("ms-cv"),
    )
    if head.ttl == timedelta(0) and head.cache is not False:
        raise ValidationError("X-WNS-TTL", "Ttl value conflicts with X-WNS-Cache-Policy.")
    return replace(head, remarks=(*remarks, *_doubts(head)))


def _read_kind(headers: Mapping[str, str], remarks: list[str]) -> str:
    value = headers.get("x-wns-type", "").strip().lower()
    kinds = {wire: kind for kind, wire in _TYPES.items()}
    if value in _TYPES:
        remarks.append(
            f"X-WNS-Type: {value} without wns/ appears in one page's prose; whether WNS accepts it is unverified."
        )
        return value
    if value not in kinds:
        raise ValidationError("X-WNS-Type", f"X-WNS-Type should be one of {', '.join(kinds)}")
    return kinds[value]


def _check_content_type(kind: str, headers: Mapping[str, str]) -> None:
    expected = _BYTES if kind == "raw" else _XML
    if headers.get("content-type", "").partition(";")[0].strip().lower() != expected:
        raise ValidationError("Content-Type", f"Content-Type should be {expected}")


def _doubts(head: RequestHead) -> list[str]:
    doubts = []
    if head.suppress_popup:
        doubts.append("X-WNS-SuppressPopup is for Windows Phone; a Windows channel drops the notification.")
    if head.tag is not None and head.kind not in ("tile", "toast"):
        doubts.append(f"X-WNS-Tag has no meaning for a {head.kind}.")
    if head.group is not None and head.kind != "toast":
        doubts.append(f"X-WNS-Group has no meaning for a {head.kind}.")
    return doubts


def _read(headers: Mapping[str, str], name: str, read: Callable[[str, str], T]) -> T | None:
    value = headers.get(name)
    return None if value is None else read(name, value.strip())


def _read_tag(name: str, value: str) -> str:
    check_tag(name, value)
    return value


def _read_ttl(name: str, value: str) -> timedelta:
    if not (value.isascii() and value.isdigit()):
        raise ValidationError(name, f"{name} should be a whole number of seconds")
    digits = value.lstrip("0") or "0"
    return timedelta(seconds=int(digits) if len(digits) <= _MAX_TTL_DIGITS else 10**_MAX_TTL_DIGITS - 1)


def _read_cache(name: str, value: str) -> bool:
    return _word(name, value, {"cache": True, "no-cache": False})


def _read_flag(name: str, value: str) -> bool:
    return _word(name, value, {"true": True, "false": False})


def _read_priority(name: str, value: str) -> Priority:
    return _word(name, value, {str(priority.value): priority for priority in Priority})


def _word(name: str, value: str, words: Mapping[str, T]) -> T:
    found = words.get(value.lower())
    if found is None:
        raise ValidationError(name, f"{name} should be one of {', '.join(words)}")
    return found
