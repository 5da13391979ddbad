"""The single table of the device's rules: how much each costs, where it is documented, and what contradicts it.

The service barely checks the schema; these rules are enforced by the device (wns.md 3.3). If Microsoft's own samples
break a rule of Microsoft's own pages, it is only a note, unless reports from devices settle the matter.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["DOUBTS", "RULES", "Rule", "Severity"]


class Severity(enum.Enum):
    """How much is lost."""

    LOST = "lost"
    """None of the notification shows."""
    IGNORED = "ignored"
    """This element or attribute has no effect; the rest shows."""
    NOTE = "note"
    """It shows, but something about it is doubtful or worth knowing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the device's rules. `source` documents it; `doubt` says what contradicts it, and where."""

    severity: Severity
    text: str
    source: str
    doubt: str = ""


_LOST, _IGNORED, _NOTE = Severity.LOST, Severity.IGNORED, Severity.NOTE
_TOAST = "wns.md 9.1 [W8]"
_TILE = "wns.md 10.1 [W10]"
_LEGACY = "wns.md 10.4, 12 [W11, W12]"
_SAMPLES = "Microsoft's own samples and tests do otherwise"

RULES = {
    "not-well-formed": Rule(_LOST, "The document {detail}.", "XML 1.0"),
    "wrong-root": Rule(_LOST, "The root is <{detail}>, but X-WNS-Type names another kind.", "wns.md 3.1 [W1]"),
    "no-visual": Rule(_LOST, "There is no <visual>, so nothing shows.", _TOAST),
    "no-binding": Rule(_LOST, "There is no <binding> that a device can show.", _TOAST),
    "badge-value": Rule(_LOST, "{detail}: a badge shows whole numbers from 0 and 13 glyphs.", "wns.md 11.1 [W9]"),
    "unknown-element": Rule(_IGNORED, "No device recognises <{detail}> here; it is ignored.", "wns.md 9.1, 10.1"),
    "element-name": Rule(_IGNORED, "The element is called {detail}; this one is ignored.", "wns.md 9.1, 10.1, 15"),
    "stray-text": Rule(_IGNORED, "Text between elements is ignored: {detail!r}.", "wns.md 9.1, 10.1"),
    "twice": Rule(_IGNORED, "There is more than one <{detail}>; only the first counts.", "wns.md 9.1, 10.1"),
    "missing-attribute": Rule(_IGNORED, "The attribute {detail} is missing, so the element is ignored.", _TOAST),
    "attribute-case": Rule(
        _IGNORED,
        "Names are case-sensitive: the attribute is spelled {detail}, so this one is ignored.",
        "wns.md 9.5 [W8]",
    ),
    "unknown-attribute": Rule(_NOTE, "This attribute is undocumented; devices skip it.", "wns.md 9.5 [T2]"),
    "bad-value": Rule(_IGNORED, "The value {detail}; the attribute is ignored.", "wns.md 9.1, 10.1"),
    "says-default": Rule(
        _NOTE, "This is the same as leaving the attribute out: no page lists this word.", "wns.md 9.7 [T2]"
    ),
    "value-case": Rule(
        _NOTE,
        "It is spelled {detail}; whether devices care about case is unverified.",
        "wns.md 9.5 [W8]",
        "samples of Microsoft's have it in other cases, wns.md 9.5 [T7]",
    ),
    "no-effect": Rule(_NOTE, "{detail} has no effect here.", "wns.md 9.1, 10.1"),
    "image-source": Rule(_IGNORED, "The source {detail}; the image doesn't show.", "wns.md 10.3 [W9]"),
    "empty-image": Rule(_NOTE, "The source is empty: no image shows.", "wns.md 10.3 [W9]"),
    "not-a-uri": Rule(
        _IGNORED,
        "Protocol activation needs a URI, which {detail} is not: a click does nothing.",
        _TOAST,
        "a sample of Microsoft's opens a local path this way",
    ),
    "boolean-case": Rule(
        _LOST,
        "It must be {detail}: Windows knows booleans in lower case only, and a capital breaks the notification.",
        "wns.md 9.5 [T5]",
        "reported for loop; for other attributes it is only likely, wns.md 9.5 [T5]",
    ),
    "hint-boolean-case": Rule(
        _IGNORED,
        "It must be {detail}: Windows knows booleans in lower case only.",
        "wns.md 9.5 [T5]",
        "reported for loop; whether hints are as strict is unverified, wns.md 9.5 [T7]",
    ),
    "boolean-number": Rule(
        _NOTE, "Write {detail}; XML Schema allows numbers, but whether Windows does is unverified.", "wns.md 9.5"
    ),
    "data-binding": Rule(
        _NOTE,
        "A push carries no data for {detail}: Windows shows the braces or nothing until the app updates the toast.",
        "wns.md 9.6 [G6]",
        "one report saw literal braces, another empty text, wns.md 9.6 [G6]",
    ),
    "data-binding-place": Rule(
        _NOTE,
        "Data binding works only in a toast's top-level texts and progress bars; here {detail} stays as it is.",
        "wns.md 9.6 [G6]",
        "a test of Microsoft's toolkit has it in a subgroup, but nothing displays it, wns.md 9.6 [T2]",
    ),
    # Toasts
    "unknown-template": Rule(_IGNORED, "No device recognises the template {detail!r}; the binding is ignored.", _TOAST),
    "one-binding": Rule(
        _IGNORED, "A toast has one binding; this one is ignored.", _TOAST, "the service accepts two, wns.md 3.3 [T4]"
    ),
    "my-people": Rule(_NOTE, "A shoulder tap appears only on Windows 10, above a contact on the taskbar.", _TOAST),
    "timestamp-form": Rule(
        _NOTE,
        "Write {detail}: every known payload has that form, and whether Windows reads another one is unverified.",
        "wns.md 9.1 [W13]",
    ),
    "timestamp-decimals": Rule(
        _LOST,
        'The time has more than three decimals, so the payload is invalid: only "New notification" shows.',
        "wns.md 9.1 [W13, G6]",
    ),
    "no-text": Rule(
        _LOST,
        'There is no top-level text, and Windows requires one: only the app\'s name and "New notification" show.',
        "wns.md 9.4 [R1]",
        "tests of Microsoft's builders have toasts without a text, but nothing displays them, wns.md 9.4 [T2]",
    ),
    "late-text": Rule(
        _NOTE,
        "Windows shows texts first: this one, after {detail}, is moved to the top or dropped.",
        "wns.md 9.4 [W8]",
        "a sample of Microsoft's has an image before the texts",
    ),
    "late-attribution": Rule(
        _NOTE, "Windows shows the attribution below the texts and above images, wherever it is.", "wns.md 9.4 [W8]"
    ),
    "place-taken": Rule(
        _NOTE, "There is already one with the placement {detail}; what Windows shows of a second is unverified.", _TOAST
    ),
    "too-many-texts": Rule(_IGNORED, "Windows shows three top-level texts; this one is ignored.", "wns.md 9.3 [W8]"),
    "top-level-hint": Rule(
        _NOTE,
        "On a top-level text only hint-maxLines works, and it always wraps; this hint works in a subgroup.",
        "wns.md 9.4 [W8]",
        "tests of Microsoft's toolkit have it on top-level texts, but nothing displays them, wns.md 9.4 [T2]",
    ),
    "line-limit": Rule(
        _NOTE, "The first text shows at most two lines, the others four together.", "wns.md 9.4 [W8]", "wns.md 9.1 [T2]"
    ),
    "fifteen-lines": Rule(_NOTE, "One report saw texts in a toast's subgroups end after 15 lines.", "wns.md 9.4 [R1]"),
    "top-level-image-hint": Rule(_NOTE, "The hint works only on images in a subgroup.", _TOAST, _SAMPLES),
    "call-only": Rule(_IGNORED, 'The hint works only with scenario="incomingCall".', _TOAST),
    "wrong-placement": Rule(_IGNORED, "The placement {detail!r} doesn't belong here; the image is ignored.", _TOAST),
    "empty-group": Rule(_NOTE, "The group has no subgroup, so it shows nothing.", _TOAST, _SAMPLES),
    "too-many-inputs": Rule(_IGNORED, "Windows shows five inputs; this one is ignored.", "wns.md 9.3 [W8]"),
    "too-many-actions": Rule(
        _IGNORED, "Windows shows five actions, including menu entries; this one is ignored.", "wns.md 9.3 [W8]"
    ),
    "too-many-selections": Rule(_IGNORED, "Windows shows five selections; this one is ignored.", "wns.md 9.3 [W8]"),
    "same-id": Rule(
        _IGNORED,
        "Another input has the id {detail!r}: the app gets one value for both, which one is unverified.",
        _TOAST,
    ),
    "same-selection": Rule(
        _NOTE, "Another selection has the id {detail!r}: both show, but the app can't tell which was chosen.", _TOAST
    ),
    "snooze-minutes": Rule(
        _IGNORED,
        "A snooze button reads its interval, in minutes, from the ids of a selection input; {detail}.",
        "wns.md 9.6 [T2]",
    ),
    "no-such-input": Rule(
        _IGNORED, "There is no input with the id {detail!r}; the button goes in the button row.", _TOAST
    ),
    "no-such-selection": Rule(_IGNORED, "There is no selection with the id {detail!r}; none is preselected.", _TOAST),
    "system-argument": Rule(_IGNORED, "A system button's arguments must be snooze or dismiss, not {detail!r}.", _TOAST),
    "blank-action": Rule(
        _NOTE, "There is no caption, icon or tool tip: the {detail} is blank; what Windows shows is unverified.", _TOAST
    ),
    "images-on-some": Rule(
        _NOTE,
        "Some buttons have an icon and some don't: each icon shows next to its caption, not in the icon-button style.",
        "wns.md 9.1 [R1]",
        "the page requires icons on all buttons or none, wns.md 9.1 [W8]",
    ),
    "windows-11": Rule(_NOTE, "Windows 11 only: Windows 10 ignores it.", "wns.md 9.1 [R1]"),
    "style-off": Rule(_IGNORED, 'Button styles need useButtonStyle="true" on the toast.', _TOAST),
    "system-commands": Rule(
        _IGNORED, "With hint-systemCommands Windows shows its own buttons; this one is ignored.", _TOAST
    ),
    "scenario-button": Rule(
        _NOTE,
        "The scenario {detail!r} needs at least one button; without it this is an ordinary toast.",
        "wns.md 9.1, 9.3 [W8, G6]",
        "a sample of Microsoft's has none",
    ),
    "sound": Rule(
        _IGNORED,
        "The sound {detail}; Windows plays Default, or Looping.Call if it loops.",
        "wns.md 9.2 [W9, R1]",
        "wns.md 3.3 [T4]",
    ),
    "silent-sound": Rule(_IGNORED, 'With silent="true" nothing plays, so {detail} has no effect.', "wns.md 9.2 [W9]"),
    "registered-sound": Rule(
        _NOTE,
        "This isn't one of Windows's sounds: it plays if the app has registered it, otherwise {detail} plays.",
        "wns.md 9.2 [R1]",
    ),
    "appdata-sound": Rule(
        _NOTE,
        "Whether ms-appdata works for sounds is doubtful.",
        "wns.md 9.2 [W8]",
        "two pages say that it isn't supported, one says that it is, wns.md 9.2 [W8, W9]",
    ),
    "loop-duration": Rule(
        _IGNORED,
        "A sound loops only on a toast with a duration; this one plays once.",
        "wns.md 9.2 [W9]",
        "the service received it without one, and a sample of Microsoft's has none, wns.md 3.3, 9.2 [T4]",
    ),
    "loop-sound": Rule(
        _NOTE,
        "The sounds designed to loop are Looping.Alarm… and Looping.Call….",
        "wns.md 9.2 [W9]",
        "samples of Microsoft's loop Reminder and Default, wns.md 9.2 [R1]",
    ),
    "commands": Rule(_NOTE, "<commands> is from Windows 8.1 and deprecated since Windows 10.", _TOAST),
    "calling-preview": Rule(
        _NOTE, "Part of the Windows App SDK's calling preview, which is experimental.", "wns.md 9.1 [T6]"
    ),
    "listed-by-mistake": Rule(_NOTE, "The schema page lists this attribute by mistake; devices skip it.", _TOAST),
    "shoulder-tap-only": Rule(_NOTE, "It animates the image of a shoulder tap; elsewhere it has no effect.", _TOAST),
    # Tiles
    "tile-version": Rule(_NOTE, "The version belongs on <visual>; here it is ignored.", _TILE, "wns.md 10.1 [T7]"),
    "needs-version": Rule(
        _IGNORED, 'The template needs <visual version="{detail}">; without it devices skip the binding.', _LEGACY
    ),
    "badge-version": Rule(
        _NOTE, 'According to the enumeration, the template needs version="3".', _LEGACY, "wns.md 12.1 [T1, T2]"
    ),
    "same-size": Rule(_IGNORED, "There is already a binding for the size {detail}; this one is ignored.", _LEGACY),
    "fallback-name": Rule(_NOTE, "Only Windows 8 reads the fallback, and this one {detail}.", _LEGACY),
    "needs-badge": Rule(_NOTE, "The number next to the icon comes from a badge notification.", "wns.md 10.2 [W10]"),
    "phone-only": Rule(_IGNORED, "The template is for Windows Phone only; Windows skips it.", "wns.md 12.4 [W11]"),
    "retired-template": Rule(
        _IGNORED,
        "This template no longer works since Windows 10; the binding is skipped.",
        "wns.md 12.1 [W14]",
        "Windows 8 draws it, and the service accepts it, wns.md 3.3 [T4]",
    ),
    "enumeration-only": Rule(
        _NOTE, "The template appears only in the enumeration; whether any device draws it is unverified.", "wns.md 12.4"
    ),
    "empty-binding": Rule(
        _NOTE, "There is nothing in the binding, so the tile is blank; what Windows shows is unverified.", _TILE
    ),
    "peek-overlay": Rule(
        _NOTE,
        "Without hint-overlay a peek image is darkened by 0 or 20 percent.",
        "wns.md 10.1 [W10]",
        "one page says 0, another 20, wns.md 10.1 [R1]",
    ),
    "mobile-only": Rule(_NOTE, "{detail}", "wns.md 10.2 [R1]"),
    "too-many-photos": Rule(_IGNORED, "A photos tile shows 12 images; this one is ignored.", "wns.md 10.2 [W10]"),
    "people-count": Rule(_NOTE, "{detail} images are recommended for this size.", "wns.md 10.2 [W10]"),
    "lock-screen": Rule(_IGNORED, "The lock screen reads its lines only from TileWide.", _TILE),
    "field-count": Rule(_IGNORED, "{detail}; the rest is ignored.", _LEGACY),
    "field-missing": Rule(_NOTE, "{detail}; the rest stays blank.", _LEGACY),
    "field-id": Rule(_NOTE, "Fields of legacy templates need ids, numbered from 1.", _LEGACY, "other senders' samples"),
    "badge-shows-99": Rule(_NOTE, "Anything over 99 shows as 99+.", "wns.md 11.1 [W9]"),
}
"""Every rule of the device by key. `{detail}` is filled in for each document."""

DOUBTS = {
    ("attribute-case", "displayTimeStamp"): "the schema page's own syntax line has this spelling, wns.md 9.1 [W9]",
    ("attribute-case", "hint-inputid"): "the schema page's own syntax line has this spelling, wns.md 9.1 [W9]",
    ("bad-value", "hint-weight"): "the page on tiles prints 0 to 100, Microsoft's toolkit refuses 0, wns.md 10.1 [T2]",
    ("boolean-case", "loop"): "",
    ("value-case", "placement"): "samples of Microsoft's write AppLogoOverride and Firefox ships contextmenu, but one "
    "report saw Peek drawn differently from peek, wns.md 9.4, 9.5 [R1, T7, T8]",
}
"""What contradicts a rule on one attribute in particular, by the rule and the attribute's name on the wire."""
