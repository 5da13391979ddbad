"""The library's messages in the words of the command line: options to type instead of Python to write."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["in_words"]


def _glyphs(_: object) -> str:
    from winpush import wns  # not needed by most commands

    return f"; the glyphs are {', '.join(wns.Glyph)}"


def _sounds(_: object) -> str:
    from winpush import wns

    return f"; the sounds are {', '.join(wns.Sound)}"


def _own_sounds(found: re.Match[str]) -> str:
    return f"must be one of Windows's own sounds or {found[1]}{_sounds(found)}"


_WORDS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r": see wns\.Glyph"), _glyphs),
    (re.compile(r": see wns\.Sound"), _sounds),
    (re.compile(r"must be a wns\.Sound, or (.+ms-appdata:///…)"), _own_sounds),
    (re.compile(r"ClearToasts\(everything=True\) clears all"), "--everything clears all"),
    (re.compile(r"list_broadcasts\(\) or ('winpush broadcasts list') shows them"), r"\1 shows them"),
    (re.compile(r"without cache=False"), "without --no-cache"),
    (re.compile(r"\b\w+= \((--[\w-]+)\)"), r"\1"),
    (re.compile(r"\b(?:authority|token_url): "), "--token-server: "),
)


def in_words(message: str) -> str:
    """The message, with what a person types instead of what a program calls."""
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return message
