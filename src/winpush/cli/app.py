"""The tree of commands, each loaded when it is asked for, and how errors end."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from winpush import __version__
from winpush.errors import WinPushError

__all__ = ["cli", "run"]

_COMMANDS = {
    "send": "winpush.cli.send",
    "emulator": "winpush.cli.emulator",
    "demo": "winpush.cli.demo",
}
"""Each command's name and the module that holds it as `command`."""


class _Lazy(click.Group):
    """Loads a command's module only when it is needed, so that `winpush --help` is quick."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names, in the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name; click itself says what to do about an unknown one."""
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's own, with the nearest name for one that is mistyped."""
        import difflib

        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, 1)
            hint = f"Did you mean: winpush {near[0]}?" if near else "Type 'winpush --help' for the list."
            ctx.fail(f"There is no command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)


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
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("", err=True)
        return 130
    except WinPushError as error:
        click.echo(f"Error: {error}", err=True)
        return 2
    return code if isinstance(code, int) else 0
