"""Anthropic messages as the API returns them, and the results of message batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tco.usage.formats import Context, Format, both, mapping, sequence, service_of
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample


def _message(value: Any) -> tuple[dict[str, Any], bool]:
    """Return the message in a record, and whether it is of a batch."""
    record = mapping(value)
    result = mapping(record.get("result"))
    if "custom_id" not in record:
        return record, False
    return mapping(result.get("message") or record.get("response")), True  # the latter of Vertex AI


BEGIN, DELTA, STOP = "message_start", "message_delta", "message_stop"
"""Events of a stream: the first has the message and its input; those after it say what came out so
far, the last of them in all."""


def _begun(message: dict[str, Any]) -> dict[str, Any]:
    return mapping(message.get("message")) if message.get("type") == BEGIN else message


def looks(sample: Sample) -> bool:
    """Return whether some records are messages of Anthropic's API, or results of its batches."""
    return any(
        message.get("type") in ("message", BEGIN)
        and "input_tokens" in mapping(_begun(message).get("usage"))
        for message, _ in map(_message, sample.values())
    ) or any("type" in mapping(v.get("result")) and "custom_id" in v for v in sample.values())


def anthropic_tokens(usage: dict[str, Any], ctx: Context) -> dict[str, Any]:
    """Return the counts of Anthropic's usage: its input leaves out what was read and written.

    Writes are told by lifetime, and their sum beside it: the one or the other is counted. Without
    lifetimes all of them are of 5 minutes.
    """
    fresh, read = count(usage.get("input_tokens")), count(usage.get("cache_read_input_tokens"))
    total = count(usage.get("cache_creation_input_tokens"), missing=None)
    told = mapping(usage.get("cache_creation"))
    short, long = (count(told.get(f"ephemeral_{ttl}_input_tokens")) for ttl in ("5m", "1h"))
    unknown = 0
    if not told:
        short = total or 0
    elif total is not None and total != short + long:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
        unknown = max(total - short - long, 0)
    details = mapping(usage.get("output_tokens_details"))
    thought = next(
        (details[k] for k in ("thinking_tokens", "reasoning_tokens") if k in details), None
    )
    return {
        "input": fresh + read + short + long + unknown,
        "output": count(usage.get("output_tokens")),
        "read": read,
        "write_5m": short,
        "write_1h": long,
        "write_unknown": unknown,
        "reasoning": count(thought, missing=None),
        "searches": count(mapping(usage.get("server_tool_use")).get("web_search_requests")),
    }


def geo(value: Any) -> str:
    """Return the region of an `inference_geo` that has a price of its own; empty for any other."""
    word = str(value or "").lower()
    return "" if word in ("", "global", "not_available", "none") else word[:40]


OPEN = "tco.open"
"""Marks a stream of which nothing has come out yet."""


APART = ("compaction", "advisor_message")
"""Iterations of a message that its own counts leave out; an advisor has a model of its own."""
PASSES = "what compaction and advisors took (usage.iterations) is counted as calls of their own"


def apart(message: dict[str, Any], ctx: Context) -> Iterator[dict[str, Any]]:
    """Return as messages what was billed for a message beside its own counts."""
    usage = mapping(message.get("usage"))
    for number, one in enumerate(map(mapping, sequence(usage.get("iterations")))):
        if one.get("type") in APART:
            ctx.tally.note(PASSES)
            keys = ("service_tier", "inference_geo", *(() if one.get("model") else ("speed",)))
            name = text(message.get("id"))
            yield {
                **message,
                "id": f"{name}/{number}" if name else "",
                "model": one.get("model") or message.get("model"),
                "usage": {**{k: usage[k] for k in keys if k in usage}, **one},
            }


def _whole(record: dict[str, Any], ctx: Context) -> Iterator[dict[str, Any]]:
    """Return a record, and records of the same kind for what was billed beside it."""
    yield record
    message, batch = _message(record)
    for one in apart(message, ctx):
        yield {**record, "result": {"message": one}} if batch else one


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return a record, or the message of the stream that ends before it or with it.

    Raises:
        Wrong: It goes on with a stream that has no beginning.
    """
    event = mapping(record.value)
    streams: dict[str, dict[str, Any]] = ctx.kept.setdefault("streams", {})
    begun = streams.get(ctx.shown)
    if event.get("type") == DELTA:
        if begun is None:
            raise Wrong("no_output")
        told = {k: v for k, v in mapping(event.get("usage")).items() if v is not None}
        streams[ctx.shown] = {**begun, OPEN: False, "usage": {**mapping(begun["usage"]), **told}}
        return
    if begun is not None and event.get("type") in (BEGIN, STOP):
        yield from _whole(streams.pop(ctx.shown), ctx)
    if event.get("type") == BEGIN:
        time = {k: event[k] for k in ("timestamp",) if k in event}
        streams[ctx.shown] = {"usage": {}, **time, **_begun(event), OPEN: True}
    elif event.get("type") != STOP and record.value is not None:
        yield from _whole(event, ctx) if event else (record.value,)


def done(ctx: Context) -> Iterator[UsageRow]:
    """Return the messages of streams that ended with their files."""
    for shown, last in ctx.kept.get("streams", {}).items():
        for message in _whole(last, ctx):
            try:
                if found := row(message, ctx):
                    yield found
            except Wrong as wrong:
                ctx.tally.leave(str(wrong), f"{shown}:1")


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a message."""
    message, batch = _message(value)
    if message.get(OPEN):
        raise Wrong("no_output")  # nothing said what came out
    usage = message.get("usage")
    if not isinstance(usage, dict):
        raise Wrong("failed" if batch or message.get("type") == "error" else "not_a_call")
    both(*(count(usage.get(f"{way}_tokens"), missing=None) for way in ("input", "output")))
    speed = str(usage.get("speed") or "standard")
    return UsageRow(
        model=text(message.get("model")),
        start=moment(message.get("timestamp")),
        provider="anthropic",
        region=geo(usage.get("inference_geo")),
        service=speed
        if speed != "standard"
        else service_of(usage.get("service_tier") or ("batch" if batch else "")),
        id=text(message.get("id")),
        status=200,
        **anthropic_tokens(usage, ctx),
    )


FORMAT = Format(
    name="anthropic-messages",
    title="Anthropic messages and batch results",
    exported="the JSON that the API returns, one a line; results of message batches",
    grain="requests",
    looks=looks,
    row=row,
    parts=parts,
    done=done,
    knows="a message tells no time: no curve, no peaks, and the price is that of today",
)
