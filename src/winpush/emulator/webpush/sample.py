"""A test message of the emulator's own, as a correct sender would send it."""

from __future__ import annotations

import random
from datetime import datetime

from winpush.emulator.exchange import Incoming
from winpush.emulator.webpush.browser import Browser, make_key
from winpush.webpush import Message, VapidKeys, build_request, encrypt, make_material

__all__ = ["EXAMPLE", "make_request", "make_vapid_keys"]

EXAMPLE = (
    '{"title": "Train S1 to Thun", "body": "Now leaves from platform 7", "icon": "/train.png", "tag": "s1", '
    '"actions": [{"action": "map", "title": "Where is it?"}, {"action": "mute", "title": "Not today"}]}'
)
"""The payload if none is given: a notification in the form that most pages expect."""


def make_vapid_keys(rng: random.Random) -> VapidKeys:
    """The keys that sign the emulator's own messages."""
    return VapidKeys(make_key(rng), "mailto:emulator@example.com")


def make_request(browser: Browser, payload: str, keys: VapidKeys, rng: random.Random, now: datetime) -> Incoming:
    """The request, encrypted for the browser. Raises ValidationError for a payload that is too long."""
    message = Message(payload)
    subscription = browser.subscription
    body = encrypt(message.payload, make_material(subscription, make_key(rng)), rng.randbytes(16)) if payload else b""
    channel = subscription.channel
    built = build_request(subscription, message, keys.sign(channel.origin, now), body)
    headers = tuple((name.lower(), str(value)) for name, value in built.headers)
    path, _, query = channel.target.partition("?")
    return Incoming("POST", path, headers, body, channel.origin.scheme == "https", query=query)
