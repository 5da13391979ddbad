"""The command line: `winpush`."""

from __future__ import annotations

import io
import sys

__all__ = ["main"]


def main() -> None:
    """Runs `winpush` and exits: 0 success, 1 refused or failed, 2 usage error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A pipe on Windows is often cp1252: print '?' rather than raise after the notification has been sent.
            stream.reconfigure(errors="replace")
    try:
        from winpush.cli.app import run

        code = run()
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name not in ("click", "rich"):
            raise
        sys.stderr.write(f'winpush: the command line needs {name}. Run: pip install "winpush[cli]"\n')
        sys.exit(2)
    except KeyboardInterrupt:  # before click is loaded to handle it
        code = 130
    sys.exit(code)
