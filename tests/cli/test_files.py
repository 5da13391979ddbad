"""Files and standard streams: what can't be read or written is reported in one line, never as a traceback."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import SECRET, URI, WINPUSH, call, environment
from winpush.emulator import Emulator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell's redirections are those of POSIX")
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def shell(
    words: tuple[str, ...], redirections: str, before: str = "", **changes: str
) -> subprocess.CompletedProcess[str]:
    """One command with redirections of the shell."""
    command = f"{before}exec {shlex.join([*WINPUSH, *words])} {redirections}"
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, env=environment(**changes), check=False
    )


@pytest.fixture
def db(tmp_path: Path) -> str:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    from winpush.delivery import Outbox

    url = f"sqlite:///{tmp_path}/push.db"
    with Outbox(url) as outbox:
        outbox.register({"uri": URI})
    return url


def assert_one_line(done: subprocess.CompletedProcess[str], said: str) -> None:
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert said in done.stderr
    assert SECRET not in done.stderr


@full
def test_a_result_that_cannot_be_printed_is_told_in_one_line(emulator: Emulator) -> None:
    phone = emulator.create_channel()
    words = ("send", "toast", phone.uri, "a", "--json", "--allow-host", emulator.authority)
    assert_one_line(shell(words, ">/dev/full"), "Can't write the output: No space left on device.")


@full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words",
    [("channels", "list"), ("channels", "list", "--json"), ("channels", "export"), ("channels", "show", "9", "--json")],
    ids=" ".join,
)
def test_a_list_that_cannot_be_printed_is_incomplete(words: tuple[str, ...], unbuffered: str, db: str) -> None:
    done = shell((*words, "--db", db), ">/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert_one_line(done, "Can't write the output: No space left on device. It is incomplete.")


@full
@pytest.mark.parametrize("words", [("channels", "export", "/dev/full"), ("history", "--output", "/dev/full")])
def test_a_file_that_cannot_be_written_is_incomplete(words: tuple[str, ...], db: str) -> None:
    assert_one_line(
        shell((*words, "--db", db), ""), "Can't write /dev/full: No space left on device. It is incomplete."
    )


@pytest.mark.parametrize(
    "words",
    [
        ("send", "raw", URI, "-"),
        ("send", "toast", URI, "--xml", "-"),
        ("broadcast", "content", "-", "--dry-run"),
        ("broadcast", "raw", "-", "--dry-run"),
        ("channels", "import", "-", "--db", "DB"),
        ("channels", "add", "-", "--db", "DB"),
        ("doctor", "-"),
        ("doctor", "--xml", "-"),
        ("webpush", "send", "-", "hi", "--vapid-key", "vapid.pem", "--subject", "mailto:ops@example.com"),
    ],
    ids=" ".join,
)
def test_without_standard_input_a_dash_is_a_usage_error(words: tuple[str, ...], db: str, tmp_path: Path) -> None:
    typed = tuple(db if word == "DB" else word for word in words)
    assert call("webpush", "keys", str(tmp_path / "vapid.pem")).returncode == 0
    done = shell(typed, "<&-", f"cd {shlex.quote(str(tmp_path))} && ")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "there is none" in done.stderr


def test_without_standard_output_an_export_is_no_success(db: str) -> None:
    done = shell(("channels", "export", "--db", db), ">&-")
    assert done.returncode == 2
    assert "no standard output" in done.stderr


@pytest.mark.parametrize("words", [("channels", "list"), ("channels", "list", "--json"), ("protocol", "wns")])
@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-"])
def test_what_nobody_can_see_is_dropped(words: tuple[str, ...], redirection: str, db: str) -> None:
    assert shell(words, redirection, WINPUSH_DB=db).returncode == 0


def test_half_a_key_is_not_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "vapid.pem"
    done = shell(("webpush", "keys", str(file), "--json"), "", "ulimit -f 0 && ")
    assert (done.returncode, json.loads(done.stdout)["error"]["type"]) == (1, "failed")
    assert not file.exists()
