"""Raw notifications: any bytes, up to the limit (wns.md 8)."""

from __future__ import annotations

import pytest

from winpush import ValidationError, wns


def test_raw_takes_any_bytes_and_text() -> None:
    assert wns.Raw(b"\x00\xff").body == b"\x00\xff"
    assert wns.Raw("ü").body == "ü".encode()
    assert len(wns.Raw(b"x" * 5000).body) == 5000
    assert wns.Raw(b"\xff").to_dict() == {"type": "Raw", "payload": "\ufffd", "payload_bytes": 1}


@pytest.mark.parametrize("payload", [b"", "", b"x" * 5001, None, 5, "\ud800"])
def test_raw_refuses_nothing_too_much_and_what_is_no_payload(payload: bytes) -> None:
    with pytest.raises(ValidationError, match=r"^payload: "):
        wns.Raw(payload)
