"""Handing a connected socket to an event loop, which is then responsible for closing it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["handed_over"]


@contextmanager
def handed_over(sock: socket.socket) -> Iterator[None]:
    """Use it around `create_connection(sock=…)`, which takes the socket over.

    If the peer hangs up at that very moment, uvloop closes the file descriptor without telling the socket object. The
    object would later close whatever has the same descriptor by then, such as another connection. So if the descriptor
    is gone, the object is detached from it.
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
