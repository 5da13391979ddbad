"""`--apps FILE`: one worker sends for several apps, and a file that can't be used is refused without its secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import run
from winpush.emulator import Device, Emulator

pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")

SECRET = "s3cr3t"
Shell = Callable[..., tuple[int, str]]


@pytest.fixture
def shell(emulator: Emulator, tmp_path: Path) -> Shell:
    variables = {"WINPUSH_DB": f"sqlite:///{tmp_path}/push.db", "WINPUSH_ALLOW_HOST": " ".join(emulator.authorities)}

    def call(*arguments: str, **more: str) -> tuple[int, str]:
        done = run(*arguments, **variables, **more)
        return done.returncode, done.stdout + done.stderr

    return call


@pytest.fixture
def apps(emulator: Emulator, tmp_path: Path) -> Path:
    """A file with two apps of the emulator: one for each kind of login and each place for a secret."""
    entra, package = emulator.entra_credentials_of("desktop"), emulator.package_credentials_of("uwp app")
    (tmp_path / "desktop.secret").write_text(f"{entra.client_secret}\n")
    file = tmp_path / "apps.toml"
    file.write_text(f"""
        [desktop]
        tenant_id = "{entra.tenant_id}"
        client_id = "{entra.client_id}"
        client_secret_file = "desktop.secret"
        token_server = "{entra.authority}"

        ["uwp app"]
        package_sid = "{package.package_sid}"
        client_secret = "{package.client_secret}"
        token_server = "{entra.authority}"
    """)
    return file


def register(shell: Shell, emulator: Emulator, app: str) -> Device:
    device = emulator.create_windows_channel(app=app)
    assert shell("channels", "add", device.uri, "--app", app)[0] == 0
    return device


def test_an_app_that_names_no_token_server_has_that_of_the_command(
    shell: Shell, emulator: Emulator, apps: Path
) -> None:
    lines = apps.read_text().splitlines()
    apps.write_text("\n".join(line for line in lines if "token_server" not in line))
    devices = [register(shell, emulator, app) for app in ("desktop", "uwp app")]
    code, said = shell("broadcast", "Hello", "--apps", str(apps), WINPUSH_TOKEN_SERVER=emulator.url)
    assert (code, [len(device.toasts) for device in devices]) == (0, [1, 1]), said


def test_a_worker_sends_for_each_app_with_its_login(shell: Shell, emulator: Emulator, apps: Path) -> None:
    devices = [register(shell, emulator, app) for app in ("desktop", "uwp app")]
    assert shell("broadcast", "Hello", "--store-only")[0] == 0
    code, said = shell("worker", "--until-idle", "--token-file", str(apps.parent / "tokens"), WINPUSH_APPS=str(apps))
    assert code == 0, said
    assert len(json.loads((apps.parent / "tokens").read_text())) == 2
    assert [len(device.toasts) for device in devices] == [1, 1]


def test_a_broadcast_takes_the_file_and_may_be_for_one_of_the_apps(
    shell: Shell, emulator: Emulator, apps: Path
) -> None:
    devices = [register(shell, emulator, app) for app in ("desktop", "uwp app")]
    code, said = shell("broadcast", "Hello", "--apps", str(apps), "--app", "uwp app", "--json")
    assert code == 0, said
    assert json.loads(said)["outcomes"] == {"accepted": 1}
    assert [len(device.toasts) for device in devices] == [0, 1]


ENTRA = f'tenant_id = "t"\nclient_id = "c"\nclient_secret = "{SECRET}"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "contains no apps"),
        ("[a\n", "can't be read as TOML"),
        (f"a = {'[' * 3000}", "can't be read as TOML"),
        (f'a = "{SECRET}"\n', "'a' must be a table"),
        (f"[a]\nclient_id = 7\nclient_secret = '{SECRET}'", "'a' must be a table of strings"),
        (f"[a]\n{ENTRA}secret = '{SECRET}'\n", "has an unknown field, 'secret'. The fields are tenant_id"),
        (f"[a]\nclient_secret = '{SECRET}'\n", "needs either tenant_id and client_id, or package_sid"),
        (f"[a]\ntenant_id = 't'\nclient_secret = '{SECRET}'\n", "needs either tenant_id and client_id"),
        (f"[a]\n{ENTRA}package_sid = 'ms-app://s-1-15-2-1'\n", "needs either tenant_id and client_id"),
        ("[a]\ntenant_id = 't'\nclient_id = 'c'\n", "needs either client_secret or client_secret_file"),
        (f"[a]\n{ENTRA}client_secret_file = 'x'\n", "needs either client_secret or client_secret_file"),
        ("[a]\ntenant_id = 't'\nclient_id = 'c'\nclient_secret_file = 'nowhere'\n", "can't be read"),
        (f'[a]\npackage_sid = "x"\nclient_secret = "{SECRET}\\n{SECRET}"', "client_secret has a line break"),
        (f"[a]\npackage_sid = 'nonsense'\nclient_secret = '{SECRET}'\n", "ms-app://s-1-15-2-"),
        (f"['{'x' * 65}']\n{ENTRA}", "the name of the app has 65 characters"),
    ],
)
def test_a_file_that_can_not_be_used_is_refused_and_its_secrets_are_not_shown(
    text: str, said: str, shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "apps.toml"
    file.write_text(text)
    code, shown = shell("worker", "--create", "--until-idle", "--apps", str(file))
    assert code == 2
    assert said in " ".join(shown.split())
    assert SECRET not in shown


def test_a_login_beside_the_file_is_a_contradiction(shell: Shell, apps: Path) -> None:
    login = {"WINPUSH_TENANT_ID": "t", "WINPUSH_CLIENT_ID": "c", "WINPUSH_CLIENT_SECRET": SECRET}
    code, shown = shell("worker", "--until-idle", "--apps", str(apps), **login)
    assert code == 2
    assert "so it can't be combined" in shown
