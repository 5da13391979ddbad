"""A socket that a loop has taken over, and whose descriptor it has closed, closes nobody else's."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from winpush.transport.hand_over import handed_over

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="waits for a loop there that closes descriptors itself")


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    one, other = socket.socketpair()
    with one, other:
        yield one


def test_a_descriptor_that_is_open_stays_the_sockets(sock: socket.socket) -> None:
    number = sock.fileno()
    with handed_over(sock):
        pass
    assert sock.fileno() == number


def test_a_descriptor_that_was_closed_is_given_up(sock: socket.socket) -> None:
    with suppress(ConnectionResetError), handed_over(sock):
        os.close(sock.fileno())
        raise ConnectionResetError
    assert sock.fileno() == -1


def test_a_number_that_is_somebody_elses_by_now_stays_open(sock: socket.socket) -> None:
    reader, writer = os.pipe()
    number = sock.fileno()
    with handed_over(sock):
        os.close(number)
        os.dup2(writer, number)
    sock.close()
    os.write(number, b"open")
    assert os.read(reader, 4) == b"open"
    for each in (reader, writer, number):
        os.close(each)


def test_a_socket_that_the_loop_has_closed_itself_is_no_trouble(sock: socket.socket) -> None:
    with handed_over(sock):
        sock.close()
    assert sock.fileno() == -1
