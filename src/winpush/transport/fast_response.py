"""Reads the usual answer in one go: a complete head with well-formed lines, and no body.

A service's answers repeat the same few lines, so each line is checked once and remembered. Anything unusual is left to
the parser; a property test checks that both read the same.
"""

from __future__ import annotations

import re
from functools import lru_cache

from winpush._make import make_response
from winpush.http import HeaderIndex, Response

__all__ = ["read_usual"]

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?))?")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TEXT = bytes(range(0x20, 0x7F))
# Headers that announce a body, or what happens to the connection.
_UNUSUAL = frozenset((b"", b"transfer-encoding", b"connection", b"proxy-connection", b"upgrade", b"trailer"))
_NO_BODY = (b"204", b"304")
_MISREAD = (b"", (b"", b""))


@lru_cache(maxsize=256)
def _status(line: bytes) -> tuple[int, str] | None:
    match = _STATUS_LINE.fullmatch(line)
    if match is None or match[1] in _NO_BODY:
        return None
    return int(match[1]), (match[2] or b"").decode("ascii")


@lru_cache(maxsize=256)
def _lower(name: bytes) -> bytes:
    return name.lower() if _NAME.fullmatch(name) else b""


@lru_cache(maxsize=2048)
def _header(line: bytes) -> tuple[bytes, tuple[bytes, bytes]]:
    name, _, value = line.partition(b": ")
    if not value or value.translate(None, _TEXT) or value[0] == 0x20 or value[-1] == 0x20:
        return _MISREAD
    return _lower(name), (name, value)


def read_usual(view: memoryview, size: int) -> Response | None:
    """The answer, if the first `size` bytes are a complete one that keeps the connection open; None if the parser must
    read it."""
    data = bytes(view[:size])
    if data[-4:] != b"\r\n\r\n":
        return None
    lines = data[:-4].split(b"\r\n")
    status = _status(lines[0])
    del lines[0]
    index: HeaderIndex = dict(map(_header, lines))
    if (
        status is None
        or len(index) != len(lines)
        or not index.keys().isdisjoint(_UNUSUAL)
        or (length := index.get(b"content-length")) is None
        or length[1] != b"0"
    ):
        return None
    return make_response(status[0], tuple(index.values()), b"", status[1], index)
