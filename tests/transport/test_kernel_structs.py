"""The layouts of Linux's structures are tried on a real connection before they are relied on."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from winpush.transport.kernel_structs import CLOSED, are_as_expected, count_received, set_timeouts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="waits for Linux: the structures are its own")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as one:
        other, _ = server.accept()
        with other:
            yield one, other


def test_the_trial_finds_both_structures_as_expected() -> None:
    assert are_as_expected()


def test_bytes_are_counted_that_nobody_has_read_yet(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.sendall(b"12345")
    other.recv(5, socket.MSG_WAITALL | socket.MSG_PEEK)
    assert count_received(other) == 5


def test_a_connection_that_the_other_side_has_ended_has_no_count(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.shutdown(socket.SHUT_WR)
    assert other.recv(1) == b""
    assert count_received(other) == CLOSED


def test_a_blocking_read_ends_after_the_time_that_was_set(pair: tuple[socket.socket, socket.socket]) -> None:
    _, other = pair
    set_timeouts(other, 0.01)
    with pytest.raises(BlockingIOError):
        other.recv(1)
