"""What both services document about the form of a request: length, encoding and `Expect`."""

from __future__ import annotations

from email.message import Message

from winpush._xml import encoding_of
from winpush.emulator.exchange import Incoming

__all__ = ["is_chunked", "remark_charset", "remark_encoding", "remark_transfer"]

_UTF_8 = ("utf-8", "utf8", "us-ascii")


def is_chunked(request: Incoming) -> bool:
    """True for a body that came in chunks, without a Content-Length."""
    return "chunked" in (request.header("transfer-encoding") or "").lower()


def remark_transfer(request: Incoming) -> tuple[str, ...]:
    """Remarks on headers of HTTP itself."""
    remarks = []
    if is_chunked(request):
        remarks.append("Transfer-Encoding: the body came in chunks; the documentation requires a Content-Length.")
    if request.is_pipelined:
        remarks.append("The request came before the previous one was answered; WNS accepts no pipelining (wns.md 3).")
    if "100-continue" in (request.header("expect") or "").lower():
        remarks.append("Expect: 100-continue costs a round trip for each notification; turn it off.")
    return tuple(remarks)


def remark_encoding(document: bytes, service: str) -> tuple[str, ...]:
    """A remark on a document that isn't UTF-8."""
    encoding = encoding_of(document)
    if encoding in _UTF_8:
        return ()
    return (f"The document is {encoding}; {service} documents UTF-8, and how devices treat others is unverified.",)


def remark_charset(request: Incoming) -> tuple[str, ...]:
    """A remark on a Content-Type that names an encoding other than the document's."""
    charset, encoding = _charset_of(request), encoding_of(request.body)
    if charset in (*_UTF_8, encoding):
        return ()
    return (
        f"Content-Type says charset={charset[:40]}, which overrides the document's own declaration (RFC 7303, "
        f"section 3); the document is {encoding}.",
    )


def _charset_of(request: Incoming) -> str:
    """The charset in lower case; utf-8, the documented one, if there is none."""
    message = Message()
    message["content-type"] = request.header("content-type") or ""
    return str(message.get_param("charset", "utf-8")).strip().lower()
