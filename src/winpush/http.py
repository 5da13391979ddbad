"""Request and Response: the HTTP messages of both services as frozen values, and the request's form on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field

from winpush.channels import Channel, Origin
from winpush.errors import ValidationError

__all__ = [
    "HeaderIndex",
    "Headers",
    "Request",
    "Response",
    "check_header",
    "finish_head",
    "write_head",
]

Headers = tuple[tuple[str, str], ...]
HeaderIndex = dict[bytes, tuple[bytes, bytes]]
"""Headers of an answer, name as it came and value, by the name in lower case."""


def check_header(field_name: str, value: str) -> str:
    """Returns the value. Raises ValidationError for one that would break out of its header line, or can't be in it."""
    if "\r" in value or "\n" in value:
        raise ValidationError(field_name, "contains a line break, which would start a header of its own")
    if not (value.isascii() and value.isprintable()):
        raise ValidationError(field_name, "contains a control character or a character outside ASCII")
    return value


def write_head(origin: Origin, headers: Headers, proxy_authorization: str | None = None) -> bytes:
    """What stands between the request target and the body's length: one for all requests with the same headers."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    if proxy_authorization is not None:
        lines += f"Proxy-Authorization: {proxy_authorization}\r\n"
    return f" HTTP/1.1\r\nHost: {origin.authority}\r\n{lines}Content-Length: ".encode("ascii")


def finish_head(head: bytes, body: bytes) -> bytes:
    """The head with the body's length in bytes, and the body."""
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to a push service: what would be sent, before anything is sent.

    `headers` are all but Host and Content-Length, which follow from the channel and the body.
    """

    channel: Channel
    headers: Headers
    body: bytes
    method: str = "POST"

    @property
    def url(self) -> str:
        """The channel's whole URI: a secret."""
        return self.channel.uri

    def tail(self, proxy_authorization: str | None = None) -> bytes:
        """Everything after the request target: the same for every channel of one host, so it is encoded once."""
        return finish_head(write_head(self.channel.origin, self.headers, proxy_authorization), self.body)

    def to_wire(self) -> bytes:
        """The exact bytes that are sent to the service itself (through a proxy the target is in absolute form)."""
        return f"{self.method} {self.channel.target}".encode("ascii") + self.tail()


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. `headers` are as they came: bytes, order and case kept."""

    status_code: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = field(default=b"", repr=False)
    reason: str = ""
    _index: HeaderIndex | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def index(self) -> HeaderIndex:
        """The headers by their names in lower case; of one that came twice, the first. Not to be changed."""
        if self._index is not None:
            return self._index
        index: HeaderIndex = {}
        for header in self.headers:
            index.setdefault(header[0].lower(), header)
        return index

    def header(self, *names: bytes) -> str | None:
        """The value of the first header with one of these names (given in lower case), stripped; None if absent."""
        return self.find(names)

    def find(self, names: tuple[bytes, ...]) -> str | None:
        """`header` of the names in a tuple."""
        index = self._index or self.index
        for name in names:
            if name in index:
                return index[name][1].decode("latin-1").strip()
        return None
