"""The raw connection: a request that doesn't arrive in time is cut off; an answer may take as long as it needs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from tests.still_time import run_still, still
from tests.waiting import until
from winpush.emulator.wire import WireProtocol

REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"


class Line(asyncio.Transport):
    """A connection whose other end is the test."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_cut = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def write(self, data: Any) -> None:
        self.written += data

    def abort(self) -> None:
        self.is_cut = True

    def close(self) -> None:
        self.is_cut = True

    def is_closing(self) -> bool:
        return self.is_cut

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def connected(line: Line, app: Any) -> WireProtocol:
    config = uvicorn.Config(app, http=WireProtocol, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    loop = asyncio.get_running_loop()
    protocol = WireProtocol(config=config, server_state=ServerState(), app_state={}, _loop=loop)
    protocol.connection_made(line)
    return protocol


@pytest.mark.parametrize("begun", [b"", REQUEST[:9], REQUEST[:-1]], ids=["nothing", "half a head", "half a body"])
def test_a_request_that_does_not_arrive_in_time_is_cut_off(begun: bytes) -> None:
    async def never(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        with still() as hands:
            line = Line()
            connected(line, never).data_received(begun)
            await hands.advance(WireProtocol.request_seconds - 0.5)
            assert not line.is_cut
            await hands.advance(1)
            assert line.is_cut

    run_still(main)


def test_an_answer_may_take_longer_than_its_request() -> None:
    may_answer = asyncio.Event()

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def main() -> None:
        with still() as hands:
            line = Line()
            connected(line, answer).data_received(REQUEST)
            await hands.advance(100 * WireProtocol.request_seconds)
            assert not line.is_cut
            may_answer.set()
            await until(lambda: line.written.startswith(b"HTTP/1.1 200 "))

    run_still(main)
