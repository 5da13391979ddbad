"""The only module that writes or reads XML.

Writing uses f-strings, because every send writes a notification: `in` and `replace` cost a tenth of building a tree. A
property test against an independent parser verifies that it reads back what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from winpush.errors import DocumentError, ValidationError

__all__ = [
    "PROLOG",
    "Element",
    "attribute",
    "check_text",
    "encode_document",
    "encoding_of",
    "escape",
    "leaf",
    "read",
]

PROLOG = '<?xml version="1.0" encoding="utf-8"?>'

# XML 1.0, production 2 (Char): other characters can't be written at all, not even as references.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MAX_DEPTH = 64

_DECLARED = re.compile(rb"""\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)["']""")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    # Without a mark it begins so (XML 1.0, appendix F); its NULs are valid UTF-8.
    (b"<\x00", "utf-16"),
    (b"\x00<", "utf-16"),
)
_UTF8 = ("utf-8", "us-ascii")


def check_text(field: str, value: str) -> str:
    """Returns the value. Raises ValidationError naming the field and a character that XML can't contain."""
    # Printable text has no forbidden characters: one C call saves the regular expression.
    if not value.isprintable() and (match := _FORBIDDEN.search(value)):
        raise ValidationError(
            field,
            f"contains the character U+{ord(match[0]):04X} at position {match.start()}, which XML can't contain",
        )
    return value


def escape(value: str) -> str:
    """Escapes text for use between tags or in quotes of either kind, so that it reads back exactly."""
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
    if "\r" in value:  # a parser turns a bare carriage return into a line feed
        value = value.replace("\r", "&#13;")
    return value


def leaf(name: str, value: str) -> str:
    """`<name>value</name>`, without white space inside, which broke delivery for one library (mpns.md 4 [L10])."""
    return f"<{name}>{escape(value)}</{name}>"


def attribute(name: str, value: str) -> str:
    """` name="value"`, with a leading space; line ends and tabs as references, which a parser keeps."""
    text = escape(value)
    if "\n" in text or "\t" in text:
        text = text.replace("\n", "&#10;").replace("\t", "&#9;")
    return f' {name}="{text}"'


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a parsed document. `name` has no prefix; `namespace` is the URI or ''.

    `text` is the character data directly inside, joined. Prefixed attribute names are resolved to `{namespace}name`.
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
    """Builds Elements from expat's events, bottom up."""

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
        raise DocumentError("document", "declares a DOCTYPE, which notifications can't have; remove it")


def _braced(name: str) -> str:
    namespace, separator, local = name.rpartition(" ")
    return f"{{{namespace}}}{local}" if separator else name


def read(document: bytes | str) -> Element:
    """Parses a document and returns its root element. Raises DocumentError with the position of a syntax error.

    Of text it doesn't matter which encoding it says it has.
    """
    if not isinstance(document, str | bytes | bytearray):
        raise ValidationError("document", f"must be text or bytes, not {type(document).__name__}")
    builder = _Builder()
    try:
        builder.parser.Parse(document, True)  # noqa: FBT003 - expat takes it by place only
    except expat.ExpatError as error:
        place = f"in line {error.lineno}, column {error.offset + 1}"
        data = document.encode() if isinstance(document, str) else document
        character = _forbidden_at(data, builder.parser.ErrorByteIndex)
        what = expat.ErrorString(error.code) if character is None else f"XML can't contain the character {character}"
        raise DocumentError("document", f"is not well-formed XML: {what} {place}") from None
    except (LookupError, ValueError, UnicodeError) as error:  # an unknown encoding, or undecodable bytes
        if isinstance(error, DocumentError):
            raise
        raise DocumentError("document", f"can't be decoded ({error}); send it as UTF-8") from None
    if builder.root is None:
        raise DocumentError("document", "has no root element")
    return builder.root


def _forbidden_at(document: bytes, index: int) -> str | None:
    """The character at this index if XML can't contain it: a common mistake, so the message names it."""
    found = _FORBIDDEN.match(document[index : index + 4].decode("utf-8", "ignore"))
    return None if found is None else f"U+{ord(found[0]):04X}"


def encoding_of(document: bytes) -> str:
    """The encoding of a document, in lower case, by its byte order mark or its declaration; otherwise UTF-8."""
    for mark, encoding in _MARKS:
        if document.startswith(mark) and encoding != "utf-8":
            return encoding
    declared = _DECLARED.match(document.removeprefix(_MARKS[0][0]))
    return declared[1].decode("latin-1").lower() if declared else "utf-8"


def encode_document(document: object, service: str) -> bytes:
    """A caller's own document as bytes. Raises ValidationError unless it is, and declares if anything, UTF-8."""
    if isinstance(document, str):
        try:
            body = document.encode()
        except UnicodeEncodeError as error:
            raise ValidationError(
                "document", f"has a lone surrogate at position {error.start}, which UTF-8 can't encode"
            ) from None
    elif isinstance(document, bytes | bytearray):
        body = bytes(document)
    else:
        raise ValidationError("document", f"must be text or bytes, not {type(document).__name__}")
    encoding = encoding_of(body)
    if encoding not in _UTF8:
        raise ValidationError("document", f"has the encoding {encoding!r}; {service} accepts UTF-8")
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError("document", f"is not UTF-8: byte {error.start} can't be decoded") from None
    return body
