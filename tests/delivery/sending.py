"""Registering channels of the emulator, and reading what they received."""

from __future__ import annotations

from winpush.delivery import Outbox
from winpush.emulator import Emulator, Phone


def accepted(emulator: Emulator) -> list[int]:
    """How many notifications each phone has accepted."""
    return [phone.accepted for phone in emulator.phones if isinstance(phone, Phone)]


def register(outbox: Outbox, emulator: Emulator, count: int = 1, state: str = "healthy") -> list[int]:
    """Registers this many new channels; returns their numbers."""
    return [outbox.register(emulator.create_channel(state=state).uri) for _ in range(count)]
