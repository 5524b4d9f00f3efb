"""DeepSeek's usage: a row a day, model, key and kind of token (the console's amount-*.csv)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tco.usage.formats import DAY_S, Context, Format, mapping
from tco.usage.rows import UsageRow, Wrong, count, hashed, moment, text
from tco.usage.sources import Sample

KINDS = {
    "input_cache_hit_tokens": "read",
    "input_cache_miss_tokens": "fresh",
    "output_tokens": "output",
    "request_count": "requests",
}
DAYS = ("start_time_iso", "utc_date")
"""What the day is called, now and in files before 2026."""


def looks(sample: Sample) -> bool:
    """Return whether some records are amounts of a kind of token."""
    found = sample.some("model", "type", "price", "amount")
    return found is not None and any(day in found for day in DAYS)


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Keep the amount: the rows of a day and key are one bucket, known after the last file."""
    line = mapping(value)
    kind, model = text(line.get("type")), text(line.get("model"))
    start = moment(next((line[day] for day in DAYS if line.get(day)), None))
    if kind == "total_tokens":
        raise Wrong("sum_of_other_rows")
    if kind not in KINDS:
        raise Wrong("not_a_call")
    if start is None:
        raise Wrong("no_time")
    end = moment(line.get("end_time_iso")) or start + DAY_S
    lines = ctx.kept.setdefault("lines", {})
    if lines.setdefault(tuple(line.items()), ctx.shown) != ctx.shown:
        raise Wrong("duplicate")  # in an export of the same days
    key = (model, start, end, hashed(text(line.get("api_key_name") or line.get("api_key"))))
    sums = ctx.kept.setdefault("sums", {}).setdefault(key, dict.fromkeys(KINDS.values(), 0))
    sums[KINDS[kind]] += count(line.get("amount"))
    return None


def done(ctx: Context) -> Iterator[UsageRow]:
    """Yield the buckets."""
    for (model, start, end, key), sums in ctx.kept.get("sums", {}).items():
        yield UsageRow(
            model=model,
            input=sums["read"] + sums["fresh"],
            output=sums["output"],
            read=sums["read"],
            start=start,
            end=end,
            bucket_s=int(end - start),
            requests=sums["requests"],
            provider="deepseek",
            key=key,
        )


FORMAT = Format(
    name="deepseek",
    title="DeepSeek usage",
    exported="the usage page's export: amount-*.csv of the zip",
    grain="buckets",
    looks=looks,
    row=row,
    done=done,
    knows="days only; prices of the file are in the account's currency and are not read",
)
