"""What the README of python-mpns sends, and what it is known to get wrong."""

from __future__ import annotations

import os
from typing import Any

from mpns import MPNSRaw, MPNSTile, MPNSToast  # type: ignore[import-not-found]  # in the peers' own environment
from tests.emulator.peers.scripts.steps import read_job, run

job = read_job()
os.environ["REQUESTS_CA_BUNDLE"] = job["ca"]
toast, tile, raw = MPNSToast(), MPNSTile(), MPNSRaw()


def authenticated(uri: str) -> Any:
    """To an authenticated channel."""
    return toast.send(uri, {"text1": "Hello"}, cert=(job["certificate"], job["key"]))


run(
    job,
    {
        "toast": lambda uri: toast.send(uri, {"text1": "Hello", "text2": "Windows Phone"}),
        "toast_param": lambda uri: toast.send(uri, {"text1": "It's & <more>", "param": "/P.xaml?a=1&b=2"}),
        "tile": lambda uri: tile.send(uri, {"title": "Tile title"}),
        "tile_cleared": lambda uri: tile.send(uri, {"title": "Mail", "count": None}),
        "tile_zero": lambda uri: tile.send(uri, {"title": "Mail", "count": "0"}),
        "tile_number": lambda uri: tile.send(uri, {"title": "Mail", "count": 5}),
        "secondary": lambda uri: tile.send(uri, {"id": "/Secondary.xaml", "title": "Two"}),
        "flip": lambda uri: tile.send(uri, {"template": "FlipTile", "title": "Flip"}),
        "raw": lambda uri: raw.send(uri, b"My Raw Payload"),
        "authenticated": authenticated,
        "control_character": lambda uri: toast.send(uri, {"text1": "a\x01b"}),
    },
)
