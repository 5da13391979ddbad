"""What `winpush doctor` finds, and the finding about the login."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from winpush import Action, Outcome, Result, wns
from winpush.cli.output import describe_delay
from winpush.client.encoder import Encoder
from winpush.client.options import ClientOptions, Settings
from winpush.client.sender import Sender
from winpush.client.throttle import Throttle
from winpush.transport.pool import Pool

__all__ = ["Finding", "State", "advise", "advise_login", "check_login", "describe"]

State = Literal["good", "note", "bad"]
"""How a check ended: `bad` is a problem, `note` is not."""

# Why there is no token, and whether that can pass by itself -> what to do before the next try ('' for nothing).
_REACH = "check that this machine can reach the token server"
_TO_DO = {
    (Outcome.CREDENTIALS_REFUSED, False): "check the ids and the secret; the usual cause is an expired secret",
    (Outcome.CREDENTIALS_FAILED, False): "fix the login or its configuration",
    (Outcome.PROXY_FAILED, False): "check the proxy's address (--proxy, HTTPS_PROXY), user and password",
    (Outcome.PROXY_FAILED, True): "check that the proxy runs (--proxy, HTTPS_PROXY) and reaches the token server",
    (Outcome.TLS_FAILED, False): "trust the certificate authority of the network's proxy with --ca",
    (Outcome.TOKEN_THROTTLED, True): "",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, and what to do about it ('' if nothing)."""

    about: str
    state: State
    text: str
    to_do: str = ""


def describe(result: Result) -> str:
    """The outcome of a probe, in the words of its result."""
    said = " ".join(part for part in (result.explanation, result.diagnosis) if part)
    status = "" if result.status_code is None else f" ({result.status_code})"
    return f"{result.outcome.value}{status}: {said}"


def advise(result: Result) -> str:
    """What to do about a probe that was refused."""
    if result.should_delete_channel:
        return "delete this channel; the app gets a new one when it starts"
    if result.retry_after is not None:
        return f"try again in {describe_delay(result.retry_after)} or later"
    return "fix this; the channel itself may be fine"


def check_login(options: ClientOptions) -> Finding:
    """Requests a token. The finding says whose it is and when it expires, or why there is none."""
    credentials = options["wns"]
    if credentials is None:
        return Finding(
            "login",
            "bad",
            "no credentials given, and WNS requires them",
            "give --tenant-id, --client-id and WINPUSH_CLIENT_SECRET, or --package-sid and WINPUSH_CLIENT_SECRET",
        )
    answer = asyncio.run(_log_in(options))
    if isinstance(answer, wns.Token):
        until = answer.expires_at.strftime("%Y-%m-%d %H:%M:%SZ")
        text = (
            f"the token server accepts the credentials: a token for {_whose(credentials, answer)}, valid until {until}"
        )
        return Finding("login", "good", text)
    return Finding("login", "bad", f"{answer.verdict.outcome.value}: {answer.verdict.meaning}", advise_login(answer))


def advise_login(problem: wns.TokenProblem) -> str:
    """What to do to get a token."""
    passes = problem.verdict.action is Action.RETRY_LATER
    to_do = _TO_DO.get((problem.verdict.outcome, passes), _REACH)
    if not passes:
        return to_do
    again = "try again" if problem.retry_after is None else f"try again in {describe_delay(problem.retry_after)}"
    return f"{to_do}, then {again}" if to_do else again


async def _log_in(options: ClientOptions) -> wns.Token | wns.TokenProblem:
    # A stored token says nothing about the credentials.
    settings = replace(Settings.of(**options), token_store=None)
    sender = Sender(Encoder(settings), Throttle.of(settings), Pool(settings.limits))
    try:
        return await sender.log_in()
    finally:
        await sender.close()


def _whose(credentials: object, token: wns.Token) -> str:
    if isinstance(credentials, wns.EntraCredentials):
        return f"app {credentials.client_id} of tenant {credentials.tenant_id}"
    if isinstance(credentials, wns.PackageCredentials):
        return credentials.package_sid
    claims = _claims(token.value)
    app, tenant = claims.get("appid") or claims.get("azp"), claims.get("tid")
    if app is None or tenant is None:
        return type(credentials).__name__
    return f"app {app} of tenant {tenant} (according to the token)"


def _claims(token: str) -> dict[str, Any]:
    """The claims of a token that is a JWT, as Entra's are today; unverified. Empty for any other token."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
