"""OpenAI responses as the API returns them: chat completions, the Responses API, batch output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tco.usage.formats import Context, Format, both, mapping, sequence, service_of
from tco.usage.formats.openrouter import billed
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample

CHUNK = "chat.completion.chunk"
OBJECTS = ("chat.completion", "text_completion", "response", CHUNK)


def _body(value: Any) -> tuple[dict[str, Any], bool]:
    """Return the response in a record, and whether it is of a batch."""
    record = mapping(value)
    if "custom_id" in record:
        return mapping(mapping(record.get("response")).get("body")), True
    if str(record.get("type", "")).startswith("response.") and "response" in record:
        return mapping(record["response"]), False
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
    if body.get("object") != CHUNK and not event.startswith("response."):
        yield record.value
        return
    streams: dict[str, str] = ctx.kept.setdefault("streams", {})
    name = text(body.get("id"))
    ended = _is_last(body) if body.get("object") == CHUNK else event in ENDS
    if ended and (isinstance(body.get("usage"), dict) or event in ENDS):
        streams.pop(name, None)
        yield record.value
    elif (name and body is not record.value) or sequence(body.get("choices")):
        streams.setdefault(name, ctx.place)


ENDS = tuple(f"response.{end}" for end in ("completed", "incomplete", "failed", "cancelled"))
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
    if not isinstance(usage, dict):
        failed = batch or body.get("error") or body.get("status") in ("failed", "cancelled")
        raise Wrong("failed" if failed else "not_a_call")
    responses = "input_tokens" in usage
    names = (
        ("input_tokens", "output_tokens") if responses else ("prompt_tokens", "completion_tokens")
    )
    more, out = (mapping(usage.get(f"{name}_details")) for name in names)
    lifetimes = mapping(more.get("cache_write_tokens_details"))
    w30, w12 = (count(lifetimes.get(f"ttl_{ttl}_tokens")) for ttl in ("30m", "12h"))
    written = count(more.get("cache_write_tokens"))
    thought = count(out.get("reasoning_tokens"), missing=None)
    taken, made, total = (count(usage.get(name), missing=None) for name in (*names, "total_tokens"))
    taken, made = both(taken, made, total)
    made += _beside(taken + made, thought, total)
    if total is not None and total != taken + made:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
    if count(more.get("audio_tokens")) or count(out.get("audio_tokens")):
        ctx.tally.doubt("audio_tokens_priced_as_text", ctx.place)
    return UsageRow(
        model=text(body.get("model")),
        input=taken,
        output=made,
        read=count(more.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))),
        write_30m=w30,
        write_12h=w12,
        write_unknown=max(written - w30 - w12, 0),
        reasoning=thought,
        start=moment(body.get("created", body.get("created_at"))),
        provider="openrouter" if "provider" in body else "openai",
        service="batch" if batch else service_of(body.get("service_tier")),
        session=text(body.get("user") or body.get("safety_identifier")),
        id=text(body.get("id")),
        status=200,
        usd_nano=billed(ctx, usage.get("cost"), usage),
        searches=sum(map(_is_search, sequence(body.get("output")))),
    )


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
