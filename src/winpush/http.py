"""Request and Response: the HTTP messages of both services as frozen values, and the request's wire format."""

from __future__ import annotations

from dataclasses import dataclass, field

from winpush.channels import Channel, Origin
from winpush.errors import ValidationError

__all__ = [
    "HeaderIndex",
    "Headers",
    "Request",
    "Response",
    "check_bearer",
    "check_header",
    "finish_head",
    "write_head",
]

_PASSING = (408, 421, 425)

Headers = tuple[tuple[str, str], ...]
HeaderIndex = dict[bytes, tuple[bytes, bytes]]
"""The headers of an answer: lower-case name -> (original name, value)."""


def check_header(field_name: str, value: str) -> str:
    """Returns the value. Raises ValidationError for one that is invalid in a header or would start a new one."""
    if "\r" in value or "\n" in value:
        raise ValidationError(field_name, "contains a line break, which would start another header; remove it")
    if not (value.isascii() and value.isprintable()):
        raise ValidationError(field_name, "contains a control character or a non-ASCII character; remove it")
    return value


def check_bearer(token: object) -> str:
    """Returns the token. Raises ValidationError for anything but text that can follow `Authorization: Bearer`."""
    if not isinstance(token, str) or not check_header("token", token).strip():
        raise ValidationError("token", "is empty, or not text")
    return token


def write_head(origin: Origin, headers: Headers, proxy_authorization: str | None = None) -> bytes:
    """The head from the request target to the Content-Length: the same for all requests with these headers."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    if proxy_authorization is not None:
        lines += f"Proxy-Authorization: {proxy_authorization}\r\n"
    return f" HTTP/1.1\r\nHost: {origin.authority}\r\n{lines}Content-Length: ".encode("ascii")


def finish_head(head: bytes, body: bytes) -> bytes:
    """The head completed with the body's length, followed by the body."""
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request to a push service, not sent yet.

    `headers` doesn't include Host and Content-Length, which follow from the channel and the body.
    """

    channel: Channel
    headers: Headers
    body: bytes
    method: str = "POST"

    @property
    def url(self) -> str:
        """The channel's complete URI: a secret."""
        return self.channel.uri

    def tail(self, proxy_authorization: str | None = None) -> bytes:
        """Everything after the request target. Encoded once, since all channels of a host share it."""
        return finish_head(write_head(self.channel.origin, self.headers, proxy_authorization), self.body)

    def to_wire(self) -> bytes:
        """The exact bytes sent to the service. (Through a proxy, the target is in absolute form.)"""
        return f"{self.method} {self.channel.target}".encode("ascii") + self.tail()


def _is_header(pair: object) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(part, bytes) for part in pair)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer. `headers` are as received: bytes, in their order and case.

    Raises ValidationError for headers or a body of another type, which no verdict could be read from.
    """

    status_code: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = field(default=b"", repr=False)
    reason: str = ""
    _index: HeaderIndex | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # An answer from a socket doesn't come through here: `_make.make_response`.
        if isinstance(self.status_code, bool) or not isinstance(self.status_code, int):
            raise ValidationError("status_code", f"must be a number, not {type(self.status_code).__name__}")
        if not isinstance(self.headers, tuple) or not all(map(_is_header, self.headers)):
            raise ValidationError("headers", 'must be a tuple of pairs of bytes, such as ((b"Retry-After", b"60"),)')
        if not isinstance(self.body, bytes):
            raise ValidationError("body", f"must be bytes, not {type(self.body).__name__}")
        if not isinstance(self.reason, str):
            raise ValidationError("reason", f"must be text, not {type(self.reason).__name__}")

    @property
    def index(self) -> HeaderIndex:
        """The headers by lower-case name. If a header is repeated with other values, they are joined by commas (RFC
        9110, 5.3), so neither of two contradicting values counts. Don't modify it."""
        if self._index is not None:
            return self._index
        index: HeaderIndex = {}
        for header in self.headers:
            first = index.setdefault(header[0].lower(), header)
            if first is not header and first[1] != header[1]:
                index[header[0].lower()] = (first[0], b"%b, %b" % (first[1], header[1]))
        return index

    @property
    def is_passing(self) -> bool:
        """True for a status that says to repeat the request.

        408 and 421 are in RFC 9110, 15.5.9 and 15.5.20; 425 is in RFC 8470, 5.2.
        """
        return self.status_code in _PASSING

    @property
    def is_redirect(self) -> bool:
        """True for a redirect, such as a captive portal's; push services don't redirect."""
        return 300 <= self.status_code < 400

    @property
    def is_page(self) -> bool:
        """True for an HTML page, such as a proxy, a firewall or a captive portal sends; push services send none."""
        kind = self.header(b"content-type") or ""
        return "html" in kind.lower() or self.body[:200].lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))

    def header(self, *names: bytes) -> str | None:
        """The stripped value of the first header with one of these lower-case names; None if there is none."""
        return self.find(names)

    def find(self, names: tuple[bytes, ...]) -> str | None:
        """`header`, with the names in a tuple."""
        index = self._index or self.index
        found = None
        for name in names:
            if name in index:
                found = index[name][1].decode("latin-1").strip()
                if found:
                    break  # a header without a value says nothing: the next name may have one
        return found
