"""What the emulator remembers: devices with their screens, and the requests. No IO; `now` is passed in."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from winpush.emulator.channel_uris import ChannelIndex, make_mpns_path, make_wns_token, wns_query
from winpush.emulator.mpns.channel_states import CHANNEL_STATES, ChannelState
from winpush.emulator.webpush.browser import Browser, make_browser, state_of
from winpush.emulator.wns.device import WINDOWS_CHANNEL_STATES, Device
from winpush.errors import ValidationError
from winpush.mpns import VERSIONS
from winpush.mpns.fields import CLEAR
from winpush.mpns.payloads import Document
from winpush.mpns.render import Shown
from winpush.results import Outcome

__all__ = ["Arrival", "Phone", "Record", "Simulated", "Tile", "Waiting", "World"]

_KEPT_RECORDS = 1000
_KEPT_REMOVALS = 10_000
_KEPT_ON_SCREEN = 10
DAY = timedelta(hours=24)
# The kinds of notification that an app on a phone can bind (Suppressed: mpns.md 9.2).
KINDS = ("toast", "tile", "raw")


@dataclass(slots=True)
class Tile:
    """One tile of a start screen. `id` is '' for the app's own tile; `fields` are by Python name."""

    id: str
    template: str
    fields: dict[str, Any]
    updated: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """A toast or raw notification that has arrived: its number, time and content."""

    n: int
    at: datetime
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notification on its way to a phone; `document` is None for raw."""

    body: bytes
    document: Document | None


@dataclass(slots=True)
class Phone:
    """A simulated phone with one channel.

    `not_bound` are the kinds of notification that its app hasn't bound, `pinned` the ids of the secondary tiles on its
    start screen, `queue` what the service keeps while it is offline.
    """

    id: str
    name: str
    version: str
    state: ChannelState
    authenticated: bool
    path: str = field(repr=False)
    uri: str = field(repr=False)
    not_bound: frozenset[str] = frozenset()
    pinned: frozenset[str] = frozenset()
    revision: int = 0
    accepted: int = 0
    queue: deque[Waiting] = field(default_factory=deque)
    tiles: dict[str, Tile] = field(default_factory=dict)
    toasts: deque[Arrival] = field(default_factory=lambda: deque(maxlen=_KEPT_ON_SCREEN))
    raws: deque[Arrival] = field(default_factory=lambda: deque(maxlen=_KEPT_ON_SCREEN))
    sent: deque[datetime] = field(default_factory=deque, repr=False)
    refused_inactive: datetime | None = None

    @property
    def is_offline(self) -> bool:
        """True while the service accepts notifications and can only queue them."""
        row = self.state.row
        return row.verdict.outcome is Outcome.ACCEPTED and row.device_connection_status != "Connected"

    @property
    def token(self) -> str:
        """The secret part of the channel URI."""
        return self.path.rpartition("/")[2]


Simulated: TypeAlias = Phone | Device | Browser
"""Anything that can be pushed to: a phone, a Windows device, a browser."""


@dataclass(frozen=True, slots=True)
class Record:
    """One request and how it was judged, as the page's list shows it. Secrets in it are shortened.

    `source` is where the answer is documented, '' for one that no table has. `device` is the Windows device's own
    verdict as JSON (`is_shown`, and each of the `elements`), or None. `phone` is the device's id, None for a login or
    an unknown channel; `headers` are the request's, `answer` the answer's.
    """

    n: int
    at: datetime
    phone: str | None
    kind: str | None
    method: str
    status: int
    answer: dict[str, str]
    verdict: str
    reason: str
    remarks: tuple[str, ...]
    size: int
    fault: str | None
    body: str
    service: str = "mpns"
    device: dict[str, Any] | None = None
    source: str = ""
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class World:
    """Everything that the emulator remembers, within bounds. Each change raises `revision`, which views compare."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.revision = 0
        self.phones: dict[str, Simulated] = {}
        self.records: deque[Record] = deque(maxlen=_KEPT_RECORDS)
        self.removed: deque[tuple[int, str]] = deque(maxlen=_KEPT_REMOVALS)
        self.counters: Counter[str] = Counter()
        self.mpns_channels: ChannelIndex[Phone] = ChannelIndex()
        self.wns_channels: ChannelIndex[Device] = ChannelIndex()
        self.subscriptions: ChannelIndex[Browser] = ChannelIndex()
        self._made = 0
        self._numbered = 0

    def create_phone(
        self,
        base: str,
        *,
        version: str = "8.1",
        state: str = "healthy",
        authenticated: bool = False,
        name: str | None = None,
        not_bound: frozenset[str] = frozenset(),
        pinned: frozenset[str] = frozenset(),
    ) -> Phone:
        """Creates a phone whose channel URI begins with `base`. Raises ValidationError."""
        _check_phone(version, state, not_bound)
        check_pinned(pinned)
        self._made += 1
        path = make_mpns_path(self._rng, version, authenticated=authenticated)
        phone = Phone(
            f"p{self._made}",
            name or f"Phone {self._made}",
            version,
            CHANNEL_STATES[state],
            authenticated,
            path,
            f"{base}{path}",
            not_bound,
            pinned,
        )
        self.phones[phone.id] = phone
        self.mpns_channels.add(path, phone)
        self.touch(phone)
        return phone

    def create_device(
        self,
        base: str,
        now: datetime,
        *,
        is_phone: bool,
        state: str = "healthy",
        name: str | None = None,
        app: str | None = None,
    ) -> Device:
        """Creates a Windows device whose channel URI begins with `base`. Raises ValidationError."""
        _check_windows_state(state)
        self._made += 1
        token = make_wns_token(self._rng)
        made = f"Windows {self._made}"
        uri = f"{base}/?{wns_query(token)}"
        known = WINDOWS_CHANNEL_STATES[state]
        device = Device(f"w{self._made}", name or made, is_phone, known, token, uri, now, app)
        self.phones[device.id] = device
        self.wns_channels.add(token, device)
        self.touch(device)
        return device

    def create_browser(
        self,
        base: str,
        *,
        browser: str = "edge",
        state: str = "healthy",
        application_server_key: str | bytes | None = None,
        name: str | None = None,
    ) -> Browser:
        """Creates a browser whose endpoint begins with `base`. Raises ValidationError."""
        key = application_server_key
        made = make_browser(
            self._rng, self._made + 1, base, browser=browser, state=state, application_server_key=key, name=name
        )
        self._made += 1
        self.phones[made.id] = made
        self.subscriptions.add(made.token, made)
        self.touch(made)
        return made

    def change_browser(self, browser: Browser, state: str) -> None:
        """Sets the state. Raises ValidationError for an unknown one."""
        browser.state = state_of(state)
        self.touch(browser)

    def change_device(self, device: Device, state: str) -> None:
        """Sets the state. Raises ValidationError for an unknown one."""
        _check_windows_state(state)
        device.state = WINDOWS_CHANNEL_STATES[state]
        self.touch(device)

    def change_phone(
        self,
        phone: Phone,
        *,
        version: str | None = None,
        state: str | None = None,
        pinned: frozenset[str] | None = None,
    ) -> None:
        """Sets the given values. Raises ValidationError for an unknown version or state, or an invalid tile id."""
        _check_phone(version or phone.version, state or phone.state.name, frozenset())
        phone.version = version or phone.version
        phone.state = CHANNEL_STATES[state] if state else phone.state
        if pinned is not None:
            check_pinned(pinned)
            phone.pinned = pinned
            for unpinned in set(phone.tiles) - pinned - {""}:
                del phone.tiles[unpinned]
        self.touch(phone)

    def remove_phone(self, phone: Simulated) -> None:
        """Removes a device; its channel is unknown from now on."""
        del self.phones[phone.id]
        if isinstance(phone, Phone):
            self.mpns_channels.remove(phone.path)
        elif isinstance(phone, Browser):
            self.subscriptions.remove(phone.token)
        else:
            self.wns_channels.remove(phone.token)
        self.revision += 1
        self.removed.append((self.revision, phone.id))

    def touch(self, phone: Simulated) -> None:
        """Marks a device as changed."""
        self.revision += 1
        phone.revision = self.revision

    def record(self, record: Record) -> None:
        """Adds a request to the record."""
        self.revision += 1
        self.records.append(record)
        self.counters[record.verdict] += 1

    def next_number(self) -> int:
        """The next number for a record or an arrival."""
        self._numbered += 1
        return self._numbered

    def sent_today(self, phone: Phone, now: datetime) -> int:
        """How many notifications the channel has accepted in the last 24 hours."""
        while phone.sent and phone.sent[0] <= now - DAY:
            phone.sent.popleft()
        return len(phone.sent)

    def deliver(self, phone: Phone, shown: Shown, now: datetime) -> None:
        """Updates the phone's screen with what it shows of a toast or tile."""
        if shown.kind == "toast":
            content = {name: shown.values.get(name) for name in ("text1", "text2", "param", "sound")}
            phone.toasts.append(Arrival(self.next_number(), now, {**content, "silent": shown.silent}))
        elif shown.template is not None:
            _merge_tile(phone, shown, now)

    def deliver_raw(self, phone: Phone, body: bytes, now: datetime) -> None:
        """Passes a raw notification to the phone's app, assumed to be in the foreground."""
        content = {"size": len(body), "preview": body[:200].decode(errors="replace")}
        phone.raws.append(Arrival(self.next_number(), now, content))

    def clear(self) -> None:
        """Removes every device and record."""
        for phone in list(self.phones.values()):
            self.remove_phone(phone)
        self.records.clear()
        self.counters.clear()
        self.revision += 1


def _check_windows_state(state: str) -> None:
    if not isinstance(state, str) or state not in WINDOWS_CHANNEL_STATES:
        raise ValidationError("state", f"is {state!r}; choose one of {', '.join(WINDOWS_CHANNEL_STATES)}")


def check_pinned(pinned: frozenset[str]) -> None:
    """Raises ValidationError for an id that no tile can have (mpns.md 6.6)."""
    for each in pinned:
        if not isinstance(each, str) or not each.startswith("/"):
            raise ValidationError(
                "pinned", f"holds {each!r}; the id of a tile is a navigation URI that starts with '/'"
            )


def _check_phone(version: str, state: str, not_bound: frozenset[str]) -> None:
    if version not in VERSIONS:
        raise ValidationError("version", f"is {version!r}; choose one of {', '.join(VERSIONS)}")
    if not isinstance(state, str) or state not in CHANNEL_STATES:
        raise ValidationError("state", f"is {state!r}; choose one of {', '.join(CHANNEL_STATES)}")
    if not not_bound <= set(KINDS):
        raise ValidationError("not_bound", f"holds {', '.join(sorted(not_bound))}; choose from {', '.join(KINDS)}")


def _merge_tile(phone: Phone, shown: Shown, now: datetime) -> None:
    """Fields left out keep their values, cleared fields lose them (mpns.md 4)."""
    tile = phone.tiles.get(shown.tile_id)
    template = shown.template or "Tile"
    if tile is None:
        tile = phone.tiles[shown.tile_id] = Tile(shown.tile_id, template, {}, now)
    tile.template = template
    tile.updated = now
    for name, value in shown.values.items():
        if value is CLEAR:
            tile.fields.pop(name, None)
        else:
            tile.fields[name] = value
