"""The caller's own documents: sent unchanged, and refused if no parser accepts them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from winpush import ValidationError, wns


def test_ones_own_document_is_sent_as_it_is() -> None:
    document = "<?xml version='1.0' encoding='utf-8'?>\n<toast hint-tacos='ü'/>"
    xml = wns.Xml("toast", document)
    assert xml.body == document.encode()
    assert xml.push_type == "toast"
    assert json.dumps(xml.to_dict())
    assert xml.replace(tag="a").tag == "a"
    assert wns.Xml("tile", b"\xef\xbb\xbf<tile/>").body == b"\xef\xbb\xbf<tile/>"


XML_BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: wns.Xml("raw", "<raw/>"), "kind"),  # type: ignore[arg-type]  # the wrong kind is the test
    (lambda: wns.Xml("toast", "<tile/>"), "document"),
    (lambda: wns.Xml("toast", "<toast xmlns='urn:x'/>"), "document"),
    (lambda: wns.Xml("toast", "<toast>"), "document"),
    (lambda: wns.Xml("toast", ""), "document"),
    (lambda: wns.Xml("toast", "<!DOCTYPE toast><toast/>"), "document"),
    (lambda: wns.Xml("toast", "<toast/>".encode("utf-16")), "document"),
    (lambda: wns.Xml("toast", "<toast/>".encode("utf-16-le")), "document"),
    (lambda: wns.Xml("toast", "<?xml version='1.0' encoding='latin-1'?><toast/>"), "document"),
    (lambda: wns.Xml("toast", b"<toast>\xff</toast>"), "document"),
    (lambda: wns.Xml("toast", "\ud800"), "document"),
    (lambda: wns.Xml("toast", 5), "document"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: wns.Xml("toast", f"<toast>{'x' * 4986}</toast>"), "payload"),
    (lambda: wns.Xml("badge", "<badge/>", tag="a"), "tag"),
]


@pytest.mark.parametrize(("make", "field"), XML_BAD)
def test_a_document_that_wns_or_no_parser_takes_is_refused(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert caught.value.field == field


def test_a_document_of_5000_bytes_is_taken() -> None:
    assert len(wns.Xml("toast", f"<toast>{'x' * 4985}</toast>").body) == 5000
