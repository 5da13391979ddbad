"""The real azure-identity, sync and async, as a client's credentials, on every way to send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Certificates
from tests.client.service import SECRET, TOAST, Service, reply
from tests.client.ways import Sender, every_way
from tests.servers import Peer
from tests.waiting import PATIENCE
from winpush import Action, Client, Outcome
from winpush.client.options import ClientOptions

pytest.importorskip("azure.identity", reason="waits for azure-identity, of the group dev")

TENANT = "contoso.example"
CLIENT = "11111111-2222-3333-4444-555555555555"
EXPIRED = (
    "AADSTS7000222: The provided client secret keys for app '11111111-2222-3333-4444-555555555555' are expired. "
    "Visit the Azure portal to create new keys for your app. Trace ID: 12-34 Correlation ID: 56-78 "
    "Timestamp: 2026-05-01 08:30:00Z"
)
Make = Callable[..., Any]


class Entra(Service):
    """A token server that also serves the document by which MSAL finds it, with WNS beside it."""

    def serve(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            line = request.split(b"\r\n")[0]
            with self._lock:
                if b"openid-configuration" in line:
                    peer.send(self._describe())
                else:
                    peer.send(self.take_token(request) if b"/token" in line else self.notify(request))

    def _describe(self) -> bytes:
        base = f"https://{self.server.authority}/{TENANT}"
        document = {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
        }
        return reply(200, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def refuse(self, code: str, description: str) -> None:
        """Answers every login this way from now on."""
        document = {"error": code, "error_description": description, "error_codes": [7000222]}
        self.token_answer = reply(401, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def revoke(self) -> None:
        """Accepts none of the tokens that it has issued."""
        self.tokens += 1


@pytest.fixture
def entra(certificates: Certificates) -> Iterator[Entra]:
    made = Entra(certificates.server())
    with made.server:
        yield made


@pytest.fixture(params=["sync", "async"])
def login(request: pytest.FixtureRequest, entra: Entra, certificates: Certificates, tmp_path: Path) -> Iterator[Any]:
    """A secret's credential of either kind."""
    from azure.core.pipeline.transport import AsyncioRequestsTransport
    from azure.identity import ClientSecretCredential
    from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential

    ca = tmp_path / "ca.pem"
    certificates.authority.cert_pem.write_to_path(str(ca))
    options: dict[str, Any] = {
        "authority": f"https://{entra.server.authority}",
        "disable_instance_discovery": True,
        "connection_verify": str(ca),
    }
    if request.param == "sync":
        with ClientSecretCredential(TENANT, CLIENT, SECRET, **options) as credential:
            yield credential
        return
    # aiohttp's session would belong to the loop of the first send, which ends with its client.
    options["transport"] = AsyncioRequestsTransport(connection_verify=str(ca))
    yield AsyncClientSecretCredential(TENANT, CLIENT, SECRET, **options)


def options_of(entra: Entra, login: Any, certificates: Certificates) -> ClientOptions:
    return {
        "wns": login,
        "allow_hosts": [entra.server.authority],
        "tls": certificates.tls,
        "timeout": PATIENCE,
    }


@every_way
def test_a_send_is_accepted_with_one_token_request(
    send: Sender, entra: Entra, login: Any, certificates: Certificates
) -> None:
    results = send([(entra.uri(number), TOAST) for number in range(3)], options_of(entra, login, certificates))
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 3, results[0].explanation
    assert len(entra.token_requests) == 1


@every_way
def test_an_expired_secret_stops_with_entras_own_words(
    send: Sender, entra: Entra, login: Any, certificates: Certificates
) -> None:
    entra.refuse("invalid_client", EXPIRED)
    results = send([(entra.uri(number), TOAST) for number in range(3)], options_of(entra, login, certificates))
    for result in results:
        assert (result.outcome, result.action) == (Outcome.CREDENTIALS_REFUSED, Action.STOP_AND_FIX)
        assert "AADSTS7000222" in result.explanation
        assert "Correlation ID: 56-78" in result.explanation
        assert SECRET not in result.explanation
    assert not entra.sends


@every_way
def test_a_login_without_its_variables_stops_with_azures_own_words(
    send: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.identity import EnvironmentCredential

    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"):
        monkeypatch.delenv(name, raising=False)
    with EnvironmentCredential() as credential:
        (result,) = send([("https://db5.notify.windows.com/?token=x", TOAST)], {"wns": credential})
    assert (result.outcome, result.action) == (Outcome.CREDENTIALS_REFUSED, Action.STOP_AND_FIX)
    assert "Environment variables are not fully configured" in result.explanation


@every_way
def test_after_a_401_it_is_asked_for_a_token_that_is_not_from_its_cache(
    send: Sender, entra: Entra, login: Any, certificates: Certificates
) -> None:
    options = options_of(entra, login, certificates)
    assert send([(entra.uri(), TOAST)], options)[0].ok
    entra.revoke()
    # The next client gets the token in azure-identity's cache, which WNS refuses.
    assert [result.outcome for result in send([(entra.uri(), TOAST)], options)] == [Outcome.ACCEPTED]
    assert len(entra.token_requests) == 2


def test_a_client_that_is_kept_gets_a_new_token_after_each_401(
    entra: Entra, login: Any, certificates: Certificates
) -> None:
    with Client(**options_of(entra, login, certificates)) as client:
        assert client.send(entra.uri(), TOAST).ok
        entra.revoke()
        assert [client.send(entra.uri(), TOAST).outcome for _ in range(2)] == [Outcome.ACCEPTED] * 2
    assert len(entra.token_requests) == 2


@every_way
def test_a_token_server_that_is_away_is_asked_again_later(send: Sender, certificates: Certificates) -> None:
    from azure.identity import ClientSecretCredential

    away = Entra()
    with away.server:
        authority = f"https://{away.server.authority}"
    options: dict[str, Any] = {"authority": authority, "disable_instance_discovery": True, "retry_total": 0}
    with ClientSecretCredential(TENANT, CLIENT, SECRET, **options) as credential:
        (result,) = send([("https://db5.notify.windows.com/?token=x", TOAST)], {"wns": credential, "timeout": PATIENCE})
    assert (result.outcome, result.action) == (Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER)


@every_way
@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (503, "application/json", b'{"error": "temporarily_unavailable", "error_description": "AADSTS90033"}'),
        (502, "text/html", b"<html>Bad Gateway</html>"),
        (200, "text/html", b"<html>Log in to the hotel's network</html>"),
    ],
)
def test_an_outage_of_the_token_server_is_not_taken_for_wrong_credentials(
    send: Sender, status: int, kind: str, body: bytes, entra: Entra, certificates: Certificates, tmp_path: Path
) -> None:
    from azure.identity import ClientSecretCredential

    entra.token_answer = reply(status, {"Content-Type": kind}, body)
    ca = tmp_path / "ca.pem"
    certificates.authority.cert_pem.write_to_path(str(ca))
    options: dict[str, Any] = {"authority": f"https://{entra.server.authority}", "disable_instance_discovery": True}
    options |= {"connection_verify": str(ca), "retry_total": 0}
    with ClientSecretCredential(TENANT, CLIENT, SECRET, **options) as credential:
        (result,) = send([(entra.uri(), TOAST)], options_of(entra, credential, certificates))
    assert (result.outcome, result.action) == (Outcome.TOKEN_UNAVAILABLE, Action.RETRY_LATER)


@every_way
def test_a_token_server_whose_certificate_is_not_trusted_is_named_as_at_a_send(send: Sender, entra: Entra) -> None:
    from azure.identity import ClientSecretCredential

    options: dict[str, Any] = {"authority": f"https://{entra.server.authority}", "disable_instance_discovery": True}
    with ClientSecretCredential(TENANT, CLIENT, SECRET, retry_total=0, **options) as credential:
        (result,) = send([("https://db5.notify.windows.com/?token=x", TOAST)], {"wns": credential, "timeout": PATIENCE})
    assert (result.outcome, result.action) == (Outcome.TLS_FAILED, Action.STOP_AND_FIX)
