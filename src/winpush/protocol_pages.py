"""The protocol reference's pages as shipped: where they are, what they contain, and their sections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from winpush.citations import PAGES, SOURCES, Citation
from winpush.errors import ValidationError

__all__ = ["NAMES", "Section", "folder", "page", "section", "sections", "source", "uri", "with_whole_links"]

NAMES = (*PAGES, SOURCES)
"""The pages' names, without `.md`."""

_HEADING = re.compile(r'^<a id="(?P<anchor>s[\d-]+)"></a>\n(?P<marks>##+) (?P<number>[\d.]+?)\.? (?P<title>.+)$', re.M)
_ANCHOR = re.compile(r'<a id="[^"]*"></a>\n?')
_DEFINITIONS = re.compile(r"^\[\w+\]: .*\n?", re.M)
# A link to a page, to a place on the same one, or by a key alone.
_LINK = re.compile(r"\]\((?P<page>\w+\.md)?(?P<place>#[\w-]+)?\)|\[(?P<key>[A-Z][0-9]{1,2}[a-z]?)\](?![(:])")


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a page, with its subsections: `number` as it is cited (`9.1`), `depth` from 1, `markdown` the text
    including the heading."""

    page: str
    number: str
    title: str
    depth: int
    anchor: str
    markdown: str


def folder() -> Path:
    """Where the pages are: in the installed package, or in the `docs` of a checkout."""
    here = Path(__file__).parent
    shipped = here / "protocol"
    return shipped if shipped.is_dir() else here.parents[1] / "docs" / "protocol"


def page(name: str) -> str:
    """A page's Markdown. Raises ValidationError for a page that doesn't exist."""
    if name not in NAMES:
        raise ValidationError("page", f"must be one of {', '.join(NAMES)}, not {name!r}")
    return (folder() / f"{name}.md").read_text(encoding="utf-8")


def uri(citation: Citation) -> str:
    """The `file:` URI of the cited place."""
    return f"{(folder() / f'{citation.page}.md').resolve().as_uri()}#{citation.anchor}"


def sections(name: str) -> tuple[Section, ...]:
    """The numbered sections of a page, in order; none for `sources`, whose sections have no numbers."""
    text = _DEFINITIONS.sub("", page(name))
    found = list(_HEADING.finditer(text))
    made = []
    for place, heading in enumerate(found):
        depth = len(heading["marks"]) - 1
        later = (other.start() for other in found[place + 1 :] if len(other["marks"]) - 1 <= depth)
        body = text[heading.start() : next(later, len(text))]
        made.append(Section(name, heading["number"], heading["title"], depth, heading["anchor"], _plain(body)))
    return tuple(made)


def _plain(text: str) -> str:
    return _ANCHOR.sub("", text).strip() + "\n"


def section(name: str, number: str) -> Section:
    """One section by its number. Raises ValidationError for one that doesn't exist."""
    known = sections(name)
    for each in known:
        if each.number == number:
            return each
    raise ValidationError("section", f"{number!r} is not in {name}; type 'winpush protocol {name}' for the list")


def source(key: str) -> str:
    """The source behind a key, as Markdown. Raises ValidationError for an unknown key."""
    found = re.search(rf'^\| <a id="{re.escape(key.lower())}"></a>(\S+) \| (.+) \|$', page(SOURCES), re.M)
    if found is None:
        raise ValidationError("key", f"there is no source {key!r}; type 'winpush protocol sources' for all")
    return f"**{found[1]}** {found[2]}\n"


def with_whole_links(text: str, name: str) -> str:
    """The Markdown of a page or part of it, with absolute links to the shipped pages."""
    base = folder().resolve()

    def whole(link: re.Match[str]) -> str:
        if link["key"]:
            return rf"[\[{link['key']}\]]({(base / f'{SOURCES}.md').as_uri()}#{link['key'].lower()})"
        return f"]({(base / (link['page'] or f'{name}.md')).as_uri()}{link['place'] or ''})"

    return _LINK.sub(whole, _DEFINITIONS.sub("", text))
