"""The package's page: README.md with links that work outside the repository, such as on PyPI."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_REPOSITORY = "https://github.com/winpush/winpush/blob/main/"
_FILES = "https://raw.githubusercontent.com/winpush/winpush/main/"
_LINK = re.compile(r"(!?)(\[(?:[^\[\]]|\[[^\]]*\])*\]\()(?!https?://|#|mailto:)([^)\s]+\))")


class ReadmeHook(MetadataHookInterface):
    """hatchling metadata hook that provides the readme."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Adds the readme."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(text)}


def absolute(text: str) -> str:
    """The text with its relative links made absolute: pictures lead to the file itself, everything else to its page."""
    return _LINK.sub(lambda found: f"{found[1]}{found[2]}{_FILES if found[1] else _REPOSITORY}{found[3]}", text)
