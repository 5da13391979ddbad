"""The push services behind browsers, as rows: the form of their endpoints, and their words for each fate.

Edge's are captures of WNS (webpush.md 6), the others' come from webpush.md 7. What wasn't published is left out.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from winpush.channels import WEB_PUSH_PATHS, WNS_WEB_PUSH_PATH
from winpush.emulator.channel_uris import wns_query
from winpush.emulator.webpush.channel_states import Fate
from winpush.http import Response
from winpush.results import Verdict
from winpush.webpush import base64url, judge

__all__ = ["BROWSERS", "Family", "Wording", "is_web_push"]

# Only how long to wait depends on the time; the verdict doesn't.
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_WNS_MARK = (b"X-WNS-Msg-ID", b"0")


@dataclass(frozen=True, slots=True)
class Wording:
    """How a push service answers: the status, what it says in headers, and its body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A browser and its push service.

    `browser` is what notifications call it, `system` what the page calls it. `prefix` begins the endpoints' paths and
    `make_token` creates the rest. `keeps` is how many messages wait for a browser that is away. A TTL over `max_ttl` is
    refused if `refuses_ttl`, else shortened. A VAPID token without a subject is refused if `needs_subject`.
    """

    name: str
    browser: str
    system: str
    prefix: str
    make_token: Callable[[random.Random], str] = field(repr=False)
    keeps: int
    max_ttl: timedelta
    words: Mapping[Fate, Wording] = field(repr=False)
    refuses_ttl: bool = False
    needs_subject: bool = False

    @property
    def is_wns(self) -> bool:
        """True for Edge, whose push service is WNS."""
        return self.prefix == WNS_WEB_PUSH_PATH

    def endpoint(self, base: str, token: str) -> str:
        """The endpoint with this token, as the browser gets it."""
        return f"{base}{self.prefix}" + (f"?{wns_query(token)}" if self.is_wns else token)

    def verdict_of(self, wording: Wording) -> Verdict:
        """What a sender that knows the services' words makes of the answer."""
        headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in wording.headers]
        if self.is_wns:
            headers.append(_WNS_MARK)
        return judge(Response(wording.status, tuple(headers), wording.body.encode()), _ANY_TIME)[0]

    def wording_of(self, status: int) -> Wording | None:
        """Its first wording with this status, for a fault that asks for it."""
        return next((each for each in self.words.values() if each.status == status), None)


_SAFARI_PATH = re.compile(r"/Q[A-Za-z0-9_-]{60,}")


def is_web_push(path: str) -> bool:
    """True for a path that looks like a browser's endpoint."""
    return path.startswith(WEB_PUSH_PATHS) or _SAFARI_PATH.fullmatch(path) is not None


# --- tokens -----------------------------------------------------------------------------------------------------------


def _edge(rng: random.Random) -> str:
    """320 characters of base64 with all three escapes: endpoints of 348 to 411 characters were seen (webpush.md 2)."""
    while True:
        token = base64.b64encode(b"\x05\x06\0\0\0" + rng.randbytes(234)).decode("ascii")
        if "+" in token and "/" in token:
            return token


def _firefox(rng: random.Random) -> str:
    return base64url.encode(b"\x80\0\0\0\0" + rng.randbytes(133))


def _chrome(rng: random.Random) -> str:
    return f"{base64url.encode(rng.randbytes(8))}:APA91b{base64url.encode(rng.randbytes(100))}"


def _safari(rng: random.Random) -> str:
    return base64url.encode(rng.randbytes(132))


# --- words ------------------------------------------------------------------------------------------------------------


def _wns(status: int, description: str | None = None, word: str | None = "dropped", **more: str) -> Wording:
    """WNS says why in a header, and sends both names of its status."""
    named = [(name.replace("_", "-"), value) for name, value in more.items()]
    if word is not None:
        named += [("X-WNS-Status", word), ("X-WNS-NotificationStatus", word)]
    if description is not None:
        named.append(("X-WNS-Error-Description", description))
    return Wording(status, tuple(named))


def _said(body: str, kind: str, status: int) -> Wording:
    return Wording(status, (("Content-Type", kind),) if body else (), body)


def _errno(status: int, number: int, **more: str) -> Wording:
    """Mozilla's: a JSON body with a number of its own."""
    return _said(json.dumps({"code": status, "errno": number, **more}), "application/json", status)


def _text(status: int, body: str) -> Wording:
    return _said(body, "text/plain", status)


def _reason(status: int, reason: str) -> Wording:
    return _said(json.dumps({"reason": reason}), "application/json", status)


_SIGNATURE = "JWT Authentication Failed, unable to validate token signature"
_BAD_URL = 'Bearer error="invalid_request",error_description="Invalid token"'
_OTHER_CREDENTIALS = (
    "the VAPID credentials in the authorization header do not correspond to the credentials used to create the "
    "subscriptions."
)
_NO_ENDPOINT = (
    "A valid push subscription endpoint should be specified in the URL as such: https://fcm.googleapis.com/wp/…\n"
)

# The statuses of RFC 8030 and 8292, for services that aren't known to have words of their own.
_USUAL = {
    Fate.TAKEN: Wording(201),
    Fate.DROPPED: Wording(201),
    Fate.METHOD: Wording(405),
    Fate.OUTAGE: Wording(503),
    Fate.UNKNOWN: Wording(404),
    Fate.DAMAGED: Wording(404),
    Fate.GONE: Wording(410),
    Fate.NO_TOKEN: Wording(401, (("WWW-Authenticate", "vapid"),)),
    Fate.OLD_TOKEN: Wording(401, (("WWW-Authenticate", "vapid"),)),
    Fate.BAD_TOKEN: Wording(403),
    Fate.OTHER_KEY: Wording(403),
    Fate.NO_TTL: Wording(400),
    Fate.BAD_TTL: Wording(400),
    Fate.TOPIC: Wording(400),
    Fate.ENCODING: Wording(400),
    Fate.TOO_LARGE: Wording(413),
    Fate.THROTTLED: Wording(429, (("Retry-After", "120"),)),
}
_EDGE = {
    **_USUAL,
    Fate.TAKEN: _wns(201, word="received"),
    Fate.DROPPED: _wns(201, word="dropped"),
    Fate.DAMAGED: _wns(401, word=None, WWW_Authenticate=_BAD_URL),
    Fate.OLD_TOKEN: _wns(401, "Zero or duplicate tokens or token signing keys.", None),
    Fate.BAD_TOKEN: _wns(401, _SIGNATURE, None),
    # Two programs match on "public key" and "channel Url"; the rest of the sentence is not known (webpush.md 9).
    Fate.OTHER_KEY: _wns(401, "The public key does not match the one of the channel Url.", None),
    Fate.NO_TTL: _wns(400),
    Fate.BAD_TTL: _wns(400),
    Fate.TTL_CONFLICT: _wns(400, "Ttl value conflicts with X-WNS-Cache-Policy."),
    Fate.WNS_TYPE: _wns(400, "Allowed X-WNS-TYPE are wns/raw, wns/badge and empty"),
    Fate.TOPIC: _wns(400),
    Fate.ENCODING: _wns(400),
    Fate.THROTTLED: _wns(406, word="appthrottled", Retry_After="900"),
}
_FIREFOX = {
    **_USUAL,
    Fate.OUTAGE: _errno(503, 201),
    Fate.UNKNOWN: _errno(404, 102),
    Fate.DAMAGED: _errno(404, 102),
    Fate.GONE: _errno(410, 106),
    Fate.NO_TOKEN: _errno(401, 109),
    Fate.OLD_TOKEN: _errno(401, 109),
    Fate.BAD_TOKEN: _errno(401, 109),
    Fate.OTHER_KEY: _errno(401, 109, error="Unauthorized", message="VAPID public key mismatch"),
    Fate.NO_TTL: _errno(400, 111),
    Fate.BAD_TTL: _errno(400, 112),
    Fate.TOPIC: _errno(400, 113),
    Fate.ENCODING: _errno(400, 110),
    Fate.TOO_LARGE: _errno(413, 104),
}
_CHROME = {
    **_USUAL,
    Fate.BAD_TOKEN: _text(403, "permission denied: invalid JWT provided"),
    Fate.OTHER_KEY: _text(403, _OTHER_CREDENTIALS),
    Fate.UNKNOWN: _text(404, _NO_ENDPOINT),
    Fate.DAMAGED: _text(404, _NO_ENDPOINT),
    Fate.GONE: _text(410, "push subscription has unsubscribed or expired.\n"),
}
_SAFARI = {
    **_USUAL,
    Fate.BAD_TOKEN: _reason(403, "BadJwtToken"),
    Fate.OTHER_KEY: _reason(400, "VapidPkHashMismatch"),
    Fate.GONE: _reason(410, "Unregistered"),
    # APNs' word for it, which is Apple's only published one.
    Fate.UNKNOWN: _reason(404, "BadPath"),
    Fate.DAMAGED: _reason(404, "BadPath"),
}

_WEEKS = timedelta(weeks=4)
_MONTH = timedelta(days=30)
# The others' limits were not published; they keep more than one.
_MANY = 100
_FAMILIES = (
    Family("edge", "Microsoft Edge", "Edge on Windows", WNS_WEB_PUSH_PATH, _edge, 1, _WEEKS, _EDGE),
    Family("firefox", "Firefox", "Firefox", "/wpush/v2/", _firefox, _MANY, _MONTH, _FIREFOX, refuses_ttl=True),
    Family("chrome", "Google Chrome", "Chrome", "/fcm/send/", _chrome, _MANY, _WEEKS, _CHROME),
    Family("safari", "Safari", "Safari", "/Q", _safari, _MANY, _WEEKS, _SAFARI, needs_subject=True),
)

BROWSERS = {each.name: each for each in _FAMILIES}
"""The browsers by name: edge, firefox, chrome and safari."""
