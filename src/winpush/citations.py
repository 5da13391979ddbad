"""Citations of the protocol reference: how to write a rule's source, and which place on which page it names.

There is one notation. A section: `wns.md 9.1`; several on one page: `wns.md 9.1, 10.1`, `mpns.md 2 and 3`,
`mpns.md 4 to 6`. A source: `[W8]`; several: `[W11, W12]`; with the place in it: `[G2: push-notify issue 10]`. Both:
`wns.md 9.1 [W8]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["PAGES", "SOURCES", "Citation", "cited", "parse"]

PAGES = ("wns", "mpns", "webpush")
"""The pages that are cited by section."""
SOURCES = "sources"
"""The page that is cited by key."""

_NUMBER = r"[0-9]+(?:\.[0-9]+)*"
_KEY = r"[ABGLMRSTW][0-9]{1,2}[a-z]?"
_SECTIONS = rf"\b(?P<page>{'|'.join(PAGES)})\.md (?P<numbers>{_NUMBER}(?:(?:, | and | to ){_NUMBER})*)"
_KEYS = rf"\[(?P<keys>{_KEY}(?:, {_KEY})*(?:: [^\[\]\n]+)?)\]"
_CITATION = re.compile(f"{_SECTIONS}|{_KEYS}", re.ASCII)
_NUMBERS = re.compile(_NUMBER)
_KEYS_APART = re.compile(rf"({_KEY})(?:: [^\[\]\n]+)?")


@dataclass(frozen=True, slots=True)
class Citation:
    """One place that a text cites: `text` is the citation as written, `page` is one of `PAGES`, or `sources`."""

    text: str
    page: str
    anchor: str

    @property
    def target(self) -> str:
        """The link to it from another page: `wns.md#s9-1`."""
        return f"{self.page}.md#{self.anchor}"


def parse(text: str) -> tuple[str | Citation, ...]:
    """The text split into plain pieces and citations; joined again, they give the text."""
    pieces: list[str | Citation] = []
    end = 0
    for start, citation in _found(text):
        if start > end:
            pieces.append(text[end:start])
        pieces.append(citation)
        end = start + len(citation.text)
    if end < len(text):
        pieces.append(text[end:])
    return tuple(pieces)


def cited(text: str) -> tuple[Citation, ...]:
    """The citations of a text, without the text between them."""
    return tuple(citation for _, citation in _found(text))


def _found(text: str) -> Iterator[tuple[int, Citation]]:
    """Where each citation of the text begins, and the citation."""
    for match in _CITATION.finditer(text):
        if match["page"]:
            for number in _NUMBERS.finditer(text, match.start("numbers"), match.end("numbers")):
                start = match.start() if number.start() == match.start("numbers") else number.start()
                anchor = "s" + number[0].replace(".", "-")
                yield start, Citation(text[start : number.end()], match["page"], anchor)
        else:
            for key in _KEYS_APART.finditer(text, match.start("keys"), match.end("keys")):
                yield key.start(), Citation(key[0], SOURCES, key[1].lower())
