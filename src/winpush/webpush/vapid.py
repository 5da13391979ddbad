"""VAPID: the key pair by which push services know a sender, and the tokens that it signs (RFC 8292; webpush.md 4)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from winpush.channels import Origin
from winpush.errors import ConfigurationError, ValidationError
from winpush.secrecy import SecretText
from winpush.webpush.base64url import decode, encode

__all__ = ["VapidKeys", "VapidToken", "read_token"]

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LIFE = timedelta(hours=12)
"""Half of what RFC 8292 allows, so that a clock that is wrong by hours does no harm."""
_MARGIN = timedelta(minutes=10)
_MAX_LIFE = timedelta(hours=24)
_HEADER = encode(b'{"typ":"JWT","alg":"ES256"}')
_MAIL = re.compile(r"mailto:[^@\s<>]+@[^@\s<>]+")
_PAGE = re.compile(r"https://[^/\s<>]+(/[^\s<>]*)?")


@dataclass(frozen=True, slots=True)
class VapidToken:
    """The `Authorization` for one push service, `audience`, until `expires_at` (aware). All sends to it share it."""

    audience: str
    authorization: str = field(repr=False)
    expires_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """True until ten minutes before it ends."""
        return now < self.expires_at - _MARGIN


@dataclass(frozen=True, slots=True)
class VapidKeys:
    """A sender's identity at all push services. Browsers subscribe for its public key, and no other key can send to
    them: to change it means new subscriptions for everybody.

    `subject` is where a push service reaches you, `mailto:…` or `https://…`; Apple is said to refuse messages without
    one. Raises ConfigurationError for another.
    """

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    subject: str
    _public: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = self.private_key
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
            raise ConfigurationError("VAPID key: must be a private key of P-256; VapidKeys.parse() reads every form")
        if not isinstance(self.subject, str) or not (_MAIL.fullmatch(self.subject) or _PAGE.fullmatch(self.subject)):
            raise ConfigurationError(
                f"subject: is {self.subject!r:.80}; give where a push service reaches you, such as "
                "'mailto:ops@example.com' or 'https://example.com/contact'"
            )
        public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        object.__setattr__(self, "_public", public)

    @classmethod
    def generate(cls, subject: str) -> Self:
        """A new pair. Keep it: store `to_pem()` where your other secrets are."""
        return cls(ec.generate_private_key(_CURVE), subject)

    @classmethod
    def parse(cls, key: str | bytes, subject: str) -> Self:
        """Reads a private key in any form in which it is kept: PEM (PKCS#8 or SEC 1), DER or that as base64url, the 32
        bytes as base64url (web-push writes them), or a JWK.

        Raises ConfigurationError, which says what was given and never contains it.
        """
        if not isinstance(key, str | bytes):
            raise ConfigurationError(f"VAPID key: must be text or bytes, not {type(key).__name__}")
        return cls(_read_key(key), subject)

    @property
    def public_key(self) -> bytes:
        """The public key: 65 bytes."""
        return self._public

    @property
    def application_server_key(self) -> str:
        """The public key as a page hands it to `pushManager.subscribe({applicationServerKey})`: base64url."""
        return encode(self._public)

    def to_pem(self) -> str:
        """The private key as PEM (PKCS#8): a secret."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    def sign(self, origin: Origin, now: datetime) -> VapidToken:
        """A token for one push service: `origin` is its endpoint's, `now` is aware."""
        expires_at = now + _LIFE
        audience = str(origin)
        claims = {"aud": audience, "exp": int(expires_at.timestamp()), "sub": self.subject}
        signed = f"{_HEADER}.{encode(json.dumps(claims, separators=(',', ':')).encode())}"
        r, s = decode_dss_signature(self.private_key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = encode(r.to_bytes(32) + s.to_bytes(32))
        return VapidToken(
            audience, SecretText(f"vapid t={signed}.{signature}, k={self.application_server_key}"), expires_at
        )


def _read_key(given: str | bytes) -> ec.EllipticCurvePrivateKey:
    data = given.encode("utf-8", "replace") if isinstance(given, str) else given
    data = data.removeprefix(b"\xef\xbb\xbf").strip()
    if b"-----BEGIN" in data:
        return _load(load_pem_private_key, data, "PEM")
    if data.startswith(b"{"):
        return _from_scalar(_of_jwk(data), "a JWK")
    if data.startswith(b"\x30"):
        return _load(load_der_private_key, data, "DER")
    try:
        raw = decode("key", data.decode("ascii"))
    except (ValidationError, UnicodeDecodeError):
        if len(data) == 32:
            return _from_scalar(data, "32 bytes")
        raise ConfigurationError(
            f"VAPID key: {len(data)} bytes that are neither PEM, DER, base64url nor a JWK"
        ) from None
    if len(raw) == 32:
        return _from_scalar(raw, "base64url")
    if len(raw) == 65:
        raise ConfigurationError("VAPID key: this is the public key; give the private one that belongs to it")
    return _load(load_der_private_key, raw, f"base64url of {len(raw)} bytes (DER?)")


def _load(load: Any, data: bytes, form: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = load(data, None)
    except TypeError:
        raise ConfigurationError(f"VAPID key: this {form} has a password; give it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        what = "a public key" if b"PUBLIC KEY" in data else "not a private key that can be read"
        raise ConfigurationError(f"VAPID key: this {form} is {what}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigurationError(
            f"VAPID key: this {form} is a {type(key).__name__.strip('_')}; it must be one of P-256"
        )
    return key


def _from_scalar(raw: bytes, form: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(raw)
    if not 0 < number < _ORDER:
        raise ConfigurationError(f"VAPID key: {form} is outside the range of P-256's private keys")
    return ec.derive_private_key(number, _CURVE)


def _of_jwk(data: bytes) -> bytes:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        raise ConfigurationError("VAPID key: begins as a JWK and is not JSON") from None
    if values.get("kty") != "EC" or values.get("crv") != "P-256":
        raise ConfigurationError("VAPID key: this JWK is not of kty EC and crv P-256")
    if "d" not in values:
        raise ConfigurationError("VAPID key: this JWK has no d: it is the public key; give the private one")
    try:
        return decode("d", values["d"])
    except ValidationError as error:
        raise ConfigurationError(f"VAPID key: d of this JWK {error.problem}") from None


def read_token(authorization: str, origin: str, now: datetime) -> bytes:
    """The public key that signed an `Authorization`, checked as a push service does.

    Raises ValidationError, whose `field` is the claim or part at fault.
    """
    match = re.fullmatch(r"vapid\s+(.*)", authorization.strip(), re.IGNORECASE)
    if match is None:
        raise ValidationError("scheme", "must be vapid, with t and k")
    parts = dict(part.strip().partition("=")[::2] for part in match[1].split(","))
    if "t" not in parts or "k" not in parts:
        raise ValidationError("parts", "must be t, the token, and k, the public key")
    public = decode("k", parts["k"])
    claims = _verify(parts["t"], public)
    if claims.get("aud") != origin:
        raise ValidationError("aud", f"must be {origin}, the endpoint's origin")
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise ValidationError("exp", "must be seconds since 1970")
    # Compared, not subtracted: JSON's NaN fits nowhere, and a whole number may be larger than any float.
    begins = now.timestamp()
    if not begins < expires <= begins + _MAX_LIFE.total_seconds():
        raise ValidationError("exp", "is more than 24 hours ahead" if expires > begins else "has passed")
    return public


def _verify(token: str, public: bytes) -> dict[str, Any]:
    signed, _, signature = token.rpartition(".")
    raw = decode("signature", signature)
    if len(raw) != 64:
        raise ValidationError("signature", f"has {len(raw)} bytes; ES256 has 64, r and s, never DER")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public)
        der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
        header, _, body = signed.partition(".")
        is_es256 = json.loads(decode("header", header)).get("alg") == "ES256"
        claims = json.loads(decode("claims", body))
    except (InvalidSignature, ValueError, AttributeError, RecursionError):
        raise ValidationError("signature", "is not that of k") from None
    if not is_es256 or not isinstance(claims, dict):
        raise ValidationError("alg", "must be ES256")
    return claims
