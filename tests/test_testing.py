"""The pytest fixtures that come with winpush."""

from __future__ import annotations

from winpush import Client, mpns, wns
from winpush.emulator import Browser, Emulator
from winpush.webpush import Message


def test_the_fixtures_client_sends_to_devices_of_both_services(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    assert winpush_client.send(winpush_emulator.create_channel().uri, mpns.Toast("a")).ok
    assert winpush_client.send(winpush_emulator.create_windows_channel().uri, wns.Toast("a")).ok


def test_the_fixtures_browser_reads_what_the_fixtures_client_sends(
    winpush_subscription: Browser, winpush_client: Client
) -> None:
    assert winpush_client.send(winpush_subscription.subscription, Message.json({"title": "a"})).ok
    assert [message.text for message in winpush_subscription.messages] == ['{"title":"a"}']
