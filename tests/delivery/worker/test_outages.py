"""An outage is one line in the log when it begins, and one when it ends."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.delivery.clock import Clock
from winpush import mpns, wns
from winpush.delivery import Content, DeliveryState, Outbox
from winpush.delivery.storage.rows import Record, Tried
from winpush.delivery.worker.outages import Outages
from winpush.emulator import Emulator, Fault

BOTH = Content(mpns=mpns.Toast("Hello"), wns=wns.Toast("Hello"))


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def fields(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    wanted = [record for record in caplog.records if record.levelno >= logging.WARNING]
    return [tuple(getattr(record, name) for name in ("outage", "state")) for record in wanted]


def test_a_token_server_that_is_away_is_one_line_for_all_sends(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = make_outbox(wns=winpush_emulator.entra_credentials)
    for _ in range(5):
        outbox.register({"uri": winpush_emulator.create_windows_channel().uri, "platform": "windows"})
    winpush_emulator.faults.add(Fault(status=503, phone="token"))
    number = outbox.broadcast(BOTH)
    outbox.deliver_until_idle()
    assert outbox.progress(number).waiting == 5
    assert fields(caplog) == [("The login for WNS", "began")]


def records(outcome: str, state: DeliveryState, count: int, status: int | None = None) -> list[Record]:
    tried = Tried(1, 1, 0, outcome, status, None, None, None, "It is away.")
    return [Record(1, number, "wns", state.value, outcome, 1, 0, tried=tried) for number in range(count)]


def test_a_service_that_nothing_reaches_is_told_from_the_third_send_on(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    outages = Outages("me", lambda: now)
    for _ in range(2):
        outages.note(records("timed-out", DeliveryState.WAITING, 1))
    assert said(caplog) == []
    for _ in range(20):
        outages.note(records("timed-out", DeliveryState.WAITING, 10))
    assert said(caplog) == ["WNS does not work: It is away. Its notifications are retried later"]
    now += 90
    outages.note(records("accepted", DeliveryState.DELIVERED, 1, 200))
    outages.note(records("accepted", DeliveryState.DELIVERED, 1, 200))
    assert said(caplog)[1:] == ["WNS works again after 0:01:30"]
    assert fields(caplog) == [("WNS", "began"), ("WNS", "ended")]


def test_a_single_send_that_fails_among_others_is_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages("me", lambda: 0.0)
    for _ in range(20):
        outages.note(
            records("timed-out", DeliveryState.WAITING, 5) + records("accepted", DeliveryState.DELIVERED, 1, 200)
        )
    assert said(caplog) == []


def test_a_refusal_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages("me", lambda: 0.0)
    outages.note(records("token-unavailable", DeliveryState.WAITING, 1, 503))
    outages.note(records("bad-request", DeliveryState.FAILED, 1, 400))
    assert fields(caplog) == [("The login for WNS", "began"), ("The login for WNS", "ended")]


def test_a_database_that_is_away_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages("me", lambda: 0.0)
    for _ in range(5):
        outages.database_failed("It is locked.")
    for _ in range(5):
        outages.database_works()
    assert fields(caplog) == [("The database", "began"), ("The database", "ended")]
    assert {record.__dict__["worker"] for record in caplog.records} == {"me"}


def test_a_host_at_which_nothing_listens_is_one_line_for_all_its_channels(
    url: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outbox = Outbox(url, clock=clock, allow_hosts=[f"127.0.0.1:{port}"])
    outbox.register_many(f"http://127.0.0.1:{port}/throttledthirdparty/01.00/{number:030}" for number in range(20))
    outbox.broadcast(BOTH)
    outbox.deliver_until_idle()
    outbox.close()
    assert fields(caplog) == [("MPNS", "began")]
