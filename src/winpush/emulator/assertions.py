"""Logins with a certificate: the signed assertion (a JWT) that replaces the client secret at Entra's token server.

Checked as Microsoft documents it ("Microsoft identity platform application authentication certificate credentials"):
signed with RS256 or PS256 by a registered certificate, for this token server, by and about the client, and in time.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from winpush.errors import ConfigurationError, WinPushError

__all__ = ["ASSERTION_TYPE", "AssertionRefusedError", "Certificates", "make_login_certificate"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW = timedelta(minutes=5)
_LIFE = timedelta(days=30)


class AssertionRefusedError(WinPushError):
    """Why an assertion is refused, with Entra's number for it."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


def make_login_certificate(name: str) -> tuple[bytes, bytes]:
    """A self-signed RSA certificate with this common name, and its key, both PEM. Raises ConfigurationError."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.x509.oid import NameOID
    except ImportError:
        raise ConfigurationError('Certificates need cryptography; pip install "winpush[emulator]"') from None
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


@dataclass(frozen=True, slots=True)
class _Parts:
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


class Certificates:
    """The certificates registered for the emulator's app, by both of their thumbprints."""

    def __init__(self) -> None:
        self._keys: dict[str, Any] = {}

    def add(self, pem: bytes) -> None:
        """Registers a certificate. Raises ConfigurationError for anything but an RSA certificate in PEM."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

        try:
            certificate = x509.load_pem_x509_certificate(pem)
        except ValueError as error:
            raise ConfigurationError(f"The login certificate can't be read as PEM: {error}") from None
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise ConfigurationError("The login certificate must have an RSA key: Entra accepts no other.")
        for algorithm in (hashes.SHA1(), hashes.SHA256()):  # noqa: S303 - a thumbprint, as the header x5t defines it
            self._keys[_encode(certificate.fingerprint(algorithm))] = key

    def check(self, assertion: str, client_id: str, audiences: Collection[str], now: datetime) -> None:
        """Raises AssertionRefusedError unless the assertion proves that its sender is that client."""
        parts = _read(assertion)
        claims = parts.claims
        if claims.get("iss") != claims.get("sub") or str(claims.get("sub")).lower() != client_id.lower():
            raise AssertionRefusedError(700021, "The assertion's iss and sub must both be the client_id.")
        if not isinstance(claims.get("aud"), str) or claims["aud"] not in audiences:
            raise AssertionRefusedError(
                700023, f"The assertion's aud is {claims.get('aud')!r}; it must be {min(audiences)}."
            )
        self._check_time(claims, now)
        self._check_signature(parts)

    def _check_time(self, claims: Mapping[str, Any], now: datetime) -> None:
        begins, ends = claims.get("nbf", 0), claims.get("exp")
        if not isinstance(ends, int | float) or not isinstance(begins, int | float):
            raise AssertionRefusedError(50027, "The assertion's exp and nbf must be numbers of seconds.")
        if not begins - _SKEW.total_seconds() <= now.timestamp() < ends + _SKEW.total_seconds():
            raise AssertionRefusedError(700024, "The assertion is not within its valid time range.")

    def _check_signature(self, parts: _Parts) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        thumbprints = [parts.header.get(name) for name in ("x5t#S256", "x5t")]
        # Microsoft's own libraries keep the padding.
        keys = [self._keys.get(each.rstrip("=")) for each in thumbprints if isinstance(each, str)]
        key = next(filter(None, keys), None)
        if key is None:
            raise AssertionRefusedError(
                700027, "The assertion's header (x5t or x5t#S256) names no certificate registered for this app."
            )
        paddings = {
            "RS256": padding.PKCS1v15(),
            "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
        }
        chosen = paddings.get(str(parts.header.get("alg")))
        if chosen is None:
            raise AssertionRefusedError(
                50027, f"The assertion's alg is {parts.header.get('alg')!r}; use PS256 or RS256."
            )
        try:
            key.verify(parts.signature, parts.signed, chosen, hashes.SHA256())
        except InvalidSignature:
            raise AssertionRefusedError(700027, "The assertion's signature doesn't match the certificate.") from None


def _read(assertion: str) -> _Parts:
    try:
        header, claims, signature = assertion.split(".")
        read = [json.loads(_decode(part)) for part in (header, claims)]
        parts = _Parts(read[0], read[1], f"{header}.{claims}".encode("ascii"), _decode(signature))
    except (ValueError, binascii.Error, RecursionError):
        raise AssertionRefusedError(50027, "The client_assertion is not a signed JWT.") from None
    if not isinstance(parts.header, dict) or not isinstance(parts.claims, dict):
        raise AssertionRefusedError(50027, "The client_assertion is not a signed JWT.")
    return parts


def _decode(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")
