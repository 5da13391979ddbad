"""Fixtures for tests of code that pushes: installing winpush makes them known to pytest.

`winpush_emulator` is a running emulator, fresh for each test; `winpush_client` a Client that may send to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from winpush import Client
    from winpush.emulator import Emulator

__all__ = ["winpush_client", "winpush_emulator"]


@pytest.fixture
def winpush_emulator() -> Iterator[Emulator]:
    """A local push service on a free port of 127.0.0.1; needs the extra `winpush[emulator]`."""
    from winpush.emulator import Emulator  # here, so that pytest without the extra is not disturbed

    with Emulator(seed=0) as emulator:
        yield emulator


@pytest.fixture
def winpush_client(winpush_emulator: Emulator) -> Iterator[Client]:
    """A Client that may send to the emulator's channels of both services.

    It holds nothing back: a test may move the emulator's clock.
    """
    from winpush import Client

    with Client(
        wns=winpush_emulator.entra_credentials, allow_hosts=winpush_emulator.authorities, when_throttled="send"
    ) as client:
        yield client
