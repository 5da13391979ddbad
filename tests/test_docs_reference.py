"""The reference of the Python API and of the outcomes agrees with the code."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import winpush
from winpush import Action, Outcome, Response, convert, delivery, errors, mpns, retries, webpush, wns
from winpush.client.options import ClientOptions
from winpush.client.token_cache import TokenSource
from winpush.results import judge_failure

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
API = (REFERENCE / "api.md").read_text()
CODE = re.compile(r"`([^`\n]+)`")
CALL = re.compile(r"(?:await )?([\w.]+)\((.*)\)")
MODULES = {"mpns": mpns, "wns": wns, "webpush": webpush, "delivery": delivery}
# Methods in the reference without their class: whose they are.
OWNERS: dict[str, Any] = {
    "client": winpush.Client,
    "outbox": delivery.Outbox,
    "convert": convert,
    "retries": retries,
    "winpush": winpush,
    "result": winpush.Result,
    "Subscription": webpush.Subscription,
    "Message": webpush.Message,
    "VapidKeys": webpush.VapidKeys,
}


def sections() -> Iterator[tuple[ModuleType, str]]:
    """Each section of the page, and the module that it is about."""
    for section in re.split(r"^## ", API, flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        named = re.search(r"`winpush\.(\w+)`", title)
        yield (winpush if named is None else MODULES[named[1]]), section


def code_of(module: ModuleType) -> list[str]:
    return [code for about, section in sections() if about is module for code in CODE.findall(section)]


@pytest.mark.parametrize("module", [winpush, *MODULES.values()], ids=lambda module: module.__name__)
def test_every_public_name_is_in_the_section_of_its_module(module: Any) -> None:
    words = {word for code in code_of(module) for word in re.findall(r"\w+", code)}
    names = {name for name in module.__all__ if not inspect.ismodule(getattr(module, name))}
    assert not sorted(names - words)


def test_every_public_module_is_named() -> None:
    modules = [name for name in winpush.__all__ if inspect.ismodule(getattr(winpush, name))]
    assert not [name for name in modules if not re.search(rf"`winpush\.{name}\b", API)]


def find(module: ModuleType, path: str) -> Any:
    """What the page calls `path` in the section of a module; None for what nothing of ours has."""
    first, *rest = path.removeprefix("winpush.").split(".")
    if not first:  # `.to_xml()`: of all notifications
        found: Any = module.Notification
    elif rest:
        found = OWNERS[first]
        if rest == ["aclose"]:
            found = winpush.AsyncClient
    else:
        return next(getattr(each, first) for each in (module, *OWNERS.values(), TokenSource) if hasattr(each, first))
    for part in rest:
        found = getattr(found, part)
    return found


def calls() -> list[Any]:
    """Each call that the page shows."""
    matches = (
        (module, code, match)
        for module, section in sections()
        for code in CODE.findall(section)
        if (match := CALL.fullmatch(code)) is not None
    )
    return [pytest.param(module, *match.groups(), id=code) for module, code, match in matches]


@pytest.mark.parametrize(("module", "path", "arguments"), calls())
def test_a_call_of_the_reference_has_the_parameters_of_the_real_one(
    module: ModuleType, path: str, arguments: str
) -> None:
    """Those that are named exist, in that order; where no `…` stands for others, none is missing that must be given."""
    target = find(module, path)
    parameters = list(inspect.signature(target).parameters.values())
    if parameters and parameters[0].name == "self":
        parameters.pop(0)
    written = [argument.strip() for argument in arguments.split(",") if argument.strip()]
    named = [argument.partition("=")[0].lstrip("*") for argument in written if argument != "…"]
    names = [parameter.name for parameter in parameters]
    assert [name for name in names if name in named] == named
    if "…" not in arguments:
        required = {
            each.name for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD
        }
        assert required <= set(named)


def rows(section: str) -> dict[str, list[str]]:
    """The rows of a section's tables, by the code in their first cell."""
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if "|" in line]
    return {code: row[1:] for row in found for code in CODE.findall(row[0])}


def test_the_fields_of_each_notification_of_mpns_are_those_of_its_type() -> None:
    (section,) = (section for module, section in sections() if module is mpns)
    fields: dict[str, set[str]] = {}
    shared = {"batching", "message_id", "callback_uri"}
    for name, (cell,) in rows(section).items():
        of_another = re.match(r"[a-z ]+ of `(\w+)`, ", cell)
        own = cell if of_another is None else cell[of_another.end() :]
        fields[name] = set(re.sub(r" \(.*?\)", "", own).split(", "))
        if of_another is not None:
            fields[name] |= fields[of_another[1]]
    real = {name: set(inspect.signature(getattr(mpns, name)).parameters) - shared for name in fields}
    assert fields == real
    assert len(fields) == 7


def test_the_options_of_the_clients_are_all_named() -> None:
    (cell,) = rows(next(section for module, section in sections() if module is winpush))["AsyncClient"]
    assert CODE.findall(cell) == list(ClientOptions.__annotations__)


# --- outcomes -----------------------------------------------------------------------------------------------------

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {
    "nothing": Action.NOTHING,
    "retry": Action.RETRY_LATER,
    "stop and fix": Action.STOP_AND_FIX,
    "delete the channel": Action.DELETE_CHANNEL,
    "decide": Action.DECIDE,
}


def real_actions() -> dict[str, set[Action]]:
    """What every answer of the services, and every way to get none, asks for: by outcome."""
    found: dict[str, set[Action]] = defaultdict(set)
    # A 401 of WNS is told only after a new token was refused, too.
    verdicts = [row.verdict for row in mpns.ROWS] + [row.verdict for row in wns.ROWS if not row.renews_token]
    verdicts += [row.verdict for row in webpush.ROWS]
    for status in range(100, 600):
        verdicts += [mpns.judge(Response(status)), wns.judge(Response(status), NOW, renewed=True)[0]]
        verdicts.append(webpush.judge(Response(status), NOW)[0])
    for name in errors.__all__:
        error = getattr(errors, name)
        if issubclass(error, errors.TransportError):
            takes = inspect.signature(error).parameters
            ways = [{}, *({name: True} for name in ("request_sent", "is_outage") if name in takes)]
            verdicts += [judge_failure(error("It failed.", **way)) for way in ways]
    refused = (errors.ChannelError, errors.AppError, errors.ValidationError)
    verdicts += [judge_failure(error("uri", "no good")) for error in refused]
    verdicts.append(wns.TokenProblem.of_error(RuntimeError()).verdict)
    for verdict in verdicts:
        found[verdict.outcome.name].add(verdict.action)
    return found


def test_every_outcome_is_in_the_reference_with_the_actions_that_it_can_have() -> None:
    table = rows((REFERENCE / "outcomes.md").read_text())
    said = {
        name: {action for word, action in WORDS.items() if re.search(rf"\b{word}\b", cells[-1])}
        for name, cells in table.items()
    }
    assert said.keys() == Outcome.__members__.keys()
    real = real_actions()
    assert said == {name: real[name] for name in said}


def real_statuses() -> dict[str, set[int]]:
    """The statuses of the answers of all services that come to each outcome; of all answers that a table has."""
    found: dict[str, set[int]] = defaultdict(set)
    of_wns = [row for row in wns.ROWS if row.endpoint is wns.ROWS[0].endpoint]
    documented = [(row.verdict, row.status_code) for row in mpns.ROWS]
    documented += [(row.verdict, row.status_code) for row in of_wns]
    for status in {status for _, status in documented}:
        for headers in ((), ((mpns.HEADERS.subscription_status[0], b"Active"),)):
            found[mpns.judge(Response(status, headers)).outcome.name].add(status)
        for word in {None, *(row.notification_status for row in of_wns)}:
            name = wns.HEADERS.notification_status[0]
            marks = () if word is None else ((name, word.encode()),)
            found[wns.judge(Response(status, marks), NOW, renewed=True)[0].outcome.name].add(status)
    for verdict, status in [*documented, *((row.verdict, row.status_code) for row in webpush.ROWS)]:
        found[verdict.outcome.name].add(status)
    return found


@pytest.mark.parametrize("outcome", [each.name for each in Outcome if each is not Outcome.UNEXPECTED_ANSWER])
def test_an_outcome_of_the_reference_names_the_statuses_that_come_to_it(outcome: str) -> None:
    (when, *_) = rows((REFERENCE / "outcomes.md").read_text())[outcome]
    said = {int(number) for number in re.findall(r"\b[1-5]\d\d\b", when)}
    assert said == real_statuses()[outcome]


def test_every_outcome_has_a_way_to_come_about() -> None:
    assert set(real_actions()) == set(Outcome.__members__)
