"""A server that records what a sender writes, byte for byte, and answers as the stub does."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

from harness.stub import Certificates

_PATIENCE_SECONDS = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_TARGET = re.compile(rb"^POST \S*[/=](\S+) HTTP/1\.1\r\n")
_HOST = re.compile(rb"\r\nHost: [^\r]+\r\n")
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-NotificationStatus: Received\r\nX-DeviceConnectionStatus: Connected\r\n"
    b"X-SubscriptionStatus: Active\r\nX-Stub-Id: %b\r\n\r\n"
)


Answer = Callable[[bytes], bytes]
"""Gives the answer to a request."""


def accepted(request: bytes) -> bytes:
    """The stub's answer: accepted, with the id of the request."""
    return _ANSWER % identity(request)


class Recorder:
    """Serves one connection after the other; `requests` has the complete requests received."""

    def __init__(self, listener: socket.socket, certificates: Certificates | None, answer: Answer) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._listener = listener
        self._context = _server_context(certificates)
        self.url = f"{'http' if certificates is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}"

    def serve(self) -> None:
        """Serves until the listener is shut down."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._serve_one(connection)

    def _serve_one(self, plain: socket.socket) -> None:
        plain.settimeout(_PATIENCE_SECONDS)
        with plain if self._context is None else self._context.wrap_socket(plain, server_side=True) as connection:
            received = b""
            while more := connection.recv(65536):
                received += more
                while (size := _size(received)) is not None:
                    request, received = received[:size], received[size:]
                    self.requests.append(request)
                    connection.sendall(self._answer(request))


def _server_context(certificates: Certificates | None) -> ssl.SSLContext | None:
    if certificates is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.key)
    return context


def _size(received: bytes) -> int | None:
    """The size of the first request, head and body, in bytes; None while it is incomplete."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(received, 0, end + 2)
    size = end + 4 + (int(length[1]) if length else 0)
    return size if len(received) >= size else None


def identity(request: bytes) -> bytes:
    """The id of the channel that a request goes to: the end of its target."""
    target = _TARGET.match(request)
    return target[1] if target else b""


def addressed(request: bytes, port: int) -> bytes:
    """The same request for another port of this machine."""
    return _HOST.sub(b"\r\nHost: 127.0.0.1:%d\r\n" % port, request, count=1)


@contextlib.contextmanager
def recording(certificates: Certificates | None = None, answer: Answer = accepted) -> Iterator[Recorder]:
    """A recorder that serves until the block ends, for senders with one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        recorder = Recorder(listener, certificates, answer)
        thread = threading.Thread(target=recorder.serve, daemon=True)
        thread.start()
        try:
            yield recorder
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # closing alone wouldn't wake a thread that waits in `accept`
            thread.join(_PATIENCE_SECONDS)
