"""VAPID: keys in every form in which people keep them, and tokens that others accept (RFC 8292; webpush.md 4)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_vapid import Vapid02  # type: ignore[import-untyped]  # it has no types

from tests.webpush import vector
from winpush import ConfigurationError, Request, ValidationError
from winpush.channels import AllowedHosts, parse_origin
from winpush.webpush import VapidKeys, VapidToken, base64url
from winpush.webpush.vapid import read_token

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SUBJECT = "mailto:ops@example.com"
ORIGIN = vector.subscription().channel.origin
KEYS = VapidKeys(vector.key_of(vector.SENDER_SCALAR), SUBJECT)
HEADER = b'{"typ":"JWT","alg":"ES256"}'
SCALAR = KEYS.private_key.private_numbers().private_value.to_bytes(32)


def private(form: PrivateFormat, encoding: Encoding) -> bytes:
    return KEYS.private_key.private_bytes(encoding, form, NoEncryption())


def jwk(**changes: object) -> str:
    values: dict[str, object] = {"kty": "EC", "crv": "P-256", "d": base64url.encode(SCALAR), **changes}
    return json.dumps({name: value for name, value in values.items() if value is not None})


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CURVE_PEM = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
PUBLIC_PEM = KEYS.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PKCS8, SEC1 = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL
FORMS: dict[str, str | bytes] = {
    "PEM PKCS#8": private(PKCS8, Encoding.PEM),
    "PEM SEC 1": private(SEC1, Encoding.PEM),
    "PEM as text from Windows": "\ufeff" + private(PKCS8, Encoding.PEM).decode().replace("\n", "\r\n"),
    "DER": private(PKCS8, Encoding.DER),
    "DER SEC 1": private(SEC1, Encoding.DER),
    "DER in base64url": base64url.encode(private(PKCS8, Encoding.DER)),
    "DER in base64": base64.b64encode(private(PKCS8, Encoding.DER)).decode(),
    "32 bytes in base64url": base64url.encode(SCALAR),
    "32 bytes, padded, with a line end": base64url.encode(SCALAR) + "=\n",
    "JWK": jwk(),
    "JWK with its public part": jwk(
        x=base64url.encode(KEYS.public_key[1:33]), y=base64url.encode(KEYS.public_key[33:])
    ),
    "JSON of web-push": json.dumps({"publicKey": KEYS.application_server_key, "privateKey": base64url.encode(SCALAR)}),
    "32 bytes": SCALAR,
    "PEM SEC 1 after its curve, as OpenSSL writes it": CURVE_PEM + private(SEC1, Encoding.PEM),
    "PEM after the public one": PUBLIC_PEM + private(PKCS8, Encoding.PEM),
    "PEM of a variable, its line ends written out": private(PKCS8, Encoding.PEM).decode().replace("\n", "\\n"),
    "DER in base64 of several lines": base64.encodebytes(private(PKCS8, Encoding.DER)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_private_key_is_read(form: str) -> None:
    assert VapidKeys.parse(FORMS[form], SUBJECT).public_key == KEYS.public_key


@settings(max_examples=60, deadline=None)
@given(number=st.one_of(st.integers(1, ORDER - 1), st.integers(2**233, 2**248), st.sampled_from([2**255, 2**247 - 1])))
def test_a_key_that_java_wrote_is_read(number: int) -> None:
    """`BigInteger.toByteArray()`: as many bytes as the number and its sign need."""
    raw = number.to_bytes(number.bit_length() // 8 + 1)
    key = ec.derive_private_key(number, ec.SECP256R1())
    if len(raw) < 30:  # one key in four billion
        return
    for form in (base64url.encode(raw), base64.b64encode(raw).decode(), f'"{base64url.encode(raw)}"'):
        assert VapidKeys.parse(form, SUBJECT).private_key.private_numbers() == key.private_numbers()
    if len(raw) == 33:
        assert VapidKeys.parse(raw, SUBJECT).private_key.private_numbers() == key.private_numbers()


def test_a_key_that_lost_a_character_is_no_shorter_key() -> None:
    text = base64url.encode(SCALAR)
    with pytest.raises(ConfigurationError):
        VapidKeys.parse(text[:-1], SUBJECT)


def test_the_two_bits_that_32_bytes_leave_over_may_be_anything() -> None:
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = base64url.encode(SCALAR)
    for bits in range(1, 4):
        other = text[:-1] + digits[digits.index(text[-1]) + bits]
        assert VapidKeys.parse(other, SUBJECT).public_key == KEYS.public_key


def test_a_token_made_by_hand_is_hidden_in_a_request() -> None:
    token = VapidToken(str(ORIGIN), "vapid t=eyJ, k=B", NOW)
    assert "eyJ" not in repr(Request(vector.subscription().channel, (("Authorization", token.authorization),), b""))


def test_a_key_is_stored_and_read_again() -> None:
    assert VapidKeys.parse(KEYS.to_pem(), SUBJECT).application_server_key == KEYS.application_server_key


def as_text(key: ec.EllipticCurvePrivateKey, form: str) -> str:
    scalar = base64url.encode(key.private_numbers().private_value.to_bytes(32))
    if form == "32 bytes":
        return scalar
    if form == "JWK":
        return json.dumps({"kty": "EC", "crv": "P-256", "d": scalar}, indent=1)
    if form == "DER":
        return base64url.encode(key.private_bytes(Encoding.DER, PKCS8, NoEncryption()))
    kind = SEC1 if form == "PEM SEC 1" else PKCS8
    return key.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()


@settings(max_examples=150, deadline=None)
@given(
    number=st.integers(1, ORDER - 1),
    form=st.sampled_from(["PEM PKCS#8", "PEM SEC 1", "DER", "32 bytes", "JWK"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    around=st.sampled_from(["", "\n", " \t", "\r\n\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "text"]),
)
def test_whatever_editor_saved_it_a_key_is_read(
    number: int, form: str, line_end: str, around: str, encoding: str
) -> None:
    """PowerShell writes UTF-16, Notepad a byte order mark and its own line ends."""
    key = ec.derive_private_key(number, ec.SECP256R1())
    text = (around + as_text(key, form) + around).replace("\n", line_end)
    given_ = text if encoding == "text" else text.encode(encoding)
    assert VapidKeys.parse(given_, SUBJECT).public_key == VapidKeys(key, SUBJECT).public_key


@settings(max_examples=60, deadline=None)
@given(st.integers(1, ORDER - 1), st.sampled_from([PKCS8, SEC1, None]))
@example(0x0A, None)
@example(int.from_bytes(b"\x30" + bytes(31)), None)
def test_bytes_are_read_as_they_are(number: int, form: PrivateFormat | None) -> None:
    """A key may begin or end with what is a space or a line end in a text."""
    key = ec.derive_private_key(number, ec.SECP256R1())
    data = number.to_bytes(32) if form is None else key.private_bytes(Encoding.DER, form, NoEncryption())
    assert VapidKeys.parse(data, SUBJECT).public_key == VapidKeys(key, SUBJECT).public_key


def test_der_that_ends_as_a_line_does_is_read() -> None:
    keys = (ec.derive_private_key(number, ec.SECP256R1()) for number in range(1, 2000))
    ders = (key.private_bytes(Encoding.DER, PKCS8, NoEncryption()) for key in keys)
    ending = next(der for der in ders if der.endswith(b"\n"))
    assert VapidKeys.parse(ending, SUBJECT).public_key[-1:] == b"\n"


def test_text_that_begins_as_der_does_is_read() -> None:
    """0 is a digit of base64url, and its code is the first byte of DER."""
    scalar = b"\xd0" + bytes(30) + b"\x01"
    assert base64url.encode(scalar).startswith("0")
    assert VapidKeys.parse(base64url.encode(scalar), SUBJECT).public_key


LOCKED = KEYS.private_key.private_bytes(Encoding.PEM, PKCS8, BestAvailableEncryption(b"x"))
OTHER_CURVE = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PKCS8, NoEncryption())
RSA = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (base64url.encode(KEYS.public_key), "this is the public key"),
        (PUBLIC_PEM, "a public key"),
        (jwk(d=None), "public key"),
        (jwk(crv="P-384"), "P-256"),
        (jwk(d="€"), "base64url"),
        (jwk(x=base64url.encode(bytes(32)), y=base64url.encode(bytes(32))), "x and y"),
        (json.dumps({"keys": []}), "has neither"),
        (json.dumps({"publicKey": "", "privateKey": 5}), "privateKey"),
        (json.dumps({"publicKey": base64url.encode(bytes(65)), "privateKey": base64url.encode(SCALAR)}), "publicKey"),
        ("{", "not JSON"),
        (LOCKED, "password"),
        (OTHER_CURVE, "this PEM is a key of secp384r1"),
        (RSA, "this PEM is an RSA key"),
        ("", "is empty"),
        ("hello world", "neither PEM"),
        (base64url.encode(bytes(32)), "range"),
        (base64url.encode(b"\xff" * 32), "range"),
        (b"\x30\x00", "DER"),
        ("é" * 40, "neither PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "CERTIFICATE"),
        (base64url.encode(bytes(40)), "40 bytes"),
        (base64url.encode(bytes(24)), "24 bytes"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "PEM"),
        (7, "must be text or bytes"),
    ],
)
def test_what_is_no_private_key_is_refused_by_what_it_is(given: object, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        VapidKeys.parse(given, SUBJECT)  # type: ignore[arg-type]  # what a caller may give by mistake


@pytest.mark.parametrize(
    "subject", ["ops@example.com", "mailto:", "http://example.com", "", None, "mailto:a@b\r\nX: y"]
)
def test_a_subject_that_apple_would_refuse_is_refused(subject: object) -> None:
    with pytest.raises(ConfigurationError, match="subject"):
        VapidKeys(KEYS.private_key, subject)  # type: ignore[arg-type]  # what a caller may give by mistake


def test_no_repr_shows_the_key_or_a_token() -> None:
    token = KEYS.sign(ORIGIN, NOW)
    shown = f"{KEYS!r} {token!r} {token.authorization!r}"
    assert base64url.encode(SCALAR) not in shown
    assert "vapid t=" not in shown


def test_a_token_names_the_endpoints_origin_and_ends_within_a_day() -> None:
    token = KEYS.sign(ORIGIN, NOW)
    signed = token.authorization.removeprefix("vapid t=").split(",")[0].split(".")
    claims = json.loads(base64url.decode("claims", signed[1]))
    assert claims == {
        "aud": "https://wns2-by3p.notify.windows.com",
        "exp": int((NOW + timedelta(hours=12)).timestamp()),
        "sub": SUBJECT,
    }
    assert json.loads(base64url.decode("header", signed[0])) == {"typ": "JWT", "alg": "ES256"}
    assert len(base64url.decode("signature", signed[2])) == 64


def test_the_key_beside_the_token_is_the_unpadded_point() -> None:
    shown = str.__str__(KEYS.sign(ORIGIN, NOW).authorization)
    assert shown.endswith(f", k={KEYS.application_server_key}")
    assert "=" not in KEYS.application_server_key
    assert base64url.decode("k", KEYS.application_server_key) == KEYS.public_key
    assert (len(KEYS.public_key), KEYS.public_key[0]) == (65, 4)


def test_each_service_gets_its_own_audience_and_the_keys_stay_as_they_were() -> None:
    """pywebpush changes the caller's claims, so that the second service gets the first one's (webpush.md 8)."""
    others = ["https://fcm.googleapis.com", "https://updates.push.services.mozilla.com", str(ORIGIN)]
    before = (KEYS.subject, KEYS.to_pem())
    for origin in others:
        token = KEYS.sign(parse_origin(origin, AllowedHosts()), NOW)
        assert token.audience == origin
        assert read_token(token.authorization, origin, NOW) == KEYS.public_key
    assert (KEYS.subject, KEYS.to_pem()) == before


def test_another_librarys_check_accepts_it() -> None:
    authorization = str.__str__(KEYS.sign(ORIGIN, datetime.now(UTC)).authorization)
    # It takes what follows the last space.
    assert Vapid02.verify(authorization.replace(", ", ","))


def test_it_is_renewed_before_it_ends() -> None:
    token = KEYS.sign(ORIGIN, NOW)
    assert token.is_fresh(NOW + timedelta(hours=11, minutes=49))
    assert not token.is_fresh(NOW + timedelta(hours=11, minutes=51))


def test_it_is_renewed_when_the_clock_that_it_was_signed_by_is_set_back() -> None:
    """A service refuses an expiry over 24 hours ahead, and would until that day."""
    token = KEYS.sign(ORIGIN, NOW)
    assert token.is_fresh(NOW - timedelta(hours=12))
    assert not token.is_fresh(NOW - timedelta(hours=12, seconds=1))
    assert told(token.authorization, now=NOW - timedelta(hours=12, seconds=1)) == "exp"


def test_a_services_check_reads_the_key_back() -> None:
    assert read_token(KEYS.sign(ORIGIN, NOW).authorization, str(ORIGIN), NOW) == KEYS.public_key


@pytest.mark.parametrize("now", [NOW.replace(tzinfo=None), NOW.timestamp(), None])
def test_a_token_is_signed_for_a_time_with_a_time_zone_only(now: Any) -> None:
    with pytest.raises(ValidationError, match="now: must be a datetime with a time zone"):
        KEYS.sign(ORIGIN, now)


def told(authorization: str, origin: str = str(ORIGIN), now: datetime = NOW) -> str:
    with pytest.raises(ValidationError) as caught:
        read_token(authorization, origin, now)
    return caught.value.field


def test_a_services_check_names_what_is_wrong() -> None:
    good = str.__str__(KEYS.sign(ORIGIN, NOW).authorization)
    other = VapidKeys.generate(SUBJECT).application_server_key
    assert told("Bearer abc") == "scheme"
    assert told("vapid t=abc") == "parts"
    assert told(good.replace("vapid t=", "vapid t=a, t=")) == "parts"
    assert told(f"{good}=") == "k"
    assert told(good.replace(", k=", "==, k=")) == "signature"
    assert told(good.replace(KEYS.application_server_key, other)) == "signature"
    assert told(good, "https://fcm.googleapis.com") == "aud"
    assert told(good, now=NOW + timedelta(hours=13)) == "exp"
    assert told(good, now=NOW - timedelta(hours=13)) == "exp"
    assert told(good.replace("vapid t=ey", "vapid t=ex")) == "signature"
    assert told("vapid t=a.b.c, k=abc") == "signature"


@pytest.mark.parametrize("expiry", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 400, "true", '"soon"', "null"])
def test_an_expiry_that_is_no_time_is_refused_and_breaks_nothing(expiry: str) -> None:
    """JSON of Python's kind has numbers that are no times, and whole ones that no float holds."""
    claims = f'{{"aud":"{ORIGIN}","exp":{expiry}}}'.encode()
    signed = f"{base64url.encode(HEADER)}.{base64url.encode(claims)}"
    r, s = decode_dss_signature(KEYS.private_key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = base64url.encode(r.to_bytes(32) + s.to_bytes(32))
    assert told(f"vapid t={signed}.{signature}, k={KEYS.application_server_key}") == "exp"
