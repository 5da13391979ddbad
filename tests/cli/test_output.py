"""Rules for the output of every command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.commands import call
from tests.webpush.browser import Browser

HOST = "127.0.0.1:9"
VAPID = ("--vapid-key", "vapid.pem", "--subject", "mailto:ops@example.com")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a subscription and a key, and no outbox."""
    browser = Browser(f"http://{HOST}/w/?token=x", HOST)
    (tmp_path / "browser.json").write_text(json.dumps(browser.subscription.to_dict()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WINPUSH_ALLOW_HOST", raising=False)
    assert call("webpush", "keys", "vapid.pem").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "toast", f"http://{HOST}/x", "Hello"),
        ("webpush", "send", "browser.json", "Hello", *VAPID),
        ("channels", "add", f"http://{HOST}/x"),
        ("channels", "add", "browser.json"),
        ("doctor", f"http://{HOST}/x"),
        ("doctor", "browser.json", *VAPID),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_a_host_that_is_no_push_services_leads_to_the_option_and_not_to_python(arguments: tuple[str, ...]) -> None:
    if arguments[0] == "channels":
        pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    for done in (call(*arguments), call(*arguments, "--json")):
        said = done.stdout + done.stderr
        assert done.returncode != 0
        assert re.search(rf"add:? --allow-host {HOST}\b", said)
        assert "allow_hosts" not in said
