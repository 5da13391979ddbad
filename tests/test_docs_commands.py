"""The commands in the docs can be typed: each names an existing command, with options that it has."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest

from tests.cli.tree import walk
from tests.pages import INLINE, PAGES, ROOT, SHELL, commands_of, prose
from winpush.cli.app import cli


def commands() -> list[Any]:
    """Those of every page, in blocks and in the text."""
    found = {}
    for page in PAGES:
        text = page.read_text()
        for shown in (*SHELL.findall(text), *INLINE.findall(prose(text))):
            for command in commands_of(shown):
                found[f"{page.relative_to(ROOT)}: {shlex.join(command)}"] = command
    return [pytest.param(command, id=name) for name, command in found.items()]


def parse(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """As click does, but runs nothing and checks no file or value. Raises click.UsageError."""
    context = click.Context(command, info_name=command.name, parent=parent, **command.context_settings)
    complete = getattr(command, "complete", list)  # a group that has a default command
    _, rest, _ = command.make_parser(context).parse_args(complete(words))
    if isinstance(command, click.Group) and rest:
        _, below, rest = command.resolve_command(context, rest)
        assert below is not None
        parse(below, rest, context)
    elif rest:
        raise click.UsageError(f"these are too many: {rest}")


@pytest.mark.parametrize("words", commands())
def test_a_command_of_the_docs_can_be_typed(words: list[str]) -> None:
    parse(cli, words)


def test_commands_are_found_in_the_docs() -> None:
    assert len(commands()) > 20


@pytest.mark.parametrize("words", [["sned"], ["send", "toast", "--nothing"], ["history", "too", "many"]])
def test_what_can_not_be_typed_is_seen(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        parse(cli, words)


def test_variables_pipes_and_long_lines_hide_no_command() -> None:
    block = "A=1 winpush send \\\n  toast 'a b' | jq . && winpush db check  # twice\n"
    assert commands_of(block) == [["send", "toast", "a b"], ["db", "check"]]


@pytest.mark.parametrize(("path", "command"), [(path, context.command) for path, context in walk(cli, "winpush")])
def test_every_option_of_a_command_is_in_its_section_of_the_reference(path: str, command: click.Command) -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    section = page.split(f"## `{path}`\n", 1)[1].split("\n## ", 1)[0]
    shown = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    assert not [name for param in shown for name in param.opts if not re.search(rf"{re.escape(name)}\b", section)]
