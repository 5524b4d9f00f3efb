"""OpenTelemetry GenAI spans in OTLP/JSON: names of today, those before, and OpenInference's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tco.usage.formats import Context, Format, Span, both, mapping, sequence, service_of, spelled
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample

CALLS = (
    *("chat", "text_completion", "completion", "generate_content", "embeddings", "embedding"),
    "llm",
)
OPENINFERENCE = "openinference.span.kind"
"""`LLM` and `EMBEDDING` are calls; `AGENT`, `CHAIN` and others repeat what is in them."""

INPUT = (
    *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"),
    "llm.token_count.prompt",
)
OUTPUT = (
    *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    *("llm.usage.completion_tokens", "llm.token_count.completion"),
)
READ = (
    *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "llm.token_count.prompt_details.cache_read",
)
WRITTEN = (
    *("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens"),
    *("gen_ai.usage.cache_write.input_tokens", "llm.token_count.prompt_details.cache_write"),
)
THOUGHT = (
    *("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    *("llm.usage.reasoning_tokens", "llm.token_count.completion_details.reasoning"),
)
TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens")
BESIDE = ("opentelemetry.instrumentation.bedrock",)
"""Who leaves the cached part out of the input: OpenLLMetry 0.62.4 for Bedrock, not elsewhere."""

ADK = "gcp.vertex.agent"
"""Who adds thinking to output that contains it: Google ADK 2.13.0, of models behind LiteLLM."""
TWICE = "thinking that spans of Google's ADK count twice (models behind LiteLLM) was taken out once"

GOOGLE = ("gcp", "google", "vertex", "gemini")
THINKING = (
    "Gemini's total beyond input and output is counted as output: thinking that no span names"
)
OTHERWISE = "two libraries that traced a call tell other outputs of it: the first was counted"
TIER = ("openai.response.service_tier", "gen_ai.openai.response.service_tier")
PREFIXES = ("gen_ai.", "llm.", OPENINFERENCE, TIER[0], "error.type", "session.id")
ERROR = 2


def _spans(value: Any) -> Iterator[dict[str, Any]]:
    """Return the spans of an export, or the span that a record is."""
    whole = mapping(value)
    if "resourceSpans" not in whole:
        yield whole
        return
    for resource in map(mapping, sequence(whole["resourceSpans"])):
        for scope in map(mapping, sequence(resource.get("scopeSpans"))):
            by = {"scope": scope.get("scope")}
            yield from (by | span for span in map(mapping, sequence(scope.get("spans"))))


def _attributes(span: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a span that are no prompt and no answer."""
    raw = span.get("attributes")
    if isinstance(raw, dict):
        return {k: v for k, v in raw.items() if str(k).startswith(PREFIXES)}
    found = {}
    for pair in map(mapping, sequence(raw)):
        key, value = str(pair.get("key", "")), mapping(pair.get("value"))
        if key.startswith(PREFIXES):
            found[key] = next(iter(value.values()), None)
    return found


def looks(sample: Sample) -> bool:
    """Return whether some spans have attributes of generative models."""
    return any(
        any(key.startswith(("gen_ai.", OPENINFERENCE)) for key in _attributes(span))
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


def _first(attributes: dict[str, Any], *names: str) -> Any:
    """Return the first attribute of some names that says something."""
    return next((attributes[name] for name in names if attributes.get(name)), None)


def _scope(span: dict[str, Any]) -> str:
    """Return who wrote a span."""
    return text(mapping(span.get("scope") or span.get("instrumentation_scope")).get("name"))


def _thought(
    span: dict[str, Any], at: dict[str, Any], provider: str, known: int, ctx: Context
) -> tuple[int, int | None]:
    """Return what is to be added to the output of a span, and the thinking that is in it [token].

    Gemini's total has what neither input nor output has. ADK's spans of models behind LiteLLM,
    whose names begin with the provider's, add thinking to an output that has it.
    """
    reasoning, made = _of(at, THOUGHT), _of(at, OUTPUT) or 0
    hidden = (_of(at, TOTAL) or 0) - known
    if provider.startswith(GOOGLE) and hidden > 0:
        ctx.tally.note(THINKING)
        return hidden, hidden if reasoning is None else reasoning
    behind = text(at.get("gen_ai.request.model")).lower().startswith(f"{provider or None}/")
    if behind and _scope(span) == ADK and 0 < 2 * (reasoning or 0) <= made:
        ctx.tally.note(TWICE)
        return -(reasoning or 0), reasoning
    return 0, reasoning


def _counts(span: dict[str, Any], at: dict[str, Any], ctx: Context) -> tuple[int, int]:
    """Return input and output of a call, as its span says.

    Raises:
        Wrong: It is no call, failed, or tells one of them only, or was counted.
    """
    operation = at.get("gen_ai.operation.name") or at.get("llm.request.type")
    operation = operation or text(at.get(OPENINFERENCE)).lower()
    if not at or (operation or "chat") not in CALLS:
        raise Wrong("not_a_call")
    taken, made = _of(at, INPUT), _of(at, OUTPUT)
    if taken is None and made is None:
        code = mapping(span.get("status")).get("code")
        error = at.get("error.type") or code in (ERROR, "STATUS_CODE_ERROR")
        raise Wrong("failed" if error else "not_a_call")
    if made is None and str(operation).startswith("embedding"):
        made = 0
    said, made = both(taken, made, _of(at, TOTAL))
    if said + made == 0:  # OpenLLMetry 0.62.4, of Claude streamed from a raw response
        raise Wrong("no_output")
    _once(span, (said, made), ctx)
    return said, made


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a span that is one call of a model; agents repeat their children."""
    at = _attributes(value)
    said, made = _counts(value, at, ctx)
    read, written = _of(at, READ) or 0, _of(at, WRITTEN) or 0
    inclusive = said >= read + written and _scope(value) not in BESIDE
    provider = text(
        _first(at, "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
    ).lower()
    more, reasoning = _thought(value, at, provider, said + made, ctx)
    start, end = _times(value)
    return UsageRow(
        model=text(_first(at, "gen_ai.response.model", "gen_ai.request.model", "llm.model_name")),
        input=said if inclusive else said + read + written,
        output=made + more,
        read=read,
        write_unknown=written,
        reasoning=reasoning,
        start=start,
        end=end,
        provider=provider,
        service=service_of(_first(at, *TIER)),
        session=text(_first(at, "gen_ai.conversation.id", "session.id")),
        id="".join(_ids(value)[:2]),
        status=200,
    )


def _ids(span: dict[str, Any]) -> tuple[str, str, str]:
    """Return the ids of a trace, a span and the one around it; consoles have a context."""
    at = mapping(span.get("context")) | span
    trace, own = (text(spelled(at, name)) for name in ("traceId", "spanId"))
    return trace, own, text(spelled(at, "parentSpanId") or at.get("parent_id"))


def _once(span: dict[str, Any], counts: tuple[int, int], ctx: Context) -> None:
    """Refuse a call that another span tells, too: two libraries traced it.

    Raises:
        Wrong: It was counted.
    """
    trace, own, parent = _ids(span)
    mine, outer = (trace, own), (trace, parent)
    inner: dict[Any, Any] = ctx.kept.setdefault("inner", {})
    calls: dict[Any, Any] = ctx.kept.setdefault("calls", {})
    around = calls.pop(outer, None) if calls.get(outer, ())[:1] == counts[:1] else None
    again = around or (inner.get(mine) if inner.get(mine, ())[:1] == counts[:1] else None)
    if own:
        calls[mine] = counts
    if parent:
        inner[outer] = counts
    if _beside(span, counts, ctx) or again:  # a third library may have traced it, too
        if again not in (None, counts):
            ctx.tally.note(OTHERWISE)
        raise Wrong("duplicate")


def _beside(span: dict[str, Any], counts: tuple[int, int], ctx: Context) -> bool:
    """Return whether another library told this call in a span that need not be around it.

    LangChain's tracers do. It has the same counts, one lies within the other's time, and if both
    are inside something, it is the same trace. Each call of one library is one of another's.
    """
    by, (trace, _, parent), (start, end) = _scope(span), _ids(span), _times(span)
    if start is None or end is None:
        return False
    told: dict[Any, Any] = ctx.kept.setdefault("told", {})
    for second in (int(start) - 1, int(start), int(start) + 1):
        for other, begun, done, whose, libraries in told.get((counts, second), ()):
            within = (begun <= start and end <= done) or (start <= begun and done <= end)
            if within and by not in libraries and (other == trace or not (whose and parent)):
                libraries.add(by)
                return True
    told.setdefault((counts, int(start)), []).append((trace, start, end, parent, {by}))
    return False


def _times(span: dict[str, Any]) -> Span:
    """Return when a span began and ended; consoles write texts."""
    return (
        moment(span.get("startTimeUnixNano") or span.get("start_time")),
        moment(span.get("endTimeUnixNano") or span.get("end_time")),
    )


FORMAT = Format(
    name="otel",
    title="OpenTelemetry GenAI spans (OTLP/JSON; OpenLLMetry's and OpenInference's names too)",
    exported="the file exporter of an OpenTelemetry collector",
    grain="requests",
    looks=looks,
    row=row,
    parts=parts,
    knows="lifetimes of cache writes are not told",
)
