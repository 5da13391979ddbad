"""A worker without a login for WNS says so once; what is for WNS waits for one that has it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.delivery.clock import Clock
from winpush import mpns, wns
from winpush.delivery import Content, DeliveryState, Outbox
from winpush.emulator import Emulator

BOTH = Content(mpns=mpns.Toast("Hello"), wns=wns.Toast("Hello"))


def test_what_is_for_wns_waits_for_a_login_and_the_rest_is_sent(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    outbox, device = make_outbox(), winpush_emulator.create_windows_channel()
    outbox.register({"uri": device.uri, "platform": "windows", "key": "ada"})
    outbox.register(winpush_emulator.create_channel().uri)
    number = outbox.broadcast(BOTH)
    for _ in range(3):
        outbox.notify("ada", BOTH)
    outbox.deliver_until_idle()
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == 1
    assert "has no login" in said[0].getMessage()
    assert said[0].exc_info is None
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 1, DeliveryState.WAITING: 1}
    (waiting,) = outbox.deliveries(number, state=DeliveryState.WAITING)
    assert (waiting.waits_for, waiting.outcome) == ("no-login", None)
    clock.ahead += timedelta(minutes=2)
    make_outbox(wns=winpush_emulator.entra_credentials).deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2}
    assert len(device.toasts) == 4


def test_what_waits_for_a_login_does_so_for_a_week_or_until_it_expires(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox()
    outbox.register({"uri": winpush_emulator.create_windows_channel().uri, "platform": "windows"})
    endless = outbox.broadcast(BOTH)
    short = outbox.broadcast(BOTH, expires_at=clock() + timedelta(hours=1))
    for ahead in (timedelta(), timedelta(hours=2), timedelta(days=8)):
        clock.ahead += ahead
        outbox.deliver_until_idle()
    assert outbox.progress(short).states == {DeliveryState.EXPIRED: 1}
    assert outbox.progress(endless).states == {DeliveryState.ABANDONED: 1}
