"""OpenAI's usage and cost reports: buckets of requests by model, tier, project, user and key.

The API gives it as pages of JSON, the usage page of the console as CSV with the same names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tco.usage.formats import Context, Format, both, bucketed, mapping, results, service_of, times
from tco.usage.rows import UsageRow, Wrong, count, hashed, nano, text
from tco.usage.sources import RawRecord, Sample

KIND = "organization.usage."
NOT_GROUPED = "(not grouped by model)"


def looks(sample: Sample) -> bool:
    """Return whether some buckets have results of a usage report."""
    if sample.shape == "csv":
        return sample.some("start_time", "num_model_requests", "input_tokens") is not None
    if all(v.get("results") == [] and "start_time" in v for v in sample.values()):
        return any(sample.values())  # nothing was used in those days
    return any(str(result.get("object", "")).startswith(KIND) for result in results(sample))


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the results of a bucket with its times; of a line of CSV its only one, if any."""
    line = mapping(record.value)
    if "num_model_requests" in line:
        some = (line.get(n) for n in ("num_model_requests", "input_tokens", "output_tokens"))
        record = record._replace(value={**line, "results": [line] if any(map(count, some)) else []})
    return bucketed(record, ctx)


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a result; its input is all input, and its parts lie beside it."""
    start, end, result = value
    w30 = count(result.get("input_cache_write_30m_tokens"))
    w12 = count(result.get("input_cache_write_12h_tokens"))
    written = count(result.get("input_cache_write_tokens"))
    read = count(result.get("input_cached_tokens"))
    names = ("input_tokens", "output_tokens", "input_uncached_tokens")
    taken, made, fresh = (count(result.get(name), missing=None) for name in names)
    if taken is None and fresh is not None:
        taken = fresh + read + max(written, w30 + w12)
    kind = str(result.get("object", "")).removeprefix(KIND).partition(".")[0]
    if taken is None and kind not in ("", "completions", "embeddings", "moderations"):
        raise Wrong("not_a_call")  # images, seconds of sound, storage
    taken, made = both(taken, 0 if made is None and kind not in ("", "completions") else made)
    if fresh is not None and fresh + read + max(written, w30 + w12) != taken:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
    batch = str(result.get("batch")).lower() == "true"
    name = text(result.get("model"))
    if not name:
        why = "rows are not grouped by model and cannot be priced: group_by=model"
        ctx.tally.note(why, NOT_GROUPED)
    return UsageRow(
        model=name or NOT_GROUPED,
        input=taken,
        output=made,
        read=read,
        write_30m=w30,
        write_12h=w12,
        write_unknown=max(written - w30 - w12, 0),
        **times(start, end),
        requests=count(result.get("num_model_requests"), missing=None),
        provider="openai",
        service="batch" if batch else service_of(result.get("service_tier")),
        project=text(result.get("project_id")),
        key=hashed(text(result.get("api_key_id"))),
        session=text(result.get("user_id")),
    )


FORMAT = Format(
    name="openai-usage",
    title="OpenAI usage report",
    exported="GET /v1/organization/usage/completions?group_by=model,batch,service_tier; or the "
    "console's completions_usage_*.csv",
    grain="buckets",
    looks=looks,
    row=row,
    parts=parts,
    knows="buckets tell no lengths of requests, no reasoning, and no peaks inside a bucket",
)


# The cost report: dollars a day, by line item when grouped so.

COST = "organization.costs.result"


def looks_costs(sample: Sample) -> bool:
    """Return whether some buckets have results of a cost report."""
    return any(result.get("object") == COST for result in results(sample))


def cost_row(value: Any, _: Context) -> UsageRow | None:
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


COSTS = Format(
    name="openai-costs",
    title="OpenAI cost report",
    exported="GET /v1/organization/costs?group_by=line_item",
    grain="costs",
    looks=looks_costs,
    row=cost_row,
    parts=bucketed,
    knows="only what was charged, by the day: give the usage report with it",
)
