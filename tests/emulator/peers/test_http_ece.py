"""npm's http_ece, with which Node's web-push encrypts: it reads what winpush encrypts, and vice versa."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.emulator.peers.workshop import FOLDER
from tests.waiting import PATIENCE
from tests.webpush import vector
from winpush import Channel
from winpush.webpush import MAX_PAYLOAD_BYTES, Subscription, base64url, decrypt, encrypt, make_material
from winpush.webpush.private_keys import CURVE, public_bytes

SIZES = (0, 1, 2, 15, 16, 17, 41, 1000, MAX_PAYLOAD_BYTES - 1, MAX_PAYLOAD_BYTES)
RANDOM = random.Random(8291)  # noqa: S311 - payloads and keys of a test


class Message:
    """A payload for a browser of its own, encrypted with a key pair of its own."""

    def __init__(self, size: int) -> None:
        self.payload = RANDOM.randbytes(size)
        self.key = ec.generate_private_key(CURVE)
        self.auth = RANDOM.randbytes(16)
        channel = Channel.parse(vector.ENDPOINT)
        self.subscription = Subscription(channel, public_bytes(self.key), self.auth)
        padding = RANDOM.randrange(MAX_PAYLOAD_BYTES - size + 1)
        sender = make_material(self.subscription, ec.generate_private_key(CURVE))
        self.body = encrypt(self.payload, sender, RANDOM.randbytes(16), padding)

    def to_decrypt(self) -> dict[str, str]:
        scalar = self.key.private_numbers().private_value.to_bytes(32)
        return {
            name: base64url.encode(each) for name, each in [("body", self.body), ("key", scalar), ("auth", self.auth)]
        }

    def to_encrypt(self) -> dict[str, str]:
        parts = [("payload", self.payload), ("p256dh", self.subscription.p256dh), ("auth", self.auth)]
        return {name: base64url.encode(each) for name, each in parts}


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return [Message(size) for size in (*SIZES, *(RANDOM.randrange(MAX_PAYLOAD_BYTES) for _ in range(90)))]


@pytest.fixture(scope="module")
def said(messages: list[Message], peers_node_modules: Path) -> dict[str, list[str]]:
    job = {"decrypt": [each.to_decrypt() for each in messages], "encrypt": [each.to_encrypt() for each in messages]}
    done = subprocess.run(
        ["node", FOLDER / "scripts" / "http_ece.js"],
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(peers_node_modules)},
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, list[str]] = json.loads(done.stdout)
    return read


def test_it_reads_every_message_of_winpush(messages: list[Message], said: dict[str, list[str]]) -> None:
    assert said["payloads"] == [base64url.encode(each.payload) for each in messages]


def test_winpush_reads_every_message_of_its(messages: list[Message], said: dict[str, list[str]]) -> None:
    for each, body in zip(messages, said["bodies"], strict=True):
        assert decrypt(base64url.decode("body", body), each.key, each.auth) == each.payload
