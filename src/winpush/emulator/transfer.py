"""What both services document about the form of a request: its length, its encoding, its expectations."""

from __future__ import annotations

from winpush._xml import encoding_of
from winpush.emulator.exchange import Incoming

__all__ = ["is_chunked", "remark_encoding", "remark_transfer"]


def is_chunked(request: Incoming) -> bool:
    """True for a body that came in chunks, without a Content-Length."""
    return "chunked" in (request.header("transfer-encoding") or "").lower()


def remark_transfer(request: Incoming) -> tuple[str, ...]:
    """Remarks on headers of HTTP itself."""
    remarks = []
    if is_chunked(request):
        remarks.append("Transfer-Encoding: the body came in chunks; the documentation demands a Content-Length.")
    if "100-continue" in (request.header("expect") or "").lower():
        remarks.append("Expect: 100-continue costs a round trip for each notification; turn it off.")
    return tuple(remarks)


def remark_encoding(document: bytes, service: str) -> tuple[str, ...]:
    """A remark on a document that isn't UTF-8."""
    encoding = encoding_of(document)
    if encoding in ("utf-8", "us-ascii"):
        return ()
    return (
        f"The document is {encoding}; {service} documents UTF-8, and what a device makes of another is unverified.",
    )
