"""Callback registration: an authenticated sender asks to be notified when the phone becomes inactive (mpns.md 8).

What MPNS answers was not recovered, so the statuses are those of a notification, and a remark says so.
"""

from __future__ import annotations

from dataclasses import replace

from winpush.emulator.exchange import Incoming
from winpush.emulator.mpns.channel_states import row_for
from winpush.emulator.world import Phone
from winpush.errors import ValidationError
from winpush.mpns import Row
from winpush.mpns.checks import check_callback_uri
from winpush.results import Outcome

__all__ = ["CALLBACK", "register"]

CALLBACK = "/callback"
"""What follows the channel URI."""

_MAX_BODY_BYTES = 1024
_UNVERIFIED = (
    "What MPNS answers to a callback registration is unverified (mpns.md 8), and the emulator calls nobody back.",
)


def register(phone: Phone, request: Incoming) -> tuple[Row, str, tuple[str, ...]]:
    """The row of the answer, the reason, and the remarks."""
    remarks: tuple[str, ...] = _UNVERIFIED
    content_type = request.header("content-type") or "missing"
    if not content_type.lower().startswith("application/"):
        remarks = (*remarks, f"Content-Type is {content_type[:80]}; application/* is documented.")
    if (problem := _problem_of(request)) is not None:
        return row_for(400), problem, remarks
    if not phone.authenticated:
        return row_for(401), "Callbacks are for authenticated channels; this channel isn't one.", remarks
    row = phone.state.row
    if row.verdict.outcome is not Outcome.ACCEPTED:
        return row, row.verdict.meaning, remarks
    # Butterfly reads only the other two headers.
    return replace(row, notification_status=None), "The callback is registered; the last one counts.", remarks


def _problem_of(request: Incoming) -> str | None:
    uri = request.header("x-callbackuri")
    if uri is None:
        return "X-CallbackURI is missing: it tells MPNS where to post."
    if len(request.body) > _MAX_BODY_BYTES:
        return f"The body has {len(request.body):,} bytes; MPNS keeps {_MAX_BODY_BYTES:,} to post back."
    try:
        check_callback_uri(uri)
    except ValidationError as error:
        return f"X-CallbackURI: {error.problem}."
    return None
