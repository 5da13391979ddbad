"""How to recognise a push service's own answer: by its headers, or its body's exact form (webpush.md 6 and 7)."""

from __future__ import annotations

import re
from collections.abc import Callable

from winpush.answers import bears_wns_mark, json_object
from winpush.channels import WNS_WEB_PUSH_PATH, Channel, Service, sender_of
from winpush.http import Response

__all__ = ["APPLE_ID", "bears_mark"]

APPLE_ID = (b"apns-id",)
# APNs' own words, and those of its Web Push (webpush.md 7). Words that a gateway may also use aren't included.
_APPLE_REASONS = frozenset(
    (
        "BadDeviceToken",
        "BadJwtToken",
        "BadPath",
        "BadTopic",
        "DeviceTokenNotForTopic",
        "ExpiredProviderToken",
        "ExpiredToken",
        "InvalidProviderToken",
        "MissingProviderToken",
        "PayloadEmpty",
        "PayloadTooLarge",
        "TooManyProviderTokenUpdates",
        "Unregistered",
        "VapidPkHashMismatch",
    )
)
_APPLE_REASON = re.compile("[A-Z][A-Za-z]+")
_MOZILLA_NUMBERS = range(100, 1000)
_FCM_WORDS = (
    b"a valid push subscription endpoint should be specified",
    b"push subscription has unsubscribed or expired",
    b"invalid jwt provided",
    b"sender id used to subscribe",
    b"the vapid credentials in the authorization header do not correspond",
)


def bears_mark(response: Response, channel: Channel | None) -> bool:
    """True for an answer with a mark of the channel's push service; or of any push service, if the channel (None if
    unknown) doesn't identify one."""
    return any(bears(response) for bears in _marks_of(channel))


def _is_mozillas(response: Response) -> bool:
    """`{"code":410,"errno":106,…}`: the status again, and one of autopush's numbers."""
    document = json_object(response.body)
    return document.get("code") == response.status_code and document.get("errno") in _MOZILLA_NUMBERS


def _is_fcms(response: Response) -> bool:
    said = response.body[:1000].lower()
    return not response.is_page and any(words in said for words in _FCM_WORDS)


def _is_apples(response: Response) -> bool:
    """On Apple's own hosts the form is enough, because not all of its words are published."""
    return response.find(APPLE_ID) is not None or _APPLE_REASON.fullmatch(_apple_reason(response)) is not None


def _is_in_apples_words(response: Response) -> bool:
    return response.find(APPLE_ID) is not None or _apple_reason(response) in _APPLE_REASONS


def _apple_reason(response: Response) -> str:
    """The reason in `{"reason":"Unregistered"}`, which may only have a timestamp besides: Kubernetes also has a
    `reason`."""
    document = json_object(response.body)
    reason = document.get("reason")
    return reason if isinstance(reason, str) and document.keys() <= {"reason", "timestamp"} else ""


_Marks = tuple[Callable[[Response], bool], ...]
_ANY: _Marks = (bears_wns_mark, _is_mozillas, _is_fcms, _is_in_apples_words)
_BY_HOST: dict[str, _Marks] = {
    ".notify.windows.com": (bears_wns_mark,),
    ".push.services.mozilla.com": (_is_mozillas,),
    "fcm.googleapis.com": (_is_fcms,),
    "jmt17.google.com": (_is_fcms,),
    ".push.apple.com": (_is_apples,),
}
# On an allowed host, only the path identifies the service; Apple's paths have no common prefix.
_BY_PATH: tuple[tuple[str, _Marks], ...] = (
    (WNS_WEB_PUSH_PATH, (bears_wns_mark,)),
    ("/wpush/", (_is_mozillas,)),
    ("/fcm/send/", (_is_fcms,)),
    ("/wp/", (_is_fcms,)),
)


def _marks_of(channel: Channel | None) -> _Marks:
    if channel is None:
        return _ANY
    sender = sender_of(Service.WEBPUSH, channel.origin.host, None)
    of_host = None if sender is None else _BY_HOST.get(sender[1] or "")
    if of_host is not None:
        return of_host
    return next((marks for path, marks in _BY_PATH if channel.target.startswith(path)), _ANY)
