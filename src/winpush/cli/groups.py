"""A group of commands that answers a wrong word with the next thing to type."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import click

__all__ = ["GuessingGroup"]


class GuessingGroup(click.Group):
    """As click's own, with the nearest name for a command that is mistyped."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names. Raises click.UsageError when it names none."""
        names = self.list_commands(ctx)
        # A shell that completes a half-typed line wants no errors in it.
        if args and args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(_advise(ctx.command_path, args[0], names))
        return super().resolve_command(ctx, args)


def _advise(path: str, word: str, names: Sequence[str]) -> str:
    if "://" in word:
        return f"No such command {word!r}. Put one of these before it: {', '.join(names)}."
    near = difflib.get_close_matches(word, names, 1)
    hint = f"Did you mean: {path} {near[0]}?" if near else f"Type '{path} --help' for the list."
    return f"No such command {word!r}. {hint}"
