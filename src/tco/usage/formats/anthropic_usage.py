"""Anthropic's usage report: buckets by model, tier, context window and region."""

from __future__ import annotations

from functools import partial
from typing import Any

from tco.usage.formats import Context, Format, bucketed, results, service_of, times
from tco.usage.formats.anthropic_messages import anthropic_tokens, geo
from tco.usage.formats.openai_usage import NOT_GROUPED
from tco.usage.rows import UsageRow, count, hashed, text
from tco.usage.sources import Sample

LONG = {"200k-1M": 200_000}
"""Lower ends of the context windows that the report groups by."""


def looks(sample: Sample) -> bool:
    """Return whether some buckets have results of Anthropic's usage report."""
    return any("uncached_input_tokens" in result for result in results(sample))


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a result."""
    start, end, result = value
    name = text(result.get("model"))
    if not name:
        ctx.tally.note("rows are not grouped by model and cannot be priced: group_by[]=model")
    if result.get("rbac_group_id"):
        ctx.tally.note("rows are grouped by team, and teams overlap: totals may count twice")
    speed = str(result.get("speed") or "standard")
    service = service_of(result.get("service_tier"))
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
    exported="GET /v1/organizations/usage_report/messages?group_by[]=model (and service_tier, ...)",
    grain="buckets",
    looks=looks,
    row=row,
    parts=partial(bucketed, begins="starting_at", ends="ending_at"),
    knows="the old report counts no requests; buckets tell no lengths and no peaks inside",
)
