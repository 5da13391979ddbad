"""The demo's devices and notifications."""

from __future__ import annotations

import random
from dataclasses import dataclass

from winpush import mpns, wns
from winpush.results import Notification

__all__ = ["SCENES", "WINDOWS", "Forms", "Scene", "random_state", "random_version", "random_windows_state"]

_VERSIONS = {"7.0": 1, "7.1": 3, "7.8": 3, "8.0": 5, "8.1": 6}
_STATES = {
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


_WINDOWS_STATES = {
    "connected": 70,
    "disconnected": 8,
    "tempdisconnected": 5,
    "dropped": 3,
    "channel-throttled": 4,
    "expired": 5,
    "gone": 3,
    "service-unavailable": 2,
}
WINDOWS = "windows"
"""A Windows device's version; a phone's is a number such as 8.1."""


def random_windows_state(rng: random.Random) -> str:
    """A random state of a Windows channel, mostly healthy."""
    return rng.choices(list(_WINDOWS_STATES), list(_WINDOWS_STATES.values()))[0]


def random_version(rng: random.Random) -> str:
    """A random phone version, mostly newer ones."""
    return rng.choices(list(_VERSIONS), list(_VERSIONS.values()))[0]


def random_state(rng: random.Random) -> str:
    """A random state of a phone's channel, mostly healthy."""
    return rng.choices(list(_STATES), list(_STATES.values()))[0]


@dataclass(frozen=True, slots=True)
class Forms:
    """A notification for each service."""

    phone: mpns.Notification
    windows: wns.Notification

    def for_device(self, version: str) -> Notification:
        """The notification for a device of this version. Raises NothingToSendError if it supports none of it."""
        return self.windows if version == WINDOWS else self.phone.for_version(version)


@dataclass(frozen=True, slots=True)
class Scene:
    """One app's toast and the matching tile."""

    toast: Forms
    tile: Forms


SCENES = (
    Scene(
        Forms(
            mpns.Toast("Storm warning", "Gusts of 90 km/h from 18:00", "/Warnings.xaml?id=7"),
            wns.Toast(
                "Storm warning",
                "Gusts of 90 km/h from 18:00",
                wns.Image("https://images.example/storm.jpg", placement="hero"),
                wns.Text("Weather service", placement="attribution"),
                launch="warning=7",
                actions=[wns.Button("Show the map", "map=7"), wns.Button("Remind me", "remind=7")],
                scenario="urgent",
            ),
        ),
        Forms(
            mpns.FlipTile(
                "weather/storm.png",
                title="Weather",
                back_title="Tonight",
                back_content="Gusts of 90 km/h",
                wide_background_image="weather/storm-wide.png",
                wide_back_content="Gusts of 90 km/h from 18:00. Stay in.",
                small_background_image="weather/storm-small.png",
            ),
            wns.Tile(
                wns.TileBinding("medium", wns.Text("Tonight", style="caption"), wns.Text("90 km/h", style="title")),
                wns.TileBinding(
                    "wide", wns.Text("Storm warning", style="subtitle"), "Gusts of 90 km/h from 18:00. Stay in."
                ),
                branding="name",
                display_name="Weather",
            ),
        ),
    ),
    Scene(
        Forms(
            mpns.Toast("Ada Lovelace", "Have you seen the new engine?", "?conversation=12"),
            wns.Toast(
                "Ada Lovelace",
                "Have you seen the new engine?",
                wns.Image("https://images.example/ada.jpg", placement="appLogoOverride", crop="circle"),
                launch="conversation=12",
                header=wns.Header("ada", "Ada Lovelace", "conversation=12"),
                inputs=[wns.TextInput("reply", placeholder="Answer…")],
                actions=[wns.Button("Send", "reply=12", input_id="reply")],
            ),
        ),
        Forms(
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
            wns.Tile(
                wns.TileBinding(
                    "medium", wns.Text("Ada Lovelace"), wns.Text("Have you seen the new engine?", wrap=True)
                ),
                wns.TileBinding("wide", wns.Text("Ada Lovelace", style="base"), "Have you seen the new engine?"),
                branding="nameAndLogo",
                display_name="Mail",
            ),
        ),
    ),
    Scene(
        Forms(
            mpns.Toast("Goal!", "Young Boys 2 : 1 Basel, 87'", "/Match.xaml?id=1898"),
            wns.Toast("Goal!", "Young Boys 2 : 1 Basel, 87'", launch="match=1898", audio=wns.Audio(silent=True)),
        ),
        Forms(
            mpns.Tile("scores/yb.png", 3, "Scores", back_title="87'", back_content="Young Boys 2 : 1 Basel"),
            wns.Tile(
                wns.TileBinding(
                    "medium", wns.Text("2 : 1", style="title", align="center"), wns.Text("87'", align="center")
                ),
                wns.TileBinding("wide", wns.Text("Young Boys 2 : 1 Basel", style="subtitle"), "87th minute"),
                branding="name",
                display_name="Scores",
            ),
        ),
    ),
    Scene(
        Forms(
            mpns.Toast("12 new photos", "from your walk in the Lauterbrunnen valley", "/Album.xaml?id=3"),
            wns.Toast(
                "12 new photos",
                "from your walk in the Lauterbrunnen valley",
                wns.Progress(0.6, "Uploading…", "Album"),
                launch="album=3",
            ),
        ),
        Forms(
            mpns.CycleTile(
                "photos/small.png", ["photos/falls.jpg", "photos/meadow.jpg", "photos/glacier.jpg"], 12, "Photos"
            ),
            wns.Tile(
                wns.TileBinding(
                    "medium",
                    wns.Image("https://images.example/falls.jpg"),
                    wns.Image("https://images.example/meadow.jpg"),
                    presentation="photos",
                ),
                branding="name",
                display_name="Photos",
            ),
        ),
    ),
    Scene(
        Forms(
            mpns.Toast("Train S1 to Thun", "leaves 4 minutes later, from track 7", "/Journey.xaml?id=44"),
            wns.Toast(
                "Train S1 to Thun",
                "leaves 4 minutes later, from track 7",
                launch="journey=44",
                actions=[wns.Button("Later trains", "later=44"), wns.Button.dismiss()],
            ),
        ),
        Forms(
            mpns.Tile("trains/s1.png", 0, "Trains", back_title="S1 to Thun", back_content="+4 min, track 7"),
            wns.Badge(4),
        ),
    ),
)
