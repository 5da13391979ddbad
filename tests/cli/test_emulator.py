"""`winpush emulator`, as a person types it: the commands it suggests work, and the faults it is asked for happen."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import WINPUSH, call, environment, examples, found, read_match, read_until, run, started
from tests.waiting import PATIENCE
from winpush import webpush


def test_the_emulators_example_works_as_typed() -> None:
    with started("emulator", "--port", "0", "--seed", "1", "--fault-status", "503", "--fault-count", "1") as process:
        host = read_match(process, r"--allow-host (\S+)")
        uri = read_match(process, r"'(http\S+)'")
        for code in (1, 0):  # the fault strikes once
            assert run("send", "toast", "--allow-host", host, uri, "Hello", "from winpush").returncode == code
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


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
        assert process.wait(PATIENCE) == 0
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
            "WINPUSH_ALLOW_HOST",
        }
        (example,) = examples(said)
        done = run(*example, **login)
        assert (done.returncode, done.stderr) == (0, "")


def test_after_the_emulators_settings_the_commands_of_the_docs_work_without_an_option(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    with started("emulator", "--port", "0", "--tls-port", "0", "--phones", "0") as process:
        said = read_until(process, "Ctrl-C stops it")
        exported = " ".join(re.findall(r"^  export (.+)$", said, re.MULTILINE))
        settings = dict(pair.split("=", 1) for pair in shlex.split(exported))
        settings["WINPUSH_DB"] = f"sqlite:///{tmp_path}/push.db"
        assert run("channels", "add", examples(said)[0][2], "--tag", "news", **settings).returncode == 0
        done = run("broadcast", "Goal!", "2 : 1", "--tag", "news", **settings)
        assert re.search(r"1\s+accepted", done.stdout + done.stderr), done.stdout + done.stderr


def test_each_app_that_is_named_has_a_login_and_an_example_of_its_own() -> None:
    apps = ("--app", "weather", "--app", "news")
    with started("emulator", "--port", "0", "--phones", "0", "--windows", "0", "--browsers", "0", *apps) as process:
        said = read_until(process, "Ctrl-C stops it")
        logins = [dict(re.findall(r"(WINPUSH_\w+)=(\S+)", part)) for part in said.split("for the app ")[1:]]
        to_weather, to_news = examples(said)
        assert (run(*to_weather, **logins[0]).returncode, run(*to_news, **logins[1]).returncode) == (0, 0)
        assert "forbidden" in run(*to_weather, "--json", **logins[1]).stdout


def test_the_emulator_without_devices_has_no_example() -> None:
    none = ("--phones", "0", "--windows", "0", "--browsers", "0")
    with started("emulator", "--port", "0", "--tls-port", "0", *none) as process:
        said = read_until(process, "Ctrl-C stops it")
    assert "Page:" in said
    assert examples(said) == []
    assert "webpush" not in said


def test_the_emulators_example_of_a_browser_works_as_typed(tmp_path: Path) -> None:
    file = tmp_path / "vapid.pem"
    assert call("webpush", "keys", str(file)).returncode == 0
    with started("emulator", "--port", "0", "--phones", "0", "--windows", "0", "--browsers", "2") as process:
        said = read_until(process, "Ctrl-C stops it")
        typed = found(r"(?s)\n  (echo .*?)\n\n", said).replace("vapid.pem", str(file))
        line = typed.replace("winpush webpush", f"{shlex.join(WINPUSH)} webpush")
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, env=environment(), check=False)
        assert (done.returncode, done.stderr) == (0, "")
        subscription = webpush.Subscription.of(found(r"(\{.+\})", said), allow_hosts=[found(r"//(\S+)/", said)])
        assert subscription.endpoint in said


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        (("--fault-status", "503", "--fault-share", "1"), "service-unavailable"),
        (("--fault-cut", "before-answer"), "answer-lost"),
        (("--fault-cut", "garbage"), "bad-answer"),
        (("--fault-delay", "3600"), "timed-out"),
    ],
)
def test_the_faults_that_are_asked_for_strike(options: tuple[str, ...], outcome: str) -> None:
    with started("emulator", "--port", "0", "--windows", "0", *options) as process:
        (example,) = examples(read_until(process, "Ctrl-C stops it"))
        done = run(*example, "--json", "--timeout", "1" if outcome == "timed-out" else f"{PATIENCE:g}")
    assert done.returncode == 1
    assert json.loads(done.stdout)["outcome"] == outcome


def test_a_port_that_is_taken_is_exit_2_with_what_to_do() -> None:
    with started("emulator", "--port", "0") as process:
        port = found(r"http://127\.0\.0\.1:(\d+)/", read_until(process, "Page:"))
        for arguments in (("emulator", "--port", port), ("demo", "--exit", "--port", port)):
            done = run(*arguments)
            assert done.returncode == 2
            assert "--port" in done.stderr
