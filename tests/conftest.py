"""What the whole suite shares: certificates made for the run, a browser, and a check for leaks."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import trustme
from hypothesis import HealthCheck, settings

from tests.certificates import Certificates
from tests.paths import open_files
from winpush.transport.loops import new_event_loop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A shell that starts this in the background has it ignore Ctrl-C, and so would every command that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine isn't a finding: neither how long an example takes, nor how long making one takes. CI draws the same
# examples each time, so that a change is not refused for what it didn't touch; new ones are drawn everywhere else.
settings.register_profile(
    "any-machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("any-machine")


def pytest_collection_finish() -> None:
    """What is imported, and the thousands of tests, stay to the end: the collector leaves them alone from here on.

    Each look for leaks took it a fifth of a second to go through them.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    return Certificates(trustme.CA())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser of the machine; the tests that need it are skipped where there is none."""
    if BROWSER is None:
        pytest.skip("waits for a browser: Debian's package chromium, or Chrome")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield chromium
        chromium.close()


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
