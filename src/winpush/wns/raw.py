"""Raw notifications: arbitrary bytes for the app (wns.md 11.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Unpack

from winpush.errors import ValidationError
from winpush.wns.notifications import Notification
from winpush.wns.options import Options

__all__ = ["Raw"]


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Raw(Notification):
    """Any bytes or text (sent as UTF-8) for the running app or else its background task; without either, it is lost."""

    payload: bytes = b""

    push_type = "raw"

    def __init__(self, payload: bytes | str, **options: Unpack[Options]) -> None:
        """Raises ValidationError for an empty payload, and for one over 5,000 bytes."""
        if not isinstance(payload, str | bytes | bytearray):
            raise ValidationError("payload", f"must be bytes or text, not {type(payload).__name__}")
        try:
            body = payload.encode() if isinstance(payload, str) else bytes(payload)
        except UnicodeEncodeError as error:
            raise ValidationError(
                "payload", f"has a lone surrogate at position {error.start}, which UTF-8 can't encode"
            ) from None
        if not body:
            raise ValidationError("payload", "is empty: there is nothing to send")
        object.__setattr__(self, "payload", body)
        self._finish(body, options)

    def to_dict(self) -> dict[str, Any]:
        """Like the base method, with the payload as text; bytes that aren't UTF-8 are replaced."""
        return {
            **Notification.to_dict(self),
            "payload": self.payload.decode(errors="replace"),
            "payload_bytes": len(self.payload),
        }
