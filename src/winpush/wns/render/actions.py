"""What Windows shows below a toast's texts, and what it plays: inputs, buttons, menu entries and sound (wns.md 9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from winpush._xml import Element
from winpush.wns.render.lint import Inspection
from winpush.wns.schema import attributes
from winpush.wns.schema.actions import MAX_SELECTIONS, is_blank
from winpush.wns.schema.attributes import Attribute, Schema
from winpush.wns.schema.enums import Sound
from winpush.wns.schema.rules import BUTTON_SCENARIOS, LOOPING_SCENARIOS, MAX_ACTIONS, MAX_INPUTS
from winpush.wns.schema.types import Choice, is_registered_sound, is_whole, scheme_of

__all__ = ["check_uri", "show_actions", "show_audio"]

_ACTIONS = Schema("actions", (Attribute("system", "hint-systemCommands", Choice(("SnoozeAndDismiss",))),))

_PLACEMENT = Attribute("placement", "placement", Choice(("contextMenu",)))
_BUTTON = Schema("action", (*attributes.BUTTON.attributes, _PLACEMENT))

Part = tuple[Element, str] | None
"""An element of a toast with its path, or None if absent."""


def check_uri(inspection: Inspection, values: dict[str, Any], name: str, path: str) -> None:
    """Adds a remark if protocol activation has no URI."""
    text = values.get(name)
    if values.get("activation_type") == "protocol" and scheme_of(text or "") is None:
        inspection.remark("not-a-uri", path, repr(text))


def show_actions(inspection: Inspection, toast: dict[str, Any], part: Part) -> dict[str, Any]:
    """The inputs, buttons and menu entries. `toast` holds the root's attributes; an ineffective scenario is removed."""
    picture: dict[str, Any] = {"inputs": [], "buttons": [], "menu": [], "system_commands": False}
    if part is not None:
        actions, path = part
        picture["system_commands"] = "system" in inspection.attributes(actions, _ACTIONS, path)
        for element, place in _within_limits(inspection, actions, path, is_system=picture["system_commands"]):
            if element.name == "input":
                picture["inputs"] += _show_input(inspection, element, place, picture["inputs"])
            else:
                _show_action(inspection, element, place, picture)
        _check_buttons(inspection, toast, picture, path)
    _check_scenario(inspection, toast, picture)
    return picture


def _within_limits(
    inspection: Inspection, actions: Element, path: str, *, is_system: bool
) -> list[tuple[Element, str]]:
    """Inputs, then actions, because an input may come after the button that names it."""
    kept: dict[str, list[tuple[Element, str]]] = {"input": [], "action": []}
    for child, place in inspection.children(actions, path, known=("input", "action")):
        most, rule = (MAX_INPUTS, "too-many-inputs") if child.name == "input" else (MAX_ACTIONS, "too-many-actions")
        if is_system and not _is_menu(child):
            inspection.remark("system-commands", place)
        elif len(kept[child.name]) == most:
            inspection.remark(rule, place)
        else:
            kept[child.name].append((child, place))
    return kept["input"] + kept["action"]


def _is_menu(action: Element) -> bool:
    return action.name == "action" and action.attributes.get("placement", "").lower() == "contextmenu"


def _show_input(
    inspection: Inspection, element: Element, path: str, before: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    kind = element.attributes.get("type")
    if kind is None:
        inspection.remark("missing-attribute", path, "type")
        return []
    if kind not in ("text", "selection"):
        inspection.remark("bad-value", f"{path}@type", f"is {kind[:20]!r}; it must be text or selection")
        return []
    table = attributes.TEXT_INPUT if kind == "text" else attributes.SELECTION_INPUT
    values = inspection.attributes(element, table, path)
    if not inspection.requires(values, element, table, path):
        return []
    if values["id"] in [item["id"] for item in before]:
        inspection.remark("same-id", f"{path}@id", values["id"])
    if kind == "text":
        inspection.nothing_inside(element, path)
        return [{"type": kind, **values}]
    selections = _show_selections(inspection, element, path)
    if "default" in values and values["default"] not in [item["id"] for item in selections]:
        inspection.remark("no-such-selection", f"{path}@defaultInput", values.pop("default"))
    return [{"type": kind, **values, "selections": selections}]


def _show_selections(inspection: Inspection, element: Element, path: str) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for child, place in inspection.children(element, path, known=("selection",)):
        values = inspection.attributes(child, attributes.SELECTION, place)
        if len(shown) == MAX_SELECTIONS:
            inspection.remark("too-many-selections", place)
        elif inspection.requires(values, child, attributes.SELECTION, place):
            if values["id"] in [item["id"] for item in shown]:
                inspection.remark("same-selection", f"{place}@id", values["id"])
            shown.append(values)
    return shown


def _show_action(inspection: Inspection, element: Element, path: str, picture: dict[str, Any]) -> None:
    table = attributes.MENU_ENTRY if _is_menu(element) else _BUTTON
    values = inspection.attributes(element, table, path)
    if not inspection.requires(values, element, table, path):
        return
    check_uri(inspection, values, "arguments", f"{path}@arguments")
    if values.get("activation_type") != "system":
        if is_blank(values["content"], values.get("image"), values.get("tool_tip")):
            inspection.remark("blank-action", f"{path}@content", "menu entry" if _is_menu(element) else "button")
    elif values["arguments"] not in ("snooze", "dismiss"):
        inspection.remark("system-argument", f"{path}@arguments", values["arguments"])
    if "input_id" in values and values["input_id"] not in [item["id"] for item in picture["inputs"]]:
        inspection.remark("no-such-input", f"{path}@hint-inputId", values.pop("input_id"))
    if values.get("activation_type") == "system" and values["arguments"] == "snooze" and "input_id" in values:
        _check_snooze(inspection, values["input_id"], path, picture)
    for name, wire in (("style", "hint-buttonStyle"), ("tool_tip", "hint-toolTip")):
        if name in values:
            inspection.remark("windows-11", f"{path}@{wire}")
    picture["menu" if _is_menu(element) else "buttons"].append(values)


def _check_snooze(inspection: Inspection, input_id: str, path: str, picture: dict[str, Any]) -> None:
    """A snooze button reads its interval from the ids of a selection input: minutes (wns.md 9.6)."""
    chosen = next(item for item in picture["inputs"] if item["id"] == input_id)
    if chosen["type"] != "selection":
        inspection.remark("snooze-minutes", f"{path}@hint-inputId", f"{input_id!r} is a text input")
        return
    for selection in chosen["selections"]:
        if not is_whole(selection["id"]):
            inspection.remark("snooze-minutes", f"{path}@hint-inputId", f"{selection['id']!r} is not a whole number")


def _check_buttons(inspection: Inspection, toast: dict[str, Any], picture: dict[str, Any], path: str) -> None:
    buttons: list[dict[str, Any]] = picture["buttons"]
    # A button next to an input is drawn there, not in the row of buttons.
    if len({"image" in button for button in buttons if "input_id" not in button}) > 1:
        inspection.remark("images-on-some", path)
    if any("style" in button for button in buttons) and not toast.get("use_button_style"):
        inspection.remark("style-off", path)
        for button in buttons:
            button.pop("style", None)


def _check_scenario(inspection: Inspection, toast: dict[str, Any], picture: dict[str, Any]) -> None:
    """A reminder or an alarm without a button is an ordinary toast (wns.md 9.1)."""
    if toast.get("scenario") in BUTTON_SCENARIOS and not (picture["system_commands"] or picture["buttons"]):
        inspection.remark("scenario-button", "toast@scenario", toast.pop("scenario"))


def show_audio(inspection: Inspection, toast: dict[str, Any], part: Part) -> dict[str, Any]:
    """What plays: the sound, whether it loops, and whether it is silent. `toast` holds the root's attributes."""
    looping = toast.get("scenario") in LOOPING_SCENARIOS
    heard: dict[str, Any] = {"src": None, "loop": looping, "silent": False}
    if part is None:
        return heard
    element, path = part
    values = inspection.attributes(element, attributes.AUDIO, path)
    inspection.nothing_inside(element, path)
    if not element.attributes:
        inspection.remark("no-effect", path, "An empty <audio>")
    if values.get("silent"):
        for name in ("src", "loop"):
            if values.pop(name, None):
                inspection.remark("silent-sound", f"{path}@{name}", name)
        return {**heard, **values}
    if values.get("loop"):
        if "duration" not in toast and not looping:
            inspection.remark("loop-duration", f"{path}@loop")
            del values["loop"]
        elif isinstance(values.get("src"), Sound) and not values["src"].loops:
            inspection.remark("loop-sound", f"{path}@loop")
    return {**heard, **values, "src": _heard_source(inspection, element, values, f"{path}@src")}


def _heard_source(inspection: Inspection, element: Element, values: dict[str, Any], path: str) -> str | None:
    """The sound that plays. An unknown one falls back to Windows's default (wns.md 9.2)."""
    fallback = Sound.CALL if values.get("loop") else Sound.DEFAULT
    source = values.get("src")
    if source is None:
        return str(fallback) if "src" in element.attributes else None
    if is_registered_sound(str(source)):
        inspection.remark("registered-sound", path, fallback.rpartition("Notification.")[2])
    elif scheme_of(str(source)) == "ms-appdata":
        inspection.remark("appdata-sound", path)
    return str(source)
