"""The kinds of message that `winpush send` and `winpush broadcast` take: their options, and how to make each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from winpush import mpns
from winpush.channels import Service
from winpush.cli.files import read_bytes
from winpush.cli.help import Command, Option, is_typed, option
from winpush.cli.send.phone import (
    make_phone_raw,
    make_phone_tile,
    make_phone_toast,
    phone_delivery_options,
    phone_tile_options,
    phone_toast_options,
)
from winpush.cli.send.windows import (
    ServiceOption,
    delivery_options,
    make_badge,
    make_clear,
    make_raw,
    make_tile,
    make_toast,
    tile_options,
    toast_options,
    windows_option,
)

__all__ = ["KINDS", "Kind", "KindCommand", "Maker", "check_document", "has_value", "is_for", "message_options"]

Maker = Callable[[dict[str, Any]], Any]
"""Makes one service's notification from a command's values."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message.

    - `fields`: adds the arguments and options for its content.
    - `makers`: the services that take it, and how to make each one's notification.
    - `help`: the help of its commands. `takes_xml`: whether the user can give a complete document instead.
    - `examples`: what to type after the channel, or after the kind of a broadcast.
    - `nothing`: the advice for a user who gave no content.
    """

    name: str
    help: str
    fields: Callable[[Any], Any]
    makers: Mapping[Service, Maker]
    examples: tuple[str, ...]
    takes_xml: bool = False
    nothing: str = ""


def message_options(kind: Kind, function: Any, *, tag: str) -> Any:
    """Adds the options for a message of this kind: content and delivery. `tag` is the name of the tag's option."""
    if Service.WNS in kind.makers:
        if kind.name != "clear":
            function = delivery_options(function)
            tag_help = "Replaces an earlier notification with the same tag. Up to 16 letters and digits."
        else:
            tag_help = "Clear the toasts with this tag."
        heading = "Message" if kind.name == "clear" else "Delivery"
        function = windows_option(tag, "tag", heading=heading, help=tag_help)(function)
    if Service.MPNS in kind.makers:
        function = phone_delivery_options(function)
    return kind.fields(function)


class KindCommand(Command):
    """The command of a kind. If an option belongs only to other kinds, the error names them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the arguments. Raises click.UsageError."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            takers = [f"'{name}'" for name in _takers(ctx, error.option_name)]
            if not takers:
                raise
            others = " and ".join(filter(None, (", ".join(takers[:-1]), takers[-1])))
            raise click.UsageError(
                f"{error.option_name} is an option of {others}; '{self.name}' doesn't take it.\n"
                f"Run '{ctx.command_path} --help' for its options.",
                ctx,
            ) from None


def _takers(ctx: click.Context, name: str) -> list[str]:
    """The other kinds of the same command that have this option."""
    group = None if ctx.parent is None else ctx.parent.command
    others = group.commands if isinstance(group, click.Group) else {}
    return [other for other, command in others.items() if any(name in each.opts for each in command.params)]


def has_value(context: click.Context, parameter: click.Parameter) -> bool:
    """Whether a value for this was typed."""
    name = str(parameter.name)
    return is_typed(name, context) and context.params[name] not in ((), None, False)


def is_for(parameter: click.Parameter, services: Collection[Service]) -> frozenset[Service]:
    """The services whose notification takes this parameter as content; none if it isn't content."""
    if isinstance(parameter, click.Argument):
        return frozenset() if parameter.name == "uri" else frozenset(services)
    if not isinstance(parameter, Option) or parameter.heading != "Message" or parameter.name == "template":
        return frozenset()
    return frozenset({parameter.service} & {*services} if isinstance(parameter, ServiceOption) else services)


def check_document(documents: Mapping[str, Service], services: Collection[Service]) -> None:
    """Raises click.UsageError for content that is given in addition to a complete document for the same service.

    `documents`: the document options that were given, with their services. `services`: the ones to send to.
    """
    context = click.get_current_context()
    complete = frozenset(documents.values())
    for parameter in context.command.params:
        takers = is_for(parameter, services)
        if not takers or not takers <= complete or parameter.opts[0] in documents:
            continue
        if has_value(context, parameter):
            word = parameter.opts[0] if parameter.opts[0].startswith("-") else f"a {parameter.name}"
            given = " and ".join(name for name, service in documents.items() if service in takers)
            raise click.UsageError(
                f"{given} is the complete document, so {word} can't change it. Give only one of them."
            )


def _toast_fields(function: Any) -> Any:
    function = phone_toast_options(toast_options(function))
    return click.argument("text", nargs=-1, metavar="[TEXT …]")(function)


def _tile_fields(notification_type: Any, *, for_windows: bool = False) -> Callable[[Any], Any]:
    def add(function: Any) -> Any:
        function = tile_options(function) if for_windows else function
        return phone_tile_options(notification_type, function, for_windows=for_windows)

    return add


def _badge_fields(function: Any) -> Any:
    return click.argument("value", required=False, metavar="[NUMBER|GLYPH]")(function)


def _raw_fields(function: Any) -> Any:
    file_type = click.Path(exists=True, dir_okay=False, path_type=Path)
    function = option("--file", heading="Message", type=file_type, help="Send this file's content.")(function)
    return click.argument("payload", required=False)(function)


def _clear_fields(function: Any) -> Any:
    function = windows_option("--everything", is_flag=True, help="Clear all toasts of the app.")(function)
    return windows_option("--group", help="Clear the toasts of this group.")(function)


def _with_payload(make: Maker) -> Maker:
    """The maker of a raw notification, whose content is an argument, a file or standard input."""

    def made(values: dict[str, Any]) -> Any:
        payload, file = values["payload"], values["file"]
        if (payload is None) == (file is None):
            raise click.UsageError("Give either the payload ('-' to read it from standard input) or --file.")
        if "content" not in values:  # standard input can be read only once
            values["content"] = payload
            if file is not None or payload == "-":
                values["content"] = read_bytes(file or payload)
        return make(values)

    return made


def _tile_of(notification_type: Any) -> Maker:
    return lambda values: make_phone_tile(notification_type, values)


_MPNS, _WNS = Service.MPNS, Service.WNS
_ALL = (
    Kind(
        "toast",
        "Send a toast: a title in bold and up to two texts.",
        _toast_fields,
        {_MPNS: make_phone_toast, _WNS: make_toast},
        ("'Storm warning' 'Gusts from 18:00' --launch id=7", "'Dinner?' --button Yes=answer=yes --ttl 3600"),
        takes_xml=True,
        nothing="Give one or two texts, or --xml FILE.",
    ),
    Kind(
        "tile",
        "Update a live tile on Windows or Windows Phone 7.",
        _tile_fields(mpns.Tile, for_windows=True),
        {_MPNS: _tile_of(mpns.Tile), _WNS: make_tile},
        ("--text 'Bern' --text '21 °C' --size wide",),
        takes_xml=True,
        nothing="Give --text, --title, --image, --background, --peek, --count, or --xml FILE.",
    ),
    Kind(
        "badge",
        "Set a Windows app's badge to a number, or a glyph.",
        _badge_fields,
        {_WNS: make_badge},
        ("7", "none"),
        takes_xml=True,
    ),
    Kind(
        "raw",
        "Send any text or bytes to the running app.",
        _raw_fields,
        {_MPNS: _with_payload(make_phone_raw), _WNS: _with_payload(make_raw)},
        ("'{\"refresh\": true}'", "--file payload.bin"),
        nothing="Give either the payload ('-' to read it from standard input) or --file.",
    ),
    Kind(
        "clear",
        "Remove toasts from the action centre of Windows Phone 8.1.",
        _clear_fields,
        {_WNS: make_clear},
        ("--everything",),
    ),
    Kind(
        "flip-tile",
        "Update a phone's flip tile (7.8 and later).",
        _tile_fields(mpns.FlipTile),
        {_MPNS: _tile_of(mpns.FlipTile)},
        ("--title Inbox --count 3 --clear back-title",),
    ),
    Kind(
        "iconic-tile",
        "Update a phone's iconic tile (8.0 and later).",
        _tile_fields(mpns.IconicTile),
        {_MPNS: _tile_of(mpns.IconicTile)},
        ("--count 3 --wide-content1 'Ada: hello'",),
    ),
    Kind(
        "cycle-tile",
        "Update a phone's cycle tile of images (8.0 and later).",
        _tile_fields(mpns.CycleTile),
        {_MPNS: _tile_of(mpns.CycleTile)},
        ("--cycle-image a.png --cycle-image b.png",),
    ),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""All kinds, by name."""
