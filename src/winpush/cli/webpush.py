"""`winpush webpush keys` and `winpush webpush send`: a site's VAPID keys, and a message to one browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from winpush.channels import AllowedHosts
from winpush.cli.files import read_bytes
from winpush.cli.groups import GuessingGroup
from winpush.cli.help import option
from winpush.cli.options import client_options, connection_options
from winpush.cli.output import echo_json, in_options, show_result
from winpush.cli.send.browser import browser_options, make_message
from winpush.cli.send.command import open_client
from winpush.cli.vapid import NO_VAPID, read_keys, take_vapid, vapid_options
from winpush.errors import ValidationError
from winpush.webpush import Subscription

__all__ = ["command"]

_NO_SUBJECT = "https://example.com/"  # keys are stored without one


@click.group(cls=GuessingGroup, examples=["winpush webpush keys vapid.pem"])
def command() -> None:
    """Push to browsers: Edge, Chrome, Firefox and Safari.

    `keys` prints the public key that a page subscribes with; `send` takes the subscription that the browser returns.
    """


@command.command(examples=["winpush webpush keys vapid.pem"])
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@option("--json", "as_json", heading="Output", is_flag=True, help="Print the public key as JSON.")
def keys(file: Path, *, as_json: bool) -> None:
    """Create a site's private VAPID key.

    Writes FILE and prints the public key for the page. If FILE exists, it is only read, in any of the usual formats
    (PEM, DER, base64url, JWK).
    """
    from winpush.webpush import VapidKeys

    made = not file.exists()
    pair = VapidKeys.generate(_NO_SUBJECT) if made else read_keys(file, _NO_SUBJECT)
    if made:
        _write_private(file, pair.to_pem())
    if as_json:
        echo_json({"file": str(file), "created": made, "application_server_key": pair.application_server_key})
        return
    if made:
        click.echo(
            f"Wrote the private key to {file}. Keep it secret, and don't lose it: browsers subscribe for this key only."
        )
    click.echo("The page's applicationServerKey:")
    click.echo(pair.application_server_key)


@command.command(
    examples=[
        "winpush webpush send browser.json 'Now at 9:41' --title Delay \\\n"
        "      --vapid-key vapid.pem --subject mailto:ops@example.com"
    ]
)
@click.argument("subscription", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.argument("text", required=False)
@vapid_options
@browser_options
@option("--json", "as_json", heading="Output", is_flag=True, help="Print the result as JSON.")
@connection_options
def send(subscription: str, text: str | None, **values: Any) -> None:
    """Send one message to a browser.

    SUBSCRIPTION is a file with the output of JSON.stringify(subscription), or - for standard input.
    """
    as_json, pair = values.pop("as_json"), take_vapid(values)
    if pair is None:
        raise click.UsageError(NO_VAPID)
    try:
        message = make_message(text, values)
        options = client_options(values)
        to = Subscription.of(read_bytes(subscription), allow_hosts=AllowedHosts.of(options["allow_hosts"]))
    except ValidationError as error:
        raise click.UsageError(in_options(f"{error}.")) from None
    options["webpush"] = pair
    with open_client(options) as client:
        result = client.send(to, message)
    echo_json(result.to_dict()) if as_json else show_result(result)
    if not result.ok:
        click.get_current_context().exit(1)


def _write_private(file: Path, text: str) -> None:
    """Writes a new file that only its owner can read."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.UsageError(f"{file} can't be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(text)
    except OSError as error:
        file.unlink()  # the next try would take half a key for an existing one
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None
