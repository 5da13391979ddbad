"""The pages of the docs and their contents: code, links, and commands to type."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```(?:shell|sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
INLINE = re.compile(r"`(winpush [^`\n]+)`")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*")
_ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "&"}


def name(path: Path) -> str:
    """A page's path in the repository."""
    return str(path.relative_to(ROOT))


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return _FENCED.sub("", text)


def commands_of(block: str) -> list[list[str]]:
    """The arguments of each `winpush` of a block, as a shell would hand them over."""
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        while words:
            length = next((place for place, word in enumerate(words) if word in _ENDS), len(words))
            command, words = words[:length], words[length + 1 :]
            while command and _VARIABLE.fullmatch(command[0]):
                command.pop(0)
            if command[:1] == ["winpush"]:
                found.append(command[1:])
    return found
