"""What the tests of the clients share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client.service import Service


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with made.server:
        yield made
