"""The layout of two Linux structures for `getsockopt` and `setsockopt`: `struct tcp_info` and `struct timeval`.

Python's `socket` has no names for their fields, so their offsets are here, and tested before they are relied on:
`are_as_expected()` counts bytes over a real connection. If they differ, the caller does without.
"""

from __future__ import annotations

import socket
import struct
import sys
from functools import cache

__all__ = ["CLOSED", "are_as_expected", "count_received", "set_timeouts"]

CLOSED = -1
"""What `count_received` returns if the other side has closed."""

_TCP_ESTABLISHED = 1  # tcpi_state, the structure's first byte
_BYTES_RECEIVED = slice(128, 136)  # tcpi_bytes_received, an unsigned 64-bit integer (Linux 4.1 and later)
_SIZE = 136
_TIMEVAL = struct.Struct("ll")  # tv_sec, tv_usec
_MICROSECONDS = 1_000_000
_TRIAL = b"winpush"


def count_received(sock: socket.socket) -> int:
    """How many bytes have come in total, by the kernel's count; CLOSED if the connection isn't fully open."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
    if info[0] != _TCP_ESTABLISHED or len(info) < _SIZE:
        return CLOSED
    return int.from_bytes(info[_BYTES_RECEIVED], sys.byteorder)


def set_timeouts(sock: socket.socket, seconds: float) -> None:
    """Makes a blocking read or write end with EAGAIN after this many seconds."""
    whole = int(seconds)
    timeval = _TIMEVAL.pack(whole, int((seconds - whole) * _MICROSECONDS))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)


@cache
def are_as_expected() -> bool:
    """True if a trial on loopback shows that both structures have the layout that this module assumes."""
    if not hasattr(socket, "TCP_INFO"):
        return False
    try:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as one:
            other, _ = server.accept()
            with other:
                return _is_counted(one, other) and _is_timed(one)
    except (OSError, struct.error):
        return False


def _is_counted(one: socket.socket, other: socket.socket) -> bool:
    before = count_received(other)
    one.sendall(_TRIAL)
    other.recv(len(_TRIAL), socket.MSG_WAITALL)
    after = count_received(other)
    one.shutdown(socket.SHUT_WR)
    other.recv(1)
    return (before, after, count_received(other)) == (0, len(_TRIAL), CLOSED)


def _is_timed(sock: socket.socket) -> bool:
    set_timeouts(sock, 1.5)
    told = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL.size)
    seconds, microseconds = _TIMEVAL.unpack(told)
    return bool(1.49 < seconds + microseconds / _MICROSECONDS < 1.51)
