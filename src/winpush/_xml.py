"""The only place that writes or reads XML.

Written by f-string, since a notification is written for every send: an `in` test and a `replace` cost a tenth of what
a tree does. A property test against an independent parser proves that what is written is what is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from winpush.errors import DocumentError, ValidationError

__all__ = ["PROLOG", "Element", "attribute", "check_text", "escape", "leaf", "read"]

PROLOG = '<?xml version="1.0" encoding="utf-8"?>'

# XML 1.0, production 2 (Char): what stands outside can't be written in any form, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MAX_DEPTH = 64


def check_text(field: str, value: str) -> str:
    """Returns the value. Raises ValidationError naming the field and the character that XML can't carry."""
    # Printable text has none of them: one call in C instead of a scan by the regular expression.
    if not value.isprintable() and (match := _FORBIDDEN.search(value)):
        raise ValidationError(
            field, f"contains the character U+{ord(match[0]):04X} at position {match.start()}, which XML can't carry"
        )
    return value


def escape(value: str) -> str:
    """Text as it stands between tags or quotes, of either kind, so that it is read back exactly."""
    if "&" in value:
        value = value.replace("&", "&amp;")
    if "<" in value:
        value = value.replace("<", "&lt;")
    if ">" in value:
        value = value.replace(">", "&gt;")
    if '"' in value:
        value = value.replace('"', "&quot;")
    if "'" in value:
        value = value.replace("'", "&apos;")
    if "\r" in value:  # a reader turns a bare carriage return into a line feed
        value = value.replace("\r", "&#13;")
    return value


def leaf(name: str, value: str) -> str:
    """`<name>value</name>`, without white space inside: one library found that it broke delivery (mpns.md 4 [L10])."""
    return f"<{name}>{escape(value)}</{name}>"


def attribute(name: str, value: str) -> str:
    """` name="value"`, with a leading space; line ends and tabs as references, or a reader would make them spaces."""
    text = escape(value)
    if "\n" in text or "\t" in text:
        text = text.replace("\n", "&#10;").replace("\t", "&#9;")
    return f' {name}="{text}"'


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a document that was read. `name` is without prefix, `namespace` the URI or ''.

    `text` is the character data directly inside, joined; attribute names are as written, prefixes resolved as
    `{namespace}name`.
    """

    name: str
    namespace: str
    attributes: dict[str, str]
    children: tuple[Element, ...]
    text: str
    line: int

    def __iter__(self) -> Iterator[Element]:
        return iter(self.children)


class _Builder:
    """Collects expat's events into Elements, from the leaves up."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.open: list[tuple[str, dict[str, str], list[Element], list[str], int]] = []
        self.root: Element | None = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise DocumentError("document", f"nests elements more than {MAX_DEPTH} deep")
        named = {_braced(key): value for key, value in attributes.items()}
        self.open.append((name, named, [], [], self.parser.CurrentLineNumber))

    def _end(self, _name: str) -> None:
        name, attributes, children, text, line = self.open.pop()
        namespace, _, local = name.rpartition(" ")
        element = Element(local, namespace, attributes, tuple(children), "".join(text), line)
        if self.open:
            self.open[-1][2].append(element)
        else:
            self.root = element

    def _text(self, data: str) -> None:
        self.open[-1][3].append(data)

    def _doctype(self, *_: object) -> None:
        raise DocumentError("document", "declares a DOCTYPE; a notification has none, and entities are an attack")


def _braced(name: str) -> str:
    namespace, separator, local = name.rpartition(" ")
    return f"{{{namespace}}}{local}" if separator else name


def read(document: bytes) -> Element:
    """Reads a document into its root element. Raises DocumentError that says where it is not well-formed."""
    builder = _Builder()
    try:
        builder.parser.Parse(document, True)  # noqa: FBT003 - expat takes it by place only
    except expat.ExpatError as error:
        problem = (
            f"is not well-formed XML: {expat.ErrorString(error.code)} in line {error.lineno}, column {error.offset + 1}"
        )
        raise DocumentError("document", problem) from None
    except (LookupError, ValueError, UnicodeError) as error:  # an encoding that Python doesn't know, or can't decode
        if isinstance(error, DocumentError):
            raise
        raise DocumentError("document", f"can't be decoded: {error}") from None
    if builder.root is None:
        raise DocumentError("document", "has no element")
    return builder.root
