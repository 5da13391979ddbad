"""A token server and WNS in one, whose answers the test chooses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from tests.servers import Peer, Server
from tests.waiting import PATIENCE
from winpush import (
    wns,
)
from winpush.client.options import ClientOptions

TOAST = wns.Toast("Hello", "World", launch="id=1")
SECRET = "s3cr+t/="


class Service:
    """A token server and WNS in one: issues numbered tokens, and accepts only the newest."""

    def __init__(self, context: Any = None) -> None:
        self.server = Server(self.serve, context)
        self.scheme = "http" if context is None else "https"
        self.tokens = 0
        self.token_requests: list[bytes] = []
        self.sends: list[bytes] = []
        self.token_answer: bytes | None = None
        self.answer: Callable[[bytes], bytes] = lambda _: reply(200, {"X-WNS-Status": "received"})
        self.expires_in: object = 86400
        self._lock = threading.Lock()

    def serve(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            with self._lock:
                peer.send(self.take_token(request) if b"/token" in request.split(b"\r\n")[0] else self.notify(request))

    def take_token(self, request: bytes) -> bytes:
        self.token_requests.append(request)
        if self.token_answer is not None:
            return self.token_answer
        self.tokens += 1
        document = {"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": self.expires_in}
        return reply(200, {}, json.dumps(document).encode())

    def notify(self, request: bytes) -> bytes:
        self.sends.append(request)
        if f"Authorization: Bearer token-{self.tokens}\r\n".encode() not in request:
            return reply(401, {})
        return self.answer(request)

    def uri(self, channel: object = "AwYAAADexample") -> str:
        return f"{self.scheme}://{self.server.authority}/?token={channel}"

    @property
    def credentials(self) -> wns.EntraCredentials:
        authority = f"{self.scheme}://{self.server.authority}"
        return wns.EntraCredentials("contoso.example", "11111111-2222-3333-4444-555555555555", SECRET, authority)

    @property
    def options(self) -> ClientOptions:
        return {"wns": self.credentials, "allow_hosts": [self.server.authority], "timeout": PATIENCE}


def reply(status: int, headers: dict[str, str], body: bytes = b"", reason: str = "Whatever") -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {reason}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
