"""A connection on its own socket: what the kernel doesn't take at once, and what is closed before the first byte."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable

import pytest

from tests.certificates import Certificates
from tests.servers import ACCEPTED
from tests.waiting import until
from winpush import TlsError
from winpush.errors import AnswerLostError, TransportError
from winpush.http import Response
from winpush.transport.connection import Connection
from winpush.transport.epoll_connection import EpollConnection, EpollTlsConnection, secure
from winpush.transport.reactor import Reactor

BODY_BYTES = 300_000


class Pool:
    """The connection's owner and home."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(65_536))
        self.gone: list[Connection] = []
        self.sent_again: list[object] = []

    def retired(self, connection: Connection) -> None:
        pass

    def lost(self, connection: Connection) -> None:
        self.gone.append(connection)

    def release(self, connection: Connection) -> None:
        pass

    def submit(self, job: object) -> None:
        self.sent_again.append(job)


class Sent:
    """A job that ends by resolving a future."""

    def __init__(self, wire: bytes) -> None:
        self.wire = wire
        self.deadline = 0.0
        self.end: asyncio.Future[Response | TransportError] = asyncio.get_running_loop().create_future()

    def begin(self, connection: Connection) -> None:
        connection.start(self)

    def answered(self, response: Response) -> None:
        self.end.set_result(response)

    def failed(self, error: TransportError) -> None:
        self.end.set_result(error)


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection with small buffers."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ours.setblocking(False)  # noqa: FBT003 - its own name says what it means
    return ours, theirs


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_a_request_that_the_kernel_takes_in_pieces_arrives_whole(encrypted: bool, certificates: Certificates) -> None:
    ours, theirs = pair()
    received = bytearray()

    def serve() -> None:
        peer = certificates.server().wrap_socket(theirs, server_side=True) if encrypted else theirs
        with peer:
            while len(received) < BODY_BYTES:
                received.extend(peer.recv(1000))
            peer.sendall(ACCEPTED)

    async def main() -> None:
        pool, reactor = Pool(), Reactor(asyncio.get_running_loop())
        if encrypted:
            tls = await secure(reactor, ours, certificates.tls.make_context(), "127.0.0.1")
            connection: EpollConnection = EpollTlsConnection(pool, pool, reactor, tls)
        else:
            connection = EpollConnection(pool, pool, reactor, ours)
        job = Sent(bytes(range(250)) * (BODY_BYTES // 250))
        connection.start(job)
        answer = await job.end
        assert isinstance(answer, Response)
        assert answer.status_code == 200
        connection.close()
        await asyncio.sleep(0)
        assert pool.gone == [connection]
        reactor.close()

    thread = in_thread(serve)
    asyncio.run(main())
    thread.join()
    assert bytes(received) == bytes(range(250)) * (BODY_BYTES // 250)


def test_a_peer_that_is_gone_in_the_middle_of_a_request_is_told() -> None:
    ours, theirs = pair()

    async def main() -> TransportError | Response:
        pool, reactor = Pool(), Reactor(asyncio.get_running_loop())
        connection = EpollConnection(pool, pool, reactor, ours)
        job = Sent(b"x" * BODY_BYTES)
        connection.start(job)
        await asyncio.sleep(0)
        theirs.close()
        answer = await job.end
        reactor.close()
        return answer

    answer = asyncio.run(main())
    assert isinstance(answer, AnswerLostError)
    assert answer.request_sent


@pytest.mark.parametrize("used", [False, True])
def test_a_peer_that_is_gone_before_the_first_byte_costs_a_used_connection_no_send(used: bool) -> None:
    ours, theirs = pair()
    theirs.close()

    async def main() -> tuple[list[object], Sent]:
        pool, reactor = Pool(), Reactor(asyncio.get_running_loop())
        connection = EpollConnection(pool, pool, reactor, ours)
        connection.used = used
        job = Sent(b"x")
        connection.start(job)
        reactor.flush()
        reactor.close()
        return pool.sent_again, job

    sent_again, job = asyncio.run(main())
    assert sent_again == ([job] if used else [])
    assert job.end.done() is not used
    if not used:
        error = job.end.result()
        assert isinstance(error, AnswerLostError)
        assert not error.request_sent


def test_a_server_that_refuses_tls_before_the_first_byte_says_why(certificates: Certificates) -> None:
    """TLS 1.3 refuses a client's certificate only after its handshake: the alert is what there is to read."""
    ours, theirs = pair()

    def serve() -> None:
        context = certificates.server()
        context.verify_mode = ssl.CERT_REQUIRED
        with theirs, pytest.raises(ssl.SSLError):
            context.wrap_socket(theirs, server_side=True)

    async def main() -> TransportError | Response:
        pool, reactor = Pool(), Reactor(asyncio.get_running_loop())
        context = certificates.tls.make_context()
        tls = await secure(reactor, ours, context, "127.0.0.1")
        thread.join()
        connection = EpollTlsConnection(pool, pool, reactor, tls)
        job = Sent(b"x")
        connection.start(job)
        answer = await job.end
        reactor.close()
        return answer

    thread = in_thread(serve)
    assert isinstance(asyncio.run(main()), TlsError)


def test_what_comes_between_the_start_of_a_request_and_its_writing_is_no_answer_to_it() -> None:
    """One turn of the loop: something else that is ready starts the request, and then the bytes out of turn are met."""
    ours, theirs = pair()
    starter, other = socket.socketpair()

    async def main() -> tuple[list[object], Sent]:
        pool, reactor = Pool(), Reactor(asyncio.get_running_loop())
        connection = EpollConnection(pool, pool, reactor, ours)
        connection.used = True
        job = Sent(b"x")

        def start(_mask: int) -> None:
            reactor.remove(starter.fileno())
            connection.start(job)

        reactor.add(starter.fileno(), start)
        other.send(b"first")
        theirs.send(ACCEPTED)
        await until(lambda: bool(pool.gone) or job.end.done())
        reactor.close()
        return pool.sent_again, job

    with theirs, starter, other:
        sent_again, job = asyncio.run(main())
        assert sent_again == [job]
        assert not job.end.done()
