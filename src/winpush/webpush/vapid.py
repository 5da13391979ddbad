"""VAPID: the key pair that identifies a sender to push services, and the tokens it signs (RFC 8292; webpush.md 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from winpush._values import check_moment, keep_plain
from winpush.channels import Origin
from winpush.errors import ConfigurationError, ValidationError
from winpush.secrecy import SecretText
from winpush.webpush.base64url import decode, encode
from winpush.webpush.private_keys import CURVE, public_bytes, read_private_key

__all__ = ["VapidKeys", "VapidToken", "is_subject", "read_subject", "read_token"]

_LIFE = timedelta(hours=12)
"""Half of what RFC 8292 allows, so that a clock that is hours off does no harm."""
_MARGIN = timedelta(minutes=10)
_MAX_LIFE = timedelta(hours=24)
_HEADER = encode(b'{"typ":"JWT","alg":"ES256"}')
_MAIL = re.compile(r"mailto:[^@\s<>]+@[^@\s<>]+")
_UNPADDED = re.compile(r"[A-Za-z0-9_-]*")
_PAGE = re.compile(r"https://[^/\s<>]+(/[^\s<>]*)?")


@dataclass(frozen=True, slots=True)
class VapidToken:
    """The `Authorization` for one push service, `audience`, until `expires_at` (aware). All sends to it share it."""

    audience: str
    authorization: str = field(repr=False)
    expires_at: datetime

    def __post_init__(self) -> None:
        # A request that carries it may be printed or logged.
        object.__setattr__(self, "authorization", SecretText(self.authorization))

    def is_fresh(self, now: datetime) -> bool:
        """True until ten minutes before it ends; False if the clock was set back so far that services refuse it."""
        return _MARGIN < self.expires_at - now <= _MAX_LIFE


@dataclass(frozen=True, slots=True)
class VapidKeys:
    """A sender's identity at all push services. Browsers subscribe for its public key, and no other key can send to
    them: changing it means new subscriptions for all users.

    `subject` is where a push service reaches you, `mailto:…` or `https://…`; Apple is said to refuse messages without
    one. Raises ConfigurationError for any other subject.
    """

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    subject: str
    _public: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keep_plain(self, ("subject",))
        key = self.private_key
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != CURVE.name:
            raise ConfigurationError("VAPID key: must be a private key of P-256; VapidKeys.parse() reads every form")
        if not is_subject(self.subject):
            raise ConfigurationError(
                f"subject: is {self.subject!r:.80}; give where a push service reaches you, such as "
                "'mailto:ops@example.com' or 'https://example.com/contact'"
            )
        object.__setattr__(self, "_public", public_bytes(key))

    @classmethod
    def generate(cls, subject: str) -> Self:
        """A new key pair. Keep it: store `to_pem()` with your other secrets."""
        return cls(ec.generate_private_key(CURVE), subject)

    @classmethod
    def parse(cls, key: str | bytes, subject: str) -> Self:
        """Reads a private key in any of the usual formats: PEM (PKCS#8 or SEC 1), DER or its base64url, the 32 bytes
        as base64url (web-push writes them), or a JWK.

        You can pass a file's content as it is: a byte order mark, UTF-16 and line ends do no harm. Raises
        ConfigurationError, which describes what was given but never contains it.
        """
        if not isinstance(key, str | bytes):
            raise ConfigurationError(f"VAPID key: must be text or bytes, not {type(key).__name__}")
        return cls(read_private_key(key), subject)

    @property
    def public_key(self) -> bytes:
        """The public key: 65 bytes."""
        return self._public

    @property
    def application_server_key(self) -> str:
        """The public key as a page passes it to `pushManager.subscribe({applicationServerKey})`: base64url."""
        return encode(self._public)

    def to_pem(self) -> str:
        """The private key as PEM (PKCS#8): a secret."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    def sign(self, origin: Origin, now: datetime) -> VapidToken:
        """A token for one push service: `origin` is its endpoint's, `now` is aware. Raises ValidationError for a naive
        one."""
        check_moment("now", now)
        expires_at = now + _LIFE
        audience = str(origin)
        claims = {"aud": audience, "exp": int(expires_at.timestamp()), "sub": self.subject}
        signed = f"{_HEADER}.{encode(json.dumps(claims, separators=(',', ':')).encode())}"
        r, s = decode_dss_signature(self.private_key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = encode(r.to_bytes(32) + s.to_bytes(32))
        return VapidToken(
            audience, SecretText(f"vapid t={signed}.{signature}, k={self.application_server_key}"), expires_at
        )


def is_subject(subject: object) -> bool:
    """A mail address or a page (RFC 8292, section 2.1)."""
    return isinstance(subject, str) and bool(_MAIL.fullmatch(subject) or _PAGE.fullmatch(subject))


def read_token(authorization: str, origin: str, now: datetime, *, needs_subject: bool = False) -> bytes:
    """The public key that signed an `Authorization`, checked like a push service does; Apple's `needs_subject`.

    Raises ValidationError, whose `field` is the claim or part at fault.
    """
    token, key = _parts(authorization)
    public = _decode("k", key)
    claims = _verify(token, public)
    _check_claims(claims, origin, now)
    if needs_subject and not is_subject(claims.get("sub")):
        raise ValidationError("sub", "must be mailto: with an address, or an https:// page")
    return public


def read_subject(authorization: str) -> object:
    """The `sub` of a token that `read_token` accepted, or None: it is optional (RFC 8292, section 2.1)."""
    return json.loads(_decode("claims", _parts(authorization)[0].split(".")[1])).get("sub")


def _parts(authorization: str) -> tuple[str, str]:
    """The token and the key."""
    match = re.fullmatch(r"vapid\s+(.*)", authorization.strip(), re.IGNORECASE)
    if match is None:
        raise ValidationError("scheme", "must be vapid, with t and k")
    pairs = [part.strip().partition("=")[::2] for part in match[1].split(",")]
    parts = dict(pairs)
    if "t" not in parts or "k" not in parts or len(parts) < len(pairs):
        raise ValidationError("parts", "must be t, the token, and k, the public key, once each")
    return parts["t"], parts["k"]


def _decode(field: str, text: str) -> bytes:
    """Decodes a part of a token, which has only one form (RFC 7515, section 2; RFC 8292, section 3.2; webpush.md 3)."""
    if not _UNPADDED.fullmatch(text):
        raise ValidationError(field, "must be base64url without padding")
    return decode(field, text)


def _check_claims(claims: Mapping[str, Any], origin: str, now: datetime) -> None:
    if claims.get("aud") != origin:
        raise ValidationError("aud", f"must be {origin}, the endpoint's origin")
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise ValidationError("exp", "must be seconds since 1970")
    # Compared, not subtracted: NaN fails every comparison, and a whole number may be larger than any float.
    begins = now.timestamp()
    if not begins < expires <= begins + _MAX_LIFE.total_seconds():
        raise ValidationError("exp", "is more than 24 hours ahead" if expires > begins else "has passed")


def _verify(token: str, public: bytes) -> dict[str, Any]:
    signed, _, signature = token.rpartition(".")
    raw = _decode("signature", signature)
    if len(raw) != 64:
        raise ValidationError("signature", f"has {len(raw)} bytes; ES256 has 64, r and s, never DER")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public)
        der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
        header, _, body = signed.partition(".")
        is_es256 = json.loads(_decode("header", header)).get("alg") == "ES256"
        claims = json.loads(_decode("claims", body))
    except (InvalidSignature, ValueError, AttributeError, RecursionError):
        raise ValidationError("signature", "doesn't match k") from None
    if not is_es256 or not isinstance(claims, dict):
        raise ValidationError("alg", "must be ES256")
    return claims
