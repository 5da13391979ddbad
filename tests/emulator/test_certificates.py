"""The emulator's certificates: accepted by strict verifiers, and refused the way a real server refuses."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import PATIENCE
from winpush import Client, ClientCertificate, Outcome, Tls, mpns
from winpush.emulator import Emulator, Phone

TOAST = mpns.Toast("Bold", "normal")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One with a TLS port."""
    with Emulator(tls=True, seed=1) as made:
        yield made


def strict_context(emulator: Emulator) -> ssl.SSLContext:
    """What `ssl.create_default_context` is since Python 3.13."""
    context = ssl.create_default_context(cadata=emulator.ca_pem.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def test_a_strict_verifier_accepts_the_authority_and_the_server(emulator: Emulator) -> None:
    context = strict_context(emulator)
    with (
        socket.create_connection(("127.0.0.1", emulator.tls_port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        assert secure.version() == "TLSv1.3"


def test_a_strict_server_accepts_the_client_certificates(emulator: Emulator) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509.verification import PolicyBuilder, Store

    certificate, key = emulator.make_client_certificate("push.example")
    leaf = x509.load_pem_x509_certificate(certificate)
    store = Store([x509.load_pem_x509_certificate(emulator.ca_pem)])
    names = PolicyBuilder().store(store).build_client_verifier().verify(leaf, []).subjects
    assert names == [x509.DNSName("push.example")]
    assert load_pem_private_key(key, None).public_key() == leaf.public_key()


def send(emulator: Emulator, phone: Phone, certificate: tuple[bytes, bytes] | None) -> Outcome:
    """The result of a toast that is sent with this certificate."""
    shown = None if certificate is None else ClientCertificate.from_pem(*certificate)
    with Client(allow_hosts=emulator.authorities, tls=Tls(ca=emulator.ca_pem), mpns_certificate=shown) as client:
        return client.send(phone.uri, TOAST).outcome


def test_an_authenticated_channel_accepts_the_emulators_client_certificate(emulator: Emulator) -> None:
    phone = emulator.create_channel(authenticated=True)
    assert send(emulator, phone, emulator.make_client_certificate()) is Outcome.ACCEPTED
    assert send(emulator, phone, None) is Outcome.UNAUTHORIZED


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("kind", "alert"),
    [("expired", "certificate expired|CERTIFICATE_EXPIRED"), ("foreign", "unknown ca|UNKNOWN_CA")],
)
def test_a_client_certificate_that_is_no_good_is_refused_by_a_tls_alert(
    version: ssl.TLSVersion, kind: str, alert: str, emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "client.pem"
    path.write_bytes(b"".join(bad_certificate(emulator, kind)))
    context = strict_context(emulator)
    context.maximum_version = version
    context.load_cert_chain(path)
    with (
        pytest.raises(ssl.SSLError, match=alert),
        socket.create_connection(("127.0.0.1", emulator.tls_port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.recv(1)


@pytest.mark.parametrize("kind", ["expired", "foreign"])
def test_the_client_calls_a_refused_certificate_a_tls_failure(kind: str, emulator: Emulator) -> None:
    phone = emulator.create_channel(authenticated=True)
    assert send(emulator, phone, bad_certificate(emulator, kind)) is Outcome.TLS_FAILED
    assert send(emulator, phone, emulator.make_client_certificate()) is Outcome.ACCEPTED


def bad_certificate(emulator: Emulator, kind: str) -> tuple[bytes, bytes]:
    """A client certificate that the emulator must refuse, and its key."""
    if kind == "expired":
        return emulator.make_client_certificate(expired=True)
    return Emulator(tls=True).make_client_certificate()
