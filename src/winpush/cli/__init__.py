"""The command line: `winpush`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Runs `winpush` and ends the process: 0 done, 1 refused or failed, 2 used wrongly."""
    try:
        from winpush.cli.app import run
    except ModuleNotFoundError as missing:
        if missing.name not in ("click", "rich"):
            raise
        sys.stderr.write(f"winpush: the command line needs {missing.name}; type: pip install 'winpush[cli]'\n")
        sys.exit(2)
    sys.exit(run())
