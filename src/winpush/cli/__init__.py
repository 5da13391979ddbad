"""The command line: `winpush`."""

from __future__ import annotations

import io
import sys

__all__ = ["main"]


def main() -> None:
    """Runs `winpush` and ends the process: 0 done, 1 refused or failed, 2 used wrongly."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A pipe on Windows is often cp1252: better a '?' than a traceback after the notification has been sent.
            stream.reconfigure(errors="replace")
    try:
        from winpush.cli.app import run

        code = run()
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name not in ("click", "rich"):
            raise
        sys.stderr.write(f"winpush: the command line needs {name}; type: pip install 'winpush[cli]'\n")
        sys.exit(2)
    except KeyboardInterrupt:  # before click is there to see it
        code = 130
    sys.exit(code)
