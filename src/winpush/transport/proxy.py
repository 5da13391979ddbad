"""Proxies: which one a channel goes through; the CONNECT request to an HTTP proxy, and its answer. No sockets here."""

from __future__ import annotations

import base64
import importlib.util
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from winpush.channels import Origin
from winpush.errors import ConfigurationError, ProxyError

__all__ = ["Proxies", "Proxy", "connect_request", "read_connect_answer"]

_DEFAULT_PORTS = {"http": 8080, "https": 443, "socks5": 1080, "socks5h": 1080}
_FORM = "write it as http://[user:password@]host:port, or with https://, socks5:// or socks5h://"
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
MAX_ANSWER_BYTES = 65_536
_SWITCHING = 101
# The request was too slow, or one too many (RFC 9110, 15.5.9; RFC 6585, 4); a 5xx says that the proxy, or the way
# behind it, is down. Any other status is a refusal.
_PASSING = (408, 429)
# An environment's proxy is for the network: it can't reach this machine's own addresses, as in Go and in browsers.
_THIS_MACHINE = ("localhost", "127.0.0.0/8", "::1/128")
_MAX_LOGIN_CHARACTERS = 255  # RFC 1929: a byte for each length


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and its protocol, the `scheme`: `http`, `https` (HTTP inside TLS), `socks5` or `socks5h`.

    `authorization` is the value of Proxy-Authorization, `login` the user and password for SOCKS; neither is ever shown.
    """

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)
    scheme: str = "http"
    login: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Reads `[scheme://][user:password@]host[:port]`. Raises ConfigurationError, without repeating the password."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
            parts = urlsplit("")
        if not host or parts.path not in ("", "/") or parts.query:  # a path or query: another kind of URL
            raise ConfigurationError(f"proxy: is not a proxy address; {_FORM}")
        default = _DEFAULT_PORTS.get(parts.scheme)
        if default is None:
            raise ConfigurationError(f"proxy: {parts.scheme}:// proxies are not supported; {_FORM}")
        if parts.scheme.startswith("socks"):
            return cls(host, port or default, None, parts.scheme, _socks_login(parts))
        return cls(host, port or default, _authorization(parts.username, parts.password), parts.scheme)

    @property
    def is_socks(self) -> bool:
        """True for SOCKS5, which passes bytes on and never reads a request."""
        return self.scheme.startswith("socks")

    @property
    def is_secured(self) -> bool:
        """True if the connection to the proxy itself uses TLS."""
        return self.scheme == "https"

    def hung_up(self) -> ProxyError:
        """The error for a proxy that closes the connection before the tunnel is open."""
        return ProxyError(f"The proxy {self} closed the connection before the tunnel was open.", is_outage=True)

    def wants_login(self, challenges: Iterable[str]) -> ProxyError:
        """The error for a 407 with these values of Proxy-Authenticate."""
        offered = _schemes(challenges)
        if offered and not any(each.lower() == "basic" for each in offered):
            problem = (
                f"The proxy {self} takes only {' and '.join(offered)} as a login (407), and winpush can only do Basic. "
                "Have the proxy offer Basic, or go through a local proxy that logs in to it, such as Cntlm or Px."
            )
        else:
            had = "did not accept the credentials" if self.authorization else "asks for credentials"
            problem = f"The proxy {self} {had} (407). Write them as {self.scheme}://user:password@host:port."
        return ProxyError(problem, status_code=407)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.scheme == "http" else f"{self.scheme}://{self.host}:{self.port}"


def _authorization(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}"
    try:
        return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
    except UnicodeEncodeError:
        problem = "the user or the password has bytes that aren't UTF-8; write them as %XX of their UTF-8"
        raise ConfigurationError(f"proxy: {problem}") from None


def _socks_login(parts: SplitResult) -> tuple[str, str] | None:
    """The login of a SOCKS proxy's address. Raises ConfigurationError for one that SOCKS can't carry."""
    if importlib.util.find_spec("python_socks") is None:
        raise ConfigurationError(f'proxy: {parts.scheme}:// needs python-socks; pip install "winpush[socks]"')
    login = unquote(parts.username or ""), unquote(parts.password or "")
    if not any(login):
        return None
    if not all(each and each.isascii() and len(each) <= _MAX_LOGIN_CHARACTERS for each in login):
        raise ConfigurationError(
            "proxy: SOCKS takes a user and a password, each of 1 to 255 ASCII characters, or neither; "
            f"write it as {parts.scheme}://user:password@host:port"
        )
    return login


def _schemes(challenges: Iterable[str]) -> list[str]:
    """The names of the authentication schemes, each once, from `Negotiate, NTLM` or `Digest realm="a", qop="auth"`."""
    parts = (part.split() for value in challenges for part in _QUOTED.sub("", value).split(","))
    return list(dict.fromkeys(words[0] for words in parts if words and _SCHEME.fullmatch(words[0])))


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxy each channel goes through: by scheme, except for the hosts of `bypass` (the form of NO_PROXY)."""

    http: Proxy | None = None
    https: Proxy | None = None
    bypass: tuple[str, ...] = ()

    @classmethod
    def of(cls, proxy: str | None, environment: Mapping[str, str] | None) -> Proxies:
        """From one address for everything or, without one, from an environment's HTTP_PROXY, HTTPS_PROXY, ALL_PROXY
        (if the first two aren't set) and NO_PROXY. An environment's proxy is never used for hosts on this machine.

        Lower-case names take precedence, as in curl. Raises ConfigurationError for an invalid address.
        """
        if proxy is not None:
            one = Proxy.parse(proxy)
            return cls(one, one)
        if environment is None:
            return cls()

        def read(name: str) -> str:
            return environment.get(name.lower()) or environment.get(name.upper()) or ""

        http, https = read("http_proxy") or read("all_proxy"), read("https_proxy") or read("all_proxy")
        bypass = tuple(entry.strip().lower() for entry in read("no_proxy").split(",") if entry.strip())
        bypass = (*_THIS_MACHINE, *bypass)
        return cls(Proxy.parse(http) if http else None, Proxy.parse(https) if https else None, bypass)

    @property
    def any_secured(self) -> bool:
        """True if one of them is an https:// proxy."""
        return any(proxy is not None and proxy.is_secured for proxy in (self.http, self.https))

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
    """True if the tunnel is open, False if more bytes must come. Raises ProxyError if the proxy refuses."""
    begin, status = 0, 100
    while 100 <= status < 200 and status != _SWITCHING:  # any number of 1xx may precede the answer (RFC 9110, 15.2)
        end = received.find(b"\r\n\r\n", begin)
        if end < 0 or begin > MAX_ANSWER_BYTES:
            if len(received) > MAX_ANSWER_BYTES:
                raise ProxyError(f"The proxy {proxy} sent a response head that doesn't end.")
            return False
        match = _STATUS_LINE.match(received, begin)
        if match is None:
            raise ProxyError(f"The proxy {proxy} did not answer in HTTP.")
        head, status, begin = received[begin:end], int(match[1]), end + 4
    if status == 407:
        raise proxy.wants_login(_challenges(head))
    if not 200 <= status < 300:
        problem = f"The proxy {proxy} refused to connect ({status})."
        is_outage = (
            status in _PASSING or status >= 500 or 300 <= status < 400
        )  # a redirect comes from a captive portal, before its login
        raise ProxyError(problem, status_code=status, is_outage=is_outage)
    if len(received) > begin:
        raise ProxyError(f"The proxy {proxy} sent bytes of its own into the tunnel.")
    return True


def _challenges(head: bytes) -> list[str]:
    fields = (line.partition(b":") for line in head.split(b"\n"))
    return [value.strip().decode("latin-1") for name, _, value in fields if name.lower() == b"proxy-authenticate"]
