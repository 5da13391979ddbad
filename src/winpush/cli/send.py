"""`winpush send KIND URI …`: one notification to one channel, with options derived from the protocol's own tables."""

from __future__ import annotations

import ipaddress
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from winpush import Client, mpns
from winpush.channels import Channel
from winpush.cli.groups import GuessingGroup
from winpush.cli.options import client_options, connection_options
from winpush.cli.output import echo_json, request_to_dict, show_request, show_result
from winpush.dispatch import ClientOptions
from winpush.errors import ChannelError, ConfigurationError, ValidationError
from winpush.mpns.fields import CYCLE_IMAGES, TEMPLATES, TILE_FIELDS, TOAST_FIELDS, Kind

__all__ = ["command"]

_HELP = {
    "text1": "Title, in bold.",
    "text2": "Text.",
    "param": "Page that a tap opens: /Page.xaml?… or ?….",
    "sound": "Path of a sound inside the app's package.",
    "background_image": "Front image: a URL, or a path inside the app's package.",
    "count": "Number on the tile, 0 to 99; 0 hides it.",
    "title": "Title on the tile.",
    "back_background_image": "Image of the back.",
    "back_title": "Title of the back.",
    "back_content": "Text of the back.",
    "small_background_image": "Image of the small tile.",
    "wide_background_image": "Image of the wide tile.",
    "wide_back_background_image": "Image of the wide tile's back.",
    "wide_back_content": "Text of the wide tile's back.",
    "icon_image": "Icon of the medium and wide tile, white on transparent.",
    "small_icon_image": "Icon of the small tile.",
    "wide_content1": "First row of the wide tile.",
    "wide_content2": "Second row of the wide tile.",
    "wide_content3": "Third row of the wide tile.",
    "background_color": "#AARRGGBB, such as #FF1BA1E2.",
}
_BATCHING = {"immediately": 0, "450": 1, "900": 2}
_CYCLE_IMAGE = re.compile(r"cycle_image[1-9]")


@click.group(cls=GuessingGroup)
def command() -> None:
    """Send one notification to one channel.

    Exit code: 0 accepted, 1 refused or failed, 2 used wrongly.
    """


def _finish(function: Any, name: str, help_text: str) -> None:
    """Adds what all kinds have, and makes it a command."""
    shared = [
        click.option("--batching", type=click.Choice(list(_BATCHING)), default="immediately", show_default=True,
                     help="How many seconds the service may wait, to spare the phone's battery."),
        click.option("--message-id", metavar="UUID", help="Comes back with the answer."),
        click.option("--callback-uri", metavar="URL", help="For authenticated channels."),
        click.option("--dry-run", is_flag=True, help="Print the exact request, and send nothing."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    ]  # fmt: skip
    fields = {parameter.name for parameter in function.__click_params__}
    function = connection_options(function)
    for option in reversed(shared):
        function = option(function)
    made = command.command(name, help=help_text)(click.argument("uri", metavar="URI")(function))
    # The URI and the kind's own fields first; click would put them last.
    made.params.sort(key=lambda parameter: parameter.name != "uri" and parameter.name not in fields)


def _send(uri: str, notification_type: Any, fields: dict[str, Any], values: dict[str, Any]) -> None:
    """Makes the notification, sends or prints it, and ends with the exit code."""
    dry_run, as_json = values.pop("dry_run"), values.pop("as_json")
    options = client_options(values)
    delivery = {
        "batching": mpns.Batching(_BATCHING[values["batching"]]),
        "message_id": values["message_id"],
        "callback_uri": values["callback_uri"],
    }
    try:
        notification = notification_type(**fields, **delivery)
        channel = Channel.parse(uri, allow_hosts=options["allow_hosts"])
        request = mpns.build_request(channel, notification)
    except ChannelError as error:
        raise click.UsageError(_explain(error, uri)) from None
    except ValidationError as error:
        raise click.UsageError(_explain_value(error)) from None
    if dry_run:
        echo_json(request_to_dict(request)) if as_json else show_request(request)
        return
    with _open_client(options, channel) as client:
        result = client.send(uri, notification)
    echo_json(result.to_dict()) if as_json else show_result(result)
    if not result.ok:
        click.get_current_context().exit(1)


def _open_client(options: ClientOptions, channel: Channel) -> Client:
    """The client; as in browsers, what is on this machine is not reached by way of the environment's proxy."""
    if _is_local(channel.origin.dial_host):
        options["proxy_from_environment"] = False
    try:
        return Client(**options)
    except ConfigurationError as error:
        if options["proxy"] is None and str(error).startswith("proxy:"):
            raise click.UsageError(
                f"{error}.\nIt comes from HTTP_PROXY or HTTPS_PROXY; --proxy overrides it."
            ) from None
        raise


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _explain_value(error: ValidationError) -> str:
    """The library's sentence, with what to type here instead of what to write in Python."""
    context = click.get_current_context()
    option = error.field.replace("_", "-")
    types = [each.type for each in context.command.params if each.name == "clear"]
    clearable = any(isinstance(each, click.Choice) and option in each.choices for each in types)
    advice = f", or type --clear {option} to erase it" if clearable else ""
    problem = str(error).replace(", or pass mpns.CLEAR to erase it", advice)
    return f"{problem}.\nType '{context.command_path} --help' for the options."


def _explain(error: ChannelError, uri: str) -> str:
    """The library's sentence, with what to type here instead of what to write in Python."""
    problem, separator, _ = error.problem.partition("; to send to a server of your own")
    if not separator:
        return f"The channel URI {problem}."
    return f"The channel URI {problem}.\nTo send to a server of your own, add: --allow-host {urlsplit(uri).netloc}"


def _cleared(names: list[str], chosen: tuple[str, ...], fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with the cleared ones; one that is set too is a contradiction."""
    for name in chosen:
        attribute = name.replace("-", "_")
        if fields.get(attribute) is not None:
            raise click.UsageError(f"--clear {name} and --{name} contradict each other; give one of them.")
        fields[attribute] = mpns.CLEAR
    return {name: fields.get(name) for name in names}


def _cycle_images(given: tuple[str, ...], cleared: list[str]) -> list[Any] | None:
    """The images by their place: set in the order given, cleared by name, left as they are in between."""
    images: dict[int, Any] = dict(enumerate(given, 1))
    for name in cleared:
        place = int(name[-1])
        if place in images:
            raise click.UsageError(f"--clear {name} and the --cycle-image at its place contradict each other.")
        images[place] = mpns.CLEAR
    return [images.get(place) for place in range(1, max(images) + 1)] if images else None


def _add_toast() -> None:
    def toast(uri: str, text: tuple[str, ...], silent: bool, **values: Any) -> None:
        fields = {field.name: values.pop(field.name) for field in TOAST_FIELDS}
        for name, value in zip(("text1", "text2"), text, strict=False):
            if fields[name] is not None:
                raise click.UsageError(f"{name} is given twice: as --{name}, and by its place.")
            fields[name] = value
        if len(text) > 2:
            raise click.UsageError("A toast has two texts; put each into quotes.")
        _send(uri, mpns.Toast, {**fields, "silent": silent}, values)

    function: Any = toast
    function = click.option("--silent", is_flag=True, help="No sound.")(function)
    for field in reversed(TOAST_FIELDS):
        function = click.option(f"--{field.name}", help=_HELP[field.name])(function)
    function = click.argument("text", nargs=-1, metavar="[TEXT1 [TEXT2]]")(function)
    _finish(function, "toast", "Send a banner: a bold title and a text.")


def _add_tile(notification_type: Any, name: str, help_text: str) -> None:
    template = TEMPLATES[notification_type.__name__]
    plain = [field for field in template.fields if not _CYCLE_IMAGE.fullmatch(field)]
    clearable = [field.replace("_", "-") for field in template.fields if field not in template.not_clearable]
    cycles = len(plain) < len(template.fields)

    def tile(uri: str, id: str | None, clear: tuple[str, ...], **values: Any) -> None:
        images = [choice for choice in clear if choice.startswith("cycle-image")]
        others = tuple(choice for choice in clear if choice not in images)
        fields = _cleared(plain, others, {field: values.pop(field) for field in plain})
        if cycles:
            fields["cycle_images"] = _cycle_images(values.pop("cycle_image"), images)
        _send(uri, notification_type, {**fields, "id": id}, values)

    function: Any = tile
    clear_help = "Erase this field on the phone. Repeatable."
    function = click.option("--clear", multiple=True, type=click.Choice(clearable), help=clear_help)(function)
    id_help = "Navigation URI of a secondary tile; left out: the app's own tile."
    function = click.option("--id", metavar="/PAGE", help=id_help)(function)
    if cycles:
        image_help = f"An image to show in turn, 1 to {CYCLE_IMAGES} of them. Repeatable."
        function = click.option("--cycle-image", multiple=True, help=image_help)(function)
    for field in reversed(plain):
        kind: Any = int if TILE_FIELDS[field].kind is Kind.COUNT else str
        function = click.option(f"--{field.replace('_', '-')}", type=kind, help=_HELP[field])(function)
    _finish(function, name, help_text)


def _add_raw() -> None:
    def raw(uri: str, payload: str | None, file: Path | None, **values: Any) -> None:
        if (payload is None) == (file is None):
            raise click.UsageError("Give the payload, or --file, or '-' to read it from standard input.")
        content: str | bytes = payload or ""
        if file is not None:
            content = file.read_bytes()
        elif payload == "-":
            content = sys.stdin.buffer.read()
        _send(uri, mpns.Raw, {"payload": content}, values)

    function: Any = raw
    file_type = click.Path(exists=True, dir_okay=False, path_type=Path)
    function = click.option("--file", type=file_type, help="Send the content of this file.")(function)
    function = click.argument("payload", required=False)(function)
    _finish(function, "raw", "Send any text or bytes to the running app.")


_add_toast()
_add_tile(mpns.Tile, "tile", "Change a live tile of Windows Phone 7 (front and back).")
_add_tile(mpns.FlipTile, "flip-tile", "Change a tile that turns over (7.8 and later).")
_add_tile(mpns.IconicTile, "iconic-tile", "Change a tile with an icon and a count (8.0 and later).")
_add_tile(mpns.CycleTile, "cycle-tile", "Change a tile that shows images in turn (8.0 and later).")
_add_raw()
