"""The known causes of a response. Each one says what is wrong, what to do about it, and where that is documented."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from winpush.answers import bears_wns_mark
from winpush.channels import Channel
from winpush.http import Response
from winpush.results import deciding_word
from winpush.wns.clear import ClearToasts
from winpush.wns.notifications import MAX_PAYLOAD_BYTES, Notification
from winpush.wns.protocol.responses import HEADERS, is_foreign
from winpush.wns.raw import Raw

__all__ = ["diagnose"]

_CUT_ESCAPE = re.compile(r"%[0-9a-fA-F]?\Z")


@dataclass(frozen=True, slots=True)
class _Case:
    """One send: where it went, what was sent, and what came back."""

    channel: Channel
    notification: Notification | ClearToasts
    response: Response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def word(self) -> str:
        """The service's own status word, in lower case."""
        return (deciding_word(self.response.header(name) or "" for name in HEADERS.notification_status) or "").lower()

    @property
    def description(self) -> str:
        """The service's error text, in lower case."""
        return (self.response.find(HEADERS.error_description) or "").lower()

    @property
    def is_offline(self) -> bool:
        """True if the service said that the device isn't connected."""
        return (self.response.header(*HEADERS.device_connection_status) or "").lower() == "disconnected"

    @property
    def is_connected(self) -> bool:
        """True if the service said that the device is connected."""
        return (self.response.header(*HEADERS.device_connection_status) or "").lower() == "connected"

    @property
    def is_told(self) -> bool:
        """True if the service said whether the device is connected."""
        return self.response.header(*HEADERS.device_connection_status) is not None

    @property
    def is_gone(self) -> bool:
        """True if the service said that the channel doesn't exist, or no longer does."""
        return self.status in (404, 410)

    def option(self, name: str) -> object:
        """A delivery option; None if it isn't set."""
        return getattr(self.notification, name, None)


def _is_mpns(case: _Case) -> bool:
    is_raw = isinstance(case.notification, Raw) and b"WPNotification" in case.notification.payload[:300]
    return is_raw and (case.status, case.word) != (200, "received")


def _conflicts(case: _Case) -> bool:
    return "ttl value conflicts" in case.description or (
        case.status == 400 and case.option("ttl") == timedelta(0) and case.option("cache") is not False
    )


# The single table of causes; the first one that matches is reported.
_CAUSES: tuple[tuple[Callable[[_Case], bool], str], ...] = (
    (
        lambda case: case.channel.is_web_push or "jwt authentication" in case.description or case.status == 201,
        "This is a browser's web-push channel (/w/): it accepts a webpush.Message signed with VAPID keys, and "
        "no WNS token will work. Use the channel that the app itself requested from Windows. "
        "[wns.md 2 [G2: web-push-csharp issue 93]]",
    ),
    (
        _is_mpns,
        "The payload is for MPNS, the service of Windows Phone 7 and 8, but this is a WNS channel. Send a wns.Toast, "
        "wns.Tile or wns.Badge, or convert an mpns notification with winpush.convert.to_wns(). [wns.md 3.1]",
    ),
    (
        _conflicts,
        "A TTL of 0 conflicts with caching: send cache=False with it, or use a TTL of a few minutes. "
        "[wns.md 5 [G2: pywebpush issue 162]]",
    ),
    (
        lambda case: case.status == 400 and "content-type" in case.description,
        "Content-Type doesn't match X-WNS-Type: text/xml is for toasts, tiles and badges, application/octet-stream for "
        "raw. A proxy may have changed one of them. "
        "[wns.md 7.1 [G2: push-notify issue 10]]",
    ),
    (
        lambda case: bool(case.option("suppress_popup")) and (case.status == 400 or case.word == "dropped"),
        "suppress_popup works only on Windows Phone channels; a Windows channel drops the notification. Leave it out. "
        "[wns.md 3.1 [W1]]",
    ),
    (
        lambda case: isinstance(case.notification, ClearToasts) and case.status == 405,
        "Only Windows Phone lets a server clear toasts; on Windows the app has to do it. [wns.md 4 [W1]]",
    ),
    (
        lambda case: case.status == 403 and "allowed receiving apps list" in case.description,
        "The package isn't mapped to the app registration: ask Microsoft to map the Package Family Name to the AppId "
        "(a multi-tenant registration). [wns.md 1.2 [W3]]",
    ),
    (
        lambda case: case.status == 403 and not bears_wns_mark(case.response),
        "The response has no WNS headers, which happens when the package isn't mapped to the app registration: ask "
        "Microsoft to map the Package Family Name to the AppId (a multi-tenant registration). [wns.md 1.2 [W3]]",
    ),
    (
        lambda case: case.status == 403,
        "The credentials belong to a different app than the channel: use the Package SID or AppId of the app that "
        "requested the channel. [wns.md 7 [W1]]",
    ),
    (
        lambda case: case.is_gone and "token=" not in case.channel.target,
        "The channel URI has lost its query (?token=…), perhaps where it was stored or logged: get the full URI from "
        "the app again. [wns.md 2 [W2]]",
    ),
    (
        lambda case: case.is_gone and _CUT_ESCAPE.search(case.channel.target) is not None,
        "The channel URI ends in the middle of an escape (%…), so it was cut off, perhaps by a database column that is "
        "too short: store the complete URI, and get it from the app again. [wns.md 2 [W2]]",
    ),
    (
        lambda case: case.is_gone and "%25" in case.channel.target,
        "The channel URI contains %25; perhaps it was percent-encoded twice. Store and send it exactly as the app got "
        "it from Windows. [wns.md 2 [W2]]",
    ),
    (
        lambda case: case.is_gone and "+" in case.channel.target,
        "The channel URI contains a +, which a server reads as a space; perhaps its escapes (%2b) were decoded. Store "
        "and send it exactly as the app got it from Windows. [wns.md 2 [W2]]",
    ),
    (
        lambda case: case.status == 413,
        f"WNS accepts {MAX_PAYLOAD_BYTES:,} bytes of payload; put the rest where the app can fetch it. [wns.md 8 [W1]]",
    ),
    (
        lambda case: case.status == 410 and "revoked" in (case.word, case.description),
        "The channel was revoked before its 30 days were over: the app was removed, or asked for a new channel. Delete "
        "it, and use the newest one that the app has sent. [wns.md 2 [W2]]",
    ),
    (
        lambda case: (
            case.word == "dropped" and case.status == 200 and isinstance(case.notification, Raw) and case.is_connected
        ),
        "The app isn't running: a raw notification reaches an app that runs or has registered a background task for "
        "it, and nothing shows on the screen. [wns.md 11 [W1]]",
    ),
    (
        lambda case: (
            case.word == "dropped" and case.status == 200 and isinstance(case.notification, Raw) and not case.is_told
        ),
        "The app isn't running, the device is offline, or its user has turned notifications off: WNS keeps a raw "
        "notification only with cache=True. Send it with request_status=True to learn whether the device is connected. "
        "[wns.md 5, 11 [W1]]",
    ),
    (
        lambda case: case.word == "dropped" and case.is_offline,
        "The device is offline and WNS kept nothing for it: this was a toast, or was sent with cache=False. "
        "[wns.md 5 [W1]]",
    ),
    (
        lambda case: case.word == "dropped" and case.status == 200 and not case.is_told,
        "WNS doesn't say why it dropped this. The device may be offline, and WNS kept nothing for it (a toast, or "
        "cache=False); the user or the app may have turned notifications off; or the channel belongs to a secondary "
        "tile, which accepts tiles and badges only. Send it with request_status=True to learn whether the device is "
        "connected. [wns.md 2.1, 5, 7 [W1, W2]]",
    ),
    (
        lambda case: case.word == "dropped" and case.status == 200,
        "The device refuses this kind of notification: the user or the app has turned notifications off, or the "
        "channel belongs to a secondary tile, which accepts tiles and badges only. [wns.md 2.1, 7 [W1, W2]]",
    ),
)


def diagnose(channel: Channel, notification: Notification | ClearToasts, response: Response | None) -> str | None:
    """The cause of a response, if it is a known one: what is wrong, what to do, and the source. None otherwise."""
    if response is None:
        return None
    if is_foreign(response):
        return None
    case = _Case(channel, notification, response)
    return next((sentence for is_cause, sentence in _CAUSES if is_cause(case)), None)
