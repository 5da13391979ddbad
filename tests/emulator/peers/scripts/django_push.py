"""What the documentation of django-push-notifications sends to Windows devices, and what it is known to get wrong."""

from __future__ import annotations

from typing import Any

import django  # type: ignore[import-untyped]  # it has no types
from django.conf import settings  # type: ignore[import-untyped]  # it has no types

from tests.emulator.peers.scripts.steps import read_job, run

job = read_job()
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "push_notifications"],
    PUSH_NOTIFICATIONS_SETTINGS={
        "WNS_PACKAGE_SECURITY_ID": job["client_id"],
        "WNS_SECRET_KEY": job["client_secret"],
        "WNS_ACCESS_URL": job["login"],
    },
)
django.setup()

from push_notifications.models import WNSDevice  # type: ignore[import-not-found]  # noqa: E402 - after the set-up
from push_notifications.wns import wns_send_bulk_message, wns_send_message  # type: ignore[import-not-found]  # noqa: E402

# The example of `dict_to_xml_schema`.
TEXTS = [{"attrs": {"id": "1"}, "children": "text1"}, {"attrs": {"id": "2"}, "children": "text2"}]
BINDING = {"attrs": {"template": "ToastText01"}, "children": {"text": TEXTS}}
TOAST = {
    "toast": {
        "attrs": {"launch": "param", "duration": "short"},
        "children": {"visual": {"children": {"binding": BINDING}}},
    }
}


def device(uri: str) -> Any:
    """A device as it is stored in the database."""
    return WNSDevice(registration_id=uri)


run(
    job,
    {
        "toast": lambda uri: device(uri).send_message("You've got mail"),
        "toast_image": lambda uri: device(uri).send_message({"text": ["text1"], "image": ["src1"]}),
        "toast_image_template": lambda uri: wns_send_message(
            uri, {"text": ["text1"], "image": ["ms-appx:///a.png"]}, template="ToastImageAndText01"
        ),
        "toast_xml": lambda uri: wns_send_message(uri, xml_data=TOAST),
        "badge": lambda uri: wns_send_message(uri, xml_data={"badge": {"attrs": {"value": "3"}}}),
        "raw": lambda uri: wns_send_message(uri, raw_data='{"foo": 1}'),
        "bulk": lambda uri: wns_send_bulk_message([uri, job["channels"]["bulk_rest"]], "You've got mail"),
    },
)
