"""Writes MPNS payloads for notifications, and reads anyone's documents (mpns.md 4 to 6).

Writing is strict: our types can't express an invalid document. Reading is lenient, as the service was: elements may
come in any order, `Action="Clear"` clears even when there is content, and unknown elements are kept by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from winpush._xml import PROLOG, Element, attribute, escape, leaf, read
from winpush.errors import DocumentError
from winpush.mpns.fields import CLEAR, TEMPLATES, TILE_FIELDS, Clear, Template

__all__ = ["NAMESPACE", "Attribute", "Document", "known_attributes", "read_document", "write_tile", "write_toast"]

NAMESPACE = "WPNotification"
_OPEN = f'{PROLOG}<wp:Notification xmlns:wp="{NAMESPACE}">'
# Templates of Windows Phone 8 carry the version. Whether phones require it is unverified, so it is always sent.
_OPEN_2 = f'{PROLOG}<wp:Notification xmlns:wp="{NAMESPACE}" Version="2.0">'
_CLOSE = "</wp:Notification>"


def write_toast(text1: str | None, text2: str | None, param: str | None, sound: str | None, silent: bool) -> bytes:
    """A toast document, with its elements in the documented order."""
    return "".join(
        (
            _OPEN,
            "<wp:Toast>",
            f"<wp:Text1>{escape(text1)}</wp:Text1>" if text1 else "",
            f"<wp:Text2>{escape(text2)}</wp:Text2>" if text2 else "",
            f"<wp:Param>{escape(param)}</wp:Param>" if param else "",
            f"<wp:Sound>{escape(sound)}</wp:Sound>" if sound else '<wp:Sound Silent="true"/>' if silent else "",
            "</wp:Toast>",
            _CLOSE,
        )
    ).encode()


def write_tile(template: Template, tile_id: str | None, values: Mapping[str, object]) -> bytes:
    """A tile document. `values` maps Python names to text, a count, CLEAR, or None for a field left out."""
    parts = [_OPEN if template.wire is None else _OPEN_2, "<wp:Tile"]
    if tile_id is not None:
        parts.append(attribute("Id", tile_id))
    if template.wire is not None:
        parts.append(attribute("Template", template.wire))
    parts.append(">")
    for name in template.fields:
        value = values[name]
        if value is CLEAR:
            wire = TILE_FIELDS[name].wire
            parts.append(f'<wp:{wire} Action="Clear"></wp:{wire}>')
        elif value is not None:
            parts.append(leaf(f"wp:{TILE_FIELDS[name].wire}", str(value)))
    parts.append(f"</wp:Tile>{_CLOSE}")
    return "".join(parts).encode()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute as it was written, and the name of its element."""

    element: str
    name: str
    value: str


# The attributes that phones know (mpns.md 4 to 6); names are case-sensitive. Fields also have those of _ON_FIELDS.
ATTRIBUTES = {"Notification": ("Version",), "Tile": ("Id", "Template"), "Toast": (), "Sound": ("Silent",)}
_ON_FIELDS = ("Action", "IsRelative")
_XML_NAMESPACE = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(frozen=True, slots=True)
class Document:
    """The contents of a toast or tile document, before validation.

    `kind` is `toast` or `tile`; `template` is the tile's Template attribute; `values` are pairs of wire name and text
    or CLEAR, in document order; `silent` means `<wp:Sound Silent="true"/>`; `version` is the root's Version.
    `strange` are the attributes that no phone knows, each with its element and value.
    """

    kind: str
    template: str | None
    tile_id: str | None
    values: tuple[tuple[str, str | Clear], ...]
    silent: bool = False
    version: str | None = None
    strange: tuple[Attribute, ...] = ()

    @property
    def fields(self) -> dict[str, str | Clear]:
        """`values` by wire name; if an element occurs twice, the last one wins."""
        return dict(self.values)


def read_document(body: bytes | str) -> Document:
    """Reads toast or tile XML. Raises DocumentError for anything but a well-formed toast or tile."""
    root = read(body)
    if root.name != "Notification" or root.namespace != NAMESPACE:
        raise DocumentError(
            "document", f'has the root <{root.name}>; a toast or tile has <wp:Notification xmlns:wp="{NAMESPACE}">'
        )
    if len(root.children) != 1:
        raise DocumentError(
            "document", f"has {len(root.children)} elements in its root; there must be exactly one, a Toast or Tile"
        )
    inner = root.children[0]
    if inner.namespace != NAMESPACE or inner.name not in ("Toast", "Tile"):
        raise DocumentError("document", f"contains <{inner.name}>; it must contain one wp:Toast or wp:Tile")
    version = root.attributes.get("Version")
    silent = inner.name == "Toast" and any(child.name == "Sound" and _is_silent(child) for child in inner)
    values = tuple((child.name, _value(child)) for child in inner if not (silent and child.name == "Sound"))
    attributes = inner.attributes if inner.name == "Tile" else {}
    strange = tuple(found for element in (root, inner, *inner) for found in _strange(element))
    return Document(
        inner.name.lower(), attributes.get("Template"), attributes.get("Id"), values, silent, version, strange
    )


def known_attributes(element: str) -> tuple[str, ...]:
    """The attributes that phones know on an element."""
    own = ATTRIBUTES.get(element, ())
    return own if element in ("Notification", "Tile", "Toast") else (*own, *_ON_FIELDS)


def _strange(element: Element) -> Iterator[Attribute]:
    for name, value in element.attributes.items():
        is_known = name in known_attributes(element.name) and (name != "Action" or value == "Clear")
        if not is_known and not name.startswith(_XML_NAMESPACE):
            yield Attribute(element.name, name, value)


def _is_silent(sound: Element) -> bool:
    return sound.attributes.get("Silent", "").lower() == "true"


def _value(element: Element) -> str | Clear:
    if element.namespace != NAMESPACE or element.children:
        raise DocumentError(
            "document", f"has <{element.name}> in line {element.line}, which is not a plain wp: element"
        )
    return CLEAR if element.attributes.get("Action") == "Clear" else element.text


def template_of(document: Document) -> Template | None:
    """The template that a tile document names; None if no phone recognises it."""
    name = document.template or "Tile"
    return TEMPLATES.get(name)
