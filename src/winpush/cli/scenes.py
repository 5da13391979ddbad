"""What the demo sends: a cast of phones, and notifications as a few apps would make them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from winpush import mpns
from winpush.results import Notification

__all__ = ["SCENES", "Scene", "random_health", "random_version"]

_VERSIONS = {"7.0": 1, "7.1": 3, "7.8": 3, "8.0": 5, "8.1": 6}
_HEALTHS = {
    "healthy": 72,
    "temporarily-disconnected": 6,
    "disconnected": 3,
    "expired": 5,
    "inactive": 4,
    "throttled": 4,
    "queue-full": 3,
    "suppressed": 2,
    "service-unavailable": 1,
}


def random_version(rng: random.Random) -> str:
    """A phone's version, the newer ones more often."""
    return rng.choices(list(_VERSIONS), list(_VERSIONS.values()))[0]


def random_health(rng: random.Random) -> str:
    """A channel's health, most of them good."""
    return rng.choices(list(_HEALTHS), list(_HEALTHS.values()))[0]


@dataclass(frozen=True, slots=True)
class Scene:
    """One app's news: a toast, and the tile that goes with it."""

    toast: mpns.Toast
    tile: Notification


SCENES = (
    Scene(
        mpns.Toast("Storm warning", "Gusts of 90 km/h from 18:00", "/Warnings.xaml?id=7"),
        mpns.FlipTile(
            "weather/storm.png",
            title="Weather",
            back_title="Tonight",
            back_content="Gusts of 90 km/h",
            wide_background_image="weather/storm-wide.png",
            wide_back_content="Gusts of 90 km/h from 18:00. Stay in.",
            small_background_image="weather/storm-small.png",
        ),
    ),
    Scene(
        mpns.Toast("Ada Lovelace", "Have you seen the new engine?", "?conversation=12"),
        mpns.IconicTile(
            "#FF0050EF",
            3,
            "Mail",
            icon_image="icons/mail.png",
            small_icon_image="icons/mail-small.png",
            wide_content1="Ada Lovelace",
            wide_content2="Have you seen the new engine?",
            wide_content3="It weaves algebra",
        ),
    ),
    Scene(
        mpns.Toast("Goal!", "Young Boys 2 : 1 Basel, 87'", "/Match.xaml?id=1898"),
        mpns.Tile("scores/yb.png", 3, "Scores", back_title="87'", back_content="Young Boys 2 : 1 Basel"),
    ),
    Scene(
        mpns.Toast("12 new photos", "from your walk in the Lauterbrunnen valley", "/Album.xaml?id=3"),
        mpns.CycleTile(
            "photos/small.png", ["photos/falls.jpg", "photos/meadow.jpg", "photos/glacier.jpg"], 12, "Photos"
        ),
    ),
    Scene(
        mpns.Toast("Train S1 to Thun", "leaves 4 minutes later, from track 7", "/Journey.xaml?id=44"),
        mpns.Tile("trains/s1.png", 0, "Trains", back_title="S1 to Thun", back_content="+4 min, track 7"),
    ),
)
