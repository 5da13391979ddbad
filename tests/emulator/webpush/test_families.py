"""The push services as rows: endpoints in the form that browsers really get, and answers that senders understand."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest

from tests.emulator.webpush.pushes import push
from winpush import Channel, Client, Outcome
from winpush.channels import Service
from winpush.emulator import BROWSERS, Emulator
from winpush.emulator.webpush.channel_states import Fate
from winpush.emulator.webpush.families import is_web_push
from winpush.webpush import Message

WNS_ONLY = {Fate.TTL_CONFLICT, Fate.WNS_TYPE}
SENDERS_OWN = {Fate.NO_TOKEN, Fate.OLD_TOKEN, Fate.BAD_TOKEN}
OUTCOMES = {
    Fate.TAKEN: {Outcome.ACCEPTED},
    Fate.DROPPED: {Outcome.ACCEPTED, Outcome.DROPPED},
    Fate.METHOD: {Outcome.METHOD_NOT_ALLOWED},
    Fate.OUTAGE: {Outcome.SERVICE_UNAVAILABLE},
    Fate.UNKNOWN: {Outcome.CHANNEL_GONE},
    Fate.DAMAGED: {Outcome.CHANNEL_GONE, Outcome.INVALID_CHANNEL},
    Fate.GONE: {Outcome.CHANNEL_GONE},
    **{fate: {Outcome.UNAUTHORIZED} for fate in SENDERS_OWN},
    # Mozilla has one number for both; only the others tell them apart (webpush.md 7).
    Fate.OTHER_KEY: {Outcome.KEY_MISMATCH, Outcome.UNAUTHORIZED},
    Fate.TOO_LARGE: {Outcome.PAYLOAD_TOO_LARGE},
    Fate.THROTTLED: {Outcome.THROTTLED},
}


@pytest.mark.parametrize("name", BROWSERS)
def test_a_sender_understands_each_fate_in_the_words_of_each_service(name: str) -> None:
    family = BROWSERS[name]
    assert set(Fate) - set(family.words) <= (WNS_ONLY if name != "edge" else set())
    for fate, wording in family.words.items():
        assert family.verdict_of(wording).outcome in OUTCOMES.get(fate, {Outcome.BAD_REQUEST}), fate
    if name != "firefox":
        assert family.verdict_of(family.words[Fate.OTHER_KEY]).outcome is Outcome.KEY_MISMATCH


@pytest.mark.parametrize(
    ("name", "fate", "status", "said"),
    [
        (
            "firefox",
            Fate.OTHER_KEY,
            401,
            {"code": 401, "errno": 109, "error": "Unauthorized", "message": "VAPID public key mismatch"},
        ),
        ("firefox", Fate.BAD_TOKEN, 401, {"code": 401, "errno": 109}),
        ("firefox", Fate.GONE, 410, {"code": 410, "errno": 106}),
        ("firefox", Fate.TOO_LARGE, 413, {"code": 413, "errno": 104}),
        ("firefox", Fate.NO_TTL, 400, {"code": 400, "errno": 111}),
        ("safari", Fate.OTHER_KEY, 400, {"reason": "VapidPkHashMismatch"}),
        ("safari", Fate.BAD_TOKEN, 403, {"reason": "BadJwtToken"}),
        ("safari", Fate.GONE, 410, {"reason": "Unregistered"}),
    ],
)
def test_bodies_say_what_was_published(name: str, fate: Fate, status: int, said: dict[str, object]) -> None:
    wording = BROWSERS[name].words[fate]
    assert (wording.status, json.loads(wording.body)) == (status, said)


@pytest.mark.parametrize("name", BROWSERS)
def test_an_endpoint_looks_like_a_real_one_and_is_known_as_one(name: str, winpush_emulator: Emulator) -> None:
    browser = winpush_emulator.create_subscription(browser=name)
    channel = Channel.parse(browser.uri, allow_hosts=winpush_emulator.authorities)
    assert channel.may_belong_to(Service.WEBPUSH)
    assert is_web_push(channel.target.partition("?")[0])
    if name == "edge":
        real = len(f"https://wns2-by3p.notify.windows.com{channel.target}")
        assert 348 <= real <= 411
        assert all(escape in channel.target for escape in ("%2b", "%2f", "%3d"))


def test_all_endpoints_of_edge_have_all_escapes_and_a_real_length() -> None:
    family = BROWSERS["edge"]
    for seed in range(300):
        token = family.make_token(random.Random(seed))  # noqa: S311 - a made-up token
        endpoint = family.endpoint("https://wns2-by3p.notify.windows.com", token)
        assert 348 <= len(endpoint) <= 411
        assert all(escape in endpoint for escape in ("%2b", "%2f", "%3d"))


@pytest.mark.parametrize("path", ["/", "/Q", "/web/style.css", "/u/1/db3/x", "/throttledthirdparty/01.00/x", "/Queue"])
def test_other_paths_are_no_endpoints(path: str) -> None:
    assert not is_web_push(path)


@pytest.mark.parametrize("name", BROWSERS)
def test_a_cut_endpoint_is_unknown_and_the_record_says_that_it_was_cut(name: str, winpush_emulator: Emulator) -> None:
    browser = winpush_emulator.create_subscription(browser=name)
    target = browser.subscription.channel.target[:-10]
    assert push(winpush_emulator, browser, target=target).status == 404
    assert "it was cut after" in winpush_emulator.requests[-1].reason


def test_an_older_path_of_google_is_an_endpoint_that_nobody_has(winpush_emulator: Emulator) -> None:
    browser = winpush_emulator.create_subscription(browser="chrome")
    assert push(winpush_emulator, browser, target="/wp/abc").status == 404
    assert winpush_emulator.requests[-1].service == "webpush"


def test_a_throttle_of_the_others_says_how_long(winpush_emulator: Emulator, winpush_client: Client) -> None:
    browser = winpush_emulator.create_subscription("throttled", browser="firefox")
    result = winpush_client.send(browser.subscription, Message("x"))
    assert (result.status_code, result.retry_after) == (429, timedelta(minutes=2))
