"""Anthropic's cost report: cents a day, as decimal texts, by kind of token when grouped so.

The API gives it as pages of JSON, the cost page of the console as CSV: dollars a day and group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tco.usage.formats import Context, Format, bucketed, day_of, mapping, results, service_of, times
from tco.usage.rows import UsageRow, Wrong, nano, text
from tco.usage.sources import RawRecord, Sample

CENTS = 100


def looks(sample: Sample) -> bool:
    """Return whether some buckets have amounts of money and no tokens."""
    if sample.shape == "csv":
        return sample.some("usage_date_utc", "cost_usd", "cost_type") is not None
    return any("amount" in result and "cost_type" in result for result in results(sample))


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the results of a bucket with its times; of a line of CSV its only one."""
    line = mapping(record.value)
    if "usage_date_utc" not in line:
        return bucketed(record, ctx, begins="starting_at", ends="ending_at")
    # The console writes names, such as Claude Haiku 4.5.
    model = text(line.get("model")).lower().replace(" ", "-")
    # All that the line says is kept: charges of one amount are others, not repeated ones.
    result = {**line, "model": model, "workspace_id": line.get("workspace")}
    return [(*day_of(line["usage_date_utc"]), result)]


def row(value: Any, _: Context) -> UsageRow | None:
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


FORMAT = Format(
    name="anthropic-costs",
    title="Anthropic cost report",
    exported="GET /v1/organizations/cost_report?group_by[]=description; or the cost "
    "page of the console as CSV",
    grain="costs",
    looks=looks,
    row=row,
    parts=parts,
    knows="only what was charged, by the day: give the usage report with it",
)
