"""The tree of commands: what is not installed, what is typed wrongly, completion, and what starting costs."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import winpush
from tests.cli.commands import call, environment, run


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
        ("starlette", "winpush[emulator]", ("emulator", "--port", "0")),
    ],
)
def test_what_is_not_installed_is_named_with_what_to_type(module: str, extra: str, arguments: tuple[str, ...]) -> None:
    done = without(module, *arguments)
    assert done.returncode == 2
    assert f'pip install "{extra}"' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_table_without_what_draws_it_leads_to_the_extra(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    database = ("--db", f"sqlite:///{tmp_path}/push.db")
    assert call("db", "upgrade", *database).returncode == 0
    done = without("rich", "history", *database)
    assert done.returncode == 2
    assert done.stderr == 'Error: The command line needs rich. Run: pip install "winpush[cli]"\n'


def _without_cryptography(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """Commands that need it, with the files that they name."""
    subscription, key = tmp_path / "browser.json", tmp_path / "vapid.pem"
    keys = {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}
    keys["auth"] = "BTBZMqHH6r4Tts7J_aSIgg"
    subscription.write_text(json.dumps({"endpoint": "https://fcm.googleapis.com/fcm/send/a", "keys": keys}))
    key.write_text("any")
    db = ("--db", f"sqlite:///{tmp_path}/push.db", "--create")
    vapid = ("--vapid-key", str(key), "--subject", "mailto:you@example.com")
    return {
        "keys": ("webpush", "keys", str(tmp_path / "new.pem")),
        "send": ("webpush", "send", str(subscription), "Hello", *vapid),
        "doctor": ("doctor", str(subscription), *vapid),
        "message": ("broadcast", "message", "Hello", *db, *vapid),
        "worker": ("worker", "--until-idle", *db, *vapid),
        "emulator": ("emulator", "--port", "0"),
    }


@pytest.mark.parametrize("name", ["keys", "send", "doctor", "message", "worker", "emulator"])
def test_what_needs_cryptography_names_its_extra_in_one_line(name: str, tmp_path: Path) -> None:
    done = without("cryptography", *_without_cryptography(tmp_path)[name])
    extra = "emulator" if name == "emulator" else "webpush"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: ")
    assert f'Run: pip install "winpush[{extra}]"' in done.stderr


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("cryptography", ("webpush", "keys", "new.pem", "--json")),
        ("cryptography", ("emulator", "--port", "0", "--json")),
        ("sqlalchemy", ("channels", "list", "--json")),
        ("rich", ("broadcast", "Hello", "--json")),
    ],
)
def test_what_is_not_installed_is_json_for_machines(module: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    more = ("--db", f"sqlite:///{tmp_path}/push.db", "--create") if arguments[0] == "broadcast" else ()
    done = without(module, *arguments, *more)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "pip install" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize("module", ["cryptography", "starlette", "uvicorn", "markdown_it"])
def test_the_emulator_names_its_extra_to_programs_too(module: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None\nfrom winpush.emulator import Emulator"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment())
    assert f'ConfigurationError: The emulator needs {module}. Run: pip install "winpush[emulator]"' in done.stderr


@pytest.mark.parametrize("module", ["rich", "uvicorn", "sqlalchemy"])
def test_the_demo_names_all_extras_that_it_needs_before_it_starts(module: str) -> None:
    done = without(module, "demo", "--exit", "--phones", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"need {module}. " in done.stderr
    assert 'pip install "winpush[cli,emulator,delivery]"' in done.stderr


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


@pytest.mark.parametrize(
    "arguments",
    [
        ("emulator", "--port", "1", "--host", "192.0.2.1"),
        ("emulator", "--fault-status", "7"),
        ("demo", "--phones", "0"),
    ],
)
def test_wrong_use_is_exit_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_mistyped_command_is_guessed() -> None:
    done = run("sedn")
    assert done.returncode == 2
    assert "winpush send" in done.stderr


def test_the_version_is_told_with_the_build_and_pythons_own() -> None:
    build = "compiled" if winpush.compiled else "pure Python"
    expected = f"winpush {winpush.__version__} ({build}), Python {platform.python_version()}\n"
    assert run("--version").stdout == expected
