"""`winpush send KIND URI …`: sends one notification; the MPNS options come from the protocol's tables."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import click

from winpush import Client, Request, mpns, wns
from winpush.channels import Channel, Service
from winpush.cli.groups import GuessingGroup
from winpush.cli.help import option
from winpush.cli.login import credentials_options, take_login
from winpush.cli.options import client_options, connection_options
from winpush.cli.output import echo_json, request_to_dict, show_request, show_result
from winpush.cli.send.windows import (
    ServiceOption,
    delivery_options,
    make_badge,
    make_clear,
    make_raw,
    make_tile,
    make_toast,
    read_document,
    tile_options,
    toast_options,
    windows_option,
    xml_option,
)
from winpush.client.options import ClientOptions
from winpush.errors import ChannelError, ConfigurationError, ValidationError
from winpush.mpns.fields import CYCLE_IMAGES, TEMPLATES, TILE_FIELDS, TOAST_FIELDS, Kind

__all__ = ["command", "open_client"]

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
_EXAMPLES = {
    "toast": (
        "winpush send toast \"$URI\" 'Storm warning' 'Gusts from 18:00' --launch id=7",
        "winpush send toast \"$URI\" 'Dinner?' --button Yes=answer=yes --ttl 3600",
    ),
    "tile": ("winpush send tile \"$URI\" --text 'Bern' --text '21 °C' --size wide",),
    "badge": ('winpush send badge "$URI" 7', 'winpush send badge "$URI" none'),
    "raw": ('winpush send raw "$URI" \'{"refresh": true}\'', 'winpush send raw "$URI" --file payload.bin'),
    "clear": ('winpush send clear "$URI" --tag storm',),
    "flip-tile": ('winpush send flip-tile "$URI" --title Inbox --count 3 --clear back-title',),
    "iconic-tile": ("winpush send iconic-tile \"$URI\" --count 3 --wide-content1 'Ada: hello'",),
    "cycle-tile": ('winpush send cycle-tile "$URI" --cycle-image a.png --cycle-image b.png',),
}
_BATCHING = {"immediately": 0, "450": 1, "900": 2}
_NO_LOGIN = (
    "WNS requires credentials. For an app registered in Entra: --tenant-id, --client-id and the secret in "
    "WINPUSH_CLIENT_SECRET, or --client-certificate, or --azure-identity. For a UWP or Store app: --package-sid and "
    "the secret.\n"
    "To test credentials, run 'winpush doctor'."
)
_CYCLE_IMAGE = re.compile(r"cycle_image[1-9]")


Maker = Callable[[dict[str, Any]], Any]
"""Makes one service's notification from a command's values."""


@click.group(cls=GuessingGroup, examples=["winpush send toast \"$URI\" 'Storm warning' 'Gusts from 18:00'"])
def command() -> None:
    """Send one notification to one channel. The URI determines the service.

    Options marked [MPNS] or [WNS] only apply to that service. WNS requires credentials: see --tenant-id and
    --package-sid. In the examples, $URI is the channel's URI, and the credentials are in the environment.

    Exit code: 0 accepted, 1 refused or failed, 2 usage error.
    """


def _mpns_option(name: str, *, heading: str = "Message", **attributes: Any) -> Callable[[Any], Any]:
    return option(name, cls=ServiceOption, heading=heading, service=Service.MPNS, **attributes)


def _mpns_delivery_options(function: Any) -> Any:
    options = [
        _mpns_option(
            "--batching",
            heading="Delivery",
            type=click.Choice(list(_BATCHING)),
            default="immediately",
            show_default=True,
            help="Seconds that the service may delay delivery to save the phone's battery.",
        ),
        _mpns_option("--message-id", heading="Delivery", metavar="UUID", help="Id that the answer returns."),
        _mpns_option(
            "--callback-uri",
            heading="Delivery",
            metavar="URL",
            help="URL for MPNS callbacks; needs an authenticated channel.",
        ),
    ]
    for add in reversed(options):
        function = add(function)
    return function


def _finish(function: Any, name: str, help_text: str, services: Collection[Service]) -> None:
    """Adds the options that all kinds share, and registers the command."""
    fields = {parameter.name for parameter in function.__click_params__}
    function = connection_options(function)
    if Service.WNS in services:
        function = credentials_options(function)
    function = option("--json", "as_json", heading="Output", is_flag=True, help="Print the result as JSON.")(function)
    function = option("--dry-run", heading="Output", is_flag=True, help="Print the exact request without sending it.")(
        function
    )
    if Service.WNS in services and name != "clear":
        function = delivery_options(function)
    if Service.MPNS in services:
        function = _mpns_delivery_options(function)
    made = command.command(name, help=help_text, examples=_EXAMPLES[name])(
        click.argument("uri", metavar="URI")(function)
    )
    # List the URI and the kind's own fields first; click would list them last.
    made.params.sort(key=lambda parameter: parameter.name != "uri" and parameter.name not in fields)


def _send(uri: str, makers: dict[Service, Maker], values: dict[str, Any]) -> None:
    """Makes the notification for the channel's service, sends or prints it, and sets the exit code."""
    dry_run, as_json = values.pop("dry_run"), values.pop("as_json")
    options = client_options(values)
    if Service.WNS in makers:
        take_login(values, options)
    try:
        channel = Channel.parse(uri, allow_hosts=options["allow_hosts"])
        service = _choose_service(channel, makers)
        notification = makers[service](values)
        request = _request(channel, notification)
    except ChannelError as error:
        raise click.UsageError(_explain(error, uri)) from None
    except ValidationError as error:
        raise click.UsageError(_explain_value(error)) from None
    if dry_run:
        echo_json(request_to_dict(request)) if as_json else show_request(request)
        return
    if service is Service.WNS and options["wns"] is None:
        raise click.UsageError(_NO_LOGIN)
    with open_client(options, channel) as client:
        result = client.send(uri, notification)
    echo_json(result.to_dict()) if as_json else show_result(result)
    if not result.ok:
        click.get_current_context().exit(1)


def _choose_service(channel: Channel, makers: Collection[Service]) -> Service:
    """The channel's service. Raises click.UsageError if the kind or a given option is for the other service."""
    context = click.get_current_context()
    service = channel.service or next(iter(makers))
    if service not in makers:
        raise click.UsageError(
            f"'{context.info_name}' can't be sent to {service.name}, which this channel belongs to.\n"
            f"Run '{context.parent.command_path if context.parent else 'winpush send'} --help' for the kinds."
        )
    for parameter in context.command.params:
        others = isinstance(parameter, ServiceOption) and parameter.service is not service
        source = context.get_parameter_source(str(parameter.name))
        if others and source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} doesn't apply to {service.name}, which this channel belongs to. Leave it out; "
                f"'{context.command_path} --help' marks the options for {service.name}."
            )
    return service


def _request(channel: Channel, notification: Any) -> Request:
    if notification.service is Service.MPNS:
        return mpns.build_request(channel, notification)
    # A placeholder: the real token is fetched on sending and never printed.
    now = datetime.now(UTC)
    return wns.build_request(channel, notification, wns.Token("<token>", now, now))


def open_client(options: ClientOptions, channel: Channel) -> Client:
    """The client. As in browsers, the environment's proxy isn't used for channels on this machine."""
    if _is_local(channel.origin.dial_host):
        options["proxy_from_environment"] = False
    try:
        return Client(**options)
    except ConfigurationError as error:
        if options["proxy"] is None and str(error).startswith("proxy:"):
            raise click.UsageError(
                f"{error}.\nIt is set in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; override it with --proxy."
            ) from None
        raise


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _explain_value(error: ValidationError) -> str:
    """The library's message, with the option to type instead of the Python to write."""
    context = click.get_current_context()
    option = error.field.replace("_", "-")
    types = [each.type for each in context.command.params if each.name == "clear"]
    clearable = any(isinstance(each, click.Choice) and option in each.choices for each in types)
    advice = f", or use --clear {option} to erase it" if clearable else ""
    problem = str(error).replace(", or pass mpns.CLEAR to erase it", advice)
    return f"{problem}.\nRun '{context.command_path} --help' for the options."


def _explain(error: ChannelError, uri: str) -> str:
    """The library's message, with the option to type instead of the Python to write."""
    problem, separator, _ = error.problem.partition("; to send to your own server")
    if not separator:
        return f"The channel URI {problem}."
    return f"The channel URI {problem}.\nTo send to your own server, add: --allow-host {urlsplit(uri).netloc}"


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


def _mpns_delivery(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "batching": mpns.Batching(_BATCHING[values["batching"]]),
        "message_id": values["message_id"],
        "callback_uri": values["callback_uri"],
    }


def _own_document(kind: Literal["toast", "tile"], values: dict[str, Any], content: Collection[str]) -> mpns.Xml:
    """The user's own document for a phone; other content beside it is a contradiction."""
    context = click.get_current_context()
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        if (
            parameter.name in content
            and source is click.core.ParameterSource.COMMANDLINE
            and context.params[parameter.name]
        ):
            word = parameter.opts[0] if parameter.opts[0].startswith("-") else "a text"
            raise click.UsageError(f"--xml is the complete document, so {word} can't change it. Give only one of them.")
    return mpns.Xml(kind, read_document(values["xml"]), **_mpns_delivery(values))


def _add_toast() -> None:
    def toast(uri: str, text: tuple[str, ...], **values: Any) -> None:
        def make_mpns(values: dict[str, Any]) -> mpns.Notification:
            if values["xml"] is not None:
                return _own_document("toast", values, {"text", "silent", *[field.name for field in TOAST_FIELDS]})
            fields = {field.name: values[field.name] for field in TOAST_FIELDS}
            for name, value in zip(("text1", "text2"), text, strict=False):
                if fields[name] is not None:
                    raise click.UsageError(
                        f"{name} is given twice: as --{name} and as an argument. Give only one of them."
                    )
                fields[name] = value
            if len(text) > 2:
                raise click.UsageError("A phone's toast has at most two texts. Quote each text.")
            return mpns.Toast(**fields, silent=values["silent"], **_mpns_delivery(values))

        _send(uri, {Service.MPNS: make_mpns, Service.WNS: lambda values: make_toast(text, values)}, values)

    function: Any = xml_option(toast_options(toast))
    function = option("--silent", heading="Message", is_flag=True, help="Play no sound.")(function)
    for field in reversed(TOAST_FIELDS):
        both = field.name == "sound"
        add = option if both else _mpns_option
        function = add(f"--{field.name}", heading="Message", help=_HELP[field.name])(function)
    function = click.argument("text", nargs=-1, metavar="[TEXT …]")(function)
    _finish(function, "toast", "Send a toast: a title in bold and up to two texts.", tuple(Service))


def _mpns_tile(notification_type: Any, values: dict[str, Any]) -> Any:
    template = TEMPLATES[notification_type.__name__]
    plain = [field for field in template.fields if not _CYCLE_IMAGE.fullmatch(field)]
    if values.get("xml") is not None:
        return _own_document("tile", values, {*plain, "clear", "id"})
    clear: tuple[str, ...] = values["clear"]
    images = [choice for choice in clear if choice.startswith("cycle-image")]
    others = tuple(choice for choice in clear if choice not in images)
    fields = _cleared(plain, others, {field: values[field] for field in plain})
    if "cycle_image" in values:
        fields["cycle_images"] = _cycle_images(values["cycle_image"], images)
    return notification_type(**fields, id=values["id"], **_mpns_delivery(values))


def _add_tile(notification_type: Any, name: str, help_text: str) -> None:
    template = TEMPLATES[notification_type.__name__]
    plain = [field for field in template.fields if not _CYCLE_IMAGE.fullmatch(field)]
    clearable = [field.replace("_", "-") for field in template.fields if field not in template.not_clearable]
    for_windows = name == "tile"
    makers: dict[Service, Maker] = {Service.MPNS: lambda values: _mpns_tile(notification_type, values)}
    if for_windows:
        makers[Service.WNS] = make_tile

    def tile(uri: str, **values: Any) -> None:
        _send(uri, makers, values)

    function: Any = xml_option(tile_options(tile)) if for_windows else tile
    clear_help = f"Erase this field on the phone: {', '.join(clearable)}. Repeatable."
    choice = click.Choice(clearable)
    function = _mpns_option("--clear", multiple=True, type=choice, metavar="FIELD", help=clear_help)(function)
    id_help = "Navigation URI of a secondary tile. Default: the app's main tile."
    function = _mpns_option("--id", metavar="/PAGE", help=id_help)(function)
    if len(plain) < len(template.fields):
        image_help = f"An image to cycle through. Repeatable, up to {CYCLE_IMAGES}."
        function = _mpns_option("--cycle-image", multiple=True, help=image_help)(function)
    for field in reversed(plain):
        kind: Any = int if TILE_FIELDS[field].kind is Kind.COUNT else str
        add = option if for_windows and field == "title" else _mpns_option
        function = add(f"--{field.replace('_', '-')}", heading="Message", type=kind, help=_HELP[field])(function)
    _finish(function, name, help_text, makers)


def _add_badge() -> None:
    def badge(uri: str, value: str | None, **values: Any) -> None:
        _send(uri, {Service.WNS: lambda values: make_badge(value, values)}, values)

    function: Any = click.argument("value", required=False, metavar="[NUMBER|GLYPH]")(xml_option(badge))
    _finish(function, "badge", "Set a Windows app's badge to a number, or a glyph.", [Service.WNS])


def _add_clear() -> None:
    def clear(uri: str, **values: Any) -> None:
        _send(uri, {Service.WNS: make_clear}, values)

    function: Any = clear
    function = windows_option("--everything", is_flag=True, help="Clear all toasts of the app.")(function)
    function = windows_option("--group", help="Clear the toasts of this group.")(function)
    function = windows_option("--tag", help="Clear the toasts with this tag.")(function)
    _finish(function, "clear", "Remove toasts from the action center of Windows Phone 8.1.", [Service.WNS])


def _add_raw() -> None:
    def raw(uri: str, payload: str | None, file: Path | None, **values: Any) -> None:
        if (payload is None) == (file is None):
            raise click.UsageError("Give either the payload ('-' to read it from standard input) or --file.")
        content: str | bytes = payload or ""
        if file is not None:
            content = file.read_bytes()
        elif payload == "-":
            content = sys.stdin.buffer.read()
        makers: dict[Service, Maker] = {
            Service.MPNS: lambda values: mpns.Raw(content, **_mpns_delivery(values)),
            Service.WNS: lambda values: make_raw(content, values),
        }
        _send(uri, makers, values)

    function: Any = raw
    file_type = click.Path(exists=True, dir_okay=False, path_type=Path)
    function = option("--file", heading="Message", type=file_type, help="Send this file's content.")(function)
    function = click.argument("payload", required=False)(function)
    _finish(function, "raw", "Send any text or bytes to the running app.", tuple(Service))


_add_toast()
_add_tile(mpns.Tile, "tile", "Update a live tile on Windows or Windows Phone 7.")
_add_badge()
_add_raw()
_add_clear()
_add_tile(mpns.FlipTile, "flip-tile", "Update a phone's flip tile (7.8 and later).")
_add_tile(mpns.IconicTile, "iconic-tile", "Update a phone's iconic tile (8.0 and later).")
_add_tile(mpns.CycleTile, "cycle-tile", "Update a phone's cycle tile of images (8.0 and later).")
