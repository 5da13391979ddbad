"""What a device objects to in a document: remarks, and the collector that creates them from the table of rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from winpush._xml import Element
from winpush.errors import ValidationError
from winpush.wns.render.rules import DOUBTS, RULES, Rule, Severity
from winpush.wns.schema.attributes import ELSEWHERE, Attribute, Schema
from winpush.wns.schema.types import Choice, Flag, ImageSource, Moment, SoundSource, has_many_decimals, is_usual_moment

__all__ = ["RULES", "Inspection", "Remark", "Rule", "Severity", "numbered"]

_KIND_RULES: dict[type, str] = {ImageSource: "image-source", SoundSource: "sound"}
# Other senders' names for an element (wns.md 15).
_OTHER_NAMES = {"img": "image"}
_BOUND = re.compile(r"\{[A-Za-z_][\w.-]*\}")
_DISPLAYED = frozenset(
    {
        "content",
        "defaultInput",
        "displayName",
        "imageUri",
        "placeHolderContent",
        "src",
        "status",
        "title",
        "value",
        "valueStringOverride",
    }
)


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
        return DOUBTS.get((self.rule, self.path.partition("@")[2]), RULES[self.rule].doubt)

    @property
    def is_objection(self) -> bool:
        """True if part of the document doesn't show or doesn't work."""
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
    """Collects the remarks on one document while it is processed. `on_phone`: the device is a Windows Phone."""

    remarks: list[Remark] = field(default_factory=list)
    on_phone: bool = False

    def remark(self, rule: str, path: str, detail: object = "") -> None:
        """Adds a remark, with its detail filled in."""
        self.remarks.append(Remark(path, rule, RULES[rule].text.format(detail=detail)))

    def children(self, element: Element, path: str, *, known: tuple[str, ...]) -> Iterator[tuple[Element, str]]:
        """The known children, each with its path. Adds remarks about the others, and about text between them."""
        if element.text.strip():
            self.remark("stray-text", path, element.text.strip()[:40])
        for child, place in numbered(element, path):
            if child.name in known and not child.namespace:
                yield child, place
            else:
                self._unknown(child.name, place, known)

    def _unknown(self, name: str, place: str, known: tuple[str, ...]) -> None:
        meant = {each.lower(): each for each in known}.get(_OTHER_NAMES.get(name.lower(), name.lower()), name)
        if meant != name:
            return self.remark("element-name", place, f"<{meant}>, not <{name}>")
        return self.remark("calling-preview" if name == "cameraPreview" else "unknown-element", place, name)

    def nothing_inside(self, element: Element, path: str, *, has_text: bool = False) -> None:
        """Adds remarks about anything inside an element that should be empty, or contain only text."""
        for child, place in numbered(element, path):
            self.remark("unknown-element", place, child.name)
        if element.text.strip() and not has_text:
            self.remark("stray-text", path, element.text.strip()[:40])

    def attributes(self, element: Element, table: Schema, path: str) -> dict[str, Any]:
        """The attributes that a device accepts, by Python name. Adds remarks about the others."""
        values: dict[str, Any] = {}
        fixed = dict(table.fixed)
        for wire, text in element.attributes.items():
            entry = table.by_wire.get(wire)
            if entry is not None:
                self._value(entry, text, f"{path}@{wire}", values)
                if wire in _DISPLAYED:
                    self.check_binding(text, f"{path}@{wire}", works=table.element == "progress")
            elif wire in fixed:
                if text != fixed[wire]:
                    self.remark("value-case", f"{path}@{wire}", fixed[wire])
            else:
                folded = {name.lower(): name for name in table.by_wire}.get(wire.lower())
                rule = "attribute-case" if folded else ELSEWHERE.get((table.element, wire), "unknown-attribute")
                self.remark(rule, f"{path}@{wire}", folded)
        return values

    def _value(self, entry: Attribute, text: str, path: str, values: dict[str, Any]) -> None:
        if isinstance(entry.kind, ImageSource) and not text.strip():
            values[entry.name] = ""
            return self.remark("empty-image", path)
        try:
            value = entry.kind.read(entry.name, text)
            entry.kind.check(entry.name, value)
        except ValidationError as error:
            return self._bad_value(entry, text, path, error.problem)
        if entry.kind.folds and entry.kind.write(value) != text:
            self.remark("value-case", path, entry.kind.write(value))
        if isinstance(entry.kind, Flag) and entry.kind.write(value) != text.strip():
            self.remark("boolean-number", path, entry.kind.write(value))
        if isinstance(entry.kind, Moment) and not is_usual_moment(text):
            self.remark("timestamp-form", path, entry.kind.write(value))
        values[entry.name] = value
        return None

    def _bad_value(self, entry: Attribute, text: str, path: str, problem: str) -> None:
        folded = text.strip().lower()
        if isinstance(entry.kind, Choice) and folded == "default":
            self.remark("says-default", path)
        elif isinstance(entry.kind, Flag) and folded in ("true", "false"):
            self.remark("hint-boolean-case" if entry.wire.startswith("hint-") else "boolean-case", path, folded)
        elif isinstance(entry.kind, Moment) and has_many_decimals(text):
            self.remark("timestamp-decimals", path)
        else:
            self.remark(_KIND_RULES.get(type(entry.kind), "bad-value"), path, problem)

    def check_binding(self, text: str, path: str, *, works: bool) -> None:
        """Adds a remark about `{name}`: an app can bind it to data, a push can't. `works`: binding works in this
        place."""
        if match := _BOUND.fullmatch(text.strip()):
            self.remark("data-binding" if works else "data-binding-place", path, match[0])

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
