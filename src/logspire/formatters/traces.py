"""The identifiers of the trace that the application is in, as OpenTelemetry and X-Ray know it.

Neither is imported here. What the application has not imported itself cannot have a trace.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

TRACE_FIELDS: Final = ("trace_id", "span_id", "xray_trace_id", "xray_segment_id")

_NO_FIELDS: Final[Mapping[str, str]] = {}
_IN_LAMBDA: Final = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
_XRAY_NOTHING: Final = "1-00000000-"
"""How the id begins that the SDK gives to a segment that stands for none."""


def trace_fields() -> Mapping[str, str]:
    """Return the identifiers of the current span and segment, as far as there are any."""
    modules = sys.modules
    fields = _NO_FIELDS
    if "opentelemetry.trace" in modules:
        fields = _of_opentelemetry(modules["opentelemetry.trace"])
    if _IN_LAMBDA or "aws_xray_sdk.core" in modules:
        fields = {**fields, **_of_xray(modules.get("aws_xray_sdk.core"))}
    return fields


def _of_opentelemetry(trace: Any) -> Mapping[str, str]:
    """Return them under the names, and in the form, that OpenTelemetry gives for logs in JSON."""
    try:
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    except Exception:  # noqa: BLE001, S110 - half imported, or another version
        pass
    return _NO_FIELDS


def _of_xray(sdk: Any) -> Mapping[str, str]:
    try:
        entity = _current_entity(sdk)
        if entity is not None and not entity.trace_id.startswith(_XRAY_NOTHING):
            return {"xray_trace_id": entity.trace_id, "xray_segment_id": entity.id}
    except Exception:  # noqa: BLE001, S110 - see above
        pass
    return _of_lambda() if _IN_LAMBDA else _NO_FIELDS


def _current_entity(sdk: Any) -> Any:
    """Return the segment or subsegment of this thread or task, or ``None``.

    From where the SDK keeps it: ``get_trace_entity`` logs an error if there is none, which would
    be formatted here, and so on for ever.
    """
    if sdk is None:
        return None
    try:
        entities = sdk.xray_recorder.context._local.entities  # noqa: SLF001
    except (AttributeError, RuntimeError):  # no segment in this thread; no task
        return None
    return entities[-1] if entities else None


def _of_lambda() -> Mapping[str, str]:
    """Return what Lambda says of the invocation: ``Root=1-…;Parent=…;Sampled=1``."""
    header = os.environ.get("_X_AMZN_TRACE_ID", "")
    parts = dict(part.split("=", 1) for part in header.split(";") if "=" in part)
    names = {"xray_trace_id": parts.get("Root"), "xray_segment_id": parts.get("Parent")}
    return {name: value for name, value in names.items() if value}
