"""Faults on demand: they happen as often as was asked, to the devices that were named."""

from __future__ import annotations

from functools import partial

import pytest

from tests.waiting import PATIENCE, eventually
from winpush import Client, Outcome, mpns
from winpush.emulator import Emulator, Fault

TOAST = mpns.Toast("Bold", "normal")


@pytest.mark.parametrize(
    ("cut", "outcome"),
    [
        ("before-answer", Outcome.ANSWER_LOST),
        ("half-answer", Outcome.ANSWER_LOST),
        ("garbage", Outcome.BAD_ANSWER),
    ],
)
def test_a_cut_is_felt_by_the_next_n_requests_and_no_more(cut: str, outcome: Outcome) -> None:
    with Emulator(seed=1) as emulator, Client(allow_hosts=[emulator.authority], timeout=PATIENCE) as client:
        phone = emulator.create_channel()
        emulator.faults.add(Fault(cut=cut, count=2))
        outcomes = [client.send(phone.uri, TOAST).outcome for _ in range(3)]
    assert outcomes == [outcome, outcome, Outcome.ACCEPTED]


def has_been_asked(emulator: Emulator, times: int) -> bool:
    return len(emulator.requests) == times


def test_silence_is_felt_by_the_next_n_requests_and_no_more() -> None:
    """A send to another phone makes the connection: the one that gets no answer has left when its time is over."""
    with Emulator(seed=1) as emulator, Client(allow_hosts=[emulator.authority], timeout=PATIENCE) as client:
        phone, other = emulator.create_channel(), emulator.create_channel()
        emulator.faults.add(Fault(cut="silence", count=2, phone=phone.id))
        for asked in (2, 4):
            assert client.send(other.uri, TOAST).ok
            assert client.send(phone.uri, TOAST, timeout=0.3).outcome is Outcome.TIMED_OUT
            eventually(partial(has_been_asked, emulator, asked))
        assert client.send(phone.uri, TOAST).ok


def test_a_share_of_faults_is_repeatable_by_its_seed() -> None:
    def statuses() -> list[int | None]:
        with Emulator(seed=7) as emulator, Client(allow_hosts=[emulator.authority]) as client:
            phone = emulator.create_channel()
            emulator.faults.add(Fault(status=503, share=0.5))
            return [client.send(phone.uri, TOAST).status_code for _ in range(30)]

    first = statuses()
    assert first == statuses()
    assert set(first) == {200, 503}


def test_a_delay_is_waited_for(winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel()
    winpush_emulator.faults.add(Fault(delay_seconds=3600, phone=phone.id))
    with Client(allow_hosts=[winpush_emulator.authority], timeout=PATIENCE) as client:
        assert client.send(phone.uri, TOAST, timeout=0.3).outcome is Outcome.TIMED_OUT
        assert client.send(winpush_emulator.create_channel().uri, TOAST).ok
