"""One process at a time sends from a file, and a dead one releases it at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE
from winpush.delivery.storage.sender_lock import SenderLock

HOLD = """
import sys
from pathlib import Path
from winpush.delivery.storage.sender_lock import SenderLock
lock = SenderLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""

FORK = """
import os, sys, threading
from pathlib import Path
from winpush.delivery.storage.sender_lock import SenderLock

def take_and_give_back(stop):
    lock = SenderLock(Path(sys.argv[1]))
    while not stop.is_set():
        lock.acquire()
        lock.release()

stop = threading.Event()
thread = threading.Thread(target=take_and_give_back, args=(stop,))
thread.start()
for _ in range(50):
    child = os.fork()
    if not child:
        SenderLock(Path(sys.argv[1])).acquire()
        os._exit(0)
    os.waitpid(child, 0)
stop.set()
thread.join()
"""


def hold(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_two_of_one_process_do_not_have_it_at_once(tmp_path: Path) -> None:
    one, other = SenderLock(tmp_path / "push.db"), SenderLock(tmp_path / "push.db")
    assert one.acquire()
    assert not other.acquire()
    assert not one.acquire()
    other.release()
    assert not other.acquire()
    one.release()
    assert other.acquire()
    other.release()


def test_two_processes_do_not_have_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "push.db"
    process = hold(path)
    lock = SenderLock(path)
    try:
        assert not lock.acquire()
    finally:
        process.kill()
        process.communicate()
    assert lock.acquire()
    lock.release()


def test_a_link_to_a_file_is_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "push.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "push.db")
    one, other = SenderLock(tmp_path / "push.db"), SenderLock(tmp_path / "link.db")
    assert one.acquire()
    assert not other.acquire()
    one.release()


@pytest.mark.skipif(sys.platform == "win32", reason="waits for a system that forks")
def test_a_forked_child_neither_has_nor_keeps_its_parents_lock(tmp_path: Path) -> None:
    path = tmp_path / "push.db"
    lock = SenderLock(path)
    assert lock.acquire()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"1" if SenderLock(path).acquire() else b"0")
        signal.pause()
        os._exit(0)
    try:
        assert os.read(reader, 1) == b"0"
        lock.release()
        process = hold(path)
        process.kill()
        process.communicate()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)


def test_only_its_owner_may_read_the_file_of_the_lock(tmp_path: Path) -> None:
    lock = SenderLock(tmp_path / "push.db")
    assert lock.acquire()
    lock.release()
    assert os.stat(tmp_path / "push.db-sender").st_mode & 0o777 == 0o600


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_at_the_moment_that_another_thread_takes_it_leaves_the_child_free_to_ask(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, str(tmp_path / "push.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
