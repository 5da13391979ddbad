"""Generates the command-line reference from the commands' help: `python -m winpush.cli.reference`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from winpush.cli.app import cli

__all__ = ["generate"]

_INTRODUCTION = """# The command line

Generated from the commands' help by `python -m winpush.cli.reference`. A test fails if this page is out of date.

Exit codes: 0 success, 1 refused or failed, 2 usage error. An option that names an environment variable can be set with
it. To enable shell completion: `eval "$(_WINPUSH_COMPLETE=bash_source winpush)"` (or `zsh_source`, `fish_source`).

`pip install "winpush[cli]"` installs the command. The commands of the outbox (`channels`, `broadcast`, `broadcasts`,
`history`, `worker`, `db`) also need `winpush[delivery]`, `emulator` needs `winpush[emulator]`, `demo` needs both, and
`webpush` needs `winpush[webpush]`.

In the examples, `$URI` is a channel's URI, and the login is in the environment.

## JSON

With `--json`, a command prints only JSON on standard output:

- a command with one answer prints one document, an object;
- a command that lists (`channels list`, `channels stale`, `channels import`, `broadcasts list`, `history`, `doctor`,
  `protocol` without a place) prints one object per line;
- a command that fails prints `{"error": {"type": …, "message": …, "hint": …}}`. `type` is `usage` (exit code 2) or
  `failed` (exit code 1); `hint` says what to do next, or is null.

The exit codes are the same as without it. A refused send is an answer, not an error: the exit code is 1 and the
document is the result. Times are ISO 8601, and names that end in `_seconds` are in seconds. `winpush worker` prints
only a log, and `winpush channels export` prints the file itself, so these two don't have `--json`.
"""


def generate() -> str:
    """The page as Markdown."""
    sections = [f"## `{path}`\n\n```text\n{text}\n```\n" for path, text in _walk(cli, "winpush", None)]
    return "\n".join([_INTRODUCTION, *sections])


def _walk(command: click.Command, path: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "terminal_width": 80}
    context = click.Context(command, info_name=path.rsplit(" ", 1)[-1], parent=parent, **settings)
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _walk(child, f"{path} {name}", context)


if __name__ == "__main__":
    click.echo(generate(), nl=False)
