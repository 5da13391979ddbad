"""The record: every request is in it, with its contents and without its secrets."""

from __future__ import annotations

import json

import pytest

from tests.emulator.calls import MPNS_HEADERS, ask, call, log_in, post, push_wns, token_of
from tests.emulator.logins import ENTRA, ENTRA_FORM, PACKAGE
from winpush import mpns
from winpush.emulator import Emulator


def test_a_record_has_the_headers_and_the_path_of_its_request(winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel("8.0")
    post(winpush_emulator, phone, mpns.Toast("a").body, {**MPNS_HEADERS["toast"], "X-Mine": "7"})
    record = winpush_emulator.requests[-1]
    assert ("x-mine", "7") in record.headers
    assert ("content-type", "text/xml") in record.headers
    assert record.path == f"/throttledthirdparty/01.00/…{phone.uri[-6:]}"
    shown = ask(winpush_emulator, "GET", "/api/requests")[1][-1]
    assert ["x-mine", "7"] in shown["headers"]
    assert shown["path"] == record.path


def test_a_record_holds_neither_the_token_nor_the_channels_secret(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    token = token_of(winpush_emulator)
    push_wns(winpush_emulator, device, "raw", b"x", {"Authorization": f"Bearer {token}", "Cookie": "a=secret"})
    record = winpush_emulator.requests[-1]
    assert dict(record.headers)["authorization"] == f"Bearer {token[:4]}… ({len(token)} characters)"
    assert dict(record.headers)["cookie"] == "…"
    assert token not in repr(record)
    assert device.token not in repr(record)
    assert device.uri.partition("token=")[2] not in repr(record)
    assert record.path == f"/?token=…{device.uri[-6:]}"
    phone = winpush_emulator.create_channel("8.1")
    post(winpush_emulator, phone, mpns.Toast("a").body, MPNS_HEADERS["toast"])
    assert winpush_emulator.requests[-1].path == f"/u/1/db3/…{phone.uri[-6:]}"


@pytest.mark.parametrize(
    ("headers", "body", "kind"),
    [
        ({**MPNS_HEADERS["tile"], "X-NotificationClass": "9"}, b"", "tile"),
        ({**MPNS_HEADERS["toast"], "X-Long": "x" * 1100}, b"", "toast"),
        (MPNS_HEADERS["toast"], b"<", "toast"),
        ({**MPNS_HEADERS["toast"], "X-WindowsPhone-Target": "tile"}, b"", None),
    ],
)
def test_the_kind_is_known_of_what_is_refused_before_its_body_is_read(
    headers: dict[str, str], body: bytes, kind: str | None, winpush_emulator: Emulator
) -> None:
    post(winpush_emulator, winpush_emulator.create_channel(), body, headers)
    assert (winpush_emulator.requests[-1].status, winpush_emulator.requests[-1].kind) == (400, kind)


def test_the_kind_of_a_refused_windows_notification_is_known_too(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    post(winpush_emulator, device, b"", {"X-WNS-Type": "wns/badge"})
    assert (winpush_emulator.requests[-1].status, winpush_emulator.requests[-1].kind) == (401, "badge")


@pytest.mark.parametrize(
    ("kind", "headers", "said"),
    [
        ("raw", {"Content-Type": "text/xml"}, "Content-Type should be application/octet-stream; the request has 'text"),
        ("toast", {"Content-Type": ""}, "Content-Type should be text/xml; the request has ''"),
        ("toast", {"X-WNS-TTL": "1 day"}, "the request has '1 day'"),
        ("toast", {"X-WNS-Type": "wns/tost"}, "the request has 'wns/tost'"),
    ],
)
def test_the_reason_for_a_wrong_header_says_what_came(
    kind: str, headers: dict[str, str], said: str, winpush_emulator: Emulator
) -> None:
    response = push_wns(winpush_emulator, winpush_emulator.create_windows_channel(), kind, b"<toast/>", headers)
    assert response.status == 400
    assert "the request has" not in (response.getheader("X-WNS-Error-Description") or "")
    assert said in winpush_emulator.requests[-1].reason


# --- secrets in the wrong place or form ---------------------------------------------------------------------------

SECRET = "S3cr3tPassw0rdS3cr3tPassw0rd"
FORM = f"grant_type=client_credentials&client_id=x&client_secret={SECRET}&scope=y"
JSON = json.dumps({"grant_type": "client_credentials", "client_secret": SECRET, "nested": {"client_secret": SECRET}})
MULTIPART = f'--x\r\nContent-Disposition: form-data; name="client_secret"\r\n\r\n{SECRET}\r\n--x--'
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
JSON_TYPE = {"Content-Type": "application/json"}
MULTIPART_TYPE = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize("path", [ENTRA, PACKAGE, "/accesstoken.srf/", "/oauth2/token", "/?token=a"])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (FORM, FORM_TYPE),
        (FORM, {}),
        (FORM, JSON_TYPE),
        (FORM.replace("client_secret", "Client_Secret"), FORM_TYPE),
        (FORM.replace("client_secret", "ClientSecret"), FORM_TYPE),
        (FORM.replace("client_secret", "client%5fsecret"), FORM_TYPE),
        (FORM.replace("client_id=x", f"client_id={SECRET}"), FORM_TYPE),
        (SECRET, FORM_TYPE),
        (JSON, JSON_TYPE),
        (JSON.replace(": ", " :\n"), JSON_TYPE),
        (JSON.replace("client_secret", "clientSecret"), JSON_TYPE),
        (JSON[:-3], JSON_TYPE),
        (MULTIPART, MULTIPART_TYPE),
        (MULTIPART.replace("\r\n\r\n", "\r\nContent-Type: text/plain\r\n\r\n"), MULTIPART_TYPE),
    ],
)
def test_a_record_shows_no_client_secret_however_it_came(
    path: str, body: str, headers: dict[str, str], winpush_emulator: Emulator
) -> None:
    call(winpush_emulator, "POST", path, body.encode(), headers)
    assert SECRET not in json.dumps(ask(winpush_emulator, "GET", "/api/requests")[1])


@pytest.mark.parametrize(
    "path",
    [
        f"{ENTRA}?{FORM}",
        f"{PACKAGE}?{FORM}",
        f"{ENTRA}?ClientSecret={SECRET}",
        f"{ENTRA}?{SECRET}",
        f"//?token={SECRET * 4}",
        f"/?Token={SECRET * 4}",
        f"/?x=1&token={SECRET * 4}",
        f"/?x=1;token={SECRET * 4}",
        f"/?tok%65n={SECRET * 4}",
        f"/?token={SECRET * 4}&token={SECRET}",
        f"/W/?token={SECRET * 4}",
        f"/%3Ftoken={SECRET * 4}",
        f"/THROTTLEDTHIRDPARTY/01.00/{SECRET * 4}",
        f"//throttledthirdparty/01.00/{SECRET * 4}",
        f"/U/1/db3/{SECRET}/x/{SECRET}",
        f"/elsewhere/{SECRET * 4}",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_record_shows_no_secret_of_a_path_or_query_however_it_is_written(
    method: str, path: str, winpush_emulator: Emulator
) -> None:
    call(winpush_emulator, method, path, b"" if method == "POST" else None)
    assert SECRET not in json.dumps(ask(winpush_emulator, "GET", "/api/requests")[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", SECRET),
        ("X-Access-Token", SECRET),
        ("X-Client-Secret", SECRET),
        ("X-Api-Key", SECRET),
        ("Set-Cookie", f"a={SECRET}"),
        ("Referer", f"https://db5.notify.windows.com/?token={SECRET}"),
        ("X-CallbackURI", f"https://user:{SECRET}@a.example/x?key={SECRET}"),
    ],
)
def test_a_record_shows_no_secret_of_a_header(name: str, value: str, winpush_emulator: Emulator) -> None:
    call(winpush_emulator, "POST", "/?token=a", b"", {name: value})
    assert SECRET not in json.dumps(ask(winpush_emulator, "GET", "/api/requests")[1])


def test_a_record_shows_what_is_no_secret_in_full(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    payload = '{"token": "7", "code": "1234", "text": "The password is in your other mail, with a token="}'
    push_wns(winpush_emulator, device, "raw", payload.encode(), {"X-Mine": "https://a.example/img/a.png?v=7&lang=de"})
    record = winpush_emulator.requests[-1]
    assert record.body == payload
    assert ("x-mine", "https://a.example/img/a.png?v=7&lang=de") in record.headers
    call(winpush_emulator, "GET", "/api/nothing/favicon.ico?v=7&name=a+b")
    assert winpush_emulator.requests[-1].path == "/api/nothing/favicon.ico?v=7&name=a+b"
    log_in(winpush_emulator, ENTRA, {**ENTRA_FORM, "client_secret": SECRET})
    assert "client_secret=S3cr… (28 characters)&scope=https" in winpush_emulator.requests[-1].body
