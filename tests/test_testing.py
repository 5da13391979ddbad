"""The fixtures that a user's tests get by installing winpush."""

from __future__ import annotations

from winpush import Client, mpns, wns
from winpush.emulator import Emulator


def test_the_fixtures_client_sends_to_devices_of_both_services(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    assert winpush_client.send(winpush_emulator.create_channel().uri, mpns.Toast("a")).ok
    assert winpush_client.send(winpush_emulator.create_windows_channel().uri, wns.Toast("a")).ok
