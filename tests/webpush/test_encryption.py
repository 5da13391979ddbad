"""Encryption: the RFC's example byte for byte, and any payload that is allowed (RFC 8291; webpush.md 5)."""

from __future__ import annotations

import hmac
import os
from typing import Any

import http_ece  # type: ignore[import-untyped]  # it has no types
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.webpush import vector
from winpush import ValidationError
from winpush.webpush import MAX_PAYLOAD_BYTES, Subscription, base64url, decrypt, encrypt, make_material
from winpush.webpush.encryption import hmac_sha256
from winpush.webpush.private_keys import public_bytes

SENDER = vector.key_of(vector.SENDER_SCALAR)
BROWSER = vector.key_of(vector.BROWSER_SCALAR)
AUTH = base64url.decode("auth", vector.AUTH)
MATERIAL = make_material(vector.subscription(), SENDER)


def test_the_example_of_the_rfc_comes_out_byte_for_byte() -> None:
    body = encrypt(vector.PLAINTEXT, MATERIAL, vector.SALT)
    assert base64url.encode(body) == vector.BODY
    assert decrypt(body, BROWSER, AUTH) == vector.PLAINTEXT


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=MAX_PAYLOAD_BYTES), st.integers(0, 200), st.binary(min_size=16, max_size=16))
def test_another_implementation_decrypts_whatever_is_allowed(payload: bytes, padding: int, salt: bytes) -> None:
    room = 4096 - 17 - len(payload)
    body = encrypt(payload, MATERIAL, salt, min(padding, room))
    read = http_ece.decrypt(body, private_key=BROWSER, auth_secret=AUTH, version="aes128gcm")
    assert read == payload
    assert decrypt(body, BROWSER, AUTH) == payload


@given(st.binary(max_size=64), st.binary(max_size=200))
def test_its_hmac_is_that_of_the_standard_library(key: bytes, data: bytes) -> None:
    assert hmac_sha256(key, data) == hmac.digest(key, data, "sha256")


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@settings(max_examples=60, deadline=None)
@given(
    payload=st.binary(max_size=MAX_PAYLOAD_BYTES),
    scalars=st.lists(st.integers(1, ORDER - 1), min_size=2, max_size=2, unique=True),
    auth=st.binary(min_size=16, max_size=16),
    salt=st.binary(min_size=16, max_size=16),
)
def test_whoever_sends_to_whomever_another_implementation_reads_and_writes_it(
    payload: bytes, scalars: list[int], auth: bytes, salt: bytes
) -> None:
    sender, browser = (ec.derive_private_key(number, ec.SECP256R1()) for number in scalars)
    to = Subscription(vector.subscription().channel, public_bytes(browser), auth)
    body = encrypt(payload, make_material(to, sender), salt)
    assert http_ece.decrypt(body, private_key=browser, auth_secret=auth, version="aes128gcm") == payload
    written = http_ece.encrypt(
        payload, salt=salt, private_key=sender, dh=to.p256dh, auth_secret=auth, version="aes128gcm"
    )
    if payload:  # of nothing it makes no record at all
        assert decrypt(written, browser, auth) == payload
        assert written == body


def test_a_body_is_103_bytes_longer_and_says_what_it_is() -> None:
    body = encrypt(vector.PLAINTEXT, MATERIAL, vector.SALT)
    assert len(body) == len(vector.PLAINTEXT) + 103
    assert (body[:16], int.from_bytes(body[16:20]), body[20], body[21:86]) == (
        vector.SALT, 4096, 65, MATERIAL.sender_key,
    )  # fmt: skip


def test_the_largest_payload_fills_what_a_service_must_take() -> None:
    assert len(encrypt(bytes(MAX_PAYLOAD_BYTES), MATERIAL, vector.SALT)) == 4096


def test_a_new_pair_of_the_sender_decrypts_as_well() -> None:
    sender = ec.generate_private_key(ec.SECP256R1())
    body = encrypt(b"x", make_material(vector.subscription(), sender), os.urandom(16))
    assert decrypt(body, BROWSER, AUTH) == b"x"


@pytest.mark.parametrize("size", [0, 1, MAX_PAYLOAD_BYTES])
def test_padding_fills_it_and_no_more(size: int) -> None:
    room = MAX_PAYLOAD_BYTES - size
    assert len(encrypt(bytes(size), MATERIAL, vector.SALT, room)) == 4096
    with pytest.raises(ValidationError, match=f"padding.*give 0 to {room:,}"):
        encrypt(bytes(size), MATERIAL, vector.SALT, room + 1)


def test_padding_hides_the_length() -> None:
    short, long = (encrypt(text, MATERIAL, vector.SALT, 100 - len(text)) for text in (b"1", b"1" * 60))
    assert len(short) == len(long)


@pytest.mark.parametrize(("salt", "padding"), [(b"short", 0), (vector.SALT, -1), (vector.SALT, 5000)])
def test_a_salt_or_padding_that_cannot_be_is_refused(salt: bytes, padding: int) -> None:
    with pytest.raises(ValidationError, match=r"salt|padding"):
        encrypt(b"x", MATERIAL, salt, padding)


@pytest.mark.parametrize(
    ("payload", "salt", "padding", "said"),
    [
        (bytes(MAX_PAYLOAD_BYTES + 1), vector.SALT, 0, "payload: has 3,994 bytes; at most 3,993"),
        (bytes(9000), vector.SALT, 0, "payload: has 9,000 bytes; at most 3,993"),
        ("text", vector.SALT, 0, "payload: must be bytes, not str"),
        (b"x", "s" * 16, 0, "salt: must be bytes, not str"),
        (b"x", 16, 0, "salt: must be bytes, not int"),
        (b"x", vector.SALT, "1", "padding: must be a whole number, not str"),
        (b"x", vector.SALT, 1.0, "padding: must be a whole number, not float"),
    ],
)
def test_what_is_too_large_or_of_the_wrong_type_is_what_is_refused(
    payload: Any, salt: Any, padding: Any, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        encrypt(payload, MATERIAL, salt, padding)


def test_a_body_that_is_not_bytes_is_refused() -> None:
    with pytest.raises(ValidationError, match="body: must be bytes, not str"):
        decrypt("text", BROWSER, AUTH)  # type: ignore[arg-type]  # the wrong type is the test


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), X25519PrivateKey.generate(), None, b"x" * 32])
def test_a_key_of_another_curve_is_refused(key: Any) -> None:
    with pytest.raises(ValidationError, match="sender: must be a private key of P-256"):
        make_material(vector.subscription(), key)
    with pytest.raises(ValidationError, match="browser: must be a private key of P-256"):
        decrypt(encrypt(b"x", MATERIAL, vector.SALT), key, AUTH)


def changed(at: int, value: bytes) -> bytes:
    body = encrypt(vector.PLAINTEXT, MATERIAL, vector.SALT)
    return body[:at] + value + body[at + len(value) :]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (changed(200, b"\x00") if len(vector.BODY) > 300 else b"", "body"),
        (changed(100, b"\x00\x00"), "body"),
        (changed(16, (17).to_bytes(4)), "rs"),
        (changed(16, (20).to_bytes(4)), "rs"),
        (changed(16, (len(vector.PLAINTEXT) + 17).to_bytes(4)), "rs"),
        (changed(20, b"\x10"), "keyid"),
        (changed(22, b"\x00\x00\x00"), "keyid"),
    ],
)
def test_what_a_browser_would_drop_is_refused_with_the_reason(body: bytes, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        decrypt(body, BROWSER, AUTH)
    assert caught.value.field == field


def test_a_delimiter_other_than_2_is_dropped() -> None:
    body = http_ece.encrypt(
        bytes(5000), salt=vector.SALT, private_key=SENDER, dh=vector.subscription().p256dh, auth_secret=AUTH, rs=4096
    )
    first_record = body[:16] + (4097).to_bytes(4) + body[20 : 86 + 4096]
    with pytest.raises(ValidationError, match="2"):
        decrypt(first_record, BROWSER, AUTH)


def test_another_browsers_message_cannot_be_read() -> None:
    body = encrypt(b"x", MATERIAL, vector.SALT)
    with pytest.raises(ValidationError, match="another subscription"):
        decrypt(body, SENDER, AUTH)


def test_no_repr_shows_a_key() -> None:
    shown = f"{MATERIAL!r} {vector.subscription()!r}"
    assert base64url.encode(AUTH) not in shown
    assert vector.BROWSER_KEY not in shown
    assert "secret" not in shown.replace("secret=", "")
