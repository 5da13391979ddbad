"""`winpush broadcast KIND …`: the kinds of `winpush send`, sent durably to the registered channels."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from winpush.channels import Service
from winpush.cli.files import read_bytes
from winpush.cli.groups import GuessingGroup
from winpush.cli.help import is_typed, option, value_name
from winpush.cli.outbox import (
    audience_options,
    create_option,
    describe_nobody,
    has_form,
    most_gone_option,
    open_outbox,
    require_login,
    sending_options,
    take_audience,
    worker_settings,
)
from winpush.cli.output import echo_json
from winpush.cli.progress import describe, follow, progress_to_dict
from winpush.cli.send.browser import browser_options, make_message, make_toast_message
from winpush.cli.send.command import explain_value
from winpush.cli.send.kinds import KINDS, Kind, KindCommand, check_document, has_value, is_for, message_options
from winpush.cli.send.phone import phone_option
from winpush.cli.send.windows import ServiceOption, windows_option
from winpush.cli.times import ZonedTime
from winpush.errors import ValidationError

if TYPE_CHECKING:
    from winpush.delivery import Audience, Content, Outbox, Progress, SendOptions

__all__ = ["command"]

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_TIME = ZonedTime()
_DEFAULT = "toast"
_NEAR = 0.75
"""A word at least this similar to a kind is refused as a typo: a badge sent as a toast would reach everybody."""
_DOCUMENTS = {"--xml": Service.WNS, "--phone-xml": Service.MPNS}
_INTERRUPTED = 130
_STORED_BEFORE = (
    "Broadcast {} was stored before with the same --idempotency-key. It keeps its first content, and nothing was "
    "stored now."
)
_TEXT_FOR = "The text in this language; if repeated, the second text. Repeatable."
_TEMPLATE = "Replace {name} in the texts with each channel's attribute."


class _KindGroup(GuessingGroup):
    """A group whose default command is the toast."""

    def complete(self, args: list[str]) -> list[str]:
        """The arguments, including the kind that is meant. Raises click.UsageError if that isn't clear."""
        if args and (args[0] in self.commands or args[0] in ("-h", "--help")):
            return args
        near = difflib.get_close_matches(args[0].lower(), self.commands, 1, _NEAR) if len(args) > 1 else []
        if near:
            raise click.UsageError(
                f"{args[0]!r} is not a kind. Did you mean: winpush broadcast {near[0]} …?\n"
                f"To send it as a text, write 'winpush broadcast {_DEFAULT} {shlex.quote(args[0])} …'."
            )
        words = [word for word in args if word in self.commands]
        if words:
            raise click.UsageError(
                f"{words[0]!r} is a kind, and kinds come first: 'winpush broadcast {words[0]} …'.\n"
                f"If it is a text or a value, write 'winpush broadcast {_DEFAULT} …'."
            )
        return [_DEFAULT, *args]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the arguments."""
        try:
            args = self.complete(args)
        except click.UsageError:
            if not ctx.resilient_parsing:  # shell completion must not print errors
                raise
        return super().parse_args(ctx, args)


@click.group(
    cls=_KindGroup,
    subcommand_metavar="[KIND] [ARGS]...",
    examples=[
        "winpush broadcast 'Storm warning' 'Gusts from 18:00' --tag news",
        "winpush broadcast tile --text 'Bern' --text '21 °C'",
        "winpush broadcast 'Storm warning' 'Gusts from 18:00' --browsers",
        "winpush broadcast content goal.json",
    ],
)
def command() -> None:
    """Send to all registered channels, or a selection.

    Without a kind, it sends a toast. Options marked [WNS] apply only to Windows, [MPNS] only to phones. If Windows gets
    no notification of its own, the phones' is converted. Browsers get a 'message' or, with --browsers, a toast's texts.

    Stores the broadcast in the outbox and delivers it with a progress bar. A crash loses nothing: the next 'winpush
    worker' or 'winpush broadcast' continues an interrupted broadcast.

    Exit code: 0 delivered or stored, 1 stopped, cancelled, expired or paused, 2 usage error.
    """


def _schedule_options(function: Any) -> Any:
    """Adds the options for a broadcast's audience, schedule, delivery and output."""
    for add in reversed(
        (
            audience_options,
            option("--name", heading="Schedule", help="Name to show in lists."),
            option(
                "--not-before",
                heading="Schedule",
                type=_TIME,
                help="Don't send before this time: 2026-05-01T08:30+02:00, or 2h (in two hours).",
            ),
            option("--expires-at", heading="Schedule", type=_TIME, help="Don't send after this time."),
            option(
                "--idempotency-key",
                heading="Schedule",
                metavar="KEY",
                help="Send only once, even if this command is repeated with the same key.",
            ),
            option("--rate", heading="Schedule", type=int, metavar="N", help="Limit to N sends per second."),
            option(
                "--quiet-hours",
                heading="Schedule",
                metavar="HH:MM-HH:MM",
                help="Wait out these hours in each device's time zone.",
            ),
            option("--store-only", heading="Schedule", is_flag=True, help="Only store it; 'winpush worker' sends it."),
            option(
                "--dry-run",
                heading="Output",
                is_flag=True,
                help="Print the content as JSON, for 'winpush broadcast content', and store nothing.",
            ),
            option("--json", "as_json", heading="Output", is_flag=True, help="Print the final state as JSON."),
            most_gone_option,
            create_option,
            sending_options,
        )
    ):
        function = add(function)
    return function


def _take_options(values: dict[str, Any]) -> SendOptions:
    names = ("name", "not_before", "expires_at", "idempotency_key", "rate")
    taken: Any = {name: values.pop(name) for name in names}
    quiet = values.pop("quiet_hours")
    if quiet is not None:
        from winpush.delivery import QuietHours

        taken["quiet_hours"] = QuietHours.parse(quiet)
    return taken  # type: ignore[no-any-return]  # the command's options have the names of these


def _broadcast(content: Content, values: dict[str, Any]) -> None:
    """Stores the broadcast, delivers it and shows its progress, as far as the options ask for it."""
    only = values["service"]
    if only is not None and not has_form(content, Service(only)):
        raise click.UsageError(f"This has nothing for channels of {only}. Leave out --service {only}.")
    if values["store_only"] and is_typed("most_gone"):
        raise click.UsageError("--store-only sends nothing, so give --most-gone to 'winpush worker', which does.")
    if values.pop("dry_run"):
        click.echo(content.to_json())
        return
    audience, options = take_audience(values), _take_options(values)
    as_json, create, settings = values.pop("as_json"), values.pop("create"), worker_settings(values)
    with open_outbox(values.pop("db"), values, create=create, settings=settings) as outbox:
        if not values["store_only"]:
            require_login(outbox, values, audience, content)
        if next(outbox.channels(audience), None) is None:
            click.echo(f"Warning: {describe_nobody()}", err=True)
        number, is_new = _store(outbox, content, audience, options)
        if not is_new:
            click.echo(_STORED_BEFORE.format(number), err=True)
        if values["store_only"]:
            said = f"Stored broadcast {number}. Run 'winpush worker' to send it."
            if as_json:
                echo_json({"broadcast": number, "stored_before": not is_new})
            elif is_new:
                click.echo(said)
            return
        progress = _deliver(outbox, number, quiet=as_json)
    echo_json(progress_to_dict(progress)) if as_json else click.echo("\n".join(describe(progress)))
    if progress.state.value != "finished":
        click.get_current_context().exit(1)


def _store(outbox: Outbox, content: Content, audience: Audience, options: SendOptions) -> tuple[int, bool]:
    """The broadcast's number, and whether it is new: one with the same idempotency key isn't stored again."""
    if options["idempotency_key"] is None:
        return outbox.broadcast(content, audience, **options), True
    newest = next(outbox.list_broadcasts(), None)
    number = outbox.broadcast(content, audience, **options)
    return number, newest is None or number > newest.id


def _deliver(outbox: Outbox, number: int, *, quiet: bool) -> Progress:
    """Sends the broadcast and shows its progress; returns how it ended. After Ctrl-C, says what happens to it."""
    try:
        outbox.start()
        follow(lambda: outbox.progress(number), quiet=quiet)
        return outbox.progress(number, detailed=True)
    except KeyboardInterrupt:
        click.echo(
            f"Broadcast {number} is stored: 'winpush worker' continues it, 'winpush broadcasts show {number}' "
            f"shows it, and 'winpush broadcasts cancel {number}' drops what isn't sent yet.",
            err=True,
        )
        raise click.exceptions.Exit(_INTERRUPTED) from None


def _add(kind: Kind) -> None:
    """Adds the command that broadcasts this kind."""

    def broadcast(**values: Any) -> None:
        _broadcast(_content(kind, values), values)

    function = _schedule_options(broadcast)
    function = option("--template", heading="Message", is_flag=True, help=_TEMPLATE)(function)
    if kind.name == _DEFAULT:
        help_text = "Also send it to browsers, as JSON: the first text is the title, the others are the body."
        function = option("--browsers", heading="Delivery", is_flag=True, help=help_text)(function)
        text_for = option("--text-for", heading="Message", multiple=True, metavar="LOCALE=TEXT", help=_TEXT_FOR)
        function = text_for(function)
    if kind.takes_xml and Service.MPNS in kind.makers:
        help_text = "XML file for phones, instead of the other options."
        function = phone_option("--phone-xml", type=_FILE, help=help_text)(function)
    if kind.takes_xml:
        help_text = "XML file for Windows ('-' for standard input), instead of the other options."
        function = windows_option("--xml", type=_FILE, help=help_text)(function)
    function = message_options(kind, function, tag="--wns-tag")
    examples = [f"winpush broadcast {kind.name} {example}" for example in kind.examples]
    if kind.name == _DEFAULT:
        examples.append("winpush broadcast toast 'Goal!' --text-for de='Tor!' --for-key ada")
    command.command(kind.name, cls=KindCommand, help=kind.help, examples=examples)(function)


def _content(kind: Kind, values: dict[str, Any]) -> Content:
    """The content that the options describe: a form for each service, and one for each language."""
    from winpush.delivery import Content

    try:
        forms = _forms(kind, values)
        locales = {
            locale: Content(**_forms(kind, {**values, "text": texts, "text1": None, "text2": None}), template=template)
            for template in [values["template"]]
            for locale, texts in _texts_by_locale(values.get("text_for", ())).items()
        }
        return Content(**forms, template=values["template"], locales=locales)
    except ValidationError as error:
        raise click.UsageError(explain_value(error)) from None


def _forms(kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
    """The notification for each service to send to, if any content was given for it."""
    only = values["service"]
    makers = dict(kind.makers)
    if values.get("browsers") or (kind.name == _DEFAULT and only == Service.WEBPUSH.value):
        makers[Service.WEBPUSH] = make_toast_message
    services = [service for service in makers if only in (None, service.value)]
    if not services:
        raise click.UsageError(f"{kind.name!r} can't be sent to {only}.")
    documents = {name: service for name, service in _DOCUMENTS.items() if values.get(value_name(name)) is not None}
    check_document(documents, services)
    asked = [service for service in services if _is_asked_for(service, services, documents)]
    if asked and Service.WEBPUSH in services and Service.WEBPUSH not in asked:
        raise click.UsageError("--browsers needs a text: an XML document is only for Windows or phones.")
    if kind.nothing and not asked:
        raise click.UsageError(f"Nothing to send. {kind.nothing}")
    _check_services(only, asked or services)
    forms = {}
    for service in asked or services:
        name = "phone_xml" if service is Service.MPNS else "xml"
        forms[service.value] = makers[service]({**values, "xml": values.get(name)})
    return forms


def _check_services(only: str | None, services: Collection[Service]) -> None:
    """Raises click.UsageError for an option that does nothing because its service gets no notification of its own."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.opts[0]
        if isinstance(parameter, ServiceOption) and parameter.service not in services and is_typed(str(parameter.name)):
            service = parameter.service.name
            why, to_do = "gets no notification of its own here", f"Leave it out, or add content for {service}."
            if only is not None:
                why, to_do = f"--service {only} leaves out", "Give only one of them."
            raise click.UsageError(f"{name} is for {service}, which {why}. {to_do}")


def _is_asked_for(service: Service, services: Collection[Service], documents: dict[str, Service]) -> bool:
    """Whether any content was given that this service's notification takes."""
    if service in documents.values():
        return True
    context = click.get_current_context()
    given = (param for param in context.command.params if param.name != "text_for" and has_value(context, param))
    return any(service in is_for(param, services) for param in given)


def _texts_by_locale(given: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in given:
        locale, separator, text = each.partition("=")
        if not separator or not locale:
            raise click.UsageError(f"--text-for is {each!r}. Write it as LOCALE=TEXT.")
        found[locale] = (*found.get(locale, ()), text)
    return found


for _kind in KINDS.values():
    _add(_kind)


@command.command(
    "message",
    cls=KindCommand,
    examples=[
        "winpush broadcast message 'Now at 9:41' --title Delay --topic s1",
        "winpush broadcast message '{\"refresh\": true}' --ttl 60",
    ],
)
@click.argument("text", required=False)
@browser_options
@option("--template", heading="Message", is_flag=True, help=_TEMPLATE)
@_schedule_options
def message_(text: str | None, **values: Any) -> None:
    """Send a message to browsers, for their pages' service workers.

    With --title, it is a notification as JSON, otherwise TEXT as it is. Without either, it only wakes the service
    workers.
    """
    from winpush.delivery import Content

    try:
        content = Content(webpush=make_message(text, values), template=values["template"])
    except ValidationError as error:
        raise click.UsageError(explain_value(error)) from None
    _broadcast(content, values)


@command.command(
    "content",
    examples=[
        "winpush broadcast content goal.json --tag news",
        "winpush broadcast toast 'Goal!' --dry-run | winpush broadcast content -",
    ],
)
@click.argument("file", type=_FILE)
@_schedule_options
def content_(file: Path, **values: Any) -> None:
    """Send a content file, for all services and languages.

    The file is the JSON of Content.to_json(), which 'winpush broadcast KIND --dry-run' also prints: a notification for
    each service and language, templates and their defaults. FILE is '-' for standard input.
    """
    from winpush.delivery import Content

    try:
        content = Content.from_json(read_bytes(file).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} is not UTF-8. Save it as UTF-8.") from None
    except ValidationError as error:
        raise click.UsageError(f"{file}: {error}.") from None
    _broadcast(content, values)
