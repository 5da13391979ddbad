"""What the scripts of the Python peers share, as `steps.js` for npm's: a job comes on standard input, its steps run one
after the other, and what the peer made of each is printed as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Step", "read_job", "run"]

Step = Callable[[str], Any]
"""Sends to a channel; returns what the peer returned."""


def read_job() -> dict[str, Any]:
    """The channels by step, and what the peer needs to log in."""
    job: dict[str, Any] = json.load(sys.stdin)
    return job


def run(job: Mapping[str, Any], steps: Mapping[str, Step]) -> None:
    """Runs the steps and prints their outcomes."""
    ends: dict[str, dict[str, Any]] = {}
    for name, step in steps.items():
        try:
            ends[name] = {"sent": step(job["channels"][name])}
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is what it made of the step
            ends[name] = {"threw": f"{type(error).__name__}: {error}"}
    json.dump(ends, sys.stdout)
