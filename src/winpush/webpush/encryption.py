"""Messages encrypted for one browser: aes128gcm in one record (RFC 8188, RFC 8291; webpush.md 5).

Pure: the sender's key pair and the salt are passed in. Both must be new for each message unless `KeyingMaterial` is
kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from winpush.errors import ValidationError
from winpush.webpush.subscription import Subscription, check_point

__all__ = ["KeyingMaterial", "decrypt", "encrypt", "make_material"]

SALT_BYTES = 16
_CURVE = ec.SECP256R1()
_MOST_BYTES = 4096
_RECORD_SIZE = 4096
_TAG_BYTES = 16
_HEAD_BYTES = SALT_BYTES + 4 + 1 + 65
_LAST_RECORD = b"\x02"
_SIZES = _RECORD_SIZE.to_bytes(4) + b"\x41"
"""The sizes of the record and of the sender's key, which is an uncompressed point."""
_ECDH = ec.ECDH()
_POINT = Encoding.X962, PublicFormat.UncompressedPoint
_NO_KEY = (AttributeError, TypeError, ValueError)
"""What `cryptography` raises for a key of another curve or kind. Caught, since to ask first costs each send."""


@dataclass(frozen=True, slots=True)
class KeyingMaterial:
    """The secret derived from one subscription and one key pair of the sender, before the salt.

    The RFC derives a new one for each message. Keeping it saves nine tenths of the work. A fresh salt for each message
    keeps messages confidential, but anyone who learns the secret can read all messages of that pair.
    """

    secret: bytes = field(repr=False)
    sender_key: bytes = field(repr=False)


def make_material(subscription: Subscription, sender: ec.EllipticCurvePrivateKey) -> KeyingMaterial:
    """Derives it (RFC 8291, section 3.4). Raises ValidationError for a sender's key of another curve."""
    browser = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, subscription.p256dh)
    try:
        public = sender.public_key().public_bytes(*_POINT)
        shared = sender.exchange(_ECDH, browser)
    except _NO_KEY:
        raise ValidationError("sender", "must be a private key of P-256") from None
    return KeyingMaterial(_input_key(shared, subscription.auth, subscription.p256dh, public), public)


def encrypt(payload: bytes, material: KeyingMaterial, salt: bytes, padding: int = 0) -> bytes:
    """The body of the request: at most 4,096 bytes, which every push service takes (webpush.md 5). `salt` is 16 random
    bytes, never used twice with the same material; `padding` is a number of bytes to add to hide the length."""
    for name, value in (("payload", payload), ("salt", salt)):
        if not isinstance(value, bytes | bytearray):
            raise ValidationError(name, f"must be bytes, not {type(value).__name__}")
    if not isinstance(padding, int):
        raise ValidationError("padding", f"must be a whole number, not {type(padding).__name__}")
    if len(salt) != SALT_BYTES:
        raise ValidationError("salt", f"has {len(salt)} bytes; it must be {SALT_BYTES}")
    room = _MOST_BYTES - _HEAD_BYTES - _TAG_BYTES - len(_LAST_RECORD) - len(payload)
    if not 0 <= padding <= room:
        if room < 0:
            most = len(payload) + room
            raise ValidationError("payload", f"has {len(payload):,} bytes; at most {most:,} fit into {_MOST_BYTES:,}")
        raise ValidationError("padding", f"is {padding}; with {len(payload):,} bytes of payload give 0 to {room:,}")
    key, nonce = _content_keys(material.secret, salt)
    sealed = AESGCM(key).encrypt(nonce, payload + _LAST_RECORD + bytes(padding), None)
    return b"".join((salt, _SIZES, material.sender_key, sealed))


def decrypt(body: bytes, browser: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a browser reads in a body. Raises ValidationError with the reason why it would drop it (webpush.md 5)."""
    if not isinstance(body, bytes | bytearray):
        raise ValidationError("body", f"must be bytes, not {type(body).__name__}")
    if len(body) < _HEAD_BYTES + _TAG_BYTES + 1:
        raise ValidationError("body", f"has {len(body)} bytes; an encrypted one has at least {_HEAD_BYTES + 17}")
    salt, record_size, length = body[:16], int.from_bytes(body[16:20]), body[20]
    if length != 65:
        raise ValidationError("keyid", f"has {length} bytes; the sender's public key has 65")
    sender_key, sealed = body[21:86], body[86:]
    check_point("keyid", sender_key)
    if record_size < 18 or len(sealed) >= record_size:  # greater, not equal: RFC 8291, section 4
        words = f"is {record_size}; a message is one record of fewer bytes than that, and this one has {len(sealed)}"
        raise ValidationError("rs", words)
    sender = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, sender_key)
    try:
        public = browser.public_key().public_bytes(*_POINT)
        shared = browser.exchange(_ECDH, sender)
    except _NO_KEY:
        raise ValidationError("browser", "must be a private key of P-256") from None
    key, nonce = _content_keys(_input_key(shared, auth, public, sender_key), salt)
    try:
        opened = AESGCM(key).decrypt(nonce, sealed, None)
    except InvalidTag:
        raise ValidationError("body", "can't be decrypted: it was made for another subscription, or changed") from None
    payload = opened.rstrip(b"\x00")
    if payload[-1:] != _LAST_RECORD:
        raise ValidationError("padding", "doesn't start with 2, which marks the last record; a browser drops it")
    return payload[:-1]


def _input_key(shared: bytes, auth: bytes, browser_key: bytes, sender_key: bytes) -> bytes:
    extracted = hmac_sha256(auth, shared)
    return hmac_sha256(extracted, b"WebPush: info\x00" + browser_key + sender_key + b"\x01")


def _content_keys(secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The key and the nonce of a message (RFC 8188, section 2.2 and 2.3)."""
    extracted = hmac_sha256(salt, secret)
    key = hmac_sha256(extracted, b"Content-Encoding: aes128gcm\x00\x01")[:16]
    return key, hmac_sha256(extracted, b"Content-Encoding: nonce\x00\x01")[:12]


_INNER, _OUTER = (bytes(byte ^ mask for byte in range(256)) for mask in (0x36, 0x5C))


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC (RFC 2104) for keys of at most 64 bytes, which all of these are.

    A message takes five. `hmac.digest` makes OpenSSL look up the algorithm each time, which costs more than both
    hashes.
    """
    block = key.ljust(64, b"\x00")
    return sha256(block.translate(_OUTER) + sha256(block.translate(_INNER) + data).digest()).digest()
