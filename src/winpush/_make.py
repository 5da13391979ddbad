"""The three values that every send makes: a Channel, a Response and a Result.

A frozen dataclass sets its fields through a guard, which costs three times as much as the rest. Here an open class
with the same slots is filled, and then becomes the frozen one. The compiled build replaces this
module by `compiled/winpush/_make.pyx`.
"""

from __future__ import annotations

from datetime import timedelta

from winpush.channels import MAX_URI_CHARACTERS, TARGET_BYTES, Channel, Origin, check_target
from winpush.errors import WinPushError
from winpush.http import HeaderIndex, Response
from winpush.results import Notification, Result, StatusHeaders, Verdict

__all__ = ["compiled", "make_channel", "make_response", "make_result"]

compiled: bool = False
"""Whether the compiled send path is in use. The compiled `_make` says True; `WINPUSH_PURE=1` selects this one."""


class _OpenChannel:
    __slots__ = Channel.__slots__

    origin: Origin
    target: str


def make_channel(origin: Origin, target: str) -> Channel:
    """`Channel(origin, target)`. Raises ChannelError."""
    # `check_target` in one pass, because every send does this.
    if not target.isascii() or target.encode().translate(None, TARGET_BYTES) or len(target) > MAX_URI_CHARACTERS:
        check_target(target)
    made = _OpenChannel()
    made.origin = origin
    made.target = target
    made.__class__ = Channel  # type: ignore[assignment]  # the same slots: frozen from here on
    return made  # type: ignore[return-value]  # it is one now


class _OpenResponse:
    __slots__ = Response.__slots__

    status_code: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    reason: str
    _index: HeaderIndex | None


def make_response(
    status_code: int,
    headers: tuple[tuple[bytes, bytes], ...],
    body: bytes,
    reason: str,
    index: HeaderIndex | None = None,
) -> Response:
    """`Response(…)`, with the index of its headers if the reader already has one."""
    made = _OpenResponse()
    made.status_code = status_code
    made.headers = headers
    made.body = body
    made.reason = reason
    made._index = index
    made.__class__ = Response  # type: ignore[assignment]  # the same slots: frozen from here on
    return made  # type: ignore[return-value]  # it is one now


class _OpenResult:
    __slots__ = Result.__slots__

    channel: Channel | None
    notification: Notification
    verdict: Verdict
    headers: StatusHeaders
    response: Response | None
    error: WinPushError | None
    retry_after: timedelta | None
    key: object
    diagnosis: str | None


def make_result(
    channel: Channel | None,
    notification: Notification,
    verdict: Verdict,
    headers: StatusHeaders,
    response: Response | None,
    error: WinPushError | None,
    retry_after: timedelta | None,
    key: object,
    diagnosis: str | None = None,
) -> Result:
    """`Result(…)`."""
    made = _OpenResult()
    made.channel = channel
    made.notification = notification
    made.verdict = verdict
    made.headers = headers
    made.response = response
    made.error = error
    made.retry_after = retry_after
    made.key = key
    made.diagnosis = diagnosis
    made.__class__ = Result  # type: ignore[assignment]  # the same slots: frozen from here on
    return made  # type: ignore[return-value]  # it is one now
