"""A push service's judgement of a message for a browser, and what the browser makes of it (webpush.md 6 and 7).

No service documents the order of the checks; here they go from the endpoint to the sender to the message. The message
is decrypted as the browser would: it silently drops what it can't read, and the record says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from winpush.channels import Origin
from winpush.emulator.channel_uris import read_wns_token
from winpush.emulator.exchange import Answer, Incoming, Judged, keep
from winpush.emulator.faults import Fault
from winpush.emulator.transfer import remark_transfer
from winpush.emulator.webpush.browser import Browser, ReceivedMessage, WaitingMessage
from winpush.emulator.webpush.channel_states import Fate
from winpush.emulator.webpush.families import BROWSERS, Family, Wording
from winpush.emulator.webpush.notification import read_notification
from winpush.emulator.world import World
from winpush.errors import ValidationError
from winpush.webpush import decrypt
from winpush.webpush.requests import RequestHead, read_head
from winpush.webpush.vapid import is_subject, read_subject, read_token

__all__ = ["come_back", "find_browser", "receive_web_push"]

MAX_BODY_BYTES = 4096
"""What every push service must accept (RFC 8030, section 7.2); what WNS answers to more is unverified."""

_FATES_OF_FIELDS = {
    "scheme": Fate.OLD_TOKEN,
    "parts": Fate.OLD_TOKEN,
    "TTL": Fate.BAD_TTL,
    "X-WNS-Cache-Policy": Fate.TTL_CONFLICT,
    "X-WNS-Type": Fate.WNS_TYPE,
    "Topic": Fate.TOPIC,
    "Content-Encoding": Fate.ENCODING,
}
_STATES_FIRST = (Fate.OUTAGE, Fate.UNKNOWN, Fate.GONE)


@dataclass(frozen=True, slots=True)
class _Judgement:
    fate: Fate
    reason: str
    remarks: tuple[str, ...] = ()
    body: str | None = None
    device: dict[str, Any] | None = None
    ttl: timedelta | None = None


class _RefusedError(Exception):
    """Ends the checks."""

    def __init__(self, fate: Fate, reason: str) -> None:
        super().__init__(reason)
        self.judgement = _Judgement(fate, reason)


def find_browser(world: World, request: Incoming) -> Browser | None:
    """The browser with this endpoint, or None."""
    browser = world.subscriptions.get(_token_of(request))
    return browser if browser is not None and request.path.startswith(browser.family.prefix) else None


def _token_of(request: Incoming) -> str:
    family = _family_of(request)
    return read_wns_token(request.query) if family.is_wns else request.path.removeprefix(family.prefix)


def _family_of(request: Incoming) -> Family:
    """The family whose endpoint it looks like; FCM has paths other than that of new subscriptions."""
    return next((each for each in BROWSERS.values() if request.path.startswith(each.prefix)), BROWSERS["chrome"])


def receive_web_push(
    world: World, request: Incoming, own_key: bytes | None, now: datetime, fault: Fault | None
) -> Answer:
    """Judges a message, hands it to the browser, and records both. Never raises.

    `own_key` is the VAPID key of the emulator's own test messages: it may send to every browser, and binds none.
    """
    browser = find_browser(world, request)
    family = _family_of(request) if browser is None else browser.family
    if fault is not None and fault.status is not None:
        judgement = _Judgement(Fate.OUTAGE, f"A fault is set: the status {fault.status}.")
        wording = family.wording_of(fault.status) or Wording(fault.status)
    else:
        try:
            judgement = _judge(world, browser, request, own_key, now)
        except _RefusedError as refused:
            judgement = refused.judgement
        wording = family.words[judgement.fate]
    answer = Answer(wording.status, _headers(world, family, wording, judgement, request), wording.body.encode())
    if browser is not None:
        world.touch(browser)
    verdict = family.verdict_of(wording)
    judged = Judged(
        "webpush",
        answer.status,
        verdict.outcome,
        judgement.reason,
        "message",
        judgement.remarks,
        judgement.device,
        source=verdict.source,
        body=_shown(judgement, request),
    )
    keep(world, request, answer, judged, now, phone=None if browser is None else browser.id, fault=fault)
    return answer


def _shown(judgement: _Judgement, request: Incoming) -> str | None:
    """What was decrypted: nothing for a refused message that is encrypted; None (show the body itself) if it isn't."""
    is_cipher = request.header("content-encoding") is not None
    return "" if judgement.body is None and is_cipher else judgement.body


# --- the checks, in their order -----------------------------------------------------------------------------------


def _judge(
    world: World, browser: Browser | None, request: Incoming, own_key: bytes | None, now: datetime
) -> _Judgement:
    if request.method != "POST":
        raise _RefusedError(Fate.METHOD, f"The method is {request.method}; a push service accepts POST only.")
    if browser is None:
        raise _unknown(world, request)
    if browser.state.fate in _STATES_FIRST:
        raise _of_state(browser)
    public = _check_sender(browser, request, own_key, now)
    head = _read(browser.family, request)
    _check_body(request, public)
    if browser.state.fate is Fate.THROTTLED:
        raise _of_state(browser)
    if browser.application_server_key is None and public != own_key:
        browser.application_server_key = public
    return _pass_on(world, browser, request, head, now)


def _unknown(world: World, request: Incoming) -> _RefusedError:
    token, family = _token_of(request), _family_of(request)
    why = world.subscriptions.explain(token).replace("No channel", "No subscription")
    if not family.is_wns:
        return _RefusedError(Fate.UNKNOWN, why)
    if world.wns_channels.get(token) is not None:
        words = "This token belongs to a native channel: its URI has no /w/, and takes wns.Toast."
        return _RefusedError(Fate.DAMAGED, words)
    # WNS can't read a token that was decoded or encoded twice; one that was cut is unknown to it (webpush.md 6).
    is_base64 = token.isascii() and token.replace("+", "").replace("/", "").rstrip("=").isalnum()
    return _RefusedError(Fate.UNKNOWN if is_base64 else Fate.DAMAGED, why)


def _of_state(browser: Browser) -> _RefusedError:
    fate = browser.state.fate
    return _RefusedError(fate, browser.family.verdict_of(browser.family.words[fate]).meaning)


def _check_sender(browser: Browser, request: Incoming, own_key: bytes | None, now: datetime) -> bytes:
    """The VAPID public key that signed the request."""
    authorization = request.header("authorization")
    if authorization is None:
        words = "Authorization is missing: a VAPID token identifies the sender (webpush.md 4)."
        raise _RefusedError(Fate.NO_TOKEN, words)
    origin: Origin = browser.subscription.channel.origin
    try:
        public = read_token(authorization, str(origin), now, needs_subject=browser.family.needs_subject)
    except ValidationError as error:
        fate = _FATES_OF_FIELDS.get(error.field, Fate.BAD_TOKEN)
        raise _RefusedError(fate, f"The VAPID token: {error}.") from None
    if public == own_key:
        return public
    if browser.state.fate is Fate.OTHER_KEY:
        raise _of_state(browser)
    if browser.application_server_key not in (None, public):
        raise _RefusedError(Fate.OTHER_KEY, "The browser subscribed for another VAPID key than this one.")
    return public


def _read(family: Family, request: Incoming) -> RequestHead:
    headers: Mapping[str, str] = dict(request.headers)
    try:
        head = read_head(headers, has_body=bool(request.body), is_wns=family.is_wns)
    except ValidationError as error:
        fate = Fate.NO_TTL if error.field == "TTL" and "ttl" not in headers else _FATES_OF_FIELDS[error.field]
        raise _RefusedError(fate, f"{str(error).rstrip('.')}.") from None
    if family.refuses_ttl and head.ttl > family.max_ttl:
        words = f"The TTL is over {family.max_ttl.days} days, the most that this service accepts."
        raise _RefusedError(Fate.BAD_TTL, words)
    return head


def _check_body(request: Incoming, public: bytes) -> None:
    if len(request.body) > MAX_BODY_BYTES:
        raise _RefusedError(
            Fate.TOO_LARGE,
            f"The body has {len(request.body):,} bytes; a push service need only accept {MAX_BODY_BYTES:,}.",
        )
    if request.body[21:86] == public:
        raise _RefusedError(
            Fate.ENCODING, "The VAPID key is also used to encrypt; use two different keys (RFC 8292, section 3.2)."
        )


# --- the browser --------------------------------------------------------------------------------------------------


def _pass_on(world: World, browser: Browser, request: Incoming, head: RequestHead, now: datetime) -> _Judgement:
    ttl = min(head.ttl, browser.family.max_ttl)
    remarks = (*head.remarks, *_remark_subject(request), *remark_transfer(request))
    message, why = _open(world, browser, request.body, head, now)
    text = why if message is None else message.text
    if browser.is_offline and not (ttl and head.is_cached):
        reason = "The browser is away, and the message isn't kept: its TTL is 0, or it says no-cache."
        return _Judgement(Fate.DROPPED, reason, remarks, text)
    browser.accepted += 1
    if browser.is_offline:
        reason = _put_aside(browser, WaitingMessage(now + ttl, head.topic, message))
        return _Judgement(Fate.TAKEN, reason, remarks, text, None, ttl)
    if message is None:
        device = {"is_shown": False, "elements": [], "left_out": 0, "summary": why}
        return _Judgement(Fate.TAKEN, f"Accepted; the browser drops it silently: {why}", remarks, why, device, ttl)
    browser.messages.append(message)
    words, is_shown = _what_shows(message)
    device = {"is_shown": is_shown, "elements": [], "left_out": 0, "summary": words}
    return _Judgement(Fate.TAKEN, f"Accepted and decrypted. {words}", remarks, text, device, ttl)


def _remark_subject(request: Incoming) -> tuple[str, ...]:
    subject = read_subject(request.header("authorization") or "")
    if subject is None or is_subject(subject):
        return ()
    return (
        f"The VAPID token's sub is {str(subject)[:80]!r}; it should be mailto: with an address, or an https:// page "
        "(RFC 8292, section 2.1). Apple refuses others; whether this service does is unverified.",
    )


def _open(
    world: World, browser: Browser, body: bytes, head: RequestHead, now: datetime
) -> tuple[ReceivedMessage | None, str]:
    """What the browser reads, or None and the reason why it can't."""
    payload = b""
    if body:
        try:
            payload = decrypt(body, browser.private_key, browser.subscription.auth)
        except ValidationError as error:
            return None, f"Its {error.field} {error.problem}."
    return ReceivedMessage(world.next_number(), now, payload, head.ttl, head.topic, head.urgency), ""


def _what_shows(message: ReceivedMessage) -> tuple[str, bool]:
    if not message.payload:
        return "The page's service worker is woken without data.", False
    if read_notification(message.payload) is None:
        return "Not a notification in JSON: the page's service worker gets it as it is.", False
    return "A notification in JSON, shown as most pages would.", True


def _put_aside(browser: Browser, new: WaitingMessage) -> str:
    same = [each for each in browser.waiting if new.topic is not None and each.topic == new.topic]
    for each in same:
        browser.waiting.remove(each)
    browser.waiting.append(new)
    if same:
        return "Accepted, and kept until the browser is back; it replaces the waiting one with the same topic."
    if len(browser.waiting) > browser.family.keeps:
        browser.waiting.popleft()
        return (
            "Accepted, and kept until the browser is back; the oldest waiting one is lost: the service keeps no more."
        )
    return "Accepted, and kept until the browser is back."


def come_back(browser: Browser, now: datetime) -> None:
    """The browser is online again: it receives what was kept for it, unless its TTL is over."""
    arrived = [each.message for each in browser.waiting if now < each.expires_at]
    browser.messages.extend(message for message in arrived if message is not None)
    browser.waiting.clear()


def _headers(
    world: World, family: Family, wording: Wording, judgement: _Judgement, request: Incoming
) -> tuple[tuple[str, str], ...]:
    headers = [*wording.headers]
    number = f"{world.next_number():016X}"
    if family.is_wns:
        vector = request.header("ms-cv") or "emulator.0"
        headers += [("X-WNS-Msg-ID", number), ("X-WNS-Debug-Trace", "winpush-emulator"), ("MS-CV", vector)]
    if judgement.ttl is not None:
        headers += [("Location", f"/m/{number}"), ("TTL", str(judgement.ttl // timedelta(seconds=1)))]
    return tuple(headers)
