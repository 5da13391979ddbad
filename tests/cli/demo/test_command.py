"""`winpush demo`, as a person types it, on terminals that are not the developer's."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from urllib.request import Request, urlopen

import pytest

from tests.cli.commands import WINPUSH, environment, found, read_match, read_until, run, started
from tests.waiting import PATIENCE
from winpush.results import Outcome


def test_the_demo_says_what_came_of_each_broadcast() -> None:
    done = run("demo", "--json", "--phones", "80", "--windows", "40", "--seed", "1")
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)["broadcasts"]
    assert first["sent"] == sum(first["outcomes"].values()) == 120
    assert first["outcomes"]["accepted"] > 40
    assert first["deleted_channels"] == first["outcomes"]["channel-gone"] > 0
    # A channel that asked for a wait gets it, and a channel that is gone stays gone.
    assert second["waited_for"] > 0
    assert second["sent"] + second["waited_for"] + second["nothing_to_send"] == 120 - first["deleted_channels"]
    assert run("demo", "--json", "--phones", "80", "--windows", "40", "--seed", "1").returncode == 0


def kill_a_worker(seconds: int) -> bool:
    """Kills the worker of a demo whose broadcast takes this long; False if it was done before it was killed."""
    with started("demo", "--exit", "--seconds", str(seconds), "--phones", "30", "--windows", "30") as process:
        try:
            os.kill(int(read_match(process, r"kill -9 (\d+)")), signal.SIGKILL)
        except ProcessLookupError:
            return False
        said = read_match(process, r"(The worker died \(SIGKILL\)|Lost: 0\.)")
        if not said.startswith("The worker died"):
            return False
        assert read_match(process, r"(1 worker died\. Lost: 0\.)")
        return process.wait(PATIENCE) == 0


def test_a_worker_of_the_demo_that_is_killed_is_replaced_and_nothing_is_lost() -> None:
    assert any(kill_a_worker(seconds) for seconds in (6, 30, 150))


def test_the_demo_is_readable_in_a_pipe() -> None:
    done = run("demo", "--exit", "--phones", "40", "--windows", "10")
    assert done.returncode == 0
    assert "Results of a toast: 50 sent" in done.stdout
    assert "\x1b[" not in done.stdout
    assert done.stderr == ""


def test_the_page_of_the_demo_stays_open_until_ctrl_c() -> None:
    with started("demo", "--phones", "5") as process:
        url = read_match(process, r"Page: (http://\S+)")
        with urlopen(url) as page:
            assert b"winpush" in page.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_the_demo_says_what_each_outcome_means_and_what_was_done_about_it() -> None:
    done = run("demo", "--exit", "--phones", "120", "--windows", "0", "--seed", "5", COLUMNS="120")
    assert done.returncode == 0
    assert "The subscription no longer exists." in done.stdout
    assert "Channels deleted" in done.stdout
    assert "Retry in 4 minutes" in done.stdout


def test_the_demos_summary_for_machines_says_the_same() -> None:
    summary = json.loads(run("demo", "--json", "--phones", "120", "--seed", "5").stdout)
    for broadcast in summary["broadcasts"]:
        assert set(broadcast["done"]) == set(broadcast["outcomes"])
        assert set(broadcast["outcomes"]) <= {outcome.value for outcome in Outcome}
    assert "deleted" in summary["broadcasts"][0]["done"]["channel-gone"]


def test_the_same_seed_gives_the_same_phones() -> None:
    first, second = (json.loads(run("demo", "--json", "--phones", "60", "--seed", "9").stdout) for _ in range(2))
    assert sorted(first["broadcasts"][0]["outcomes"].items()) == sorted(second["broadcasts"][0]["outcomes"].items())


@pytest.mark.parametrize("columns", ["40", "80"])
def test_the_demo_fits_a_narrow_terminal(columns: str) -> None:
    done = run("demo", "--exit", "--phones", "20", COLUMNS=columns)
    assert done.returncode == 0
    assert max(len(line.rstrip()) for line in done.stdout.splitlines() if "http://" not in line) <= int(columns)
    assert re.search(r"http://127\.0\.0\.1:\d+/", done.stdout), "the address must stay in one piece"
    assert "Nothing" in done.stdout


def test_the_demo_is_readable_where_the_output_is_not_utf_8() -> None:
    done = run("demo", "--exit", "--phones", "20", PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stderr) == (0, "")
    assert "accepted" in done.stdout


UNHEALTHY_SEED = "1"  # the one phone of `demo --phones 1 --seed 1` has an expired channel


def test_the_page_stays_open_although_no_phone_is_healthy_and_lives_on_when_one_gets_well() -> None:
    with started("demo", "--phones", "1", "--windows", "0", "--seed", UNHEALTHY_SEED) as process:
        said = read_until(process, "The page stays open")
        assert "1 simulated phone " in said
        url = found(r"(http://\S+)", said)
        heal = Request(f"{url}api/channels/p1", b'{"state": "healthy"}', {"Content-Type": "application/json"})
        heal.method = "PATCH"
        with urlopen(heal) as answer:
            assert answer.status == 200
        follow_until_accepted(f"{url}api/events")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130


def follow_until_accepted(url: str) -> None:
    """Reads the page's own stream of events until a phone has taken a notification."""
    with urlopen(url) as stream:
        for line in stream:
            if line.startswith(b"data: ") and any(phone["accepted"] for phone in json.loads(line[6:])["phones"]):
                return
    raise AssertionError("the stream ended first")


def test_ctrl_c_with_the_page_open_in_a_browser_ends_the_demo() -> None:
    with started("demo", "--phones", "5") as process:
        url = found(r"(http://\S+)", read_until(process, "Page:"))
        opened = threading.Event()

        def browse() -> None:
            with urlopen(f"{url}api/events") as stream:
                stream.readline()
                opened.set()
                for _ in stream:
                    pass

        browser = threading.Thread(target=browse, daemon=True)
        browser.start()
        assert opened.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == ""
        browser.join(PATIENCE)


def test_a_reader_that_turns_away_causes_no_traceback() -> None:
    with subprocess.Popen(
        [*WINPUSH, "demo", "--exit", "--phones", "3"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
