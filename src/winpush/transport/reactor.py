"""Our own sockets on a given event loop: one epoll for all of them, which the loop watches as a single file.

The loop wakes us once, and we handle every socket that is ready by then. asyncio's transports would cost a handle, a
context and three calls for each socket, and uvloop's half of that; over a batch, this costs a fraction of both.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import Callable
from typing import Protocol

from winpush.transport.loops import no_descriptor

__all__ = ["READABLE", "WRITABLE", "Reactor", "is_available"]

READABLE = 0x001
"""EPOLLIN: bytes have come, or the other side has closed."""
WRITABLE = 0x004
"""EPOLLOUT: the kernel takes bytes again."""

# Answers handled before the loop's other work gets a turn: about two milliseconds' worth.
_BATCH = 128


def is_available(loop: asyncio.AbstractEventLoop) -> bool:
    """True if the kernel has epoll (Linux) and the loop can watch a file: the stock loop and uvloop can."""
    if not hasattr(select, "epoll"):
        return False
    return type(loop).add_reader is not asyncio.AbstractEventLoop.add_reader


class Writer(Protocol):
    """A connection with something to write."""

    fd: int

    def write_now(self, wire: bytes, stirred: bool) -> None:
        """Its turn has come. `stirred`: there is something to read, or the other side has closed."""


class Reactor:
    """Calls a handler whenever its socket is ready. Belongs to one loop, and isn't thread-safe.

    Raises ConnectError if no file descriptor is free.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._writes: list[tuple[Writer, bytes]] = []
        self._handlers: dict[int, Callable[[int], None]] = {}
        try:
            self._epoll = select.epoll()
        except OSError as error:
            raise no_descriptor(error) from error
        loop.add_reader(self._epoll.fileno(), self._ready)

    def add(self, fd: int, handler: Callable[[int], None], mask: int = READABLE) -> None:
        """Watches a socket. The handler gets what it is ready for; a failure also counts as readable."""
        self._handlers[fd] = handler
        self._epoll.register(fd, mask)

    def change(self, fd: int, mask: int) -> None:
        """Watches a known socket for something else."""
        self._epoll.modify(fd, mask)

    def remove(self, fd: int) -> None:
        """Stops watching a socket, which must still be open."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    async def wait(self, fd: int, mask: int) -> None:
        """Waits until a socket is ready, or has failed."""
        ready: asyncio.Future[None] = self.loop.create_future()

        def end(_mask: int) -> None:
            if not ready.done():
                ready.set_result(None)

        self.add(fd, end, mask)
        try:
            await ready
        finally:
            self.remove(fd)

    def write_soon(self, writer: Writer, wire: bytes) -> None:
        """Gathers the writes of the loop's present turn, and does them all in a row at its end.

        A peer (or its network card) that sleeps between two requests has to be woken for each one, which costs the
        sender as much as the write itself; for writes in a row, it is woken once.
        """
        if not self._writes:
            self.loop.call_soon(self.flush)
        self._writes.append((writer, wire))

    def flush(self) -> None:
        """Writes what has been gathered.

        First checks all sockets: one that was closed, or has unsolicited data, gets nothing more. The loop may not have
        noticed yet; thanks to this check, a connection closed while idle costs no send.
        """
        if not self._writes:
            return
        writes, self._writes = self._writes, []
        stirred = {fd for fd, _ in self._epoll.poll(0, len(self._handlers) or 1)}
        for writer, wire in writes:
            writer.write_now(wire, writer.fd in stirred)

    def close(self) -> None:
        """Stops watching. Closing the sockets is up to their owners."""
        with contextlib.suppress(RuntimeError):  # a closed loop watches nothing
            self.loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _ready(self) -> None:
        handlers = self._handlers
        for fd, mask in self._epoll.poll(0, _BATCH):
            # An earlier handler of this batch may have closed this one's socket.
            handler = handlers.get(fd)
            if handler is not None:
                handler(mask)
