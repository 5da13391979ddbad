"""The example of RFC 8291, appendix A, which neither side of winpush wrote."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from winpush.webpush import Subscription, base64url

PLAINTEXT = b"When I grow up, I want to be a watermelon"
SALT = base64url.decode("salt", "DGv6ra1nlYgDCS1FRnbzlw")
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
BROWSER_KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SENDER_SCALAR = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER_SCALAR = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
ENDPOINT = "https://wns2-by3p.notify.windows.com/w/?token=BQYAAAB%2bsecret%2fsecret%3d"


def key_of(scalar: str) -> ec.EllipticCurvePrivateKey:
    """The private key with this number in base64url."""
    return ec.derive_private_key(int.from_bytes(base64url.decode("scalar", scalar)), ec.SECP256R1())


def given(**changes: object) -> dict[str, object]:
    """What the browser of the example gives, with changes."""
    keys = {"p256dh": BROWSER_KEY, "auth": AUTH}
    return {"endpoint": ENDPOINT, "expirationTime": None, "keys": keys, **changes}


def subscription(**changes: object) -> Subscription:
    """The same as a Subscription."""
    return Subscription.of(given(**changes))
