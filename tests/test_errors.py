"""Exceptions: all can be copied and pickled, since a pool of processes passes them on."""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
from collections.abc import Iterator

import pytest

import winpush
from tests.results import answer
from winpush import WinPushError

_RESULT = answer(404, "Dropped")


def _all_errors() -> list[type[WinPushError]]:
    for module in pkgutil.walk_packages(winpush.__path__, "winpush."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)
    return sorted(set(_below(WinPushError)), key=lambda kind: f"{kind.__module__}.{kind.__name__}")


def _below(kind: type[WinPushError]) -> Iterator[type[WinPushError]]:
    if kind.__module__.startswith("winpush."):
        yield kind
    for each in kind.__subclasses__():
        yield from _below(each)


def _made(kind: type[WinPushError]) -> WinPushError:
    for arguments in (("words",), ("name", "words"), ("words", _RESULT)):
        try:
            return kind(*arguments)
        except TypeError:
            continue
    pytest.fail(f"{kind.__name__} takes other arguments: make one here")


def _sent(error: WinPushError) -> object:
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - its own


@pytest.mark.parametrize("kind", _all_errors(), ids=lambda kind: kind.__name__)
def test_an_error_is_the_same_in_another_process(kind: type[WinPushError]) -> None:
    error = _made(kind)
    for again in (_sent(error), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == str(error)
        assert vars(again).keys() == vars(error).keys()
        assert getattr(again, "result", None) == getattr(error, "result", None)
