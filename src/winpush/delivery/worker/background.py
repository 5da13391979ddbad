"""The thread in which an outbox delivers. If its worker fails, for whatever reason, another one takes over."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta

from winpush.delivery.storage.database import DatabaseError
from winpush.delivery.worker.worker import Worker
from winpush.errors import ConfigurationError
from winpush.transport.loops import new_event_loop

__all__ = ["Background"]

_LONGER = 30
_log = logging.getLogger("winpush.delivery")


class Background:
    """Delivers from `start()` to `stop()`. `make` creates each worker; a failed one is replaced after `pause`."""

    def __init__(self, make: Callable[[], Worker], pause: timedelta = timedelta(seconds=2)) -> None:
        self._process = os.getpid()
        self._make = make
        self._pause = pause.total_seconds()
        self._stopping = threading.Event()
        self._worker: Worker | None = None
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="winpush-outbox", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it is delivering. False in a child process of the one that started it."""
        return self._is_mine and self._thread.is_alive()

    @property
    def _is_mine(self) -> bool:
        return self._process == os.getpid()

    def start(self) -> None:
        """Returns once the worker runs. Raises what prevents that, such as ConnectError without file descriptors."""
        self._thread.start()
        try:
            self._started.result()
        except BaseException:
            self._stopping.set()
            raise

    def wake(self) -> None:
        """Tells the worker that there is work."""
        worker = self._worker
        if worker is not None and self._is_mine:
            worker.wake()

    def stop(self) -> None:
        """Has the worker record its sends in flight (see Worker.stop), and ends the thread. In a child process, does
        nothing. Raises ConfigurationError in a hook, which runs on this very thread."""
        if not self._is_mine:
            return
        if self._thread is threading.current_thread():
            raise ConfigurationError(
                "Outbox.close() was called by a hook: call it from another thread, once all is sent"
            )
        self._stopping.set()
        worker = self._worker
        if worker is not None:
            worker.stop()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = self._pause
            try:
                with asyncio.Runner(loop_factory=new_event_loop) as runner:
                    runner.run(self._work())
            except BaseException as error:
                if not self._started.done():
                    self._started.set_exception(error)
                    return
                if not isinstance(error, Exception):
                    raise
                pause = self._report(error)
            self._stopping.wait(pause)

    async def _work(self) -> None:
        self._worker = worker = self._make()
        if self._stopping.is_set():
            self._ready()
        else:
            # `start` returns only once the worker is ready: a fork must not catch this thread loading certificates,
            # when it holds OpenSSL's locks.
            await worker.run(on_ready=self._ready)

    def _ready(self) -> None:
        if not self._started.done():
            self._started.set_result(None)

    def _report(self, error: Exception) -> float:
        """Logs the error; returns how many seconds to wait before the next worker."""
        if isinstance(error, ConfigurationError):  # such as tables of a later version: won't go away soon
            _log.error("%s. This process delivers nothing until that is fixed", error)
            return self._pause * _LONGER
        if self._stopping.is_set() and isinstance(error, DatabaseError):
            _log.warning("%s. The worker stopped without the database: sends in flight may be repeated", error)
        else:
            _log.error("The worker failed; another one takes over in %g s", self._pause, exc_info=error)
        return self._pause
