"""The fast reader of answers beside the parser: whatever it reads, the parser reads the same."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.servers import ACCEPTED
from winpush.http import Response
from winpush.transport.fast_response import read_usual


class Parsed:
    """What the parser tells of a message."""

    def __init__(self, data: bytes) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.reason = b""
        self.messages = 0
        self.keeps_alive = False
        self.parser = httptools.HttpResponseParser(self)
        self.parser.feed_data(data)
        self.status_code = self.parser.get_status_code()

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.messages += 1
        self.keeps_alive = self.parser.should_keep_alive()  # afterwards it forgets


NAMES = st.one_of(
    st.sampled_from(
        [
            b"Content-Length",
            b"content-length",
            b"Connection",
            b"Transfer-Encoding",
            b"X-WNS-Status",
            b"Date",
            b"Upgrade",
        ]
    ),
    st.binary(min_size=1, max_size=5),
    st.from_regex(rb"[A-Za-z-]{1,8}", fullmatch=True),
)
VALUES = st.one_of(
    st.sampled_from([b"0", b"1", b"00", b"+0", b"0,0", b"close", b"keep-alive", b"chunked", b"received"]),
    st.binary(max_size=8),
    st.from_regex(rb"[ -~]{0,12}", fullmatch=True),
)
LINES = st.tuples(NAMES, st.sampled_from([b": ", b":", b" : ", b":\t", b""]), VALUES).map(b"".join)
STATUS_LINES = st.one_of(
    st.sampled_from(
        [b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 No Content", b"HTTP/1.1 404", b"HTTP/1.1 "]
    ),
    st.from_regex(rb"HTTP/1\.[01] [0-9]{3}( [ -~]{0,8})?", fullmatch=True),
    st.binary(max_size=16),
)
ENDS = st.sampled_from([b"\r\n\r\n", b"\n\n", b"\r\n\r\nx", b"\r\n", b"\r\n\r\n\r\n", b""])


@given(status=STATUS_LINES, lines=st.lists(LINES, max_size=5), end=ENDS, usual=st.booleans())
@example(status=b"HTTP/1.1 200 OK", lines=[b"X-WNS-Status: received"], end=b"\r\n\r\n", usual=True)
@example(status=b"HTTP/1.1 404", lines=[], end=b"\r\n\r\n", usual=True)
@example(status=b"HTTP/1.1 200 OK", lines=[b"Content-Length: 0", b"Content-Length: 0"], end=b"\r\n\r\n", usual=False)
@example(status=b"HTTP/1.1 200 OK", lines=[b"A: b", b" c"], end=b"\r\n\r\n", usual=True)
def test_what_is_read_the_quick_way_the_parser_reads_the_same(
    status: bytes, lines: list[bytes], end: bytes, usual: bool
) -> None:
    data = b"\r\n".join([status, *lines, *([b"Content-Length: 0"] if usual else [])]) + end
    quick = read_usual(memoryview(data), len(data))
    if quick is None:
        return
    parsed = Parsed(data)
    assert parsed.messages == 1
    assert parsed.keeps_alive
    assert (quick.status_code, quick.headers, quick.body) == (parsed.status_code, tuple(parsed.headers), parsed.body)
    assert quick.reason.encode() == parsed.reason
    assert quick.index == Response(quick.status_code, quick.headers).index


def test_a_services_answer_is_read_the_quick_way() -> None:
    quick = read_usual(memoryview(ACCEPTED), len(ACCEPTED))
    assert quick is not None
    assert quick.header(b"x-notificationstatus") == "Received"
    assert quick.headers[0] == (b"Content-Length", b"0")


@pytest.mark.parametrize(
    "data",
    [
        ACCEPTED[:-1],
        ACCEPTED + b"x",
        ACCEPTED.replace(b"Length: 0", b"Length: 1"),
        ACCEPTED.replace(b"HTTP/1.1", b"HTTP/1.0"),
        ACCEPTED.replace(b"200 OK", b"100 Continue"),
        ACCEPTED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        ACCEPTED.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ACCEPTED.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"),
        ACCEPTED + ACCEPTED,
    ],
)
def test_what_is_unusual_is_left_to_the_parser(data: bytes) -> None:
    assert read_usual(memoryview(data), len(data)) is None
