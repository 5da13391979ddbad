"""The C sender writes what winpush writes, and never mistakes one answer for another."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness.build import compile_c
from harness.commands import clean_environment
from harness.places import CACHE, PEERS, PROJECT
from harness.request import accepted, addressed, identity, recording
from harness.stub import Certificates, make_certificates

from tests.waiting import PATIENCE

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="waits for a sender that is not Linux's alone"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="waits for gcc, which compiles the sender"),
]
Options = list[str | Path | int]
NUMBERS: Options = ["--sends", 9, "--warmup", 3, "--concurrency", 1, "--uris", 5]


@pytest.fixture(scope="module")
def sender() -> Path:
    CACHE.mkdir(exist_ok=True)
    program, _ = compile_c("sender", ("sender.c", "header_line.h", "stub_wire.h"))
    assert program is not None
    return program


@pytest.fixture(params=["plain", "TLS"])
def certificates(request: pytest.FixtureRequest, tmp_path: Path) -> Certificates | None:
    """The recorder's certificates."""
    if request.param == "plain":
        return None
    if not Path("/usr/include/openssl/ssl.h").exists() or shutil.which("openssl") is None:
        pytest.skip("waits for OpenSSL's command and headers")
    return make_certificates(tmp_path)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A file with one of winpush's requests."""
    file = tmp_path / "request"
    with recording() as recorder:
        run([sys.executable, PEERS / "winpush_paths.py", "many", "--url", recorder.url, *NUMBERS])
    file.write_bytes(recorder.requests[0])
    return file


def run(command: Options) -> dict[str, int]:
    """The record that a sender prints."""
    # The winpush of this checkout or of this interpreter, whichever the tests are of.
    environment = {**clean_environment(), "PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, timeout=PATIENCE,
        env=environment, cwd=PROJECT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    record: dict[str, int] = json.loads(done.stdout)
    return record


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_the_c_sender_writes_the_bytes_that_send_many_writes(
    sender: Path, certificates: Certificates | None, tmp_path: Path
) -> None:
    trust: Options = [] if certificates is None else ["--ca", certificates.ca]
    with recording(certificates) as recorder:
        run([sys.executable, PEERS / "winpush_paths.py", "many", "--url", recorder.url, *NUMBERS, *trust])
        of_winpush = recorder.requests.copy()
        file = tmp_path / "request"
        file.write_bytes(of_winpush[-1])
        record = run([sender, "--url", recorder.url, "--request", file, *NUMBERS, *trust])
        of_c = recorder.requests[len(of_winpush) :]
    assert len(of_winpush) == 12
    assert of_c == of_winpush
    assert [identity(each) for each in of_c][:6] == [b"%07d" % number for number in (0, 1, 2, 3, 4, 0)]
    assert (record["sends"], record["errors"], record["ids_wrong"], record["ids_checked"]) == (9, 0, 0, 12)


def test_a_recorded_request_is_for_another_port_but_for_its_host_the_same(template: Path) -> None:
    request = template.read_bytes()
    moved = addressed(request, 65_535)
    assert b"\r\nHost: 127.0.0.1:65535\r\n" in moved
    assert [line for line in moved.split(b"\r\n") if not line.startswith(b"Host:")] == [
        line for line in request.split(b"\r\n") if not line.startswith(b"Host:")
    ]


def test_an_answer_with_the_id_of_another_channel_is_wrong(sender: Path, template: Path) -> None:
    with recording(answer=lambda request: accepted(request).replace(b"0000003", b"0000004")) as recorder:
        record = run([sender, "--url", recorder.url, "--request", template, *NUMBERS])
    assert (record["errors"], record["ids_checked"], record["ids_wrong"]) == (0, 12, 2)


@pytest.mark.parametrize(
    ("words", "others"),
    [(b"200 OK", b"503 No"), (b"Received", b"QueueFull"), (b"Connected", b"Away"), (b"Active", b"Expired")],
)
def test_a_refusal_is_an_error(sender: Path, template: Path, words: bytes, others: bytes) -> None:
    with recording(answer=lambda request: accepted(request).replace(words, others)) as recorder:
        record = run([sender, "--url", recorder.url, "--request", template, *NUMBERS])
    assert (record["errors"], record["ids_checked"]) == (12, 0)


@pytest.mark.parametrize("rate", [0, 2_000])
def test_each_send_at_a_fixed_time_has_a_latency(sender: Path, template: Path, rate: int, tmp_path: Path) -> None:
    file = tmp_path / "latencies"
    paced: Options = ["--rate", rate, "--latencies", file]
    with recording() as recorder:
        run([sender, "--url", recorder.url, "--request", template, *NUMBERS, *paced])
    assert len(recorder.requests) == 12
    numbers = memoryview(file.read_bytes()).cast("Q").tolist()
    assert len(numbers) == 9
    assert all(0 < number < 2**62 for number in numbers)
