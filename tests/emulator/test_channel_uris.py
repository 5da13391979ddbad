"""Channel URIs: as long and as escaped as real ones, and found in exactly that form."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.calls import MPNS_HEADERS, call, post, push_wns, token_of
from winpush import mpns
from winpush.emulator import Device, Emulator
from winpush.emulator.channel_uris import ChannelIndex, make_mpns_path, make_wns_token, read_wns_token, wns_query

TOAST = mpns.Toast("a").body


@given(st.integers(0, 10_000))
def test_a_wns_token_is_140_characters_of_base64_with_every_escape(seed: int) -> None:
    token = make_wns_token(seeded(seed))
    query = wns_query(token)
    assert len(token) == 140
    assert all(escape in query for escape in ("%2b", "%2f", "%3d"))
    assert read_wns_token(query) == token
    assert read_wns_token(query.replace("%2b", "%2B")) == token
    assert read_wns_token(unquote(query)) != token


@pytest.mark.parametrize(
    ("version", "authenticated", "form"),
    [
        ("7.0", False, r"/throttledthirdparty/01\.00/AAE?[\w-]{64,65}"),
        ("8.0", True, r"/unthrottledthirdparty/01\.00/AQ[\w-]{76}"),
        ("8.1", False, r"/u/1/db3/HmQAAA[\w-]{90}/d2luZG93c3Bob25lZGVmYXVsdA/[\w-]{22}/[\w-]{27}"),
    ],
)
def test_an_mpns_channel_has_the_form_of_its_phones_version(version: str, authenticated: bool, form: str) -> None:
    path = make_mpns_path(seeded(1), version, authenticated=authenticated)
    assert re.fullmatch(form, path), path


def seeded(seed: int) -> random.Random:
    """Random numbers that are the same each time."""
    return random.Random(seed)  # noqa: S311 - made-up channels


def twice(query: str) -> str:
    return "token=" + quote(query.removeprefix("token="), safe="")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda query: unquote(query).replace("=", "%3D").replace("token%3D", "token="), "decoded"),
        (unquote, "decoded"),
        (twice, "encoded twice"),
        (lambda query: query[:80], "cut after"),
        (lambda query: query[:-3], "cut after 139 of 140"),
        (lambda query: query[:12], "No channel has this token."),
        (lambda _: "token=", "No channel has this token."),
    ],
)
def test_a_decoded_double_encoded_or_cut_windows_channel_is_not_found(
    change: Callable[[str], str], said: str, winpush_emulator: Emulator
) -> None:
    device = winpush_emulator.create_windows_channel()
    query = device.uri.partition("?")[2]
    headers = {"Authorization": f"Bearer {token_of(winpush_emulator)}", "X-WNS-Type": "wns/badge"}
    assert call(winpush_emulator, "POST", f"/?{change(query)}", b"", headers)[0].status == 404
    assert said in winpush_emulator.requests[-1].reason
    assert push_wns(winpush_emulator, device, "badge", b'<badge value="1"/>').status == 200


@pytest.mark.parametrize("version", ["7.8", "8.1"])
def test_a_cut_phones_channel_is_not_found(version: str, winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel(version)
    path = phone.uri.partition(winpush_emulator.authority)[2]
    answer, _ = call(winpush_emulator, "POST", path[:-1], TOAST, MPNS_HEADERS["toast"])
    assert (answer.status, answer.getheader("X-SubscriptionStatus")) == (404, "Expired")
    assert f"cut after {len(path) - 1} of {len(path)}" in winpush_emulator.requests[-1].reason
    assert post(winpush_emulator, phone, TOAST, MPNS_HEADERS["toast"]).status == 200


def test_a_channel_that_is_removed_is_found_no_more() -> None:
    index: ChannelIndex[str] = ChannelIndex()
    key = make_wns_token(seeded(1))
    index.add(key, "device")
    index.remove(key)
    assert index.get(key) is None
    assert index.explain(key[:100]) == "No channel has this token."


def test_the_seed_makes_channels_repeatable() -> None:
    def uris() -> list[str]:
        emulator = Emulator(seed=5, port=8080)
        made: list[str] = [emulator.create_channel(version).uri for version in ("7.0", "8.1")]
        device: Device = emulator.create_windows_channel()
        return [*made, device.uri]

    assert uris() == uris()
