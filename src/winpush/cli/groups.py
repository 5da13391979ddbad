"""A command group that suggests what to type after a mistyped command."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import click

from winpush.cli.help import Command, Layout

__all__ = ["GuessingGroup"]


class GuessingGroup(Layout, click.Group):
    """click's group, plus the closest match for a mistyped command."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options and the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names. Raises click.UsageError if there is none."""
        names = self.list_commands(ctx)
        # Shell completion must not print errors.
        if args and args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(_advise(ctx.command_path, args[0], names))
        return super().resolve_command(ctx, args)


def _advise(path: str, word: str, names: Sequence[str]) -> str:
    if "://" in word:
        return f"No such command {word!r}. Put one of these before it: {', '.join(names)}."
    near = difflib.get_close_matches(word, names, 1)
    hint = f"Did you mean: {path} {near[0]}?" if near else f"Run '{path} --help' for the list."
    return f"No such command {word!r}. {hint}"
