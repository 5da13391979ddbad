"""pytest fixtures for testing code that sends pushes. Installing winpush registers them.

`winpush_emulator` is a running emulator, fresh for each test; `winpush_client` is a Client that can send to it;
`winpush_subscription` is a browser that has subscribed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from winpush import Client
    from winpush.emulator import Browser, Emulator

__all__ = ["winpush_client", "winpush_emulator", "winpush_subscription"]


@pytest.fixture
def winpush_emulator() -> Iterator[Emulator]:
    """A local push service on a free port of 127.0.0.1; needs the extra `winpush[emulator]`."""
    from winpush.emulator import Emulator  # imported here, so that pytest works without the extra

    with Emulator(seed=0) as emulator:
        yield emulator


@pytest.fixture
def winpush_client(winpush_emulator: Emulator) -> Iterator[Client]:
    """A Client that can send to the emulator's phones, Windows devices and browsers.

    It doesn't throttle, since a test may move the emulator's clock.
    """
    from winpush import Client, webpush

    with Client(
        wns=winpush_emulator.entra_credentials,
        webpush=webpush.VapidKeys.generate("mailto:tests@example.com"),
        allow_hosts=winpush_emulator.authorities,
        when_throttled="send",
    ) as client:
        yield client


@pytest.fixture
def winpush_subscription(winpush_emulator: Emulator) -> Browser:
    """An Edge on Windows that has subscribed at the emulator: push to `.subscription`, and read `.messages`.

    The first message that it accepts binds it to the sender's VAPID key.
    """
    return winpush_emulator.create_subscription()
