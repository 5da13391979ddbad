"""What the emulator withstands: other sites' pages, broken JSON, endless requests, readers that don't read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.calls import MPNS_HEADERS, ask, call, post
from tests.waiting import PATIENCE
from winpush import Client, ValidationError, mpns
from winpush.emulator import Emulator
from winpush.emulator.service import Addresses, Service
from winpush.emulator.streams import Streams
from winpush.emulator.wire import MAX_HEAD_BYTES

# --- origins ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://127.0.0.1",
        "https://localhost",
        "http://[::1]",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{port}.evil.example",
        "http://evil.example:{port}",
        "null",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/api/reset", "/api/channels"])
def test_pages_of_other_servers_on_this_machine_can_not_drive_it(
    origin: str, path: str, winpush_emulator: Emulator
) -> None:
    header = {"Origin": origin.format(port=winpush_emulator.port)}
    assert call(winpush_emulator, "POST", path, b"", header)[0].status == 403
    assert not winpush_emulator.phones


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{port}", "http://LOCALHOST:{port}", "http://[::1]:{port}"])
def test_its_own_page_can(origin: str, winpush_emulator: Emulator) -> None:
    header = {"Origin": origin.format(port=winpush_emulator.port)}
    assert call(winpush_emulator, "POST", "/api/channels", b"", header)[0].status == 201


def test_on_the_usual_ports_an_origin_has_none() -> None:
    addresses = Addresses("127.0.0.1", 80, 443)
    assert {"http://localhost", "https://localhost"} <= addresses.own_origins
    assert "localhost" in addresses.own_hosts
    assert "localhost" not in Addresses("127.0.0.1", 8080).own_hosts


# --- JSON ---------------------------------------------------------------------------------------------------------

DEEP = b'{"state": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/channels", {"not_bound": [1]}),
        ("POST", "/api/channels", {"not_bound": [["toast"]]}),
        ("POST", "/api/channels", {"not_bound": "toast"}),
        ("POST", "/api/channels", {"state": ["healthy"]}),
        ("POST", "/api/channels", {"state": {}}),
        ("POST", "/api/channels", {"version": ["8.1"]}),
        ("POST", "/api/channels", {"authenticated": "yes"}),
        ("POST", "/api/channels", {"name": 5}),
        ("POST", "/api/channels", {"name": "\ud800"}),
        ("POST", "/api/channels", {"count": True}),
        ("POST", "/api/channels", {"service": ["wns"]}),
        ("POST", "/api/channels", {"service": "wns", "state": ["healthy"]}),
        ("POST", "/api/channels", {"service": "wns", "phone": 1}),
        ("POST", "/api/channels", {"\ud800": 1}),
        ("POST", "/api/channels", DEEP),
        ("POST", "/api/channels", b"\xff"),
        ("POST", "/api/channels", b'{"count": NaN}'),
        ("PATCH", "/api/channels/p1", {"state": [1]}),
        ("PATCH", "/api/channels/p1", {"pinned": [{}]}),
        ("POST", "/api/faults", {"status": "503"}),
        ("POST", "/api/faults", {"status": 503, "phone": {}}),
        ("POST", "/api/faults", {"delay_seconds": [1]}),
        ("POST", "/api/faults", b'{"delay_seconds": Infinity}'),
        ("POST", "/api/faults", {"cut": ["silence"]}),
        ("POST", "/api/clock", {"advance_seconds": 10**400}),
        ("POST", "/api/clock", {"advance_seconds": None}),
    ],
)
def test_wrong_json_is_400_with_a_sentence(method: str, path: str, body: Any, winpush_emulator: Emulator) -> None:
    winpush_emulator.create_channel()
    status, answer = ask(winpush_emulator, method, path, body)
    assert (status, list(answer)) == (400, ["error"])
    assert ask(winpush_emulator, "GET", "/api/state")[0] == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["mpns", "wns"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
NAMES = ["service", "count", "state", "version", "name", "not_bound", "pinned", "authenticated", "phone", "secure"]
NAMES += ["status", "delay_seconds", "cut", "share", "advance_seconds"]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Shared by all examples."""
    with Emulator(seed=1) as made:
        yield made


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(
    path=st.sampled_from(["/api/channels", "/api/faults", "/api/clock"]),
    fields=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3),
)
def test_whatever_json_comes_the_api_answers_with_a_sentence(
    emulator: Emulator, path: str, fields: dict[str, Any]
) -> None:
    body = json.dumps({**fields, **({"count": 1} if path == "/api/channels" else {})})
    status, _ = ask(emulator, "POST", path, body.encode())
    assert status in (200, 201, 400)


def test_the_clock_stops_at_the_end_of_the_calendar(winpush_emulator: Emulator) -> None:
    statuses = {ask(winpush_emulator, "POST", "/api/clock", {"advance_seconds": 10**9})[0] for _ in range(300)}
    assert statuses == {200, 400}
    assert ask(winpush_emulator, "GET", "/api/state")[0] == 200
    with pytest.raises(ValidationError, match="calendar"):
        winpush_emulator.advance(timedelta.max)


# --- requests that never end --------------------------------------------------------------------------------------


def test_a_head_without_an_end_is_refused(winpush_emulator: Emulator) -> None:
    with socket.create_connection(("127.0.0.1", winpush_emulator.port), timeout=PATIENCE) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nX-Long: ")
        try:
            for _ in range(4 * MAX_HEAD_BYTES // 1000):
                connection.sendall(b"x" * 1000)
        except ConnectionError:
            pass  # it was closed meanwhile
        else:
            assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_a_long_body_and_many_requests_on_one_connection_are_no_head(winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel()
    assert post(winpush_emulator, phone, b"x" * (3 * MAX_HEAD_BYTES), MPNS_HEADERS["raw"]).status == 400
    path = phone.uri.partition(winpush_emulator.authority)[2]
    with socket.create_connection(("127.0.0.1", winpush_emulator.port), timeout=PATIENCE) as connection:
        for _ in range(30):
            head = f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Long: {'x' * 4000}\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())
            assert connection.recv(4000).startswith(b"HTTP/1.1 400 ")


def test_300_connections_that_never_finish_a_request_hold_nothing_up_and_are_cut(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel()
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", winpush_emulator.port), timeout=PATIENCE))
            for _ in range(300)
        ]
        for number, connection in enumerate(slow):
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"[: 9 + number % 40])
        assert winpush_client.send(phone.uri, mpns.Toast("Hello")).ok
        for connection in slow:
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""


# --- streams that nobody reads ------------------------------------------------------------------------------------


async def never_gone() -> bool:
    return False


def test_an_event_is_made_once_for_all_readers() -> None:
    async def main() -> None:
        service = Service(Addresses("127.0.0.1", 1), seed=1)
        service.create_channel()
        streams = Streams(service)
        readers = [streams.read(never_gone) for _ in range(200)]
        first = [await anext(reader) for reader in readers]
        assert len({id(text) for text in first}) == 1
        assert first[0].startswith("event: state\n")
        service.create_channel(name="second")
        second = [await anext(reader) for reader in readers]
        assert len({id(text) for text in second}) == 1
        assert "second" in second[0]
        service.stopping = True

    asyncio.run(main())


def test_200_event_streams_that_nobody_reads_hold_up_no_send(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phones = [winpush_emulator.create_channel() for _ in range(50)]
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            connection = socket.socket()
            stack.callback(connection.close)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # as little as the system allows
            connection.connect(("127.0.0.1", winpush_emulator.port))
            connection.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % winpush_emulator.port)
        toast = mpns.Toast("x" * 500)
        for _ in range(5):
            assert all(result.ok for result in winpush_client.send_many((phone.uri, toast) for phone in phones))
        with socket.create_connection(("127.0.0.1", winpush_emulator.port), timeout=PATIENCE) as reader:
            reader.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % winpush_emulator.port)
            assert reader.recv(100).startswith(b"HTTP/1.1 200 ")


def test_between_readers_of_an_event_others_have_their_turn() -> None:
    async def main() -> None:
        service = Service(Addresses("127.0.0.1", 1), seed=1)
        streams = Streams(service)
        readers = [streams.read(never_gone) for _ in range(200)]
        for reader in readers:
            await anext(reader)
        service.create_channel()
        events = [asyncio.ensure_future(anext(reader)) for reader in readers]
        seen = set()
        while not all(event.done() for event in events):
            await asyncio.sleep(0)
            seen.add(sum(event.done() for event in events))
        assert len(seen) > 10
        service.stopping = True

    asyncio.run(main())


def test_a_reader_that_fell_behind_gets_the_whole_state() -> None:
    async def main() -> None:
        service = Service(Addresses("127.0.0.1", 1), seed=1)
        streams = Streams(service)
        slow, quick = streams.read(never_gone), streams.read(never_gone)
        assert (await anext(slow)).startswith("event: state\n")
        await anext(quick)
        for number in range(25):
            service.create_channel(name=f"phone {number}")
            assert f"phone {number}" in await anext(quick)
        assert (await anext(slow)).startswith("event: state\n")
        service.create_channel(name="last")
        assert "last" in await anext(slow)
        service.stopping = True

    asyncio.run(main())


def test_a_reader_knows_each_request_once_whenever_it_joined() -> None:
    async def main() -> None:
        service = Service(Addresses("127.0.0.1", 1), seed=1)
        streams = Streams(service)
        early = streams.read(never_gone)
        await anext(early)
        service.create_channel(name="one")
        late = streams.read(never_gone)
        assert '"name": "one"' in await anext(late)
        service.create_channel(name="two")
        seen = await anext(late)
        assert '"name": "two"' in seen
        assert '"name": "one"' not in seen
        both = await anext(early)
        if '"name": "two"' not in both:
            both += await anext(early)
        assert both.count('"name": "one"') == both.count('"name": "two"') == 1
        service.stopping = True

    asyncio.run(main())
