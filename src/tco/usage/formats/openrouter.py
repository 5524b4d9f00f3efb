"""OpenRouter's activity: a row a day, model and endpoint; the API's JSON, or a CSV of the page."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import DAY_S, Context, Format, both, charge, day_of, mapping
from tco.usage.rows import UsageRow, count, text
from tco.usage.sources import Sample

PAGE = {
    "date": "Date",
    "model": "Slug",
    "usage": "Usage",
    "byok_usage_inference": "BYOK Usage",
    "requests": "Requests",
    "prompt_tokens": "Prompt Tokens",
    "completion_tokens": "Completion Tokens",
    "reasoning_tokens": "Reasoning Tokens",
    "cached_tokens": "Cached Tokens",
}
"""What the page's CSV calls the fields; older ones tell no cached tokens."""


def looks(sample: Sample) -> bool:
    """Return whether some records are rows of the activity."""
    if sample.some(*(PAGE[name] for name in ("date", "model", "usage", "prompt_tokens"))):
        return True
    return sample.some("date", "model", "usage", "requests", "prompt_tokens") is not None


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a day; what its own response cache answered cannot be read input."""
    day = mapping(value)
    if PAGE["model"] in day:
        day = {name: day.get(theirs) for name, theirs in PAGE.items()}
    names = ("prompt_tokens", "completion_tokens", "cached_tokens")
    taken, made, read = (count(day.get(name), missing=None) for name in names)
    taken, made = both(taken, made)
    if read is not None and read > taken:
        ctx.tally.doubt("cached_over_input_capped", ctx.place)
    start, end = day_of(day.get("date"))
    return UsageRow(
        model=text(day.get("model")),
        input=taken,
        output=made,
        read=None if read is None else min(read, taken),
        reasoning=count(day.get("reasoning_tokens"), missing=None),
        start=start,
        end=end,
        bucket_s=DAY_S,
        requests=count(day.get("requests"), missing=None),
        provider="openrouter",
        tag=text(day.get("provider_name")),
        usd_nano=charged(ctx, day.get("usage"), day.get("byok_usage_inference")),
    )


def charged(ctx: Context, *usd: Any) -> int | None:
    """Return what was charged in all, with a key of one's own too; None where nothing says so."""
    known = [amount for one in usd if (amount := charge(one, ctx)) is not None]
    return sum(known) if known else None


def billed(ctx: Context, usd: Any, usage: dict[str, Any]) -> int | None:
    """Return what an answer cost in all [1e-9 USD]: with an own key ``usd`` is the fee alone.

    Args:
        usd: What is said that it cost.
        usage: Its usage; `cost_details` has what the provider bills.
    """
    of_provider = mapping(usage.get("cost_details")).get("upstream_inference_cost")
    return charged(ctx, usd, of_provider if usage.get("is_byok") else None)


FORMAT = Format(
    name="openrouter",
    title="OpenRouter activity",
    exported="GET /api/v1/activity; or the activity page's CSV by the day",
    grain="buckets",
    looks=looks,
    row=row,
    knows="days only, no cache writes; with a key of one's own the provider is paid apart",
)
