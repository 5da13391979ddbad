"""An outbox that was used before a fork works in the children, and keeps working in the parent."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.waiting import PATIENCE
from winpush.delivery import Outbox
from winpush.emulator import Emulator

BEGIN = """
import os, sys, threading
from winpush import mpns
from winpush.delivery import DatabaseError, Outbox

TOAST = mpns.Toast("Hello")
outbox = Outbox(sys.argv[1], allow_hosts=[sys.argv[2]])

def store(times):
    for _ in range(times):
        outbox.notify("her", TOAST)
        list(outbox.channels())

def child():
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        store(25)
        outbox.start()
        outbox.close()
        code = 0
    except DatabaseError as error:
        code = 3 if "was forked while" in str(error) else 1
    finally:
        os._exit(code)

def codes(children):
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
"""

IDLE = """
store(1)
children = [child() for _ in range(4)]
store(25)
print(*codes(children))
outbox.close()
"""

BUSY = """
stop = threading.Event()

def store_on():
    while not stop.is_set():
        outbox.notify("her", TOAST)

threads = [threading.Thread(target=store_on) for _ in range(3)]
with outbox:
    for thread in threads:
        thread.start()
    children = [child() for _ in range(4)]
    stop.set()  # SQLite gives its lock to whoever asks most often: the children might wait for ever
    for thread in threads:
        thread.join()
    store(25)
    print(*codes(children))
"""


def run(script: str, url: str, outbox: Outbox, emulator: Emulator) -> list[str]:
    """The children's exit codes."""
    outbox.register({"uri": emulator.create_channel().uri, "key": "her"})
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", BEGIN + script, url, emulator.authority]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.split()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_an_outbox_used_before_a_fork_works_in_children(outbox: Outbox, url: str, winpush_emulator: Emulator) -> None:
    assert run(IDLE, url, outbox, winpush_emulator) == ["0"] * 4
    assert len(list(outbox.list_broadcasts())) == 1 + 5 * 25


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_while_other_threads_write_works_or_is_refused_on_sqlite(
    outbox: Outbox, url: str, winpush_emulator: Emulator
) -> None:
    codes = run(BUSY, url, outbox, winpush_emulator)
    assert set(codes) <= ({"0", "3"} if url.startswith("sqlite") else {"0"})
