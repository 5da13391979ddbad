"""`--vapid-key` and `--subject`: a site's keys, for the commands that push to browsers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.help import option
from winpush.errors import ConfigurationError

if TYPE_CHECKING:  # it needs cryptography, which is slow to load
    from winpush.webpush import VapidKeys

__all__ = ["NO_VAPID", "read_keys", "take_vapid", "vapid_options"]

NO_VAPID = (
    "Pushing to browsers requires VAPID keys: give --vapid-key and --subject, or set WINPUSH_VAPID_KEY and "
    "WINPUSH_VAPID_SUBJECT. 'winpush webpush keys' creates a key."
)
"""The error message if they are required and missing."""

_OPTIONS = (
    option(
        "--vapid-key",
        heading="Login",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar="WINPUSH_VAPID_KEY",
        show_envvar=True,
        metavar="FILE",
        help="File with the site's private VAPID key, as 'winpush webpush keys' creates it. [browsers]",
    ),
    option(
        "--subject",
        heading="Login",
        envvar="WINPUSH_VAPID_SUBJECT",
        show_envvar=True,
        metavar="URI",
        help="Where push services reach you: mailto:… or https://…. [browsers]",
    ),
)


def vapid_options(function: Any) -> Any:
    """Adds the VAPID options."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


def take_vapid(values: dict[str, Any]) -> VapidKeys | None:
    """Pops the keys from a command's values; None if neither option was given. Raises click.UsageError for only one."""
    file, subject = values.pop("vapid_key"), values.pop("subject")
    if file is None and subject is None:
        return None
    if file is None:
        raise click.UsageError("--subject needs --vapid-key (WINPUSH_VAPID_KEY). Add it.")
    if subject is None:
        raise click.UsageError("--vapid-key needs --subject (WINPUSH_VAPID_SUBJECT): mailto:… or https://…. Add it.")
    # A variable that was set from a file may keep its byte order mark and line break.
    return read_keys(file, subject.strip("\ufeff \t\r\n"))


def read_keys(file: Path, subject: str) -> VapidKeys:
    """The keys in a file. Raises click.UsageError, which names the file."""
    from winpush.webpush import VapidKeys

    try:
        return VapidKeys.parse(file.read_bytes(), subject)
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}.") from None
    except ConfigurationError as error:
        raise click.UsageError(f"{error}." if str(error).startswith("subject") else f"{file}: {error}.") from None
