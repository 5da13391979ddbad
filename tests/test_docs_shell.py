"""The docs' shell commands run exactly as written, with an emulator in place of the services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import PAGES, ROOT, SHELL, name
from tests.postgresql import Unavailable, fresh_database
from tests.postgresql import server as postgresql_server
from tests.shell import TOAST, Shell
from winpush.emulator import Emulator

NOT_RUN = {
    "python3 make.py demo": "installs winpush and leaves a page open; tests/cli/test_help.py runs 'winpush demo'",
    "python3 make.py test": "is the run that this test is part of",
    "python3 benchmarks/run.py": "takes forty minutes; tests/test_benchmark.py runs a small one",
    ".venv/bin/python benchmarks/webpush.py --subscriptions 10000 --rounds 3": "takes minutes, and needs Node",
    ".venv/bin/python benchmarks/delivery.py --channels 100000,1000000": "takes minutes",
    ".venv/bin/python benchmarks/delivery_database.py --database postgresql://push@/push": "takes minutes",
    ".venv/bin/python benchmarks/delivery_workers.py --database postgresql://push@/push --channels 400000": "as above",
    "git clone https://github.com/winpush/winpush && cd winpush": "needs the network",
    "alias compose='docker compose -f deploy/compose.yaml --env-file deploy/try.env --profile try'": "needs docker",
    "compose up --build --detach": "needs docker; tests/test_deploy.py runs what it starts",
    "compose logs emulator": "needs docker",
    "alias push='compose run --rm worker'": "needs docker",
    "push channels add 'http://emulator:8090/?token=…' --key ada": "needs docker; tests/test_deploy.py adds one",
    "push broadcast toast 'Storm warning' 'Gusts' --button 'The map=map' --button Dismiss=no --store-only": "as above",
    "python3 -m venv push": "makes an environment; tests/test_wheels.py installs in one",
    ". push/bin/activate": "as above",
    "python3 -m venv /opt/winpush": "changes the machine",
    '/opt/winpush/bin/pip install "winpush[cli,postgres,uvloop]"': "changes the machine",
    "install -m 600 -D deploy/worker.env /etc/winpush/worker.env": "changes the machine",
    "install -m 600 client-secret /etc/winpush/client-secret": "changes the machine",
    "(set -a; . /etc/winpush/worker.env; /opt/winpush/bin/winpush db upgrade)": "as above",
    "cp deploy/winpush-worker.service 'deploy/winpush-worker@.service' /etc/systemd/system/": "changes the machine",
    "systemctl daemon-reload": "needs systemd",
    "systemctl enable --now winpush-worker": "needs systemd; tests/test_deploy.py checks the unit",
    "WINPUSH_COMPILE=1 pip install .": "tests/test_wheels.py builds it",
    "pip install --config-settings compile=0 .": "tests/test_wheels.py builds it",
}
"""Lines that are not run, and why."""

# What a reader has by then, if the page isn't about how to get it.
WITH_AN_OUTBOX = {
    "back-up-and-upgrade.md",
    "erase-a-person.md",
    "run-in-production.md",
    "personal-and-localised-text.md",
    "see-what-happens.md",
}
FILES = {"toast.xml": TOAST}
# Placeholders in the docs for the reader's own values, and their values here.
STANDS_FOR = (
    (re.compile(r"'https://….notify.windows.com/\?token=…'"), '"$URI"'),
    (re.compile(r"\b(WINPUSH_\w+)=(?:…|ms-app://s-1-15-2-…)"), r'\1="$\1"'),
    (re.compile(r"'?postgresql://\w+@db\.example/\w+'?"), '"$POSTGRESQL"'),
    # A port of the reader's machine, which may be taken on this one.
    (re.compile(r"--(metrics|health)-port \d+"), r"--\1-port 0"),
)
# Commands that run until Ctrl-C, and what they say once they run.
LASTING = (
    (re.compile(r"winpush worker(?!.*--until-idle)"), "Worker running"),
    (re.compile(r"winpush emulator"), "Ctrl-C stops it"),
)


def lines_of(block: str) -> list[str]:
    """The commands of a block, without prompts and comments."""
    joined = block.replace("\\\n", " ").splitlines()
    bare = (re.sub(r"(^|\s+)#.*", "", line).removeprefix("$ ").strip() for line in joined)
    return [re.sub(r"\s+", " ", line) for line in bare if line]


SHOWN = [
    pytest.param(page, lines_of(block), id=f"{name(page)}-{number}")
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]
    for number, block in enumerate(SHELL.findall(page.read_text()), 1)
]


@pytest.fixture
def shell(emulator: Emulator, tmp_path: Path) -> Shell:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    return Shell(emulator, folder, home)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(seed=1) as made:
        yield made


@pytest.fixture
def postgresql(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database."""
    try:
        with postgresql_server() as url, fresh_database(url, "winpush_docs", "template0") as made:
            yield made
    except Unavailable as missing:
        pytest.skip(f"waits for PostgreSQL: {missing}")


def prepare(shell: Shell, page: Path, lines: list[str], request: pytest.FixtureRequest) -> None:
    """Gives the folder and the environment what the page takes for granted."""
    shell.fill({**FILES, "channels.csv": f"uri,key\n{shell.device.uri},ada\n"})
    if page.name in WITH_AN_OUTBOX:
        shell.fill_outbox(17)
    if any("browser.json" in line for line in lines):
        shell.fill_browser()
    if any("WINPUSH_PACKAGE_SID=" in line for line in lines):
        shell.log_in_with_a_package()
    if any("postgresql://" in line for line in lines):
        shell.variables["POSTGRESQL"] = request.getfixturevalue("postgresql")


@pytest.mark.parametrize(("page", "lines"), SHOWN)
def test_a_block_of_the_shell_runs(page: Path, lines: list[str], shell: Shell, request: pytest.FixtureRequest) -> None:
    prepare(shell, page, lines, request)
    exports = ""
    for shown in lines:
        if shown in NOT_RUN or shown.startswith("pip install "):  # what pip installs: test_docs_extras.py
            continue
        assert re.match(r"(export|winpush) ", shown), f"run {shown!r}, or say in NOT_RUN why not"
        line = shown
        for pattern, own in STANDS_FOR:
            line = pattern.sub(own, line)
        if line.startswith("export "):
            exports += f"{line}\n"
            continue
        said = next((said for pattern, said in LASTING if pattern.match(line)), None)
        if said is None:
            done = shell.run(exports + line)
            assert done.returncode == 0, f"{shown}\n{done.stdout}{done.stderr}"
        else:
            code, output = shell.run_until(said, line, exports)
            assert code in (0, 130), output
            assert said in output


def test_what_is_not_run_stands_in_the_docs() -> None:
    shown = {line for each in SHOWN for line in each.values[1]}  # type: ignore[union-attr]  # the lines of a block
    assert not NOT_RUN.keys() - shown


def test_comments_prompts_and_long_lines_are_read_as_a_shell_does() -> None:
    assert lines_of("$ winpush a \\\n  b   # c\n# d\n\nwinpush '#e'\n") == ["winpush a b", "winpush '#e'"]
