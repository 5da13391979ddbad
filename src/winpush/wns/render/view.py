"""The device's verdict on a whole document, put together from `toast`, `tile` and the badge judged here.

It is for developers without a device, and for the emulator's page. It complements the service's verdict, which barely
considers the schema (wns.md 3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from winpush._xml import Element, read
from winpush.errors import DocumentError
from winpush.wns.badge import MAX_NUMBER
from winpush.wns.render.lint import Inspection, Remark, Severity
from winpush.wns.render.tile import show_tile
from winpush.wns.render.toast import placeholder, show_toast
from winpush.wns.schema.attributes import Attribute, Schema
from winpush.wns.schema.enums import Glyph
from winpush.wns.schema.types import String, Whole

__all__ = ["View", "show"]


@dataclass(frozen=True, slots=True)
class View:
    """What a Windows 10 or 11 device shows of a notification.

    `picture` is JSON-ready: what is shown, in display order, under the Python names of our types; None if nothing is.
    Windows shows "New notification" instead of some invalid toasts: that picture has `is_placeholder`. `remarks` say
    what isn't shown, and what is doubtful.
    """

    kind: str
    picture: dict[str, Any] | None
    remarks: tuple[Remark, ...] = ()

    @property
    def is_shown(self) -> bool:
        """False if the device shows none of it, perhaps a placeholder."""
        return self.picture is not None and not self.is_placeholder

    @property
    def is_placeholder(self) -> bool:
        """True if the device shows only the app's name and "New notification"."""
        return self.picture is not None and "is_placeholder" in self.picture

    @property
    def objections(self) -> tuple[Remark, ...]:
        """The remarks about what is lost; the others are notes."""
        return tuple(remark for remark in self.remarks if remark.is_objection)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        remarks = [remark.to_dict() for remark in self.remarks]
        return {"kind": self.kind, "is_shown": self.is_shown, "picture": self.picture, "remarks": remarks}


def show(document: bytes | str, kind: str, *, on_phone: bool = False) -> View:
    """The verdict on a payload of that kind: `toast`, `tile`, `badge` or `raw`. Never raises for a document.

    `on_phone`: the device is a Windows Phone 8.1, which still draws some templates that Windows 10 doesn't.
    """
    if kind == "raw":
        data = document.encode(errors="replace") if isinstance(document, str) else document
        picture = {"kind": "raw", "bytes": len(data), "text": data.decode(errors="replace")}
        return View("raw", picture)
    inspection = Inspection(on_phone=on_phone)
    return View(kind, _inspect(document, kind, inspection), tuple(inspection.remarks))


def _inspect(document: bytes | str, kind: str, inspection: Inspection) -> dict[str, Any] | None:
    try:
        root = read(document)
    except DocumentError as error:
        inspection.remark("not-well-formed", kind, error.problem)
        return None
    if root.name != kind or root.namespace:
        inspection.remark("wrong-root", root.name, root.name)
        return None
    picture = _SHOW[kind](root, inspection)
    lost = {remark.rule for remark in inspection.remarks if remark.severity is Severity.LOST}
    if not lost:
        return picture
    return placeholder() if picture is not None and lost <= _PLACEHOLDERS else None


_PLACEHOLDERS = frozenset({"timestamp-decimals", "no-text"})
"""If a toast breaks one of these rules, Windows shows a placeholder instead."""

_BADGE = Schema("badge", (Attribute("value", "value", String()), Attribute("version", "version", Whole(1, 1))))


def _show_badge(root: Element, inspection: Inspection) -> dict[str, Any] | None:
    text = root.attributes.get("value")
    inspection.nothing_inside(root, "badge")
    inspection.attributes(root, _BADGE, "badge")
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
