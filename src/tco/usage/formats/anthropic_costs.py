"""Anthropic's cost report: cents a day, as decimal texts, by kind of token when grouped so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tco.usage.formats import Context, Format, mapping, sequence, service_of
from tco.usage.rows import UsageRow, Wrong, moment, nano, text
from tco.usage.sources import RawRecord, Sample

CENTS = 100


def looks(sample: Sample) -> bool:
    """Return whether some buckets have amounts of money and no tokens."""
    return any(
        "amount" in mapping(result) and "cost_type" in mapping(result)
        for value in sample.values()
        for result in sequence(value.get("results"))
    )


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the results of a bucket with its times."""
    bucket = mapping(record.value)
    start, end = moment(bucket.get("starting_at")), moment(bucket.get("ending_at"))
    if start is not None and end is not None:
        ctx.tally.cover(start, end)
    for result in sequence(bucket.get("results")):
        yield start, end, mapping(result)


def row(value: Any, _: Context) -> UsageRow | None:
    """Return the charge of a result."""
    start, end, result = value
    if str(result.get("currency", "USD")).upper() != "USD":
        raise Wrong("not_in_usd")
    return UsageRow(
        model=text(result.get("model")),
        input=0,
        output=0,
        start=start,
        end=end,
        bucket_s=int(end - start) if start is not None and end is not None else 0,
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
    parts=parts,
    knows="only what was charged, by the day: give the usage report with it",
)
