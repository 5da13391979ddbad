"""Where things lie."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
PROJECT = FOLDER.parent
PEERS = FOLDER / "peers"
CACHE = FOLDER / ".cache"
LOGS = CACHE / "logs"
"""What installers and peers said; the page that is published only says that something failed."""
