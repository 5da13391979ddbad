"""What the page can do, over its API: previews by line, test notifications, and the names that forms offer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.calls import ask
from winpush import ValidationError
from winpush.emulator import CHANNEL_STATES, Emulator
from winpush.emulator.examples import EXAMPLES
from winpush.emulator.faults import CUTS


def preview(emulator: Emulator, document: str) -> dict[str, Any]:
    status, answer = ask(emulator, "POST", "/api/preview", {"document": document})
    assert status == 200
    found: dict[str, Any] = answer
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_shows_on_some_device_and_only_those_with_mistakes_have_objections(
    example: Any, winpush_emulator: Emulator
) -> None:
    answer = preview(winpush_emulator, example.document)
    assert (answer["service"], answer["kind"], answer["error"]) == (example.service, example.kind, None)
    assert any(device["is_shown"] for device in answer["devices"])
    assert all(device["service"] == example.service for device in answer["devices"])
    newest = answer["devices"][0]["version"]
    objections = [remark for remark in answer["remarks"] if remark["severity"] != "note"]
    ours = [
        remark
        for remark in objections
        if example.service == "wns" or f"Windows Phone {newest[-3:]}" in remark["devices"]
    ]
    assert bool(ours) is ("mistakes" in example.name), ours


def test_a_remark_has_the_line_of_its_element(winpush_emulator: Emulator) -> None:
    mistakes = {example.service: example.document for example in EXAMPLES if "mistakes" in example.name}
    for document, marks in (
        (mistakes["wns"], {"Four is one": "too-many-texts", "<img": "element-name"}),
        (mistakes["mpns"], {"<wp:Count>": "over 99", "<wp:Subtitle>": "Subtitle: ", "<wp:Tile": "write Id"}),
    ):
        remarks = preview(winpush_emulator, document)["remarks"]
        for mark, said in marks.items():
            line = next(number for number, text in enumerate(document.splitlines(), 1) if mark in text)
            words = [f"{remark.get('rule')} {remark['message']}" for remark in remarks if remark["line"] == line]
            assert any(said in word for word in words), (mark, remarks)
        assert [remark["line"] for remark in remarks] == sorted(remark["line"] for remark in remarks)


def test_versions_that_show_the_same_are_one_entry_and_say_which_they_are(winpush_emulator: Emulator) -> None:
    document = next(example.document for example in EXAMPLES if example.name == "Phone: iconic tile")
    answer = preview(winpush_emulator, document)
    assert [(device["name"], device["is_shown"]) for device in answer["devices"]] == [
        ("Windows Phone 8.0 to 8.1", True),
        ("Windows Phone 7.0 to 7.8", False),
    ]
    remark = next(remark for remark in answer["remarks"] if "came with Windows Phone 8.0" in remark["message"])
    assert remark["devices"] == ["Windows Phone 7.8"]


@pytest.mark.parametrize(
    ("document", "line", "said"),
    [
        ("", 1, "no element"),
        ("<toast>\n<visual>\n</toast>", 3, "not well-formed"),
        ("<html/>", 1, "root <html>"),
        ("plain text", 1, "not well-formed"),
        (
            '<wp:Notification xmlns:wp="WPNotification">\n<wp:Toast>\n<wp:Text1><b/></wp:Text1>\n'
            "</wp:Toast></wp:Notification>",
            3,
            "line 3",
        ),
        ("<toast>" * 70, 1, "deep"),
    ],
)
def test_what_is_no_notification_is_said_with_its_line(
    document: str, line: int, said: str, winpush_emulator: Emulator
) -> None:
    answer = preview(winpush_emulator, document)
    assert said in answer["error"]
    assert (answer["remarks"][0]["line"], answer["remarks"][0]["severity"]) == (line, "lost")
    assert answer["devices"] == []


def test_a_document_that_is_too_large_is_remarked(winpush_emulator: Emulator) -> None:
    text = "<toast><visual><binding template='ToastGeneric'><text>" + "a" * 5000 + "</text></binding></visual></toast>"
    answer = preview(winpush_emulator, text)
    assert "the service accepts 5,000" in answer["remarks"][0]["message"]


def test_a_preview_changes_nothing(winpush_emulator: Emulator) -> None:
    before = winpush_emulator.revision
    preview(winpush_emulator, EXAMPLES[0].document)
    assert winpush_emulator.revision == before
    assert not winpush_emulator.requests


@pytest.mark.parametrize("kind", ["toast", "tile", "badge", "raw"])
def test_a_test_notification_reaches_a_windows_device(kind: str, winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    status, record = ask(winpush_emulator, "POST", f"/api/channels/{device.id}/send", {"kind": kind})
    assert (status, record["verdict"], record["kind"], record["remarks"]) == (200, "accepted", kind, [])
    assert device.accepted == 1


@pytest.mark.parametrize("kind", ["toast", "tile", "raw"])
@pytest.mark.parametrize("version", ["7.0", "8.1"])
def test_a_test_notification_reaches_a_phone(kind: str, version: str, winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel(version)
    status, record = ask(winpush_emulator, "POST", f"/api/channels/{phone.id}/send", {"kind": kind})
    assert (status, record["verdict"], record["kind"]) == (200, "accepted", kind)


def test_a_test_notification_reaches_an_authenticated_phone() -> None:
    with Emulator(tls=True, seed=1) as emulator:
        phone = emulator.create_channel(authenticated=True)
        assert emulator.send_test(phone, "toast").status == 200
        assert len(phone.toasts) == 1


def test_a_document_of_ones_own_is_judged_as_any_other(winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel(state="expired")
    path = f"/api/channels/{phone.id}/send"
    assert ask(winpush_emulator, "POST", path, {"kind": "toast"})[1]["status"] == 404
    winpush_emulator.change(phone, state="healthy")
    assert ask(winpush_emulator, "POST", path, {"kind": "toast", "document": "<toast/>"})[1]["status"] == 400
    assert ask(winpush_emulator, "POST", path, {"kind": "badge"})[0] == 400
    assert ask(winpush_emulator, "POST", path, {})[0] == 400
    assert ask(winpush_emulator, "POST", "/api/channels/p99/send", {"kind": "toast"})[0] == 404
    with pytest.raises(ValidationError, match="choose one of"):
        winpush_emulator.send_test(phone, "fax")


def test_the_options_are_the_names_that_the_api_accepts(winpush_emulator: Emulator) -> None:
    status, options = ask(winpush_emulator, "GET", "/api/options")
    assert status == 200
    assert options["cuts"] == list(CUTS)
    assert options["mpns"]["states"] == list(CHANNEL_STATES)
    for service in ("mpns", "wns"):
        made = [
            ask(winpush_emulator, "POST", "/api/channels", {"service": service, "state": state})[0]
            for state in options[service]["states"]
        ]
        assert set(made) == {201}
