"""The command line: `winpush`."""

from __future__ import annotations

import io
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Runs `winpush` and exits: 0 success, 1 refused or failed, 2 usage error."""
    _replace_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A pipe on Windows is often cp1252: print '?' rather than raise after the notification has been sent.
            stream.reconfigure(errors="replace")
    try:
        from winpush.cli.app import run

        code = run()
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "click":
            raise
        sys.stderr.write('winpush: the command line needs click. Run: pip install "winpush[cli]"\n')
        sys.exit(2)
    except KeyboardInterrupt:  # before click is loaded to handle it
        code = 130
    sys.exit(code)


def _replace_closed_streams() -> None:
    """Opens the null device where the shell's `>&-` left no stream: else a file opened later would get its number."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end
