"""A push service to break: a real server on loopback; a function of the test handles each connection.

Threads and blocking sockets, so that it shares nothing with what it tests."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

Behaviour = Callable[["Peer"], None]

ACCEPTED_HEADERS = (
    b"X-NotificationStatus: Received\r\nX-DeviceConnectionStatus: Connected\r\nX-SubscriptionStatus: Active\r\n"
)

ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + ACCEPTED_HEADERS + b"\r\n"
LAST = ACCEPTED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

_ESTABLISHED = 1  # the state of a connection, the first byte of Linux's struct tcp_info


class Peer:
    """One accepted connection: reads requests, and writes whatever the test wants."""

    def __init__(self, sock: socket.socket, number: int, server: Server) -> None:
        self.sock = sock
        self.number = number
        self.server = server
        self._buffer = b""

    def read_request(self) -> bytes | None:
        """A whole request, head and body; None when the other side has closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(rest) < length:
            if not self._more():
                return None
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        self._buffer = rest[length:]
        request = head + b"\r\n\r\n" + rest[:length]
        self.server.requests.append(request)
        return request

    def _more(self) -> bool:
        data = self.sock.recv(65536)
        self._buffer += data
        return bool(data)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Closes with a reset instead of a farewell."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_for_close(self) -> None:
        """Holds the connection, silent, until the other side closes it."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass


def accept_all(peer: Peer) -> None:
    """A healthy service: every request on the connection is accepted."""
    while peer.read_request() is not None:
        peer.send(ACCEPTED)


def hold(peer: Peer) -> None:
    """Reads requests and never answers."""
    while peer.read_request() is not None:
        pass


def internal_error(peer: Peer) -> None:
    """Ends TLS's handshake with the alert of a server that has trouble of its own."""
    peer.sock.recv(65536)
    peer.send(b"\x15\x03\x03\x00\x02\x02\x50")
    peer.wait_for_close()


def _is_established(sock: socket.socket) -> bool:
    """False once the client has closed, which the kernel knows before the thread that serves the connection does."""
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED
    except OSError:  # closed on this side, or taken over by TLS
        return False


class Server:
    """Listens on a free port of 127.0.0.1 while its `with` block runs."""

    def __init__(self, behaviour: Behaviour = accept_all, context: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.requests: list[bytes] = []
        self.connections = 0
        self.most_at_once = 0
        self._context = context
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._accepting = threading.Thread(target=self._accept)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.host = "127.0.0.1"

    @property
    def authority(self) -> str:
        return f"{self.host}:{self.port}"

    def uri(self, channel: str = "AAFRQmVzdFRva2VuRXZlcg") -> str:
        scheme, path = ("http", "throttledthirdparty") if self._context is None else ("https", "unthrottledthirdparty")
        return f"{scheme}://{self.authority}/{path}/01.00/{channel}"

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()  # from here on there are no others
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(sock)
                self.connections += 1
                self.most_at_once = max(self.most_at_once, sum(map(_is_established, self._open)))
            thread = threading.Thread(target=self._serve, args=(sock, self.connections))
            with self._lock:
                thread.start()
                self._threads.add(thread)

    def _secure(self, raw: socket.socket, context: ssl.SSLContext) -> socket.socket:
        sock = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(sock)
        try:
            sock.do_handshake()
        except OSError as error:
            if isinstance(error, ssl.SSLError):
                # Closed with bytes unread, the kernel would send a reset, and the client might never read the alert.
                sock.settimeout(5)
                with contextlib.suppress(OSError):
                    while socket.socket.recv(sock, 65536):
                        pass
            with self._lock:
                self._open.discard(sock)
            sock.close()
            raise
        return sock

    def _serve(self, raw: socket.socket, number: int) -> None:
        sock: socket.socket = raw
        with contextlib.suppress(OSError):
            if self._context is not None:
                sock = self._secure(raw, self._context)
            self.behaviour(Peer(sock, number, self))
        with self._lock:
            self._open.discard(sock)
            self._open.discard(raw)
            with contextlib.suppress(OSError):
                sock.close()
            raw.close()
            # Those that have ended, with all closed, are forgotten: a long test has very many.
            self._threads.discard(threading.current_thread())


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections: bound, so that nobody else gets it, and not listened on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]
