"""`winpush protocol`, and citations in a terminal: a claim is one step away from its source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import WINPUSH, call, environment
from winpush import protocol_pages
from winpush.citations import PAGES

URI = "https://db5p.notify.windows.com/?token=AwYAAACopaiwYRSECRETSECRET"


def in_a_terminal(*arguments: str, **changes: str) -> str:
    """What a command writes into a terminal, escapes and all."""
    if sys.platform == "win32":
        pytest.skip("waits for a system with pseudo-terminals")
    import pty

    ours, theirs = pty.openpty()
    variables = {"TERM": "xterm-256color", "COLUMNS": "100", **changes}
    with subprocess.Popen([*WINPUSH, *arguments], stdout=theirs, stderr=theirs, env=environment(**variables)):
        os.close(theirs)
        written = bytearray()
        try:
            while part := os.read(ours, 65_536):
                written += part
        except OSError:  # how Linux says that the other end is closed
            pass
    os.close(ours)
    return written.decode()


def test_without_arguments_it_lists_every_section_of_every_page() -> None:
    lines = call("protocol").stdout.splitlines()
    assert "wns        9.1   Elements and attributes" in lines
    assert "mpns     10    An emulator, and other senders" in lines
    count = sum(len(protocol_pages.sections(page)) for page in PAGES)
    assert len(lines) == count + 1
    assert lines[-1].startswith("sources")


def test_a_page_lists_its_own_sections() -> None:
    lines = call("protocol", "mpns").stdout.splitlines()
    assert lines
    assert all(line.startswith("mpns") for line in lines)


def test_a_section_goes_into_a_pipe_as_markdown() -> None:
    done = call("protocol", "wns", "9.3")
    assert done.returncode == 0
    assert done.stdout == protocol_pages.section("wns", "9.3").markdown
    assert done.stdout.startswith("### 9.3 Counts and sizes\n")


def test_a_key_is_explained_and_the_page_of_sources_is_printed_whole() -> None:
    assert call("protocol", "sources", "W6").stdout.startswith("**W6** MicrosoftDocs/windows-dev-docs")
    assert call("protocol", "sources").stdout == protocol_pages.page("sources")


def test_it_speaks_json() -> None:
    listed = [json.loads(line) for line in call("protocol", "--json").stdout.splitlines()]
    assert {"page": "wns", "number": "9.1", "title": "Elements and attributes"} in listed
    section = json.loads(call("protocol", "wns", "8", "--json").stdout)
    assert (section["title"], section["anchor"], section["depth"]) == ("Limits", "s8", 1)
    assert "5,000 bytes" in section["markdown"]
    assert "WNS" not in json.loads(call("protocol", "sources", "M8", "--json").stdout)["markdown"]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("wns", "99"), "'winpush protocol wns'"),
        (("sources", "Z9"), "'winpush protocol sources'"),
        (("fcm",), "'wns', 'mpns', 'webpush', 'sources'"),
    ],
)
def test_a_place_that_there_is_not_ends_with_what_to_type(arguments: tuple[str, ...], advice: str) -> None:
    done = call("protocol", *arguments)
    assert done.returncode == 2
    assert advice in done.stderr


def test_a_terminal_gets_a_section_laid_out_with_links_to_the_shipped_pages() -> None:
    shown = in_a_terminal("protocol", "wns", "9.3")
    assert "###" not in shown
    assert "|---|" not in shown
    assert "Counts and sizes" in shown
    assert f"{protocol_pages.folder().resolve().as_uri()}/sources.md#w8\x1b\\" in shown


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "toast.xml"
    path.write_text("<toast><visual><binding template='ToastGeneric'><text>a</text><b/></binding></visual></toast>")
    return str(path)


def test_what_the_doctor_cites_is_a_link_in_a_terminal(document: str) -> None:
    shown = in_a_terminal("doctor", URI, "--no-probe", "--xml", document)
    place = protocol_pages.folder().resolve().as_uri()
    assert f";{place}/wns.md#s9-1\x1b\\wns.md 9.1\x1b]8;;\x1b\\" in shown
    assert f";{place}/wns.md#s10-1\x1b\\10.1\x1b]8;;\x1b\\" in shown
    assert "SECRETSECRET" not in shown


def test_a_terminal_that_knows_no_links_and_a_pipe_get_the_bare_citation(document: str) -> None:
    arguments = ("doctor", URI, "--no-probe", "--xml", document)
    plain = in_a_terminal(*arguments, TERM="dumb")
    for shown in (plain, call(*arguments).stdout):
        assert "it is ignored. [wns.md 9.1, 10.1]" in shown
        assert "\x1b]8" not in shown
