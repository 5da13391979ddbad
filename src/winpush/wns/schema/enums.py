"""The enumerations of the WNS schemas, spelled as on the wire (wns.md 9 to 11).

The Literal types are the tables: code that checks, writes, reads or judges a value gets them through `words()`.
"""

from __future__ import annotations

import enum
from typing import Any, Literal, get_args

__all__ = [
    "Activation",
    "Branding",
    "Glyph",
    "Priority",
    "Sound",
    "TextStyle",
    "words",
]

Activation = Literal["foreground", "background", "protocol", "system"]
AfterActivation = Literal["default", "pendingUpdate"]
Branding = Literal["none", "logo", "name", "nameAndLogo"]
ButtonStyle = Literal["Success", "Critical"]
Crop = Literal["none", "circle"]
Duration = Literal["short", "long"]
HeaderActivation = Literal["foreground", "protocol"]
ImageAlign = Literal["stretch", "left", "center", "right"]
ImagePlacement = Literal["inline", "appLogoOverride", "hero", "background", "peek"]
LaunchActivation = Literal["foreground", "background", "protocol"]
# `contact` appears only in Microsoft's code [T2].
Presentation = Literal["photos", "people", "contact"]
Scenario = Literal["reminder", "alarm", "incomingCall", "urgent"]
Size = Literal["small", "medium", "wide", "large"]
# `auto` comes from Microsoft's toolkit, which does write it (wns.md 10.1).
TextAlign = Literal["left", "center", "right", "auto"]
TextPlacement = Literal["attribution"]
TextStacking = Literal["top", "center", "bottom"]
TextStyle = Literal[
    "caption",
    "captionSubtle",
    "body",
    "bodySubtle",
    "base",
    "baseSubtle",
    "subtitle",
    "subtitleSubtle",
    "title",
    "titleSubtle",
    "titleNumeral",
    "titleNumeralSubtle",
    "subheader",
    "subheaderSubtle",
    "subheaderNumeral",
    "subheaderNumeralSubtle",
    "header",
    "headerSubtle",
    "headerNumeral",
    "headerNumeralSubtle",
]


def words(literal: Any) -> tuple[str, ...]:
    """The values of one of these types, in the documented order."""
    return get_args(literal)


class Priority(enum.IntEnum):
    """How soon a device in battery saver gets it. WNS defaults to HIGH for a toast, MEDIUM for a tile or badge and LOW
    for raw (wns.md 3.1, which lists a fourth level that one of Microsoft's tables lacks)."""

    HIGH = 1
    MEDIUM = 2
    LOW = 3
    VERY_LOW = 4


class Glyph(enum.StrEnum):
    """The glyphs that a badge can show instead of a number; `NONE` clears it (wns.md 11.1)."""

    NONE = "none"
    ACTIVITY = "activity"
    ALARM = "alarm"
    ALERT = "alert"
    ATTENTION = "attention"
    AVAILABLE = "available"
    AWAY = "away"
    BUSY = "busy"
    ERROR = "error"
    NEW_MESSAGE = "newMessage"
    PAUSED = "paused"
    PLAYING = "playing"
    UNAVAILABLE = "unavailable"


class Sound(enum.StrEnum):
    """The 25 sounds built into Windows (wns.md 9.2)."""

    DEFAULT = "ms-winsoundevent:Notification.Default"
    IM = "ms-winsoundevent:Notification.IM"
    MAIL = "ms-winsoundevent:Notification.Mail"
    REMINDER = "ms-winsoundevent:Notification.Reminder"
    SMS = "ms-winsoundevent:Notification.SMS"
    ALARM = "ms-winsoundevent:Notification.Looping.Alarm"
    ALARM2 = "ms-winsoundevent:Notification.Looping.Alarm2"
    ALARM3 = "ms-winsoundevent:Notification.Looping.Alarm3"
    ALARM4 = "ms-winsoundevent:Notification.Looping.Alarm4"
    ALARM5 = "ms-winsoundevent:Notification.Looping.Alarm5"
    ALARM6 = "ms-winsoundevent:Notification.Looping.Alarm6"
    ALARM7 = "ms-winsoundevent:Notification.Looping.Alarm7"
    ALARM8 = "ms-winsoundevent:Notification.Looping.Alarm8"
    ALARM9 = "ms-winsoundevent:Notification.Looping.Alarm9"
    ALARM10 = "ms-winsoundevent:Notification.Looping.Alarm10"
    CALL = "ms-winsoundevent:Notification.Looping.Call"
    CALL2 = "ms-winsoundevent:Notification.Looping.Call2"
    CALL3 = "ms-winsoundevent:Notification.Looping.Call3"
    CALL4 = "ms-winsoundevent:Notification.Looping.Call4"
    CALL5 = "ms-winsoundevent:Notification.Looping.Call5"
    CALL6 = "ms-winsoundevent:Notification.Looping.Call6"
    CALL7 = "ms-winsoundevent:Notification.Looping.Call7"
    CALL8 = "ms-winsoundevent:Notification.Looping.Call8"
    CALL9 = "ms-winsoundevent:Notification.Looping.Call9"
    CALL10 = "ms-winsoundevent:Notification.Looping.Call10"

    @property
    def loops(self) -> bool:
        """True for the sounds designed to loop."""
        return ".Looping." in self.value
