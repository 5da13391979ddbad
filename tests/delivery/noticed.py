"""Waiting for what happens in a worker's thread: a warning in its log, or so many outcomes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from winpush.delivery import OutcomeEvent


class Noticed(logging.Handler):
    """Sets an event at the first warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.event = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.event.set()


@contextmanager
def noticed() -> Iterator[Noticed]:
    """Listens to the log of the delivery."""
    handler = Noticed()
    logging.getLogger("winpush.delivery").addHandler(handler)
    try:
        yield handler
    finally:
        logging.getLogger("winpush.delivery").removeHandler(handler)


class Count:
    """A hook that says when so many outcomes are there."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.number, self.done = wanted, 0, threading.Event()

    def __call__(self, _event: OutcomeEvent) -> None:
        self.number += 1
        if self.number >= self.wanted:
            self.done.set()
