"""The log of `winpush worker`: lines of text or JSON objects on standard error, without channel URIs."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from winpush.cli.output import hide_channels

__all__ = ["FORMATS", "LEVELS", "logging_to_stderr"]

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")
_PLAIN = logging.LogRecord("", 0, "", 0, "", (), None).__dict__.keys() | {"message", "asctime", "taskName", "worker"}
"""The attributes of every record. Any others were passed as `extra`."""


@contextmanager
def logging_to_stderr(form: str, level: str) -> Iterator[None]:
    """Within the block, logs to standard error: winpush's records from this level up, all others from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    root, own = logging.root, logging.getLogger("winpush")
    before = own.level
    root.addHandler(handler)
    own.setLevel(level.upper())
    try:
        yield
    finally:
        root.removeHandler(handler)
        own.setLevel(before)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _Text(logging.Formatter):
    """`2026-05-01T08:30:00.000+00:00 WARNING 3f9a…: The database does not work: …`."""

    def format(self, record: logging.LogRecord) -> str:
        worker = getattr(record, "worker", None)
        start = f"{_time(record)} {record.levelname}{f' {worker}' if worker else ''}"
        return hide_channels(f"{start}: {super().format(record)}")


class _Json(logging.Formatter):
    """One object: time, level, logger, worker, message, and the record's extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        shown: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "worker": getattr(record, "worker", None),
            "message": hide_channels(record.getMessage()),
        }
        more = {name: value for name, value in record.__dict__.items() if name not in _PLAIN}
        shown |= {name: hide_channels(value) if isinstance(value, str) else value for name, value in more.items()}
        if record.exc_info:
            shown["exception"] = hide_channels(self.formatException(record.exc_info))
        return json.dumps(shown, default=str)
