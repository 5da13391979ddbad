"""Requests to the token servers and to Entra's OpenID documents: judged, answered and recorded like any other."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from winpush.emulator.channel_uris import is_mpns_path
from winpush.emulator.exchange import Answer, Incoming, Judged, keep
from winpush.emulator.faults import Fault
from winpush.emulator.tokens import TENANT_ID, LoginAnswer, TokenRequest, Tokens, headers_of, is_token_path
from winpush.emulator.world import World
from winpush.results import Outcome
from winpush.wns.protocol.responses import ROWS, Endpoint

__all__ = ["is_login", "misses_login", "receive_login", "refuse_login"]

_OPENID_PATH = re.compile(r"/([^/]+)/v2\.0/\.well-known/openid-configuration")
_VERSION_1 = re.compile(r"/[^/]+/oauth2/token/?", re.IGNORECASE)
# Paths meant for a token server: with an extra slash, in capitals, or with a part missing.
_NEAR = re.compile(r"(?:/[^/]+)*/(?:oauth2(?:/.*)?|token/?|accesstoken(?:\.srf)?/?)", re.IGNORECASE)
_SERVERS = "Entra's is /{tenant}/oauth2/v2.0/token, and login.live.com's is /accesstoken.srf (wns.md 1.1)"
_JSON = ("Content-Type", "application/json")


def is_login(path: str) -> bool:
    """True for the path of a token server, or of the document that tells MSAL where one is."""
    return is_token_path(path) or _OPENID_PATH.fullmatch(path) is not None


def misses_login(path: str) -> bool:
    """True for a path that was meant for a token server but belongs to none."""
    return not is_login(path) and not is_mpns_path(path) and _NEAR.fullmatch(path) is not None


def refuse_login(world: World, request: Incoming, now: datetime) -> Answer:
    """The answer to a login at a path that no token server has."""
    words = f"There is no token server at this path: {_SERVERS}."
    if _VERSION_1.fullmatch(request.path):
        words = f"This is Entra's version 1 path, for which no WNS login is documented: {_SERVERS}."
    document = {"error": "not_found", "error_description": words}
    answer = Answer(404, (_JSON, *headers_of(404).items()), json.dumps(document).encode())
    outcome, _ = _outcome(404)
    keep(world, request, answer, Judged("wns", 404, outcome, words, "token", word="not-found", is_login=True), now)
    return answer


def receive_login(
    world: World, tokens: Tokens, request: Incoming, base: str, now: datetime, fault: Fault | None
) -> Answer:
    """Judges a login and records it. `base` is the address that it was sent to: `https://127.0.0.1:8443`."""
    openid = _OPENID_PATH.fullmatch(request.path)
    kind = "token" if openid is None else "openid"
    if fault is not None and fault.status is not None:
        document = {"error": "temporarily_unavailable", "error_description": "A fault is set."}
        made = LoginAnswer(fault.status, document, f"A fault is set: the status {fault.status}.")
    elif openid is not None:
        made = _describe(openid[1], base)
    else:
        audiences = {f"{base}{request.path}", f"{base}/{TENANT_ID}/v2.0"}
        asked = TokenRequest(request.path, dict(request.headers), request.body, request.method, audiences)
        made = tokens.issue(asked, now)
    answer = Answer(made.status, (_JSON, *headers_of(made.status).items()), json.dumps(made.document).encode())
    outcome, source = _outcome(made.status)
    word = ("logged-in" if kind == "token" else "described") if outcome is Outcome.ACCEPTED else None
    keep(
        world,
        request,
        answer,
        Judged("wns", made.status, outcome, made.reason, kind, made.remarks, word=word, source=source, is_login=True),
        now,
        fault=fault,
    )
    return answer


def _outcome(status: int) -> tuple[Outcome, str]:
    """What a client makes of this status, and where that is documented."""
    for row in ROWS:
        if row.endpoint is Endpoint.TOKEN and row.status_code == status:
            return row.verdict.outcome, row.verdict.source
    return Outcome.TOKEN_UNAVAILABLE, ""


def _describe(tenant: str, base: str) -> LoginAnswer:
    """OpenID Connect Discovery, as far as an app's login needs it: MSAL reads where the token server is."""
    if tenant.lower() != TENANT_ID:
        words = f"Tenant {tenant[:80]!r} not found; the emulator's is {TENANT_ID}."
        document = {"error": "invalid_tenant", "error_description": f"AADSTS90002: {words}", "error_codes": [90002]}
        return LoginAnswer(400, document, words)
    at = f"{base}/{TENANT_ID}"
    described: dict[str, Any] = {
        "issuer": f"{at}/v2.0",
        "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
        "token_endpoint": f"{at}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{at}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{at}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
    }
    return LoginAnswer(200, described, "The OpenID document says where the token server is.")
