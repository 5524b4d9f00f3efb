"""OpenTelemetry GenAI spans in OTLP/JSON, with the names of today and those before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tco.usage.formats import Context, Format, mapping, sequence
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample

CALLS = ("chat", "text_completion", "completion", "generate_content", "embeddings", "embedding")
INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens")
OUTPUT = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
)
READ = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
WRITTEN = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
)
THOUGHT = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "llm.usage.reasoning_tokens",
)
PREFIXES = ("gen_ai.", "llm.")
ERROR = 2


def _spans(value: Any) -> Iterator[dict[str, Any]]:
    """Return the spans of an export, or the span that a record is."""
    whole = mapping(value)
    if "resourceSpans" not in whole:
        yield whole
        return
    for resource in map(mapping, sequence(whole["resourceSpans"])):
        for scope in map(mapping, sequence(resource.get("scopeSpans"))):
            yield from map(mapping, sequence(scope.get("spans")))


def _attributes(span: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a span that are no prompt and no answer."""
    raw = span.get("attributes")
    if isinstance(raw, dict):
        return {k: v for k, v in raw.items() if str(k).startswith(PREFIXES) or k == "error.type"}
    found = {}
    for pair in map(mapping, sequence(raw)):
        key, value = str(pair.get("key", "")), mapping(pair.get("value"))
        if key.startswith(PREFIXES) or key == "error.type":
            found[key] = next(iter(value.values()), None)
    return found


def looks(sample: Sample) -> bool:
    """Return whether some spans have attributes of generative models."""
    return any(
        any(key.startswith("gen_ai.") for key in _attributes(span))
        for value in sample.values()
        if "resourceSpans" in value or "attributes" in value
        for span in _spans(value)
    )


def parts(record: RawRecord, _: Context) -> Iterable[Any]:
    """Return the spans of a record."""
    return _spans(record.value) if record.value is not None else ()


def _of(attributes: dict[str, Any], names: tuple[str, ...]) -> int | None:
    """Return the first of some counts: a span may have the old and the new name of one thing."""
    found: int | None = next(
        (count(attributes[n]) for n in names if attributes.get(n) is not None), None
    )
    return found


def row(value: Any, _: Context) -> UsageRow | None:
    """Return the row of a span that is one call of a model; agents repeat their children."""
    at = _attributes(value)
    operation = at.get("gen_ai.operation.name") or at.get("llm.request.type")
    if not at or (operation or "chat") not in CALLS:
        raise Wrong("not_a_call")
    taken, made, read = _of(at, INPUT), _of(at, OUTPUT), _of(at, READ) or 0
    if taken is None and made is None:
        error = at.get("error.type") or mapping(value.get("status")).get("code") in (
            ERROR,
            "STATUS_CODE_ERROR",
        )
        raise Wrong("failed" if error else "not_a_call")
    written = _of(at, WRITTEN) or 0
    said = taken or 0
    inclusive = said >= read + written
    return UsageRow(
        model=text(at.get("gen_ai.response.model") or at.get("gen_ai.request.model")),
        input=said if inclusive else said + read + written,
        output=made or 0,
        read=read,
        write_unknown=written,
        reasoning=_of(at, THOUGHT),
        start=moment(value.get("startTimeUnixNano") or value.get("start_time")),
        end=moment(value.get("endTimeUnixNano") or value.get("end_time")),
        provider=text(at.get("gen_ai.provider.name") or at.get("gen_ai.system")).lower(),
        session=text(at.get("gen_ai.conversation.id")),
        id=text(value.get("traceId")) + text(value.get("spanId")),
        status=200,
    )


FORMAT = Format(
    name="otel",
    title="OpenTelemetry GenAI spans (OTLP/JSON; OpenLLMetry's names too)",
    exported="the file exporter of an OpenTelemetry collector",
    grain="requests",
    looks=looks,
    row=row,
    parts=parts,
    knows="lifetimes of cache writes are not told",
)
