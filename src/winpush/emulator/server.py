"""Running the emulator: in a thread of its own, on loopback, with and without TLS."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from winpush import wns
from winpush.emulator import views
from winpush.emulator.certificates import Authority
from winpush.emulator.faults import Fault, Faults
from winpush.emulator.mpns import gateway as mpns_gateway
from winpush.emulator.tokens import CLIENT_ID, CLIENT_SECRET, PACKAGE_SID, TENANT_ID, Tokens
from winpush.emulator.wns import gateway as wns_gateway
from winpush.emulator.wns.device import Device
from winpush.emulator.world import Phone, Record, World
from winpush.errors import ConfigurationError
from winpush.transport.loops import new_event_loop

try:
    import uvicorn

    from winpush.emulator.app import make_app
    from winpush.emulator.wire import WireProtocol
except ImportError as missing:
    raise ConfigurationError(f"The emulator needs {missing.name}; pip install 'winpush[emulator]'") from None

__all__ = ["Emulator", "entra_credentials_for"]

_GRACE_SECONDS = 1
_PAUSE_STEP_SECONDS = 0.1


def _utc_now() -> datetime:
    return datetime.now(UTC)


def entra_credentials_for(authority: str) -> wns.EntraCredentials:
    """Credentials that the token server of an emulator takes which runs in another process, at `host:port`."""
    return wns.EntraCredentials(TENANT_ID, CLIENT_ID, CLIENT_SECRET, f"http://{authority}")


class Emulator:
    """A local MPNS and WNS. `with Emulator() as emulator:` runs it; all methods may be called from any thread.

    `port=0` takes a free port. `tls=True` opens a second port for authenticated channels, with a certificate authority
    made for the run: `ca_pem` is what a client must trust, `make_client_certificate` what it may show. `seed` makes
    channel URIs and shares of faults repeatable. `clock` gives the time (aware datetimes).
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
        rng = random.Random(seed)  # noqa: S311 - made-up channels of made-up phones
        self._lock = threading.RLock()
        self._world = World(rng)
        self.faults = Faults(rng)
        self._tokens = Tokens(rng)
        self._clock = clock
        self._ahead = timedelta()
        self._host, self._wanted_port, self._wanted_tls_port = host, port, tls_port
        self._authority = Authority.make(host) if tls else None
        self._sockets: list[socket.socket] = []
        self._servers: list[uvicorn.Server] = []
        self._thread: threading.Thread | None = None
        self.stopping = False

    # --- running ----------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listens; returns when requests can be sent. Raises ConfigurationError when the port can't be had."""
        self.stopping = False
        self._sockets = [_listen(self._host, self._wanted_port, "port")]
        if self._authority is not None:
            try:
                self._sockets.append(_listen(self._host, self._wanted_tls_port, "tls_port"))
            except ConfigurationError:
                self._sockets.pop().close()
                raise
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="winpush-emulator", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def stop(self) -> None:
        """Ends every connection and the thread. Calling it twice does nothing."""
        self.stopping = True
        for server in self._servers:
            server.should_exit = True
        if self._thread is not None:
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
        self._servers = [_Server(_config(app, context), started, len(contexts)) for context in contexts]
        pairs = zip(self._servers, self._sockets, strict=True)
        await asyncio.gather(*[server.serve(sockets=[listening]) for server, listening in pairs])

    async def pause(self, seconds: float) -> None:
        """Waits, but no longer than the emulator runs."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self.stopping and loop.time() < end:  # noqa: ASYNC110 - stop() comes from another thread
            await asyncio.sleep(min(_PAUSE_STEP_SECONDS, max(end - loop.time(), 0)))

    # --- addresses --------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port that http channels are on."""
        return int(self._sockets[0].getsockname()[1]) if self._sockets else self._wanted_port

    @property
    def tls_port(self) -> int:
        """The port that https channels are on. Raises ConfigurationError without `tls=True`."""
        if self._authority is None:
            raise ConfigurationError("Authenticated channels are https: start the emulator with tls=True.")
        return int(self._sockets[1].getsockname()[1])

    @property
    def authority(self) -> str:
        """`host:port`, as a client's `allow_hosts` wants it."""
        return f"{self._shown_host}:{self.port}"

    @property
    def authorities(self) -> tuple[str, ...]:
        """`host:port` of every port, for `allow_hosts`."""
        return (self.authority,) if self._authority is None else (self.authority, f"{self._shown_host}:{self.tls_port}")

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{self.authority}/"

    @property
    def own_hosts(self) -> frozenset[str]:
        """The Host headers that the page and the API answer to."""
        names = {self._shown_host, "127.0.0.1", "localhost", "[::1]"}
        ports = {self.port} if self._authority is None else {self.port, self.tls_port}
        return frozenset(f"{name}:{port}" for name in names for port in ports) | frozenset(names)

    @property
    def _shown_host(self) -> str:
        if self._host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
            return "127.0.0.1"
        return f"[{self._host}]" if ":" in self._host else self._host

    @property
    def ca_pem(self) -> bytes:
        """The certificate authority that https clients must trust, as PEM. Raises ConfigurationError without TLS."""
        return self._tls().ca_pem

    def make_client_certificate(self, name: str = "push.example") -> tuple[bytes, bytes]:
        """A client certificate with this common name that the emulator accepts, and its key, both PEM."""
        return self._tls().issue_client(name)

    def _tls(self) -> Authority:
        if self._authority is None:
            raise ConfigurationError("There is no certificate: start the emulator with tls=True.")
        return self._authority

    # --- the world --------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The emulator's time: the clock's, and what it was advanced by."""
        return self._clock() + self._ahead

    def advance(self, by: timedelta | float) -> None:
        """Moves the clock forward, by a timedelta or by seconds."""
        self._ahead += by if isinstance(by, timedelta) else timedelta(seconds=by)

    def create_channel(
        self,
        version: str = "8.1",
        health: str = "healthy",
        *,
        authenticated: bool = False,
        name: str | None = None,
        not_bound: Iterable[str] = (),
    ) -> Phone:
        """A new simulated phone; its channel URI is `.uri`.

        `version` is 7.0, 7.1, 7.8, 8.0 or 8.1, `health` a name from CHANNEL_STATES, `not_bound` the kinds (toast,
        tile, raw) that its app has not bound. Raises ValidationError for what it doesn't know.
        """
        base = f"https://{self._shown_host}:{self.tls_port}" if authenticated else f"http://{self.authority}"
        with self._lock:
            return self._world.create_phone(
                base,
                version=version,
                health=health,
                authenticated=authenticated,
                name=name,
                not_bound=frozenset(not_bound),
            )

    def create_windows_channel(
        self, health: str = "healthy", *, phone: bool = False, name: str | None = None, secure: bool = False
    ) -> Device:
        """A new simulated Windows device, or with `phone=True` a Windows Phone; its channel URI is `.uri`.

        `health` is a name from WINDOWS_CHANNEL_STATES; `secure` puts the channel on the TLS port. Raises
        ValidationError.
        """
        base = f"https://{self._shown_host}:{self.tls_port}" if secure else f"http://{self.authority}"
        with self._lock:
            return self._world.create_device(base, self.now(), is_phone=phone, health=health, name=name)

    @property
    def entra_credentials(self) -> wns.EntraCredentials:
        """Credentials that this emulator's token server takes, as a Windows App SDK app has them."""
        return entra_credentials_for(self.authority)

    @property
    def package_credentials(self) -> wns.PackageCredentials:
        """Credentials that this emulator's token server takes, as a UWP or Store app has them."""
        return wns.PackageCredentials(PACKAGE_SID, CLIENT_SECRET, f"http://{self.authority}/accesstoken.srf")

    def revoke_tokens(self) -> None:
        """None of the tokens that were given out is good any more: the next send is answered 401."""
        with self._lock:
            self._tokens.revoke()

    def change(self, phone: Phone | Device, *, version: str | None = None, health: str | None = None) -> None:
        """Gives a phone another version or health. A Windows device that is back online gets what was kept for it."""
        with self._lock:
            if isinstance(phone, Phone):
                self._world.change_phone(phone, version=version, health=health)
            elif health is not None:
                self._world.change_device(phone, health)
                if not phone.is_offline:
                    wns_gateway.come_back(phone, self.now())

    def remove(self, phone: Phone | Device) -> None:
        """Takes a phone away: its channel is unknown from now on."""
        with self._lock:
            self._world.remove_phone(phone)

    def reset(self) -> None:
        """Forgets all phones, requests, tokens and faults."""
        with self._lock:
            self._world.clear()
            self._tokens.revoke()
            self.faults.clear()

    @property
    def phones(self) -> tuple[Phone | Device, ...]:
        """All phones and Windows devices, in the order in which they were made."""
        with self._lock:
            return tuple(self._world.phones.values())

    @property
    def requests(self) -> tuple[Record, ...]:
        """The last 1,000 requests with their verdicts, newest last."""
        with self._lock:
            return tuple(self._world.records)

    @property
    def revision(self) -> int:
        """Rises with every change."""
        return self._world.revision

    def receive(self, incoming: mpns_gateway.Incoming) -> tuple[mpns_gateway.Answer, Fault | None]:
        """Has the service judge a request."""
        with self._lock:
            if wns_gateway.is_wns_channel(incoming.path, incoming.query):
                device = self._world.find_device(incoming.query.removeprefix("token="))
                fault = self.faults.strike(None if device is None else device.id)
                return wns_gateway.receive_wns(self._world, self._tokens, incoming, self.now(), fault), fault
            phone = mpns_gateway.phone_of(self._world, incoming.path)
            fault = self.faults.strike(None if phone is None else phone.id)
            return mpns_gateway.receive(self._world, incoming, self.now(), fault), fault

    def issue_token(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Has a token server answer: status and JSON. A fault for the phone `token` strikes here."""
        with self._lock:
            fault = self.faults.strike("token", exactly=True)
            if fault is not None and fault.status is not None:
                return fault.status, {"error": "temporarily_unavailable", "error_description": "A fault was asked for."}
            return self._tokens.issue(path, body, self.now())

    def snapshot(self) -> tuple[int, int, dict[str, Any]]:
        """Revision, number of the last record, and the whole state as JSON."""
        with self._lock:
            return self._world.revision, self._last_record(), views.state(self._world, self.now())

    def news(self, revision: int, last_record: int) -> tuple[int, int, dict[str, Any]]:
        """The same for what has changed since."""
        with self._lock:
            event = views.changes(self._world, self.now(), revision, last_record)
            return self._world.revision, self._last_record(), event

    def _last_record(self) -> int:
        return self._world.records[-1].n if self._world.records else 0


class _Server(uvicorn.Server):
    """Tells when the last of the ports is open."""

    def __init__(self, config: uvicorn.Config, started_all: threading.Event, ports: int) -> None:
        super().__init__(config)
        self._started_all = started_all
        self._ports = ports

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """The port is open when this returns."""
        await super().startup(sockets)
        app_state = self.config.app.state  # type: ignore[union-attr]  # a Starlette
        app_state.ports = getattr(app_state, "ports", 0) + 1
        if app_state.ports == self._ports:
            self._started_all.set()


def _config(app: Any, context: ssl.SSLContext | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=WireProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=None,
    )
    if context is not None:
        # uvicorn makes contexts from files alone; ours is in memory.
        config.load()
        config.ssl = context
    return config


def _listen(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        if not 0 <= port <= 65535:
            raise OSError(None, "there is no such port")
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        typed = f"{option}= (--{option.replace('_', '-')})"
        raise ConfigurationError(
            f"The emulator can't listen on {host}:{port}: {error.strerror}. Choose another with {typed}."
        ) from None
