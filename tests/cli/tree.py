"""The tree of commands, walked."""

from __future__ import annotations

from collections.abc import Iterator

import click

COLUMNS = 80


def walk(command: click.Command, path: str, parent: click.Context | None = None) -> Iterator[tuple[str, click.Context]]:
    """Each command with its path, as a context that shows help in a terminal of 80 columns."""
    context = click.Context(
        command, info_name=path.rpartition(" ")[2], parent=parent, terminal_width=COLUMNS, **command.context_settings
    )
    yield path, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from walk(below, f"{path} {name}", context)
