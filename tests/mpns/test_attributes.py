"""Attributes of MPNS documents: those that no phone knows are found, and their effect is reported."""

from __future__ import annotations

import pytest

from tests.emulator.calls import MPNS_HEADERS, post
from winpush import mpns
from winpush.emulator import Emulator
from winpush.mpns import parse
from winpush.mpns.payloads import read_document
from winpush.mpns.render import show

OPEN = '<wp:Notification xmlns:wp="WPNotification"{root}>'
TILE = OPEN + '<wp:Tile{tile}><wp:Title{title}>a</wp:Title><wp:BackTitle Action="Clear"/></wp:Tile></wp:Notification>'
TOAST = OPEN + "<wp:Toast{toast}><wp:Text1>a</wp:Text1><wp:Sound{sound}/></wp:Toast></wp:Notification>"
PLACES = ("root", "tile", "title", "toast", "sound")


def document(form: str, **attributes: str) -> bytes:
    return form.format(**{place: attributes.get(place, "") for place in PLACES}).encode()


STRANGE = [
    (document(TILE, tile=' attribute="/S.xaml"'), ["attribute attribute='/S.xaml'", "Id and Template", "own tile"]),
    (document(TILE, tile=' id="/S.xaml"'), ["attribute id='/S.xaml'", "write Id", "own tile"]),
    (document(TILE, tile=' template="FlipTile"'), ["write Template", "tile of Windows Phone 7"]),
    (document(TILE, title=' action="Clear"'), ["write Action"]),
    (document(TILE, title=' Action="clear"'), ["Action is 'clear'", "nothing is cleared"]),
    (document(TILE, root=' version="2.0"'), ["write Version"]),
    (document(TOAST, toast=' Id="1"'), ["Toast: the attribute Id", "this element has none"]),
    (document(TOAST, sound=' silent="true"'), ["write Silent"]),
    (document(TILE, tile=' wp:Id="/S.xaml"'), ["{WPNotification}Id"]),
]


@pytest.mark.parametrize(("body", "said"), STRANGE)
def test_an_attribute_that_no_phone_knows_is_remarked(body: bytes, said: list[str]) -> None:
    remark = show(read_document(body), "8.1").remarks[0]
    assert all(words in remark for words in said), remark


@pytest.mark.parametrize(("body", "_"), STRANGE)
def test_our_types_never_lose_an_attribute_in_silence(body: bytes, _: list[str]) -> None:
    own = parse(body)
    assert isinstance(own, mpns.Xml)
    assert own.body == body


@pytest.mark.parametrize(
    "body",
    [
        document(TILE, tile=' Id="/S.xaml" Template="FlipTile"', root=' Version="2.0"', title=' IsRelative="true"'),
        document(TOAST, sound=' Silent="true"'),
        document(TILE, title=' xml:space="preserve"'),
        mpns.FlipTile(title="a", id="/S.xaml", count=mpns.CLEAR).body,
        mpns.Toast("a", silent=True).body,
    ],
)
def test_documented_attributes_are_not_remarked(body: bytes) -> None:
    assert read_document(body).strange == ()
    assert not any("attribute" in remark for remark in show(read_document(body), "8.1").remarks)
    assert not isinstance(parse(body), mpns.Xml)


def test_two_attributes_are_two_remarks_and_the_record_has_them(winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel("8.1", pinned=["/S.xaml"])
    body = document(TILE, tile=' id="/S.xaml" template="FlipTile"')
    assert post(winpush_emulator, phone, body, MPNS_HEADERS["tile"]).status == 200
    assert list(phone.tiles) == [""]
    remarks = winpush_emulator.requests[-1].remarks
    assert [remark.split("=")[0] for remark in remarks[:2]] == [
        "Tile: the attribute id",
        "Tile: the attribute template",
    ]
