"""Private keys in all the usual formats: PEM, DER, base64url, a JWK, web-push's JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from winpush import _text
from winpush.errors import ConfigurationError, ValidationError
from winpush.webpush.base64url import decode, encode

__all__ = ["CURVE", "public_bytes", "read_private_key"]

CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SCALAR_BYTES, _POINT_BYTES = 32, 65
_URL_SAFE = str.maketrans("+/", "-_")
_SEQUENCE = b"\x30"
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


def read_private_key(given: str | bytes) -> ec.EllipticCurvePrivateKey:
    """The key. Raises ConfigurationError, which describes what was given but never contains it."""
    if isinstance(given, bytes) and len(given) == _SCALAR_BYTES:
        return _from_scalar(given, "32 bytes")
    if isinstance(given, bytes) and len(given) == _SCALAR_BYTES + 1 and given[0] == 0:
        return _from_scalar(given, "33 bytes")
    if isinstance(given, bytes) and _is_der(given):
        return _load(load_der_private_key, given, "DER")
    text = _as_text(given)
    if "-----BEGIN" in text:
        return _of_pem(text)
    if text.startswith("{"):
        return _of_json(text)
    return _of_base64("".join(line.strip() for line in text.splitlines()).strip("\"'"))


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key: an uncompressed point, 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _is_der(data: bytes) -> bool:
    """Whether it is a sequence as long as it claims. The first byte alone doesn't decide: it is base64url's digit 0."""
    if not data.startswith(_SEQUENCE) or len(data) < 2:
        return False
    if data[1] < 0x80:
        return len(data) == 2 + data[1]
    size = data[1] & 0x7F
    return len(data) == 2 + size + int.from_bytes(data[2 : 2 + size])


def _as_text(given: str | bytes) -> str:
    """The text without anything that editors and shells put around it."""
    if isinstance(given, str):
        return given.strip("\ufeff \t\r\n")
    try:
        return _text.decode(given).strip()
    except ValueError:
        raise ConfigurationError(
            f"VAPID key: {len(given)} bytes that are neither PEM, DER, base64url nor a JWK"
        ) from None


def _of_pem(text: str) -> ec.EllipticCurvePrivateKey:
    """The first private key in the text; other blocks, such as OpenSSL's curve, may precede it."""
    unescaped = text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    blocks = list(_PEM.finditer(unescaped))
    chosen = next((block for block in blocks if block[1].endswith("PRIVATE KEY")), None)
    if chosen is not None:
        return _load(load_pem_private_key, chosen[0].encode("ascii", "ignore"), "PEM")
    if any(block[1].endswith("PUBLIC KEY") for block in blocks):
        raise ConfigurationError("VAPID key: this PEM is a public key; give the private one that belongs to it")
    found = f"a {blocks[0][1]}" if blocks else "cut: a BEGIN has no END"
    raise ConfigurationError(f"VAPID key: this PEM is {found}, not a private key")


def _load(load: Callable[[bytes, None], object], data: bytes, form: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = load(data, None)
    except TypeError:
        raise ConfigurationError(f"VAPID key: this {form} has a password; give it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(f"VAPID key: this {form} is not a private key that can be read") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        kind = type(key).__name__.strip("_").removesuffix("PrivateKey")
        raise ConfigurationError(f"VAPID key: this {form} is an {kind} key; it must be one of P-256")
    if key.curve.name != CURVE.name:
        raise ConfigurationError(f"VAPID key: this {form} is a key of {key.curve.name}; it must be one of P-256")
    return key


def _of_base64(text: str) -> ec.EllipticCurvePrivateKey:
    try:
        raw = decode("key", text)
    except ValidationError:
        raise ConfigurationError(
            f"VAPID key: {len(text)} characters that are neither PEM, DER, base64url nor a JWK"
        ) from None
    if len(raw) == _SCALAR_BYTES or _is_javas(raw, text):
        return _from_scalar(raw, "base64url")
    if len(raw) == _POINT_BYTES:
        raise ConfigurationError("VAPID key: this is the public key; give the private one that belongs to it")
    if not raw:
        raise ConfigurationError("VAPID key: is empty; give the text or the bytes of a private key")
    return _load(load_der_private_key, raw, f"base64url of {len(raw)} bytes (DER?)")


def _is_javas(raw: bytes, text: str) -> bool:
    """Java adds a zero before a high bit, for the sign, and drops leading zeros: one key in 256 has 31 bytes, one in
    65,536 has 30. A longer key that was cut off would leave bits over."""
    if len(raw) == _SCALAR_BYTES + 1:
        return raw[0] == 0
    return len(raw) in (_SCALAR_BYTES - 1, _SCALAR_BYTES - 2) and encode(raw) == text.rstrip("=").translate(_URL_SAFE)


def _from_scalar(raw: bytes, form: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(raw)
    if not 0 < number < _ORDER:
        raise ConfigurationError(f"VAPID key: {form} is outside the range of P-256's private keys")
    return ec.derive_private_key(number, CURVE)


def _of_json(text: str) -> ec.EllipticCurvePrivateKey:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError("VAPID key: starts like a JWK but is not JSON") from None
    if "kty" in values:
        return _of_jwk(values)
    if "privateKey" not in values:
        raise ConfigurationError("VAPID key: this JSON has neither kty, like a JWK, nor privateKey, like web-push's")
    key = _from_scalar(_decode(values, "privateKey"), "privateKey")
    _check_public(key, "publicKey", _decode(values, "publicKey") if "publicKey" in values else None)
    return key


def _of_jwk(values: Mapping[str, Any]) -> ec.EllipticCurvePrivateKey:
    if values.get("kty") != "EC" or values.get("crv") != "P-256":
        raise ConfigurationError("VAPID key: this JWK is not of kty EC and crv P-256")
    if "d" not in values:
        raise ConfigurationError("VAPID key: this JWK has no d: it is the public key; give the private one")
    key = _from_scalar(_decode(values, "d"), "d of this JWK")
    if "x" in values and "y" in values:
        _check_public(key, "x and y", b"\x04" + _decode(values, "x") + _decode(values, "y"))
    return key


def _decode(values: Mapping[str, Any], name: str) -> bytes:
    try:
        return decode(name, values[name])
    except ValidationError as error:
        raise ConfigurationError(f"VAPID key: {name} of this JSON {error.problem}") from None


def _check_public(key: ec.EllipticCurvePrivateKey, name: str, public: bytes | None) -> None:
    """Raises ConfigurationError if the keys don't match: browsers subscribed for the public one."""
    if public is not None and public != public_bytes(key):
        raise ConfigurationError(f"VAPID key: {name} of this JSON don't match its private key")
