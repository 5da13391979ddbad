"""The protocol reference that the emulator serves, and the citations on its page that lead there."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.web.documents import texts, toast, xml
from tests.waiting import PATIENCE, eventually
from winpush import Client, webpush
from winpush.citations import Citation, parse
from winpush.emulator import Device, Emulator, Fault
from winpush.mpns import responses as mpns_responses
from winpush.protocol_pages import NAMES
from winpush.wns.protocol import diagnosis
from winpush.wns.protocol import responses as wns_responses
from winpush.wns.render.lint import RULES

if TYPE_CHECKING:
    from playwright.sync_api import Page


def fetch(url: str) -> tuple[str, Any]:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read().decode(), answer.headers


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_served_as_html_and_every_link_on_it_leads_to_a_place(name: str, winpush_emulator: Emulator) -> None:
    text, headers = fetch(f"{winpush_emulator.url}protocol/{name}")
    assert headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    pages = {page: fetch(f"{winpush_emulator.url}protocol/{page}")[0] for page in NAMES}
    places = {page: set(re.findall(r' id="([^"]+)"', served)) for page, served in pages.items()}
    for link in re.findall(r'<a href="([^"]+)"', text):
        page, _, place = link.removeprefix("/protocol/").partition("#")
        assert link == "/" or not place or place in places[page or name], link
        assert page in ("", "/", *NAMES), link


def test_a_heading_is_what_its_anchor_names_and_no_markdown_is_left(winpush_emulator: Emulator) -> None:
    text, _ = fetch(f"{winpush_emulator.url}protocol/wns")
    assert '<h3><a id="s9-1"></a>9.1 Elements and attributes</h3>' in text
    assert '<a href="/protocol/sources#w8">W8</a>' in text
    assert "|---|" not in text
    assert "[W" not in re.sub(r"<code>.*?</code>", "", text, flags=re.DOTALL)


def test_the_short_address_shows_the_page_of_wns_and_a_strange_one_nothing(winpush_emulator: Emulator) -> None:
    assert "<h1>WNS, the protocol</h1>" in fetch(f"{winpush_emulator.url}protocol")[0]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(f"{winpush_emulator.url}protocol/nothing")


def test_a_record_says_where_its_answer_stands_unless_a_fault_gave_it(
    winpush_emulator: Emulator, wns_client: Client, device: Device
) -> None:
    wns_client.send(device.uri, toast("<text>a</text>"))
    assert winpush_emulator.requests[-1].source == "wns.md 7 [W1]"
    winpush_emulator.faults.add(Fault(status=302, count=1))
    wns_client.send(device.uri, toast("<text>a</text>"))
    assert winpush_emulator.requests[-1].source == ""


def test_what_a_request_cites_is_a_link_to_the_place(page: Page, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, toast("<text>a</text><marquee>b</marquee>"))
    page.locator(".request[data-for] summary").first.click()
    opened = page.locator(".request[open] .request-body")
    assert texts(opened.locator(".answer-source .citation")) == ["wns.md 7", "W1"]
    link = opened.locator(".remark-source .citation", has_text="wns.md 9.1").first
    assert link.get_attribute("href") == "/protocol/wns#s9-1"
    with page.context.expect_page() as opening:
        link.click()
    shown = opening.value
    assert shown.locator("h3:has(:target)").inner_text() == "9.1 Elements and attributes"
    # The browser goes to the place once the page is laid out, which is after its text is there.
    eventually(lambda: shown.locator("h3:has(:target)").evaluate("node => node.getBoundingClientRect().top") < 400)
    shown.close()


def test_a_sender_who_cites_makes_no_markup(page: Page, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, xml("toast", "<toast><visual>wns.md 9&lt;img src=x></visual></toast>"))
    page.locator(".request[data-for] summary").first.click()
    opened = page.locator(".request[open] .request-body")
    opened.locator(".device-remarks").first.wait_for()
    assert opened.locator("img").count() == 0


def test_the_pages_grammar_of_citations_is_that_of_the_tables(page: Page) -> None:
    """It exists twice, in Python and in JavaScript: both find the same citations in any text."""
    told = [source for rule in RULES.values() for source in (rule.source, rule.doubt)]
    told += [row.verdict.source for row in wns_responses.ROWS]
    told += [row.verdict.source for row in mpns_responses.ROWS]
    told += [f"{row.verdict.source} {row.cause}" for row in webpush.ROWS]
    told += [sentence for _, sentence in diagnosis._CAUSES]
    told += ["mpns.md 4 to 6", "[W8, G2: x, y] wns.md 1.2", "[X1] éwns.md 9 ٣", "[W8: " + "[W9]]", "wns.md 9.", ""]
    script = "async texts => { const {parse} = await import('/web/citations.js'); return texts.map(parse); }"
    expected = [
        [
            {"text": piece.text, "page": piece.page, "anchor": piece.anchor} if isinstance(piece, Citation) else piece
            for piece in parse(text)
        ]
        for text in told
    ]
    assert page.evaluate(script, told) == expected
