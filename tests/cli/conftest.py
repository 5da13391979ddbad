"""What the tests of the commands share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from winpush.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator with a fixed seed."""
    with Emulator(seed=1) as made:
        yield made
