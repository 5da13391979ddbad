"""What a device objects to in a document: the single table of its rules, and a collector of remarks.

The service barely checks the schema; its rules are enforced by the device (wns.md 3.3). If Microsoft's own samples
break a rule of Microsoft's own pages, the rule is doubtful and only a note.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from winpush._xml import Element
from winpush.errors import ValidationError
from winpush.wns.schema.attributes import Attribute, Schema
from winpush.wns.schema.types import Choice, ImageSource, SoundSource

__all__ = ["RULES", "Inspection", "Remark", "Rule", "Severity", "numbered"]


class Severity(enum.Enum):
    """How much is lost."""

    LOST = "lost"
    """None of the notification shows."""
    IGNORED = "ignored"
    """This element or attribute has no effect; the rest shows."""
    NOTE = "note"
    """It shows, but something about it is doubtful or worth knowing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the device's rules. `source` documents it; `doubt` tells what contradicts it, and where."""

    severity: Severity
    text: str
    source: str
    doubt: str = ""


_LOST, _IGNORED, _NOTE = Severity.LOST, Severity.IGNORED, Severity.NOTE
_TOAST = "wns.md 9.1 [W8]"
_TILE = "wns.md 10.1 [W10]"
_LEGACY = "wns.md 10.4, 12 [W11, W12]"
_SAMPLES = "Microsoft's own samples and tests do otherwise"

RULES = {
    "not-well-formed": Rule(_LOST, "The document {detail}.", "XML 1.0"),
    "wrong-root": Rule(_LOST, "The root is <{detail}>, but X-WNS-Type names another kind.", "wns.md 3.1 [W1]"),
    "no-visual": Rule(_LOST, "There is no <visual>, so nothing shows.", _TOAST),
    "no-binding": Rule(_LOST, "There is no <binding> that a device can show.", _TOAST),
    "badge-value": Rule(_LOST, "{detail}: a badge shows whole numbers from 0 and 13 glyphs.", "wns.md 11.1 [W9]"),
    "unknown-element": Rule(_IGNORED, "No device recognises <{detail}> here; it is ignored.", "wns.md 9.1, 10.1"),
    "stray-text": Rule(_IGNORED, "Text between elements is ignored: {detail!r}.", "wns.md 9.1, 10.1"),
    "twice": Rule(_IGNORED, "There is more than one <{detail}>; only the first counts.", "wns.md 9.1, 10.1"),
    "missing-attribute": Rule(_IGNORED, "The attribute {detail} is missing, so the element is ignored.", _TOAST),
    "attribute-case": Rule(
        _IGNORED,
        "Names are case-sensitive: the attribute is spelled {detail}, so this one is ignored.",
        "wns.md 9.5 [W8]",
    ),
    "unknown-attribute": Rule(_NOTE, "This attribute is undocumented; devices skip it.", "wns.md 9.5 [T2]"),
    "bad-value": Rule(_IGNORED, "The value {detail}; the attribute is ignored.", "wns.md 9.1, 10.1"),
    "says-default": Rule(
        _NOTE, "This is the same as leaving the attribute out: no page lists this word.", "wns.md 9.7 [T2]"
    ),
    "value-case": Rule(
        _NOTE,
        "It is spelled {detail}; whether devices care about case is unverified.",
        "wns.md 9.5 [W8]",
        "wns.md 9.5 [T7]",
    ),
    "no-effect": Rule(_NOTE, "{detail} has no effect here.", "wns.md 9.1, 10.1"),
    "image-source": Rule(_IGNORED, "The source {detail}; the image doesn't show.", "wns.md 10.3 [W9]"),
    "empty-image": Rule(_NOTE, "The source is empty: no image shows.", "wns.md 10.3 [W9]"),
    "not-a-uri": Rule(
        _IGNORED, "Protocol activation needs a URI, which {detail} is not: a click does nothing.", _TOAST
    ),
    # Toasts
    "unknown-template": Rule(_IGNORED, "No device recognises the template {detail!r}; the binding is ignored.", _TOAST),
    "one-binding": Rule(
        _IGNORED, "A toast has one binding; this one is ignored.", _TOAST, "the service accepts two, wns.md 3.3 [T4]"
    ),
    "my-people": Rule(_NOTE, "A shoulder tap appears only on Windows 10, above a contact on the taskbar.", _TOAST),
    "nothing-to-show": Rule(
        _NOTE, "There is no text and no image; what Windows shows of an empty toast is unverified.", _TOAST, _SAMPLES
    ),
    "too-many-texts": Rule(_IGNORED, "Windows shows three top-level texts; this one is ignored.", "wns.md 9.3 [W8]"),
    "top-level-hint": Rule(
        _NOTE,
        "The hint works in a subgroup; its effect on a top-level text was never tested.",
        _TOAST,
        "wns.md 9.4 [T2]",
    ),
    "title-lines": Rule(
        _NOTE, "The first text shows at most {detail} lines, the others four together.", _TOAST, "wns.md 9.1 [T2]"
    ),
    "top-level-image-hint": Rule(_NOTE, "The hint works only on images in a subgroup.", _TOAST, _SAMPLES),
    "call-only": Rule(_IGNORED, 'The hint works only with scenario="incomingCall".', _TOAST),
    "wrong-placement": Rule(_IGNORED, "The placement {detail!r} doesn't belong here; the image is ignored.", _TOAST),
    "empty-group": Rule(_NOTE, "The group has no subgroup, so it shows nothing.", _TOAST, _SAMPLES),
    "too-many-inputs": Rule(_IGNORED, "Windows shows five inputs; this one is ignored.", "wns.md 9.3 [W8]"),
    "too-many-actions": Rule(
        _IGNORED, "Windows shows five actions, including menu entries; this one is ignored.", "wns.md 9.3 [W8]"
    ),
    "too-many-selections": Rule(_IGNORED, "Windows shows five selections; this one is ignored.", "wns.md 9.3 [W8]"),
    "same-id": Rule(_IGNORED, "The id {detail!r} is taken; the app gets the first one's value only.", _TOAST),
    "no-such-input": Rule(
        _IGNORED, "There is no input with the id {detail!r}; the button goes in the button row.", _TOAST
    ),
    "no-such-selection": Rule(_IGNORED, "There is no selection with the id {detail!r}; none is preselected.", _TOAST),
    "system-argument": Rule(_IGNORED, "A system button's arguments must be snooze or dismiss, not {detail!r}.", _TOAST),
    "images-on-some": Rule(
        _IGNORED, "Some buttons have an image and some none; Windows shows it on all or none.", _TOAST
    ),
    "style-off": Rule(_IGNORED, 'Button styles need useButtonStyle="true" on the toast.', _TOAST),
    "system-commands": Rule(
        _IGNORED, "With hint-systemCommands Windows shows its own buttons; this one is ignored.", _TOAST
    ),
    "scenario-button": Rule(
        _NOTE,
        "The scenario {detail!r} needs a button, by the page; without it the toast may be an ordinary one.",
        "wns.md 9.3 [W8]",
        _SAMPLES,
    ),
    "reminder-background": Rule(
        _NOTE,
        "By the schema page a reminder is an ordinary toast unless a button works in the background.",
        _TOAST,
        _SAMPLES,
    ),
    "sound": Rule(_IGNORED, "The sound {detail}; Windows plays its default.", "wns.md 9.2 [W9]", "wns.md 3.3 [T4]"),
    "loop-duration": Rule(
        _IGNORED,
        "A sound loops only on a toast with a duration; this one plays once.",
        "wns.md 9.2 [W9]",
        "wns.md 3.3 [T4]",
    ),
    "loop-sound": Rule(
        _NOTE, "The sounds designed to loop are Looping.Alarm… and Looping.Call….", "wns.md 9.2 [W9]", "wns.md 3.3 [T4]"
    ),
    "commands": Rule(_NOTE, "<commands> is from Windows 8.1 and deprecated since Windows 10.", _TOAST),
    "camera-preview": Rule(_NOTE, "An experimental element of the Windows App SDK.", "wns.md 9.1 [T6]"),
    # Tiles
    "tile-version": Rule(_NOTE, "The version belongs on <visual>; here it is ignored.", _TILE, "wns.md 10.1 [T7]"),
    "needs-version": Rule(
        _IGNORED, 'The template needs <visual version="{detail}">; without it devices skip the binding.', _LEGACY
    ),
    "badge-version": Rule(
        _NOTE, 'According to the enumeration, the template needs version="3".', _LEGACY, "wns.md 12.1 [T1, T2]"
    ),
    "same-size": Rule(_IGNORED, "There is already a binding for the size {detail}; this one is ignored.", _LEGACY),
    "not-on-windows-10": Rule(_NOTE, "{detail}", "wns.md 12.1 [W11]"),
    "too-many-photos": Rule(_IGNORED, "A photos tile shows 12 images; this one is ignored.", "wns.md 10.2 [W10]"),
    "people-count": Rule(_NOTE, "{detail} images are recommended for this size.", "wns.md 10.2 [W10]"),
    "lock-screen": Rule(_IGNORED, "The lock screen reads its lines only from TileWide.", _TILE),
    "field-count": Rule(_IGNORED, "{detail}; the rest is ignored.", _LEGACY),
    "field-missing": Rule(_NOTE, "{detail}; the rest stays blank.", _LEGACY),
    "field-id": Rule(_NOTE, "Fields of legacy templates need ids, numbered from 1.", _LEGACY, "other senders' samples"),
    "badge-shows-99": Rule(_NOTE, "Anything over 99 shows as 99+.", "wns.md 11.1 [W9]"),
}
"""Every rule of the device by key. `{detail}` is filled in for each document."""

_KIND_RULES: dict[type, str] = {ImageSource: "image-source", SoundSource: "sound"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a device does differently from what the document says. `path` leads to the element, or with `@` to
    an attribute; `rule` is the key in RULES."""

    path: str
    rule: str
    message: str

    @property
    def severity(self) -> Severity:
        """How much is lost."""
        return RULES[self.rule].severity

    @property
    def source(self) -> str:
        """Where the rule is documented."""
        return RULES[self.rule].source

    @property
    def doubt(self) -> str:
        """What contradicts the rule, or ''."""
        return RULES[self.rule].doubt

    @property
    def is_objection(self) -> bool:
        """True when part of the document doesn't show or doesn't work."""
        return self.severity is not Severity.NOTE

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return {
            "path": self.path,
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "source": self.source,
            "doubt": self.doubt,
        }

    def __str__(self) -> str:
        return f"{self.path}: {self.message} ({self.source})"


@dataclass(slots=True)
class Inspection:
    """Collects the remarks on one document while it is processed."""

    remarks: list[Remark] = field(default_factory=list)

    def remark(self, rule: str, path: str, detail: object = "") -> None:
        """Adds a remark, with its detail filled in."""
        self.remarks.append(Remark(path, rule, RULES[rule].text.format(detail=detail)))

    def children(self, element: Element, path: str, *, known: tuple[str, ...]) -> Iterator[tuple[Element, str]]:
        """The known children, each with its path; remarks on the others, and on text between them."""
        if element.text.strip():
            self.remark("stray-text", path, element.text.strip()[:40])
        for child, place in numbered(element, path):
            if child.name in known and not child.namespace:
                yield child, place
            else:
                self.remark("camera-preview" if child.name == "cameraPreview" else "unknown-element", place, child.name)

    def nothing_inside(self, element: Element, path: str, *, has_text: bool = False) -> None:
        """Remarks on anything inside an element that should be empty, or contain only text."""
        for child, place in numbered(element, path):
            self.remark("unknown-element", place, child.name)
        if element.text.strip() and not has_text:
            self.remark("stray-text", path, element.text.strip()[:40])

    def attributes(self, element: Element, table: Schema, path: str) -> dict[str, Any]:
        """The attributes that a device accepts, by Python name; remarks on the others."""
        values: dict[str, Any] = {}
        fixed = dict(table.fixed)
        for wire, text in element.attributes.items():
            entry = table.by_wire.get(wire)
            if entry is not None:
                self._value(entry, text, f"{path}@{wire}", values)
            elif wire not in fixed:
                folded = {name.lower(): name for name in table.by_wire}.get(wire.lower())
                self.remark("attribute-case" if folded else "unknown-attribute", f"{path}@{wire}", folded)
        return values

    def _value(self, entry: Attribute, text: str, path: str, values: dict[str, Any]) -> None:
        if isinstance(entry.kind, ImageSource) and not text.strip():
            values[entry.name] = ""
            return self.remark("empty-image", path)
        try:
            value = entry.kind.read(entry.name, text)
            entry.kind.check(entry.name, value)
        except ValidationError as error:
            if isinstance(entry.kind, Choice) and text.lower() == "default":
                return self.remark("says-default", path)
            return self.remark(_KIND_RULES.get(type(entry.kind), "bad-value"), path, error.problem)
        if entry.kind.folds and entry.kind.write(value) != text:
            self.remark("value-case", path, entry.kind.write(value))
        values[entry.name] = value
        return None

    def requires(self, values: dict[str, Any], element: Element, table: Schema, path: str) -> bool:
        """True if every required attribute is present; a device skips the element otherwise."""
        missing = [entry.wire for entry in table.attributes if entry.required and entry.wire not in element.attributes]
        for wire in missing:
            self.remark("missing-attribute", path, wire)
        return not missing and all(entry.name in values for entry in table.attributes if entry.required)


def numbered(element: Element, path: str) -> Iterator[tuple[Element, str]]:
    """The children with their paths, numbered from 1 if several have the same name."""
    total = Counter(child.name for child in element)
    seen: Counter[str] = Counter()
    for child in element:
        seen[child.name] += 1
        number = f"[{seen[child.name]}]" if total[child.name] > 1 else ""
        yield child, f"{path}/{child.name}{number}"
