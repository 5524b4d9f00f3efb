"""OpenRouter's activity: a row a day, model and endpoint, or a row a generation.

By the day of the API's JSON or the page's CSV; by the generation of either, too.
"""

from __future__ import annotations

from typing import Any

from tco.usage.formats import DAY_S, Context, Format, both, charge, day_of, mapping
from tco.usage.rows import NANO, UsageRow, count, hashed, moment, nano, text
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


MS = 1_000.0


def looks_generated(sample: Sample) -> bool:
    """Return whether some records are generations."""
    csv = sample.some("generation_id", "model_permaslug", "tokens_prompt")
    return csv is not None or any(_generation(v).keys() >= GENERATION for v in sample.values())


GENERATION = {"id", "model", "native_tokens_prompt", "native_tokens_completion"}
API = {
    "tokens_prompt": "native_tokens_prompt",
    "tokens_completion": "native_tokens_completion",
    "tokens_cached": "native_tokens_cached",
    "tokens_reasoning": "native_tokens_reasoning",
    "cost_total": "total_cost",
    "generation_id": "id",
    "model_permaslug": "model",
    "generation_time_ms": "generation_time",
    "byok_usage_inference": "upstream_inference_cost",
}
"""What `GET /api/v1/generation` calls the columns; its native tokens are those that are billed."""


def _generation(value: Any) -> dict[str, Any]:
    return mapping(mapping(value).get("data", value))


def row_generated(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a generation; one that was cancelled is billed for what it made."""
    made = mapping(value)
    if _generation(made).keys() >= GENERATION:
        made = _generation(made)
        made = made | {ours: made.get(theirs) for ours, theirs in API.items()}
        if not made.get("is_byok"):
            made["byok_usage_inference"] = None
    names = ("tokens_prompt", "tokens_completion")
    taken, answer = both(*(count(made.get(name), missing=None) for name in names))
    read = count(made.get("tokens_cached"))
    if read > taken:
        ctx.tally.doubt("cached_over_input_capped", ctx.place)
    start, took = moment(made.get("created_at"), ctx.zone), nano(made.get("generation_time_ms"))
    return UsageRow(
        model=text(made.get("model_permaslug")),
        input=taken,
        output=answer,
        read=min(read, taken),
        reasoning=count(made.get("tokens_reasoning"), missing=None),
        start=start,
        end=start + took / NANO / MS if start is not None and took else None,
        provider="openrouter",
        tag=text(made.get("provider_name")),
        project=text(made.get("app_name")),
        key=hashed(text(made.get("api_key_name"))),
        session=text(made.get("user")),
        id=text(made.get("generation_id")),
        usd_nano=charged(ctx, made.get("cost_total"), made.get("byok_usage_inference")),
    )


REQUESTS = Format(
    name="openrouter-requests",
    title="OpenRouter activity, request by request",
    exported="the activity page as CSV (openrouter_activity_*.csv); GET /api/v1/generation?id=...",
    grain="requests",
    looks=looks_generated,
    row=row_generated,
    knows="no cache writes; with a key of one's own the provider is paid apart",
)
