"""Waiting for what happens in a worker's thread: a warning in its log, or a number of outcomes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from winpush.delivery import OutcomeEvent
from winpush.delivery.states import FINAL


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
    """A hook that signals when this many final outcomes have come. Waiting for another worker's answer isn't one."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.number, self.done = wanted, 0, threading.Event()

    def __call__(self, event: OutcomeEvent) -> None:
        self.number += event.state in FINAL
        if self.number >= self.wanted:
            self.done.set()
