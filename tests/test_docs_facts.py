"""What the docs say in words or tables agrees with the code."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pages import CODE, PAGES, PYTHON, ROOT, name
from winpush import Client, wns
from winpush.delivery import WorkerSettings
from winpush.delivery.registry.registration import FIELDS
from winpush.emulator import Emulator


def test_the_page_on_imports_has_every_column() -> None:
    text = (ROOT / "docs" / "how-to" / "import-and-export-channels.md").read_text()
    first_cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    assert {code for cell in first_cells for code in CODE.findall(cell)} == {*FIELDS, "attribute.NAME"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_that_says_when_a_dead_worker_is_replaced_says_it_of_the_default_settings(page: Path) -> None:
    settings = WorkerSettings()
    latest = settings.lease + 2 * settings.poll
    sentences = re.split(r"\.\s", page.read_text())
    for sentence in (each for each in sentences if re.search(r"tak(?:e|es|en) over", each)):
        for seconds in re.findall(r"about (\d+) seconds after", sentence):
            assert timedelta(seconds=int(seconds)) - latest < timedelta(seconds=1)
            assert timedelta(seconds=int(seconds)) >= latest


def test_a_toast_on_the_emulator_has_the_fields_that_its_page_says() -> None:
    """The names of `wns.Toast`, and others where the page says so."""
    toast = wns.Toast(
        "Hello", inputs=[wns.TextInput("a")], actions=[wns.Button("b", "b"), wns.MenuEntry("c", "c")], launch="d"
    )
    with Emulator() as emulator, Client(wns=emulator.entra_credentials, allow_hosts=[emulator.authority]) as client:
        device = emulator.create_windows_channel()
        assert client.send(device.uri, toast).ok
        shown = device.toasts[-1]
    own = {"kind", "template", "n", "at", "pops_up", "is_shown", "is_placeholder", "tag", "group"}
    strange = shown.keys() - inspect.signature(wns.Toast).parameters.keys() - own
    text = (ROOT / "docs" / "reference" / "emulator.md").read_text()
    sentences = text.split("Most fields have the Python names of")[1].split("An image")[0]
    assert "actions" not in shown
    assert strange == set(CODE.findall(sentences)) - {"wns.Toast", "wns.Tile", "actions", "placement"} - {"content"}


def test_the_readmes_first_example_makes_one_client_for_all_sends() -> None:
    """A client for each send costs a connection and a token each time."""
    tree = ast.parse(PYTHON.findall((ROOT / "README.md").read_text())[0])
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    made = {node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Client"}
    assert len(made) == 1
    assert not any(made & set(ast.walk(function)) for function in functions)


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("toast-with-buttons.md", ["wns.Button(", "wns.TextInput(", "wns.SelectionInput("]),
        (
            "get-the-channel-from-the-app.md",
            ["```csharp", "CreatePushNotificationChannelForApplicationAsync", "PushNotificationManager", "HttpClient"],
        ),
    ],
)
def test_a_page_shows_how_to(page: str, shown: list[str]) -> None:
    text = (ROOT / "docs" / "how-to" / page).read_text()
    assert [each for each in shown if each not in text] == []
