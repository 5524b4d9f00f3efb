"""Anthropic's cost report: cents a day, as decimal texts, by kind of token when grouped so."""

from __future__ import annotations

from functools import partial
from typing import Any

from tco.usage.formats import Context, Format, bucketed, results, service_of, times
from tco.usage.rows import UsageRow, Wrong, nano, text
from tco.usage.sources import Sample

CENTS = 100


def looks(sample: Sample) -> bool:
    """Return whether some buckets have amounts of money and no tokens."""
    return any("amount" in result and "cost_type" in result for result in results(sample))


def row(value: Any, _: Context) -> UsageRow | None:
    """Return the charge of a result."""
    start, end, result = value
    if str(result.get("currency", "USD")).upper() != "USD":
        raise Wrong("not_in_usd")
    return UsageRow(
        model=text(result.get("model")),
        input=0,
        output=0,
        **times(start, end),
        requests=0,
        provider="anthropic",
        service=service_of(result.get("service_tier")),
        project=text(result.get("workspace_id")),
        usd_nano=nano(result.get("amount"), per_usd=CENTS),
        only_cost=True,
    )


FORMAT = Format(
    name="anthropic-costs",
    title="Anthropic cost report",
    exported="GET /v1/organizations/cost_report?group_by[]=description",
    grain="costs",
    looks=looks,
    row=row,
    parts=partial(bucketed, begins="starting_at", ends="ending_at"),
    knows="only what was charged, by the day: give the usage report with it",
)
