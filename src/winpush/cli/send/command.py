"""`winpush send KIND URI …`: sends one notification."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import click

from winpush import Client, Request, mpns, wns
from winpush.channels import Channel, Service
from winpush.cli.groups import GuessingGroup
from winpush.cli.help import is_typed, option
from winpush.cli.login import credentials_options, take_login
from winpush.cli.options import client_options, connection_options
from winpush.cli.output import echo_json, in_options, request_to_dict, show_request, show_result
from winpush.cli.send.kinds import KINDS, Kind, KindCommand, check_document, message_options
from winpush.cli.send.windows import ServiceOption, xml_option
from winpush.client.options import ClientOptions
from winpush.errors import ChannelError, ConfigurationError, ValidationError

__all__ = ["command", "explain_value", "open_client"]

_NO_LOGIN = (
    "WNS requires credentials. For an app registered in Entra: --tenant-id, --client-id and the secret in "
    "WINPUSH_CLIENT_SECRET, or --client-certificate, or --azure-identity. For a UWP or Store app: --package-sid and "
    "the secret.\n"
    "To test credentials, run 'winpush doctor'."
)


@click.group(
    cls=GuessingGroup,
    subcommand_metavar="KIND [ARGS]...",
    examples=["winpush send toast \"$URI\" 'Storm warning' 'Gusts from 18:00'"],
)
def command() -> None:
    """Send one notification to one channel. The URI determines the service.

    Options marked [MPNS] or [WNS] only apply to that service. WNS requires credentials: see --tenant-id and
    --package-sid. In the examples, $URI is the channel's URI, and the credentials are in the environment.

    Exit code: 0 accepted, 1 refused or failed, 2 usage error.
    """


def _add(kind: Kind) -> None:
    """Adds the command that sends this kind."""

    def send(uri: str, **values: Any) -> None:
        _send(uri, kind, values)

    function: Any = connection_options(send)
    if Service.WNS in kind.makers:
        function = credentials_options(function)
    function = option("--json", "as_json", heading="Output", is_flag=True, help="Print the result as JSON.")(function)
    dry_run_help = "Print the exact request without sending it."
    function = option("--dry-run", heading="Output", is_flag=True, help=dry_run_help)(function)
    function = xml_option(function) if kind.takes_xml else function
    function = click.argument("uri", metavar="URI")(message_options(kind, function, tag="--tag"))
    examples = [f'winpush send {kind.name} "$URI" {example}' for example in kind.examples]
    made = command.command(kind.name, cls=KindCommand, help=kind.help, examples=examples)(function)
    made.params.sort(key=lambda parameter: parameter.name != "uri")


def _send(uri: str, kind: Kind, values: dict[str, Any]) -> None:
    """Makes the notification for the channel's service, sends or prints it, and sets the exit code."""
    dry_run, as_json = values.pop("dry_run"), values.pop("as_json")
    options = client_options(values)
    if Service.WNS in kind.makers:
        take_login(values, options)
    try:
        channel = Channel.parse(uri, allow_hosts=options["allow_hosts"])
        service = _choose_service(channel, kind.makers)
        if values.get("xml") is not None:
            check_document({"--xml": service}, [service])
        notification = kind.makers[service](values)
        request = _request(channel, notification)
    except ChannelError as error:
        problem = error.problem.removeprefix("is not a channel URI: it ")
        raise click.UsageError(in_options(f"The channel URI {problem}.")) from None
    except ValidationError as error:
        raise click.UsageError(explain_value(error)) from None
    if dry_run:
        echo_json(request_to_dict(request)) if as_json else show_request(request)
        return
    if service is Service.WNS and options["wns"] is None:
        raise click.UsageError(_NO_LOGIN)
    with open_client(options) as client:
        result = client.send(uri, notification)
    echo_json(result.to_dict()) if as_json else show_result(result)
    if not result.ok:
        click.get_current_context().exit(1)


def _choose_service(channel: Channel, makers: Collection[Service]) -> Service:
    """The channel's service. Raises click.UsageError if the kind or a given option is for the other service."""
    context = click.get_current_context()
    service = channel.service or next(iter(makers))
    if service is Service.WEBPUSH:
        raise click.UsageError(
            "This is a browser's Web Push endpoint, which doesn't take app notifications.\n"
            "Send it a message: winpush webpush send FILE TEXT, where FILE contains the browser's subscription."
        )
    if service not in makers:
        raise click.UsageError(
            f"'{context.info_name}' can't be sent to {service.name}, which this channel belongs to.\n"
            f"Run '{context.parent.command_path if context.parent else 'winpush send'} --help' for the kinds."
        )
    for parameter in context.command.params:
        others = isinstance(parameter, ServiceOption) and parameter.service is not service
        if others and is_typed(str(parameter.name), context):
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


def open_client(options: ClientOptions) -> Client:
    """The client. Raises click.UsageError for a proxy that can't work, which says where it is set."""
    try:
        return Client(**options)
    except ConfigurationError as error:
        if options["proxy"] is None and str(error).startswith("proxy:"):
            raise click.UsageError(
                f"{error}.\nIt is set in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; override it with --proxy."
            ) from None
        raise


def explain_value(error: ValidationError) -> str:
    """The library's message, with the option to type instead of the Python to write."""
    context = click.get_current_context()
    option, problem = error.field.replace("_", "-"), str(error)
    if any(f"--{option}" in each.opts for each in context.command.params):
        problem = f"--{option}: {error.problem}"
    types = [each.type for each in context.command.params if each.name == "clear"]
    clearable = any(isinstance(each, click.Choice) and option in each.choices for each in types)
    advice = f", or use --clear {option} to erase it" if clearable else ""
    problem = problem.replace(", or pass mpns.CLEAR to erase it", advice)
    return f"{problem}.\nRun '{context.command_path} --help' for the options."


for _kind in KINDS.values():
    _add(_kind)
