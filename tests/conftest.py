"""What the whole suite shares: certificates made for the run, and a look for leaks."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator

import pytest
import trustme

from tests.certificates import Certificates
from tests.paths import open_files
from winpush.transport.loops import new_event_loop


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    return Certificates(trustme.CA())


@pytest.fixture(scope="session")
def warm_loops() -> None:
    """libuv opens a pipe for the whole process with its first loop; that is no leak of a test's."""
    for make in (asyncio.new_event_loop, new_event_loop):
        loop = make()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@pytest.fixture
def no_leaks(warm_loops: None) -> Iterator[Callable[[], None]]:
    """Fails a test after which more file descriptors are open than before it."""
    gc.collect()
    before = open_files()

    def check() -> None:
        gc.collect()
        assert open_files() <= before, "a socket or another file was left open"

    yield check
    check()
