"""The protocol reference as pages of HTML, in the style of the emulator's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from winpush.protocol_pages import NAMES, page

__all__ = ["render"]

_TITLES = {"wns": "WNS", "mpns": "MPNS", "webpush": "Web Push", "sources": "Sources"}
# An anchor on a line of its own before a heading names that heading.
_ANCHORED = re.compile(r'<p>(<a id="[^"]+"></a>)</p>\n<(h\d)>')
_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="referrer" content="no-referrer">
  <title>{title} · winpush</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/web/style.css">
  <link rel="stylesheet" href="/web/reference.css">
</head>
<body>
  <header class="masthead">
    <p class="brand">
      <span class="brand-mark" aria-hidden="true"></span>winpush <span class="brand-thin">protocol</span>
    </p>
    <nav class="pages" aria-label="Pages">{links}</nav>
  </header>
  <main class="reference">
{body}
  </main>
</body>
</html>
"""


def render(name: str) -> str:
    """One page of the reference. Raises ValidationError for a page that doesn't exist."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    markdown.add_render_rule("link_open", _link)
    markdown.add_render_rule("table_open", _table_open)
    markdown.add_render_rule("table_close", _table_close)
    body = _ANCHORED.sub(r"<\2>\1", markdown.render(page(name)))
    title = f"{_TITLES[name]}: the protocol" if name != "sources" else "Sources of the protocol pages"
    return _PAGE.format(title=title, links=_links(name), body=body)


def _links(current: str) -> str:
    made = ['<a href="/">Emulator</a>']
    for name in NAMES:
        here = ' aria-current="page"' if name == current else ""
        made.append(f'<a href="/protocol/{name}"{here}>{_TITLES[name]}</a>')
    return "".join(made)


def _link(renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: Any) -> str:
    """Points links between pages of the reference to where the emulator serves them."""
    target = str(tokens[place].attrs["href"])
    tokens[place].attrs["href"] = re.sub(rf"^({'|'.join(NAMES)})\.md", r"/protocol/\1", target)
    return renderer.renderToken(tokens, place, options, env)


def _table_open(
    _renderer: RendererHTML, _tokens: Sequence[Token], _place: int, _options: OptionsDict, _env: Any
) -> str:
    # Focusable, so that a table wider than the screen can be scrolled by keyboard.
    return '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>\n'


def _table_close(
    _renderer: RendererHTML, _tokens: Sequence[Token], _place: int, _options: OptionsDict, _env: Any
) -> str:
    return "</table></div>\n"
