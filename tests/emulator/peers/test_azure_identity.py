"""Microsoft's azure-identity against the emulator: secret and certificate, sync and async. It is in the tests' own
environment, since winpush takes its credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.calls import post
from winpush.emulator import Emulator
from winpush.emulator.tokens import CLIENT_ID, CLIENT_SECRET, TENANT_ID

ENTRA_SCOPE = "https://wns.windows.com/.default"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(tls=True, seed=1) as made:
        yield made


@pytest.fixture(scope="module")
def certificate(emulator: Emulator) -> tuple[bytes, bytes]:
    """A certificate that may log in, and its key."""
    return emulator.make_login_certificate()


Login = Callable[[Emulator, dict[str, Any], tuple[bytes, bytes]], str]


def sync_secret(emulator: Emulator, options: dict[str, Any], _: tuple[bytes, bytes]) -> str:
    from azure.identity import ClientSecretCredential

    with ClientSecretCredential(TENANT_ID, CLIENT_ID, CLIENT_SECRET, **options) as credential:
        return credential.get_token(ENTRA_SCOPE).token


def sync_certificate(emulator: Emulator, options: dict[str, Any], certificate: tuple[bytes, bytes]) -> str:
    from azure.identity import CertificateCredential

    made = CertificateCredential(TENANT_ID, CLIENT_ID, certificate_data=b"".join(certificate), **options)
    with made as credential:
        return credential.get_token(ENTRA_SCOPE).token


def sync_certificate_chain(emulator: Emulator, options: dict[str, Any], certificate: tuple[bytes, bytes]) -> str:
    return sync_certificate(emulator, {**options, "send_certificate_chain": True}, certificate)


def async_secret(emulator: Emulator, options: dict[str, Any], _: tuple[bytes, bytes]) -> str:
    from azure.identity.aio import ClientSecretCredential

    async def main() -> str:
        async with ClientSecretCredential(TENANT_ID, CLIENT_ID, CLIENT_SECRET, **options) as credential:
            return (await credential.get_token(ENTRA_SCOPE)).token

    return asyncio.run(main())


def async_certificate(emulator: Emulator, options: dict[str, Any], certificate: tuple[bytes, bytes]) -> str:
    from azure.identity.aio import CertificateCredential

    async def main() -> str:
        made = CertificateCredential(TENANT_ID, CLIENT_ID, certificate_data=b"".join(certificate), **options)
        async with made as credential:
            return (await credential.get_token(ENTRA_SCOPE)).token

    return asyncio.run(main())


@pytest.mark.parametrize(
    "login", [sync_secret, sync_certificate, sync_certificate_chain, async_secret, async_certificate]
)
def test_it_logs_in_as_it_is_and_its_token_is_good(
    login: Login, emulator: Emulator, certificate: tuple[bytes, bytes], tmp_path: Path
) -> None:
    pytest.importorskip("azure.identity", reason="waits for azure-identity, of the group dev")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(emulator.ca_pem)
    emulator.reset()
    options = {
        "authority": f"https://{emulator.authorities[1]}",
        "disable_instance_discovery": True,
        "connection_verify": str(ca),
    }
    token = login(emulator, options, certificate)
    device = emulator.create_windows_channel()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/xml", "X-WNS-Type": "wns/badge"}
    assert post(emulator, device, b'<badge value="1"/>', headers).status == 200
    *_, logged_in, sent = emulator.requests
    assert (logged_in.verdict, sent.verdict) == ("logged-in", "accepted")
    assert not any(record.remarks for record in emulator.requests)
