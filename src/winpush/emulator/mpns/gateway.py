"""MPNS's judgement: takes a request, returns a row of the response table, and updates the phone.

It does no IO; all state is in the World that is passed in. The checks follow the order of mpns.md 10.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from winpush.emulator.exchange import Answer, Incoming, Judged, keep
from winpush.emulator.faults import Fault
from winpush.emulator.mpns.callback import CALLBACK, register
from winpush.emulator.mpns.channel_states import row_for
from winpush.emulator.mpns.delivery import QUEUE_LIMIT, deliver
from winpush.emulator.transfer import remark_charset, remark_encoding, remark_transfer
from winpush.emulator.world import Phone, Waiting, World
from winpush.errors import ValidationError
from winpush.mpns import Row
from winpush.mpns.checks import MAX_PAYLOAD_BYTES
from winpush.mpns.payloads import Document, read_document
from winpush.mpns.requests import MAX_HEADER_BYTES, kind_of, read_head, target_of
from winpush.results import Outcome

__all__ = ["find_phone", "receive"]

DAILY_LIMIT = 500
_NO_ID = "00000000-0000-0000-0000-000000000000"
_SERVER = "winpush-emulator"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """A row of the table, the reason for it, and the remarks."""

    row: Row
    reason: str
    kind: str | None = None
    remarks: tuple[str, ...] = ()


class _RefusedError(Exception):
    """Ends the checks with a row of the table."""

    def __init__(self, row: Row, reason: str, kind: str | None = None, remarks: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.judgement = _Judgement(row, reason, kind, remarks)


def find_phone(world: World, path: str) -> Phone | None:
    """The phone with this channel, or with this address for its callback."""
    return world.mpns_channels.get(path) or world.mpns_channels.get(path.removesuffix(CALLBACK))


def receive(world: World, request: Incoming, now: datetime, fault: Fault | None = None) -> Answer:
    """Judges a request, delivers to the phone, and records both. Never raises."""
    phone = find_phone(world, request.path)
    if fault is not None and fault.status is not None:
        judgement, answer = _fault_answer(request, fault.status)
    else:
        try:
            judgement = _judge(world, phone, request, now)
        except _RefusedError as refused:
            judgement = refused.judgement
        answer = _answer(judgement.row, request)
    if phone is not None:
        world.touch(phone)
    judged = Judged(
        "mpns",
        judgement.row.status_code,
        judgement.row.verdict.outcome,
        judgement.reason,
        judgement.kind or kind_of(dict(request.headers)),
        judgement.remarks,
        source=judgement.row.verdict.source,
    )
    keep(world, request, answer, judged, now, phone=None if phone is None else phone.id, fault=fault)
    return answer


def _judge(world: World, phone: Phone | None, request: Incoming, now: datetime) -> _Judgement:
    if request.method != "POST":
        raise _RefusedError(row_for(405), f"The method is {request.method}; MPNS only accepts POST.")
    if phone is None:
        raise _RefusedError(row_for(404, "Dropped", "Disconnected"), world.mpns_channels.explain(request.path))
    _check_size(request)
    if phone.authenticated and not (request.secure and request.certificate):
        raise _RefusedError(row_for(401), "This channel is authenticated: it needs https with a client certificate.")
    if request.path != phone.path:
        row, reason, remarks = register(phone, request)
        return _Judgement(row, reason, "callback", remarks)
    kind, document, remarks = _read(request)
    remarks = (*remarks, *_remark_callback(phone, request))
    if not phone.authenticated and world.sent_today(phone, now) >= DAILY_LIMIT:
        row = row_for(406, "Dropped", _device(phone))
        raise _RefusedError(row, f"This unauthenticated channel has reached its limit of {DAILY_LIMIT} a day.", kind)
    if not phone.authenticated:
        phone.sent.append(now)
    return _pass_on(world, phone, request, now, _Read(kind, document, remarks))


def _remark_callback(phone: Phone, request: Incoming) -> tuple[str, ...]:
    if request.header("x-callbackuri") is None:
        return ()
    if not phone.authenticated:
        return ("X-CallbackURI is for authenticated channels; on this one it has no effect.",)
    return ("X-CallbackURI on a notification has no documented effect; it registers with POST {channel URI}/callback.",)


def _check_size(request: Incoming) -> None:
    size = sum(len(name) + len(value) + 4 for name, value in request.headers)
    if size > MAX_HEADER_BYTES:
        raise _RefusedError(row_for(400), f"The headers have {size:,} bytes; MPNS accepts {MAX_HEADER_BYTES:,}.")
    if len(request.body) > MAX_PAYLOAD_BYTES:
        raise _RefusedError(
            row_for(400), f"The payload has {len(request.body):,} bytes; MPNS accepts {MAX_PAYLOAD_BYTES:,}."
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """The content of a request: its kind, its document (None for raw) and the remarks on it."""

    kind: str
    document: Document | None
    remarks: tuple[str, ...]


def _read(request: Incoming) -> tuple[str, Document | None, tuple[str, ...]]:
    try:
        head = read_head(dict(request.headers))
        remarks = (*head.remarks, *remark_transfer(request))
        if head.kind == "raw":
            return head.kind, None, (*remarks, *_remark_document(request.body))
        document = read_document(request.body)
    except ValidationError as error:
        raise _RefusedError(row_for(400), f"{error}.") from None
    if document.kind != head.kind:
        raise _RefusedError(
            row_for(400), f"The headers say {head.kind}, but the document holds a {document.kind}.", head.kind
        )
    return head.kind, document, (*remarks, *remark_encoding(request.body, "MPNS"), *remark_charset(request))


def _remark_document(raw: bytes) -> tuple[str, ...]:
    """A remark on a raw notification that was meant to be a toast or tile."""
    try:
        kind = read_document(raw).kind
    except ValidationError:
        return ()
    return (
        f"The payload is a {kind} document, but without X-WindowsPhone-Target: {target_of(kind)} it is raw: the app "
        "gets it as it is, and the phone shows nothing (mpns.md 2).",
    )


def _pass_on(world: World, phone: Phone, request: Incoming, now: datetime, read: _Read) -> _Judgement:
    """What happens to a good request depends on the channel's state."""
    row, remarks = phone.state.row, list(read.remarks)
    if row.verdict.outcome is Outcome.DEVICE_INACTIVE:
        remarks += _remark_hourly_rule(phone, now)
    if row.verdict.outcome is not Outcome.ACCEPTED:
        return _Judgement(row, row.verdict.meaning, read.kind, tuple(remarks))
    if read.kind in phone.not_bound:
        row = _row_beside(200, "Suppressed", row.device_connection_status)
        return _Judgement(
            row, f"The app hasn't bound {read.kind}s, so the service dropped it.", read.kind, tuple(remarks)
        )
    waiting = Waiting(request.body, read.document)
    if not phone.is_offline:
        phone.accepted += 1
        reason, more = deliver(world, phone, waiting, now)
        return _Judgement(row, reason, read.kind, (*remarks, *more))
    if len(phone.queue) >= QUEUE_LIMIT:
        remarks.append(f"MPNS's queue limit was never published; the emulator's is {QUEUE_LIMIT}.")
        full = _row_beside(200, "QueueFull", row.device_connection_status)
        return _Judgement(full, "The phone is offline and its queue is full.", read.kind, tuple(remarks))
    phone.accepted += 1
    phone.queue.append(waiting)
    return _Judgement(row, "Accepted, and queued until the phone is back.", read.kind, tuple(remarks))


def _row_beside(status: int, notification: str, device: str | None) -> Row:
    """The row for this device status, or the nearest one if the documentation has none for it."""
    try:
        return row_for(status, notification, device)
    except LookupError:
        return row_for(status, notification)


def _remark_hourly_rule(phone: Phone, now: datetime) -> list[str]:
    last, phone.refused_inactive = phone.refused_inactive, now
    if last is None or now - last >= _HOUR:
        return []
    minutes = int((now - last) / timedelta(minutes=1))
    return [
        f"Tried again after {minutes} minutes: MPNS may block a sender that tries an inactive phone more than hourly."
    ]


def _device(phone: Phone) -> str:
    device = phone.state.row.device_connection_status
    return device if device in ("Connected", "TempDisconnected", "Disconnected") else "Connected"


def _answer(row: Row, request: Incoming) -> Answer:
    headers = [
        ("X-NotificationStatus", row.notification_status),
        ("X-DeviceConnectionStatus", row.device_connection_status),
        ("X-SubscriptionStatus", row.subscription_status),
    ]
    present = [(name, value) for name, value in headers if value is not None]
    message_id = dict(request.headers).get("x-messageid") or _NO_ID
    return Answer(row.status_code, (*present, ("X-MessageID", message_id), ("X-Server", _SERVER)))


def _fault_answer(request: Incoming, status: int) -> tuple[_Judgement, Answer]:
    try:
        row = row_for(status)
    except LookupError:
        known = row_for(503)
        judgement = _Judgement(known, f"A fault is set: the status {status}, which MPNS doesn't document.")
        return judgement, Answer(status, (("X-Server", _SERVER),))
    return _Judgement(row, f"A fault is set: {row.verdict.meaning}"), _answer(row, request)
