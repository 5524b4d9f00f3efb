"""Amazon Bedrock's model invocation log: one JSON object a call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tco.usage.formats import Context, Format, both, mapping, sequence, service_of
from tco.usage.formats.anthropic_messages import anthropic_tokens, apart
from tco.usage.rows import UsageRow, Wrong, count, hashed, moment, text
from tco.usage.sources import RawRecord, Sample, opened_json

KIND = "ModelInvocationLog"
REGION = re.compile(r"^(us-gov|us|eu|apac|jp|au|ca|global)\.")
MAKER = re.compile(
    r"^(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|google|nvidia|moonshotai"
    r"|moonshot|minimax|zai|writer)\."
)
VERSION = re.compile(r"((?<=-\d{8})-v\d+(:\d+)?|-v1(:\d+)?|(-1)?:0)(:\w+)?$")
"""What ends an id: `-v1:0`, `:48k`; a later version is a part of the name where no date is."""
WITHOUT_OUTPUT = re.compile(r"embed|rerank")


def named(identifier: str) -> tuple[str, str]:
    """Return model and region of a model id, a profile or a whole ARN.

    >>> named("us.anthropic.claude-haiku-4-5-20251001-v1:0")
    ('claude-haiku-4-5-20251001', 'us')
    """
    name = identifier.rpartition("/")[2] if identifier.startswith("arn:") else identifier
    found = REGION.match(name)
    name = name[found.end() :] if found else name
    region = found.group(1) if found and found.group(1) != "global" else ""
    name = re.sub(r"^deepseek\.(?!deepseek)", "deepseek.deepseek-", name)  # `r1` says too little
    return VERSION.sub("", MAKER.sub("", name)), region


def looks(sample: Sample) -> bool:
    """Return whether some records are of the invocation log."""
    return any(v.get("schemaType") == KIND or _is_batch(v) for v in sample.values())


def _is_batch(record: dict[str, Any]) -> bool:
    return "modelInput" in record and "recordId" in record


UNTOLD = "(model of the batch job)"
NAMES = (
    ("inputTokens", "outputTokens"),
    ("prompt_tokens", "completion_tokens"),
    ("prompt_token_count", "generation_token_count"),
)
"""What the usage of Amazon's, OpenAI's and Meta's models is called."""


def _batched(record: dict[str, Any], ctx: Context) -> UsageRow:
    """Return the row of a record of a batch job's output.

    Raises:
        Wrong: It failed, or does not tell its tokens.
    """
    made = record.get("modelOutput")
    if not isinstance(made, dict):
        raise Wrong("failed")
    usage = mapping(made.get("usage")) or made
    model = text(made.get("model"))
    if not model:
        how = f"output of Bedrock's batch jobs names no model: --match '{UNTOLD}=...'"
        ctx.tally.note(how, UNTOLD)
    if "input_tokens" in usage:
        both(*(count(usage.get(f"{way}_tokens"), missing=None) for way in ("input", "output")))
        tokens = anthropic_tokens(usage, ctx)
    else:
        ways = next((pair for pair in NAMES if usage.get(pair[0]) is not None), NAMES[0])
        taken, answer = both(*(count(usage.get(way), missing=None) for way in ways))
        beside = [count(usage.get(f"cache{k}InputTokenCount")) for k in ("Read", "Write")]
        tokens = {"input": taken + sum(beside), "output": answer, "read": beside[0]}
        tokens["write_unknown"] = beside[1]
    return UsageRow(
        model=named(model)[0] or UNTOLD,
        provider="bedrock",
        service="batch",
        id=f"{record.get('recordId')} {text(made.get('id')) or json.dumps(made, sort_keys=True)}",
        status=200,
        **tokens,
    )


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return a call, and calls for what its answer says was billed beside its own counts."""
    if record.value is None:
        return
    call = mapping(record.value)
    told = list(_usages(call))
    lifetimes = next(filter(None, map(_lifetimes, told)), {})
    yield {**call, LIFETIMES: lifetimes} if lifetimes else record.value
    usage = next((usage for usage in told if usage.get("iterations")), {})
    for message in apart({"id": text(call.get("requestId")), "usage": usage}, ctx):
        counts = message["usage"]
        names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        yield {
            **call,
            "requestId": message["id"],
            "modelId": message["model"] or call.get("modelId"),
            "input": {ours: counts.get(name) for ours, name in zip(TAKEN, names, strict=True)},
            "output": {"outputTokenCount": counts.get("output_tokens")},
        }


def _usages(call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what an answer that the log keeps, or events of it, say of what was used."""
    body = opened_json(mapping(call.get("output")).get("outputBodyJson"))
    for event in map(mapping, sequence(body) if isinstance(body, list) else [body]):
        for one in (event, *(mapping(event.get(name)) for name in ("message", "metadata"))):
            if usage := mapping(one.get("usage")):
                yield usage


def _lifetimes(usage: dict[str, Any]) -> dict[str, int]:
    """Return what was written by lifetime, by Anthropic's own names or by those of Converse."""
    own = mapping(usage.get("cache_creation"))
    told = {ttl: count(own.get(f"ephemeral_{ttl}_input_tokens")) for ttl in ("5m", "1h")}
    for one in map(mapping, sequence(usage.get("cacheDetails"))):
        if one.get("ttl") in told:
            told[one["ttl"]] += count(one.get("inputTokens"))
    return told if any(told.values()) else {}


LIFETIMES = "tco.lifetimes"
TAKEN = ("inputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount")


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a call; its input leaves out what was read and written."""
    call = mapping(value)
    if _is_batch(call):
        return _batched(call, ctx)
    if call.get("schemaType") != KIND:
        raise Wrong("not_a_call")
    taken, made = mapping(call.get("input")), mapping(call.get("output"))
    if call.get("errorCode"):
        raise Wrong("failed")
    read, written = (count(taken.get(f"cache{kind}InputTokenCount")) for kind in ("Read", "Write"))
    model, region = named(text(call.get("modelId")))
    fresh = count(taken.get("inputTokenCount"), missing=None)
    answer = count(made.get("outputTokenCount"), missing=None)
    fresh, answer = both(fresh, 0 if answer is None and WITHOUT_OUTPUT.search(model) else answer)
    told = mapping(call.get(LIFETIMES))
    short, long = (told.get(ttl, 0) for ttl in ("5m", "1h"))
    if short + long > written:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
        short = long = 0
    return UsageRow(
        model=model,
        input=fresh + read + written,
        output=answer,
        read=read,
        write_5m=short,
        write_1h=long,
        write_unknown=written - short - long,
        start=moment(call.get("timestamp")),
        provider="bedrock",
        region=region,
        service=service_of(call.get("serviceTier")),
        key=hashed(text(mapping(call.get("identity")).get("arn"))),
        id=text(call.get("requestId")),
        status=200,
    )


FORMAT = Format(
    name="bedrock",
    title="Amazon Bedrock model invocation log and output of batch jobs",
    exported="Bedrock settings, model invocation logging to S3, or the *.jsonl.out of a batch job; "
    "copy the folder here",
    grain="requests",
    looks=looks,
    row=row,
    parts=parts,
    knows="lifetimes of cache writes are told where it keeps answers, but not when a call ended",
)
