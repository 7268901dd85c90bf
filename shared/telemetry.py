"""One trace from the request through journal, relay and Kafka to projection and mail; metrics that matter; calm logs.

Logs and spans hold ids, codes and counts, never personal data: no exception text of the database, no query string.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

import structlog
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from prometheus_client import CollectorRegistry

from shared.messaging import calm_logs
from shared.settings import Settings

registry = CollectorRegistry()
_tracer = trace.get_tracer("landa")
PAGES_TOLD = "tell pages"


def start(settings: Settings) -> None:
    """Sets up logs, traces and metrics of this process. Exports by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set."""
    _logs(settings)
    resource = Resource.create({"service.name": f"landa-{settings.service}", "service.instance.id": settings.instance})
    export = bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
    ratio = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", "1.0"))
    provider = TracerProvider(
        resource=resource, sampler=ParentBased(TraceIdRatioBased(ratio) if ratio < 1 else ALWAYS_ON)
    )
    if export:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=2), schedule_delay_millis=500))
    trace.set_tracer_provider(provider)
    readers: list[Any] = [PrometheusMetricReader(registry=registry)]
    if export and os.environ.get("OTEL_METRICS_EXPORTER") == "otlp":
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(timeout=2)))
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=readers))


def _logs(settings: Settings) -> None:
    level = logging.getLevelName(settings.log_level)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace_id,
        _only_where,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(sort_keys=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    for name in ("uvicorn.access", "httpx", "opentelemetry"):
        logging.getLogger(name).setLevel(logging.ERROR)
    calm_logs()


def _trace_id(_logger: Any, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        entry["trace"] = f"{context.trace_id:032x}"
    return entry


def _only_where(_logger: Any, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
    """An exception becomes its type and the lines it came through: its text may repeat what somebody typed."""
    found = entry.pop("exc_info", None)
    if not found:
        return entry
    error = found if isinstance(found, BaseException) else (found[1] if isinstance(found, tuple) else sys.exc_info()[1])
    if error is not None:
        entry["error"] = type(error).__name__
        places, at = [], error.__traceback__
        while at is not None:
            places.append(f"{at.tb_frame.f_code.co_filename.rpartition('/')[2]}:{at.tb_lineno}")
            at = at.tb_next
        entry["through"] = " ".join(places[-12:])
    return entry


def span(name: str) -> AbstractContextManager[object]:
    """A step of the request or mail that is being traced; nothing where no trace is kept.

    For whole steps, never for single statements: a span costs as much as the statement it would tell of.
    """
    if not trace.get_current_span().is_recording():
        return nullcontext()
    return _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)


def _context(traceparent: str | None) -> SpanContext | None:
    parts = (traceparent or "").split("-")
    if len(parts) != 4:
        return None
    try:
        found = SpanContext(int(parts[1], 16), int(parts[2], 16), True, TraceFlags(int(parts[3], 16)))
    except ValueError:
        return None
    return found if found.is_valid else None


def span_between(
    verb: str,
    event_type: str,
    traceparent: str | None,
    started_ns: int,
    *,
    subject: UUID | None = None,
    ended_ns: int | None = None,
    **attributes: str | int,
) -> None:
    """A finished span from `started_ns` until now, or `ended_ns`, in the event's trace, when that one is sampled."""
    parent = _context(traceparent)
    if parent is None or not parent.trace_flags.sampled:
        return
    span = _tracer.start_span(
        f"{verb} {event_type}",
        context=trace.set_span_in_context(NonRecordingSpan(parent)),
        kind=SpanKind.INTERNAL,
        start_time=started_ns,
    )
    if subject is not None:
        span.set_attribute("landa.subject", str(subject))
    for name, value in attributes.items():
        span.set_attribute(f"landa.{name}", value)
    span.end(ended_ns or time.time_ns())


def happened(name: str, **attributes: str | int) -> None:
    """A span without length and of no trace: when something was done for many at once."""
    now = time.time_ns()
    span = _tracer.start_span(name, context=Context(), start_time=now)
    for key, value in attributes.items():
        span.set_attribute(f"landa.{key}", value)
    span.end(now)


def gauge(name: str, unit: str, what: str, read: Callable[[], Iterable[tuple[float, dict[str, str]]]]) -> None:
    """A gauge read when metrics are collected; `read` gives (value, labels)."""

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, labels) for value, labels in read()]

    metrics.get_meter("landa").create_observable_gauge(f"landa.{name}", [observe], unit=unit, description=what)


def histogram(name: str, unit: str, what: str) -> Callable[[float, dict[str, str]], None]:
    """A histogram; the returned function records one value with labels."""
    made = metrics.get_meter("landa").create_histogram(
        name,
        unit=unit,
        description=what,
        explicit_bucket_boundaries_advisory=[0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.3, 0.5, 1, 2, 5, 10, 30, 60],
    )
    return lambda value, labels: made.record(value, labels)
