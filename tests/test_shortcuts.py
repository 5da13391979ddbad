"""The convenience functions: one call, one notification, as in the seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from winpush import ChannelError, Client, Result, mpns
from winpush.emulator import Emulator

CALLS: list[tuple[Callable[..., Result], tuple[Any, ...], dict[str, Any], mpns.Notification]] = [
    (mpns.send_toast, ("Bold", "normal", "/p"), {"silent": True}, mpns.Toast("Bold", "normal", "/p", silent=True)),
    (mpns.send_tile, ("i.png", 5, "t"), {"id": "/x"}, mpns.Tile("i.png", 5, "t", id="/x")),
    (mpns.send_flip_tile, ("i.png", 5), {"wide_back_content": "w"}, mpns.FlipTile("i.png", 5, wide_back_content="w")),
    (mpns.send_iconic_tile, ("#FF000000", 1), {"icon_image": "i"}, mpns.IconicTile("#FF000000", 1, icon_image="i")),
    (mpns.send_cycle_tile, ("s.png", ["a"], 1), {}, mpns.CycleTile("s.png", ["a"], 1)),
    (mpns.send_raw, ("payload",), {}, mpns.Raw("payload")),
]


@pytest.mark.parametrize(
    ("function", "arguments", "options", "expected"), CALLS, ids=lambda value: getattr(value, "__name__", None)
)
def test_each_makes_its_notification_and_sends_it(
    function: Callable[..., Result],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    expected: mpns.Notification,
    winpush_emulator: Emulator,
    winpush_client: Client,
) -> None:
    phone = winpush_emulator.create_channel()
    result = function(phone.uri, *arguments, client=winpush_client, **options)
    assert result.ok
    assert result.notification == expected


def test_without_a_client_one_is_made_that_sends_to_the_real_service_only(winpush_emulator: Emulator) -> None:
    with pytest.raises(ChannelError):
        mpns.send_toast(winpush_emulator.create_channel().uri, "a")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="send_fax"):
        mpns.send_fax  # noqa: B018 - on purpose
