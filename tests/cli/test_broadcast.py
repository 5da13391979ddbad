"""`winpush broadcast`: it sends what `winpush send` can, in every language, to both services."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.commands import call as run_here
from tests.cli.windows import call, login
from tests.shell import TOAST
from winpush import Channel, Service, mpns, wns
from winpush.cli import broadcast, webpush
from winpush.cli.help import Option
from winpush.cli.send import command as send
from winpush.cli.send.kinds import KINDS
from winpush.delivery import Content
from winpush.emulator import Emulator
from winpush.webpush import DeliveryOptions, Message

WNS_URI = "https://db5p.notify.windows.com/?token=AwYAAACopaiwYRSECRETSECRET"
MPNS_URI = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQmVzdFRva2VuRXZlcg"
# The tag of a notification has another name where '--tag' selects the audience.
RENAMED = {"--tag": "--wns-tag"}
ADDED = {"--template", "--text-for", "--phone-xml", "--browsers"}


def content(*arguments: str, stdin: str | None = None) -> Content:
    done = call("broadcast", *arguments, "--dry-run", stdin=stdin)
    assert done.exit_code == 0, done.output
    return Content.from_json(done.output)


def message_options(group: Any, kind: str) -> set[str]:
    params = group.commands[kind].params
    shown = [each for each in params if isinstance(each, Option) and each.heading in ("Message", "Delivery")]
    return {name for each in shown for name in (*each.opts, *each.secondary_opts)}


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_every_option_of_the_message_that_send_has(kind: str) -> None:
    of_send = {RENAMED.get(name, name) for name in message_options(send.command, kind)}
    assert message_options(broadcast.command, kind) - ADDED == of_send


TOASTS = [
    ["a", "b", "--button", "Yes=answer=yes", "--input", "reply=Write", "--launch", "x", "--ttl", "60"],
    ["a", "--image", "a.png", "--priority", "high", "--group", "g", "--silent", "--request-status"],
    ["a", "--progress", "0.5", "--header", "mail=Mail", "--scenario", "urgent", "--no-cache"],
]
CASES = [
    *[("toast", WNS_URI, arguments) for arguments in TOASTS],
    ("toast", MPNS_URI, ["a", "b", "--param", "/Page.xaml", "--batching", "450", "--silent"]),
    ("tile", WNS_URI, ["--text", "One", "--background", "b.png", "--title", "App", "--size", "wide"]),
    ("tile", MPNS_URI, ["--count", "3", "--title", "App", "--clear", "back-title"]),
    ("badge", WNS_URI, ["alert", "--ttl", "60"]),
    ("raw", WNS_URI, ["Grüezi", "--cache"]),
    ("raw", MPNS_URI, ["Grüezi"]),
    ("clear", WNS_URI, ["--group", "a"]),
    ("flip-tile", MPNS_URI, ["--count", "0", "--clear", "title", "--id", "/a"]),
    ("iconic-tile", MPNS_URI, ["--count", "3", "--background-color", "#FF1BA1E2"]),
    ("cycle-tile", MPNS_URI, ["--cycle-image", "a.png", "--clear", "cycle-image2"]),
]


@pytest.mark.parametrize(("kind", "uri", "arguments"), CASES)
def test_it_sends_the_very_notification_that_send_sends(kind: str, uri: str, arguments: list[str]) -> None:
    sent = json.loads(call("send", kind, uri, *arguments, "--dry-run", "--json").output)
    made = content(kind, *arguments)
    channel = Channel.parse(uri)
    form: Any = made.mpns if channel.service is Service.MPNS else made.wns
    if channel.service is Service.MPNS:
        request = mpns.build_request(channel, form)
    else:
        from datetime import UTC, datetime

        now = datetime.now(UTC)
        request = wns.build_request(channel, form, wns.Token("<token>", now, now))
    assert request.body.decode() == sent["body"]
    assert dict(request.headers) == sent["headers"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "toast"])
def test_a_service_for_which_nothing_is_given_gets_no_form_of_its_own(kind: str) -> None:
    arguments = next(arguments for name, _, arguments in CASES if name == kind)
    made = content(kind, *arguments)
    expected = {Service.MPNS: made.mpns is not None, Service.WNS: made.wns is not None}
    assert {service for service, there in expected.items() if there} <= set(KINDS[kind].makers)
    assert content("tile", "--count", "3").wns is None
    assert content("tile", "--text", "a").mpns is None
    assert content("toast", "a", "--service", "wns").mpns is None
    assert content("toast", "a", "b", "c", "--service", "wns").wns is not None


def test_the_tag_of_a_notification_is_not_that_of_the_audience() -> None:
    made = content("toast", "a", "--wns-tag", "storm", "--tag", "news").wns
    assert isinstance(made, wns.Toast)
    assert made.tag == "storm"


def test_without_a_kind_it_is_a_toast() -> None:
    assert content("Goal!", "2 : 1", "--tag", "news") == content("toast", "Goal!", "2 : 1")


def test_texts_in_other_languages_replace_the_texts() -> None:
    made = content(
        "toast", "Goal!", "2 : 1", "--text-for", "de=Tor!", "--text-for", "de=2 : 1", "--text-for", "fr=But !"
    )
    assert made.mpns == mpns.Toast("Goal!", "2 : 1")
    assert (made.locales["de"], made.locales["fr"]) == (
        Content(mpns=mpns.Toast("Tor!", "2 : 1"), wns=wns.Toast("Tor!", "2 : 1")),
        Content(mpns=mpns.Toast("But !"), wns=wns.Toast("But !")),
    )


def test_browsers_get_a_toasts_texts_where_it_says_so() -> None:
    made = content("toast", "Goal!", "2 : 1", "--browsers", "--text-for", "de=Tor!")
    assert made.webpush == Message.json({"title": "Goal!", "body": "2 : 1"})
    assert made.locales["de"].webpush == Message.json({"title": "Tor!"})  # type: ignore[union-attr]  # a Content
    assert content("toast", "Goal!").webpush is None
    assert content("toast", "a", "--service", "webpush") == Content(webpush=Message.json({"title": "a"}))
    assert content("toast", "a", "--browsers", "--service", "wns") == Content(wns=wns.Toast("a"))


def test_a_message_is_for_browsers_alone() -> None:
    made = content("message", "Hi {name}", "--title", "News", "--ttl", "60", "--topic", "t", "--template")
    options: DeliveryOptions = {"ttl": timedelta(minutes=1), "topic": "t"}
    message = Message.json({"title": "News", "body": "Hi {name}"}, **options)
    assert made == Content(webpush=message, template=True)
    assert content("message") == Content(webpush=Message())


def test_a_message_has_every_option_that_webpush_send_has() -> None:
    assert message_options(broadcast.command, "message") - ADDED == message_options(webpush.command, "send")


def test_a_template_is_one_in_every_language() -> None:
    made = content("toast", "Hello {name}", "--template", "--text-for", "de=Hallo {name}")
    assert (made.template, made.locales["de"].template) == (True, True)  # type: ignore[union-attr]  # a Content


def test_a_document_is_for_its_own_service_and_the_texts_for_the_other(tmp_path: Path) -> None:
    file = tmp_path / "toast.xml"
    file.write_text(TOAST)
    made = content("toast", "Hello", "--xml", str(file))
    assert (made.mpns, made.wns) == (mpns.Toast("Hello"), wns.Xml("toast", TOAST.encode()))
    assert content("toast", "--xml", "-", stdin=TOAST).mpns is None


def test_a_content_file_is_what_a_dry_run_prints(tmp_path: Path) -> None:
    file = tmp_path / "goal.json"
    given = content("toast", "Goal!", "--text-for", "de=Tor!", "--button", "Watch=watch")
    file.write_text("\ufeff" + given.to_json())
    assert content("content", str(file)) == given
    assert content("content", "-", stdin=given.to_json()) == given


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give one or two texts"),
        (["toast"], "Give one or two texts"),
        (["toast", "--text-for", "de=Tor!"], "Give one or two texts"),
        (["toast", "a", "--text-for", "Tor!"], "LOCALE=TEXT"),
        (["toast", "a", "--text-for", "!!=Tor!"], "locale"),
        (["toast", "a", "b", "c"], "two texts"),
        (["toast", "a", "--param", "x"], "param"),
        (["tile", "--hero", "a.png"], "--hero is an option of 'toast'; 'tile' doesn't take it"),
        (["badge", "7", "--text", "a"], "--text is an option of 'tile'; 'badge' doesn't take it"),
        (["toast", "a", "--cycle-image", "a"], "'cycle-tile'; 'toast' doesn't take it"),
        (["tile"], "Give --text, --title"),
        (["raw"], "Give either the payload"),
        (["badge"], "Give a number"),
        (["--tag", "news", "badge", "7"], "'winpush broadcast badge …'"),
        (["toast", "a", "--nothing"], "No such option"),
        (["toast", "--xml", "-", "--phone-xml", "-", "a"], "a text can't change it"),
        (["toast", "--xml", "-", "--launch", "x"], "--xml is the complete document, so --launch can't change it"),
        (["content", "-"], "is not valid JSON"),
        (["toast", "--xml", "-", "--browsers"], "--browsers needs a text"),
        (["badge", "7", "--service", "webpush"], "'badge' can't be sent to webpush"),
        (["badge", "7", "--service", "mpns"], "'badge' can't be sent to mpns"),
        (["badge", "7", "--browsers"], "--browsers is an option of 'toast'"),
        (["message", "x", "--topic", "a b"], "topic: must be 1 to 32"),
        (["message", "x", "--hero", "a"], "--hero is an option of 'toast'; 'message' doesn't take it"),
    ],
)
def test_what_is_used_wrongly_says_the_next_thing_to_type(arguments: list[str], said: str) -> None:
    done = call("broadcast", *arguments, stdin="no XML")
    assert done.exit_code == 2
    assert said in done.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("bagde", "badge"), ("badges", "badge"), ("Badge", "badge"), ("tost", "toast"), ("toat", "toast"),
        ("tiles", "tile"), ("flip-tiles", "flip-tile"), ("mesage", "message"), ("contents", "content"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [("5",), ("--tag", "news")])
def test_a_mistyped_kind_is_not_sent_as_a_text(word: str, kind: str, more: tuple[str, ...]) -> None:
    done = call("broadcast", word, *more, "--dry-run")
    assert done.exit_code == 2
    assert f"{word!r} is not a kind. Did you mean: winpush broadcast {kind} …?" in done.output
    assert f"write 'winpush broadcast toast {word} …'" in done.output
    assert content("toast", word, "5") == Content(mpns=mpns.Toast(word, "5"), wns=wns.Toast(word, "5"))


@pytest.mark.parametrize("words", [["Goal!", "1:0"], ["Table", "Free"], ["Storm warning", "Gusts"], ["Now"]])
def test_a_text_that_is_like_no_kind_needs_none(words: list[str]) -> None:
    assert content(*words) == content("toast", *words)


def test_completion_behind_a_mistyped_kind_says_nothing() -> None:
    broadcast.command.make_context("broadcast", ["bagde", "5"], resilient_parsing=True)


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outbox with one channel, which has the tag news."""
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    monkeypatch.setenv("WINPUSH_DB", f"sqlite:///{tmp_path}/push.db")
    assert call("channels", "add", MPNS_URI, "--tag", "news").exit_code == 0


NOBODY = ("--tag", "newz", "--service", "mpns", "--attribute", "team=FC Bern")


@pytest.mark.parametrize("more", [(), ("--store-only",), ("--json",)])
def test_a_broadcast_to_nobody_says_so_and_which_options_chose_them(more: tuple[str, ...], db: None) -> None:
    done = run_here("broadcast", "Hello", *NOBODY, *more)
    assert done.returncode == 0
    assert done.stderr == (
        "Warning: No channel matches --tag newz --service mpns --attribute 'team=FC Bern', so this reaches nobody. "
        "'winpush channels list' shows the channels and their tags.\n"
    )
    said = run_here("broadcasts", "show", "1").stdout
    assert "--store-only" in more or said == ("Broadcast 1: finished. No channel matched its audience.\n")


def test_a_broadcast_without_any_channel_says_so(db: None) -> None:
    assert call("channels", "remove", "1").exit_code == 0
    done = run_here("broadcast", "Hello")
    assert "No channel is registered, so this reaches nobody. 'winpush channels add' registers one." in done.stderr


def test_a_broadcast_to_somebody_warns_of_nothing(db: None) -> None:
    done = run_here("broadcast", "Hello", "--tag", "news", "--store-only")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_broadcast_reaches_this_machine_without_the_environments_proxy(tmp_path: Path, emulator: Emulator) -> None:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    device = emulator.create_windows_channel()
    variables = login(emulator, WINPUSH_DB=f"sqlite:///{tmp_path}/own.db", HTTP_PROXY="http://127.0.0.1:1")
    assert call("channels", "add", device.uri, **variables).exit_code == 0
    done = call("broadcast", "Hello", **variables)
    assert (done.exit_code, len(device.toasts)) == (0, 1), done.output


def test_a_key_that_was_used_before_says_whose_text_is_sent(db: None) -> None:
    store = ("broadcast", "--store-only", "--idempotency-key", "k")
    assert run_here(*store, "First").stdout.startswith("Stored broadcast 1.")
    assert run_here("broadcast", "--store-only", "Between").stdout.startswith("Stored broadcast 2.")
    again = run_here(*store, "Second")
    assert (again.returncode, again.stdout) == (0, "")
    assert "Broadcast 1 was stored before with the same --idempotency-key. It keeps its first content" in again.stderr
    assert json.loads(run_here(*store, "Third", "--json").stdout) == {"broadcast": 1, "stored_before": True}
    other = ("broadcast", "--store-only", "--idempotency-key", "other", "Third", "--json")
    assert json.loads(run_here(*other).stdout)["stored_before"] is False


def test_ctrl_c_says_what_becomes_of_the_broadcast(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(broadcast, "follow", interrupted)
    done = run_here("broadcast", "Hello", "--not-before", "2999-01-01T00:00Z")
    assert done.returncode == 130
    assert "Broadcast 1 is stored: 'winpush worker' continues it" in done.stderr
    assert "'winpush broadcasts cancel 1' drops" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_an_option_of_another_kind_is_an_error_that_names_both(kind: str) -> None:
    own = broadcast.command.commands[kind]
    for other, command in broadcast.command.commands.items():
        for param in command.params:
            name = param.opts[0]
            if isinstance(param, click.Option) and not any(name in each.opts for each in own.params):
                done = call("broadcast", kind, name)
                assert done.exit_code == 2
                assert f"{name} is an option of " in done.output
                assert f"'{other}'" in done.output
                assert f"'{kind}' doesn't take it" in done.output
