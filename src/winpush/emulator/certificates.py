"""A certificate authority for one run of the emulator: it issues the server's certificate and the clients' ones."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from winpush.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["Authority"]

_LIFE = timedelta(days=30)


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
                "TLS in the emulator needs cryptography; pip install 'winpush[emulator]'"
            ) from None
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certify("winpush emulator CA", key.public_key(), "winpush emulator CA", key, ca=True)
        return cls(host, _pem(certificate), certificate, key)

    def issue_client(self, name: str) -> tuple[bytes, bytes]:
        """A client certificate with this common name, and its key, both PEM."""
        return self._issue(name)

    def server_context(self) -> ssl.SSLContext:
        """For the TLS port: requests a client certificate and accepts only those of this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self._issue(self.host)
        with tempfile.TemporaryDirectory(prefix="winpush-") as folder:
            path = Path(folder) / "pem"
            path.touch(mode=0o600)
            path.write_bytes(certificate + key)
            context.load_cert_chain(path)
        context.load_verify_locations(cadata=self.ca_pem.decode("ascii"))
        # Optional, so that a client without a certificate gets the service's 401 instead of a failed handshake.
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _issue(self, name: str) -> tuple[bytes, bytes]:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certify(name, key.public_key(), "winpush emulator CA", self._key, issuer=self._certificate)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return _pem(certificate), private


def _certify(
    name: str,
    public_key: Any,
    issuer_name: str,
    signer: Any,
    *,
    ca: bool = False,
    issuer: x509.Certificate | None = None,
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer_name))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if issuer is not None:
        key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]  # EC
        builder = builder.add_extension(key_id, critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(_alternative_names(name)), critical=False)
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
