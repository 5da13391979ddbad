"""Giving a connected socket to an event loop, which closes it from then on."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["handed_over"]


@contextmanager
def handed_over(sock: socket.socket) -> Iterator[None]:
    """While a loop takes the socket over, with `create_connection(sock=…)`.

    If the peer hangs up at that very moment, uvloop closes the descriptor and leaves the socket object unaware of it.
    Later that would close whatever has got the same number by then, such as somebody else's connection. So an object
    whose descriptor is gone gives it up.
    """
    if sys.platform == "win32":  # there is no uvloop
        yield
        return
    which = os.fstat(sock.fileno()).st_ino
    try:
        yield
    finally:
        if not _has(sock, which):
            sock.detach()


def _has(sock: socket.socket, which: int) -> bool:
    try:
        return os.fstat(sock.fileno()).st_ino == which
    except OSError:
        return False
