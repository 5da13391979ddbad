"""Connections lent to threads: the pool's limits hold, nobody waits for ever, and what is lent comes back."""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.certificates import Certificates
from tests.servers import ACCEPTED, Peer, Server, accept_all
from tests.waiting import PATIENCE
from winpush import Client, Outcome, Result, mpns

TOAST = mpns.Toast("Bold", "normal")

pytestmark = pytest.mark.usefixtures("no_leaks")


def send_from_threads(client: Client, uris: list[str], threads: int) -> list[Result]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda uri: client.send(uri, TOAST), uris))


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_more_threads_than_connections_share_them_within_the_limit(secure: bool, certificates: Certificates) -> None:
    with Server(accept_all, certificates.server() if secure else None) as server:
        options = {"allow_hosts": [server.authority], "tls": certificates.tls}
        with Client(**options, max_connections=3) as client:  # type: ignore[arg-type]  # a plain dict
            results = send_from_threads(client, [server.uri(str(n)) for n in range(400)], threads=12)
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 400
    assert server.connections <= 3
    assert len(server.requests) == 400


def test_threads_and_send_many_share_one_limit() -> None:
    with Server() as server, Client(allow_hosts=[server.authority], max_connections=2) as client:
        many: list[Result] = []
        pairs = [(server.uri(f"m{n}"), TOAST) for n in range(300)]
        stream = threading.Thread(target=lambda: many.extend(client.send_many(pairs)))
        stream.start()
        results = send_from_threads(client, [server.uri(str(n)) for n in range(300)], threads=4)
        stream.join()
    assert all(result.ok for result in results)
    assert all(result.ok for result in many)
    assert len(many) == 300
    assert server.connections <= 2


def test_a_thread_and_the_loop_take_turns_on_the_same_connection() -> None:
    with Server() as server, Client(allow_hosts=[server.authority], max_connections=1) as client:
        for _ in range(5):
            assert client.send(server.uri(), TOAST).ok
            assert [result.ok for result in client.send_many([(server.uri(), TOAST)] * 3)] == [True] * 3
    assert server.connections == 1


def test_another_host_gets_the_place_of_what_threads_have_put_back() -> None:
    with Server() as one, Server() as two:
        with Client(allow_hosts=[one.authority, two.authority], max_connections=1) as client:
            assert all(client.send(server.uri(), TOAST).ok for server in (one, two, one, two))
        assert (one.most_at_once, two.most_at_once) == (1, 1)
        assert (one.connections, two.connections) == (2, 2)


def test_threads_of_a_busy_host_leave_a_place_to_another() -> None:
    with Server() as one, Server() as two:
        with Client(allow_hosts=[one.authority, two.authority], max_connections=2) as client:
            uris = [server.uri(str(n)) for n in range(200) for server in (one, two)]
            assert all(result.ok for result in send_from_threads(client, uris, threads=6))
        assert len(one.requests) == len(two.requests) == 200


def test_a_thread_that_gets_no_connection_in_its_time_says_so() -> None:
    held, released = threading.Event(), threading.Event()

    def hold(peer: Peer) -> None:
        peer.read_request()
        held.set()
        released.wait(PATIENCE)
        peer.send(ACCEPTED)
        peer.wait_for_close()

    with (
        Server(hold) as server,
        Client(allow_hosts=[server.authority], max_connections=1) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(client.send, server.uri(), TOAST, timeout=PATIENCE)
        assert held.wait(PATIENCE)
        second = client.send(server.uri(), TOAST, timeout=0.3)
        released.set()
        assert first.result().ok
    assert second.outcome is Outcome.TIMED_OUT
    assert not second.may_have_arrived
    assert "became free" in second.explanation
    assert len(server.requests) == 1


def test_an_answer_that_comes_in_drops_ends_with_the_sends_own_time() -> None:
    def drip(peer: Peer) -> None:
        peer.read_request()
        peer.send(ACCEPTED)
        peer.read_request()
        peer.sock.settimeout(0.05)
        for byte in itertools.chain(ACCEPTED[:-2], itertools.repeat(b"x"[0])):
            with contextlib.suppress(TimeoutError):
                if not peer.sock.recv(1):
                    return
            peer.send(bytes([byte]))

    with Server(drip) as server, Client(allow_hosts=[server.authority]) as client:
        assert client.send(server.uri(), TOAST, timeout=PATIENCE).ok
        result = client.send(server.uri(), TOAST, timeout=0.5)
    assert result.outcome is Outcome.TIMED_OUT
    assert result.may_have_arrived


def test_a_send_that_is_interrupted_gives_its_connection_up_and_the_next_one_works() -> None:
    interrupted, handled = threading.Event(), threading.Event()

    def silent_at_first(peer: Peer) -> None:
        if peer.number > 1:
            accept_all(peer)
            return
        peer.read_request()
        # Python handles a signal that comes just before the thread waits for an answer when that wait is over.
        while not handled.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            handled.wait(0.1)
        peer.wait_for_close()
        interrupted.set()

    def interrupt(*_: object) -> None:
        if not handled.is_set():
            handled.set()
            raise KeyboardInterrupt

    with (
        handling(signal.SIGUSR1, interrupt),
        Server(silent_at_first) as server,
        Client(allow_hosts=[server.authority], max_connections=1) as client,
    ):
        with pytest.raises(KeyboardInterrupt):
            client.send(server.uri(), TOAST)
        assert interrupted.wait(PATIENCE)  # its socket was closed: an answer could still have come on it
        assert client.send(server.uri(), TOAST).ok


@contextlib.contextmanager
def handling(number: signal.Signals, handler: Callable[..., None]) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
