"""The MPNS side of `winpush send` and `winpush broadcast`: options and notifications of Windows Phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from winpush import mpns
from winpush.channels import Service
from winpush.cli.files import read_bytes
from winpush.cli.help import option
from winpush.cli.send.windows import ServiceOption, check_sound
from winpush.mpns.fields import CYCLE_IMAGES, TEMPLATES, TILE_FIELDS, TOAST_FIELDS, Kind

__all__ = [
    "make_phone_raw",
    "make_phone_tile",
    "make_phone_toast",
    "phone_delivery_options",
    "phone_option",
    "phone_tile_options",
    "phone_toast_options",
]

_HELP = {
    "text1": "Title, in bold.",
    "text2": "Text.",
    "param": "Page that a tap opens: /Page.xaml?… or ?….",
    "sound": "Path of a sound in the app package.",
    "background_image": "Front image: a URL, or a path in the app package.",
    "count": "Number on the tile, 0 to 99; 0 hides it.",
    "title": "Title on the tile.",
    "back_background_image": "Image on the back.",
    "back_title": "Title on the back.",
    "back_content": "Text on the back.",
    "small_background_image": "Image on the small tile.",
    "wide_background_image": "Image on the wide tile.",
    "wide_back_background_image": "Image on the wide tile's back.",
    "wide_back_content": "Text on the wide tile's back.",
    "icon_image": "Icon on the medium and wide tile, white on transparent.",
    "small_icon_image": "Icon on the small tile.",
    "wide_content1": "First row on the wide tile.",
    "wide_content2": "Second row on the wide tile.",
    "wide_content3": "Third row on the wide tile.",
    "background_color": "Color as #AARRGGBB, such as #FF1BA1E2.",
}
_BATCHING = {"immediately": 0, "450": 1, "900": 2}
_CYCLE_IMAGE = re.compile(r"cycle_image[1-9]")


def phone_option(*names: str, heading: str = "Message", **attributes: Any) -> Callable[[Any], Any]:
    """An option that only applies to MPNS."""
    return option(*names, cls=ServiceOption, heading=heading, service=Service.MPNS, **attributes)


def phone_delivery_options(function: Any) -> Any:
    """Adds the MPNS delivery options."""
    options = [
        phone_option(
            "--batching",
            heading="Delivery",
            type=click.Choice(list(_BATCHING)),
            default="immediately",
            show_default=True,
            help="Seconds that the service may delay delivery to save the phone's battery.",
        ),
        phone_option("--message-id", heading="Delivery", metavar="UUID", help="Id that the answer returns."),
        phone_option(
            "--callback-uri",
            heading="Delivery",
            metavar="URL",
            help="URL for MPNS callbacks; needs an authenticated channel.",
        ),
    ]
    for add in reversed(options):
        function = add(function)
    return function


def phone_toast_options(function: Any) -> Any:
    """Adds the fields of a phone's toast. --sound and --silent also apply to a Windows toast."""
    function = option("--silent", heading="Message", is_flag=True, help="Play no sound.")(function)
    for field in reversed(TOAST_FIELDS):
        add = option if field.name == "sound" else phone_option
        function = add(f"--{field.name}", heading="Message", help=_HELP[field.name])(function)
    return function


def make_phone_toast(values: dict[str, Any]) -> mpns.Notification:
    """Makes the toast from the command's values."""
    if values.get("xml") is not None:
        return mpns.Xml("toast", read_bytes(values["xml"]), **_delivery(values))
    check_sound(values)
    fields = {field.name: values[field.name] for field in TOAST_FIELDS}
    for name, value in zip(("text1", "text2"), values["text"], strict=False):
        if fields[name] is not None:
            raise click.UsageError(f"{name} is given twice: as --{name} and as an argument. Give only one of them.")
        fields[name] = value
    if len(values["text"]) > 2:
        raise click.UsageError("A phone's toast has at most two texts. Quote each text.")
    return mpns.Toast(**fields, silent=values["silent"], **_delivery(values))


def phone_tile_options(notification_type: Any, function: Any, *, for_windows: bool) -> Any:
    """Adds the fields of a kind of tile. With `for_windows`, --title also applies to the Windows tile."""
    template = TEMPLATES[notification_type.__name__]
    clearable = [field.replace("_", "-") for field in template.fields if field not in template.not_clearable]
    clear_help = f"Erase this field on the phone: {', '.join(clearable)}. Repeatable."
    choice = click.Choice(clearable)
    function = phone_option("--clear", multiple=True, type=choice, metavar="FIELD", help=clear_help)(function)
    id_help = "Navigation URI of a secondary tile. Default: the app's main tile."
    function = phone_option("--id", metavar="/PAGE", help=id_help)(function)
    plain = _plain_fields(notification_type)
    if len(plain) < len(template.fields):
        image_help = f"An image to cycle through. Repeatable, up to {CYCLE_IMAGES}."
        function = phone_option("--cycle-image", multiple=True, help=image_help)(function)
    for field in reversed(plain):
        kind: Any = int if TILE_FIELDS[field].kind is Kind.COUNT else str
        add = option if for_windows and field == "title" else phone_option
        function = add(f"--{field.replace('_', '-')}", heading="Message", type=kind, help=_HELP[field])(function)
    return function


def _plain_fields(notification_type: Any) -> list[str]:
    """The fields of a kind of tile that have an option of their own."""
    return [field for field in TEMPLATES[notification_type.__name__].fields if not _CYCLE_IMAGE.fullmatch(field)]


def make_phone_tile(notification_type: Any, values: dict[str, Any]) -> mpns.Notification:
    """Makes a tile of this kind from the command's values."""
    if values.get("xml") is not None:
        return mpns.Xml("tile", read_bytes(values["xml"]), **_delivery(values))
    plain = _plain_fields(notification_type)
    clear: tuple[str, ...] = values["clear"]
    images = [choice for choice in clear if choice.startswith("cycle-image")]
    others = tuple(choice for choice in clear if choice not in images)
    fields = _cleared(plain, others, {field: values[field] for field in plain})
    if "cycle_image" in values:
        fields["cycle_images"] = _cycle_images(values["cycle_image"], images)
    made: mpns.Notification = notification_type(**fields, id=values["id"], **_delivery(values))
    return made


def make_phone_raw(values: dict[str, Any]) -> mpns.Notification:
    """Makes the raw notification."""
    return mpns.Raw(values["content"], **_delivery(values))


def _cleared(names: list[str], chosen: tuple[str, ...], fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, including cleared ones. Raises click.UsageError for a field both set and cleared."""
    for name in chosen:
        attribute = name.replace("-", "_")
        if fields.get(attribute) is not None:
            raise click.UsageError(f"--clear {name} and --{name} contradict each other. Give only one of them.")
        fields[attribute] = mpns.CLEAR
    return {name: fields.get(name) for name in names}


def _cycle_images(given: tuple[str, ...], cleared: list[str]) -> list[Any] | None:
    """The images by position: set in the given order, cleared by name, unchanged elsewhere."""
    images: dict[int, Any] = dict(enumerate(given, 1))
    for name in cleared:
        place = int(name[-1])
        if place in images:
            raise click.UsageError(
                f"--clear {name} and --cycle-image number {place} contradict each other. Give only one of them."
            )
        images[place] = mpns.CLEAR
    return [images.get(place) for place in range(1, max(images) + 1)] if images else None


def _delivery(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "batching": mpns.Batching(_BATCHING[values["batching"]]),
        "message_id": values["message_id"],
        "callback_uri": values["callback_uri"],
    }
