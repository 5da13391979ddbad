"""`mpns.Xml`: the caller's own documents, sent unchanged."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import call
from winpush import Client, ValidationError, convert, mpns, wns
from winpush.channels import Channel
from winpush.client.encoder import check
from winpush.emulator import Emulator

TOAST = mpns.Toast("Bold", "normal").body
TILE = mpns.FlipTile(title="Mail", count=3).body
CHANNEL = Channel.parse("http://db3.notify.live.net/throttledthirdparty/01.00/AAE")


def test_a_document_is_sent_as_it_is_with_the_headers_of_its_kind() -> None:
    document = TOAST.decode().replace("<wp:Toast>", "<wp:Toast><!-- mine -->")
    xml = mpns.Xml("toast", document, batching=mpns.Batching.WITHIN_450_SECONDS)
    request = mpns.build_request(CHANNEL, xml)
    assert request.body == document.encode()
    assert ("X-WindowsPhone-Target", "toast") in request.headers
    assert ("X-NotificationClass", "12") in request.headers
    assert ("X-WindowsPhone-Target", "token") in mpns.build_request(CHANNEL, mpns.Xml("tile", TILE)).headers
    assert xml.to_dict() == {"type": "Xml", "kind": "toast", "document": document, "batching": "within_450_seconds"}
    assert xml.for_version("7.0") is xml
    check(CHANNEL, xml)


@pytest.mark.parametrize(
    ("kind", "document", "said"),
    [
        ("raw", TOAST, "must be one of toast, tile"),
        ("tile", TOAST, "contains a toast"),
        ("toast", b"<toast/>", "has the root <toast>"),
        ("toast", TOAST[:-3], "not well-formed"),
        ("toast", b"", "no element"),
        ("toast", TOAST.decode().encode("utf-16-be"), "'utf-16'; MPNS accepts UTF-8"),
        ("toast", TOAST.replace(b"utf-8", b"utf-16"), "'utf-16'; MPNS accepts UTF-8"),
        ("toast", TOAST.replace(b"Bold", b"\xff"), "is not UTF-8"),
        ("toast", TOAST.replace(b"Bold", b"b" * 3000), "3,072"),
        ("toast", 5, "text or bytes"),
        ("toast", "\ud800", "surrogate"),
    ],
)
def test_what_can_not_be_sent_is_refused(kind: Any, document: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        mpns.Xml(kind, document)


def test_it_becomes_a_notification_of_wns() -> None:
    assert convert.to_wns(mpns.Xml("toast", TOAST)) == wns.Toast("Bold", "normal")
    lost = convert.lost_in_wns(mpns.Tile(title="a", id="/Page.xaml"))
    assert convert.lost_in_wns(mpns.Xml("tile", mpns.Tile(title="a", id="/Page.xaml").body)) == lost
    with pytest.raises(ValidationError, match="don't cover"):
        convert.to_wns(mpns.Xml("tile", TILE.replace(b"Count>3<", b"Count>100<")))


def test_it_reaches_a_phone(winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel("8.1")
    assert winpush_client.send(phone.uri, mpns.Xml("toast", TOAST)).ok
    assert winpush_client.send(phone.uri, mpns.Xml("tile", TILE.decode())).ok
    assert phone.toasts[-1].content["text1"] == "Bold"
    assert phone.tiles[""].fields == {"title": "Mail", "count": 3}


def test_the_outbox_keeps_it_and_reads_it_back() -> None:
    from winpush.delivery.content.codec import read_form, write_form

    for xml in (mpns.Xml("toast", TOAST), mpns.Xml("tile", TILE, message_id="2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1")):
        again = read_form(write_form(xml))
        assert again == xml
        assert isinstance(again, mpns.Xml)
        assert again.body == xml.body


def test_the_command_line_sends_a_document_to_a_phone(tmp_path: Path, winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel("8.1")
    allow = ("--allow-host", winpush_emulator.authority)
    for kind, document in (("toast", TOAST), ("tile", TILE)):
        path = tmp_path / f"{kind}.xml"
        path.write_bytes(document)
        done = call("send", kind, phone.uri, "--xml", str(path), *allow)
        assert done.returncode == 0, done.stderr
    assert phone.toasts[-1].content["text1"] == "Bold"
    assert phone.tiles[""].fields["title"] == "Mail"
    for extra, word in ((("a",), "a text"), (("--param", "/a"), "--param")):
        done = call("send", "toast", phone.uri, *extra, "--xml", str(tmp_path / "toast.xml"), *allow)
        assert done.returncode == 2
        assert f"{word} can't change it" in done.stderr
