"""OpenAI's cost report: dollars a day, by line item when grouped so."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import Context, Format, bucketed, mapping, results, times
from tco.usage.rows import UsageRow, Wrong, nano, text
from tco.usage.sources import Sample

KIND = "organization.costs.result"


def looks(sample: Sample) -> bool:
    """Return whether some buckets have results of a cost report."""
    return any(result.get("object") == KIND for result in results(sample))


def row(value: Any, _: Context) -> UsageRow | None:
    """Return the charge of a result; a line item begins with the name of the model."""
    start, end, result = value
    amount = mapping(result.get("amount"))
    if str(amount.get("currency", "usd")).lower() != "usd":
        raise Wrong("not_in_usd")
    item = text(result.get("line_item"))
    return UsageRow(
        model=item.split(",")[0].strip(),
        input=0,
        output=0,
        **times(start, end),
        requests=0,
        provider="openai",
        project=text(result.get("project_id")),
        usd_nano=nano(amount.get("value")),
        only_cost=True,
    )


FORMAT = Format(
    name="openai-costs",
    title="OpenAI cost report",
    exported="GET /v1/organization/costs?group_by=line_item",
    grain="costs",
    looks=looks,
    row=row,
    parts=bucketed,
    knows="only what was charged, by the day: give the usage report with it",
)
