"""Handles notifications for a service that the worker has no login for."""

from __future__ import annotations

import logging

from winpush.channels import Service
from winpush.client.options import ClientOptions
from winpush.delivery.content.content import Form
from winpush.delivery.storage.database import Millis
from winpush.delivery.storage.rows import Record, Target
from winpush.delivery.worker.policy import SendPlan, without_login

__all__ = ["Login"]

_log = logging.getLogger("winpush.delivery")
_LACKS = {
    Service.WNS.value: (
        "There are WNS channels to send to, but this worker has no login, so their notifications wait. Create the "
        "outbox with wns=wns.EntraCredentials(tenant_id, client_id, client_secret) or wns.PackageCredentials(…); for "
        "'winpush worker', set WINPUSH_TENANT_ID, WINPUSH_CLIENT_ID and WINPUSH_CLIENT_SECRET"
    ),
    Service.WEBPUSH.value: (
        "There are browsers to push to, but this worker has no VAPID keys, so their messages wait. Create the outbox "
        "with webpush=webpush.VapidKeys.parse(key, subject); for 'winpush worker', give --vapid-key and --subject, or "
        "set WINPUSH_VAPID_KEY and WINPUSH_VAPID_SUBJECT"
    ),
}


class Login:
    """The services that a worker can log in to. Logs what is missing, once per service, when first needed."""

    def __init__(self, worker: str, options: ClientOptions) -> None:
        self._lacks = {service: words for service, words in _LACKS.items() if options.get(service) is None}
        self.is_given = not self._lacks
        self._worker = worker
        self._told: set[str] = set()

    def or_wait(self, form: Form | Record, plan: SendPlan, target: Target, now: Millis) -> Form | Record:
        """The form, or, if it can't be sent, a record that it waits for another worker or this one's next start."""
        if isinstance(form, Record) or target.service not in self._lacks:
            return form
        if target.service not in self._told:
            self._told.add(target.service)
            _log.warning(self._lacks[target.service], extra={"worker": self._worker})
        return without_login(plan, target, now)
