"""A certificate authority for one run of the emulator: it issues the certificates of the server and the clients.

The certificates follow RFC 5280 (key usage, basic constraints, key identifiers): Python verifies them strictly since
3.13, and refuses an authority whose certificate doesn't say what its key is for.
"""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from winpush.emulator.handshake import TellingHandshake
from winpush.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["Authority"]

_LIFE = timedelta(days=30)
_NAME = "winpush emulator CA"


@dataclass(frozen=True, slots=True)
class Authority:
    """Created for each run; its key is never stored."""

    host: str
    ca_pem: bytes
    _certificate: x509.Certificate = field(repr=False)
    _key: Any = field(repr=False)

    @classmethod
    def make(cls, host: str) -> Self:
        """Creates an authority. Raises ConfigurationError when `cryptography` is missing."""
        try:
            from cryptography.hazmat.primitives.asymmetric import ec
        except ImportError:
            raise ConfigurationError(
                'TLS in the emulator needs cryptography; pip install "winpush[emulator]"'
            ) from None
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _sign(_builder(_NAME, key.public_key(), _NAME, _LIFE), _authority_extensions(), key)
        return cls(host, _pem(certificate), certificate, key)

    def issue_client(self, name: str, *, expired: bool = False) -> tuple[bytes, bytes]:
        """A client certificate with this common name, and its key, both PEM. `expired`: it is no longer valid."""
        from cryptography.x509.oid import ExtendedKeyUsageOID

        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, -timedelta(minutes=1) if expired else _LIFE)

    def server_context(self) -> ssl.SSLContext:
        """For the TLS port: requests a client certificate and accepts only those of this authority."""
        from cryptography.x509.oid import ExtendedKeyUsageOID

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self._issue(self.host, ExtendedKeyUsageOID.SERVER_AUTH, _LIFE)
        with tempfile.TemporaryDirectory(prefix="winpush-") as folder:
            path = Path(folder) / "pem"
            path.touch(mode=0o600)
            path.write_bytes(certificate + key)
            context.load_cert_chain(path)
        context.load_verify_locations(cadata=self.ca_pem.decode("ascii"))
        # Optional, so that a client without a certificate gets the service's 401 instead of a failed handshake.
        context.verify_mode = ssl.CERT_OPTIONAL
        context.sslobject_class = TellingHandshake
        return context

    def _issue(self, name: str, purpose: x509.ObjectIdentifier, life: timedelta) -> tuple[bytes, bytes]:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, key.public_key(), _NAME, life)
        certificate = _sign(builder, _leaf_extensions(name, purpose, self._certificate), self._key)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return _pem(certificate), private


def _builder(name: str, public_key: Any, issuer_name: str, life: timedelta) -> x509.CertificateBuilder:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer_name))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _authority_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    from cryptography import x509

    return [(x509.BasicConstraints(ca=True, path_length=0), True), (_key_usage(signs_certificates=True), True)]


def _leaf_extensions(
    name: str, purpose: x509.ObjectIdentifier, issuer: x509.Certificate
) -> list[tuple[x509.ExtensionType, bool]]:
    from cryptography import x509

    issuer_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([purpose]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), False),
        (x509.SubjectAlternativeName(_alternative_names(name)), False),
    ]


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(
    builder: x509.CertificateBuilder, extensions: list[tuple[x509.ExtensionType, bool]], signer: Any
) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes

    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _alternative_names(name: str) -> list[Any]:
    from cryptography import x509

    try:
        return [x509.IPAddress(ipaddress.ip_address(name)), x509.DNSName("localhost")]
    except ValueError:
        return [x509.DNSName(name)]


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)
