"""Logins through azure-identity: managed identities, certificates, and Azure's own tools."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click

from winpush._text import to_ascii
from winpush.client.options import ClientOptions
from winpush.client.token_cache import TokenSource

__all__ = ["KINDS", "make_azure_login", "make_certificate_login"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A credential of azure-identity: its class, and its names for our ids, None for an id that it doesn't take."""

    name: str
    client_id: str | None = None
    tenant_id: str | None = None
    uses_network: bool = True
    """False if one of Azure's own programs contacts the token server."""


KINDS: Mapping[str, _Kind] = {
    "default": _Kind("DefaultAzureCredential", "managed_identity_client_id", "workload_identity_tenant_id"),
    "environment": _Kind("EnvironmentCredential"),
    "managed-identity": _Kind("ManagedIdentityCredential", "client_id"),
    "workload-identity": _Kind("WorkloadIdentityCredential", "client_id", "tenant_id"),
    "azure-cli": _Kind("AzureCliCredential", None, "tenant_id", uses_network=False),
    "azure-developer-cli": _Kind("AzureDeveloperCliCredential", None, "tenant_id", uses_network=False),
    "azure-powershell": _Kind("AzurePowerShellCredential", None, "tenant_id", uses_network=False),
}
"""What `--azure-identity` takes."""


def make_azure_login(
    kind: str, tenant_id: str | None, client_id: str | None, server: str | None, connection: ClientOptions
) -> TokenSource:
    """The credential of this kind. Raises click.UsageError for an id that it doesn't take, or one that is missing."""
    chosen = KINDS[kind]
    options: dict[str, Any] = {}
    for option, name, value in (
        ("--tenant-id", chosen.tenant_id, tenant_id),
        ("--client-id", chosen.client_id, client_id),
    ):
        if value is not None and name is None:
            raise click.UsageError(f"--azure-identity {kind} takes no {option}. Leave it out.")
        if value is not None and name is not None:
            options[name] = value
    if chosen.uses_network:
        options |= _network(server, connection)
    elif server is not None:
        raise click.UsageError(f"--azure-identity {kind} takes no --token-server. Leave it out.")
    return _make("--azure-identity", chosen.name, **options)


def make_certificate_login(
    certificate: Path,
    passphrase: str | None,
    tenant_id: str,
    client_id: str,
    server: str | None,
    connection: ClientOptions,
) -> TokenSource:
    """A login by certificate: a PEM file with the key in it, or a PFX. Raises click.UsageError."""
    content = certificate.read_bytes()
    if content[:1] != b"\x30":  # a PFX is binary and starts with this byte
        content = to_ascii(content)
    password = None if passphrase is None else passphrase.rstrip("\r\n")
    options = _network(server, connection)
    try:
        return _make(
            "--client-certificate",
            "CertificateCredential",
            tenant_id=tenant_id,
            client_id=client_id,
            certificate_data=content,
            password=password,
            **options,
        )
    except (ValueError, TypeError, UnicodeError):
        raise click.UsageError(
            f"--client-certificate {str(certificate)!r} can't be read. Give PEM with the certificate and its private "
            "key, or a PFX; set the passphrase, if any, in WINPUSH_CLIENT_CERTIFICATE_PASSPHRASE."
        ) from None


def _network(server: str | None, connection: ClientOptions) -> dict[str, Any]:
    """How azure-identity reaches the token server: the connection options as its keyword arguments."""
    options: dict[str, Any] = {}
    if server is not None:
        # Discovery looks up the authority in a directory that has only Microsoft's own.
        options |= {"authority": server, "disable_instance_discovery": True}
    tls, proxy = connection.get("tls"), connection.get("proxy")
    if tls is not None and not tls.verify:
        options["connection_verify"] = False
    elif tls is not None and tls.ca is not None:
        options["connection_verify"] = str(tls.ca)
    if proxy is not None:
        options["proxies"] = {"http": proxy, "https": proxy}
    return options


def _make(option: str, name: str, **options: Any) -> TokenSource:
    try:
        identity: Any = importlib.import_module("azure.identity")
    except ImportError:
        raise click.UsageError(f'{option} needs azure-identity. Run: pip install "winpush[azure]"') from None
    # The result of the send says what azure-identity would warn about.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    try:
        credential: Any = getattr(identity, name)(**options)
    except ValueError as error:
        if "certificate_data" in options:
            raise
        raise click.UsageError(f"{option}: {error}") from None
    click.get_current_context().call_on_close(credential.close)
    return cast("TokenSource", credential)
