"""What `winpush doctor` finds about a browser's endpoint."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

from winpush import Result
from winpush.channels import Channel, Service, sender_of
from winpush.cli.findings import Finding, advise, describe
from winpush.cli.send.command import open_client
from winpush.cli.vapid import NO_VAPID
from winpush.client.options import ClientOptions
from winpush.webpush import Message, Subscription, Urgency

__all__ = ["examine_browser"]

_WHOSE = {
    ".notify.windows.com": "WNS, which Edge uses on Windows",
    ".push.services.mozilla.com": "Mozilla, which Firefox uses",
    "fcm.googleapis.com": "Google, which Chrome and most others use",
    "jmt17.google.com": "Google, which Chrome and most others use",
    ".push.apple.com": "Apple, which Safari uses",
}
"""Push services, by the name that `sender_of` gives them."""
_PROBE = Message(b"winpush doctor", ttl=timedelta(0), urgency=Urgency.VERY_LOW)


def examine_browser(
    channel: Channel, subscription: Subscription | None, options: ClientOptions, *, probes: bool
) -> Iterator[Finding]:
    """Findings about the endpoint, the browser's keys if given, the sender's keys, and a probe."""
    yield Finding(
        "channel",
        "good",
        f"is a browser's Web Push endpoint {_where(channel)}. It takes messages (winpush webpush send), not the "
        "notifications that Windows apps get",
    )
    if subscription is None:
        yield Finding("keys", "note", "not checked: give a file with the whole subscription instead of its endpoint")
    else:
        yield Finding("keys", "good", "the subscription's keys are well formed")
    keys = options.get("webpush")
    if keys is None:
        yield Finding("login", "bad", "no VAPID keys given, and push services require them", NO_VAPID.rstrip("."))
        return
    public = keys.application_server_key
    yield Finding("login", "good", f"signs as {keys.subject}. The page's applicationServerKey must be {public}")
    if probes:
        yield _probe(channel, options)


def _where(channel: Channel) -> str:
    sender = sender_of(Service.WEBPUSH, channel.origin.host, None)
    known = None if sender is None else _WHOSE.get(sender[1] or "")
    if channel.origin.service is None or known is None:
        return f"on a host that you allowed ({channel.origin.host})"
    return f"at {known}"


def _probe(channel: Channel, options: ClientOptions) -> Finding:
    """A message for keys that no browser has: a browser must drop what it can't decrypt (W3C, Push API)."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from winpush.webpush.private_keys import CURVE, public_bytes

    nobody = Subscription(channel, public_bytes(ec.generate_private_key(CURVE)), os.urandom(16))
    with open_client(options) as client:
        result: Result = client.send(nobody, _PROBE)
    if result.ok:
        return Finding(
            "probe",
            "good",
            f"the push service answered {result.status_code}: the subscription exists and belongs to this VAPID key",
        )
    return Finding("probe", "bad", describe(result), advise(result))
