"""OpenTelemetry GenAI spans in OTLP/JSON: names of today, those before, and OpenInference's."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from tco.usage.formats import Context, Format, both, mapping, sequence, service_of, spelled
from tco.usage.rows import UsageRow, Wrong, checked, count, moment, place_key, text
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
    *("llm.token_count.prompt_details.cache_read", "ai.usage.cachedInputTokens"),
    "ai.usage.inputTokenDetails.cacheReadTokens",
)
WRITTEN = (
    *("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens"),
    *("gen_ai.usage.cache_write.input_tokens", "llm.token_count.prompt_details.cache_write"),
)
THOUGHT = (
    *("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    *("llm.usage.reasoning_tokens", "llm.token_count.completion_details.reasoning"),
    "ai.usage.reasoningTokens",  # Vercel's AI SDK, beside the names of today
)
TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens")
BESIDE = ("opentelemetry.instrumentation.bedrock", "@traceloop/instrumentation-anthropic")
"""Who leaves the cached part out of the input: OpenLLMetry 0.62.4 for Bedrock in Python, and its
0.27.0 for Claude in JavaScript, whose spans have else the same names."""

ADK = "gcp.vertex.agent"
"""Who adds thinking to output that contains it: Google ADK 2.13.0, of models behind LiteLLM."""
TWICE = "thinking that spans of Google's ADK count twice (models behind LiteLLM) was taken out once"

GOOGLE = ("gcp", "google", "vertex", "gemini")
THINKING = (
    "Gemini's total beyond input and output is counted as output: thinking that no span names"
)
OTHERWISE = "two libraries that traced a call tell other outputs of it: the least was counted"
TIER = ("openai.response.service_tier", "gen_ai.openai.response.service_tier")
PREFIXES = ("gen_ai.", "llm.", "ai.usage.", OPENINFERENCE, TIER[0], "error.type", "session.id")
ERROR = 2


def _spans(value: Any) -> Iterator[dict[str, Any]]:
    """Return the spans of an export, or the span that a record is."""
    whole = mapping(value)
    if "resourceSpans" not in whole:
        yield _unfolded(whole)
        return
    for resource in map(mapping, sequence(whole["resourceSpans"])):
        for scope in map(mapping, sequence(resource.get("scopeSpans"))):
            by = {"scope": scope.get("scope")}
            yield from (by | span for span in map(mapping, sequence(scope.get("spans"))))


def _unfolded(span: dict[str, Any]) -> dict[str, Any]:
    """Return a span whose attributes were columns of a table as one that has them inside."""
    made = span
    for outer in ("attributes.", "context."):
        columns = {key: span[key] for key in span if key.startswith(outer)}
        if columns:
            told = {k.removeprefix(outer): v for k, v in columns.items() if v not in (None, "")}
            made = {key: value for key, value in made.items() if key not in columns}
            made[outer[:-1]] = {**mapping(span.get(outer[:-1])), **told}
    return made


def _flat(some: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Return attributes by their whole names, which some exports write as nested mappings."""
    for key, value in some.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _attributes(span: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a span that are no prompt and no answer."""
    raw = span.get("attributes")
    if isinstance(raw, dict):
        pairs = _flat(raw) if dict in map(type, raw.values()) else raw.items()
        return {k: v for k, v in pairs if k.startswith(PREFIXES)}
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
        if "resourceSpans" in value or any(key.startswith("attributes") for key in value)
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


def _counts(span: dict[str, Any], at: dict[str, Any]) -> tuple[int, int]:
    """Return input and output of a call, as its span says.

    Raises:
        Wrong: It is no call, failed, or tells one of them only.
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
    return said, made


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Keep the row of a span that is one call of a model; agents repeat their children."""
    at = _attributes(value)
    trace, own, outer = _ids(value)
    ids = [hash((trace, name)) if name else 0 for name in (own, outer)]
    try:
        said, made = _counts(value, at)
    except Wrong:
        if all(ids):
            ctx.kept.setdefault("links", array("q")).extend(ids)
        raise
    read, written = _of(at, READ) or 0, _of(at, WRITTEN) or 0
    inclusive = said >= read + written and _scope(value) not in BESIDE
    provider = text(
        _first(at, "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
    ).lower()
    more, reasoning = _thought(value, at, provider, said + made, ctx)
    found = UsageRow(
        model=text(_first(at, "gen_ai.response.model", "gen_ai.request.model", "llm.model_name")),
        input=said if inclusive else said + read + written,
        output=made + more,
        read=read,
        write_unknown=written,
        reasoning=reasoning,
        start=moment(value.get("startTimeUnixNano") or value.get("start_time")),
        end=moment(value.get("endTimeUnixNano") or value.get("end_time")),
        provider=provider,
        service=service_of(_first(at, *TIER)),
        session=text(_first(at, "gen_ai.conversation.id", "session.id")),
        status=200,
    )
    call = (checked(found), ctx.place, ids[0], ids[1], hash(trace), _scope(value))
    ctx.kept.setdefault("calls", []).append(call)
    return None


Traced = tuple[UsageRow, str, int, int, int, str]
"""A call, where it was told, numbers that stand for its span, the one around it and its trace, and
the library that traced it."""
MOST_AROUND = 20
"""Spans that are no calls between two that tell the same."""


def _ids(span: dict[str, Any]) -> tuple[str, str, str]:
    """Return the ids of a trace, a span and the one around it; consoles have a context."""
    at = mapping(span.get("context")) | span
    trace, own = (text(spelled(at, name)) for name in ("traceId", "spanId"))
    return trace, own, text(spelled(at, "parentSpanId") or at.get("parent_id"))


def done(ctx: Context) -> Iterator[UsageRow]:
    """Return the calls, once each: a span around another that says the same tells the same call.

    Two libraries traced it, or a gateway beside its client; other spans may lie between the two.
    Of the spans of a call the one that tells most of its tokens counts.
    """
    calls: list[Traced] = ctx.kept.get("calls", [])
    of = {call[2]: call for call in reversed(calls) if call[2]}
    around = _around({call[3] for call in calls} - of.keys() - {0}, of, ctx)
    inside = Counter(around.get(call[3], call[3]) for call in of.values())
    told: dict[int, Traced] = {}
    for call in calls:
        if call[2] and of[call[2]] is not call:
            ctx.tally.leave("duplicate", call[1])
            continue
        top, seen = call, {call[2]}
        while (outer := of.get(around.get(top[3], top[3]))) is not None:
            alone = inside[outer[2]] == 1 and outer[5] != top[5]
            if outer[2] in seen or not _are_one(outer[0], call[0], alone, ctx):
                break
            seen.add(outer[2])
            top = outer
        key = top[2] or -1 - len(told)
        _keep(told, key, (*call[:3], top[3], *call[4:]), ctx)
    yield from _side_by_side(told.values(), ctx)


def _are_one(outer: UsageRow, inner: UsageRow, alone: bool, ctx: Context) -> bool:
    """Return whether two nested spans tell one call: of another library the output may differ."""
    if _tokens_of(outer) == _tokens_of(inner):
        return True
    if alone and outer.input == inner.input:
        ctx.tally.note(OTHERWISE)
        return True
    return False


def _keep(kept: dict[int, Traced], key: int, call: Traced, ctx: Context) -> None:
    """Keep of the spans of a call the one that tells most of its tokens, and no output twice."""
    before = kept.get(key)
    if before is not None:
        ctx.tally.leave("duplicate", max(call[1], before[1], key=place_key))
    if before is None or _tells(call[0]) > _tells(before[0]):
        kept[key] = call


def _side_by_side(calls: Collection[Traced], ctx: Context) -> Iterator[UsageRow]:
    """Return calls once that two libraries trace in spans of which none is around the other.

    LangChain's tracers do so. They have the same counts and model, one lies within the other's
    time, and if both are inside something, it is the same trace. Each call of one library is one of
    another's.
    """
    if len({call[5] for call in calls}) < 2:
        yield from (call[0] for call in calls)
        return
    told: dict[int, Traced] = {}
    known: dict[Any, dict[str, dict[int, tuple[Traced, set[str]]]]] = {}
    order = sorted(calls, key=lambda c: (c[0].start or 0, c[0].end or 0, c[1]))
    for key, call in enumerate(order):
        counts, second = _tokens_of(call[0]), int(call[0].start or 0)
        place = _beside(call, [known.get((counts, second + step), {}) for step in (-1, 0, 1)])
        if place is None:
            place = key
            known.setdefault((counts, second), {}).setdefault(call[5], {})[key] = call, {call[5]}
        _keep(told, place, call, ctx)
    yield from (call[0] for call in told.values())


def _beside(call: Traced, near: Iterable[dict[str, dict[int, Any]]]) -> int | None:
    """Return where a call of another library stands that is this one, and take it as its own."""
    others = (of for known in near for by, of in known.items() if by != call[5])
    for place, (other, libraries) in chain.from_iterable(of.items() for of in others):
        free = other[4] == call[4] or not (other[3] and call[3])
        if call[5] not in libraries and free and _may_be_one(call[0], other[0]):
            libraries.add(call[5])
            return place
    return None


ALIAS = re.compile(r"([-@:]v?\d[-\w.@:]*|-latest)?")
"""What one library adds to the name of a model and another does not."""


def _may_be_one(a: UsageRow, b: UsageRow) -> bool:
    """Return whether two calls of the same tokens may be one: by their models and their times."""
    names = (row.model.rpartition("/")[2].lower() for row in (a, b))
    short, long = sorted(names, key=len)
    if short and not (long.startswith(short) and ALIAS.fullmatch(long, len(short))):
        return False
    return _within(a, b)


def _within(a: UsageRow, b: UsageRow) -> bool:
    """Return whether the time of one call lies within that of another."""
    if a.start is None or a.end is None or b.start is None or b.end is None:
        return False
    return (b.start <= a.start and a.end <= b.end) or (a.start <= b.start and b.end <= a.end)


def _tokens_of(row: UsageRow) -> tuple[int, int]:
    return row.input, row.output


def _tells(row: UsageRow) -> tuple[bool, int, int, int]:
    cached = (row.read or 0) + row.written
    return bool(row.model), cached, row.reasoning or 0, -(row.output or 0)


def _around(sought: set[int], of: Mapping[int, Traced], ctx: Context) -> dict[int, int]:
    """Return the nearest call around spans that are none."""
    links, outer_of = ctx.kept.get("links", array("q")), dict[int, int]()
    wanted = sought
    while wanted:
        pairs = zip(links[::2], links[1::2], strict=True)
        new = {own: outer for own, outer in pairs if own in wanted and own not in outer_of}
        outer_of |= new
        wanted = {outer for outer in new.values() if outer not in of} - outer_of.keys()
    found = {}
    for span in sought:
        at, steps = span, 0
        while at not in of and at in outer_of and steps < MOST_AROUND:
            at, steps = outer_of[at], steps + 1
        found[span] = at
    return found


FORMAT = Format(
    name="otel",
    title="OpenTelemetry GenAI spans (OTLP/JSON; OpenLLMetry's and OpenInference's names too)",
    exported="the file exporter of an OpenTelemetry collector",
    grain="requests",
    looks=looks,
    row=row,
    parts=parts,
    done=done,
    knows="lifetimes of cache writes are not told",
)
