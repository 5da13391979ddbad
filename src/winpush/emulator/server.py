"""Running the emulator: in a thread of its own, on loopback, with and without TLS."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from winpush.emulator.app import make_app
from winpush.emulator.certificates import Authority
from winpush.emulator.ports import PortServer, abort_connections, make_config
from winpush.emulator.service import Addresses, Service
from winpush.errors import ConfigurationError
from winpush.transport.loops import new_event_loop

__all__ = ["Emulator"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Emulator(Service):
    """A local MPNS, WNS and Web Push service. `with Emulator() as emulator:` runs it.

    All methods may be called from any thread.

    `port=0` takes a free port. `tls=True` opens a second port for authenticated channels, with a certificate authority
    created for the run: clients must trust `ca_pem`, and `make_client_certificate` creates certificates for them to
    present. `seed` makes channel URIs and shares of faults repeatable. `clock` gives the time (aware datetimes).
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        tls_port: int = 0,
        seed: int | None = None,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._wanted = Addresses(host, port, tls_port if tls else None)
        super().__init__(self._wanted, seed=seed, clock=clock)
        self._authority = Authority.make(host) if tls else None
        self._sockets: list[socket.socket] = []
        self._servers: list[PortServer] = []
        self._thread: threading.Thread | None = None

    # --- running ----------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Starts listening; returns once requests can be sent. Raises ConfigurationError if a port can't be opened."""
        self.stopping: bool = False
        self._sockets = _listen_on(self._wanted)
        ports = [int(each.getsockname()[1]) for each in self._sockets]
        self._addresses = Addresses(self._wanted.host, *ports)
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="winpush-emulator", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def stop(self) -> None:
        """Closes every connection and ends the thread. A second call does nothing."""
        self.stopping = True
        if self._thread is not None:
            for server in self._servers:
                server.end()
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        contexts = [None] if self._authority is None else [None, self._authority.server_context()]
        app = make_app(self)
        self._servers = [PortServer(make_config(app, context), started, len(contexts)) for context in contexts]
        pairs = zip(self._servers, self._sockets, strict=True)
        try:
            await asyncio.gather(*[server.serve(sockets=[listening]) for server, listening in pairs])
        finally:
            await abort_connections(self._servers)

    # --- certificates -----------------------------------------------------------------------------------------

    @property
    def ca_pem(self) -> bytes:
        """The certificate authority that https clients must trust, as PEM. Raises ConfigurationError without TLS."""
        return self._tls().ca_pem

    def make_client_certificate(self, name: str = "push.example", *, expired: bool = False) -> tuple[bytes, bytes]:
        """A client certificate with this common name that the emulator accepts, and its key, both PEM.

        An `expired` one fails the handshake with the alert of a real server, as does one of another authority.
        """
        return self._tls().issue_client(name, expired=expired)

    def _tls(self) -> Authority:
        if self._authority is None:
            raise ConfigurationError("Certificates need TLS: start the emulator with tls=True.")
        return self._authority


def _listen_on(wanted: Addresses) -> list[socket.socket]:
    sockets = [_listen(wanted.host, wanted.port, "port")]
    if wanted.tls_port is not None:
        try:
            sockets.append(_listen(wanted.host, wanted.tls_port, "tls_port"))
        except ConfigurationError:
            sockets.pop().close()
            raise
    return sockets


def _listen(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        if not 0 <= port <= 65535:
            raise OSError(None, "no such port")
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            option = "host"
        reason = (error.strerror or "").partition(" (while attempting")[0]
        typed = f"{option}= (--{option.replace('_', '-')})"
        raise ConfigurationError(
            f"The emulator can't listen on {host}:{port}: {reason}. Choose another with {typed}."
        ) from None
