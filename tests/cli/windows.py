"""Calling `winpush` in this process with a Windows app's login, which comes from the environment."""

from __future__ import annotations

from click.testing import CliRunner, Result

from winpush.cli import app
from winpush.emulator import Emulator

URI = "https://db5p.notify.windows.com/?token=AwYAAACopaiwYRSECRETSECRET"


def call(*arguments: str, stdin: str | None = None, **environment: str | None) -> Result:
    """Runs one command to its end."""
    return CliRunner().invoke(app.cli, list(arguments), input=stdin, prog_name="winpush", env=environment)


def login(emulator: Emulator, **changes: str | None) -> dict[str, str | None]:
    """The environment variables that lead to the emulator and its token server."""
    given = emulator.entra_credentials
    return {
        "WINPUSH_TENANT_ID": given.tenant_id,
        "WINPUSH_CLIENT_ID": given.client_id,
        "WINPUSH_CLIENT_SECRET": given.client_secret,
        "WINPUSH_TOKEN_SERVER": given.authority,
        "WINPUSH_ALLOW_HOST": " ".join(emulator.authorities),
        **changes,
    }
