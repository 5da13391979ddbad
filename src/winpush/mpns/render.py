"""What a phone would show of a payload.

The service barely checks the schema (mpns.md 4.1), so a document can be accepted and still never appear. These are the
phone's own rules, element by element, for developers without a phone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from winpush._text import whole
from winpush.errors import ValidationError
from winpush.mpns import checks
from winpush.mpns.fields import CLEAR, TILE_FIELDS, TOAST_FIELDS, Clear, Field, Kind, Template
from winpush.mpns.notifications import reads
from winpush.mpns.payloads import Attribute, Document, known_attributes, template_of

__all__ = ["Shown", "show"]

_NO_TEXT = "There is no text. It is assumed that a phone then shows no toast: no source says so."
_TOAST_BY_WIRE = {field.wire: field for field in TOAST_FIELDS}
_TILE_BY_WIRE = {field.wire: field for field in TILE_FIELDS.values()}


@dataclass(frozen=True, slots=True)
class Shown:
    """What changes on the phone: `values` by Python name (text, a count, or CLEAR), and why the rest doesn't show.

    `template` is the tile's template name; `tile_id` is '' for the app's own tile.
    """

    kind: str
    template: str | None = None
    tile_id: str = ""
    values: dict[str, str | int | Clear] = field(default_factory=dict)
    silent: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """True if the phone would show none of it."""
        return not self.values


def show(document: Document, version: str) -> Shown:
    """What a phone of this version (one of VERSIONS) shows of a toast or tile document."""
    shown = _show_toast(document, version) if document.kind == "toast" else _show_tile(document, version)
    remarks = tuple(_remark_attribute(document, attribute) for attribute in document.strange)
    return replace(shown, remarks=(*remarks, *shown.remarks)) if remarks else shown


def _remark_attribute(document: Document, attribute: Attribute) -> str:
    place = f"{attribute.element}: the attribute {attribute.name}"
    if attribute.name == "Action":
        return f'{place} is {attribute.value[:40]!r}; phones only know Action="Clear", so nothing is cleared.'
    known = known_attributes(attribute.element)
    meant = next((name for name in known if name.lower() == attribute.name.lower()), None)
    if meant is not None:
        advice = f"names are case-sensitive, write {meant}"
    else:
        advice = f"known here are {' and '.join(known)}" if known else "this element has none"
    effect = ""
    if attribute.element == "Tile" and document.tile_id is None and meant != "Template":
        effect = " Without Id the update goes to the app's own tile."
    elif attribute.element == "Tile" and meant == "Template" and document.template is None:
        effect = " Without Template this is a tile of Windows Phone 7."
    return f"{place}={attribute.value[:40]!r} is unknown to phones and ignored: {advice}.{effect}"


def _show_toast(document: Document, version: str) -> Shown:
    remarks: list[str] = []
    values = _read_values(document, _TOAST_BY_WIRE, frozenset(_TOAST_BY_WIRE), version, remarks)
    cleared = [name for name, value in values.items() if value is CLEAR]
    for name in cleared:
        remarks.append(f'{name}: Action="Clear" is for tiles; a toast ignores the element.')
        del values[name]
    if not any(str(values.get(name, "")).strip() for name in ("text1", "text2")):
        return Shown("toast", remarks=(*remarks, _NO_TEXT))
    silent = document.silent and reads(version, "8.0")
    return Shown("toast", values=values, silent=silent, remarks=tuple(remarks))


def _show_tile(document: Document, version: str) -> Shown:
    template = template_of(document)
    if template is None:
        return Shown("tile", remarks=(f"Template: no phone recognises {document.template!r}; the update is ignored.",))
    if not reads(version, template.since):
        return Shown(
            "tile",
            template.name,
            remarks=(
                f"Template: {template.name} came with Windows Phone {template.since}; {version} ignores the update.",
            ),
        )
    remarks: list[str] = []
    tile_id = document.tile_id or ""
    if tile_id and not reads(version, "7.1"):
        return Shown(
            "tile", template.name, remarks=("Id: Windows Phone 7.0 has no secondary tiles; the update is ignored.",)
        )
    if tile_id and not tile_id.startswith("/"):
        remarks.append("Id: a secondary tile's navigation URI starts with '/'; no tile on a phone has this one.")
        return Shown("tile", template.name, remarks=tuple(remarks))
    if template.wire and document.version is None:
        remarks.append(
            'Version: Microsoft\'s samples of this template say Version="2.0"; whether phones require it is unverified.'
        )
    allowed = frozenset(TILE_FIELDS[name].wire for name in template.fields)
    values = _read_values(document, _TILE_BY_WIRE, allowed, version, remarks)
    _drop_uncleared(values, template, version, remarks)
    if not values:
        remarks.append("Nothing on the tile changes.")
    return Shown("tile", template.name, tile_id, values, remarks=tuple(remarks))


def _read_values(
    document: Document, known: dict[str, Field], allowed: frozenset[str], version: str, remarks: list[str]
) -> dict[str, str | int | Clear]:
    values: dict[str, str | int | Clear] = {}
    for wire, value in document.values:
        field_ = known.get(wire)
        if field_ is None:
            remarks.append(f"{wire}: no phone recognises this element; it is ignored.")
        elif wire not in allowed:
            remarks.append(f"{wire}: not part of this tile template; it is ignored.")
        elif not reads(version, field_.since):
            remarks.append(f"{wire}: came with Windows Phone {field_.since}; {version} ignores it.")
        elif (read := _read_value(field_, value, remarks)) is not None:
            if field_.name in values:
                remarks.append(f"{wire}: occurs more than once; which one a phone takes is unverified.")
            values[field_.name] = read
    return values


def _read_value(field_: Field, value: str | Clear, remarks: list[str]) -> str | int | Clear | None:
    if isinstance(value, Clear):
        return value
    if not (value if field_.kind is Kind.TEXT else value.strip()):
        remarks.append(
            f'{field_.wire}: is empty, which is treated as no change (unverified); Action="Clear" erases it.'
        )
        return None
    if field_.kind is Kind.COUNT:
        return _read_count(field_, value.strip(), remarks)
    try:
        checks.CHECKS[field_.kind](field_.wire, value)
    except ValidationError as error:
        remarks.append(f"{error}; the phone ignores it.")
        return None
    _remark_doubt(field_, value, remarks)
    return value


def _remark_doubt(field_: Field, value: str, remarks: list[str]) -> None:
    if not value.strip():
        remarks.append(f"{field_.wire}: is blank; whether a phone shows that or keeps what it has is unverified.")
    scheme = checks.scheme_of(value) if field_.kind in (Kind.IMAGE, Kind.SOUND) else None
    if scheme in checks.UNVERIFIED_SCHEMES:
        remarks.append(f"{field_.wire}: whether a push can name a file with {scheme}: is unverified; send its path.")


def _read_count(field_: Field, text: str, remarks: list[str]) -> int | None:
    if not (text.isascii() and text.isdigit()):
        remarks.append(f"{field_.wire}: {text!r} is not a whole number; the phone ignores it.")
        return None
    count = whole(text)
    if count > checks.MAX_COUNT:
        remarks.append(
            f"{field_.wire}: {text[:12]} is over {checks.MAX_COUNT}; the documentation doesn't say what a phone shows."
        )
        return None
    return count


def _drop_uncleared(values: dict[str, str | int | Clear], template: Template, version: str, remarks: list[str]) -> None:
    for name in [name for name, value in values.items() if value is CLEAR]:
        if not reads(version, "7.1"):
            remarks.append(f'{TILE_FIELDS[name].wire}: Action="Clear" came with 7.1; {version} ignores it.')
            del values[name]
        elif name in template.not_clearable and not reads(version, "8.0"):
            remarks.append(f"{TILE_FIELDS[name].wire}: the front image of a 7.x tile can't be cleared.")
            del values[name]
