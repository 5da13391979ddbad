"""Rules that involve several parts of a toast (wns.md 9.1 and 9.2). Each ValidationError names the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from winpush.errors import ValidationError
from winpush.wns.schema.actions import Audio, Button, MenuEntry, SelectionInput, SnoozeAndDismiss, TextInput
from winpush.wns.schema.elements import Image, Text

MAX_TEXTS = 3
MAX_INPUTS = 5
MAX_ACTIONS = 5
MAX_TITLE_LINES = 2
MAX_OTHER_LINES = 4
TOAST_PLACEMENTS = (None, "inline", "hero", "appLogoOverride")

_SUBGROUP_HINTS = ("style", "wrap", "align", "min_lines")
LOOPING_SCENARIOS = ("alarm", "incomingCall")
BUTTON_SCENARIOS = ("reminder", "alarm")

Actions = Sequence[Button | MenuEntry] | SnoozeAndDismiss


def own(actions: Actions) -> Sequence[Button | MenuEntry]:
    """The toast's own actions."""
    return actions.menu if isinstance(actions, SnoozeAndDismiss) else actions


def check_content(content: Sequence[Any], scenario: str | None) -> None:
    """Checks the binding's content: something to show, at most three texts, and hints only where they work."""
    texts = [item for item in content if isinstance(item, str) or (isinstance(item, Text) and item.placement is None)]
    if not any(not isinstance(item, str | Text) or _says(item) for item in content):
        raise ValidationError("toast", "is empty; give it at least one text, image, group or progress bar")
    if len(texts) > MAX_TEXTS:
        raise ValidationError(
            "toast.text", f"occurs {len(texts)} times; Windows shows at most {MAX_TEXTS} top-level texts"
        )
    for item in content:
        if isinstance(item, Text):
            _check_text(item, scenario, is_first=item is texts[:1][0] if texts else False)
        elif isinstance(item, Image):
            _check_image(item)


def _says(item: str | Text) -> bool:
    text = item if isinstance(item, str) else item.text if item.placement is None else ""
    return bool(text.strip())


def _check_text(text: Text, scenario: str | None, *, is_first: bool) -> None:
    for name in _SUBGROUP_HINTS:
        if getattr(text, name) is not None:
            raise ValidationError(f"text.{name}", "works only inside a Subgroup; put the text in a Group")
    most = MAX_TITLE_LINES if is_first else MAX_OTHER_LINES
    if text.max_lines is not None and text.max_lines > most:
        where = "a toast's first text" if is_first else "the texts after the first"
        raise ValidationError("text.max_lines", f"is {text.max_lines}; {where} can have at most {most} lines")
    if text.call_center_align is not None and scenario != "incomingCall":
        raise ValidationError("text.call_center_align", 'works only with scenario="incomingCall"')


def _check_image(image: Image) -> None:
    if image.placement not in TOAST_PLACEMENTS:
        raise ValidationError("image.placement", f"is {image.placement!r}, which only tiles have")
    for name in ("align", "remove_margin"):
        if getattr(image, name) is not None:
            raise ValidationError(f"image.{name}", "works only inside a Subgroup; put the image in a Group")


def check_inputs(inputs: Sequence[TextInput | SelectionInput]) -> None:
    """Checks the inputs: at most five, with different ids."""
    ids = [item.id for item in inputs]
    if len(ids) > MAX_INPUTS:
        raise ValidationError("inputs", f"has {len(ids)} entries; Windows shows at most {MAX_INPUTS}")
    if len(set(ids)) < len(ids):
        raise ValidationError("inputs", "contains the same id twice; the app couldn't tell them apart")


def check_actions(actions: Actions, inputs: Sequence[TextInput | SelectionInput], scenario: str | None) -> None:
    """Checks the actions: at most five, each beside an existing input, and the buttons that a scenario needs."""
    if isinstance(actions, SnoozeAndDismiss) and inputs:
        raise ValidationError("inputs", "can't be combined with SnoozeAndDismiss, which has its own")
    listed = own(actions)
    if len(listed) > MAX_ACTIONS:
        raise ValidationError(
            "actions", f"has {len(listed)} entries; Windows shows at most {MAX_ACTIONS}, including menu entries"
        )
    buttons = [action for action in listed if isinstance(action, Button)]
    ids = {item.id for item in inputs}
    for button in buttons:
        if button.input_id is not None and button.input_id not in ids:
            raise ValidationError("action.input_id", f"is {button.input_id!r}, which is not the id of any input")
    # A button beside an input is drawn there, and not in the row of buttons.
    images = {button.image is not None for button in buttons if button.input_id is None}
    if len(images) > 1:
        raise ValidationError("action.image", "is given for some of the buttons; give it for all or for none")
    if scenario in BUTTON_SCENARIOS and not isinstance(actions, SnoozeAndDismiss):
        _check_scenario(scenario, buttons)


def _check_scenario(scenario: str | None, buttons: Sequence[Button]) -> None:
    if not buttons:
        raise ValidationError("scenario", f"is {scenario!r}, which needs at least one Button")
    if scenario == "reminder" and not any(button.activation_type in ("background", "system") for button in buttons):
        raise ValidationError(
            "scenario",
            "is 'reminder', which Windows ignores unless a button works in the background: give one "
            'activation_type="background", or use Button.snooze() and Button.dismiss()',
        )


def check_audio(audio: Audio | None, duration: str | None, scenario: str | None) -> None:
    """Checks the sound: a looping one needs a toast that stays on the screen."""
    if audio is not None and audio.loop and duration is None and scenario not in LOOPING_SCENARIOS:
        raise ValidationError("audio.loop", 'is True, which needs a duration of the toast, such as duration="long"')
