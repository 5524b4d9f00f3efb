"""OpenRouter's activity request by request: the page's CSV with a row a generation."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import Context, Format, both, mapping
from tco.usage.formats.openrouter import charged
from tco.usage.rows import NANO, UsageRow, count, hashed, moment, nano, text
from tco.usage.sources import Sample

MS = 1_000.0


def looks(sample: Sample) -> bool:
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


def row(value: Any, ctx: Context) -> UsageRow | None:
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


FORMAT = Format(
    name="openrouter-requests",
    title="OpenRouter activity, request by request",
    exported="the activity page as CSV (openrouter_activity_*.csv); GET /api/v1/generation?id=...",
    grain="requests",
    looks=looks,
    row=row,
    knows="no cache writes; with a key of one's own the provider is paid apart",
)
