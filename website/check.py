"""Checks a built site: `python website/check.py [FOLDER]`. Every link leads to an existing page and
anchor, and no page loads images, scripts or styles from another host."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

# What the browser fetches by itself; an `a` is followed only if the reader clicks it.
_FETCHED = {"src", "srcset", "data", "poster"}


class Page(HTMLParser):
    """A page's anchors, its links, and what it fetches."""

    def __init__(self, path: Path) -> None:
        """Reads a page."""
        super().__init__()
        self.places: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element's anchor, link and sources."""
        values = {name: value or "" for name, value in attrs}
        self.places |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif "href" in values and tag != "base":
            self.fetched.append(values["href"])
        self.fetched += [values[name] for name in _FETCHED & values.keys()]


def problems(site: Path) -> Iterator[str]:
    """What is wrong with a site, one line per problem."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        here = path.relative_to(site)
        if here.name == "404.html":  # is served at any path, so its relative links can't be checked
            continue
        for address in page.fetched:
            if is_elsewhere(address):
                yield f"{here}: fetches {address} from another host"
        for address in page.links + page.fetched:
            if not is_elsewhere(address) and not leads_somewhere(site, path, address, pages):
                yield f"{here}: {address} leads nowhere"
    for sheet in sorted(site.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8")
        if "@import" in text or "url(http" in text.replace('"', "").replace("'", ""):
            yield f"{sheet.relative_to(site)}: fetches from another host"


def is_elsewhere(address: str) -> bool:
    """Whether an address is on another host, or isn't a file's, such as `mailto:`."""
    parts = urlsplit(address)
    return bool(parts.scheme or parts.netloc)


def leads_somewhere(site: Path, page: Path, address: str, pages: dict[Path, Page]) -> bool:
    """Whether the address's file exists and has its anchor."""
    path, place = urldefrag(address)
    target = page
    if path:
        path = unquote(path.partition("?")[0])
        target = site / path.lstrip("/") if path.startswith("/") else page.parent / path
        target = (target / "index.html" if target.is_dir() else target).resolve()
    if not target.is_file():
        return False
    return not place or target not in pages or unquote(place) in pages[target].places


def main(arguments: list[str]) -> int:
    """Prints the problems of a site; returns the exit code."""
    site = Path(arguments[0] if arguments else ".site").resolve()
    found = list(problems(site))
    print("\n".join(found) or f"All links lead somewhere: {site}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
