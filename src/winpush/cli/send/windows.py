"""The WNS side of `winpush send` and `winpush doctor`: options and notifications."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast, get_args

import click

from winpush import wns
from winpush.channels import Service
from winpush.cli.files import read_bytes
from winpush.cli.help import Option, needs, option
from winpush.cli.numbers import TTL
from winpush.cli.times import ZonedTime
from winpush.wns.schema.enums import Branding, Duration, Scenario

__all__ = [
    "ServiceOption",
    "check_sound",
    "delivery_options",
    "make_badge",
    "make_clear",
    "make_raw",
    "make_tile",
    "make_toast",
    "tile_options",
    "toast_options",
    "windows_option",
    "xml_option",
]


class ServiceOption(Option):
    """An option that only applies to one service."""

    def __init__(self, *args: Any, service: Service, **attributes: Any) -> None:
        attributes["help"] = f"{attributes.get('help', '')} [{service.name}]"
        super().__init__(*args, **attributes)
        self.service = service


def windows_option(*names: str, heading: str = "Message", **attributes: Any) -> Callable[[Any], Any]:
    """An option that only applies to WNS."""
    return option(*names, cls=ServiceOption, heading=heading, service=Service.WNS, **attributes)


def _decorate(options: Iterable[Callable[[Any], Any]], function: Any) -> Any:
    for add in reversed(list(options)):
        function = add(function)
    return function


def xml_option(function: Any) -> Any:
    """Adds `--xml`: a complete document instead of options."""
    return option(
        "--xml",
        heading="Message",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
        help="Send this XML file ('-' for standard input) instead of building one from the other options.",
    )(function)


def delivery_options(function: Any) -> Any:
    """Adds the WNS delivery options except the tag, whose name differs between commands."""
    made = functools.partial(windows_option, heading="Delivery")
    return _decorate(
        [
            made("--group", help="Group of toasts, used like a tag (Windows Phone)."),
            made("--ttl", type=TTL, metavar="SECONDS", help="Time to live: drop it if it isn't delivered by then."),
            made("--cache/--no-cache", default=None, help="Whether WNS keeps it while the device is offline."),
            made("--suppress-popup", is_flag=True, default=None, help="Add to the action centre without a banner."),
            made("--request-status", is_flag=True, default=None, help="Ask WNS for the device's connection status."),
            made(
                "--priority",
                type=click.Choice([each.name.lower().replace("_", "-") for each in wns.Priority]),
                help="How soon a device in battery saver gets it.",
            ),
            made("--correlation-vector", metavar="MS-CV", help="Your own correlation vector, for support cases."),
        ],
        function,
    )


def _take_delivery(values: dict[str, Any]) -> wns.Options:
    ttl, priority = values["ttl"], values["priority"]
    options: dict[str, Any] = {
        name: values[name]
        for name in ("tag", "group", "cache", "suppress_popup", "request_status", "correlation_vector")
        if values[name] is not None
    }
    if ttl is not None:
        options["ttl"] = timedelta(seconds=ttl)
    if priority is not None:
        options["priority"] = wns.Priority[priority.upper().replace("-", "_")]
    return cast("wns.Options", options)


def toast_options(function: Any) -> Any:
    """Adds the common options of a Windows toast; `--xml` covers the rest."""
    return _decorate(
        [
            windows_option("--attribution", help="Small text at the bottom, for the source: 'via SMS'."),
            windows_option("--launch", help="Argument passed to the app when the toast is clicked."),
            windows_option("--image", multiple=True, metavar="SRC", help="An image. Repeatable."),
            windows_option("--hero", metavar="SRC", help="Large image at the top."),
            windows_option("--logo", metavar="SRC", help="Image to show instead of the app's logo."),
            windows_option("--logo-circle", is_flag=True, help="Crop --logo to a circle."),
            windows_option(
                "--button", multiple=True, metavar="TEXT=ARGUMENTS", help="A button. Repeatable, up to five."
            ),
            windows_option(
                "--input", multiple=True, metavar="ID[=HINT]", help="A text box for a reply. Repeatable, up to five."
            ),
            windows_option("--progress", metavar="VALUE", help="Progress bar: 0.0 to 1.0, or 'indeterminate'."),
            windows_option("--progress-status", default="", help="Text below the progress bar."),
            windows_option("--progress-title", help="Text above the progress bar."),
            windows_option("--header", metavar="ID=TITLE", help="Group toasts under this header in the action centre."),
            windows_option(
                "--scenario",
                type=click.Choice(get_args(Scenario)),
                help="Toast scenario. Most keep it on screen until the user reacts.",
            ),
            windows_option(
                "--duration", type=click.Choice(get_args(Duration)), help="How long the banner stays on screen."
            ),
            windows_option("--timestamp", type=ZonedTime(), help="Time of the event, such as 2026-05-01T08:30+02:00."),
        ],
        function,
    )


def make_toast(values: dict[str, Any]) -> wns.Notification:
    """Makes the toast from the command's values."""
    delivery = _take_delivery(values)
    if values["xml"] is not None:
        return wns.Xml("toast", read_bytes(values["xml"]), **delivery)
    content: list[Any] = list(values["text"])
    if values["attribution"] is not None:
        content.append(wns.Text(values["attribution"], placement="attribution"))
    content += _toast_images(values)
    if values["progress"] is not None:
        content.append(_progress(values))
    else:
        needs("--progress", "--progress-status", "--progress-title")
    return wns.Toast(
        *content,
        launch=values["launch"],
        inputs=[wns.TextInput(identity, placeholder=hint or None) for identity, hint in _inputs(values["input"])],
        actions=[wns.Button(*_split("--button", each, "TEXT=ARGUMENTS")) for each in values["button"]],
        header=_header(values["header"]),
        scenario=cast("Scenario | None", values["scenario"]),
        duration=cast("Duration | None", values["duration"]),
        display_timestamp=cast("datetime | None", values["timestamp"]),
        audio=_audio(values),
        **delivery,
    )


def _inputs(given: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = (each.partition("=") for each in given)
    return [(identity, hint) for identity, _, hint in pairs]


def _toast_images(values: dict[str, Any]) -> list[wns.Image]:
    images = [wns.Image(source) for source in values["image"]]
    if values["hero"] is not None:
        images.append(wns.Image(values["hero"], placement="hero"))
    if values["logo"] is not None:
        crop: Literal["circle"] | None = "circle" if values["logo_circle"] else None
        images.append(wns.Image(values["logo"], placement="appLogoOverride", crop=crop))
    elif values["logo_circle"]:
        raise click.UsageError("--logo-circle needs --logo. Add it.")
    return images


def _progress(values: dict[str, Any]) -> wns.Progress:
    value: float | str = values["progress"]
    if value != "indeterminate" and not str(value).startswith("{"):
        try:
            value = float(value)
        except ValueError:
            raise click.UsageError(f"--progress is {value!r}. Give 0.0 to 1.0, or 'indeterminate'.") from None
    return wns.Progress(value, values["progress_status"], values["progress_title"])


def _header(value: str | None) -> wns.Header | None:
    if value is None:
        return None
    identity, title = _split("--header", value, "ID=TITLE")
    return wns.Header(identity, title, arguments=identity)


def check_sound(values: dict[str, Any]) -> None:
    """Raises click.UsageError for a sound that wouldn't be played."""
    if values["silent"] and values["sound"] is not None:
        raise click.UsageError("--silent and --sound contradict each other. Give only one of them.")


def _audio(values: dict[str, Any]) -> wns.Audio | None:
    check_sound(values)
    if values["silent"]:
        return wns.Audio(silent=True)
    return None if values["sound"] is None else wns.Audio(values["sound"])


def _split(option: str, value: str, form: str) -> tuple[str, str]:
    name, separator, rest = value.partition("=")
    if not separator or not name:
        raise click.UsageError(f"{option} is {value!r}. Write it as {form}.")
    return name, rest


def tile_options(function: Any) -> Any:
    """Adds the common options of a Windows tile; `--xml` covers the rest."""
    return _decorate(
        [
            windows_option("--text", multiple=True, help="A line of text. Repeatable."),
            windows_option("--background", metavar="SRC", help="Background image."),
            windows_option("--peek", metavar="SRC", help="Peek image, which slides in and out."),
            windows_option("--image", multiple=True, metavar="SRC", help="Inline image. Repeatable."),
            windows_option(
                "--size",
                multiple=True,
                type=click.Choice(["small", "medium", "wide", "large"]),
                help="Tile size to update. Repeatable. Default: medium and wide.",
            ),
            windows_option(
                "--branding", type=click.Choice(get_args(Branding)), help="What to show at the bottom of the tile."
            ),
        ],
        function,
    )


def make_tile(values: dict[str, Any]) -> wns.Notification:
    """Makes the tile from the command's values, with the same content for each size."""
    delivery = _take_delivery(values)
    if values["xml"] is not None:
        return wns.Xml("tile", read_bytes(values["xml"]), **delivery)
    content: list[Any] = [wns.Image(source) for source in values["image"]]
    content += [wns.Text(text, wrap=True) for text in values["text"]]
    if values["background"] is not None:
        content.append(wns.Image(values["background"], placement="background"))
    if values["peek"] is not None:
        content.append(wns.Image(values["peek"], placement="peek"))
    if not content and values["title"] is None:
        raise click.UsageError("The tile is empty. Give --text, --title, --image, --background, --peek, or --xml FILE.")
    bindings = [wns.TileBinding(size, *content) for size in values["size"] or ("medium", "wide")]
    branding = cast("Branding | None", values["branding"])
    return wns.Tile(*bindings, branding=branding, display_name=values["title"], **delivery)


def make_badge(values: dict[str, Any]) -> wns.Notification:
    """Makes the badge: a number, or a glyph by name."""
    delivery = _take_delivery(values)
    if values["xml"] is not None:
        return wns.Xml("badge", read_bytes(values["xml"]), **delivery)
    value: str | None = values["value"]
    if value is None:
        raise click.UsageError(
            "The value is missing. Give a number, or a glyph such as 'alert'; 0 or 'none' clears the badge."
        )
    try:
        number = int(value) if value.isascii() and value.isdigit() else None
    except ValueError:  # Python limits the digits that it reads
        problem = f"The badge's number has {len(value):,} digits. Give up to 99: more shows as 99+."
        raise click.UsageError(problem) from None
    return wns.Badge(cast("wns.Glyph", value) if number is None else number, **delivery)


def make_raw(values: dict[str, Any]) -> wns.Notification:
    """Makes the raw notification."""
    return wns.Raw(values["content"], **_take_delivery(values))


def make_clear(values: dict[str, Any]) -> wns.ClearToasts:
    """Makes the request to clear toasts."""
    return wns.ClearToasts(values["group"], values["tag"], values["everything"])
