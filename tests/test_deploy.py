"""The files in deploy/ work: the image's settings and compose.yaml are run, systemd checks the units."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from deploy import check
from tests.pages import ROOT
from tests.postgresql import Unavailable, fresh_database, server
from tests.waiting import PATIENCE
from winpush.cli.worker import command as worker

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
IMAGE = check.Image.read(DEPLOY / "Dockerfile")
# A send whose time is over before the worker is stopped has an outcome. Here it has none, however late the stop comes.
UNHURRIED = dataclasses.replace(IMAGE, env={**IMAGE.env, "WINPUSH_TIMEOUT": str(PATIENCE)})


@pytest.fixture
def machine() -> Iterator[check.Machine]:
    """The services of compose.yaml, with this Python in the place of the image's."""
    if importlib.util.find_spec("yaml") is None:
        pytest.skip("waits for PyYAML, of the dependency group docs")
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            server() as url,
            fresh_database(url, "winpush_deploy", "template0") as database,
        ):
            if "host" in url.query:  # the folder of its socket, which the image's user has to reach
                Path(str(url.query["host"])).chmod(0o755)
            yield check.Machine(UNHURRIED, programs(Path(folder)), database)
    except Unavailable as missing:
        pytest.skip(f"waits for PostgreSQL: {missing}")


def programs(folder: Path) -> Path:
    folder.chmod(0o755)
    for name, command in (("winpush", "-m winpush.cli"), ("python", "")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def test_the_services_of_compose_deliver_a_toast_and_what_a_stop_left_without_an_answer(machine: check.Machine) -> None:
    """As the image's user, and on a file system that is read-only."""
    with check.up(machine) as workers:
        machine.run("worker", "broadcast", "Hello", "from deploy/", "--store-only")
        check.wait("the toast is delivered", lambda: check.outcomes(machine) == ["accepted"])
        # It checks their exit codes; `deploy/check.py` judges how long it takes.
        check.stop_without_an_answer(machine, workers)
        check.send_what_had_no_answer(machine)
        assert check.outcomes(machine).count("accepted") == 2


def test_the_image_is_of_no_root_and_a_send_ends_before_docker_kills() -> None:
    assert int(IMAGE.settings["USER"].partition(":")[0]) > 0
    assert float(IMAGE.env["WINPUSH_TIMEOUT"]) < check.GRACE_SECONDS - 2
    assert IMAGE.settings["STOPSIGNAL"] == "SIGTERM"
    assert IMAGE.words("HEALTHCHECK")[0] == "python"


@pytest.mark.parametrize("name", ["compose.yaml", "try.env", "worker.env", *(unit.name for unit in UNITS)])
def test_a_setting_is_one_that_the_worker_reads(name: str) -> None:
    read = {str(param.envvar) for param in worker.params if param.envvar}
    named = set(re.findall(r"\bWINPUSH_\w+", (DEPLOY / name).read_text()))
    assert not named - read - {"WINPUSH_CLIENT_SECRET"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_one_that_systemd_takes(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("waits for systemd-analyze: Debian's package systemd")
    copy = tmp_path / unit.name.replace("@.", "@1.")
    copy.write_text(unit.read_text().replace("/opt/winpush/bin/winpush", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_unit_runs_a_command_that_can_be_typed() -> None:
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=/opt/winpush/bin/winpush (.+)$", unit.read_text(), re.MULTILINE)
        name, *options = line.replace("%i", "1").split()
        assert name == "worker"
        assert worker.make_parser(click.Context(worker)).parse_args(options)[1] == []


def test_the_two_units_differ_in_their_instance_only() -> None:
    one, several = ({*unit.read_text().splitlines()[3:]} for unit in UNITS)
    assert {line.replace("808%i", "8081").replace(" %i", "") for line in several} == one


def run_check(*arguments: str, python: Sequence[str] = (sys.executable,)) -> subprocess.CompletedProcess[str]:
    command = [*python, str(DEPLOY / "check.py"), *arguments]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE)


def test_check_says_how_it_is_run() -> None:
    done = run_check("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert ".venv/bin/python deploy/check.py --here" in done.stdout


def test_check_refuses_an_option_that_it_has_not() -> None:
    done = run_check("--hear")
    assert done.returncode == 1
    assert done.stderr == "deploy/check.py has no option --hear\n"


def test_check_without_the_packages_of_the_tests_names_them_and_what_to_type() -> None:
    done = run_check(python=(sys.executable, "-S"))  # no site-packages
    assert done.returncode == 1
    assert "lacks psycopg, sqlalchemy" in done.stderr
    assert done.stderr.splitlines()[-1].endswith(".venv/bin/python deploy/check.py")


def test_the_stages_of_a_dockerfile_are_read(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text('FROM a AS b\n# no\nRUN one \\\n  && two\nFROM a\nENV A=1 \\\n  B="2 3"\nCMD ["x", "y"]\n')
    image = check.Image.read(file)
    assert image.steps == (("FROM", "a AS b"), ("RUN", "one && two"))
    assert image.env == {"A": "1", "B": "2 3"}
    assert image.words("CMD") == json.loads('["x", "y"]')
