"""WNS's judgement of a request and, next to it, the device's, for people without a device.

The service hardly checks the schema (wns.md 3.3), so it accepts documents that no device shows; the device's remarks
say so for each element. Whether 401 or 404 comes first isn't documented: here the token is checked before the channel,
and then whether both belong to the same app.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from winpush.emulator.channel_uris import read_wns_token
from winpush.emulator.exchange import Answer, Incoming, Judged, keep
from winpush.emulator.faults import Fault
from winpush.emulator.tokens import Tokens
from winpush.emulator.transfer import is_chunked, remark_charset, remark_encoding, remark_transfer
from winpush.emulator.wns.device import CHANNEL_LIFE, Device, wns_row
from winpush.emulator.wns.verdict import verdict_of
from winpush.emulator.wns.web_push import remark_web_push
from winpush.emulator.world import World
from winpush.errors import ValidationError
from winpush.results import Outcome
from winpush.wns import ClearToasts, Row, View, show
from winpush.wns.protocol.requests import RequestHead, bearer_of, kind_of, read_head

__all__ = ["come_back", "draw", "is_wns_channel", "put_on_screen", "receive_wns"]

MAX_PAYLOAD_BYTES = 5000
_KEPT_RAW_BYTES = 200


@dataclass(frozen=True, slots=True)
class _Judgement:
    row: Row
    reason: str
    kind: str | None = None
    remarks: tuple[str, ...] = ()
    description: str | None = None
    show_device: bool = False
    device: dict[str, Any] | None = None


class _RefusedError(Exception):
    """Ends the checks with a row of the table."""

    def __init__(
        self,
        row: Row,
        reason: str,
        kind: str | None = None,
        description: str | None = None,
        remarks: tuple[str, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.judgement = _Judgement(row, reason, kind, remarks, description)


def is_wns_channel(path: str, query: str) -> bool:
    """True for a path and query that look like a WNS channel URI's."""
    return path == "/" and query.startswith("token=")


def receive_wns(world: World, tokens: Tokens, request: Incoming, now: datetime, fault: Fault | None) -> Answer:
    """Judges a request to a WNS channel, delivers to the device, and records both. Never raises."""
    device = world.wns_channels.get(read_wns_token(request.query))
    try:
        if fault is not None and fault.status is not None:
            raise _RefusedError(_fault_row(fault.status), f"A fault is set: the status {fault.status}.")
        judgement = _judge(world, tokens, device, request, now)
    except _RefusedError as refused:
        judgement = refused.judgement
    status = fault.status if fault is not None and fault.status is not None else judgement.row.status_code
    if status == 401:
        tokens.expect_login()
    answer = Answer(status, _headers(world, request, device, judgement))
    if device is not None:
        world.touch(device)
    judged = Judged(
        "wns",
        judgement.row.status_code,
        judgement.row.verdict.outcome,
        judgement.reason,
        judgement.kind or kind_of(request.method, dict(request.headers)),
        judgement.remarks,
        judgement.device,
        source=judgement.row.verdict.source,
    )
    keep(world, request, answer, judged, now, phone=None if device is None else device.id, fault=fault)
    return answer


def _fault_row(status: int) -> Row:
    try:
        return wns_row(status)
    except LookupError:
        return wns_row(500)


def _judge(world: World, tokens: Tokens, device: Device | None, request: Incoming, now: datetime) -> _Judgement:
    if request.method not in ("POST", "DELETE"):
        raise _RefusedError(
            wns_row(405), f"The method is {request.method}; WNS accepts POST, and DELETE for a phone's channel."
        )
    headers = dict(request.headers)
    sender = tokens.app_of(bearer_of(headers), now)
    if sender is None:
        words = "The token is missing, was not issued here, or has been revoked or has expired."
        raise _RefusedError(wns_row(401), words, remarks=remark_web_push(request))
    if device is None:
        raise _RefusedError(wns_row(404), world.wns_channels.explain(read_wns_token(request.query)))
    if sender.name != device.app:
        owner = tokens.apps.add(device.app)
        raise _RefusedError(wns_row(403), f"The token belongs to {sender.words}, but the channel to {owner.words}.")
    if now - device.made_at >= CHANNEL_LIFE:
        raise _RefusedError(wns_row(410), "The channel is older than 30 days: the app must ask for a new one.")
    if request.method == "DELETE":
        return _clear(device, headers)
    if len(request.body) > MAX_PAYLOAD_BYTES:
        raise _RefusedError(wns_row(413), f"The payload has {len(request.body):,} bytes; WNS accepts 5,000.")
    if is_chunked(request):
        words = (
            "The body came in chunks; WNS requires a Content-Length and, as documented, accepts no chunked encoding."
        )
        raise _RefusedError(wns_row(400), words, description="Content-Length is missing")
    try:
        head = read_head(headers)
    except ValidationError as error:
        raise _RefusedError(wns_row(400), _with_value(error, headers), description=error.problem) from None
    return _pass_on(world, device, request, now, head)


def _with_value(error: ValidationError, headers: dict[str, str]) -> str:
    """The service's own words, and what the request has instead."""
    problem = error.problem.rstrip(".")
    words = problem if problem.lower().startswith(error.field.lower()) else f"{error.field}: {problem}"
    value = headers.get(error.field.lower())
    return f"{words}; the request has {'none' if value is None else repr(value[:80])}."


def _clear(device: Device, headers: dict[str, str]) -> _Judgement:
    row = device.state.row
    # What the service checks first isn't documented; a tester who set a state wants to see it.
    if row.verdict.outcome is not Outcome.ACCEPTED:
        return _Judgement(row, row.verdict.meaning, "clear-toasts", (), row.error_description)
    if not device.is_phone:
        raise _RefusedError(wns_row(405), "DELETE only works on phones' channels.")
    try:
        what = ClearToasts.read(headers.get("x-wns-match", ""))
    except ValidationError as error:
        raise _RefusedError(wns_row(400), f"{error}.", description=error.problem) from None
    kept = [toast for toast in device.toasts if not _is_meant(toast, what)]
    gone = len(device.toasts) - len(kept)
    device.toasts.clear()
    device.toasts.extend(kept)
    return _Judgement(
        wns_row(200, "received"),
        f"Removed {gone} {'toast' if gone == 1 else 'toasts'} from the action centre.",
        "clear-toasts",
    )


def _is_meant(toast: dict[str, Any], what: ClearToasts) -> bool:
    # Tags are compared case-insensitively (wns.md 3.2).
    pairs = ((what.tag, toast["tag"]), (what.group, toast["group"]))
    return what.everything or all(asked is None or asked.lower() == (own or "").lower() for asked, own in pairs)


def _pass_on(world: World, device: Device, request: Incoming, now: datetime, head: RequestHead) -> _Judgement:
    row = device.state.row
    asked = bool(head.request_status)
    if head.suppress_popup and not device.is_phone:
        raise _RefusedError(
            wns_row(400),
            "X-WNS-SuppressPopup only works on phones; this is a Windows channel.",
            head.kind,
            "SuppressPopup",
        )
    if row.verdict.outcome is not Outcome.ACCEPTED:
        return _Judgement(row, row.verdict.meaning, head.kind, head.remarks, row.error_description, asked)
    view = show(request.body, head.kind, on_phone=device.is_phone)
    remarks = (*head.remarks, *remark_transfer(request), *_remark_body(head.kind, request))
    remarks = (*remarks, *[f"{remark.path}: {remark.message}" for remark in view.remarks])
    verdict = verdict_of(request.body, view)

    def judgement(reason: str, row: Row = row) -> _Judgement:
        return _Judgement(row, reason, head.kind, remarks, None, asked, verdict)

    if device.is_offline and not head.is_cached:
        return judgement("The device is offline, and this notification isn't cached.", wns_row(200, "dropped"))
    device.accepted += 1
    arrival = {
        "n": world.next_number(),
        "at": now.isoformat(),
        "tag": head.tag,
        "group": head.group,
        "pops_up": not head.suppress_popup,
    }
    expires = None if head.ttl is None else now + head.ttl
    if device.is_offline:
        device.cached[head.kind] = (request.body, arrival, expires)
        return judgement("Accepted, and kept until the device is back.")
    picture = draw(request.body, view)
    if picture is None:
        return judgement("Accepted by the service; the device shows none of it.")
    put_on_screen(device, head.kind, {**picture, **arrival})
    return judgement(_what_shows(view))


def _remark_body(kind: str, request: Incoming) -> tuple[str, ...]:
    if kind != "raw":
        return (*remark_encoding(request.body, "WNS"), *remark_charset(request))
    return () if request.body else ("The payload is empty: a raw notification must have content (wns.md 8).",)


def _what_shows(view: View) -> str:
    if view.is_placeholder:
        return 'Accepted by the service; the device shows only the app\'s name and "New notification".'
    lost = len(view.objections)
    if not lost:
        return "Accepted, and shown."
    return f"Accepted, and shown except for what {'one remark says' if lost == 1 else f'{lost} remarks say'}."


def draw(body: bytes, view: View) -> dict[str, Any] | None:
    """The picture. For bytes that aren't text, it also has the first of them in hexadecimal."""
    if view.kind != "raw" or view.picture is None:
        return view.picture
    try:
        body.decode()
    except UnicodeDecodeError:
        return {**view.picture, "hex": body[:_KEPT_RAW_BYTES].hex(" ")}
    return {**view.picture, "hex": None}


def put_on_screen(device: Device, kind: str, picture: dict[str, Any]) -> None:
    """Updates the device's screen. A toast replaces an earlier one with the same tag and group."""
    if kind == "toast":
        same = [toast for toast in device.toasts if toast["tag"] and _key(toast) == _key(picture)]
        for toast in same:
            device.toasts.remove(toast)
        device.toasts.append(picture)
    elif kind == "tile":
        device.tile = picture
    elif kind == "badge":
        device.badge = picture
    else:
        device.raws.append(picture)


def _key(toast: dict[str, Any]) -> tuple[str, str]:
    return (toast["tag"] or "").lower(), (toast["group"] or "").lower()


def come_back(device: Device, now: datetime) -> None:
    """The device is online again: it receives what was kept for it, unless that has expired."""
    for kind, (body, arrival, expires) in device.cached.items():
        picture = draw(body, show(body, kind, on_phone=device.is_phone))
        if picture is not None and (expires is None or now < expires):
            put_on_screen(device, kind, {**picture, **arrival})
    device.cached.clear()


def _headers(
    world: World, request: Incoming, device: Device | None, judgement: _Judgement
) -> tuple[tuple[str, str], ...]:
    row = judgement.row
    headers = [("X-WNS-Msg-ID", f"{world.next_number():016X}"), ("X-WNS-Debug-Trace", "winpush-emulator")]
    headers.append(("MS-CV", dict(request.headers).get("ms-cv") or "emulator.0"))
    if row.notification_status is not None:
        # Real servers send both names; the second is the one from 2012.
        headers += [("X-WNS-Status", row.notification_status), ("X-WNS-NotificationStatus", row.notification_status)]
    if judgement.show_device and device is not None:
        headers.append(("X-WNS-DeviceConnectionStatus", row.device_connection_status or _connection(device)))
    # ASGI can't set a reason phrase; clients recognize a blocked domain by either text.
    if (description := judgement.description or row.reason) is not None:
        headers.append(("X-WNS-Error-Description", description))
    if row.honours_retry_after and row.verdict.delay is not None:
        headers.append(("Retry-After", str(int(row.verdict.delay.total_seconds()))))
    return tuple(headers)


def _connection(device: Device) -> str:
    return "disconnected" if device.is_offline else "connected"
