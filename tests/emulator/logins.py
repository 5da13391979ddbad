"""Credentials for the emulator's token servers."""

from __future__ import annotations

import base64
from typing import Any

from winpush.emulator import Emulator
from winpush.emulator.tokens import CLIENT_ID, CLIENT_SECRET, PACKAGE_SID, TENANT_ID

ENTRA = f"/{TENANT_ID}/oauth2/v2.0/token"
PACKAGE = "/accesstoken.srf"
ENTRA_SCOPE = "https://wns.windows.com/.default"
GRANT = {"grant_type": "client_credentials"}
ENTRA_FORM = {**GRANT, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": ENTRA_SCOPE}
PACKAGE_FORM = {**GRANT, "client_id": PACKAGE_SID, "client_secret": CLIENT_SECRET, "scope": "notify.windows.com"}


def assertion(
    emulator: Emulator, key: bytes, certificate: bytes, header: dict[str, Any] | None = None, **claims: Any
) -> str:
    """A signed JWT, made by an independent library."""
    import jwt
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    print_ = x509.load_pem_x509_certificate(certificate).fingerprint(hashes.SHA256())
    named = {"x5t#S256": base64.urlsafe_b64encode(print_).decode().rstrip("=")}
    now = emulator.now().timestamp()
    usual = {
        "aud": f"http://{emulator.authority}{ENTRA}",
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "nbf": now - 1,
        "exp": now + 600,
    }
    algorithm = (header or {}).pop("alg", "PS256")
    made: str = jwt.encode({**usual, **claims}, key.decode(), algorithm, {**named, **(header or {})})
    return made
