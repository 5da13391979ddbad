"""What becomes of notifications of WNS where the worker has no login."""

from __future__ import annotations

import logging

from winpush.channels import Service
from winpush.delivery.content.content import Form
from winpush.delivery.storage.database import Millis
from winpush.delivery.storage.rows import Record, Target
from winpush.delivery.worker.policy import SendPlan, without_login

__all__ = ["Login"]

_log = logging.getLogger("winpush.delivery")
_WNS = Service.WNS.value


class Login:
    """Whether a worker has a login for WNS. If not, it says so once, when it meets the first channel that needs it."""

    def __init__(self, worker: str, *, is_given: bool) -> None:
        self.is_given = is_given
        self._worker = worker
        self._is_told = False

    def or_wait(self, form: Form | Record, plan: SendPlan, target: Target, now: Millis) -> Form | Record:
        """In place of a notification of WNS, that it waits: for another worker, or for this one's next start."""
        if isinstance(form, Record) or target.service != _WNS:
            return form
        if not self._is_told:
            self._is_told = True
            _log.warning(
                "There are WNS channels to send to, and this worker has no login: their notifications wait. Make the "
                "outbox with wns=wns.EntraCredentials(tenant_id, client_id, client_secret) or "
                "wns.PackageCredentials(…); for 'winpush worker', set WINPUSH_TENANT_ID, WINPUSH_CLIENT_ID and "
                "WINPUSH_CLIENT_SECRET",
                extra={"worker": self._worker},
            )
        return without_login(plan, target, now)
