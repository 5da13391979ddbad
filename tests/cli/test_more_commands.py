"""The tree of commands, the emulator and the demo, on machines and terminals that are not the developer's."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.cli.commands import WINPUSH, call, environment, run
from winpush.results import Outcome

UNHEALTHY_SEED = "1"  # the one phone of `demo --phones 1 --seed 1` has an expired channel


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until Ctrl-C."""
    with subprocess.Popen(
        [*WINPUSH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], end: str) -> str:
    """What the command prints, up to and with the line that holds `end`."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if end in line:
            return seen
    raise AssertionError(f"the command ended without {end!r}: {seen}")


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command on a machine where a module is not installed."""
    code = f"import sys; sys.modules[{module!r}] = None; sys.argv = ['winpush', *{arguments!r}]"
    return subprocess.run(
        [sys.executable, "-c", f"{code}; from winpush.cli import main; main()"],
        capture_output=True, text=True, check=False, env=environment(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("click", "winpush[cli]", ("--help",)),
        ("rich", "winpush[cli]", ("demo", "--exit", "--phones", "1")),
        ("uvicorn", "winpush[emulator]", ("demo", "--exit", "--phones", "1")),
        ("starlette", "winpush[emulator]", ("emulator", "--port", "0")),
    ],
)
def test_what_is_not_installed_is_named_with_what_to_type(module: str, extra: str, arguments: tuple[str, ...]) -> None:
    done = without(module, *arguments)
    assert done.returncode == 2
    assert f"pip install '{extra}'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_runs_without_uvloop() -> None:
    assert without("uvloop", "demo", "--exit", "--phones", "3").returncode == 0


def test_sending_needs_neither_rich_nor_the_emulator() -> None:
    uri = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFR"
    for module in ("rich", "uvicorn"):
        assert without(module, "send", "toast", uri, "Hello", "--dry-run").returncode == 0


def test_ctrl_c_while_the_command_still_loads_is_no_traceback() -> None:
    code = (
        "import sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'winpush.cli.app': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "from winpush.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment())
    assert (done.returncode, done.stderr) == (130, "")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from winpush.cli.app import run; run(['--help']); "
        "print({'rich', 'uvicorn', 'starlette', 'cryptography'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("dmeo",), "winpush demo"),
        (("send", "toats"), "winpush send toast"),
        (("fax",), "winpush --help"),
        (("emulator", "--port", "99999"), "0<=x<=65535"),
        (("emulator", "--port", "0", "--tls-port", "-1"), "0<=x<=65535"),
        (("demo", "--port", "65536"), "0<=x<=65535"),
        (("emulator", "--fault-count", "3"), "Add --fault-status"),
        (("emulator", "--fault-delay", "-1"), "--fault-delay"),
        (("emulator", "--fault-cut", "off"), "before-answer"),
        (("emulator", "--fault-cut", "silence", "--fault-share", "2"), "--fault-share"),
    ],
)
def test_wrong_use_is_exit_2_and_says_the_next_thing_to_type(arguments: tuple[str, ...], said: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("line", "word", "offered"), [("winpush send to", 2, "toast"), ("winpush emu", 1, "emulator")])
def test_the_shell_completes_commands(line: str, word: int, offered: str) -> None:
    done = run(_WINPUSH_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(word))
    assert offered in done.stdout


def test_the_shell_completes_nothing_after_a_wrong_word_and_prints_no_error() -> None:
    done = run(_WINPUSH_COMPLETE="bash_complete", COMP_WORDS="winpush fax x", COMP_CWORD="2")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_turns_away_causes_no_traceback() -> None:
    with subprocess.Popen(
        [*WINPUSH, "demo", "--exit", "--phones", "3"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""


# --- the emulator ---------------------------------------------------------------------------------------------------


def examples(text: str) -> list[list[str]]:
    """The commands that the emulator tells to type, as a shell would read them."""
    return [shlex.split(line) for line in re.findall(r"^  winpush (.*)$", text.replace("\\\n", ""), re.MULTILINE)]


def test_the_emulators_examples_work_as_typed_over_http_and_https() -> None:
    with started("emulator", "--port", "0", "--tls-port", "0", "--phones", "3", "--windows", "0") as process:
        said = read_until(process, "Ctrl-C stops it")
        plain, secure = examples(said)
        folder = Path(found(r"certificates in ([^,]+),", said))
        assert secure[-3].startswith("https://")
        assert folder.stat().st_mode & 0o077 == 0
        for example in (plain, secure):
            done = run(*example, HTTP_PROXY="http://127.0.0.1:9")
            assert (done.returncode, done.stderr) == (0, "")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert not folder.exists()


def test_the_emulators_example_of_a_windows_device_works_with_its_login() -> None:
    with started("emulator", "--port", "0", "--phones", "0") as process:
        said = read_until(process, "Ctrl-C stops it")
        login = dict(pair.split("=", 1) for pair in re.findall(r"WINPUSH_\w+=\S+", said))
        assert set(login) == {
            "WINPUSH_TENANT_ID",
            "WINPUSH_CLIENT_ID",
            "WINPUSH_CLIENT_SECRET",
            "WINPUSH_TOKEN_SERVER",
        }
        (example,) = examples(said)
        done = run(*example, **login)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_emulator_without_phones_has_no_example() -> None:
    with started("emulator", "--port", "0", "--tls-port", "0", "--phones", "0", "--windows", "0") as process:
        said = read_until(process, "Ctrl-C stops it")
    assert "Page:" in said
    assert examples(said) == []


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        (("--fault-status", "503", "--fault-share", "1"), "service-unavailable"),
        (("--fault-cut", "before-answer"), "answer-lost"),
        (("--fault-cut", "garbage"), "bad-answer"),
        (("--fault-delay", "60"), "timed-out"),
    ],
)
def test_the_faults_that_are_asked_for_strike(options: tuple[str, ...], outcome: str) -> None:
    with started("emulator", "--port", "0", "--windows", "0", *options) as process:
        (example,) = examples(read_until(process, "Ctrl-C stops it"))
        done = run(*example, "--json", "--timeout", "1" if outcome == "timed-out" else "15")
    assert done.returncode == 1
    assert json.loads(done.stdout)["outcome"] == outcome


def test_a_port_that_is_taken_is_exit_2_with_what_to_do() -> None:
    with started("emulator", "--port", "0") as process:
        port = found(r"http://127\.0\.0\.1:(\d+)/", read_until(process, "Page:"))
        for arguments in (("emulator", "--port", port), ("demo", "--exit", "--port", port)):
            done = run(*arguments)
            assert done.returncode == 2
            assert "--port" in done.stderr


# --- the demo -------------------------------------------------------------------------------------------------------


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


def test_the_page_stays_open_although_no_phone_is_healthy_and_lives_on_when_one_gets_well() -> None:
    with started("demo", "--phones", "1", "--windows", "0", "--seed", UNHEALTHY_SEED) as process:
        said = read_until(process, "The page stays open")
        assert "1 simulated phone " in said
        url = found(r"(http://\S+)", said)
        heal = Request(f"{url}api/channels/p1", b'{"health": "healthy"}', {"Content-Type": "application/json"})
        heal.method = "PATCH"
        with urlopen(heal) as answer:
            assert answer.status == 200
        follow_until_accepted(f"{url}api/events")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


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
        assert opened.wait(30)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == ""
        browser.join(10)
