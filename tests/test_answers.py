"""How an answer is recognised as the service's own: one rule for apps' channels and browsers'."""

from __future__ import annotations

from pathlib import Path

import pytest

import winpush
from winpush import webpush, wns
from winpush.answers import bears_wns_mark, squeeze
from winpush.http import Response


@pytest.mark.parametrize("name", [b"X-WNS-Status", b"x-wns-msg-id", b"X-Wns-Anything-New"])
def test_any_header_of_wns_marks_an_answer_as_its_own(name: bytes) -> None:
    assert bears_wns_mark(Response(404, ((b"Server", b"nginx"), (name, b""))))


@pytest.mark.parametrize("headers", [(), ((b"MS-CV", b"a.0"),), ((b"X-Proxy", b"x-wns-status"),)])
def test_what_a_proxy_can_say_too_marks_nothing(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    assert not bears_wns_mark(Response(404, headers))


def test_an_app_and_a_browser_read_the_same_headers_of_wns() -> None:
    names = ("notification_status", "device_connection_status", "error_description", "debug_trace")
    assert all(getattr(webpush.HEADERS, name) == getattr(wns.HEADERS, name) for name in names)
    assert set(wns.HEADERS.message_id) < set(webpush.HEADERS.message_id)


def test_the_headers_by_which_wns_is_known_are_written_in_one_module() -> None:
    root = Path(winpush.__file__).parent
    modules = {path.relative_to(root).as_posix() for path in root.rglob("*.py") if 'b"x-wns-' in path.read_text()}
    assert modules == {"answers.py", "retries.py"}  # X-WNS-CONTINUE-AFTER is a time to wait, and read with the others


def test_words_are_found_whatever_stands_between_them() -> None:
    assert squeeze("Domain Blocked") in squeeze('{"reason": "DOMAIN_blocked"}')
