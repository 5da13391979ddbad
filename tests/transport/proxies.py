"""Real proxies: HTTP's CONNECT, also inside TLS, and SOCKS5. Each is a behaviour of `tests.servers.Server`."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.servers import Behaviour, Peer

SOCKS5, GRANTED, REFUSED, NO_METHOD = 5, 0, 1, 0xFF
ANYBODY, LOGIN = 0, 2
IPV4, NAME, IPV6 = 1, 3, 4


def answer(data: bytes) -> Behaviour:
    """Reads a request, answers this, and hangs up."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)

    return behave


def refuse_what_is_not_http(peer: Peer) -> None:
    """An HTTP proxy's answer to TLS or SOCKS."""
    peer.sock.recv(65536)
    peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def tunnel(peer: Peer) -> None:
    """A proxy's CONNECT: joins the client with the server that it names."""
    request = peer.read_request()
    if request is None:
        return
    host, _, port = request.split(b" ")[1].decode().rpartition(":")
    with socket.create_connection((host, int(port))) as upstream:
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        relay(peer.sock, upstream)


def relay(one: socket.socket, other: socket.socket) -> None:
    """Passes bytes on in both directions until one side ends. One thread: two may not share a TLS connection."""
    ways = {one: other, other: one}
    while True:
        ready = [sock for sock in ways if isinstance(sock, ssl.SSLSocket) and sock.pending()]
        for source in ready or select.select(list(ways), [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            ways[source].sendall(data)


@dataclass
class Socks:
    """A SOCKS5 proxy (RFC 1928): asks for a login if it has one, and connects. `asked` is what it was asked for.

    `resolve` says where a name leads. `reply` other than 0 refuses.
    """

    login: tuple[bytes, bytes] | None = None
    reply: int = GRANTED
    resolve: Callable[[str], str] = lambda name: name
    asked: list[tuple[int, str, int]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    def __call__(self, peer: Peer) -> None:
        version, count = read(peer, 2)
        assert version == SOCKS5
        methods = read(peer, count)
        wanted = ANYBODY if self.login is None else LOGIN
        if wanted not in methods:
            peer.send(bytes([SOCKS5, NO_METHOD]))
            return
        peer.send(bytes([SOCKS5, wanted]))
        if self.login is None or self.log_in(peer):
            self.connect(peer)

    def log_in(self, peer: Peer) -> bool:
        user = read(peer, read(peer, 2)[1])
        self.logins.append((user, read(peer, read(peer, 1)[0])))
        granted = self.logins[-1] == self.login
        peer.send(bytes([1, GRANTED if granted else REFUSED]))
        return granted

    def connect(self, peer: Peer) -> None:
        _, _, _, kind = read(peer, 4)
        if kind == NAME:
            host = read(peer, read(peer, 1)[0]).decode()
        else:
            family = socket.AF_INET if kind == IPV4 else socket.AF_INET6
            host = socket.inet_ntop(family, read(peer, 4 if kind == IPV4 else 16))
        port = int.from_bytes(read(peer, 2), "big")
        self.asked.append((kind, host, port))
        peer.send(bytes([SOCKS5, self.reply, 0, IPV4, 127, 0, 0, 1, 0, 80]))
        if self.reply == GRANTED:
            with socket.create_connection((self.resolve(host), port)) as upstream:
                relay(peer.sock, upstream)


def read(peer: Peer, size: int) -> bytes:
    """Reads this many bytes. Raises OSError when the other side has closed."""
    data = b""
    while len(data) < size:
        more = peer.sock.recv(size - len(data))
        if not more:
            raise ConnectionResetError("the client has closed")
        data += more
    return data
