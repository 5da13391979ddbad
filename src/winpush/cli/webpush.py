"""`winpush webpush keys` and `winpush webpush send`: a site's VAPID keys, and a message to one browser."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from winpush.channels import AllowedHosts
from winpush.cli.groups import GuessingGroup
from winpush.cli.help import option
from winpush.cli.options import client_options, connection_options
from winpush.cli.output import echo_json, show_result
from winpush.cli.send.command import open_client
from winpush.errors import ConfigurationError, ValidationError
from winpush.webpush import Message, Subscription, Urgency

if TYPE_CHECKING:  # it needs cryptography, which is slow to load
    from winpush.webpush import VapidKeys

__all__ = ["command"]

_NO_SUBJECT = "https://example.com/"  # keys are stored without one
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=GuessingGroup, examples=["winpush webpush keys vapid.pem"])
def command() -> None:
    """Push to browsers: Edge, Chrome, Firefox and Safari.

    A page subscribes with the public key of `keys`; what it gets from the browser is what `send` takes.
    """


@command.command(examples=["winpush webpush keys vapid.pem"])
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@option("--json", "as_json", heading="Output", is_flag=True, help="Print the public key as JSON.")
def keys(file: Path, *, as_json: bool) -> None:
    """Make a site's private VAPID key.

    Writes FILE and prints the public key for the page. If FILE exists it is read, in any form in which keys are kept
    (PEM, DER, base64url, JWK), and left alone.
    """
    from winpush.webpush import VapidKeys

    made = not file.exists()
    pair = VapidKeys.generate(_NO_SUBJECT) if made else _read_keys(file, _NO_SUBJECT)
    if made:
        _write_private(file, pair.to_pem())
    if as_json:
        echo_json({"file": str(file), "created": made, "application_server_key": pair.application_server_key})
        return
    if made:
        click.echo(
            f"Wrote the private key to {file}. Keep it secret, and keep it: browsers subscribe for this key only."
        )
    click.echo("The page's applicationServerKey:")
    click.echo(pair.application_server_key)


@command.command(
    examples=[
        "winpush webpush send browser.json 'Now at 9:41' --title Delay \\\n"
        "      --vapid-key vapid.pem --subject mailto:ops@example.com"
    ]
)
@click.argument("subscription", type=click.File("rb"))
@click.argument("text", required=False)
@option(
    "--vapid-key",
    heading="Login",
    type=_FILE,
    envvar="WINPUSH_VAPID_KEY",
    show_envvar=True,
    required=True,
    metavar="FILE",
    help="File with the site's private VAPID key, as 'winpush webpush keys' makes it.",
)
@option(
    "--subject",
    heading="Login",
    envvar="WINPUSH_VAPID_SUBJECT",
    show_envvar=True,
    required=True,
    metavar="URI",
    help="Where push services reach you: mailto:… or https://….",
)
@option("--title", heading="Message", help="Send a notification as JSON: its title. TEXT becomes its body.")
@option(
    "--ttl",
    heading="Delivery",
    type=click.IntRange(0, 30 * 86_400),
    default=28 * 86_400,
    show_default=True,
    metavar="SECONDS",
    help="How long it is kept for a browser that is away; 0: now or never.",
)
@option(
    "--urgency",
    heading="Delivery",
    type=click.Choice([each.value for each in Urgency]),
    help="How soon a device is woken.",
)
@option(
    "--topic",
    heading="Delivery",
    help="Replaces a waiting message with the same topic; up to 32 letters, digits, - and _.",
)
@option("--json", "as_json", heading="Output", is_flag=True, help="Print the result as JSON.")
@connection_options
def send(subscription: Any, text: str | None, **values: Any) -> None:
    """Send one message to a browser.

    SUBSCRIPTION is a file with what JSON.stringify(subscription) gave; - reads it from standard input.
    """
    as_json, subject = values.pop("as_json"), values.pop("subject")
    pair = _read_keys(values.pop("vapid_key"), subject)
    try:
        message = _message(text, values)
        options = client_options(values)
        to = Subscription.of(subscription.read(), allow_hosts=AllowedHosts.of(options["allow_hosts"]))
    except ValidationError as error:
        raise click.UsageError(f"{error}.") from None
    options["webpush"] = pair
    with open_client(options, to.channel) as client:
        result = client.send(to, message)
    echo_json(result.to_dict()) if as_json else show_result(result)
    if not result.ok:
        click.get_current_context().exit(1)


def _message(text: str | None, values: dict[str, Any]) -> Message:
    title, urgency, topic = values.pop("title"), values.pop("urgency"), values.pop("topic")
    ttl = timedelta(seconds=values.pop("ttl"))
    level = None if urgency is None else Urgency(urgency)
    if title is None:
        return Message(text or "", ttl=ttl, urgency=level, topic=topic)
    notification = {"title": title} if text is None else {"title": title, "body": text}
    return Message.json(notification, ttl=ttl, urgency=level, topic=topic)


def _read_keys(file: Path, subject: str) -> VapidKeys:
    from winpush.webpush import VapidKeys

    try:
        return VapidKeys.parse(file.read_bytes(), subject)
    except (ConfigurationError, OSError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise click.UsageError(f"{file}: {words}.") from None


def _write_private(file: Path, text: str) -> None:
    """For its owner alone."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.UsageError(f"{file} can't be written: {error.strerror}.") from None
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(text)
