"""Logins by the real azure-identity from the command line: certificates, managed identities, Azure's own tools."""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.cli.windows import URI, call
from tests.emulator.calls import log_in
from tests.emulator.logins import ENTRA, ENTRA_FORM, assertion
from tests.servers import Peer, Server
from winpush.emulator import Emulator
from winpush.emulator.tokens import CLIENT_ID, CLIENT_SECRET, TENANT_ID

pytest.importorskip("azure.identity", reason="waits for azure-identity, of the group dev")

PASSPHRASE = "correct horse"
NO_AZURE = dict.fromkeys(
    [
        *(f"AZURE_{name}" for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "FEDERATED_TOKEN_FILE")),
        *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "AZURE_CLIENT_CERTIFICATE_PATH"),
    ]
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Shared by all tests: its keys take long to make."""
    with Emulator(tls=True, seed=1) as made:
        yield made


@pytest.fixture(scope="module")
def certificate(emulator: Emulator) -> tuple[bytes, bytes]:
    """A certificate that may log in, and its key."""
    return emulator.make_login_certificate()


@pytest.fixture(scope="module")
def ca(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of the authority that the emulator's TLS needs: azure-identity logs in by https alone."""
    file = tmp_path_factory.mktemp("emulator") / "ca.pem"
    file.write_bytes(emulator.ca_pem)
    return str(file)


def entra(emulator: Emulator, ca: str, **changes: str | None) -> dict[str, str | None]:
    """The variables that lead to the emulator's token server, without a login."""
    return {
        **NO_AZURE,
        "WINPUSH_TOKEN_SERVER": f"https://{emulator.authorities[1]}",
        "WINPUSH_ALLOW_HOST": " ".join(emulator.authorities),
        "WINPUSH_CA": ca,
        **changes,
    }


def send(emulator: Emulator, *arguments: str, **variables: str | None) -> Result:
    """A toast to a new device."""
    device = emulator.create_windows_channel()
    done = call("send", "toast", device.uri, "Hello", *arguments, **variables)
    assert (done.exit_code == 0) == bool(device.toasts), done.output
    return done


def pfx_of(certificate: tuple[bytes, bytes], passphrase: str | None) -> bytes:
    key: Any = serialization.load_pem_private_key(certificate[1], None)
    encryption: Any = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    return pkcs12.serialize_key_and_certificates(
        b"login", key, x509.load_pem_x509_certificate(certificate[0]), None, encryption
    )


# --- certificates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pem", "pem in UTF-16", "pfx", "locked pfx"])
def test_a_certificate_logs_in_instead_of_a_secret(
    form: str, emulator: Emulator, certificate: tuple[bytes, bytes], ca: str, tmp_path: Path
) -> None:
    pem = b"".join(certificate)
    contents = {
        "pem": pem,
        "pem in UTF-16": pem.decode().encode("utf-16"),
        "pfx": pfx_of(certificate, None),
        "locked pfx": pfx_of(certificate, PASSPHRASE),
    }
    file = tmp_path / "login"
    file.write_bytes(contents[form])
    changes = {"WINPUSH_CLIENT_CERTIFICATE_PASSPHRASE": f"{PASSPHRASE}\n"} if "locked" in form else {}
    ids = ("--tenant-id", TENANT_ID, "--client-id", CLIENT_ID)
    done = send(emulator, *ids, "--client-certificate", str(file), **entra(emulator, ca, **changes))
    assert done.exit_code == 0, done.output


def test_a_certificate_that_entra_does_not_know_is_refused_in_its_words(
    emulator: Emulator, ca: str, tmp_path: Path
) -> None:
    from winpush.emulator.assertions import make_login_certificate

    file = tmp_path / "login.pem"
    file.write_bytes(b"".join(make_login_certificate("somebody else")))
    ids = ("--tenant-id", TENANT_ID, "--client-id", CLIENT_ID)
    done = send(emulator, *ids, "--client-certificate", str(file), **entra(emulator, ca))
    assert done.exit_code == 1
    assert "credentials-refused" in done.output
    assert "AADSTS700027" in done.output


# --- the kinds ----------------------------------------------------------------------------------------------------

AZURE = {"AZURE_TENANT_ID": TENANT_ID, "AZURE_CLIENT_ID": CLIENT_ID, "AZURE_CLIENT_SECRET": CLIENT_SECRET}


@pytest.mark.parametrize(
    "kind", [["--azure-identity"], ["--azure-identity", "default"], ["--azure-identity=environment"]]
)
def test_the_variables_of_azure_log_in(kind: list[str], emulator: Emulator, ca: str) -> None:
    done = send(emulator, *kind, **entra(emulator, ca, **AZURE))
    assert done.exit_code == 0, done.output
    assert "Warning" not in done.output


def test_the_kind_may_come_from_the_environment(emulator: Emulator, ca: str) -> None:
    assert send(emulator, **entra(emulator, ca, **AZURE, WINPUSH_AZURE_IDENTITY="environment")).exit_code == 0


def test_a_managed_identity_logs_in(emulator: Emulator, ca: str) -> None:
    """As on Azure App Service: its endpoint is an address in the environment."""

    def serve(peer: Peer) -> None:
        token = log_in(emulator, ENTRA, ENTRA_FORM)[1]["access_token"]
        until = int(time.time()) + 3600
        document = {"access_token": token, "expires_on": str(until), "token_type": "Bearer", "resource": "wns"}
        body = json.dumps(document).encode()
        while peer.read_request() is not None:
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            peer.send(head.encode() + body)

    with Server(serve) as server:
        variables = entra(emulator, ca, IDENTITY_ENDPOINT=f"http://{server.authority}/msi/token", IDENTITY_HEADER="x")
        variables["WINPUSH_TOKEN_SERVER"] = None
        done = send(emulator, "--azure-identity", "managed-identity", "--client-id", CLIENT_ID, **variables)
        assert done.exit_code == 0, done.output
        assert b"client_id=" + CLIENT_ID.encode() in server.requests[0]
        assert b"resource=https://wns.windows.com&" in server.requests[0]


def test_a_workload_identity_logs_in(
    emulator: Emulator, certificate: tuple[bytes, bytes], ca: str, tmp_path: Path
) -> None:
    """As on Kubernetes: a file has an assertion that somebody else signed."""
    file = tmp_path / "token"
    audience = f"https://{emulator.authorities[1]}{ENTRA}"
    file.write_text(assertion(emulator, certificate[1], certificate[0], aud=audience))
    variables = entra(emulator, ca, AZURE_FEDERATED_TOKEN_FILE=str(file))
    ids = ("--tenant-id", TENANT_ID, "--client-id", CLIENT_ID)
    done = send(emulator, "--azure-identity", "workload-identity", *ids, **variables)
    assert done.exit_code == 0, done.output


def test_the_azure_cli_logs_in(emulator: Emulator, ca: str, tmp_path: Path) -> None:
    token = log_in(emulator, ENTRA, ENTRA_FORM)[1]["access_token"]
    document = {"accessToken": token, "expires_on": int(time.time()) + 3600, "expiresOn": "2099-01-01 00:00:00.0"}
    az = tmp_path / "az"
    az.write_text(f"#!{sys.executable}\nprint({json.dumps(document)!r})\n")
    az.chmod(0o755)
    variables = entra(emulator, ca, PATH=str(tmp_path), WINPUSH_TOKEN_SERVER=None)
    done = send(emulator, "--azure-identity", "azure-cli", "--tenant-id", TENANT_ID, **variables)
    assert done.exit_code == 0, done.output


def test_the_doctor_says_whose_the_token_is(emulator: Emulator, ca: str) -> None:
    done = call("doctor", "--azure-identity", "environment", **entra(emulator, ca, **AZURE))
    assert done.exit_code == 0, done.output
    assert "a token for EnvironmentCredential, valid until 2" in done.output


# --- what can't work ----------------------------------------------------------------------------------------------


def test_a_login_that_is_not_configured_says_so_in_azures_words() -> None:
    done = call("send", "toast", URI, "Hello", "--azure-identity", "environment", **NO_AZURE)
    assert done.exit_code == 1
    assert "credentials-refused" in done.output
    assert "Environment variables are not fully configured" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--azure-identity", "environment", "--tenant-id", "t"], "environment takes no --tenant-id"),
        (["--azure-identity", "managed-identity", "--tenant-id", "t"], "managed-identity takes no --tenant-id"),
        (["--azure-identity", "azure-cli", "--client-id", "c"], "azure-cli takes no --client-id"),
        (["--azure-identity", "azure-cli", "--token-server", "https://x"], "azure-cli takes no --token-server"),
        (["--azure-identity", "workload-identity"], "'tenant_id'"),
        (["--azure-identity", "nonsense"], "is not one of 'default'"),
        (
            ["--azure-identity", "default", "--package-sid", "ms-app://s-1-15-2-1"],
            "can't be combined with --package-sid",
        ),
        (["--azure-identity", "default", "--token-server", "http://x"], "https"),
        (["--client-certificate", "{file}"], "--client-certificate needs --tenant-id"),
        (["--client-certificate", "{file}", "--package-sid", "ms-app://s-1-15-2-1"], "is for Entra"),
        (["--client-certificate", "{file}", "--tenant-id", "t", "--client-id", "c"], "can't be read. Give PEM"),
        (
            [
                "--client-certificate",
                "{file}",
                "--client-secret-file",
                "{file}",
                "--tenant-id",
                "t",
                "--client-id",
                "c",
            ],
            "Give only one",
        ),
        (["--client-certificate-passphrase", "hidden"], "WINPUSH_CLIENT_CERTIFICATE_PASSPHRASE"),
    ],
)
def test_what_is_used_wrongly_says_the_next_thing_to_type(arguments: list[str], said: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no certificate")
    given = [each.format(file=file) for each in arguments]
    done = call("send", "toast", URI, "Hello", *given, **NO_AZURE)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "hidden" not in done.output


@pytest.mark.parametrize("option", [["--azure-identity", "default"], ["--client-certificate", "{file}"]])
def test_without_the_package_it_says_what_to_install(
    option: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    file = tmp_path / "file"
    file.write_text("any")
    ids = () if "default" in option else ("--tenant-id", "t", "--client-id", "c")
    done = call("doctor", *[each.format(file=file) for each in option], *ids, **NO_AZURE)
    assert done.exit_code == 2
    assert 'pip install "winpush[azure]"' in done.output


# --- the worker ---------------------------------------------------------------------------------------------------


def test_the_worker_logs_in_so_too(emulator: Emulator, ca: str, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    device = emulator.create_windows_channel()
    variables = entra(emulator, ca, **AZURE, WINPUSH_DB=f"sqlite:///{tmp_path}/push.db")
    for command in (
        ["channels", "add", device.uri],
        ["broadcast", "Hello", "--store-only"],
        ["worker", "--until-idle", "--azure-identity", "environment"],
    ):
        done = call(*command, **variables)
        assert done.exit_code == 0, done.output
    assert len(device.toasts) == 1


# --- the route to the token server --------------------------------------------------------------------------------


def test_the_proxy_is_azures_too(emulator: Emulator) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with Server(refuse) as proxy:
        variables = {**entra(emulator, "", **AZURE, WINPUSH_CA=None), "WINPUSH_PROXY": f"http://{proxy.authority}"}
        variables["AZURE_CLIENT_SECRET"] = "never sent"
        done = call("doctor", "--azure-identity", "environment", **variables)
    assert done.exit_code == 1
    assert proxy.requests[0].startswith(f"CONNECT {emulator.authorities[1]} ".encode())


def test_insecure_is_azures_too(emulator: Emulator) -> None:
    variables = entra(emulator, "", **AZURE, WINPUSH_CA=None, WINPUSH_INSECURE="1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # urllib3 says once more what the command has said in red
        done = call("doctor", "--azure-identity", "environment", **variables)
    assert done.exit_code == 0, done.output
