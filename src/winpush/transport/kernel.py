"""The system calls that read and write the loop's non-blocking sockets (threads: `thread_connection`).

The compiled build replaces this module by `compiled/winpush/transport/kernel.pyx`.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from functools import partial

__all__ = ["KernelSocket", "TlsSocket"]


class KernelSocket:
    """A plain socket's two system calls, with Python's own errors: BlockingIOError and other subclasses of OSError.

    `receive(view)` reads what has come; 0 if the other side has closed. `send(data)` writes what the kernel takes, and
    returns the number of bytes.
    """

    __slots__ = ("receive", "send")

    receive: Callable[[memoryview], int]
    send: Callable[[bytes], int]

    def __init__(self, sock: socket.socket) -> None:
        self.receive = sock.recv_into
        self.send = partial(os.write, sock.fileno())


class TlsSocket(KernelSocket):
    """The same for a TLS socket, which raises SSLWantReadError where a plain one raises BlockingIOError."""

    __slots__ = ()

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self.receive = tls.recv_into
        self.send = tls.send
