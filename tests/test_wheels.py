"""What `python3 make.py wheels` makes, and what pip makes of a checkout and of the sdist: compiled where it can be."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

import make
import winpush
from tests.wheels import ROOT, TAKES_LONG, Clean, Release, needs_a_compiler, pip, release

pytestmark = [needs_a_compiler, TAKES_LONG]
MOST_BYTES = 3_000_000
_VERSIONS = Path.home() / ".pyenv" / "versions"
OLD_PYTHONS = [path for name in ("python3.10", "python3.9") if (path := shutil.which(name))]
OLD_PYTHONS += [str(path) for path in sorted(_VERSIONS.glob("3.*/bin/python"))]
TYPED = ROOT / "compiled" / "winpush"
MODULES = {path.relative_to(TYPED).with_suffix("") for path in TYPED.rglob("*.pxd") if path.stem != "__init__"}


@pytest.fixture(scope="session")
def files(testrun_uid: str) -> Release:
    return release(testrun_uid)


def libraries(wheel: Path) -> dict[Path, bytes]:
    """The compiled modules of a wheel, by their names without `winpush/` and what follows the first dot."""
    archive = zipfile.ZipFile(wheel)
    names = [name for name in archive.namelist() if name.endswith((".so", ".pyd"))]
    return {Path(name.removeprefix("winpush/").partition(".")[0]): archive.read(name) for name in names}


def test_one_command_builds_a_compiled_wheel_a_plain_one_and_the_sdist_of_one_version(files: Release) -> None:
    names = [path.name for path in files.folder.iterdir()]
    assert len(names) == 3
    assert all(name.startswith(f"winpush-{winpush.__version__}") for name in names)


def test_the_compiled_wheel_has_each_module_that_can_be_compiled_and_its_source(files: Release) -> None:
    assert libraries(files.compiled).keys() == MODULES
    assert {f"winpush/{module}.py" for module in MODULES} <= set(zipfile.ZipFile(files.compiled).namelist())


def test_the_compiled_wheel_is_for_every_linux_of_the_last_ten_years_small_and_without_symbols(files: Release) -> None:
    assert "manylinux_2_17_" in files.compiled.name
    assert files.compiled.stat().st_size <= MOST_BYTES
    assert not [name for name, library in libraries(files.compiled).items() if b".symtab" in library]


def test_the_plain_wheel_has_nothing_compiled(files: Release) -> None:
    assert libraries(files.plain) == {}


def test_no_wheel_has_what_only_the_build_needs(files: Release) -> None:
    for wheel in (files.compiled, files.plain):
        assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith((".pxd", ".pyx", ".c"))]


@pytest.mark.parametrize(("options", "wanted"), [((), "compiled"), (("--platform", "win_amd64"), "plain")])
def test_pip_takes_the_compiled_wheel_where_it_runs_and_the_plain_one_elsewhere(
    files: Release, tmp_path: Path, options: tuple[str, ...], wanted: str
) -> None:
    where: list[str | Path] = [
        "--no-index",
        "--find-links",
        files.folder,
        "--only-binary",
        ":all:",
        "--no-deps",
        *options,
    ]
    done = pip("download", *where, "--dest", tmp_path, "winpush")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [getattr(files, wanted).name]


def test_an_old_python_is_refused_before_anything_else_is_fetched(files: Release) -> None:
    """Its pip knows no newer Python than itself, and weighs what winpush needs before whether winpush suits it."""
    old = next((path for path in OLD_PYTHONS if make.version_of(path) in ("3.9", "3.10")), None)
    if old is None:
        pytest.skip("waits for a Python that is older than winpush takes")
    done = pip("--python", old, "install", "--dry-run", "--find-links", files.folder, "winpush[all]")
    assert done.returncode == 1
    assert "requires a different Python" in done.stderr.splitlines()[-1]
    assert "Collecting" not in done.stdout


def wheel_of(source: Path, into: Path, *options: str, **variables: str) -> Path:
    """The wheel that pip makes of it."""
    done = pip("wheel", "--no-deps", "--no-cache-dir", "--wheel-dir", into, *options, source, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = into.glob("*.whl")
    return wheel


def test_pip_compiles_a_checkout_unasked(tmp_path: Path) -> None:
    assert libraries(wheel_of(ROOT, tmp_path)).keys() == MODULES


def test_pip_compiles_the_sdist_unasked(files: Release, tmp_path: Path) -> None:
    assert libraries(wheel_of(files.sdist, tmp_path)).keys() == MODULES


@pytest.mark.parametrize(
    ("compiler", "why"),
    [("no-such-compiler", "there is no C compiler (no-such-compiler)"), ("false", "compiling failed")],
)
def test_where_it_cannot_be_compiled_it_is_plain_and_one_line_says_why(tmp_path: Path, compiler: str, why: str) -> None:
    done = pip("-v", "wheel", "--no-deps", "--no-cache-dir", "--wheel-dir", tmp_path, ROOT, CC=compiler)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "built as plain Python" in line]
    assert why in line
    assert [path.name.endswith("py3-none-any.whl") for path in tmp_path.iterdir()] == [True]


def test_without_cython_in_an_environment_of_ones_own_it_is_plain(tmp_path: Path) -> None:
    clean = Clean.make(tmp_path)
    assert clean.pip("install", "hatchling").returncode == 0
    done = clean.pip("-v", "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", clean.desk, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Cython and setuptools are not in the build environment" in done.stderr
    assert [path.name.endswith("py3-none-any.whl") for path in clean.desk.iterdir()] == [True]


@pytest.mark.parametrize("variables", [{"WINPUSH_COMPILE": "0"}, {}])
def test_who_wants_it_plain_gets_it_plain(tmp_path: Path, variables: dict[str, str]) -> None:
    options = [] if variables else ["--config-settings", "compile=0"]
    assert libraries(wheel_of(ROOT, tmp_path, *options, **variables)) == {}


@pytest.mark.parametrize("way", ["a variable", "a setting"])
def test_who_wants_it_compiled_learns_what_is_missing(tmp_path: Path, way: str) -> None:
    options = ["--config-settings", "compile=1"] if way == "a setting" else []
    variables = {"WINPUSH_COMPILE": "1"} if way == "a variable" else {}
    command: list[str | Path] = ["wheel", "--no-deps", "--wheel-dir", tmp_path, *options, ROOT]
    done = pip(*command, CC="no-such-compiler", **variables)
    assert done.returncode == 1
    told = "winpush can't be compiled, as WINPUSH_COMPILE=1 requires: there is no C compiler (no-such-compiler)."
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_setting_that_is_neither_0_nor_1_is_refused(tmp_path: Path) -> None:
    done = pip("wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT, WINPUSH_COMPILE="yes")
    assert done.returncode == 1
    assert "is 'yes'; it must be 0 or 1" in done.stdout + done.stderr


def test_an_editable_install_is_plain_so_that_a_change_shows(tmp_path: Path) -> None:
    clean = Clean.make(tmp_path)
    done = clean.pip("install", "--no-deps", "--editable", ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = clean.run("python", "-c", "import winpush; print(winpush.compiled, winpush.__file__)")
    assert asked.stdout.split() == ["False", str(ROOT / "src" / "winpush" / "__init__.py")]
