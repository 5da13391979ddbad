"""What the whole suite shares: certificates made for the run, and a look for leaks."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import trustme

from tests.paths import open_files
from winpush import Tls
from winpush.transport.loops import new_event_loop


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate authority of the test run, and what is issued by it."""

    authority: trustme.CA

    @property
    def tls(self) -> Tls:
        """Client settings that trust it."""
        return Tls(ca=self.authority.cert_pem.bytes())

    def server(self, *names: str, client_ca: trustme.CA | None = None) -> ssl.SSLContext:
        """A server's context for these names; with `client_ca` it asks for a client certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
        if client_ca is not None:
            client_ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


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
