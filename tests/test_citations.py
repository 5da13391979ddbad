"""Every citation leads to an existing place of the protocol reference, and none is written in another form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import protocol_pages
from winpush.citations import PAGES, Citation, cited, parse
from winpush.mpns import responses as mpns_responses
from winpush.protocol_pages import NAMES
from winpush.wns.protocol import diagnosis
from winpush.wns.protocol import responses as wns_responses
from winpush.wns.render.lint import RULES
from winpush.wns.schema.templates import CATALOGUE

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "docs", "tests", "examples", "benchmarks", "compiled")
SUFFIXES = (".py", ".pyx", ".pxd", ".js", ".html", ".css", ".md", ".toml")
FILES = [
    *(
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in SUFFIXES and ".cache" not in path.parts  # what a benchmark has installed
    ),
    *sorted(ROOT.glob("*.md")),
]
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
# What looks like a citation and isn't: a page without a number after it (but for links), a key among other things.
PAGE_ALONE = re.compile(r"(?<!\]\()(?<![\w/-])(?:wns|mpns|vectors)\.md(?! [0-9]|#|`)", re.ASCII)
KEY_IN_BRACKETS = re.compile(r"\[[ABGLMRSTW][0-9]{1,2}[a-z]?\b[^\]\n]*\]")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: str) -> set[str]:
    return set(ANCHOR.findall(protocol_pages.page(page)))


PLACES = {page: anchors(page) for page in NAMES}


def lost(text: str) -> list[str]:
    return [citation.text for citation in cited(text) if citation.anchor not in PLACES[citation.page]]


def test_a_citation_names_page_and_place() -> None:
    assert parse("A rule. (wns.md 9.1, 10.1 [W8, G2: push-notify issue 10])") == (
        "A rule. (",
        Citation("wns.md 9.1", "wns", "s9-1"),
        ", ",
        Citation("10.1", "wns", "s10-1"),
        " [",
        Citation("W8", "sources", "w8"),
        ", ",
        Citation("G2: push-notify issue 10", "sources", "g2"),
        "])",
    )
    assert [each.target for each in cited("mpns.md 4 to 6 and 9.2")] == [
        "mpns.md#s4",
        "mpns.md#s6",
        "mpns.md#s9-2",
    ]


@pytest.mark.parametrize(
    "text", ["", "wns.md section 9", "wns.md", "[W8 and more]", "[X1]", "webwns.md 9", "list[0]", "[W8,W9]"]
)
def test_what_is_written_otherwise_is_plain_text(text: str) -> None:
    assert cited(text) == ()


@given(st.lists(st.sampled_from([*"wns.md 9.1,[W8]: an\n", "wns.md 9.1", "mpns.md 4 to 6", "[W8, W9]", "é", "٣"])))
def test_the_pieces_of_a_text_put_together_are_the_text(words: list[str]) -> None:
    text = "".join(words)
    pieces = parse(text)
    assert "".join(piece.text if isinstance(piece, Citation) else piece for piece in pieces) == text
    assert "" not in pieces


@pytest.mark.parametrize("path", FILES, ids=name)
def test_what_a_file_cites_is_there_and_is_written_in_the_one_form(path: Path) -> None:
    if path == Path(__file__):
        return
    text = path.read_text(encoding="utf-8")
    assert lost(text) == []
    assert PAGE_ALONE.findall(text) == []
    assert [each for each in KEY_IN_BRACKETS.findall(text) if not cited(each)] == []


def sources_of_the_tables() -> Iterator[tuple[str, str]]:
    for rule, row in RULES.items():
        yield rule, row.source
    verdicts = [row.verdict for row in wns_responses.ROWS] + [row.verdict for row in mpns_responses.ROWS]
    for verdict in dict.fromkeys(verdicts):
        yield verdict.meaning, verdict.source
    for _, sentence in diagnosis._CAUSES:
        yield "diagnosis", sentence


@pytest.mark.parametrize(("what", "source"), list(sources_of_the_tables()))
def test_a_rule_an_answer_and_a_diagnosis_cite_where_they_stand(what: str, source: str) -> None:
    assert source == "XML 1.0" or cited(source), what
    assert lost(source) == []


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if ".md" in rule.doubt], ids=lambda rule: rule.doubt)
def test_a_doubt_cites_what_speaks_against_the_rule(rule: object) -> None:
    assert cited(rule.doubt)  # type: ignore[attr-defined]  # a Rule, whose name is not public
    assert lost(rule.doubt) == []  # type: ignore[attr-defined]  # the same


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_sections_are_numbered_in_order_and_anchored(page: str) -> None:
    text = protocol_pages.page(page)
    headings = re.findall(r"^##+ .*$", CODE.sub("", text), re.MULTILINE)
    sections = protocol_pages.sections(page)
    assert len(sections) == len(headings)
    assert [section.anchor for section in sections] == ["s" + each.number.replace(".", "-") for each in sections]
    numbers = [[int(part) for part in section.number.split(".")] for section in sections]
    assert numbers == sorted(numbers)
    assert [section.depth for section in sections] == [len(number) for number in numbers]


@pytest.mark.parametrize("page", NAMES)
def test_the_keys_and_links_of_a_page_lead_somewhere(page: str) -> None:
    text = CODE.sub("", protocol_pages.page(page))
    assert len(ANCHOR.findall(text)) == len(PLACES[page])
    used = set(re.findall(r"(?<!\])\[([A-Z][0-9]{1,2}[a-z]?)\](?!:)", text))
    defined = dict(re.findall(r"^\[(\w+)\]: sources\.md#(\w+)$", text, re.MULTILINE))
    assert used == set(defined)
    assert {key.lower() for key in defined} == set(defined.values()) <= PLACES["sources"]
    for target, place in re.findall(r"\]\((\w+)?(?:\.md)?#([\w-]+)\)", text):
        assert place in PLACES[target or page], (target, place)


def test_every_source_is_cited_on_a_page() -> None:
    keys = {anchor for anchor in PLACES["sources"] if re.fullmatch(r"[a-z][0-9]{1,2}[a-z]?", anchor)}
    told = {citation.anchor for page in PAGES for citation in cited(protocol_pages.page(page))}
    assert keys == told & keys


def test_the_pages_table_of_legacy_templates_is_the_codes() -> None:
    page = protocol_pages.page("wns")
    for template in CATALOGUE.values():
        if template.version == 2 and template.fallback:
            continue  # the page has it in the row of version 1
        found = re.search(rf"^\| `{template.name}` \| (.*) \|$", page, re.MULTILINE)
        assert found, template.name
        cells = [cell for cell in found[1].split(" | ") if cell.isdecimal()]
        assert cells == [str(each) for each in (template.texts, template.images, template.number)], template.name
        if template.successor:
            assert found[1].endswith("yes" if template.phone else "no"), template.name


def test_a_section_is_found_by_its_number_and_a_source_by_its_key() -> None:
    section = protocol_pages.section("wns", "9")
    assert section.markdown.startswith("## 9. Toasts\n")
    assert "### 9.7" in section.markdown
    assert "## 10." not in section.markdown
    assert "toast-schema.md" in protocol_pages.source("w8")


def test_links_of_a_part_of_a_page_lead_to_the_shipped_files() -> None:
    text = protocol_pages.with_whole_links(protocol_pages.section("mpns", "4.1").markdown, "mpns")
    place = protocol_pages.folder().resolve().as_uri()
    assert f"]({place}/wns.md#s3-3)" in text
    assert rf"[\[M2\]]({place}/sources.md#m2)" in text
