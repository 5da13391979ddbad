"""The token servers: each refuses logins meant for another, and every way to log in that Microsoft documents works."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.emulator.calls import ask, call, log_in, push_wns
from tests.emulator.logins import ENTRA, ENTRA_FORM, ENTRA_SCOPE, GRANT, PACKAGE, PACKAGE_FORM, assertion
from winpush import ConfigurationError
from winpush.emulator import Emulator, Fault
from winpush.emulator.assertions import ASSERTION_TYPE
from winpush.emulator.tokens import CLIENT_ID, CLIENT_SECRET, PACKAGE_SID, TENANT_ID


def basic(client_id: str, secret: str) -> dict[str, str]:
    """An Authorization header."""
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


@pytest.mark.parametrize(("path", "form"), [(ENTRA, ENTRA_FORM), (PACKAGE, PACKAGE_FORM)])
def test_a_token_server_accepts_its_own_app(path: str, form: dict[str, str], winpush_emulator: Emulator) -> None:
    status, answer = log_in(winpush_emulator, path, form)
    assert status == 200
    assert answer["token_type"].lower() == "bearer"
    device = winpush_emulator.create_windows_channel()
    header = {"Authorization": f"Bearer {answer['access_token']}"}
    assert push_wns(winpush_emulator, device, "badge", b'<badge value="1"/>', header).status == 200


@pytest.mark.parametrize(
    ("path", "changed", "status", "error", "said"),
    [
        (ENTRA, {"client_id": PACKAGE_SID}, 400, "unauthorized_client", "log in at /accesstoken.srf"),
        (ENTRA, {"client_id": "nonsense"}, 400, "unauthorized_client", "nonsense"),
        (ENTRA, {"client_id": CLIENT_ID.replace("1", "2")}, 400, "unauthorized_client", CLIENT_ID),
        (ENTRA, {"client_id": ""}, 400, "invalid_request", "must contain client_id"),
        (ENTRA, {"scope": "notify.windows.com"}, 400, "invalid_scope", ENTRA_SCOPE),
        (ENTRA, {"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_scope", "AADSTS70011"),
        (ENTRA, {"scope": ""}, 400, "invalid_scope", ENTRA_SCOPE),
        (ENTRA, {"client_secret": "wrong"}, 401, "invalid_client", "AADSTS7000215"),
        (ENTRA, {"client_secret": None}, 401, "invalid_client", "AADSTS7000218"),
        (ENTRA, {"grant_type": "password"}, 400, "unsupported_grant_type", "password"),
        (ENTRA.replace(TENANT_ID, "other.example"), {}, 400, "invalid_request", TENANT_ID),
        (PACKAGE, {"client_id": CLIENT_ID}, 400, "invalid_client", "log in at /{tenant}/"),
        (PACKAGE, {"client_id": "ms-app://s-1-15-2-9"}, 400, "invalid_client", PACKAGE_SID),
        (PACKAGE, {"client_id": "nonsense"}, 400, "invalid_client", "nonsense"),
        (PACKAGE, {"scope": ENTRA_SCOPE}, 400, "invalid_scope", "notify.windows.com"),
        (PACKAGE, {"client_secret": "wrong"}, 400, "invalid_client", "secret"),
        (PACKAGE, {"grant_type": ""}, 400, "unsupported_grant_type", "client_credentials"),
    ],
)
def test_a_token_server_refuses_what_is_not_its_own(
    path: str, changed: dict[str, Any], status: int, error: str, said: str, winpush_emulator: Emulator
) -> None:
    usual = PACKAGE_FORM if path == PACKAGE else ENTRA_FORM
    form = {name: value for name, value in {**usual, **changed}.items() if value is not None}
    got, answer = log_in(winpush_emulator, path, form)
    assert (got, answer["error"]) == (status, error)
    assert said in answer["error_description"]


def test_a_form_of_another_content_type_is_refused_with_the_one_that_came(winpush_emulator: Emulator) -> None:
    status, answer = log_in(winpush_emulator, ENTRA, ENTRA_FORM, {"Content-Type": "application/json"})
    assert (status, answer["error"]) == (400, "invalid_request")
    assert "'application/json'" in answer["error_description"]
    response, body = call(winpush_emulator, "GET", ENTRA)
    assert response.status == 400
    assert b"only accepts POST" in body


@pytest.mark.parametrize(("path", "form"), [(ENTRA, ENTRA_FORM), (PACKAGE, PACKAGE_FORM)])
def test_http_basic_is_a_login_too(path: str, form: dict[str, str], winpush_emulator: Emulator) -> None:
    rest = {name: form[name] for name in ("grant_type", "scope")}
    client_id = form["client_id"].replace(":", "%3A")
    assert log_in(winpush_emulator, path, rest, basic(client_id, CLIENT_SECRET))[0] == 200
    assert log_in(winpush_emulator, path, rest, basic(client_id, "wrong"))[0] == (400 if path == PACKAGE else 401)
    status, answer = log_in(winpush_emulator, path, form, basic(CLIENT_ID, CLIENT_SECRET))
    assert (status, answer["error"]) == (400, "invalid_request")
    assert log_in(winpush_emulator, path, rest, {"Authorization": "Bearer x"})[0] == 400


@pytest.mark.parametrize(
    ("form", "status", "verdict"),
    [
        (ENTRA_FORM, 200, "logged-in"),
        ({**ENTRA_FORM, "client_secret": "wrong-secret-of-somebody"}, 401, "credentials-refused"),
        ({**ENTRA_FORM, "scope": "x"}, 400, "credentials-refused"),
    ],
)
def test_a_login_is_in_the_record_without_its_secret(
    form: dict[str, str], status: int, verdict: str, winpush_emulator: Emulator
) -> None:
    log_in(winpush_emulator, ENTRA, form)
    record = ask(winpush_emulator, "GET", "/api/requests")[1][-1]
    assert (record["status"], record["verdict"], record["kind"], record["path"]) == (status, verdict, "token", ENTRA)
    assert form["client_secret"] not in json.dumps(record)
    assert record["source"]
    assert "client_id=00000000-0000-0000-0000-000000000001" in record["body"]


def test_a_fault_of_the_token_server_is_recorded_and_any_other_path_too(winpush_emulator: Emulator) -> None:
    winpush_emulator.faults.add(Fault(status=503, count=1, phone="token"))
    assert log_in(winpush_emulator, ENTRA, ENTRA_FORM)[0] == 503
    call(winpush_emulator, "GET", "/nothing")
    seen = [(each.verdict, each.status, each.path) for each in winpush_emulator.requests]
    assert seen == [("token-unavailable", 503, ENTRA), ("not-found", 404, "/nothing")]


# --- assertions ---------------------------------------------------------------------------------------------------


def log_in_with(emulator: Emulator, jwt: str, **changed: str) -> tuple[int, dict[str, Any]]:
    """A login by assertion."""
    form = {**GRANT, "client_id": CLIENT_ID, "scope": ENTRA_SCOPE, "client_assertion_type": ASSERTION_TYPE}
    return log_in(emulator, ENTRA, {**form, "client_assertion": jwt, **changed})


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Shared by all logins with certificates: keys take long to make."""
    with Emulator(tls=True, seed=1) as made:
        yield made


@pytest.fixture(scope="module")
def certificate(emulator: Emulator) -> tuple[bytes, bytes]:
    """A certificate that may log in, and its key."""
    return emulator.make_login_certificate()


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_a_registered_certificate_logs_in(algorithm: str, emulator: Emulator, certificate: tuple[bytes, bytes]) -> None:
    pem, key = certificate
    jwt = assertion(emulator, key, pem, {"alg": algorithm})
    assert log_in_with(emulator, jwt)[0] == 200
    assert jwt not in repr(emulator.requests[-1])


@pytest.mark.parametrize(
    ("header", "claims", "said"),
    [
        ({}, {"aud": "https://login.microsoftonline.com/x/oauth2/v2.0/token"}, "AADSTS700023"),
        ({}, {"iss": "another"}, "AADSTS700021"),
        ({}, {"sub": PACKAGE_SID, "iss": PACKAGE_SID}, "AADSTS700021"),
        ({}, {"exp": 1_000_000_000}, "AADSTS700024"),
        ({}, {"nbf": 9_000_000_000}, "AADSTS700024"),
        ({}, {"aud": ["a"]}, "AADSTS700023"),
        ({"x5t#S256": "another"}, {}, "AADSTS700027"),
        ({"alg": "RS512"}, {}, "AADSTS50027"),
    ],
)
def test_an_assertion_that_proves_nothing_is_refused(
    header: dict[str, Any], claims: dict[str, Any], said: str, emulator: Emulator, certificate: tuple[bytes, bytes]
) -> None:
    pem, key = certificate
    status, answer = log_in_with(emulator, assertion(emulator, key, pem, dict(header), **claims))
    assert (status, answer["error"]) == (401, "invalid_client")
    assert said in answer["error_description"]


@pytest.mark.parametrize("jwt", ["", "a.b.c", "e30.e30.e30", "W10.W10.", "é.é.é", "." * 5, f"{'W' * 5000}.e30.x"])
def test_an_assertion_that_is_not_a_jwt_is_refused(jwt: str, emulator: Emulator) -> None:
    assert log_in_with(emulator, jwt)[0] == 401


def test_an_assertion_signed_by_another_key_is_refused(emulator: Emulator, certificate: tuple[bytes, bytes]) -> None:
    from winpush.emulator.assertions import make_login_certificate

    _, other = make_login_certificate("somebody else")
    status, answer = log_in_with(emulator, assertion(emulator, other, certificate[0]))
    assert status == 401
    assert "AADSTS700027" in answer["error_description"]
    assert log_in_with(emulator, "x", client_assertion_type="jwt")[0] == 400


def test_only_rsa_certificates_can_be_registered_for_logins(emulator: Emulator) -> None:
    with pytest.raises(ConfigurationError, match="RSA"):
        emulator.add_login_certificate(emulator.ca_pem)
    with pytest.raises(ConfigurationError, match="PEM"):
        emulator.add_login_certificate(b"x")


def test_a_certificate_does_not_log_in_at_the_older_server(emulator: Emulator) -> None:
    form = {**PACKAGE_FORM, "client_assertion": "x"}
    assert log_in(emulator, PACKAGE, form)[1]["error"] == "invalid_request"


def test_the_openid_document_names_the_address_that_was_asked(winpush_emulator: Emulator) -> None:
    path = f"/{TENANT_ID}/v2.0/.well-known/openid-configuration"
    status, document = ask(winpush_emulator, "GET", path, headers={"Host": f"localhost:{winpush_emulator.port}"})
    assert status == 200
    assert document["token_endpoint"] == f"http://localhost:{winpush_emulator.port}{ENTRA}"
    assert winpush_emulator.requests[-1].kind == "openid"
    assert ask(winpush_emulator, "GET", path.replace(TENANT_ID, "other"))[1]["error"] == "invalid_tenant"


def log_in_twice(emulator: Emulator, path: str, form: dict[str, str], between: Callable[[], object]) -> tuple[str, ...]:
    """The remarks on a second login."""
    assert log_in(emulator, path, form)[0] == 200
    between()
    assert log_in(emulator, path, form)[0] == 200
    return emulator.requests[-1].remarks


@pytest.mark.parametrize(("path", "form"), [(ENTRA, ENTRA_FORM), (PACKAGE, PACKAGE_FORM)])
def test_a_login_that_nobody_needed_gets_a_remark(path: str, form: dict[str, str], winpush_emulator: Emulator) -> None:
    remarks = log_in_twice(winpush_emulator, path, form, lambda: winpush_emulator.advance(90))
    assert len(remarks) == 1
    assert "token from 1 minute ago is still good" in remarks[0]
    assert "wns.md 1.2" in remarks[0]


def test_a_login_after_a_401_and_one_after_the_token_has_expired_get_no_remark(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()

    def refused() -> None:
        assert push_wns(winpush_emulator, device, "badge", b"", {"Authorization": "Bearer x"}).status == 401

    assert log_in_twice(winpush_emulator, PACKAGE, PACKAGE_FORM, refused) == ()
    assert log_in_twice(winpush_emulator, PACKAGE, PACKAGE_FORM, lambda: winpush_emulator.advance(86_400)) == ()


def test_logins_at_the_two_servers_are_of_two_apps(winpush_emulator: Emulator) -> None:
    log_in(winpush_emulator, ENTRA, ENTRA_FORM)
    assert log_in(winpush_emulator, PACKAGE, PACKAGE_FORM)[0] == 200
    assert winpush_emulator.requests[-1].remarks == ()


# --- paths that no token server has -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"/{TENANT_ID}/oauth2/token", "Entra's version 1 path"),
        ("/common/OAuth2/token/", "Entra's version 1 path"),
        (f"{ENTRA}/", "There is no token server at this path"),
        (ENTRA.replace("v2.0", "V2.0"), "There is no token server at this path"),
        (f"/{TENANT_ID}/oauth2/v2/token", "There is no token server at this path"),
        ("/oauth2/v2.0/token", "There is no token server at this path"),
        (f"/{TENANT_ID}/token", "There is no token server at this path"),
        ("/accesstoken.srf/", "There is no token server at this path"),
        ("/ACCESSTOKEN.SRF", "There is no token server at this path"),
        ("/accesstoken", "There is no token server at this path"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_login_at_a_path_that_no_token_server_has_is_told_where_they_are(
    method: str, path: str, said: str, winpush_emulator: Emulator
) -> None:
    response, body = call(winpush_emulator, method, path, "client_secret=x", {"Content-Type": "text/plain"})
    assert response.status == 404
    assert json.loads(body)["error_description"] == winpush_emulator.requests[-1].reason
    assert said in winpush_emulator.requests[-1].reason
    assert "/{tenant}/oauth2/v2.0/token" in winpush_emulator.requests[-1].reason
    assert (winpush_emulator.requests[-1].verdict, winpush_emulator.requests[-1].kind) == ("not-found", "token")


@pytest.mark.parametrize("path", ["/throttledthirdparty/01.00/token", "/u/1/db3/token", "/wpush/v2/token"])
def test_a_channel_whose_name_is_token_is_a_channel(path: str, winpush_emulator: Emulator) -> None:
    assert call(winpush_emulator, "POST", path, b"")[0].status in (401, 404)
    assert winpush_emulator.requests[-1].service in ("mpns", "webpush")
