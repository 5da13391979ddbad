"""The caller's own documents, sent unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from winpush.errors import ValidationError
from winpush.mpns import checks
from winpush.mpns.notifications import Batching, Notification
from winpush.mpns.payloads import read_document

__all__ = ["Xml"]

XmlKind = Literal["toast", "tile"]


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Xml(Notification):
    """Your own XML: a well-formed toast or tile document of MPNS, in at most 3,072 bytes.

    Only the outline is checked, `<wp:Notification>` with one `<wp:Toast>` or `<wp:Tile>` in it: the service barely
    checks more (mpns.md 4.1). This is for payloads that the other types don't cover, such as a count over 99.
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
        if kind not in ("toast", "tile"):
            raise ValidationError("kind", f"is {kind!r}; it must be toast or tile")
        body = _encode(document)
        checks.check_payload(body)  # before it is parsed
        found = read_document(body).kind
        if found != kind:
            raise ValidationError("document", f"is a {found}, not a {kind}")
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
        """Like the base method, with the document as text."""
        return {**Notification.to_dict(self), "document": self.document.decode(errors="replace")}


def _encode(document: object) -> bytes:
    if isinstance(document, str):
        try:
            return document.encode()
        except UnicodeEncodeError as error:
            raise ValidationError(
                "document", f"has a lone surrogate at position {error.start}, which UTF-8 can't encode"
            ) from None
    if not isinstance(document, bytes | bytearray):
        raise ValidationError("document", f"must be text or bytes, not {type(document).__name__}")
    return bytes(document)
