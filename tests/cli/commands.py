"""Running `winpush`: in its own process, as a person does, or faster, in this one."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from winpush.cli import app

WINPUSH = (sys.executable, "-m", "winpush.cli")
SECRET = "AAFRQmVzdFRva2VuRXZlcgSECRET"
URI = f"http://db3.notify.live.net/throttledthirdparty/01.00/{SECRET}"


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without its proxies, and with these changes."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, **changes}


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """One command to its end; `changes` are environment variables."""
    return subprocess.run(
        [*WINPUSH, *arguments],
        capture_output=True,
        encoding=changes.get("PYTHONIOENCODING", "utf-8"),
        env=environment(**changes),
        check=False,
    )


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same in this process: faster, for tests that aren't about the process itself."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = app.run(arguments)
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until Ctrl-C."""
    with subprocess.Popen(
        [*WINPUSH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], end: str) -> str:
    """What the command prints, up to and including the line that contains `end`."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if end in line:
            return seen
    raise AssertionError(f"the command ended without {end!r}: {seen}")


def found(pattern: str, text: str) -> str:
    """The first group of the pattern's match in the text."""
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def examples(text: str) -> list[list[str]]:
    """The commands that the emulator suggests, as a shell would split them."""
    return [shlex.split(line) for line in re.findall(r"^  winpush (.*)$", text.replace("\\\n", ""), re.MULTILINE)]


def read_match(process: subprocess.Popen[str], pattern: str) -> str:
    """Reads what the command prints up to a line that matches; its first group."""
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(pattern, line):
            return match[1]
    raise AssertionError(f"the command ended without {pattern!r}")
