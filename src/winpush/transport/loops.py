"""The event loop for threads of our own: uvloop's if it is installed, otherwise the stock one.

If gevent or eventlet has replaced threads with greenlets, uvloop would stop the whole process: it waits in C, and no
greenlet runs meanwhile. The stock loop waits in functions that they have patched.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import selectors
import sys
from collections.abc import Awaitable, Generator, Iterator, Mapping
from typing import Any, TypeVar

from winpush.errors import ConnectError

__all__ = ["has_greenlets_for_threads", "new_event_loop", "no_descriptor"]

T = TypeVar("T")
_DESCRIPTORS = 10
"""At least as many as a loop and a client's epoll take, and three more."""
_STDERR = 2


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new loop, not yet running. The caller closes it. Raises ConnectError if no file descriptors are free."""
    try:
        _check_descriptors()
    except OSError as error:
        raise no_descriptor(error) from error
    if has_greenlets_for_threads():
        return _GreenletLoop()
    try:
        uvloop = importlib.import_module("uvloop")
    except (ImportError, RuntimeError):  # not installed, or the program is ending and its threads can't start
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def no_descriptor(error: OSError) -> ConnectError:
    """The error to raise if the system can't open anything for us."""
    return ConnectError(
        f"Nothing can be sent from this process: {os.strerror(error.errno or 0)}. Close open files, or raise the "
        "limit (ulimit -n); then send again",
        is_outage=True,
    )


def _check_descriptors() -> None:
    """Checked first, because a loop that fails half-way leaks what it has opened, and libuv may end the process.

    libuv also aborts if it closes a descriptor of its own below 3. If the program was started without standard input,
    output or error, or has closed it, a read-only /dev/null takes that number for good.
    """
    with contextlib.ExitStack() as opened:
        left = _DESCRIPTORS
        while left:
            descriptor = os.open(os.devnull, os.O_RDONLY)
            if descriptor > _STDERR:
                opened.callback(os.close, descriptor)
                left -= 1


def has_greenlets_for_threads() -> bool:
    """True after gevent's `monkey.patch_all()` or eventlet's `monkey_patch()`: all "threads" share one real one."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if gevent is not None and gevent.is_module_patched("threading"):
        return True
    return eventlet is not None and bool(eventlet.is_monkey_patched("thread"))


class _GreenletLoop(asyncio.SelectorEventLoop):
    """The stock loop, which isn't the running one while it waits.

    asyncio records the running loop per real thread, and greenlets share one: a greenlet that runs while this loop
    waits would find a running loop that isn't its own, and couldn't start another.
    """

    def __init__(self) -> None:
        self._others: asyncio.AbstractEventLoop | None = None
        super().__init__(_YieldingSelector(self))

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Within the block, the running loop is the other greenlets'."""
        asyncio._set_running_loop(self._others)
        try:
            yield
        finally:
            self._others = asyncio._get_running_loop()
            asyncio._set_running_loop(self)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self._others = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            yield
        finally:
            asyncio._set_running_loop(self._others)

    def run_forever(self) -> None:
        """As the stock loop, alongside anything else that runs in this thread."""
        with self._alone():
            super().run_forever()

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """As the stock loop, alongside anything else that runs in this thread."""
        with self._alone():
            return super().run_until_complete(future)


class _YieldingSelector(selectors.BaseSelector):
    """The default selector. While it waits, its loop isn't the running one."""

    def __init__(self, loop: _GreenletLoop) -> None:
        self._loop = loop
        self._selector = selectors.DefaultSelector()  # looked up now: it may have been patched

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Waits. Other greenlets run meanwhile."""
        with self._loop.aside():
            return self._selector.select(timeout)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """As the default selector."""
        return self._selector.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """As the default selector."""
        return self._selector.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """As the default selector."""
        return self._selector.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """As the default selector."""
        return self._selector.get_map()

    def close(self) -> None:
        """As the default selector."""
        self._selector.close()
