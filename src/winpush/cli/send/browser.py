"""The browser side of `winpush webpush send` and `winpush broadcast`: options, and the message made from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from winpush.cli.help import option
from winpush.webpush import DeliveryOptions, Message, Urgency

__all__ = ["browser_options", "make_message", "make_toast_message"]

_DAY_SECONDS = 86_400
_OPTIONS = (
    option("--title", heading="Message", help="Send a notification as JSON, with this title and TEXT as its body."),
    option(
        "--ttl",
        heading="Delivery",
        type=click.IntRange(0, 30 * _DAY_SECONDS),
        default=28 * _DAY_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="How long the service keeps it for an offline browser; 0: now or never.",
    ),
    option(
        "--urgency",
        heading="Delivery",
        type=click.Choice([each.value for each in Urgency]),
        help="How soon to wake a device.",
    ),
    option(
        "--topic",
        heading="Delivery",
        help="Replaces a waiting message with the same topic; up to 32 letters, digits, - and _.",
    ),
)


def browser_options(function: Any) -> Any:
    """Adds the options of a message to a browser."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


def make_message(text: str | None, values: dict[str, Any]) -> Message:
    """The message from a command's values: the text itself or, with a title, a notification as JSON.

    Raises ValidationError.
    """
    options = _delivery(values)
    if values["title"] is None:
        return Message(text or "", **options)
    return Message.json(_notification(values["title"], text), **options)


def make_toast_message(values: dict[str, Any]) -> Message:
    """The message for browsers from a toast's texts: a notification as JSON, with the first text as its title."""
    title, *rest = values["text"] or ("",)
    return Message.json(_notification(title, "\n".join(rest) or None))


def _notification(title: str, body: str | None) -> dict[str, str]:
    return {"title": title} if body is None else {"title": title, "body": body}


def _delivery(values: dict[str, Any]) -> DeliveryOptions:
    urgency = values["urgency"]
    return {
        "ttl": timedelta(seconds=values["ttl"]),
        "urgency": None if urgency is None else Urgency(urgency),
        "topic": values["topic"],
    }
