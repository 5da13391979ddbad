"""Documents to start from in the playground, and for test notifications."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EXAMPLES", "Example", "example_for"]


@dataclass(frozen=True, slots=True)
class Example:
    """One document. `service` is `wns` or `mpns`; `kind` a kind of notification there."""

    name: str
    service: str
    kind: str
    document: str


EXAMPLES = (
    Example(
        "Windows: toast with buttons",
        "wns",
        "toast",
        """<toast launch="train=s1">
  <visual>
    <binding template="ToastGeneric">
      <text>Train S1 to Thun</text>
      <text>leaves 4 minutes later, from track 7</text>
      <text placement="attribution">Timetable</text>
    </binding>
  </visual>
  <actions>
    <action content="Show" arguments="show"/>
    <action content="Later" arguments="later" activationType="background"/>
  </actions>
</toast>""",
    ),
    Example(
        "Windows: toast with a reply",
        "wns",
        "toast",
        """<toast>
  <visual>
    <binding template="ToastGeneric">
      <text>Ada</text>
      <text>Are you coming for lunch?</text>
    </binding>
  </visual>
  <actions>
    <input id="reply" type="text" placeHolderContent="Answer"/>
    <action content="Send" arguments="reply" activationType="background" hint-inputId="reply"/>
  </actions>
</toast>""",
    ),
    Example(
        "Windows: toast with progress",
        "wns",
        "toast",
        """<toast>
  <visual>
    <binding template="ToastGeneric">
      <text>Backup</text>
      <progress title="Photos" value="0.6" valueStringOverride="15 of 26" status="Copying..."/>
    </binding>
  </visual>
</toast>""",
    ),
    Example(
        "Windows: tile in two sizes",
        "wns",
        "tile",
        """<tile>
  <visual branding="nameAndLogo">
    <binding template="TileMedium">
      <text hint-style="subtitle">Bern</text>
      <text hint-style="captionSubtle" hint-wrap="true">Gusts of 90 km/h from 18:00</text>
    </binding>
    <binding template="TileWide">
      <text hint-style="subtitle">Storm warning</text>
      <text hint-style="captionSubtle" hint-wrap="true">Bern: gusts of 90 km/h from 18:00</text>
    </binding>
  </visual>
</tile>""",
    ),
    Example("Windows: badge", "wns", "badge", '<badge value="7"/>'),
    Example(
        "Windows: toast with mistakes",
        "wns",
        "toast",
        """<toast duration="Long">
  <visual>
    <binding template="ToastGeneric">
      <text>One</text>
      <text>Two</text>
      <text>Three</text>
      <text>Four is one too many</text>
      <img src="https://example.com/picture.png"/>
    </binding>
  </visual>
  <actions>
    <action content="No arguments"/>
  </actions>
</toast>""",
    ),
    Example(
        "Phone: toast",
        "mpns",
        "toast",
        """<?xml version="1.0" encoding="utf-8"?>
<wp:Notification xmlns:wp="WPNotification">
  <wp:Toast>
    <wp:Text1>Storm warning</wp:Text1>
    <wp:Text2>Gusts of 90 km/h from 18:00</wp:Text2>
    <wp:Param>/Warnings.xaml?id=7</wp:Param>
  </wp:Toast>
</wp:Notification>""",
    ),
    Example(
        "Phone: flip tile",
        "mpns",
        "tile",
        """<?xml version="1.0" encoding="utf-8"?>
<wp:Notification xmlns:wp="WPNotification" Version="2.0">
  <wp:Tile Template="FlipTile">
    <wp:Count>3</wp:Count>
    <wp:Title>Weather</wp:Title>
    <wp:BackTitle>Bern</wp:BackTitle>
    <wp:BackContent>Gusts of 90 km/h</wp:BackContent>
  </wp:Tile>
</wp:Notification>""",
    ),
    Example(
        "Phone: iconic tile",
        "mpns",
        "tile",
        """<?xml version="1.0" encoding="utf-8"?>
<wp:Notification xmlns:wp="WPNotification" Version="2.0">
  <wp:Tile Template="IconicTile">
    <wp:WideContent1>Storm warning</wp:WideContent1>
    <wp:WideContent2>Gusts of 90 km/h</wp:WideContent2>
    <wp:Count>3</wp:Count>
    <wp:Title>Weather</wp:Title>
    <wp:BackgroundColor>#FF1BA1E2</wp:BackgroundColor>
  </wp:Tile>
</wp:Notification>""",
    ),
    Example(
        "Phone: tile with mistakes",
        "mpns",
        "tile",
        """<?xml version="1.0" encoding="utf-8"?>
<wp:Notification xmlns:wp="WPNotification">
  <wp:Tile id="/Second.xaml" template="FlipTile">
    <wp:Count>100</wp:Count>
    <wp:Title>Weather</wp:Title>
    <wp:WideContent1>Not of this template</wp:WideContent1>
    <wp:Subtitle>Unknown</wp:Subtitle>
  </wp:Tile>
</wp:Notification>""",
    ),
)
"""For each kind of notification the plainest first."""


def example_for(service: str, kind: str) -> str:
    """The document of a test notification of that kind."""
    if kind == "raw":
        return '{"hello": "from winpush"}'
    return next(each.document for each in EXAMPLES if (each.service, each.kind) == (service, kind))
