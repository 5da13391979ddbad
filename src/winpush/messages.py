"""Request and Response: the HTTP messages of both services as frozen values, and the request's form on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field

from winpush.channels import Channel
from winpush.errors import ValidationError

__all__ = ["Request", "Response", "check_header"]

Headers = tuple[tuple[str, str], ...]


def check_header(field_name: str, value: str) -> str:
    """Returns the value. Raises ValidationError for one that would break out of its header line, or can't be in it."""
    if "\r" in value or "\n" in value:
        raise ValidationError(field_name, "contains a line break, which would start a header of its own")
    if not (value.isascii() and value.isprintable()):
        raise ValidationError(field_name, "contains a control character or a character outside ASCII")
    return value


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
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        if proxy_authorization is not None:
            lines += f"Proxy-Authorization: {proxy_authorization}\r\n"
        head = f" HTTP/1.1\r\nHost: {self.channel.origin.authority}\r\n{lines}Content-Length: {len(self.body)}\r\n\r\n"
        return head.encode("ascii") + self.body

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

    def header(self, *names: bytes) -> str | None:
        """The value of the first header with one of these names (given in lower case), stripped; None if absent."""
        for name in names:
            for key, value in self.headers:
                if key.lower() == name:
                    return value.decode("latin-1").strip()
        return None
