"""The shortcuts that most channels of a broadcast take give the same results as the general code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.clock import Clock
from winpush import Service, mpns, wns
from winpush.delivery import DeliveryState, Outbox
from winpush.delivery.content.content import Content
from winpush.emulator import Emulator, Phone

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Someone:
    """A channel as the store returns it."""

    service: str
    platform: str | None = None
    locale: str | None = None
    key: str | None = None
    attributes: None = None


EVERYONE = [
    Someone(service.value, platform, locale)
    for service in Service
    for platform in (None, "7.0", "8.1", "windows")
    for locale in (None, "de")
    if (service, platform) != (Service.MPNS, "windows")
]

CONTENTS: list[Any] = [
    mpns.FlipTile(title="Hello"),
    wns.Toast("Hello"),
    wns.Toast("Hello").replace(ttl=timedelta(0), cache=False),
    wns.Toast("Hello").replace(ttl=2 * HOUR),
    wns.ClearToasts(everything=True),
    Content(mpns.Toast("Hello {key}"), template=True),
    Content(mpns.Toast("Hello"), locales={"de": wns.Toast("Hallo").replace(ttl=HOUR)}),
]


@pytest.mark.parametrize("given", CONTENTS, ids=range(len(CONTENTS)))
def test_the_plain_form_of_a_channel_is_what_it_gets_however_long_the_notification_has_waited(given: Any) -> None:
    content = Content.of(given)
    for channel in EVERYONE:
        assert content.plain_form(channel) is None  # nothing is known yet
        content.for_channel(channel)
        form = content.plain_form(channel)
        if form is not None:
            assert [content.for_channel(channel, waited=waited) for waited in (HOUR, 3 * HOUR)] == [form, form]


def test_a_ttl_that_runs_has_no_plain_form() -> None:
    content, channel = Content.of(wns.Toast("Hello").replace(ttl=2 * HOUR)), Someone("wns")
    content.for_channel(channel)
    assert content.plain_form(channel) is None


def test_a_template_is_filled_with_the_channels_attributes_each_time_it_is_sent(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    phones: list[Phone] = []
    for name, state in (("Ada", "healthy"), ("Bob", "queue-full"), (None, "healthy")):
        phones.append(winpush_emulator.create_channel(state=state))
        outbox.register({"uri": phones[-1].uri, "attributes": {} if name is None else {"name": name, "age": 7}})
    number = outbox.broadcast(Content(mpns.Toast("Hello {name}", "{age}"), template=True))
    outbox.deliver_until_idle()
    winpush_emulator.change(phones[1], state="healthy")
    clock.ahead += timedelta(hours=2)
    outbox.deliver_until_idle()
    said = [[(each.content["text1"], each.content["text2"]) for each in phone.toasts] for phone in phones]
    assert said == [[("Hello Ada", "7")], [("Hello Bob", "7")], []]
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2, DeliveryState.SKIPPED: 1}
