"""Logs of gateways with a cache of their own: Portkey's, Cloudflare's AI Gateway, Helicone."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import (
    CACHE,
    CACHE_OR_READ,
    HIT,
    Context,
    Format,
    anthropic_messages,
    both,
    charge,
    from_cache,
    mapping,
    openai_requests,
    vertex,
)
from tco.usage.rows import NANO, UsageRow, Wrong, count, hashed, moment, nano, text
from tco.usage.sources import RawRecord, Sample, opened_json

FAILED = 400
MS = 1_000.0
CENTS = 100
ANSWERS = (openai_requests, anthropic_messages, vertex)
"""Who reads the answer that a gateway keeps: it tells what was cached, which its own counts do not.
"""
CLOUDFLARE = ("tokens_in", "tokens_out", "cached", "provider")


def looks_portkey(sample: Sample) -> bool:
    """Return whether some records are of Portkey's export of logs."""
    return any(
        "ai_model" in v and v.keys() & {"req_units", "total_units", "cache_status"}
        for v in sample.values()
    )


def looks_cloudflare(sample: Sample) -> bool:
    """Return whether some records are of the logs of Cloudflare's AI Gateway."""
    return sample.some(*CLOUDFLARE) is not None


def _answer(call: dict[str, Any], ctx: Context) -> UsageRow | None:
    """Return the row of the answer of an API that a record keeps; None where it keeps none."""
    kept = mapping(opened_json(call.get("response", call.get("response.body"))))
    kept = mapping(opened_json(kept.get("body"))) or kept
    sample = Sample("json", (RawRecord(0, kept, {}),))
    reader = next((one for one in ANSWERS if one.looks(sample)), None)
    return None if reader is None else reader.row(kept, ctx)


def _call(call: dict[str, Any], status: str, units: tuple[str, str], ctx: Context) -> UsageRow:
    """Return the row of a call: by the answer that was kept, else by the gateway's own counts.

    Raises:
        Wrong: The gateway's own cache answered, it failed, or it does not tell its tokens.
    """
    if from_cache(call, (*CACHE, *CACHE_OR_READ)):
        raise Wrong(HIT)
    code = count(call.get(status))
    taken, made = (count(call.get(name), missing=None) for name in units)
    if code >= FAILED and not taken and not made:
        raise Wrong("failed")
    found = _answer(call, ctx) if code < FAILED else None
    if found is not None:
        return found
    taken, made = both(taken, made, count(call.get("total_units"), missing=None))
    return UsageRow(model="", input=taken, output=made, read=None, status=code)


def _timed(found: UsageRow, call: dict[str, Any], took_ms: Any, ctx: Context) -> UsageRow:
    """Return a row with the time and the id of its call."""
    start, took = moment(call.get("created_at"), ctx.zone), nano(took_ms)
    end = start + took / NANO / MS if start is not None and took else None
    return found._replace(start=start, end=end, id=text(call.get("id")) or found.id)


def row_portkey(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a call through Portkey, whose costs are in cents."""
    call = mapping(value)
    found = _call(call, "response_status_code", ("req_units", "res_units"), ctx)
    of = mapping(opened_json(call.get("metadata")))

    def cents() -> Any:
        if text(call.get("cost_currency")).upper() not in ("", "USD"):
            raise Wrong("not_in_usd")
        return call.get("cost")

    found = _timed(found, call, call.get("response_time"), ctx)
    return found._replace(
        model=found.model or text(call.get("ai_model")),
        provider=text(call.get("ai_org")).lower() or found.provider,
        team=text(of.get("team")),
        project=text(call.get("workspace_slug")),
        session=text(of.get("_user") or call.get("_user")),
        key=hashed(text(call.get("api_key_id"))),
        usd_nano=charge(cents, ctx, per_usd=CENTS),
    )


def row_cloudflare(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a call through Cloudflare's AI Gateway."""
    call = mapping(value)
    found = _call(call, "status_code", CLOUDFLARE[:2], ctx)
    of = mapping(opened_json(call.get("metadata")))
    return _timed(found, call, call.get("duration"), ctx)._replace(
        model=found.model or text(call.get("model")),
        provider=text(call.get("provider")).lower(),
        team=text(of.get("team")),
        usd_nano=charge(call.get("cost"), ctx),
    )


def looks_helicone(sample: Sample) -> bool:
    """Return whether some records are requests of Helicone."""
    return sample.some("request_created_at", "response_status", "prompt_tokens") is not None


def row_helicone(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a request; whether its input contains the cached part, its total tells."""
    call = mapping(value)
    status, names = call.get("response_status"), ("prompt_tokens", "completion_tokens")
    cancelled = isinstance(status, int) and status < 0  # or it took too long
    status = 0 if cancelled else count(status)
    if cancelled or status >= FAILED or all(call.get(name) is None for name in names):
        raise Wrong("failed")
    if text(call.get("cache_reference_id")).strip("0-"):
        raise Wrong(HIT)
    total = count(call.get("total_tokens"), missing=None)
    said, made = (count(call.get(name), missing=None) for name in names)
    said, made = both(said, made, total)
    read, written = (count(call.get(f"prompt_cache_{kind}_tokens")) for kind in ("read", "write"))
    apart = total == said + read + written + made if read + written else False
    if (read + written > said) or (apart and total != said + made):
        said += read + written
    elif read + written and total != said + made:
        ctx.tally.note("no total tells whether input contains the cached part: taken so")
    return UsageRow(
        model=text(call.get("request_model") or call.get("response_model")),
        input=said,
        output=made,
        read=read,
        write_unknown=written,
        start=moment(call.get("request_created_at")),
        end=moment(call.get("response_created_at")),
        provider=text(call.get("provider")).lower(),
        session=text(call.get("user_id") or call.get("request_user_id")),
        key=hashed(text(call.get("helicone_api_key_id"))),
        id=text(call.get("request_id")),
        status=status,
        usd_nano=charge(call.get("costUSD", call.get("cost")), ctx),
    )


PORTKEY = Format(
    name="portkey",
    title="Portkey's export of logs",
    exported="Exports, Request Data: created_at, ai_model, ai_org, req_units, res_units, cost, "
    "cache_status, response_status_code, response_time, response",
    grain="requests",
    looks=looks_portkey,
    row=row_portkey,
    knows="what was read from a provider's cache is told by the response alone: export it, too",
)
FORMAT = Format(
    name="cloudflare",
    title="Cloudflare AI Gateway logs",
    exported="GET /accounts/ID/ai-gateway/gateways/ID/logs",
    grain="requests",
    looks=looks_cloudflare,
    row=row_cloudflare,
    knows="what was read from a provider's cache is not told",
)
HELICONE = Format(
    name="helicone",
    title="Helicone requests",
    exported="POST /v1/request/query-clickhouse",
    grain="requests",
    looks=looks_helicone,
    row=row_helicone,
    knows="lifetimes of cache writes and reasoning are not told",
)
