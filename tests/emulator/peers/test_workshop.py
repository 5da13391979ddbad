"""The peers' folders: made once, whoever asks, and a failure quotes the installer."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.emulator.peers import workshop
from tests.emulator.peers.workshop import InstallFailed, Place
from tests.waiting import PATIENCE


class Installer:
    """Installs by writing a file, and counts its runs."""

    def __init__(self, words: str = "") -> None:
        self.times = 0
        self._words = words

    def __call__(self, folder: Path) -> None:
        self.times += 1
        (folder / f"installed-{self.times}").touch()
        if self._words:
            raise InstallFailed(self._words)


def test_a_place_is_made_once_and_again_when_something_else_is_wanted(tmp_path: Path) -> None:
    installer = Installer()
    for wanted, times in (("a", 1), ("a", 1), ("b", 2)):
        folder = Place(tmp_path / "cache" / "npm", wanted).prepare(installer, "run")
        assert [path.name for path in folder.iterdir()] == [f"installed-{times}"]


def test_a_place_is_made_once_for_all_that_ask_at_the_same_time(tmp_path: Path) -> None:
    installer = Installer()
    place = Place(tmp_path / "npm", "a")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: place.prepare(installer, "run"), range(4)))
    assert installer.times == 1


def test_a_failure_is_told_to_all_workers_of_a_run_and_tried_again_in_the_next(tmp_path: Path) -> None:
    installer, place = Installer("no such version"), Place(tmp_path / "npm", "a")
    for run, times in (("one", 1), ("one", 1), ("two", 2)):
        with pytest.raises(InstallFailed, match="no such version"):
            place.prepare(installer, run)
        assert installer.times == times
    assert place.prepare(Installer(), "three").exists()


def test_a_failed_installer_gives_its_last_words(tmp_path: Path) -> None:
    folder = tmp_path / "npm"
    folder.mkdir()
    with pytest.raises(InstallFailed, match=r"ended with code 3:\nno such version"):
        workshop.run([sys.executable, "-c", "print('no such version'); raise SystemExit(3)"], folder, seconds=PATIENCE)


def test_an_installer_that_never_ends_is_ended(tmp_path: Path) -> None:
    folder = tmp_path / "npm"
    folder.mkdir()
    with pytest.raises(InstallFailed, match=r"took more than 0\.1 seconds"):
        workshop.run([sys.executable, "-c", "import threading; threading.Event().wait()"], folder, seconds=0.1)


def test_without_npm_there_is_no_place_and_a_word_on_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(workshop.ToolMissing, match=r"waits for Node\.js and npm"):
        workshop.node_modules("run")
