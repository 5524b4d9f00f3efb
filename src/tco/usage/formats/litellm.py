"""LiteLLM's proxy: its spend logs (JSON, CSV, Parquet) and its daily tables."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import (
    DAY_S,
    HIT,
    Context,
    Format,
    both,
    charge,
    day_of,
    first,
    mapping,
    service_of,
)
from tco.usage.formats.openai_requests import LIFETIMES, WRITTEN, written_by_lifetime
from tco.usage.formats.openrouter import billed
from tco.usage.rows import UsageRow, Wrong, count, hashed, moment, text
from tco.usage.sources import Sample, opened_json

LOG = ("custom_llm_provider", "spend", "prompt_tokens", "startTime")
SPENT = {
    **dict.fromkeys(("request_id", "model", "custom_llm_provider", "cache_hit"), "string"),
    **dict.fromkeys(("status", "team_id", "api_key", "session_id", "end_user"), "string"),
    **dict.fromkeys(("user", "call_type"), "string"),
    **dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), "int64"),
    "startTime": "timestamp(3)",
    "endTime": "timestamp(3)",
    "spend": "float64",
}
"""Columns of LiteLLM's table besides those that hold JSON."""
KEPT_AS_JSON = ("metadata", "request_tags", "proxy_server_request")
PAYLOAD = ("custom_llm_provider", "response_cost", "prompt_tokens", "startTime")
"""What it hands to logs of one's own, in S3 for one, with the answer in it."""
DAILY = ("date", "spend", "prompt_tokens", "api_requests")
ERROR = 500
"""Status of a failed call that was not charged: its input is the proxy's own estimate (since August
2026), or that of a stream that broke off before anybody priced it. A stream that broke off after it
was charged (`spend` above 0) was answered as far as it went, and is billed as such
(BerriAI/litellm, pull requests 30788, 37365, 39589)."""


def looks(sample: Sample) -> bool:
    """Return whether some records are rows of the spend log or of a daily table."""
    if sample.some(*PAYLOAD) is not None:
        return True
    daily = DAILY if sample.shape == "json" else (*DAILY, "custom_llm_provider")
    return sample.some(*LOG) is not None or sample.some(*daily) is not None


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a call, or of a day."""
    call = mapping(value)
    return (
        _day(call, ctx) if "api_requests" in call and "startTime" not in call else _call(call, ctx)
    )


def _failed(call: dict[str, Any]) -> bool:
    return str(call.get("status") or "success").lower() != "success"


def _call(call: dict[str, Any], ctx: Context) -> UsageRow:
    if str(call.get("cache_hit")).lower() == "true":
        raise Wrong(HIT)
    metadata = mapping(opened_json(call.get("metadata")))
    if "spend" not in call and PAYLOAD[1] in call:
        call, metadata = _spent(call, metadata)
    kept = mapping(metadata.get("usage_object"))
    taken, made, total = (
        count(first(call.get(f"{name}_tokens"), kept.get(f"{name}_tokens")), missing=None)
        for name in ("prompt", "completion", "total")
    )
    failed, usd_nano = _failed(call), billed(ctx, call.get("spend"), kept)
    if failed and not taken and not made:
        raise Wrong("failed")
    taken, made = both(taken, made, total)
    charged = not failed or (usd_nano or 0) > 0
    if total is not None and total != taken + made:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
    elif made and not charged:
        ctx.tally.doubt("output_of_failed", ctx.place)
    return UsageRow(
        model=text(call.get("model")),
        input=taken,
        output=made,
        start=moment(call.get("startTime")),
        end=moment(call.get("endTime")),
        provider=text(call.get("custom_llm_provider")),
        team=text(call.get("team_id")),
        key=hashed(text(call.get("api_key"))),
        tag=";".join(sorted(map(str, opened_json(call.get("request_tags")) or ())))[:200],
        session=text(call.get("session_id") or call.get("end_user") or call.get("user")),
        id=text(call.get("request_id")),
        service=_service(call, metadata),
        status=200 if charged else ERROR,
        usd_nano=usd_nano,
        **_cached(metadata, ctx),
    )


def _spent(call: dict[str, Any], metadata: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is handed to a log of one's own, and its metadata, by the names of the table."""
    renamed = {
        "spend": call.get(PAYLOAD[1]),
        "request_id": call.get("id"),
        "team_id": metadata.get("user_api_key_team_id"),
        "api_key": metadata.get("user_api_key_hash"),
        "proxy_server_request": call.get("model_parameters"),
    }
    answer = mapping(opened_json(call.get("response")))
    kept = {"usage_object": answer.get("usage"), **metadata, BASES[0]: call.get(BASES[0])}
    return {**call, **renamed}, kept


SEARCHED = "web_search_requests"
BASES = ("cost_breakdown", "usage_object")
"""Where the proxy keeps the tier that a cost was worked out at, and the one that was served."""


def _service(call: dict[str, Any], metadata: dict[str, Any]) -> str:
    """Return the tier of a call; the one that was asked for where nothing tells another."""
    if "batch" in text(call.get("call_type")):
        return "batch"
    told = [mapping(metadata.get(name)) for name in BASES]
    told.append(mapping(opened_json(call.get("proxy_server_request"))))
    return service_of(first(*(one.get("service_tier") for one in told)))


def _cached(metadata: dict[str, Any], ctx: Context) -> dict[str, Any]:
    """Return what was cached and thought, from the usage that the proxy keeps."""
    usage = mapping(metadata.get("usage_object"))
    more = mapping(usage.get("prompt_tokens_details"))
    added = mapping(metadata.get("additional_usage_values"))
    if not usage and not added:
        ctx.tally.note("some rows keep no usage_object: what was cached in them is not known")
        return {"read": None}
    keys = ("cache_read_input_tokens", "cache_creation_input_tokens")
    read, written = (first(usage.get(key), added.get(key)) for key in keys)
    read = first(read, more.get("cached_tokens"))
    thought = mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")
    return {
        "read": count(read),
        **written_by_lifetime({keys[1]: written}, more),
        "reasoning": count(thought, missing=None),
        "searches": count(
            first(mapping(usage.get("server_tool_use")).get(SEARCHED), more.get(SEARCHED))
        ),
    }


def _day(day: dict[str, Any], ctx: Context) -> UsageRow:
    start, end = day_of(day.get("date"))
    if failed := count(day.get("failed_requests")):
        ctx.tally.leave("failed", ctx.place, failed)
    return UsageRow(
        model=text(day.get("model")),
        input=count(day.get("prompt_tokens")),
        output=count(day.get("completion_tokens")),
        read=count(day.get("cache_read_input_tokens")),
        write_unknown=count(day.get("cache_creation_input_tokens")),
        start=start,
        end=end,
        bucket_s=DAY_S,
        requests=count(day.get("successful_requests", day.get("api_requests")), missing=None),
        provider=text(day.get("custom_llm_provider")),
        team=text(day.get("team_id")),
        key=hashed(text(day.get("api_key"))),
        tag=text(day.get("tag")),
        session=text(day.get("user_id")),
        id=text(day.get("id")),
        usd_nano=charge(day.get("spend"), ctx),
    )


FORMAT = Format(
    name="litellm",
    title="LiteLLM spend logs and daily tables",
    exported='COPY (SELECT * FROM "LiteLLM_SpendLogs") TO STDOUT CSV HEADER, or GET /spend/logs',
    grain="requests",
    looks=looks,
    row=row,
    knows="a daily table tells no lengths and no peaks inside a day",
)


# What the proxy keeps of a call, as an expression over its own table.


def provider_usd_of(usage: Any) -> Any:
    """Return what the provider bills besides, with a key of one's own at OpenRouter."""
    of_provider = usage["cost_details"]["upstream_inference_cost"].float.fill_null(0.0)
    return usage["is_byok"].bool.fill_null(False).ifelse(of_provider, 0.0)


def usage_of(metadata: Any) -> dict[str, Any]:
    """Return what was cached and thought, from the usage that the proxy keeps."""
    from tco.usage.expressions import ibis_module, whole  # a warehouse alone asks for it

    ibis = ibis_module()
    usage, added = metadata["usage_object"], metadata["additional_usage_values"]
    details = usage["prompt_tokens_details"]
    kept = [part.cast("string").fill_null("{}").notin(["{}", "null"]) for part in (usage, added)]

    def number(*places: tuple[Any, str]) -> Any:
        found = [whole(part[key].float.floor()) for part, key in places]
        return ibis.coalesce(*found) if len(found) > 1 else found[0]

    keys = ("cache_read_input_tokens", "cache_creation_input_tokens")
    read = number((usage, keys[0]), (added, keys[0]), (details, "cached_tokens")).fill_null(0)
    whole_of = [number((usage, keys[1]), (added, keys[1]))]
    whole_of += [number((details, name)) for name in WRITTEN]
    ours, theirs = (details[f"cache_{name}_details"] for name in ("write_tokens", "creation_token"))
    parts = {
        f"write_{n}": number((ours, f"ttl_{n}_tokens"), (theirs, f"ephemeral_{n}_input_tokens"))
        for n in LIFETIMES
    }
    parts = {name: part.fill_null(0) for name, part in parts.items()}
    rest = ibis.greatest(*(one.fill_null(0) for one in whole_of)) - sum(parts.values())
    known = kept[0] | kept[1]
    return {
        "read": known.ifelse(read, ibis.null("int64")),
        **parts,
        "write_unknown": (rest > 0).ifelse(rest, 0),
        "reasoning": number((usage["completion_tokens_details"], "reasoning_tokens")),
        "searches": number((usage["server_tool_use"], SEARCHED), (details, SEARCHED)),
    }
