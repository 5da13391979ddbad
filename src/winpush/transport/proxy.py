"""HTTP proxies: which one a channel goes through, and the bytes that it wants to see. No sockets here."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from winpush.channels import Origin
from winpush.errors import ConfigurationError, ProxyError

__all__ = ["Proxies", "Proxy", "connect_request", "read_connect_answer"]

_DEFAULT_PORT = 8080
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")
MAX_ANSWER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `authorization` is the value of Proxy-Authorization, or None; it is never shown."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Reads `http://[user:password@]host[:port]`. Raises ConfigurationError, without repeating the password."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
            parts = urlsplit("")
        if not host:
            raise ConfigurationError("proxy: is not a proxy address; write it as http://[user:password@]host:port")
        if parts.scheme != "http":
            raise ConfigurationError(f"proxy: {parts.scheme}:// proxies are not supported; give an http:// one")
        return cls(host, port or _DEFAULT_PORT, _authorization(parts.username, parts.password))

    def hung_up(self) -> ProxyError:
        """The error for a proxy that closes the connection before the tunnel is open."""
        return ProxyError(f"The proxy {self} closed the connection before the tunnel was open.", is_outage=True)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _authorization(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxy each channel goes through: by scheme, except for the hosts of `bypass` (the form of NO_PROXY)."""

    http: Proxy | None = None
    https: Proxy | None = None
    bypass: tuple[str, ...] = ()

    @classmethod
    def of(cls, proxy: str | None, environment: Mapping[str, str] | None) -> Proxies:
        """From one address for everything, or else from an environment's HTTP_PROXY, HTTPS_PROXY and NO_PROXY.

        Lower-case names count first, as in curl. Raises ConfigurationError for an address that is none.
        """
        if proxy is not None:
            one = Proxy.parse(proxy)
            return cls(one, one)
        if environment is None:
            return cls()

        def read(name: str) -> str:
            return environment.get(name.lower()) or environment.get(name.upper()) or ""

        http, https = read("http_proxy"), read("https_proxy")
        bypass = tuple(entry.strip().lower() for entry in read("no_proxy").split(",") if entry.strip())
        return cls(Proxy.parse(http) if http else None, Proxy.parse(https) if https else None, bypass)

    def choose(self, origin: Origin) -> Proxy | None:
        """The proxy for this origin, or None for a direct connection."""
        proxy = self.https if origin.scheme == "https" else self.http
        if proxy is None or any(_matches(entry, origin) for entry in self.bypass):
            return None
        return proxy


def _matches(entry: str, origin: Origin) -> bool:
    if entry == "*":
        return True
    host, port = origin.dial_host, ""
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit() and ":" not in name:
        entry, port = name, number
    if port and int(port) != origin.port:
        return False
    if "/" in entry:
        return _in_network(host, entry)
    bare = entry.removeprefix("*").lstrip(".").strip("[]")
    return host == bare or host.endswith(f".{bare}")


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def connect_request(origin: Origin, proxy: Proxy) -> bytes:
    """The CONNECT that opens a tunnel to the origin."""
    address = f"{origin.host}:{origin.port}"
    lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}"]
    if proxy.authorization is not None:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    return "\r\n".join((*lines, "", "")).encode("ascii")


def read_connect_answer(received: bytes, proxy: Proxy) -> bool:
    """True when the tunnel is open, False when more bytes must come. Raises ProxyError when the proxy refuses."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        if len(received) > MAX_ANSWER_BYTES:
            raise ProxyError(f"The proxy {proxy} sent a response head that doesn't end.")
        return False
    match = _STATUS_LINE.match(received)
    if match is None:
        raise ProxyError(f"The proxy {proxy} did not answer in HTTP.")
    status = int(match[1])
    if status == 407:
        had = "did not accept the credentials" if proxy.authorization else "asks for credentials"
        raise ProxyError(
            f"The proxy {proxy} {had} (407). Write them as http://user:password@host:port.", status_code=407
        )
    if not 200 <= status < 300:
        problem = f"The proxy {proxy} refused to connect ({status})."
        # A 5xx says that the proxy, or the way behind it, is down; any other that it doesn't want to.
        raise ProxyError(problem, status_code=status, is_outage=status >= 500)
    if len(received) > end + 4:
        raise ProxyError(f"The proxy {proxy} sent bytes of its own into the tunnel.")
    return True
