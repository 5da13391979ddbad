"""`winpush protocol`: the protocol reference in the terminal."""

from __future__ import annotations

import sys

import click

from winpush import protocol_pages
from winpush.cli.help import Command, option
from winpush.cli.output import echo_json, echo_json_line
from winpush.errors import ValidationError
from winpush.protocol_pages import NAMES, Section

__all__ = ["command"]


@click.command(
    cls=Command,
    examples=[
        "winpush protocol                 # all sections",
        "winpush protocol wns             # the sections of one page",
        "winpush protocol wns 9.1         # what a message cites as 'wns.md 9.1'",
        "winpush protocol sources W8      # what a message cites as '[W8]'",
    ],
)
@click.argument("page", type=click.Choice(NAMES, case_sensitive=False), required=False)
@click.argument("place", required=False)
@option("--json", "as_json", heading="Output", is_flag=True, help="Print JSON, with the text as Markdown.")
def command(page: str | None, place: str | None, as_json: bool) -> None:
    """Look up the protocol reference.

    The reference has the facts, how certain they are, and their sources. PLACE is a section number, as cited in
    messages, or the key of a source.

    Exit code: 0 success, 2 usage error, or no such place.
    """
    try:
        if place is not None and page is not None:
            _show(page, place, as_json=as_json)
        elif page == "sources":
            _print(protocol_pages.page(page), page, as_json=as_json)
        else:
            _list(NAMES if page is None else (page,), as_json=as_json)
    except ValidationError as error:
        raise click.UsageError(f"{error}.") from None


def _list(pages: tuple[str, ...], *, as_json: bool) -> None:
    found = [section for page in pages for section in protocol_pages.sections(page)]
    if as_json:
        for each in found:
            echo_json_line({"page": each.page, "number": each.number, "title": each.title})
        return
    for each in found:
        click.echo(f"{each.page:<9}{'  ' * (each.depth - 1)}{each.number:<6}{each.title}")
    if "sources" in pages:
        click.echo("sources     The sources that keys such as [W8] refer to")
    return


def _show(page: str, place: str, *, as_json: bool) -> None:
    if page == "sources":
        return _print(protocol_pages.source(place), page, as_json=as_json)
    section: Section = protocol_pages.section(page, place)
    if as_json:
        return echo_json(section)
    return _print(section.markdown, page)


def _print(text: str, page: str, *, as_json: bool = False) -> None:
    """Prints Markdown: rendered in a terminal, unchanged in a pipe or file."""
    if as_json:
        return echo_json({"page": page, "markdown": text})
    if not sys.stdout.isatty():
        return click.echo(text, nl=False)
    from markdown_it import MarkdownIt
    from rich.console import Console
    from rich.markdown import Markdown

    shown = Markdown("")
    parser = MarkdownIt("commonmark").enable("table")
    parser.validateLink = lambda _url: True  # type: ignore[assignment, method-assign]  # else no file: links
    shown.parsed = parser.parse(protocol_pages.with_whole_links(text, page))
    return Console().print(shown)
