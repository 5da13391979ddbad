"""An unreliable push service in its own process: `python -m tests.transport.unreliable`, until its input ends."""

from __future__ import annotations

import random
import sys

from tests.servers import ACCEPTED, LAST, Peer, Server

BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"


class Counted(list[bytes]):
    """Counts requests without keeping them: there are very many."""

    taken = 0

    def append(self, _request: bytes) -> None:
        self.taken += 1


def serve(peer: Peer) -> None:
    """Most requests are accepted; about one in fifty ends in some other way."""
    chance = random.Random(peer.number)  # noqa: S311 - repeatable, not secret
    while peer.read_request() is not None:
        fate = chance.randrange(250)
        if fate == 0:
            peer.reset()
            return
        if fate == 1:
            return
        if fate == 2:
            peer.send(ACCEPTED[:40])
            return
        if fate == 3:
            peer.send(b"no HTTP at all\r\n\r\n")
            return
        if fate == 4:
            peer.send(LAST)
            return
        if fate == 5:
            for byte in ACCEPTED:
                peer.send(bytes([byte]))
            continue
        peer.send(BUSY if fate == 6 else ACCEPTED)


if __name__ == "__main__":
    with Server(serve) as server:
        server.requests = Counted()
        sys.stdout.write(f"{server.authority}\n")
        sys.stdout.flush()
        sys.stdin.read()
