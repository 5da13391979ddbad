"""The command tree, loaded lazily, and error handling."""

from __future__ import annotations

import importlib
import itertools
import platform
import sys
from collections.abc import Sequence

import click

from winpush import __version__, compiled
from winpush.cli.failures import exit_code_of, is_of_output, show, show_lost_output
from winpush.cli.groups import GuessingGroup
from winpush.cli.output import echo_json_error
from winpush.errors import WinPushError

__all__ = ["cli", "run"]

_DRAWS = ("rich", "markdown_it")  # rich depends on markdown_it
_COMMANDS = {
    "send": "winpush.cli.send.command",
    "webpush": "winpush.cli.webpush",
    "doctor": "winpush.cli.doctor",
    "protocol": "winpush.cli.protocol",
    "emulator": "winpush.cli.emulator",
    "demo": "winpush.cli.demo.command",
    "channels": "winpush.cli.channels",
    "broadcast": "winpush.cli.broadcast",
    "broadcasts": "winpush.cli.broadcasts:broadcasts",
    "history": "winpush.cli.history:history",
    "worker": "winpush.cli.worker",
    "db": "winpush.cli.db",
}
"""Command name -> its module, optionally with `:attribute` (default: `command`)."""


class _Lazy(GuessingGroup):
    """Imports a command's module on first use, which keeps `winpush --help` fast."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The command names, in the order a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The command with this name, or None."""
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute or "command")
        return command


def _version() -> str:
    """`winpush 0.2.0 (compiled), Python 3.13.1`: what a bug report needs."""
    build = "compiled" if compiled else "pure Python"
    return f"%(prog)s %(version)s ({build}), Python {platform.python_version()}"


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    examples=["winpush demo --exit", "winpush send toast --help"],
)
@click.version_option(__version__, prog_name="winpush", message=_version())
def cli() -> None:
    """Send Windows push notifications, and test them on simulated devices.

    New here? Run 'winpush demo'.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except OSError as error:
        if not is_of_output(error):
            raise
        show_lost_output(error)
        return 1
    return code


def _run(typed: Sequence[str]) -> int:
    try:
        code = cli.main(typed, prog_name="winpush", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:  # Ctrl-C; click has already printed a newline
        return 130
    except (click.ClickException, WinPushError) as error:
        return _tell(error, typed)
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name not in _DRAWS:
            raise
        return _tell(click.UsageError(f'The command line needs {name}. Run: pip install "winpush[cli]"'), typed)
    return code if isinstance(code, int) else 0


def _tell(error: click.ClickException | WinPushError, typed: Sequence[str]) -> int:
    """Prints why a command failed; returns the exit code."""
    exit_code = exit_code_of(error)
    if _wants_json(typed):
        echo_json_error(error, exit_code)
    else:
        show(error)
    return exit_code


def _wants_json(typed: Sequence[str]) -> bool:
    """Whether `--json` was typed: an error can come before the options are understood."""
    return "--json" in itertools.takewhile(lambda word: word != "--", typed)
