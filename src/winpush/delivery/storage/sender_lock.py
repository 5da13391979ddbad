"""One process at a time sends from a SQLite file: the one that holds the lock of a file next to it.

The operating system releases the lock when its holder dies, however it dies, so that another process takes over at
once. Neither kind of lock is enough alone. `flock` stays with a child that was forked before its parent was killed.
`lockf` is granted twice to one process, and dropped when any descriptor of the file is closed: hence a list of what
this process holds, and descriptors that are never closed.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["SenderLock"]

_SUFFIX = "-sender"
_PRIVATE = 0o600


@dataclass(slots=True)
class _File:
    descriptor: int
    holder: object | None = None


# Module-level state, because the operating system keeps it per process too. Keyed by device, inode and process: a
# forked child inherits no lock.
_files: dict[tuple[int, int, int], _File] = {}
_mutex = threading.Lock()
if hasattr(os, "register_at_fork"):  # a child would never get a lock that another thread of its parent held
    os.register_at_fork(before=_mutex.acquire, after_in_parent=_mutex.release, after_in_child=_mutex.release)


class SenderLock:
    """The right to send from the database in this file."""

    def __init__(self, database: Path) -> None:
        real = Path(os.path.realpath(database))
        self._path = real.with_name(real.name + _SUFFIX)
        self._file: _File | None = None

    def acquire(self) -> bool:
        """Takes the lock; False while another worker has it, in this process or another. Raises OSError."""
        with _mutex:
            file = self._open()
            if file.holder is not None or not _lock(file.descriptor):
                return False
            file.holder, self._file = self, file
            return True

    def release(self) -> None:
        """Gives the lock back, if it is held."""
        with _mutex:
            file, self._file = self._file, None
            if file is not None and file.holder is self:
                file.holder = None
                _unlock(file.descriptor)

    def _open(self) -> _File:
        with suppress(OSError):
            found = self._path.stat()
            known = _files.get((found.st_dev, found.st_ino, os.getpid()))
            if known is not None:
                return known
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, _PRIVATE)
        made = os.fstat(descriptor)
        file = _files[made.st_dev, made.st_ino, os.getpid()] = _File(descriptor)
        return file


if sys.platform == "win32":

    def _lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        with suppress(OSError):
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
