"""OpenAI responses as the API returns them: chat completions, the Responses API, batch output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tco.usage.formats import Context, Format, both, first, mapping, sequence, service_of
from tco.usage.formats.anthropic_messages import is_message
from tco.usage.formats.anthropic_messages import row as anthropic_row
from tco.usage.formats.openrouter import billed
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample

CHUNK = "chat.completion.chunk"
OBJECTS = ("chat.completion", "text_completion", "response", "realtime.response", CHUNK)


def _body(value: Any) -> tuple[dict[str, Any], bool]:
    """Return the response in a record, and whether it is of a batch."""
    record = mapping(value)
    if "custom_id" in record:
        return mapping(mapping(record.get("response")).get("body")), True
    if str(record.get("type", "")).startswith("response.") and "response" in record:
        return mapping(record["response"]), False
    if "usage" in mapping(record.get("x_groq")) and not record.get("usage"):
        return {**record, "usage": record["x_groq"]["usage"]}, False  # Groq's last part of a stream
    return record, False


def looks(sample: Sample) -> bool:
    """Return whether some records are responses of OpenAI's API."""
    return any(
        body.get("object") in OBJECTS
        or (body.get("object") == "list" and "prompt_tokens" in mapping(body.get("usage")))
        for body, _ in map(_body, sample.values())
    )


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the record, or the last of a stream, which has its usage."""
    if not isinstance(record.value, dict):
        if record.value is not None:
            ctx.tally.leave("not_a_call", ctx.place)
        return
    body, _ = _body(record.value)
    event = str(record.value.get("type", ""))
    if event.startswith("session."):  # of the Realtime API, whose responses do not name it
        ctx.state["model"] = text(mapping(record.value.get("session")).get("model"))
        return
    if body.get("object") != CHUNK and not event.startswith("response."):
        yield record.value
        return
    streams: dict[str, str] = ctx.kept.setdefault("streams", {})
    name = _stream_of(body, streams, ctx)
    ended = _is_last(body) if body.get("object") == CHUNK else event in ENDS
    if ended and (isinstance(body.get("usage"), dict) or event in ENDS):
        streams.pop(name, None)
        yield body if "x_groq" in body else record.value
    elif (name and body is not record.value) or sequence(body.get("choices")):
        streams.setdefault(name, ctx.place)


def _stream_of(body: dict[str, Any], streams: dict[str, str], ctx: Context) -> str:
    """Return which stream a part is of; one that begins tells that the one before broke off."""
    if body.get("object") != CHUNK or not _differ(ctx):
        return text(body.get("id"))
    if ctx.state["roles"] and _begins(body) and "" in streams:
        streams[ctx.place] = streams.pop("")
    return ""


def _differ(ctx: Context) -> bool:
    """Return whether every part of a stream has an id of its own, as some servers write them."""
    if "differ" not in ctx.state:
        parts = [body for body, _ in map(_body, ctx.first) if body.get("object") == CHUNK]
        ids = {text(body.get("id")) for body in parts}
        first, whole = sum(map(_begins, parts)), len(parts)
        ctx.state["roles"] = 0 < first < whole
        ctx.state["differ"] = len(ids) == whole > 1 and first < whole
    return bool(ctx.state["differ"])


def _begins(chunk: dict[str, Any]) -> bool:
    """Return whether a part of a stream says whose turn it is, as most first ones alone do."""
    return any(
        mapping(mapping(one).get("delta")).get("role") for one in sequence(chunk.get("choices"))
    )


ENDS = tuple(
    f"response.{end}" for end in ("completed", "incomplete", "failed", "cancelled", "done")
)
"""Events that tell the whole response at last."""
UNTOLD = "some streams broke off, or did not tell their usage: stream_options {include_usage: true}"


def done(ctx: Context) -> Iterator[UsageRow]:
    """Count the streams that never told their usage."""
    for place in ctx.kept.get("streams", {}).values():
        ctx.tally.leave("no_output", place)
        ctx.tally.note(UNTOLD)
    return iter(())


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a response."""
    body, batch = _body(value)
    usage = body.get("usage")
    if is_message(value):
        return anthropic_row(value, ctx)
    if not isinstance(usage, dict):
        failed = batch or body.get("error") or body.get("status") in ("failed", "cancelled")
        raise Wrong("failed" if failed else "not_a_call")
    responses = "input_tokens" in usage
    names = (
        ("input_tokens", "output_tokens") if responses else ("prompt_tokens", "completion_tokens")
    )
    more, out = (  # of the Realtime API `input_token_details`
        mapping(usage.get(f"{name}_details") or usage.get(f"{name[:-1]}_details")) for name in names
    )
    thought = count(out.get("reasoning_tokens"), missing=None)
    taken, made, total = (count(usage.get(name), missing=None) for name in (*names, "total_tokens"))
    cost = usage.get("cost")  # by kind of token and in all at Perplexity
    taken, made = both(taken, made, total)
    made += _beside(taken + made, thought, total)
    _doubt(ctx, taken + made, total, (more, out))
    return UsageRow(
        model=text(body.get("model")) or ctx.state.get("model", ""),
        input=taken,
        output=made,
        read=count(first(more.get("cached_tokens"), *(usage.get(name) for name in READ))),
        **written_by_lifetime(usage, more),
        reasoning=thought,
        start=moment(body.get("created", body.get("created_at"))),
        provider="openrouter" if "provider" in body else "openai",
        service="batch" if batch else service_of(body.get("service_tier")),
        session=text(body.get("user") or body.get("safety_identifier")),
        id=text(body.get("id")),
        status=200,
        usd_nano=billed(ctx, cost.get("total_cost") if isinstance(cost, dict) else cost, usage),
        searches=sum(map(_is_search, sequence(body.get("output")))),
    )


READ = ("prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens")
"""What DeepSeek, Moonshot and Together, and LiteLLM call it beside the details."""


def written_by_lifetime(usage: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return what a prompt wrote to a cache, of which the whole and lifetimes may be told.

    Args:
        usage: Of an answer, which LiteLLM gives Anthropic's names, too.
        more: Its details of the prompt.
    """
    told, theirs = (
        mapping(more.get(f"cache_{name}"))
        for name in ("write_tokens_details", "creation_token_details")
    )
    found = {
        f"write_{ttl}": count(
            first(told.get(f"ttl_{ttl}_tokens"), theirs.get(f"ephemeral_{ttl}_input_tokens"))
        )
        for ttl in LIFETIMES
    }
    every = [usage.get("cache_creation_input_tokens"), *(more.get(name) for name in WRITTEN)]
    parts = sum(found.values())
    return {**found, "write_unknown": max(parts, *map(count, every)) - parts}


WRITTEN = ("cache_write_tokens", "cache_creation_tokens")
"""What details of a prompt call what it wrote: of two names one may be 0."""


LIFETIMES = ("5m", "1h", "30m", "12h")


def _doubt(ctx: Context, counted: int, total: int | None, details: Iterable[Any]) -> None:
    if total is not None and total != counted:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
    if any(count(one.get("audio_tokens")) for one in details):
        ctx.tally.doubt("audio_tokens_priced_as_text", ctx.place)


def _beside(counted: int, thought: int | None, total: int | None) -> int:
    """Return thoughts that the total has beside input and output, as xAI's chat completions do."""
    return thought if thought and total == counted + thought else 0


def _is_search(item: Any) -> bool:
    """Return whether an item of an output is a web search; pages that it opens are not billed."""
    action = mapping(mapping(item).get("action"))
    return mapping(item).get("type") == "web_search_call" and action.get("type") in (None, "search")


def _is_last(chunk: dict[str, Any]) -> bool:
    """Return whether a part of a stream is its last: some servers count in every one."""
    choices = sequence(chunk.get("choices"))
    return not choices or any(mapping(one).get("finish_reason") for one in choices)


FORMAT = Format(
    name="openai-requests",
    title="OpenAI responses: chat completions, Responses API, batch output",
    exported="the JSON that the API returns, one a line; output files of the Batch API",
    grain="requests",
    looks=looks,
    row=row,
    parts=parts,
    done=done,
    knows="a response tells when it began, not when it ended: no requests in flight",
)
