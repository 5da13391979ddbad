"""The emulator's two token servers: Entra's, and the older one at login.live.com (wns.md 1). No IO."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from winpush.wns.protocol.auth import read_token_request
from winpush.wns.protocol.responses import ROWS, Endpoint

__all__ = ["CLIENT_SECRET", "PACKAGE_SID", "TENANT_ID", "Tokens", "headers_of", "is_token_path"]

TENANT_ID = "emulator.example"
CLIENT_ID = "00000000-0000-0000-0000-000000000001"
PACKAGE_SID = "ms-app://s-1-15-2-1-2-3-4-5-6-7"
CLIENT_SECRET = "emulator-secret"  # noqa: S105 - a made-up secret of a made-up service
LIFE = timedelta(hours=24)

_ENTRA_PATH = "/oauth2/v2.0/token"
_PACKAGE_PATH = "/accesstoken.srf"
_SCOPES = {"https://wns.windows.com/.default", "https://wns.windows.com/.default/", "notify.windows.com"}


def is_token_path(path: str) -> bool:
    """True for the path of either token server."""
    return path.endswith(_ENTRA_PATH) or path == _PACKAGE_PATH


def headers_of(status: int) -> dict[str, str]:
    """The headers of a token server's answer, with the time to wait if the table lists one for the status."""
    waits = [row.verdict.delay for row in ROWS if row.endpoint is Endpoint.TOKEN and row.status_code == status]
    headers = {"Cache-Control": "no-store"}
    if waits and waits[0] is not None:
        headers["Retry-After"] = str(int(waits[0].total_seconds()))
    return headers


@dataclass(frozen=True, slots=True)
class _Issued:
    expires_at: datetime


class Tokens:
    """The tokens issued so far, and when each expires."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._issued: dict[str, _Issued] = {}

    def issue(self, path: str, body: bytes, now: datetime) -> tuple[int, dict[str, Any]]:
        """A token for the right secret, otherwise the server's refusal: 401 from Entra, 400 from the older one."""
        form = read_token_request(body)
        if form.client_secret != CLIENT_SECRET or not form.client_id:
            status = 400 if path == _PACKAGE_PATH else 401
            return status, {"error": "invalid_client", "error_description": "The client id or its secret is wrong."}
        if form.grant_type != "client_credentials":
            return 400, {
                "error": "unsupported_grant_type",
                "error_description": "Only client_credentials is supported.",
            }
        if form.scope not in _SCOPES:
            return 400, {"error": "invalid_scope", "error_description": f"The scope {form.scope!r} is not one of WNS."}
        token = base64.urlsafe_b64encode(self._rng.randbytes(48)).decode("ascii")
        self._issued[token] = _Issued(now + LIFE)
        life: object = int(LIFE.total_seconds())
        # In Entra's documented sample the number is a string.
        return 200, {
            "token_type": "bearer" if path == _PACKAGE_PATH else "Bearer",
            "expires_in": life if path == _PACKAGE_PATH else str(life),
            "access_token": token,
        }

    def is_good(self, token: str | None, now: datetime) -> bool:
        """True for a token that was issued here and has neither expired nor been revoked."""
        issued = self._issued.get(token or "")
        return issued is not None and now < issued.expires_at

    def revoke(self) -> None:
        """Revokes every token issued so far."""
        self._issued.clear()
