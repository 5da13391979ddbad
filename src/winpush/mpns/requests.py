"""MPNS requests in both directions: built for the client, checked for the emulator (mpns.md 2 and 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from winpush.channels import Channel, Service, check_phone_path, refuse_browser
from winpush.errors import ChannelError, ValidationError
from winpush.http import Headers, Request
from winpush.mpns.checks import check_message_id
from winpush.mpns.notifications import Batching, Notification
from winpush.secrecy import SecretText

__all__ = [
    "MAX_HEADER_BYTES",
    "RequestHead",
    "build_request",
    "check_channel",
    "headers_of",
    "kind_of",
    "read_head",
    "target_of",
]

MAX_HEADER_BYTES = 1024
_SOME_ID = UUID(int=0)
_WNS, _WEBPUSH = Service.WNS, Service.WEBPUSH  # enum members are slow to access


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of notification is marked on the wire: its target header (none for raw) and its immediate class."""

    target: str | None
    immediate: int


# The single table of kinds. Every tile template has the target `token`; `tile` is a bug that PushSharp once had.
_KINDS = {"tile": _Kind("token", 1), "toast": _Kind("toast", 2), "raw": _Kind(None, 3)}
_CLASS_STEP = 10
# Microsoft's hub library accepts whole ranges for raw (mpns.md 3 [A1]); 0 and over 31 have no documented meaning.
_RAW_CLASSES = (range(3, 11), range(13, 21), range(23, 32))


def build_request(channel: Channel | str, notification: Notification) -> Request:
    """The complete request, without sending it. `channel` is an MPNS URI, or a parsed Channel.

    Raises ChannelError for another service's URI, and ValidationError for another service's notification.
    """
    if not isinstance(channel, Channel):
        channel = Channel.parse(channel)
    check_channel(channel)
    if not isinstance(notification, Notification):
        raise ValidationError("notification", f"must be one of winpush.mpns, not {type(notification).__name__}")
    return Request(channel, headers_of(notification), notification.body)


def check_channel(channel: Channel) -> None:
    """Raises ChannelError for a WNS channel, a browser's endpoint, and a URI cut off before the channel's name."""
    service = channel.service  # once: every new notification comes through here
    if service is _WNS:
        raise ChannelError("channel_uri", "belongs to WNS; an MPNS notification can't be sent there: use winpush.wns")
    if service is _WEBPUSH:
        refuse_browser()
    check_phone_path(channel.target)


def headers_of(notification: Notification) -> Headers:
    """All headers except Host and Content-Length. Notifications without an id or callback share one tuple."""
    headers = _COMMON_HEADERS[notification.push_type, notification.batching]
    if notification.message_id is not None:
        headers += (("X-MessageID", str(notification.message_id)),)
    if notification.callback_uri is not None:
        headers += (("X-CallbackURI", SecretText(notification.callback_uri)),)
    return headers


def _common_headers(kind: _Kind, batching: Batching) -> Headers:
    target = () if kind.target is None else (("X-WindowsPhone-Target", kind.target),)
    number = str(kind.immediate + _CLASS_STEP * batching)
    return (("Content-Type", "text/xml"), *target, ("X-NotificationClass", number))


_COMMON_HEADERS = {
    (name, batching): _common_headers(kind, batching) for name, kind in _KINDS.items() for batching in Batching
}


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What a request's headers say. `kind` is `toast`, `tile` or `raw`; `remarks` lists anything doubtful."""

    kind: str
    batching: Batching | None
    message_id: str | None
    remarks: tuple[str, ...] = ()


def target_of(kind: str) -> str | None:
    """The X-WindowsPhone-Target of a kind, or None for raw."""
    return _KINDS[kind].target


def kind_of(headers: Mapping[str, str]) -> str | None:
    """The kind that a request's headers name (in lower case), or None for a target that MPNS doesn't know."""
    target = headers.get("x-windowsphone-target", "").strip().lower()
    kinds = {kind.target or "": name for name, kind in _KINDS.items()} | {"raw": "raw"}
    return kinds.get(target)


def read_head(headers: Mapping[str, str]) -> RequestHead:
    """Checks a request's headers (names in lower case). Raises ValidationError for anything MPNS answers with 400.

    Lenient where the reference is unverified: a missing class means immediate delivery, the target `raw` counts as
    absent.
    """
    target = headers.get("x-windowsphone-target", "").strip().lower()
    remarks = []
    if target == "raw":
        remarks.append("X-WindowsPhone-Target: raw is not documented; raw notifications leave the header out.")
    kind = kind_of(headers)
    if kind is None:
        raise ValidationError(
            "X-WindowsPhone-Target", f"is {target!r}; it must be 'toast', 'token' (for tiles) or absent (for raw)"
        )
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "text/xml":
        remarks.append(
            f"Content-Type is {content_type or 'missing'}; Microsoft's samples send text/xml for every kind."
        )
    remarks += _remark_message_id(headers)
    batching = _batching(kind, headers.get("x-notificationclass"), remarks)
    return RequestHead(kind, batching, headers.get("x-messageid"), tuple(remarks))


def _remark_message_id(headers: Mapping[str, str]) -> list[str]:
    remarks = []
    if "x-message-id" in headers:
        remarks.append("X-Message-ID is ignored, and no id comes back: the header is called X-MessageID (mpns.md 2).")
    try:
        check_message_id(headers.get("x-messageid", _SOME_ID))
    except ValidationError:
        value = headers["x-messageid"][:40]
        remarks.append(f"X-MessageID is {value!r}; a UUID is documented, and whether another comes back is unverified.")
    return remarks


def _batching(kind: str, value: str | None, remarks: list[str]) -> Batching | None:
    if value is None:
        remarks.append("X-NotificationClass is missing; what the service does then is unverified.")
        return None
    text = value.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
    classes = _RAW_CLASSES if kind == "raw" else [(_KINDS[kind].immediate + _CLASS_STEP * tier,) for tier in Batching]
    for tier, numbers in zip(Batching, classes, strict=True):
        if number in numbers:
            return tier
    allowed = "3-10, 13-20 or 23-31" if kind == "raw" else ", ".join(str(numbers[0]) for numbers in classes)
    raise ValidationError("X-NotificationClass", f"is {text!r}; for {kind} it must be {allowed}")
