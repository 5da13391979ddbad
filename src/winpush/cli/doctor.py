"""`winpush doctor [URI|FILE]`: checks the credentials and, with a probe, a channel; says what to fix."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from winpush import Outcome, wns
from winpush.answers import bears_wns_mark
from winpush.channels import Channel, Service, check_endpoint
from winpush.cli.addresses import read_address
from winpush.cli.browser_findings import examine_browser
from winpush.cli.files import read_bytes
from winpush.cli.findings import Finding, advise, check_login, describe
from winpush.cli.help import Command, needs, option
from winpush.cli.login import credentials_options, take_login
from winpush.cli.options import client_options, connection_options
from winpush.cli.output import echo_cited, echo_json_line, hide_channels, host_to_allow
from winpush.cli.send.command import open_client
from winpush.cli.vapid import take_vapid, vapid_options
from winpush.client.options import ClientOptions
from winpush.errors import ChannelError, ValidationError
from winpush.webpush import Subscription
from winpush.wns.protocol.requests import check_channel

if TYPE_CHECKING:
    from winpush.cli.findings import State

__all__ = ["command"]

_MARKS = {"good": ("✓", "green"), "note": ("•", "yellow"), "bad": ("✗", "red")}
# Clears toasts with a tag that no toast has: whatever the answer, nothing is shown, changed or removed.
_PROBE = wns.ClearToasts(tag="winpushDoctor")
_PROBE_ANSWERED = (Outcome.ACCEPTED, Outcome.METHOD_NOT_ALLOWED)


@click.command(
    cls=Command,
    examples=[
        "winpush doctor",
        'winpush doctor "$URI"',
        'winpush doctor "$URI" --no-probe --xml toast.xml',
        "winpush doctor browser.json \\\n      --vapid-key vapid.pem --subject mailto:ops@example.com",
    ],
)
@click.argument("uri", required=False, metavar="[URI|FILE]")
@option("--no-probe", heading="Checks", is_flag=True, help="Don't send anything to the channel.")
@option(
    "--xml",
    heading="Checks",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Also check what a device would show of this XML, element by element; '-' for standard input.",
)
@option("--json", "as_json", heading="Output", is_flag=True, help="Print the findings as JSON, one per line.")
@credentials_options
@vapid_options
@connection_options
def command(uri: str | None, no_probe: bool, xml: Path | None, as_json: bool, **values: Any) -> None:
    """Find out why a notification doesn't arrive.

    Checks the channel, requests a token with your credentials, and sends a harmless probe: a request to clear toasts
    with a tag that no toast has. No device shows anything. Without a URI, it checks only the credentials.

    For a browser, give its endpoint or, better, a FILE with its subscription as JSON ('-' for standard input). The
    probe is then a message that no browser can decrypt, so the browser drops it.

    Exit code: 0 no problem found, 1 problem found, 2 usage error.
    """
    if uri is None:
        needs("a URI", "--no-probe")
    options = client_options(values)
    take_login(values, options)
    options["webpush"] = take_vapid(values)
    findings = [check_login(options)] if uri is None else list(_examine(uri, options, probes=not no_probe))
    if xml is not None:
        findings += _examine_document(read_bytes(xml))
    if as_json:
        for finding in findings:
            echo_json_line(finding)
    else:
        for finding in findings:
            _show(finding)
    if any(finding.state == "bad" for finding in findings):
        click.get_current_context().exit(1)


def _show(finding: Finding) -> None:
    mark, colour = _MARKS[finding.state]
    if not (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf"):
        mark = {"good": "+", "note": "*", "bad": "-"}[finding.state]
    echo_cited(f"{click.style(mark, fg=colour, bold=True)} {finding.about}: {hide_channels(finding.text)}")
    if finding.to_do:
        click.echo(f"  To do: {hide_channels(finding.to_do)}")


def _examine(given: str, options: ClientOptions, *, probes: bool) -> Iterator[Finding]:
    try:
        address = read_address(given, options["allow_hosts"])
        subscription = address if isinstance(address, Subscription) else None
        uri = address.endpoint if isinstance(address, Subscription) else address
        channel = Channel.parse(uri, allow_hosts=options["allow_hosts"])
        _check_target(channel)
    except ChannelError as error:
        yield _unusable(error)
        if options["wns"] is not None:
            yield check_login(options)
        return
    except ValidationError as error:
        yield _invalid("subscription", error, "have the page send JSON.stringify(subscription) again")
        return
    if channel.is_web_push or subscription is not None:
        yield from examine_browser(channel, subscription, options, probes=probes)
        return
    yield from _examine_channel(channel)
    if channel.service is Service.MPNS:
        return
    login = check_login(options)
    yield login
    if login.state != "bad" and probes:
        yield _probe(uri, options)


def _check_target(channel: Channel) -> None:
    if channel.is_web_push:
        check_endpoint(channel.target)
    elif channel.service is Service.WNS:
        check_channel(channel)


def _invalid(about: str, error: ValidationError, to_do: str) -> Finding:
    """A finding about invalid input. It names the error's field unless the finding is about that field."""
    return Finding(about, "bad", error.problem if error.field == about else str(error), to_do)


def _unusable(error: ChannelError) -> Finding:
    problem, host = host_to_allow(error.problem)
    to_do = "use the URI exactly as the app received it from Windows"
    if host is not None:
        to_do = f"if this is your own server, add --allow-host {host}"
    return Finding("channel", "bad", problem, to_do)


def _examine_channel(channel: Channel) -> Iterator[Finding]:
    if channel.service is Service.MPNS:
        if channel.origin.service is None:
            yield Finding("channel", "good", f"is an MPNS channel on a host that you allowed ({channel.origin.host})")
        else:
            to_do = "move the app to WNS; see 'Move from MPNS to WNS' in the documentation"
            yield Finding("channel", "bad", "is an MPNS channel, and Microsoft switched MPNS off in 2018", to_do)
        yield Finding("probe", "note", "not sent: any MPNS request could show on the phone")
    elif channel.service is Service.WNS:
        own = channel.origin.service is Service.WNS
        where = "" if own else f" on a host that you allowed ({channel.origin.host})"
        yield Finding("channel", "good", f"is a WNS channel{where}; these expire 30 days after they are opened")
    else:
        yield Finding("channel", "note", "is on a host that you allowed; its path matches neither MPNS nor WNS")


def _probe(uri: str, options: ClientOptions) -> Finding:
    with open_client(options) as client:
        result = client.send(uri, _PROBE)
    if result.outcome in _PROBE_ANSWERED:
        if result.response is None or not bears_wns_mark(result.response):
            to_do = "check what answers there: a proxy, a firewall or another server?"
            return Finding("probe", "bad", f"{describe(result)} The answer has none of WNS's own headers", to_do)
        return Finding(
            "probe",
            "good",
            f"WNS answered {result.status_code}, as it does for a valid channel. Whether WNS checks the channel before "
            "answering is undocumented",
        )
    return Finding("probe", "bad", describe(result), advise(result))


def _examine_document(body: bytes) -> Iterator[Finding]:
    kind = next((kind for kind in ("toast", "tile", "badge") if f"<{kind}".encode() in body), "toast")
    try:
        wns.Xml(kind, body)  # type: ignore[arg-type]  # one of the three
        view = wns.show(body, kind)
    except ValidationError as error:
        yield _invalid("document", error, "fix the document")
        return
    if not view.remarks:
        yield Finding("document", "good", f"a device would show all of this {kind}")
    for remark in view.remarks:
        state: State = "bad" if remark.is_objection else "note"
        doubt = f" (doubtful: {remark.doubt})" if remark.doubt else ""
        yield Finding(f"document {remark.path}", state, f"{remark.message}{doubt} [{remark.source}]")
    if not view.is_shown:
        yield Finding("document", "bad", f"a device would show nothing of this {kind}", "fix the problems listed above")
