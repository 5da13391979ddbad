"""The parts of a toast besides the visual one: header, inputs, buttons, menu entries and sound (wns.md 9.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from winpush.errors import ValidationError
from winpush.wns.schema import attributes
from winpush.wns.schema.elements import Part, check_attributes, open_tag
from winpush.wns.schema.enums import (
    Activation,
    AfterActivation,
    ButtonStyle,
    HeaderActivation,
    LaunchActivation,
    Sound,
)
from winpush.wns.schema.types import SOUNDS, scheme_of

__all__ = [
    "Audio",
    "Button",
    "Header",
    "MenuEntry",
    "Selection",
    "SelectionInput",
    "SnoozeAndDismiss",
    "TextInput",
    "is_blank",
]

MAX_SELECTIONS = 5


def check_protocol(field: str, activation: str | None, arguments: str | None) -> None:
    """Raises ValidationError if protocol activation has no URI."""
    if activation == "protocol" and (arguments is None or scheme_of(arguments) is None):
        raise ValidationError(field, "must be a URI such as 'bingmaps:?q=sushi' when the activation type is protocol")


def is_blank(content: str, image: str | None = None, tool_tip: str | None = None) -> bool:
    """True for an app's action without a caption, an icon, or the tool tip that may replace a caption."""
    return not (content.strip() or image or tool_tip)


@dataclass(frozen=True, slots=True, repr=False)
class Header(Part):
    """Groups toasts with the same `id` under one title in the action centre (Creators Update)."""

    id: str
    title: str
    arguments: str
    activation_type: HeaderActivation | None = None
    protocol_target: str | None = None

    def __post_init__(self) -> None:
        check_attributes(self, attributes.HEADER)
        check_protocol("header.arguments", self.activation_type, self.arguments)

    def to_element(self) -> str:
        """`<header …/>`."""
        return f"{open_tag(self, attributes.HEADER)}/>"


@dataclass(frozen=True, slots=True, repr=False)
class TextInput(Part):
    """A text box. `id` names the text for the app; `default` is the initial text."""

    id: str
    placeholder: str | None = None
    title: str | None = None
    default: str | None = None

    def __post_init__(self) -> None:
        check_attributes(self, attributes.TEXT_INPUT)

    def to_element(self) -> str:
        """`<input type="text" …/>`."""
        return f"{open_tag(self, attributes.TEXT_INPUT)}/>"


@dataclass(frozen=True, slots=True, repr=False)
class Selection(Part):
    """One choice in a SelectionInput: `id` is what the app gets, `content` what the user sees.

    For a snooze button's input, `id` is the interval in minutes.
    """

    id: str
    content: str

    def __post_init__(self) -> None:
        check_attributes(self, attributes.SELECTION)

    def to_element(self) -> str:
        """`<selection …/>`."""
        return f"{open_tag(self, attributes.SELECTION)}/>"


@dataclass(frozen=True, slots=True, repr=False)
class SelectionInput(Part):
    """A list of up to five selections; `default` is the id of the preselected one."""

    id: str
    selections: Sequence[Selection] = ()
    title: str | None = None
    default: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "selections", listed("input.selections", self.selections, (Selection,)))
        check_attributes(self, attributes.SELECTION_INPUT)
        ids = [selection.id for selection in self.selections]
        if len(ids) > MAX_SELECTIONS:
            raise ValidationError("input.selections", f"has {len(ids)} entries; Windows shows at most {MAX_SELECTIONS}")
        if self.default is not None and self.default not in ids:
            raise ValidationError("input.default", f"is {self.default!r}, which is not the id of any selection")

    def to_element(self) -> str:
        """`<input type="selection" …>…</input>`."""
        inner = "".join([selection.to_element() for selection in self.selections])
        return f"{open_tag(self, attributes.SELECTION_INPUT)}>{inner}</input>"


@dataclass(frozen=True, slots=True, repr=False)
class Button(Part):
    """A button. `arguments` is what the app gets, or the URI of `activation_type="protocol"`.

    `input_id` places it next to that input. With an `image` (16×16 pixels, white on transparent) or a `tool_tip`, which
    describes it, `content` may be empty; `tool_tip` and `style` need Windows 11. `Button.snooze()` and
    `Button.dismiss()` are the system's own.
    """

    content: str
    arguments: str
    activation_type: Activation | None = None
    image: str | None = None
    input_id: str | None = None
    style: ButtonStyle | None = None
    tool_tip: str | None = None
    after_activation: AfterActivation | None = None
    protocol_target: str | None = None
    action_id: str | None = None

    def __post_init__(self) -> None:
        check_attributes(self, attributes.BUTTON)
        check_protocol("action.arguments", self.activation_type, self.arguments)
        if self.activation_type == "system":
            if self.arguments not in ("snooze", "dismiss"):
                raise ValidationError("action.arguments", "of a system button must be 'snooze' or 'dismiss'")
        elif is_blank(self.content, self.image, self.tool_tip):
            raise ValidationError(
                "action.content", "is empty, without an image or a tool_tip: the button would be blank"
            )

    @classmethod
    def snooze(cls, *, input_id: str | None = None, content: str = "") -> Button:
        """Shows the toast again later. Without content Windows writes "Snooze" in the user's language.

        `input_id` is a SelectionInput whose selections have minutes as their ids.
        """
        return cls(content, "snooze", "system", input_id=input_id)

    @classmethod
    def dismiss(cls, *, content: str = "") -> Button:
        """Closes the toast. Without content Windows writes "Dismiss" in the user's language."""
        return cls(content, "dismiss", "system")

    def to_element(self) -> str:
        """`<action …/>`."""
        return f"{open_tag(self, attributes.BUTTON)}/>"


@dataclass(frozen=True, slots=True, repr=False)
class MenuEntry(Part):
    """An entry in the toast's right-click menu."""

    content: str
    arguments: str
    activation_type: LaunchActivation | None = None
    after_activation: AfterActivation | None = None
    protocol_target: str | None = None
    action_id: str | None = None

    def __post_init__(self) -> None:
        check_attributes(self, attributes.MENU_ENTRY)
        check_protocol("action.arguments", self.activation_type, self.arguments)
        if is_blank(self.content):
            raise ValidationError("action.content", "is empty: the menu entry would be blank")

    def to_element(self) -> str:
        """`<action placement="contextMenu" …/>`."""
        return f"{open_tag(self, attributes.MENU_ENTRY)}/>"


@dataclass(frozen=True, slots=True, repr=False)
class SnoozeAndDismiss(Part):
    """Windows's own snooze (with a list of times) and dismiss buttons, instead of inputs and buttons.

    They can be combined with menu entries, as in Microsoft's toolkit.
    """

    menu: Sequence[MenuEntry] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "menu", listed("actions.menu", self.menu, (MenuEntry,)))


@dataclass(frozen=True, slots=True, repr=False)
class Audio(Part):
    """The sound: one of Windows's own, a file of the app, or none (`silent=True`).

    `loop=True` needs a toast with a `duration`; `wns.Sound.ALARM…` and `CALL…` are made for it (wns.md 9.2).
    """

    src: Sound | str | None = None
    loop: bool | None = None
    silent: bool | None = None

    def __post_init__(self) -> None:
        check_attributes(self, attributes.AUDIO)
        if self.src is not None:
            object.__setattr__(self, "src", SOUNDS.get(self.src, self.src))
        if self.silent and (self.src is not None or self.loop):
            raise ValidationError("audio.silent", "is True although a sound is given; choose one")

    def to_element(self) -> str:
        """`<audio …/>`."""
        return f"{open_tag(self, attributes.AUDIO)}/>"


def listed(field: str, items: object, allowed: tuple[type, ...]) -> tuple[Part, ...]:
    """The items as a tuple. Raises ValidationError if they aren't a list, and for an item of the wrong type."""
    if isinstance(items, str | bytes | Part) or not isinstance(items, Iterable):
        raise ValidationError(field, f"must be a list, not a {type(items).__name__}")
    checked = tuple(items)
    for item in checked:
        if not isinstance(item, allowed):
            raise ValidationError(field, f"can't contain a {type(item).__name__}")
    return checked
