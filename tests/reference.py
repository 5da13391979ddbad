"""The protocol's data files, which are beside the checkout and not copied into the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

FOLDER = Path(__file__).parents[1].parent / "shared/protocol"

needs_protocol = pytest.mark.skipif(
    not (FOLDER / "vectors.json").exists(), reason=f"waits for the protocol's data files in {FOLDER}"
)


def load(name: str) -> Any:
    """The data of one file; an empty list where the files are absent, so that collecting still works."""
    path = FOLDER / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def vectors() -> list[dict[str, Any]]:
    """The payloads for WNS by other authors."""
    return [entry for entry in load("vectors.json") if entry["service"] == "wns"]


def read_xml(document: bytes) -> ElementTree.Element:
    """The document as a parser other than ours reads it."""
    return ElementTree.fromstring(document)  # noqa: S314 - the project's own bytes, or the protocol's
