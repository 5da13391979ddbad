"""The login of the commands: secrets from files and variables, in whatever encoding they were saved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.commands import call as run_here
from tests.cli.windows import URI, call, login
from winpush.emulator import Emulator
from winpush.emulator.tokens import CLIENT_SECRET

SAVED = {
    "with a line end": f"{CLIENT_SECRET}\n".encode(),
    "with Windows' line end": f"{CLIENT_SECRET}\r\n".encode(),
    "by cmd's echo": f"{CLIENT_SECRET} \r\n".encode(),
    "with a byte order mark": f"\ufeff{CLIENT_SECRET}\r\n".encode(),
    "by PowerShell 5, in UTF-16": f"\ufeff{CLIENT_SECRET}\r\n".encode("utf-16-le"),
    "in big-endian UTF-16": f"\ufeff{CLIENT_SECRET}".encode("utf-16-be"),
}


@pytest.mark.parametrize("data", SAVED.values(), ids=SAVED)
def test_a_secret_file_is_read_as_windows_tools_save_it(data: bytes, emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(data)
    variables = login(emulator, WINPUSH_CLIENT_SECRET=None, WINPUSH_CLIENT_SECRET_FILE=str(file))
    done = call("send", "toast", emulator.create_windows_channel().uri, "Hello", **variables)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty. Put nothing but the secret in it."),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"s\xe9crettext", "is not UTF-8: byte 2 can't be read; save it as UTF-8."),
        ("sécrettext".encode("utf-16-le"), "save it as UTF-8."),
        (b"\xff\xfe-crettext", "is not UTF-16"),
        (b"scret\ntext", "a line break or control character in the secret"),
        (b"s" * 65_530 + b"crettext", "has more than 65,536 bytes"),
    ],
)
def test_a_secret_file_that_holds_none_is_named_and_not_shown(
    data: bytes, said: str, emulator: Emulator, tmp_path: Path
) -> None:
    file = tmp_path / "the-file"
    file.write_bytes(data)
    variables = login(emulator, WINPUSH_CLIENT_SECRET=None, WINPUSH_CLIENT_SECRET_FILE=str(file))
    done = call("send", "toast", URI, "Hello", **variables)
    assert done.exit_code == 2
    assert "the-file" in done.output
    assert said in done.output
    assert "crettext" not in done.output
    assert len([line for line in done.output.splitlines() if line.startswith("Error: ")]) == 1


def test_a_secret_file_that_may_not_be_read_is_exit_2(emulator: Emulator, tmp_path: Path) -> None:
    done = call("send", "toast", URI, "Hello", **login(emulator, WINPUSH_CLIENT_SECRET_FILE="/proc/self/mem"))
    assert done.exit_code == 2
    assert "--client-secret-file" in done.output


@pytest.mark.parametrize("around", ["\n", "\r", "\r\n", "\ufeff"])
def test_what_a_variable_keeps_of_its_file_is_not_sent(around: str, emulator: Emulator) -> None:
    names = ("WINPUSH_CLIENT_SECRET", "WINPUSH_TENANT_ID", "WINPUSH_CLIENT_ID")
    kept = {name: f"{value}{around}" for name, value in login(emulator).items() if name in names}
    done = call("send", "toast", emulator.create_windows_channel().uri, "Hello", **login(emulator, **kept))
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    "variable",
    [
        "WINPUSH_CLIENT_SECRET",
        "WINPUSH_TENANT_ID",
        "WINPUSH_CLIENT_ID",
        "WINPUSH_PACKAGE_SID",
        "WINPUSH_TOKEN_SERVER",
        "WINPUSH_CLIENT_SECRET_FILE",
        "WINPUSH_PASSPHRASE",
        "WINPUSH_PFX",
        "WINPUSH_CA",
        "WINPUSH_ALLOW_HOST",
        "WINPUSH_TIMEOUT",
    ],
)
def test_a_variable_that_is_not_utf8_is_a_sentence_and_never_a_traceback(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On Linux its bytes become lone surrogates, which nothing can encode."""
    pfx = tmp_path / "push.pfx"
    pfx.write_bytes(b"0")
    usual = {"WINPUSH_CLIENT_ID": "an-id", "WINPUSH_TENANT_ID": "contoso.example", "WINPUSH_CLIENT_SECRET": "usual"}
    if variable == "WINPUSH_PACKAGE_SID":
        usual = {"WINPUSH_CLIENT_SECRET": "usual"}
    if variable == "WINPUSH_PASSPHRASE":
        usual["WINPUSH_PFX"] = str(pfx)
    for name, value in {**usual, variable: os.fsdecode(b"s\xe9crettext")}.items():
        monkeypatch.setenv(name, value)
    done = run_here("send", "toast", URI, "Hello")
    assert done.returncode == 2, done.stderr
    assert "Error: " in done.stderr
    if variable in ("WINPUSH_CLIENT_SECRET", "WINPUSH_PASSPHRASE"):
        assert "crettext" not in done.stderr
        assert variable.removeprefix("WINPUSH_").lower() in done.stderr.lower()


# --- a token for several commands ---------------------------------------------------------------------------------


def token_requests(emulator: Emulator) -> int:
    return [request.kind for request in emulator.requests].count("token")


def test_commands_share_a_token_in_a_file_that_they_are_given(emulator: Emulator, tmp_path: Path) -> None:
    uri, file = emulator.create_windows_channel().uri, tmp_path / "tokens"
    for _ in range(3):
        done = call("send", "toast", uri, "Hello", "--token-file", str(file), **login(emulator))
        assert done.exit_code == 0, done.output
    assert token_requests(emulator) == 1
    assert call("send", "toast", uri, "Hello", **login(emulator, WINPUSH_TOKEN_FILE=str(file))).exit_code == 0
    assert token_requests(emulator) == 1
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_file_each_command_asks(emulator: Emulator) -> None:
    uri = emulator.create_windows_channel().uri
    for _ in range(2):
        assert call("send", "toast", uri, "Hello", **login(emulator)).exit_code == 0
    assert token_requests(emulator) == 2


def test_the_doctor_asks_for_a_token_even_if_one_is_kept(emulator: Emulator, tmp_path: Path) -> None:
    kept = login(emulator, WINPUSH_TOKEN_FILE=str(tmp_path / "tokens"))
    assert call("send", "toast", emulator.create_windows_channel().uri, "Hello", **kept).exit_code == 0
    assert call("doctor", **kept).exit_code == 0
    assert token_requests(emulator) == 2
    assert call("doctor", **{**kept, "WINPUSH_CLIENT_SECRET": "another"}).exit_code == 1


def test_a_token_file_that_others_can_read_is_exit_2(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.touch(mode=0o644)
    done = call("send", "toast", URI, "Hello", "--token-file", str(file), **login(emulator))
    assert done.exit_code == 2
    assert "chmod 600" in done.output
