"""Anthropic's usage and cost reports: buckets by model, tier, context window and region.

The API gives it as pages of JSON, the usage page of the console as CSV: a line a day and group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tco.usage.formats import (
    Context,
    Format,
    both,
    bucketed,
    day_of,
    mapping,
    results,
    service_of,
    times,
)
from tco.usage.formats.anthropic_messages import anthropic_tokens, geo
from tco.usage.formats.openai_usage import NOT_GROUPED
from tco.usage.rows import UsageRow, Wrong, count, hashed, nano, text
from tco.usage.sources import RawRecord, Sample

LONG = {"200k-1M": 200_000, "> 200k": 200_000}
"""Lower ends of the context windows that the report groups by, and the console."""
CONSOLE = {
    "model": "model_version",
    "workspace_id": "workspace",
    "api_key_id": "api_key",
    "service_tier": "usage_type",
    "context_window": "context_window",
    "inference_geo": "inference_geo",
    "speed": "speed",
    "uncached_input_tokens": "usage_input_tokens_no_cache",
    "cache_read_input_tokens": "usage_input_tokens_cache_read",
    "output_tokens": "usage_output_tokens",
}
"""What the console's CSV calls the fields of a result."""
WRITTEN = "usage_input_tokens_cache_write"


def looks(sample: Sample) -> bool:
    """Return whether some buckets have results of Anthropic's usage report."""
    if sample.shape == "csv":
        return sample.some("usage_date_utc", CONSOLE["uncached_input_tokens"]) is not None
    if all(v.get("results") == [] and "starting_at" in v for v in sample.values()):
        return any(sample.values())  # nothing was used in those days
    return any("uncached_input_tokens" in result for result in results(sample))


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the results of a bucket with its times; of a line of CSV its only one."""
    line = mapping(record.value)
    if "usage_date_utc" not in line:
        return bucketed(record, ctx, begins="starting_at", ends="ending_at")
    result: dict[str, Any] = {name: line.get(theirs) for name, theirs in CONSOLE.items()}
    if f"{WRITTEN}_5m" in line:
        told = {f"ephemeral_{t}_input_tokens": line.get(f"{WRITTEN}_{t}") for t in ("5m", "1h")}
        result["cache_creation"] = told
    else:
        result["cache_creation_input_tokens"] = line.get(WRITTEN)
    result["server_tool_use"] = {"web_search_requests": line.get("web_search_count")}
    return [(*day_of(line["usage_date_utc"]), result)]


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a result."""
    start, end, result = value
    name = text(result.get("model"))
    if not name:
        why = "rows are not grouped by model and cannot be priced: group_by[]=model"
        ctx.tally.note(why, NOT_GROUPED)
    if result.get("rbac_group_id"):
        ctx.tally.note("rows are grouped by team, and teams overlap: totals may count twice")
    speed = str(result.get("speed") or "standard")
    service = service_of(result.get("service_tier"))
    both(*(count(result.get(n), missing=None) for n in ("uncached_input_tokens", "output_tokens")))
    tokens = anthropic_tokens({**result, "input_tokens": result.get("uncached_input_tokens")}, ctx)
    return UsageRow(
        model=name or NOT_GROUPED,
        **times(start, end),
        requests=count(result.get("requests"), missing=None),
        provider="anthropic",
        region=geo(result.get("inference_geo")),
        service=speed if speed != "standard" else service,
        project=text(result.get("workspace_id")),
        key=hashed(text(result.get("api_key_id"))),
        longer_than=LONG.get(str(result.get("context_window")), 0),
        **tokens,
    )


FORMAT = Format(
    name="anthropic-usage",
    title="Anthropic usage report",
    exported="GET /v1/organizations/usage_report/messages?group_by[]=model (and service_tier, "
    "...); or the usage page of the console as CSV",
    grain="buckets",
    looks=looks,
    row=row,
    parts=parts,
    knows="the old report counts no requests; buckets tell no lengths and no peaks inside",
)


# The cost report: cents a day, as decimal texts, by kind of token when grouped so; of the console
# dollars a day and group.

CENTS = 100


def looks_costs(sample: Sample) -> bool:
    """Return whether some buckets have amounts of money and no tokens."""
    if sample.shape == "csv":
        return sample.some("usage_date_utc", "cost_usd", "cost_type") is not None
    return any("amount" in result and "cost_type" in result for result in results(sample))


def cost_parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the results of a bucket with its times; of a line of CSV its only one."""
    line = mapping(record.value)
    if "usage_date_utc" not in line:
        return bucketed(record, ctx, begins="starting_at", ends="ending_at")
    # The console writes names, such as Claude Haiku 4.5.
    model = text(line.get("model")).lower().replace(" ", "-")
    # All that the line says is kept: charges of one amount are others, not repeated ones.
    result = {**line, "model": model, "workspace_id": line.get("workspace")}
    return [(*day_of(line["usage_date_utc"]), result)]


def cost_row(value: Any, _: Context) -> UsageRow | None:
    """Return the charge of a result."""
    start, end, result = value
    if str(result.get("currency", "USD")).upper() != "USD":
        raise Wrong("not_in_usd")
    usd, cents = result.get("cost_usd"), result.get("amount")
    return UsageRow(
        model=text(result.get("model")),
        input=0,
        output=0,
        **times(start, end),
        requests=0,
        provider="anthropic",
        service=service_of(result.get("service_tier")),
        project=text(result.get("workspace_id")),
        usd_nano=nano(cents, per_usd=CENTS) if usd is None else nano(usd),
        only_cost=True,
    )


COSTS = Format(
    name="anthropic-costs",
    title="Anthropic cost report",
    exported="GET /v1/organizations/cost_report?group_by[]=description; or the cost "
    "page of the console as CSV",
    grain="costs",
    looks=looks_costs,
    row=cost_row,
    parts=cost_parts,
    knows="only what was charged, by the day: give the usage report with it",
)
