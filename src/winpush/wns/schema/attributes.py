"""The single table of the WNS schemas: every element's attributes, their Python and wire names, and their types.

All code that writes, reads, checks or judges a document uses it (wns.md 9.1 and 10.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from winpush.wns.schema.enums import (
    Activation,
    AfterActivation,
    Branding,
    ButtonStyle,
    Crop,
    Duration,
    HeaderActivation,
    ImageAlign,
    ImagePlacement,
    LaunchActivation,
    Presentation,
    Scenario,
    TextAlign,
    TextPlacement,
    TextStacking,
    TextStyle,
    words,
)
from winpush.wns.schema.types import (
    BaseUri,
    Choice,
    Flag,
    Fraction,
    ImageSource,
    Kind,
    Language,
    Moment,
    Name,
    People,
    SoundSource,
    String,
    Whole,
)

__all__ = ["ELSEWHERE", "FOLDED", "Attribute", "Schema"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its Python and wire names, and its type."""

    name: str
    wire: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """One element: its name, its attributes in document order, and those with a fixed value."""

    element: str
    attributes: tuple[Attribute, ...]
    fixed: tuple[tuple[str, str], ...] = ()
    by_wire: Mapping[str, Attribute] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_wire", {attribute.wire: attribute for attribute in self.attributes})


_STRING = String()
_NAME = Name()
_FLAG = Flag()
_LANGUAGE = Language()
_POSITIVE = Whole()
_PERCENT = Whole(0, 100)
_BRANDING = Choice(words(Branding))
_PFN = Attribute("protocol_target", "protocolActivationTargetApplicationPfn", _NAME)

_LANG = Attribute("lang", "lang", _LANGUAGE)
_BASE_URI = Attribute("base_uri", "baseUri", BaseUri())
_ADD_IMAGE_QUERY = Attribute("add_image_query", "addImageQuery", _FLAG)
_STACKING = Attribute("text_stacking", "hint-textStacking", Choice(words(TextStacking)))

TOAST = Schema(
    "toast",
    (
        Attribute("launch", "launch", _STRING),
        Attribute("activation_type", "activationType", Choice(words(LaunchActivation))),
        _PFN,
        Attribute("duration", "duration", Choice(words(Duration))),
        Attribute("scenario", "scenario", Choice(words(Scenario))),
        Attribute("display_timestamp", "displayTimestamp", Moment()),
        Attribute("use_button_style", "useButtonStyle", _FLAG),
        Attribute("toast_id", "hint-toastId", _NAME),
        Attribute("people", "hint-people", People()),
    ),
)

TOAST_VISUAL = Schema(
    "visual",
    (
        Attribute("version", "version", _POSITIVE),
        _LANG,
        _BASE_URI,
        _ADD_IMAGE_QUERY,
    ),
)

TOAST_BINDING = Schema(
    "binding",
    (
        Attribute("template", "template", _NAME, required=True),
        Attribute("experience", "experienceType", Choice(("shoulderTap",))),
        Attribute("fallback", "fallback", _NAME),
        _LANG,
        _BASE_URI,
        _ADD_IMAGE_QUERY,
        Attribute("branding", "branding", _BRANDING),
    ),
)

HEADER = Schema(
    "header",
    (
        Attribute("id", "id", _NAME, required=True),
        Attribute("title", "title", _NAME, required=True),
        Attribute("arguments", "arguments", _STRING, required=True),
        Attribute("activation_type", "activationType", Choice(words(HeaderActivation))),
        _PFN,
    ),
)

TEXT = Schema(
    "text",
    (
        Attribute("id", "id", _POSITIVE),
        _LANG,
        Attribute("placement", "placement", Choice(words(TextPlacement))),
        Attribute("style", "hint-style", Choice(words(TextStyle))),
        Attribute("wrap", "hint-wrap", _FLAG),
        Attribute("max_lines", "hint-maxLines", _POSITIVE),
        Attribute("min_lines", "hint-minLines", _POSITIVE),
        Attribute("align", "hint-align", Choice(words(TextAlign))),
        Attribute("call_center_align", "hint-callScenarioCenterAlign", _FLAG),
    ),
)

IMAGE = Schema(
    "image",
    (
        Attribute("id", "id", _POSITIVE),
        Attribute("placement", "placement", Choice(words(ImagePlacement))),
        Attribute("src", "src", ImageSource(), required=True),
        Attribute("alt", "alt", _STRING),
        _ADD_IMAGE_QUERY,
        Attribute("crop", "hint-crop", Choice(words(Crop))),
        Attribute("remove_margin", "hint-removeMargin", _FLAG),
        Attribute("align", "hint-align", Choice(words(ImageAlign))),
        Attribute("overlay", "hint-overlay", _PERCENT),
    ),
)

SUBGROUP = Schema("subgroup", (Attribute("weight", "hint-weight", _POSITIVE), _STACKING))

PROGRESS = Schema(
    "progress",
    (
        Attribute("title", "title", _STRING),
        Attribute("value", "value", Fraction(), required=True),
        Attribute("value_override", "valueStringOverride", _STRING),
        Attribute("status", "status", _STRING, required=True),
    ),
)

TEXT_INPUT = Schema(
    "input",
    (
        Attribute("id", "id", _NAME, required=True),
        Attribute("title", "title", _STRING),
        Attribute("placeholder", "placeHolderContent", _STRING),
        Attribute("default", "defaultInput", _STRING),
    ),
    (("type", "text"),),
)

SELECTION_INPUT = Schema(
    "input",
    (
        Attribute("id", "id", _NAME, required=True),
        Attribute("title", "title", _STRING),
        Attribute("default", "defaultInput", _NAME),
    ),
    (("type", "selection"),),
)

SELECTION = Schema(
    "selection",
    (Attribute("id", "id", _NAME, required=True), Attribute("content", "content", _NAME, required=True)),
)

_ACTION = (
    Attribute("content", "content", _STRING, required=True),
    Attribute("arguments", "arguments", _STRING, required=True),
)
_AFTER = Attribute("after_activation", "afterActivationBehavior", Choice(words(AfterActivation)))
_ACTION_ID = Attribute("action_id", "hint-actionId", _NAME)

BUTTON = Schema(
    "action",
    (
        *_ACTION,
        Attribute("activation_type", "activationType", Choice(words(Activation))),
        _AFTER,
        _PFN,
        Attribute("image", "imageUri", ImageSource()),
        Attribute("input_id", "hint-inputId", _NAME),
        # The documentation explicitly calls this one case-sensitive (wns.md 9.1).
        Attribute("style", "hint-buttonStyle", Choice(words(ButtonStyle), folds=False)),
        Attribute("tool_tip", "hint-toolTip", _NAME),
        _ACTION_ID,
    ),
)

MENU_ENTRY = Schema(
    "action",
    (
        *_ACTION,
        Attribute("activation_type", "activationType", Choice(words(LaunchActivation))),
        _AFTER,
        _PFN,
        _ACTION_ID,
    ),
    (("placement", "contextMenu"),),
)

AUDIO = Schema(
    "audio",
    (
        Attribute("src", "src", SoundSource()),
        Attribute("loop", "loop", _FLAG),
        Attribute("silent", "silent", _FLAG),
    ),
)

_TILE_VISUAL = (
    _LANG,
    _BASE_URI,
    Attribute("branding", "branding", _BRANDING),
    _ADD_IMAGE_QUERY,
    Attribute("content_id", "contentId", _STRING),
    Attribute("display_name", "displayName", _STRING),
    Attribute("arguments", "arguments", _STRING),
)

TILE_VISUAL = Schema("visual", (Attribute("version", "version", _POSITIVE), *_TILE_VISUAL))

TILE_BINDING = Schema(
    "binding",
    (
        Attribute("fallback", "fallback", _NAME),
        *_TILE_VISUAL,
        _STACKING,
        Attribute("overlay", "hint-overlay", _PERCENT),
        Attribute("presentation", "hint-presentation", Choice(words(Presentation))),
        Attribute("lock_status1", "hint-lockDetailedStatus1", _STRING),
        Attribute("lock_status2", "hint-lockDetailedStatus2", _STRING),
        Attribute("lock_status3", "hint-lockDetailedStatus3", _STRING),
    ),
)

LEGACY_BINDING = Schema("binding", (Attribute("fallback", "fallback", _NAME), *_TILE_VISUAL))

_ALL = (
    TOAST,
    TOAST_VISUAL,
    HEADER,
    TEXT,
    IMAGE,
    SUBGROUP,
    PROGRESS,
    TEXT_INPUT,
    SELECTION_INPUT,
    SELECTION,
    BUTTON,
    MENU_ENTRY,
    AUDIO,
    TILE_VISUAL,
    TILE_BINDING,
)

ELSEWHERE = {
    ("action", "settingType"): "calling-preview",
    ("action", "type"): "listed-by-mistake",
    ("image", "spritesheet-src"): "shoulder-tap-only",
    ("image", "spritesheet-height"): "shoulder-tap-only",
    ("image", "spritesheet-fps"): "shoulder-tap-only",
    ("image", "spritesheet-startingFrame"): "shoulder-tap-only",
}
"""Attributes outside the tables that some document does mention, with the device's rule for each (wns.md 9.1)."""

FOLDED = frozenset(attribute.wire for schema in _ALL for attribute in schema.attributes if attribute.kind.folds)
"""The attributes whose values mean the same in upper and lower case (wns.md 9.5)."""
