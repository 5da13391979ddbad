"""The local push service itself: its state, one lock around it, and the judgement of requests. It opens no sockets.

`app.py` puts HTTP in front of it and `server.py` runs both; neither keeps state of its own.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from winpush import mpns, wns
from winpush.emulator import views
from winpush.emulator.apps import App, app_named
from winpush.emulator.assertions import make_login_certificate
from winpush.emulator.channel_uris import is_mpns_path, read_wns_token
from winpush.emulator.examples import example_for
from winpush.emulator.exchange import Answer, Incoming, Judged, keep
from winpush.emulator.faults import Fault, Faults
from winpush.emulator.login import is_login, misses_login, receive_login, refuse_login
from winpush.emulator.mpns import delivery as mpns_delivery
from winpush.emulator.mpns import gateway as mpns_gateway
from winpush.emulator.preview import preview
from winpush.emulator.tokens import TENANT_ID, Tokens
from winpush.emulator.webpush import gateway as webpush_gateway
from winpush.emulator.webpush import sample
from winpush.emulator.webpush.browser import Browser
from winpush.emulator.webpush.families import is_web_push
from winpush.emulator.wns import gateway as wns_gateway
from winpush.emulator.wns.device import Device
from winpush.emulator.world import Phone, Record, Simulated, World
from winpush.errors import ConfigurationError, ValidationError
from winpush.mpns.requests import headers_of
from winpush.results import Outcome
from winpush.webpush import VapidKeys

__all__ = ["Addresses", "Service", "entra_credentials_for"]

_PAUSE_STEP_SECONDS = 0.1
# Longer than anything that the emulator remembers lasts: channels, tokens, TTLs.
_LONGEST_LIFE = timedelta(days=365 * 400)


def _mpns_headers(notification: mpns.Notification) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in headers_of(notification))


# The kinds of test notifications, and how a correct client sends them.
MPNS_HEADERS = {each.push_type: _mpns_headers(each) for each in (mpns.Toast("a"), mpns.Tile(title="a"), mpns.Raw("a"))}
WNS_CONTENT_TYPES = {
    "toast": "text/xml",
    "tile": "text/xml",
    "badge": "text/xml",
    "raw": "application/octet-stream",
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def entra_credentials_for(authority: str, app: str | None = None) -> wns.EntraCredentials:
    """Credentials accepted by the token server of an emulator in another process, at `host:port`.

    Credentials of an app other than its own are accepted once it has a channel of that app.
    """
    login = app_named(app)
    return wns.EntraCredentials(TENANT_ID, login.client_id, login.client_secret, f"http://{authority}")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the emulator listens. `tls_port` is None without TLS."""

    host: str
    port: int
    tls_port: int | None = None

    @property
    def shown_host(self) -> str:
        """The host as it appears in a URL."""
        if self.host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
            return "127.0.0.1"
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """`host:port` of the http port."""
        return f"{self.shown_host}:{self.port}"

    @property
    def tls_authority(self) -> str:
        """`host:port` of the https port. Raises ConfigurationError without TLS."""
        if self.tls_port is None:
            raise ConfigurationError("Authenticated channels are https: start the emulator with tls=True.")
        return f"{self.shown_host}:{self.tls_port}"

    @property
    def own_hosts(self) -> frozenset[str]:
        """The Host headers that the page and the API answer to."""
        return frozenset(origin.partition("://")[2] for origin in self.own_origins)

    @property
    def own_origins(self) -> frozenset[str]:
        """The origins of its own page, as browsers write them. Other ports of this machine may be other people's."""
        names = {self.shown_host, "127.0.0.1", "localhost", "[::1]"}
        ports = [("http", self.port, 80), *([] if self.tls_port is None else [("https", self.tls_port, 443)])]
        return frozenset(
            f"{scheme}://{name}" if port == usual else f"{scheme}://{name}:{port}"
            for name in names
            for scheme, port, usual in ports
        )


class Service:
    """A local MPNS, WNS and Web Push service without a server. All methods may be called from any thread."""

    def __init__(
        self, addresses: Addresses, *, seed: int | None = None, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        rng = random.Random(seed)  # noqa: S311 - made-up channels of made-up phones
        self._lock = threading.RLock()
        self._world = World(rng)
        self._tokens = Tokens(rng)
        self._rng = rng
        self._own_keys: VapidKeys | None = None
        self._clock = clock
        self._ahead = timedelta()
        self._addresses = addresses
        self.faults: Faults = Faults(rng)
        self.stopping: bool = False

    # --- addresses --------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port that http channels are on."""
        return self._addresses.port

    @property
    def tls_port(self) -> int:
        """The port that https channels are on. Raises ConfigurationError without `tls=True`."""
        return int(self._addresses.tls_authority.rpartition(":")[2])

    @property
    def authority(self) -> str:
        """`host:port`, as a client's `allow_hosts` wants it."""
        return self._addresses.authority

    @property
    def authorities(self) -> tuple[str, ...]:
        """`host:port` of every port, for `allow_hosts`."""
        if self._addresses.tls_port is None:
            return (self.authority,)
        return (self.authority, self._addresses.tls_authority)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{self.authority}/"

    @property
    def own_hosts(self) -> frozenset[str]:
        """The Host headers that the page and the API answer to."""
        return self._addresses.own_hosts

    @property
    def own_origins(self) -> frozenset[str]:
        """The Origin headers that the page and the API answer to."""
        return self._addresses.own_origins

    def _base(self, *, secure: bool) -> str:
        return f"https://{self._addresses.tls_authority}" if secure else f"http://{self.authority}"

    # --- the world --------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The emulator's time: the clock's plus what it was advanced by."""
        return self._clock() + self._ahead

    def advance(self, by: timedelta | float) -> None:
        """Moves the clock forward, by a timedelta or by seconds. Raises ValidationError beyond the calendar's end."""
        try:
            ahead = self._ahead + (by if isinstance(by, timedelta) else timedelta(seconds=by))
            _ = self._clock() + ahead + _LONGEST_LIFE
        except OverflowError:
            raise ValidationError("advance", "leads beyond the end of the calendar") from None
        self._ahead = ahead

    def create_channel(
        self,
        version: str = "8.1",
        state: str = "healthy",
        *,
        authenticated: bool = False,
        name: str | None = None,
        not_bound: Iterable[str] = (),
        pinned: Iterable[str] = (),
    ) -> Phone:
        """Creates a simulated phone; its channel URI is `.uri`.

        `version` is 7.0, 7.1, 7.8, 8.0 or 8.1, `state` a name from CHANNEL_STATES, `not_bound` the kinds (toast,
        tile, raw) that its app hasn't bound, `pinned` the ids of its secondary tiles. Raises ValidationError for
        anything else.
        """
        base = self._base(secure=authenticated)
        with self._lock:
            return self._world.create_phone(
                base,
                version=version,
                state=state,
                authenticated=authenticated,
                name=name,
                not_bound=frozenset(not_bound),
                pinned=frozenset(pinned),
            )

    def create_windows_channel(
        self,
        state: str = "healthy",
        *,
        phone: bool = False,
        name: str | None = None,
        secure: bool = False,
        app: str | None = None,
    ) -> Device:
        """Creates a simulated Windows device, or a Windows Phone with `phone=True`; its channel URI is `.uri`.

        `state` is a name from WINDOWS_CHANNEL_STATES; `secure` puts the channel on the TLS port; `app` is the name of
        the channel's app, by default the emulator's own: another app's token is answered 403. Raises
        ValidationError.
        """
        base = self._base(secure=secure)
        with self._lock:
            self._tokens.apps.add(app)
            return self._world.create_device(base, self.now(), is_phone=phone, state=state, name=name, app=app)

    def create_subscription(
        self,
        state: str = "healthy",
        *,
        browser: str = "edge",
        application_server_key: str | bytes | None = None,
        secure: bool = False,
        name: str | None = None,
    ) -> Browser:
        """Creates a simulated browser that has subscribed: push to `.subscription`, read `.messages`.

        `state` is a name from SUBSCRIPTION_STATES, `browser` one of BROWSERS. `application_server_key` is the VAPID
        public key that it subscribed with, base64url or bytes; without one, the first accepted message binds its own.
        `secure` puts the endpoint on the TLS port. Raises ValidationError.
        """
        base, key = self._base(secure=secure), application_server_key
        with self._lock:
            return self._world.create_browser(base, browser=browser, state=state, application_server_key=key, name=name)

    @property
    def entra_credentials(self) -> wns.EntraCredentials:
        """Credentials for this emulator's token server, as a Windows App SDK app has them."""
        return self.entra_credentials_of(None)

    @property
    def package_credentials(self) -> wns.PackageCredentials:
        """Credentials for this emulator's token server, as a UWP or Store app has them."""
        return self.package_credentials_of(None)

    def entra_credentials_of(self, app: str | None) -> wns.EntraCredentials:
        """The same for an app of this name, which the token servers know from now on. Raises ValidationError."""
        with self._lock:
            self._tokens.apps.add(app)
        return entra_credentials_for(self.authority, app)

    def package_credentials_of(self, app: str | None) -> wns.PackageCredentials:
        """The same for an app of this name, which the token servers know from now on. Raises ValidationError."""
        with self._lock:
            login = self._tokens.apps.add(app)
        return wns.PackageCredentials(
            login.package_sid, login.client_secret, f"http://{self.authority}/accesstoken.srf"
        )

    @property
    def apps(self) -> tuple[App, ...]:
        """The apps that the token servers know, the emulator's own first."""
        with self._lock:
            return self._tokens.apps.known

    def revoke_tokens(self) -> None:
        """Revokes every token issued so far: the next send is answered 401."""
        with self._lock:
            self._tokens.revoke()

    def change(
        self,
        phone: Simulated,
        *,
        version: str | None = None,
        state: str | None = None,
        pinned: Iterable[str] | None = None,
    ) -> None:
        """Changes a device's version, state or (a phone's) secondary tiles; the rest stays.

        A device that comes back online receives what was kept for it.
        """
        with self._lock:
            if isinstance(phone, Phone):
                ids = None if pinned is None else frozenset(pinned)
                self._world.change_phone(phone, version=version, state=state, pinned=ids)
                if not phone.is_offline and phone.state.row.verdict.outcome is Outcome.ACCEPTED:
                    mpns_delivery.come_back(self._world, phone, self.now())
            elif state is not None and isinstance(phone, Browser):
                self._world.change_browser(phone, state)
                if not phone.is_offline:
                    webpush_gateway.come_back(phone, self.now())
            elif state is not None and isinstance(phone, Device):
                self._world.change_device(phone, state)
                if not phone.is_offline:
                    wns_gateway.come_back(phone, self.now())

    def remove(self, phone: Simulated) -> None:
        """Removes a device: its channel is unknown from now on."""
        with self._lock:
            self._world.remove_phone(phone)

    def reset(self) -> None:
        """Removes all devices, requests, tokens and faults."""
        with self._lock:
            self._world.clear()
            self._tokens.revoke()
            self.faults.clear()

    @property
    def phones(self) -> tuple[Simulated, ...]:
        """All phones, Windows devices and browsers, in the order they were created."""
        with self._lock:
            return tuple(self._world.phones.values())

    @property
    def requests(self) -> tuple[Record, ...]:
        """The last 1,000 requests with their verdicts, newest last."""
        with self._lock:
            return tuple(self._world.records)

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._world.revision

    def receive(self, incoming: Incoming) -> tuple[Answer, Fault | None]:
        """Judges a request as the service would; also returns the fault that applies to it."""
        with self._lock:
            now = self.now()
            if is_login(incoming.path):
                fault = self.faults.strike("token", exactly=True)
                return receive_login(self._world, self._tokens, incoming, self._base_of(incoming), now, fault), fault
            if is_web_push(incoming.path):
                browser = webpush_gateway.find_browser(self._world, incoming)
                fault = self.faults.strike(None if browser is None else browser.id)
                own = None if self._own_keys is None else self._own_keys.public_key
                return webpush_gateway.receive_web_push(self._world, incoming, own, now, fault), fault
            if wns_gateway.is_wns_channel(incoming.path, incoming.query):
                device = self._world.wns_channels.get(read_wns_token(incoming.query))
                fault = self.faults.strike(None if device is None else device.id)
                return wns_gateway.receive_wns(self._world, self._tokens, incoming, now, fault), fault
            if misses_login(incoming.path):
                return refuse_login(self._world, incoming, now), None
            if incoming.method in ("GET", "HEAD") and not is_mpns_path(incoming.path):
                return self._refuse_unknown(incoming, now), None
            phone = mpns_gateway.find_phone(self._world, incoming.path)
            fault = self.faults.strike(None if phone is None else phone.id)
            return mpns_gateway.receive(self._world, incoming, now, fault), fault

    def send_test(self, device: Simulated, kind: str, document: str | None = None) -> Record:
        """Sends a notification of the emulator's own, as a correct client would; returns its record.

        Without a document it is an example of that kind: toast, tile, raw, (on Windows) badge, or (for a browser)
        message. Raises ValidationError for another kind.
        """
        if isinstance(device, Browser):
            return self._send_message(device, kind, document)
        service = "mpns" if isinstance(device, Phone) else "wns"
        kinds = MPNS_HEADERS if isinstance(device, Phone) else WNS_CONTENT_TYPES
        if kind not in kinds:
            raise ValidationError("kind", f"is {kind!r}; choose one of {', '.join(kinds)}")
        body = (example_for(service, kind) if document is None else document).encode()
        path, _, query = device.uri.partition("://")[2].partition("/")[2].partition("?")
        with self._lock:
            if isinstance(device, Phone):
                headers = MPNS_HEADERS[kind]
            else:
                token = self._tokens.issue_own(self.now(), self._tokens.apps.add(device.app))
                content = (("content-type", WNS_CONTENT_TYPES[kind]), ("x-wns-type", f"wns/{kind}"))
                headers = (("authorization", f"Bearer {token}"), *content)
            secure = device.uri.startswith("https:")
            self.receive(Incoming("POST", f"/{path}", headers, body, secure, certificate=True, query=query))
            return self._world.records[-1]

    def _send_message(self, browser: Browser, kind: str, payload: str | None) -> Record:
        if kind != "message":
            raise ValidationError("kind", f"is {kind!r}; a browser takes message")
        with self._lock:
            self._own_keys = self._own_keys or sample.make_vapid_keys(self._rng)
            text = sample.EXAMPLE if payload is None else payload
            self.receive(sample.make_request(browser, text, self._own_keys, self._rng, self.now()))
            return self._world.records[-1]

    def preview(self, document: str) -> dict[str, Any]:
        """What each kind of device would show of a document, with remarks by line, as JSON. Nothing is sent."""
        return preview(document, self.now())

    def _base_of(self, incoming: Incoming) -> str:
        """The address that a request was sent to, as its sender wrote it."""
        host = (incoming.header("host") or "").lower()
        if host in self.own_hosts:
            return f"{'https' if incoming.secure else 'http'}://{host}"
        return self._base(secure=incoming.secure)

    def refuse_host(self, incoming: Incoming) -> Answer:
        """Any server's answer to an HTTP/1.1 request without a Host or with several (RFC 9112, 3.2)."""
        words = "An HTTP/1.1 request has exactly one Host header (RFC 9112, section 3.2); this one has none or several."
        with self._lock:
            return self._refuse(incoming, Judged("", 400, Outcome.BAD_REQUEST, words), self.now())

    def _refuse_unknown(self, incoming: Incoming, now: datetime) -> Answer:
        words = "Nothing here. The page is at /, the API under /api/."
        return self._refuse(incoming, Judged("", 404, Outcome.CHANNEL_GONE, words, word="not-found"), now)

    def _refuse(self, incoming: Incoming, judged: Judged, now: datetime) -> Answer:
        """An answer that doesn't come from a push service."""
        document = json.dumps({"error": judged.reason}).encode()
        answer = Answer(judged.status, (("Content-Type", "application/json"),), document)
        keep(self._world, incoming, answer, judged, now)
        return answer

    def add_login_certificate(self, certificate: bytes) -> None:
        """Registers an RSA certificate (PEM) for logins with `client_assertion`. Raises ConfigurationError."""
        with self._lock:
            self._tokens.certificates.add(certificate)

    def make_login_certificate(self, name: str = "winpush emulator") -> tuple[bytes, bytes]:
        """An RSA certificate that may log in at the Entra token server, and its key, both PEM."""
        certificate, key = make_login_certificate(name)
        self.add_login_certificate(certificate)
        return certificate, key

    def snapshot(self) -> tuple[int, int, dict[str, Any]]:
        """The revision, the number of the last record, and the whole state as JSON."""
        with self._lock:
            return self._world.revision, self._last_record(), views.state(self._world, self.now())

    def news(self, revision: int, last_record: int) -> tuple[int, int, dict[str, Any]]:
        """The same for what has changed since that revision and record."""
        with self._lock:
            event = views.changes(self._world, self.now(), revision, last_record)
            return self._world.revision, self._last_record(), event

    def _last_record(self) -> int:
        return self._world.records[-1].n if self._world.records else 0

    async def pause(self, seconds: float) -> None:
        """Waits, or returns early when the emulator stops."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self.stopping and loop.time() < end:  # noqa: ASYNC110 - stop() comes from another thread
            await asyncio.sleep(min(_PAUSE_STEP_SECONDS, max(end - loop.time(), 0)))
