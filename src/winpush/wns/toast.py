"""Adaptive toasts of Windows 10 and 11 (wns.md 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Unpack

from winpush._xml import attribute, check_text, escape
from winpush.errors import ValidationError
from winpush.wns.notifications import Notification, setters
from winpush.wns.options import Options
from winpush.wns.schema import attributes, rules
from winpush.wns.schema.actions import (
    Audio,
    Button,
    Header,
    MenuEntry,
    SelectionInput,
    SnoozeAndDismiss,
    TextInput,
    check_protocol,
    listed,
)
from winpush.wns.schema.elements import (
    Group,
    Image,
    Progress,
    Text,
    check_attributes,
    check_content,
    open_tag,
    write_content,
)
from winpush.wns.schema.enums import Duration, LaunchActivation, Scenario
from winpush.wns.schema.types import to_milliseconds

__all__ = ["Toast", "ToastContent"]

ToastContent = str | Text | Image | Group | Progress

_put = object.__setattr__


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Toast(Notification):
    """A banner with up to three texts and optional parts, which stays in the action centre.

    `Toast("Hello", "World", launch="id=1")` is a complete toast. Positional arguments are texts (plain strings, or
    `Text` with hints; Windows requires at least one), `Image`s, `Group`s and `Progress` bars. Texts are written first,
    then the attribution, because Windows shows them in that order. Keyword arguments:

    - `launch`: passed to the app when the toast is clicked; a URI with `activation_type="protocol"`, which
      `protocol_target` (a package family name) can direct at one app.
    - `actions`: up to five `Button`s and `MenuEntry`s, or `SnoozeAndDismiss()`; `inputs`: up to five `TextInput`s and
      `SelectionInput`s.
    - `header`, `audio`, `duration` ("short", "long"), `display_timestamp` (an aware datetime, kept to the millisecond:
      Windows refuses more decimals).
    - `scenario`: "reminder" and "alarm" stay on the screen and need a button; "incomingCall"; "urgent".
    - `use_button_style`: set automatically if a button has a style.
    - `people`, `toast_id`: hints for contacts and repeated toasts.
    - `lang`, `base_uri`, `add_image_query`, `version`: for the whole visual part.
    - every delivery option of `wns.Options`.

    Raises ValidationError for anything Windows wouldn't show, naming the field and the rule (section 9).
    """

    content: tuple[ToastContent, ...] = ()
    launch: str | None = None
    activation_type: LaunchActivation | None = None
    protocol_target: str | None = None
    duration: Duration | None = None
    scenario: Scenario | None = None
    display_timestamp: datetime | None = None
    use_button_style: bool | None = None
    toast_id: str | None = None
    people: str | None = None
    header: Header | None = None
    inputs: tuple[TextInput | SelectionInput, ...] = ()
    actions: tuple[Button | MenuEntry, ...] | SnoozeAndDismiss = ()
    audio: Audio | None = None
    lang: str | None = None
    base_uri: str | None = None
    add_image_query: bool | None = None
    version: int | None = None

    push_type = "toast"
    _by_place: ClassVar[str] = "content"

    def __init__(
        self,
        *content: ToastContent,
        launch: str | None = None,
        activation_type: LaunchActivation | None = None,
        protocol_target: str | None = None,
        duration: Duration | None = None,
        scenario: Scenario | None = None,
        display_timestamp: datetime | None = None,
        use_button_style: bool | None = None,
        toast_id: str | None = None,
        people: str | None = None,
        header: Header | None = None,
        inputs: Sequence[TextInput | SelectionInput] = (),
        actions: Sequence[Button | MenuEntry] | SnoozeAndDismiss = (),
        audio: Audio | None = None,
        lang: str | None = None,
        base_uri: str | None = None,
        add_image_query: bool | None = None,
        version: int | None = None,
        **options: Unpack[Options],
    ) -> None:
        content = content or self._take_placed(options)
        rest = (
            activation_type,
            protocol_target,
            duration,
            scenario,
            display_timestamp,
            use_button_style,
            toast_id,
            people,
            header,
            inputs,
            actions,
            audio,
            lang,
            base_uri,
            add_image_query,
            version,
        )
        _put(self, "content", content)
        _put(self, "launch", launch)
        for set_, value in zip(_SETTERS, rest, strict=True):
            set_(self, value)
        text = (_write_simple(content, launch) if rest == _NOTHING else None) or self._check_and_write()
        self._finish(text.encode(), options)

    def _check_and_write(self) -> str:
        self._take_parts()
        check_attributes(self, attributes.TOAST)
        check_attributes(self, attributes.TOAST_VISUAL)
        check_protocol("launch", self.activation_type, self.launch)
        if self.display_timestamp is not None:
            _put(self, "display_timestamp", to_milliseconds(self.display_timestamp))
        rules.check_content(self.content, self.scenario)
        rules.check_inputs(self.inputs)
        rules.check_actions(self.actions, self.inputs, self.scenario)
        rules.check_audio(self.audio, self.duration, self.scenario)
        self._settle_button_style()
        return self._write()

    def _take_parts(self) -> None:
        content = check_content("toast", self.content, (Text, Image, Group, Progress))
        _put(self, "content", rules.in_display_order(content))
        _put(self, "inputs", listed("inputs", self.inputs, (TextInput, SelectionInput)))
        if not isinstance(self.actions, SnoozeAndDismiss):
            _put(self, "actions", listed("actions", self.actions, (Button, MenuEntry)))
        for name, kind in (("header", Header), ("audio", Audio)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise ValidationError(name, f"must be a wns.{kind.__name__}, not a {type(value).__name__}")

    def _has_styled_button(self) -> bool:
        return any(isinstance(action, Button) and action.style for action in rules.own(self.actions))

    def _settle_button_style(self) -> None:
        styled = self._has_styled_button()
        if styled and self.use_button_style is False:
            raise ValidationError("use_button_style", "is False although a button has a style")
        if styled:  # as Microsoft's builder does (wns.md 9.1)
            _put(self, "use_button_style", styled)

    def _arguments(self) -> dict[str, Any]:
        arguments = Notification._arguments(self)
        return arguments | {"use_button_style": None} if self._has_styled_button() else arguments

    def _write(self) -> str:
        parts: list[Any] = [open_tag(self, attributes.TOAST), ">"]
        if self.header is not None:
            parts.append(self.header.to_element())
        parts += [open_tag(self, attributes.TOAST_VISUAL), '><binding template="ToastGeneric">']
        parts += [write_content(self.content), "</binding></visual>", self._write_actions()]
        if self.audio is not None:
            parts.append(self.audio.to_element())
        parts.append("</toast>")
        return "".join(parts)

    def _write_actions(self) -> str:
        system = isinstance(self.actions, SnoozeAndDismiss)
        items = (*self.inputs, *rules.own(self.actions))
        if not items and not system:
            return ""
        opened = '<actions hint-systemCommands="SnoozeAndDismiss">' if system else "<actions>"
        return f"{opened}{''.join([item.to_element() for item in items])}</actions>"


_REST = (
    "activation_type",
    "protocol_target",
    "duration",
    "scenario",
    "display_timestamp",
    "use_button_style",
    "toast_id",
    "people",
    "header",
    "inputs",
    "actions",
    "audio",
    "lang",
    "base_uri",
    "add_image_query",
    "version",
)
_SETTERS = setters(Toast, _REST)
_NOTHING = tuple(() if name in ("inputs", "actions") else None for name in _REST)


def _write_simple(texts: tuple[ToastContent, ...], launch: str | None) -> str | None:
    """A fast path for most toasts: those with only texts and perhaps a launch string.

    Returns None for a toast that has more or breaks a rule, which the full path then reports.
    """
    if len(texts) > rules.MAX_TEXTS or not (launch is None or type(launch) is str):
        return None
    written = ""
    is_blank = True
    for text in texts:
        if type(text) is not str:
            return None
        written += f"<text>{escape(check_text('text', text))}</text>"
        is_blank = is_blank and not text.strip()
    if is_blank:
        return None
    opened = "<toast>" if launch is None else f"<toast{attribute('launch', check_text('launch', launch))}>"
    return f'{opened}<visual><binding template="ToastGeneric">{written}</binding></visual></toast>'
