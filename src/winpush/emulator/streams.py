"""The event streams: one text for all readers, however many, and no reader waits for a slow one."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from winpush.emulator.service import Service

__all__ = ["Streams"]

_TICK_SECONDS = 0.1
_LOOK_SECONDS = 1.0
# After this many readers, other tasks get a turn: each reader writes as soon as it wakes up.
_AT_ONCE = 10
# A reader that is this many events behind gets the whole state instead, once it reads again.
_MAX_PENDING = 20


@dataclass(slots=True, eq=False)
class _Reader:
    """One stream: what to send on it, and what its reader knows (None: nothing, it needs the whole state)."""

    known: tuple[int, int] | None = None
    pending: deque[str] = field(default_factory=deque)
    awake: asyncio.Event = field(default_factory=asyncio.Event)


class Streams:
    """Sends the state to each reader, then what changes, at most ten times a second."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._readers: set[_Reader] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._state: tuple[int, int, str] | None = None

    async def read(self, is_gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
        """Server-sent events until the reader is gone or the emulator stops."""
        reader = _Reader()
        self._readers.add(reader)
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.create_task(self._tick())
        try:
            while not self._service.stopping:
                if reader.known is None:
                    yield self._whole_state(reader)
                elif reader.pending:
                    yield reader.pending.popleft()
                elif await self._is_over(reader, is_gone):
                    return
        finally:
            self._readers.discard(reader)

    async def _is_over(self, reader: _Reader, is_gone: Callable[[], Awaitable[bool]]) -> bool:
        reader.awake.clear()
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await reader.awake.wait()
        except TimeoutError:
            return await is_gone()
        return False

    def _whole_state(self, reader: _Reader) -> str:
        if self._state is None or self._state[0] != self._service.revision:
            revision, last, event = self._service.snapshot()
            self._state = (revision, last, _event("state", event))
        reader.pending.clear()
        reader.known = self._state[:2]
        return self._state[2]

    async def _tick(self) -> None:
        while self._readers and not self._service.stopping:
            await asyncio.sleep(_TICK_SECONDS)
            await self._spread()
        for reader in self._readers:
            reader.awake.set()

    async def _spread(self) -> None:
        """Readers that know the same get the same text, made once."""
        made: dict[tuple[int, int], tuple[tuple[int, int], str]] = {}
        for number, reader in enumerate(list(self._readers)):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if reader.known is None or reader.known[0] == self._service.revision:
                continue
            if len(reader.pending) >= _MAX_PENDING:
                reader.known = None
                reader.pending.clear()
            else:
                if reader.known not in made:
                    revision, last, event = self._service.news(*reader.known)
                    made[reader.known] = (revision, last), _event("changes", event)
                reader.known, text = made[reader.known]
                reader.pending.append(text)
            reader.awake.set()


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
