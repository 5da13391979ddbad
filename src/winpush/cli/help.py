"""The layout of a command's help: options under headings, and examples. The tests run every example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

__all__ = ["HEADINGS", "Command", "Layout", "Option", "is_typed", "needs", "option", "value_name"]

_OTHERS = "Options"
HEADINGS = (
    *("Message", "Delivery", "Audience", "Schedule", "Channel", "Filter", "Checks"),
    *("Devices", "Faults", "Server", "Worker", "Outbox", "Login", "Connection", "Output", _OTHERS),
)
"""The headings for options, in the order of the help."""


class Option(click.Option):
    """click's option, under a heading of the help."""

    def __init__(self, *args: Any, heading: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.heading = heading


def option(*names: str, heading: str, cls: type[Option] = Option, **attributes: Any) -> Callable[[Any], Any]:
    """Adds an option under this heading; otherwise the same as `click.option`."""
    return click.option(*names, cls=cls, heading=heading, **attributes)


def value_name(option_name: str) -> str:
    """The name under which a command gets an option's value: `phone_xml` for `--phone-xml`."""
    return option_name.removeprefix("--").replace("-", "_")


def is_typed(name: str, context: click.Context | None = None) -> bool:
    """Whether this parameter was given on the command line, rather than by a variable or its default."""
    source = (context or click.get_current_context()).get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def needs(needed: str, *options: str) -> None:
    """Raises click.UsageError for the first of these options that was typed: without `needed` it does nothing."""
    for each in options:
        if is_typed(value_name(each)):
            raise click.UsageError(f"{each} needs {needed}. Add {needed}, or leave {each} out.")


class Layout(click.Command):
    """The layout itself, for commands and groups."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, heading by heading."""
        found: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                found.setdefault(getattr(parameter, "heading", _OTHERS), []).append(record)
        for heading in sorted(found, key=HEADINGS.index):
            with formatter.section(heading):
                formatter.write_dl(found[heading])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples as they are typed."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Example" if len(self.examples) == 1 else "Examples"):
                for line in "\n".join(self.examples).splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Command(Layout):
    """A command whose help has this layout."""
