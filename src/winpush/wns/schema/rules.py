"""Rules that involve several parts of a toast (wns.md 9.1 and 9.2). Each ValidationError names the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from winpush.errors import ValidationError
from winpush.wns.schema.actions import Audio, Button, MenuEntry, SelectionInput, SnoozeAndDismiss, TextInput
from winpush.wns.schema.elements import Image, Text
from winpush.wns.schema.types import is_whole

MAX_TEXTS = 3
MAX_INPUTS = 5
MAX_ACTIONS = 5
MAX_TITLE_LINES = 2
MAX_OTHER_LINES = 4
"""How many lines the second and third text may have together (wns.md 9.1)."""
OWN_PLACES = ("hero", "appLogoOverride")
TOAST_PLACEMENTS = (None, "inline", *OWN_PLACES)

_SUBGROUP_HINTS = ("style", "wrap", "align", "min_lines")
LOOPING_SCENARIOS = ("alarm", "incomingCall")
BUTTON_SCENARIOS = ("reminder", "alarm")

Actions = Sequence[Button | MenuEntry] | SnoozeAndDismiss


def own(actions: Actions) -> Sequence[Button | MenuEntry]:
    """The toast's own actions."""
    return actions.menu if isinstance(actions, SnoozeAndDismiss) else actions


def check_content(content: Sequence[Any], scenario: str | None) -> None:
    """Checks the binding's content: something to show, at most three texts, and hints only where they work."""
    texts = [item for item in content if _rank(item) == _TEXT]
    if not any(_says(text) for text in texts):
        raise ValidationError("toast", 'has no text; without one Windows only shows "New notification"')
    if len(texts) > MAX_TEXTS:
        raise ValidationError(
            "toast.text", f"occurs {len(texts)} times; Windows shows at most {MAX_TEXTS} top-level texts"
        )
    for item in content:
        if isinstance(item, Text):
            _check_text(item, scenario, is_first=item is texts[:1][0] if texts else False)
        elif isinstance(item, Image):
            _check_image(item)


def _says(text: str | Text) -> bool:
    return bool((text if isinstance(text, str) else text.text).strip())


_TEXT, _ATTRIBUTION, _OTHER, _ANYWHERE = range(4)


def _rank(item: object) -> int:
    """Its order on screen: texts, then the attribution, then the rest; logo and hero image have their own places."""
    if isinstance(item, str | Text):
        return _TEXT if isinstance(item, str) or item.placement is None else _ATTRIBUTION
    return _ANYWHERE if isinstance(item, Image) and item.placement in OWN_PLACES else _OTHER


def in_display_order(content: Sequence[Any]) -> tuple[Any, ...]:
    """The content with texts first and the attribution after them, which is how Windows shows it (wns.md 9.4).

    Windows moves a later text to the top, or drops it.
    """
    ranks = [rank for rank in map(_rank, content) if rank != _ANYWHERE]
    return tuple(content) if ranks == sorted(ranks) else tuple(sorted(content, key=_rank))


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
    """Checks the actions: at most five, no unknown input ids, and the buttons that a scenario needs."""
    if isinstance(actions, SnoozeAndDismiss) and inputs:
        raise ValidationError("inputs", "can't be combined with SnoozeAndDismiss, which has its own")
    listed = own(actions)
    if len(listed) > MAX_ACTIONS:
        raise ValidationError(
            "actions", f"has {len(listed)} entries; Windows shows at most {MAX_ACTIONS}, including menu entries"
        )
    buttons = [action for action in listed if isinstance(action, Button)]
    by_id = {item.id: item for item in inputs}
    for button in buttons:
        if button.input_id is not None and button.input_id not in by_id:
            raise ValidationError("action.input_id", f"is {button.input_id!r}, which is not the id of any input")
        if button.input_id is not None and button.arguments == "snooze" and button.activation_type == "system":
            _check_snooze(by_id[button.input_id])
    if scenario in BUTTON_SCENARIOS and not isinstance(actions, SnoozeAndDismiss) and not buttons:
        raise ValidationError("scenario", f"is {scenario!r}, which needs at least one Button")


def _check_snooze(chosen: TextInput | SelectionInput) -> None:
    """A snooze button reads its interval from the ids of a selection input: minutes (wns.md 9.6)."""
    if not isinstance(chosen, SelectionInput):
        raise ValidationError("action.input_id", "of a snooze button must be the id of a SelectionInput")
    for selection in chosen.selections:
        if not is_whole(selection.id):
            raise ValidationError("selection.id", f"is {selection.id!r}; for a snooze button it is a number of minutes")


def check_audio(audio: Audio | None, duration: str | None, scenario: str | None) -> None:
    """Checks the sound: a looping one needs a toast that stays on screen."""
    if audio is not None and audio.loop and duration is None and scenario not in LOOPING_SCENARIOS:
        raise ValidationError("audio.loop", 'is True, which needs a toast with a duration, such as duration="long"')
