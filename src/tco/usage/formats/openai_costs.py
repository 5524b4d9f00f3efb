"""OpenAI's cost report: dollars a day, by line item when grouped so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tco.usage.formats import Context, Format, mapping, sequence
from tco.usage.rows import UsageRow, Wrong, moment, nano, text
from tco.usage.sources import RawRecord, Sample

KIND = "organization.costs.result"


def looks(sample: Sample) -> bool:
    """Return whether some buckets have results of a cost report."""
    return any(
        mapping(result).get("object") == KIND
        for value in sample.values()
        for result in sequence(value.get("results"))
    )


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the results of a bucket with its times."""
    bucket = mapping(record.value)
    start, end = moment(bucket.get("start_time")), moment(bucket.get("end_time"))
    if start is not None and end is not None:
        ctx.tally.cover(start, end)
    for result in sequence(bucket.get("results")):
        yield start, end, mapping(result)


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
        start=start,
        end=end,
        bucket_s=int(end - start) if start is not None and end is not None else 0,
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
    parts=parts,
    knows="only what was charged, by the day: give the usage report with it",
)
