"""Running `winpush`: as a person does, in a process of its own, or quicker, in this one."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys

from winpush.cli import app

WINPUSH = (sys.executable, "-m", "winpush.cli")
SECRET = "AAFRQmVzdFRva2VuRXZlcgSECRET"
URI = f"http://db3.notify.live.net/throttledthirdparty/01.00/{SECRET}"


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would steer the command, and with these changes."""
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
    """The same in this process: what is not about the process itself is quicker so."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = app.run(arguments)
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())
