"""Several apps at one emulator: each logs in with its own secret, and its tokens are good for its own channels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.calls import ask, push_wns
from winpush import Client, Outcome, ValidationError, wns
from winpush.emulator import Device, Emulator, entra_credentials_for
from winpush.emulator.apps import MAX_APPS, Apps, app_named

TOAST = wns.Toast("Hello", "World")
APPS = [None, "weather", "wetter-\N{SNOWMAN}"]


def send(emulator: Emulator, login: Any, device: Device) -> Any:
    with Client(wns=login, allow_hosts=emulator.authorities) as client:
        return client.send(device.uri, TOAST)


@pytest.mark.parametrize("kind", ["entra_credentials_of", "package_credentials_of"])
@pytest.mark.parametrize("app", APPS)
def test_a_token_is_good_for_its_own_apps_channel_and_forbidden_at_anothers(
    kind: str, app: str | None, winpush_emulator: Emulator
) -> None:
    own = winpush_emulator.create_windows_channel(app=app)
    others = winpush_emulator.create_windows_channel(app="news")
    login = getattr(winpush_emulator, kind)(app)
    assert send(winpush_emulator, login, own).ok
    result = send(winpush_emulator, login, others)
    assert (result.status_code, result.outcome) == (403, Outcome.FORBIDDEN)
    assert "the app 'news'" in winpush_emulator.requests[-1].reason
    assert not result.should_delete_channel
    assert not others.toasts


def test_an_app_with_anothers_secret_is_refused(winpush_emulator: Emulator) -> None:
    weather, news = (winpush_emulator.entra_credentials_of(app) for app in ("weather", "news"))
    assert len({weather.client_id, news.client_id, winpush_emulator.entra_credentials.client_id}) == 3
    mixed = wns.EntraCredentials(weather.tenant_id, weather.client_id, news.client_secret, weather.authority)
    result = send(winpush_emulator, mixed, winpush_emulator.create_windows_channel(app="weather"))
    assert result.outcome is Outcome.CREDENTIALS_REFUSED


def test_a_login_of_each_app_is_none_too_many(winpush_emulator: Emulator) -> None:
    for app in APPS:
        login = winpush_emulator.entra_credentials_of(app)
        assert send(winpush_emulator, login, winpush_emulator.create_windows_channel(app=app)).ok
    assert [each.remarks for each in winpush_emulator.requests if each.kind == "token"] == [()] * 3
    send(winpush_emulator, login, winpush_emulator.create_windows_channel(app=APPS[-1]))
    (remark,) = winpush_emulator.requests[-2].remarks
    assert "still good" in remark


def test_a_program_in_another_process_knows_the_login_of_an_app_by_its_name(winpush_emulator: Emulator) -> None:
    login = entra_credentials_for(winpush_emulator.authority, "weather")
    assert login == winpush_emulator.entra_credentials_of("weather")
    assert send(winpush_emulator, login, winpush_emulator.create_windows_channel(app="weather")).ok


def test_an_app_that_nobody_named_is_unknown_and_the_known_ids_are_told(winpush_emulator: Emulator) -> None:
    known = winpush_emulator.entra_credentials_of("weather").client_id
    unknown = entra_credentials_for(winpush_emulator.authority, "news")
    result = send(winpush_emulator, unknown, winpush_emulator.create_windows_channel())
    assert result.outcome is Outcome.CREDENTIALS_REFUSED
    assert known in winpush_emulator.requests[-1].reason


def test_the_api_creates_a_channel_of_an_app_and_lists_what_logs_each_in(winpush_emulator: Emulator) -> None:
    status, (made,) = ask(winpush_emulator, "POST", "/api/channels", {"service": "wns", "app": "weather"})
    assert (status, made["app"]) == (201, "weather")
    own, weather = ask(winpush_emulator, "GET", "/api/apps")[1]
    assert (own["name"], weather["name"]) == (None, "weather")
    login = wns.EntraCredentials(
        weather["tenant_id"], weather["client_id"], weather["client_secret"], f"http://{winpush_emulator.authority}"
    )
    (device,) = winpush_emulator.phones
    assert isinstance(device, Device)
    assert send(winpush_emulator, login, device).ok


def test_a_test_notification_reaches_a_channel_of_any_app(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel(app="weather")
    assert winpush_emulator.send_test(device, "toast").status == 200


def test_a_token_of_its_own_app_is_not_good_for_a_named_one(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel(app="weather")
    assert push_wns(winpush_emulator, device, "badge", b'<badge value="1"/>').status == 403


@pytest.mark.parametrize("name", ["", "a" * 65, "a\nb", 7])
def test_a_name_that_can_not_be_one_is_refused(name: Any, winpush_emulator: Emulator) -> None:
    with pytest.raises(ValidationError, match="app"):
        winpush_emulator.create_windows_channel(app=name)
    with pytest.raises(ValidationError, match="app"):
        entra_credentials_for(winpush_emulator.authority, name)
    assert ask(winpush_emulator, "POST", "/api/channels", {"service": "wns", "app": name})[0] == 400
    assert not winpush_emulator.phones


def test_apps_are_kept_within_bounds_and_the_ids_of_many_differ() -> None:
    apps = Apps()
    for number in range(MAX_APPS - 1):
        apps.add(f"app {number}")
    assert len({(each.client_id, each.package_sid, each.client_secret) for each in apps.known}) == MAX_APPS
    assert apps.add("app 1") is apps.find(app_named("app 1").package_sid)
    with pytest.raises(ValidationError, match="one too many"):
        apps.add("another")


def test_the_secret_of_an_app_is_not_in_its_repr() -> None:
    app = app_named("weather")
    assert app.client_secret not in repr(app)
