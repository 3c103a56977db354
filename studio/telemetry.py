"""Traces and metrics for an OpenTelemetry collector, when OpenTelemetry's own variables name one; else nothing.

Here stands only what is needed to decide; OpenTelemetry itself is imported by studio/otlp.py, and only when
it is wanted, so that a start without it costs nothing. Whatever is wrong with it, Hearth runs without.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

import structlog

if TYPE_CHECKING:
    from studio.otlp import Telemetry

Signal = Literal["TRACES", "METRICS"]
SIGNALS: tuple[Signal, ...] = ("TRACES", "METRICS")
COMMAND = ".venv/bin/python -m pip install -e '.[telemetry]'"
PROTOCOL = "http/protobuf"
log = structlog.get_logger(__name__)
# The W3C trace context of the HTTP request that is being served; a job that it submits takes it along.
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def wanted_signals(environ: Mapping[str, str]) -> frozenset[Signal]:
    """Return what shall be sent, by the rules of OpenTelemetry's variables; empty: telemetry is off."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return frozenset()
    wanted = set()
    for signal in SIGNALS:
        named = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
        exporters = environ.get(f"OTEL_{signal}_EXPORTER") or ("otlp" if named else "none")
        if "otlp" in (name.strip() for name in exporters.split(",")):
            wanted.add(signal)
    return frozenset(wanted)


def open_telemetry(environ: Mapping[str, str]) -> "Telemetry | None":
    """Begin to send what is wanted; None when nothing is, or when it can't be, which one warning then tells.

    Args:
        environ: ``os.environ``, from which OpenTelemetry itself reads the rest.
    """
    signals = wanted_signals(environ)
    if not signals:
        return None
    for name in ("OTEL_EXPORTER_OTLP_PROTOCOL", *(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL" for signal in SIGNALS)):
        if environ.get(name, PROTOCOL) not in ("", PROTOCOL):
            log.warning(
                "telemetry_off",
                why=f"{name} is {environ[name][:80]!r}, and Hearth sends {PROTOCOL} alone. Unset it, and name the "
                "collector's HTTP port, which is 4318 as a rule.",
            )
            return None
    try:
        from studio.otlp import Telemetry

        return Telemetry(signals)
    except ModuleNotFoundError as exc:
        why = f"{exc.name} is not installed. Run `{COMMAND}` in Hearth's folder, then start it again."
    except Exception as exc:  # a variable that OpenTelemetry can't read
        told = " ".join(str(exc).split()).rstrip(".")
        why = f"OpenTelemetry does not start: {told}. Look at the OTEL_ variables."
    log.warning("telemetry_off", why=why)
    return None


@contextmanager
def telemetry(environ: Mapping[str, str]) -> Iterator["Telemetry | None"]:
    """Lend what ``open_telemetry`` returns, and send the rest at the end."""
    opened = open_telemetry(environ)
    try:
        yield opened
    finally:
        if opened is not None:
            opened.close()
