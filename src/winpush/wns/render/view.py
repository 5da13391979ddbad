"""The device's verdict on a document: what Windows would show, what it would ignore, and why.

This is for developers without a device, and for the emulator's page. It complements the service's verdict, which barely
considers the schema (wns.md 3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from winpush._xml import Element, read
from winpush.errors import DocumentError
from winpush.wns.badge import MAX_NUMBER
from winpush.wns.render.lint import Inspection, Remark
from winpush.wns.render.tile import show_tile
from winpush.wns.render.toast import show_toast
from winpush.wns.schema.enums import Glyph

__all__ = ["View", "show"]


@dataclass(frozen=True, slots=True)
class View:
    """What a Windows 10 or 11 device shows of a notification.

    `picture` is JSON-ready: what is shown, in display order, under the Python names of our types; None if nothing is.
    `remarks` tell what isn't shown, and what is doubtful.
    """

    kind: str
    picture: dict[str, Any] | None
    remarks: tuple[Remark, ...] = ()

    @property
    def is_shown(self) -> bool:
        """False if the device shows none of it."""
        return self.picture is not None

    @property
    def objections(self) -> tuple[Remark, ...]:
        """The remarks on what is lost; the others are notes."""
        return tuple(remark for remark in self.remarks if remark.is_objection)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        remarks = [remark.to_dict() for remark in self.remarks]
        return {"kind": self.kind, "is_shown": self.is_shown, "picture": self.picture, "remarks": remarks}


def show(document: bytes, kind: str) -> View:
    """The verdict on a payload of that kind: `toast`, `tile`, `badge` or `raw`. Never raises for a document."""
    if kind == "raw":
        picture = {"kind": "raw", "bytes": len(document), "text": document.decode(errors="replace")}
        return View("raw", picture)
    inspection = Inspection()
    return View(kind, _inspect(document, kind, inspection), tuple(inspection.remarks))


def _inspect(document: bytes, kind: str, inspection: Inspection) -> dict[str, Any] | None:
    try:
        root = read(document)
    except DocumentError as error:
        inspection.remark("not-well-formed", kind, error.problem)
        return None
    if root.name != kind or root.namespace:
        inspection.remark("wrong-root", root.name, root.name)
        return None
    return _SHOW[kind](root, inspection)


def _show_badge(root: Element, inspection: Inspection) -> dict[str, Any] | None:
    text = root.attributes.get("value")
    inspection.nothing_inside(root, "badge")
    if text is None:
        inspection.remark("badge-value", "badge", "There is no value")
        return None
    # The documentation explicitly calls these values case-sensitive (wns.md 11.1).
    if text in list(Glyph):
        return {"kind": "badge", "glyph": text, "text": "", "is_cleared": text == Glyph.NONE}
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10 or int(digits) > MAX_NUMBER:
        inspection.remark("badge-value", "badge@value", f"The value is {text[:20]!r}")
        return None
    number = int(digits)
    if number > 99:
        inspection.remark("badge-shows-99", "badge@value")
    shown = "" if number == 0 else "99+" if number > 99 else str(number)
    return {"kind": "badge", "glyph": None, "text": shown, "is_cleared": number == 0}


_SHOW: dict[str, Callable[[Element, Inspection], dict[str, Any] | None]] = {
    "toast": show_toast,
    "tile": show_tile,
    "badge": _show_badge,
}
