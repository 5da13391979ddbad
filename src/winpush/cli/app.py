"""The tree of commands, each loaded when it is asked for, and how errors end."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence

import click

from winpush import __version__
from winpush.cli.groups import GuessingGroup
from winpush.cli.output import hide_channels
from winpush.errors import WinPushError

__all__ = ["cli", "run"]

_COMMANDS = {
    "send": "winpush.cli.send.command",
    "doctor": "winpush.cli.doctor",
    "protocol": "winpush.cli.protocol",
    "emulator": "winpush.cli.emulator",
    "demo": "winpush.cli.demo.command",
    "channels": "winpush.cli.channels",
    "broadcast": "winpush.cli.broadcasts:broadcast",
    "broadcasts": "winpush.cli.broadcasts:broadcasts",
    "history": "winpush.cli.broadcasts:history",
    "worker": "winpush.cli.worker",
    "db": "winpush.cli.db",
}
"""Each command's name and the module that holds it: as `command`, or under the name after the colon."""


class _Lazy(GuessingGroup):
    """Loads a command's module only when it is needed, so that `winpush --help` is quick."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names, in the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute or "command")
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="winpush")
def cli() -> None:
    """Windows push notifications: send them, and look at them on simulated phones.

    New here? Type 'winpush demo'.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    try:
        code = cli.main(arguments, prog_name="winpush", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except click.Abort:  # Ctrl-C; click has ended the line already
        return 130
    except WinPushError as error:
        click.echo(hide_channels(f"Error: {error}"), err=True)
        return 2
    return code if isinstance(code, int) else 0


def _show(error: click.ClickException) -> None:
    """As click shows it, but for channel URIs: click's messages repeat what was typed, in the wrong place too."""
    shown = io.StringIO()
    error.show(shown)
    click.echo(hide_channels(shown.getvalue()), nl=False, err=True)
