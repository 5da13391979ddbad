"""The one place for XML: what it refuses to read, besides the notifications' property tests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import DocumentError, ValidationError
from winpush._xml import encode_document, encoding_of, read

BOMB = b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><x>&b;</x>"
EXTERNAL = b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "no element"),
        (b"<a>", "line 1"),
        (b"<a></b>", "mismatched tag"),
        (b"<p:a/>", "unbound prefix"),
        (b"<a/><b/>", "junk after"),
        (BOMB, "DOCTYPE"),
        (EXTERNAL, "DOCTYPE"),
        (b"<a>" * 100, "64 deep"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
        (b"<a>\xff</a>", "line 1"),
        (b"<a>&nbsp;</a>", "undefined entity"),
        (b"\x00", "line 1"),
        (b"<a>x\x01y</a>", r"the character U\+0001 in line 1, column 5"),
        ("<a>x\ufffe</a>".encode(), r"the character U\+FFFE in line 1, column 5"),
    ],
)
def test_what_is_no_plain_document_is_refused_with_the_place(document: bytes, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        read(document)


@pytest.mark.parametrize("document", ["<a>x\x01y</a>", "<a>ü\ufffe</a>", "<a>", "<a>\ud800</a>", "\x00"])
def test_text_that_is_no_plain_document_is_refused_as_bytes_are(document: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(document)
    with pytest.raises(DocumentError) as same:
        read(document.encode(errors="surrogatepass"))
    if "\ud800" not in document:
        assert str(caught.value) == str(same.value)


def test_text_is_read_whatever_encoding_it_says_it_has() -> None:
    assert read("<?xml version='1.0' encoding='iso-8859-1'?><a>ü</a>").text == "ü"


@pytest.mark.parametrize("document", [None, 5, ["<a/>"]])
def test_what_is_neither_text_nor_bytes_is_no_document(document: Any) -> None:
    with pytest.raises(ValidationError, match="document: must be text or bytes"):
        read(document)


def test_names_attributes_and_text_are_read_as_written() -> None:
    root = read(b"<a xmlns='n' x='1' y:z='2' xmlns:y='m'>one<b/>two &amp; <![CDATA[<three>]]></a>")
    assert (root.name, root.namespace, root.text) == ("a", "n", "onetwo & <three>")
    assert root.attributes == {"x": "1", "{m}z": "2"}
    assert [child.name for child in root] == ["b"]


def test_other_encodings_are_read() -> None:
    assert read("<?xml version='1.0' encoding='utf-16'?><a>ü</a>".encode("utf-16")).text == "ü"
    assert read("<?xml version='1.0' encoding='iso-8859-1'?><a>ü</a>".encode("latin-1")).text == "ü"


@given(st.text("<a/>ü \n?!", min_size=1), st.sampled_from(["utf-16", "utf-16-le", "utf-16-be"]))
def test_no_document_in_utf_16_passes_for_one_in_utf_8(text: str, encoding: str) -> None:
    document = f"<{text}".encode(encoding)
    assert encoding_of(document) == "utf-16"
    with pytest.raises(ValidationError, match="'utf-16'; WNS accepts UTF-8"):
        encode_document(document, "WNS")
