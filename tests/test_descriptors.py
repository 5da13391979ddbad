"""Without a free file descriptor, the error says so; nothing hangs or leaks, and the next try works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE
from winpush.emulator import Emulator

resource = pytest.importorskip("resource", reason="RLIMIT_NOFILE is of Unix")

BEGIN = """
import contextlib, os, resource, sys
if sys.argv[1] == "stock":
    sys.modules["uvloop"] = None
from winpush import Client, TransportError, mpns
from winpush.delivery import Outbox, DatabaseError
uri = sys.argv[2]
url = sys.argv[3]
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

def descriptors():
    return sorted(map(int, os.listdir("/proc/self/fd")))[:-1]

@contextlib.contextmanager
def only(free):
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    for _ in range(free):
        os.close(taken.pop())
    try:
        yield
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

hosts = [uri.split("/")[2]]
toast = mpns.Toast("Hello")
"""

CLIENT = """
with Client(allow_hosts=hosts) as warm:
    assert warm.send(uri, toast).ok
before = descriptors()
failed = 0
for free in range(16):
    client = Client(allow_hosts=hosts)
    with only(free):
        try:
            failed += not client.send(uri, toast).ok
        except TransportError as error:
            assert "Too many open files" in str(error), error
            failed += 1
    assert client.send(uri, toast).ok
    client.close()
    assert descriptors() == before, (free, before, descriptors())
assert failed > 3
print("end")
"""

OUTBOX = """
with Outbox(url, allow_hosts=hosts) as warm:  # libuv opens some for the whole process
    pass
failed = 0
for free in range(16):
    before = descriptors()
    outbox = Outbox(url, allow_hosts=hosts)
    outbox.register(uri)
    with only(free):
        try:
            outbox.start()
        except TransportError as error:
            assert "Too many open files" in str(error), error
            failed += 1
    outbox.start()
    number = outbox.broadcast(toast)
    outbox.close()
    assert descriptors() == before, (free, before, descriptors())
outbox = Outbox(url, allow_hosts=hosts)
outbox.deliver_until_idle()
states = [outbox.progress(info.id).states for info in outbox.list_broadcasts()]
assert all({state.value for state in each} == {"delivered"} for each in states), states
outbox.close()
assert failed > 3
print("end")
"""


STANDARD = """
for number in map(int, sys.argv[4]):
    with contextlib.suppress(OSError):
        os.close(number)
with Client(allow_hosts=hosts) as client:
    code = 7 if client.send(uri, toast).ok else 8
for number in map(int, sys.argv[4].replace("0", "")):
    with contextlib.suppress(OSError):
        os.write(number, b"written")
        code = 9
os._exit(code)
"""


@pytest.mark.parametrize("closed", ["0", "1", "2", "012"])
@pytest.mark.parametrize("loop", ["stock", "uvloop"])
def test_a_process_without_standard_input_output_or_error_sends_and_ends(
    loop: str, closed: str, winpush_emulator: Emulator
) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    begin = BEGIN.replace("from winpush.delivery import Outbox, DatabaseError\n", "")
    uri = winpush_emulator.create_channel().uri
    command = [sys.executable, "-c", begin + STANDARD, loop, uri, "", closed]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 7, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
@pytest.mark.parametrize("loop", ["stock", "uvloop"])
@pytest.mark.parametrize("script", [CLIENT, OUTBOX], ids=["client", "outbox"])
def test_without_a_free_descriptor_it_is_told_and_the_next_try_works(
    loop: str, script: str, winpush_emulator: Emulator, tmp_path: Path
) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    if script is OUTBOX:
        pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    uri = winpush_emulator.create_channel().uri
    command = [sys.executable, "-c", BEGIN + script, loop, uri, f"sqlite:///{tmp_path}/push.db"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout, done.returncode) == ("end\n", 0), done.stderr
