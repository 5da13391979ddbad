"""The table of third-party clients in the emulator's reference, which has to agree with the emulator."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.emulator.peers.visits import Visit
from tests.emulator.peers.workshop import ROOT

__all__ = ["Documented", "check", "documented"]

PAGE = ROOT / "docs" / "reference" / "emulator.md"
_SECTION = re.compile(r"## Other people's clients\n(.*?)\n## ", re.DOTALL)
_CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Documented:
    """The rows of one client: its version, and the emulator's words."""

    version: str
    words: tuple[str, ...]


def documented() -> dict[str, Documented]:
    """The table by client."""
    section = _SECTION.search(PAGE.read_text())
    assert section is not None
    _, _, *rows = [line for line in section[1].splitlines() if line.startswith("|")]
    versions: dict[str, str] = {}
    words: dict[str, list[str]] = {}
    client = ""
    for row in rows:
        name, version, _, said = [cell.strip() for cell in row.strip("|").split("|")]
        client = name.removeprefix("npm's ") or client
        versions.setdefault(client, version)
        words.setdefault(client, []).extend(_CODE.findall(said))
    return {client: Documented(version, tuple(words[client])) for client, version in versions.items()}


def check(client: str, visit: Visit) -> None:
    """Fails if the table leaves out what the emulator said of this client, or has what it did not say."""
    said = {remark for record in visit.records for remark in record.remarks}
    # What the documents of the client made the service refuse; a channel's own state is none of the client's.
    said |= {record.reason for record in visit.records if record.status in (400, 413)}
    words = documented()[client].words
    left_out = [each for each in said if not any(word in each for word in words)]
    not_said = [word for word in words if not any(word in each for each in said)]
    assert (left_out, not_said) == ([], [])
