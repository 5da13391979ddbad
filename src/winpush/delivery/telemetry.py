"""Metrics and traces of an outbox's workers, through OpenTelemetry's API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from winpush._version import __version__
from winpush.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import TracerProvider
    from opentelemetry.util.types import AnyValue

__all__ = ["Telemetry"]

_NAME = "winpush"
# Seconds: from a nearby push service to one that hangs until the timeout.
_LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
_WAITS = (1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)


class Telemetry:
    """Exports an outbox's metrics and traces: `Outbox(url, telemetry=Telemetry())`.

    Uses the global OpenTelemetry providers of your application, or the ones passed here. Without a Telemetry nothing is
    measured, at no cost to sending. No metric and no span contains a URI or a key.

    - `winpush.sends`: attempts, by `service`, `outcome` and `kind` (toast, tile, …).
    - `winpush.send.duration`: seconds from dequeuing a send to its answer, by `service`.
    - `winpush.queue.depth`: deliveries waiting for their due time.
    - `winpush.queue.unclaimed`: channel numbers that running broadcasts haven't reached yet.
    - `winpush.throttle.wait`: seconds that a service asked to wait, by `service` and `scope` (`app`, `channel`).
    - `winpush.token.requests`: token requests, by `result` (`granted`, `refused`).
    - Span `winpush.deliver`: one batch of up to 1,000 sends, or half a batch of a broadcast. With `trace_sends=True` it
      contains a span `winpush.send` for each of them.

    Raises ConfigurationError if opentelemetry-api is not installed: `pip install "winpush[otel]"`.
    """

    def __init__(
        self,
        *,
        meter_provider: MeterProvider | None = None,
        tracer_provider: TracerProvider | None = None,
        trace_sends: bool = False,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise ConfigurationError(
                'Telemetry needs the API of OpenTelemetry. Run: pip install "winpush[otel]"'
            ) from None
        self._trace = trace
        self._trace_sends = trace_sends
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
        meter = metrics.get_meter(_NAME, __version__, meter_provider)
        self._observation = metrics.Observation
        self._sends = meter.create_counter("winpush.sends", "{send}", "Send attempts")
        self._duration = meter.create_histogram(
            "winpush.send.duration",
            "s",
            "Time from dequeuing a send to its answer",
            explicit_bucket_boundaries_advisory=_LATENCIES,
        )
        self._waits = meter.create_histogram(
            "winpush.throttle.wait",
            "s",
            "Wait requested by a service",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        self._tokens = meter.create_counter("winpush.token.requests", "{request}", "Token requests")
        self._queues: dict[int, Callable[[], tuple[int, int] | None]] = {}
        meter.create_observable_gauge(
            "winpush.queue.depth", [self._observe_depth], "{delivery}", "Deliveries waiting for their due time"
        )
        meter.create_observable_gauge(
            "winpush.queue.unclaimed", [self._observe_unclaimed], "{channel}", "Channel numbers not reached yet"
        )

    def count(self, sends: Counter[tuple[str, str, str]]) -> None:
        """Counts attempts, by (service, outcome, kind)."""
        for (service, outcome, kind), number in sends.items():
            self._sends.add(number, {"service": service, "outcome": outcome, "kind": kind})

    def sent(self, service: str, kind: str, outcome: str, status: int | None, began: int, ended: int) -> None:
        """Records one send. `began` and `ended` are nanoseconds since 1970."""
        self._duration.record(max(ended - began, 0) / 1e9, {"service": service})
        if self._trace_sends:
            named: dict[str, str | int] = {"service": service, "kind": kind, "outcome": outcome}
            if status is not None:
                named["http.response.status_code"] = status
            client = self._trace.SpanKind.CLIENT
            span = self._tracer.start_span("winpush.send", kind=client, attributes=named, start_time=began)
            span.end(ended)

    def waited(self, service: str, scope: str, seconds: float) -> None:
        """Records a wait that a service asked for, for the whole app or one channel."""
        self._waits.record(seconds, {"service": service, "scope": scope})

    def logged_in(self, granted: int, refused: int) -> None:
        """Counts token requests."""
        for result, number in (("granted", granted), ("refused", refused)):
            if number:
                self._tokens.add(number, {"result": result})

    @contextmanager
    def batch(self, broadcasts: Iterable[int], channels: int) -> Iterator[None]:
        """A span around one batch."""
        named: dict[str, AnyValue] = {"winpush.broadcasts": sorted(broadcasts), "winpush.channels": channels}
        with self._tracer.start_as_current_span("winpush.deliver", attributes=named):
            yield

    @contextmanager
    def watching(self, queue: Callable[[], tuple[int, int] | None]) -> Iterator[None]:
        """Within this context the gauges call `queue` for (waiting, unclaimed), or None if unavailable."""
        number = id(queue)
        self._queues[number] = queue
        try:
            yield
        finally:
            del self._queues[number]

    def _observe_depth(self, _options: CallbackOptions) -> Iterable[Observation]:
        return self._observe(0)

    def _observe_unclaimed(self, _options: CallbackOptions) -> Iterable[Observation]:
        return self._observe(1)

    def _observe(self, place: int) -> Iterable[Observation]:
        for queue in list(self._queues.values()):
            depths = queue()
            if depths is not None:
                yield self._observation(depths[place])
                return  # the workers of a process share one database
