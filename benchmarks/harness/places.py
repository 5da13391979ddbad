"""The folders of the benchmark."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
PROJECT = FOLDER.parent
PEERS = FOLDER / "peers"
CACHE = FOLDER / ".cache"
LOGS = CACHE / "logs"
"""The output of installers and peers; the published page only says that something failed."""
