"""The caller's own documents, sent as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from winpush._values import plain
from winpush._xml import encode_document
from winpush.errors import DocumentError, ValidationError
from winpush.mpns.checks import check_payload
from winpush.mpns.notifications import Batching, Notification
from winpush.mpns.payloads import read_document

__all__ = ["Xml"]

XmlKind = Literal["toast", "tile"]
_KINDS = ("toast", "tile")


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Xml(Notification):
    """Your own XML: well-formed, in UTF-8, a `<wp:Notification>` with one toast or tile, in at most 3,072 bytes.

    Its elements must be in MPNS's namespace and contain text only. The fields and attributes themselves are not
    checked: the emulator or `mpns.parse` says what a phone would do with them.
    """

    kind: str = ""
    document: bytes = b""

    def __init__(
        self,
        kind: XmlKind,
        document: str | bytes,
        *,
        batching: Batching = Batching.IMMEDIATELY,
        message_id: UUID | str | None = None,
        callback_uri: str | None = None,
    ) -> None:
        """Raises ValidationError for a document that isn't well-formed, isn't of that kind, or is too large."""
        kind = plain(kind)
        if kind not in _KINDS:
            raise ValidationError("kind", f"is {kind!r}; it must be one of {', '.join(_KINDS)}")
        body = encode_document(document, "MPNS")
        check_payload(body)  # before it is read
        found = read_document(body).kind
        if found != kind:
            raise DocumentError("document", f"contains a {found}, but the kind is {kind}")
        for name, value in (
            ("kind", kind),
            ("document", body),
            ("batching", batching),
            ("message_id", message_id),
            ("callback_uri", callback_uri),
        ):
            object.__setattr__(self, name, value)
        self._finish(body)

    @property
    def push_type(self) -> str:
        """The kind of the document."""
        return self.kind

    def _names(self) -> tuple[str, ...]:
        return ("kind", "document")

    def to_dict(self) -> dict[str, Any]:
        """As for the other notifications, with the document as text."""
        return {**Notification.to_dict(self), "document": self.document.decode("utf-8-sig")}
