"""How to recognise a service's answer: by WNS's headers, which it sends for apps and browsers, and by words."""

from __future__ import annotations

import json
from typing import Any

from winpush.http import Response
from winpush.results import StatusHeaders

__all__ = ["WNS_HEADERS", "bears_wns_mark", "json_object", "squeeze"]

_WNS_PREFIX = b"x-wns-"

# Real servers send both names of the status; in 2012 and 2013 they sent only the second (wns.md 6).
WNS_HEADERS = StatusHeaders(
    notification_status=(b"x-wns-status", b"x-wns-notificationstatus"),
    device_connection_status=(b"x-wns-deviceconnectionstatus",),
    subscription_status=(),
    message_id=(b"x-wns-msg-id",),
    error_description=(b"x-wns-error-description",),
    debug_trace=(b"x-wns-debug-trace",),
    correlation_vector=(b"ms-cv",),
)
"""The headers that WNS answers with."""


def bears_wns_mark(response: Response) -> bool:
    """True if a header shows that WNS itself handled the request (wns.md 6)."""
    return any(name.startswith(_WNS_PREFIX) for name in response.index)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; empty for any other body."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def squeeze(text: str) -> str:
    """The text's letters and digits, in lower case, to find a service's words whatever separates them."""
    return "".join(filter(str.isalnum, text)).lower()
