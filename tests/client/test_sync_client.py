"""The client for code without asyncio, shared by threads and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from types import FrameType

import pytest

from tests.certificates import Certificates
from tests.paths import open_files
from tests.servers import Peer, Server, hold
from tests.waiting import PATIENCE, eventually
from winpush import Client, ClientClosedError, ConnectError, Outcome, mpns
from winpush.client.loop_thread import LoopThread

TOAST = mpns.Toast("Bold", "normal")
pytestmark = pytest.mark.usefixtures("no_leaks")


def test_closing_the_synchronous_client_ends_what_other_threads_wait_for() -> None:
    outcomes: list[Outcome] = []
    with Server(hold) as server:
        client = Client(allow_hosts=[server.authority], timeout=PATIENCE)
        threads = [
            threading.Thread(target=lambda n=n: outcomes.append(client.send(server.uri(str(n)), TOAST).outcome))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        eventually(lambda: len(server.requests) == 4)
        client.close()
        for thread in threads:
            thread.join()
    assert outcomes == [Outcome.ABORTED] * 4
    with pytest.raises(ClientClosedError):
        client.send(server.uri(), TOAST)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_signal_handler_may_close_the_client_whose_send_it_interrupts(
    secure: bool, certificates: Certificates
) -> None:
    handled = threading.Event()

    def signal_and_hold(peer: Peer) -> None:
        peer.read_request()
        # Python handles a signal that comes just before the thread waits for an answer when that wait is over.
        while not handled.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            handled.wait(0.1)
        peer.wait_for_close()

    def close(*_: object) -> None:
        if not handled.is_set():
            handled.set()
            client.close()

    before = signal.signal(signal.SIGUSR1, close)
    try:
        with Server(signal_and_hold, certificates.server() if secure else None) as server:
            client = Client(allow_hosts=[server.authority], tls=certificates.tls, timeout=PATIENCE)
            result = client.send(server.uri(), TOAST)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (result.outcome, result.may_have_arrived) == (Outcome.ABORTED, True)


@pytest.mark.parametrize("function", [LoopThread.__init__, threading.Event.wait])
def test_a_client_that_its_own_thread_closes_while_it_opens_is_closed(function: Callable[..., object]) -> None:
    """As a signal handler does."""

    def close(frame: FrameType, event: str, _argument: object) -> None:
        if event in ("call", "return") and frame.f_code is function.__code__ and not closed:
            closed.append(True)
            client.close()

    closed: list[bool] = []
    with Server() as server:
        client = Client(allow_hosts=[server.authority])
        before = threading.active_count()
        sys.setprofile(close)
        try:
            with pytest.raises(ClientClosedError):
                client.send(server.uri(), TOAST)
        finally:
            sys.setprofile(None)
        assert closed
        assert threading.active_count() == before
    assert not server.requests


def test_a_client_that_its_own_thread_sends_with_while_it_opens_has_one_thread() -> None:
    """As a signal handler does."""

    def send(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is LoopThread.__init__.__code__ and not sent:
            sent.append(True)
            assert client.send(server.uri("2"), TOAST).ok

    sent: list[bool] = []
    with Server() as server:
        before = threading.active_count()
        with Client(allow_hosts=[server.authority]) as client:
            sys.setprofile(send)
            try:
                assert client.send(server.uri("1"), TOAST).ok
            finally:
                sys.setprofile(None)
            assert threading.active_count() == before + 2  # the client's, and the server's for its connection
        assert len(server.requests) == 2


LATE = """
import atexit, sys, threading
if sys.argv[1] == "stock":
    sys.modules["uvloop"] = None
from winpush import Client, ConnectError, mpns

def send():
    try:
        print(client.send(sys.argv[3], mpns.Toast("Hello")).outcome.value)
    except ConnectError:
        print("connect-failed")
    client.close()

def after_main():
    threading.main_thread().join()
    send()

client = Client(allow_hosts=[sys.argv[3].split("/")[2]], timeout=%d)
if sys.argv[2] == "thread":
    threading.Thread(target=after_main).start()
else:
    atexit.register(send)
"""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("when", ["thread", "atexit"])
@pytest.mark.parametrize("loop", ["stock", "uvloop"])
def test_the_first_send_of_a_program_that_is_ending_has_a_result(loop: str, when: str, host: str) -> None:
    """Threads for names can't begin any more, nor, with some versions of Python, the client's own."""
    with Server() as server:
        uri = server.uri().replace("127.0.0.1", host)
        command = [sys.executable, "-c", LATE % PATIENCE, loop, when, uri]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE / 2, check=False)
    assert done.stdout in ("accepted\n", "connect-failed\n")
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_thread_that_can_not_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with Server() as server, Client(allow_hosts=[server.authority]) as client:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            with pytest.raises(ConnectError, match="can't start new thread"):
                client.send(server.uri(), TOAST)
        assert client.send(server.uri(), TOAST).ok


def test_a_forked_child_gets_connections_of_its_own(no_leaks: Callable[[], None]) -> None:
    with Server() as server, Client(allow_hosts=[server.authority]) as client:
        assert client.send(server.uri("parent"), TOAST).ok
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if client.send(server.uri("child"), TOAST).ok else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert client.send(server.uri("parent"), TOAST).ok
        assert server.connections == 2
    assert open_files() > 0


def test_a_child_forked_while_another_thread_opens_the_client_sends_too() -> None:
    """The child has the lock that this thread holds, and no thread that would release it."""
    reached, released = threading.Event(), threading.Event()

    def stop_at_the_door(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is LoopThread.__init__.__code__ and not reached.is_set():
            reached.set()
            released.wait(PATIENCE)

    with Server() as server, Client(allow_hosts=[server.authority]) as client:

        def open_it() -> None:
            sys.setprofile(stop_at_the_door)
            client.send(server.uri("parent"), TOAST)

        opening = threading.Thread(target=open_it)
        opening.start()
        assert reached.wait(PATIENCE)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                sys.setprofile(None)
                code = 0 if client.send(server.uri("child"), TOAST).ok else 2
            finally:
                os._exit(code)
        states: list[int] = []

        def has_ended() -> bool:
            number, state = os.waitpid(child, os.WNOHANG)
            states.append(state)
            return number == child

        try:
            eventually(has_ended)
        except AssertionError:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        finally:
            released.set()
            opening.join()
        assert states[-1] == 0
