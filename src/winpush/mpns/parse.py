"""Parses a payload back into our types: the inverse of `payloads`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from winpush._text import whole
from winpush.errors import DocumentError, ValidationError
from winpush.mpns.fields import CYCLE_IMAGES, TILE_FIELDS, TOAST_FIELDS, Clear, Kind
from winpush.mpns.notifications import Notification, Raw, Toast
from winpush.mpns.payloads import Document, read_document, template_of
from winpush.mpns.tiles import CycleTile, FlipTile, IconicTile, Tile
from winpush.mpns.xml import Xml

__all__ = ["parse"]

_TILES: dict[str, Callable[..., Notification]] = {
    "Tile": Tile,
    "FlipTile": FlipTile,
    "IconicTile": IconicTile,
    "CycleTile": CycleTile,
}
_BY_WIRE = {field.wire: field for field in (*TILE_FIELDS.values(), *TOAST_FIELDS)}


def parse(body: bytes | str, *, raw: bool = False, **options: Any) -> Notification:
    """Parses a payload into a notification; `options` are its delivery options. `raw=True` takes the bytes as they are.

    A document that our types don't cover (an unknown element or attribute, a count over 99, a `param` that starts with
    neither `/` nor `?`) is returned unchanged, as an `Xml`. Raises ValidationError (DocumentError if the document
    itself is at fault) for anything that can't be sent at all: not well-formed, another root, over 3,072 bytes.
    """
    if raw:
        return Raw(body, **options)
    document = read_document(body)
    own = Xml(document.kind, body, **options)  # type: ignore[arg-type]  # the kind is one of the two
    if document.strange:  # our types would lose an attribute that no phone knows
        return own
    try:
        return _toast(document, options) if document.kind == "toast" else _tile(document, options)
    except ValidationError:  # the types' rules are the phone's, not the service's (mpns.md 4.1)
        return own


def _toast(document: Document, options: dict[str, Any]) -> Toast:
    values = _named(document, {field.name for field in TOAST_FIELDS})
    if any(isinstance(value, Clear) for value in values.values()):
        raise DocumentError("document", "clears a field of a toast; only tile fields can be cleared")
    return Toast(**values, silent=document.silent, **options)


def _tile(document: Document, options: dict[str, Any]) -> Notification:
    template = template_of(document)
    if template is None:
        raise DocumentError("Template", f"is {document.template!r}, which no phone recognises")
    values = _named(document, set(template.fields))
    if "count" in values and not isinstance(values["count"], Clear):
        values["count"] = _count(values["count"])
    if template.name == "CycleTile":
        values = _gather_cycle_images(values)
    return _TILES[template.name](**values, id=document.tile_id or None, **options)


def _named(document: Document, known: set[str]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for wire, value in document.values:
        field = _BY_WIRE.get(wire)
        if field is None or field.name not in known:
            raise DocumentError("document", f"has <wp:{wire}>, which doesn't belong in this kind of notification")
        if field.name in named:
            raise DocumentError("document", f"has <wp:{wire}> twice")
        named[field.name] = value.strip() if field.kind is Kind.COUNT and isinstance(value, str) else value
    return named


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise DocumentError("count", f"is {text!r}, which is not a whole number")
    return whole(text)


def _gather_cycle_images(values: dict[str, Any]) -> dict[str, Any]:
    images = [values.pop(f"cycle_image{n}", None) for n in range(1, CYCLE_IMAGES + 1)]
    while images and images[-1] is None:
        images.pop()
    return {**values, "cycle_images": images or None}
