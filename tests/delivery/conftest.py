"""What the tests of the outbox share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from winpush.delivery import Outbox
from winpush.emulator import Emulator


class Clock:
    """The real time, and what it is moved by."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(autouse=True)
def nothing_went_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The engine takes up again what failed, so a mistake of its own would only be seen in its log."""
    yield
    wrong = [record for record in caplog.get_records("call") if record.levelname == "ERROR"]
    assert not [record for record in wrong if "a hook failed" not in record.getMessage()]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/push.db"


@pytest.fixture
def make_outbox(url: str, clock: Clock, winpush_emulator: Emulator) -> Iterator[Callable[..., Outbox]]:
    made: list[Outbox] = []

    def make(**options: Any) -> Outbox:
        outbox = Outbox(url, **{"allow_hosts": winpush_emulator.authorities, "clock": clock, **options})
        made.append(outbox)
        return outbox

    yield make
    for outbox in made:
        outbox.close()


@pytest.fixture
def outbox(make_outbox: Callable[..., Outbox]) -> Outbox:
    return make_outbox()
