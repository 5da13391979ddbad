"""What telemetry shows of the sending: metrics, spans, logs, and what is never in any of them."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.delivery.clock import Clock
from winpush import mpns, wns
from winpush.delivery import Content, Outbox, Telemetry, WorkerSettings
from winpush.emulator import Emulator, Fault

CONTENT = Content(mpns=mpns.Toast("Hello"), wns=wns.Toast("Hello"))


class Seen:
    """Providers that keep everything in memory."""

    def __init__(self, *, trace_sends: bool = False) -> None:
        self.reader, self.spans = InMemoryMetricReader(), InMemorySpanExporter()
        self._meters = MeterProvider([self.reader])
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        self.telemetry = Telemetry(meter_provider=self._meters, tracer_provider=tracers, trace_sends=trace_sends)

    def metric(self, name: str) -> dict[frozenset[tuple[str, Any]], Any]:
        """The points of a metric, by their attributes."""
        data = self.reader.get_metrics_data()
        points = [
            point
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]
        return {frozenset((point.attributes or {}).items()): point for point in points}

    def close(self) -> None:
        self._meters.shutdown()


@pytest.fixture
def seen() -> Iterator[Seen]:
    made = Seen(trace_sends=True)
    yield made
    made.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """SQLite only: telemetry doesn't depend on the kind of database."""
    return f"sqlite:///{tmp_path}/push.db"


def of(**attributes: str) -> frozenset[tuple[str, str]]:
    return frozenset(attributes.items())


def test_attempts_are_counted_by_service_outcome_and_kind_and_timed(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, seen: Seen
) -> None:
    outbox = make_outbox(wns=winpush_emulator.entra_credentials, telemetry=seen.telemetry)
    for state in ("healthy", "healthy", "expired"):
        outbox.register(winpush_emulator.create_channel(state=state).uri)
    outbox.register(winpush_emulator.create_windows_channel().uri)
    outbox.broadcast(CONTENT)
    outbox.deliver_until_idle()
    sends = {key: point.value for key, point in seen.metric("winpush.sends").items()}
    assert sends == {
        of(service="mpns", outcome="accepted", kind="toast"): 2,
        of(service="mpns", outcome="channel-gone", kind="toast"): 1,
        of(service="wns", outcome="accepted", kind="toast"): 1,
    }
    durations = seen.metric("winpush.send.duration")
    assert {key: point.count for key, point in durations.items()} == {of(service="mpns"): 3, of(service="wns"): 1}
    assert all(0 < point.sum < 60 for point in durations.values())
    assert {key: point.value for key, point in seen.metric("winpush.token.requests").items()} == {
        of(result="granted"): 1
    }


def test_a_wait_that_a_service_asks_for_and_the_queue_are_seen(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, seen: Seen
) -> None:
    outbox = make_outbox(telemetry=seen.telemetry)
    outbox.register(winpush_emulator.create_channel(state="throttled").uri)
    outbox.broadcast(CONTENT)
    depths: list[int] = []
    original = seen.telemetry.waited

    def look(service: str, scope: str, seconds: float) -> None:
        original(service, scope, seconds)
        depths.extend(point.value for point in seen.metric("winpush.queue.unclaimed").values())

    seen.telemetry.waited = look  # type: ignore[method-assign]  # looks while the worker is at work
    outbox.deliver_until_idle()
    (wait,) = seen.metric("winpush.throttle.wait").values()
    assert wait.attributes == {"service": "mpns", "scope": "channel"}
    assert wait.sum >= 60
    assert depths == [0]
    assert seen.metric("winpush.queue.depth") == {}  # nobody is at work any more


def test_there_is_a_span_around_each_batch_and_each_send(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, seen: Seen
) -> None:
    outbox = make_outbox(telemetry=seen.telemetry)
    for _ in range(2):
        outbox.register(winpush_emulator.create_channel().uri)
    number = outbox.broadcast(CONTENT)
    outbox.deliver_until_idle()
    spans = seen.spans.get_finished_spans()
    (batch,) = (span for span in spans if span.name == "winpush.deliver")
    sends = [span for span in spans if span.name == "winpush.send"]
    assert dict(batch.attributes or {}) == {"winpush.broadcasts": (number,), "winpush.channels": 2}
    assert len(sends) == 2
    for span in sends:
        assert span.parent is not None
        assert span.parent.span_id == batch.context.span_id
        assert (span.attributes or {})["outcome"] == "accepted"


def test_nothing_secret_is_in_any_log_metric_or_span(
    make_outbox: Callable[..., Outbox],
    winpush_emulator: Emulator,
    seen: Seen,
    caplog: pytest.LogCaptureFixture,
    clock: Clock,
) -> None:
    caplog.set_level(logging.DEBUG)
    login = winpush_emulator.entra_credentials
    outbox = make_outbox(wns=login, telemetry=seen.telemetry, hooks=[lambda _event: 1 / 0])
    states = ("healthy", "expired", "throttled", "inactive", "queue-full")
    uris = [winpush_emulator.create_channel(state=state).uri for state in states]
    uris += [winpush_emulator.create_windows_channel().uri for _ in range(3)]
    for uri in uris:
        outbox.register({"uri": uri, "key": "the-users-key"})
    winpush_emulator.faults.add(Fault(status=401, count=1))
    winpush_emulator.faults.add(Fault(cut="before-answer", count=1))
    outbox.broadcast(CONTENT)
    outbox.notify("the-users-key", CONTENT)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(hours=2)
    winpush_emulator.faults.add(Fault(status=503, phone="token"))
    outbox.broadcast(CONTENT)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(hours=2)
    make_outbox().deliver_until_idle()  # without a login
    refused = make_outbox(wns=login, settings=WorkerSettings(most_gone=0.1, gone_at_least=1))
    refused.register(winpush_emulator.create_channel(state="expired").uri)
    clock.ahead += timedelta(hours=2)
    refused.broadcast(CONTENT)
    refused.deliver_until_idle()
    assert [words for words in ("does not work", "has no login", "has stopped") if words not in caplog.text] == []
    shown = caplog.text + repr(seen.reader.get_metrics_data())
    shown += "".join(repr(record.__dict__) for record in caplog.records)
    shown += "".join(span.to_json() for span in seen.spans.get_finished_spans())
    shown += "".join(map(repr, outbox.history())) + "".join(map(repr, outbox.channels(gone=None)))
    assert "A hook raised" in shown
    secrets = [uri[-20:] for uri in uris] + [login.client_secret]
    assert not [secret for secret in secrets if secret in shown]
    assert "Bearer" not in shown


def test_without_opentelemetry_it_is_said_what_to_install() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from winpush import ConfigurationError\nfrom winpush.delivery import Outbox, Telemetry\n"
        "try: Telemetry()\nexcept ConfigurationError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "winpush[otel]"' in done.stdout


def test_nothing_of_opentelemetry_is_imported_unless_asked_for() -> None:
    code = "import sys, winpush.delivery; print([name for name in sys.modules if 'opentelemetry' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
