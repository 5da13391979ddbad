"""Metrics and spans of an outbox's worker, through OpenTelemetry's API."""

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
# Seconds: from a push service around the corner to one that hangs until the timeout.
_LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
_WAITS = (1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)


class Telemetry:
    """Where the figures of an outbox's workers go: `Outbox(url, telemetry=Telemetry())`.

    The providers are those that your application has set for OpenTelemetry, or the ones given here. Without a
    Telemetry nothing is measured, and sending costs nothing for it. No figure and no span holds a URI or a key.

    - `winpush.sends`: attempts, by `service`, `outcome` and `kind` (toast, tile, …).
    - `winpush.send.duration`: seconds from a send's turn to its answer, by `service`.
    - `winpush.queue.depth`: deliveries that wait for their time; `winpush.queue.unclaimed`: channel numbers that the
      running broadcasts have not come to.
    - `winpush.throttle.wait`: seconds that a service asked to wait, by `service` and `scope` (`app`, `channel`).
    - `winpush.token.requests`: logins at the token server, by `result` (`granted`, `refused`).
    - a span `winpush.deliver` around each portion of up to 500 sends, and with `trace_sends=True` a span
      `winpush.send` for each send within it.

    Raises ConfigurationError where opentelemetry-api is not installed: `pip install 'winpush[otel]'`.
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
                "Telemetry needs OpenTelemetry's API, which is not installed: pip install 'winpush[otel]'"
            ) from None
        self._trace = trace
        self._trace_sends = trace_sends
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
        meter = metrics.get_meter(_NAME, __version__, meter_provider)
        self._observation = metrics.Observation
        self._sends = meter.create_counter("winpush.sends", "{send}", "Attempts to send")
        self._duration = meter.create_histogram(
            "winpush.send.duration",
            "s",
            "From a send's turn to its answer",
            explicit_bucket_boundaries_advisory=_LATENCIES,
        )
        self._waits = meter.create_histogram(
            "winpush.throttle.wait",
            "s",
            "What a service asked to wait",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        self._tokens = meter.create_counter("winpush.token.requests", "{request}", "Logins at the token server")
        self._queues: dict[int, Callable[[], tuple[int, int] | None]] = {}
        meter.create_observable_gauge(
            "winpush.queue.depth", [self._observe_depth], "{delivery}", "Deliveries that wait for their time"
        )
        meter.create_observable_gauge(
            "winpush.queue.unclaimed", [self._observe_unclaimed], "{channel}", "Channel numbers not yet come to"
        )

    def count(self, sends: Counter[tuple[str, str, str]]) -> None:
        """Adds attempts, counted by (service, outcome, kind)."""
        for (service, outcome, kind), number in sends.items():
            self._sends.add(number, {"service": service, "outcome": outcome, "kind": kind})

    def sent(self, service: str, kind: str, outcome: str, status: int | None, began: int, ended: int) -> None:
        """One send that began and ended at these times, in nanoseconds since 1970."""
        self._duration.record(max(ended - began, 0) / 1e9, {"service": service})
        if self._trace_sends:
            named: dict[str, str | int] = {"service": service, "kind": kind, "outcome": outcome}
            if status is not None:
                named["http.response.status_code"] = status
            client = self._trace.SpanKind.CLIENT
            span = self._tracer.start_span("winpush.send", kind=client, attributes=named, start_time=began)
            span.end(ended)

    def waited(self, service: str, scope: str, seconds: float) -> None:
        """A service asked the app, or those who send to a channel, to wait."""
        self._waits.record(seconds, {"service": service, "scope": scope})

    def logged_in(self, granted: int, refused: int) -> None:
        """Adds token requests."""
        for result, number in (("granted", granted), ("refused", refused)):
            if number:
                self._tokens.add(number, {"result": result})

    @contextmanager
    def portion(self, broadcasts: Iterable[int], channels: int) -> Iterator[None]:
        """A span around a portion of work."""
        named: dict[str, AnyValue] = {"winpush.broadcasts": sorted(broadcasts), "winpush.channels": channels}
        with self._tracer.start_as_current_span("winpush.deliver", attributes=named):
            yield

    @contextmanager
    def watching(self, queue: Callable[[], tuple[int, int] | None]) -> Iterator[None]:
        """While it lasts, the gauges ask this for (waiting, unclaimed); None where it can't be told now."""
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
                return  # workers of one process share the database
