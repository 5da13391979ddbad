"""How to recognise a service's answer, and a stranger's: by WNS's headers (for apps and browsers), form and words."""

from __future__ import annotations

import json
from typing import Any

from winpush.http import Response
from winpush.results import StatusHeaders

__all__ = ["WNS_HEADERS", "bears_wns_mark", "is_strangers", "json_object", "squeeze"]

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


def is_strangers(response: Response, *, ends_channel: bool) -> bool:
    """True if an answer without a header of MPNS's or WNS's own came from something else on the way: it has a body,
    redirects, or would end the channel. Both services say everything in their headers (mpns.md 9.1, wns.md 6). A 5xx
    only means that the send must wait, whoever it comes from."""
    if response.is_page or response.is_redirect or ends_channel:
        return True
    return bool(response.body) and response.status_code < 500


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
