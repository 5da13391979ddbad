"""The caller's own documents, sent unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Unpack

from winpush._values import plain
from winpush._xml import encode_document, read
from winpush.errors import ValidationError
from winpush.wns.notifications import MAX_PAYLOAD_BYTES, Notification
from winpush.wns.options import Options

__all__ = ["Xml"]

XmlKind = Literal["toast", "tile", "badge"]
_KINDS = ("toast", "tile", "badge")


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Xml(Notification):
    """Your own XML: well-formed, in UTF-8, with `<toast>`, `<tile>` or `<badge>` as its root, in at most 5,000 bytes.

    The schema isn't checked, and the service barely checks it either (wns.md 3.3). `wns.show` says what a device would
    show.
    """

    kind: str = ""
    document: bytes = b""

    def __init__(self, kind: XmlKind, document: str | bytes, **options: Unpack[Options]) -> None:
        """Raises ValidationError for a document that isn't well-formed, isn't of that kind, or is too large."""
        kind = plain(kind)
        if kind not in _KINDS:
            raise ValidationError("kind", f"is {kind!r}; it must be one of {', '.join(_KINDS)}")
        body = encode_document(document, "WNS")
        if len(body) > MAX_PAYLOAD_BYTES:  # before it is parsed
            raise ValidationError("payload", f"has {len(body):,} bytes; WNS accepts at most {MAX_PAYLOAD_BYTES:,}")
        root = read(body)
        if root.name != kind or root.namespace:
            raise ValidationError("document", f"has the root <{root.name}>; a {kind} has <{kind}>, without a namespace")
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "document", body)
        self._finish(body, options)

    @property
    def push_type(self) -> str:
        """The kind of the document."""
        return self.kind

    def to_dict(self) -> dict[str, Any]:
        """Like the base method, with the document as text."""
        return {**Notification.to_dict(self), "document": self.document.decode("utf-8-sig")}
