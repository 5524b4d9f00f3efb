"""Helicone's requests."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import HIT, Context, Format, both, charge, mapping
from tco.usage.rows import UsageRow, Wrong, count, hashed, moment, text
from tco.usage.sources import Sample

FAILED = 400


def looks(sample: Sample) -> bool:
    """Return whether some records are requests of Helicone."""
    return sample.some("request_created_at", "response_status", "prompt_tokens") is not None


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a request; whether its input contains the cached part, its total tells."""
    call = mapping(value)
    status, names = call.get("response_status"), ("prompt_tokens", "completion_tokens")
    cancelled = isinstance(status, int) and status < 0  # or it took too long
    status = 0 if cancelled else count(status)
    if cancelled or status >= FAILED or all(call.get(name) is None for name in names):
        raise Wrong("failed")
    if text(call.get("cache_reference_id")).strip("0-"):
        raise Wrong(HIT)
    total = count(call.get("total_tokens"), missing=None)
    said, made = (count(call.get(name), missing=None) for name in names)
    said, made = both(said, made, total)
    read, written = (count(call.get(f"prompt_cache_{kind}_tokens")) for kind in ("read", "write"))
    apart = total == said + read + written + made if read + written else False
    if (read + written > said) or (apart and total != said + made):
        said += read + written
    elif read + written and total != said + made:
        ctx.tally.note("no total tells whether input contains the cached part: taken so")
    return UsageRow(
        model=text(call.get("request_model") or call.get("response_model")),
        input=said,
        output=made,
        read=read,
        write_unknown=written,
        start=moment(call.get("request_created_at")),
        end=moment(call.get("response_created_at")),
        provider=text(call.get("provider")).lower(),
        session=text(call.get("user_id") or call.get("request_user_id")),
        key=hashed(text(call.get("helicone_api_key_id"))),
        id=text(call.get("request_id")),
        status=status,
        usd_nano=charge(call.get("costUSD", call.get("cost")), ctx),
    )


FORMAT = Format(
    name="helicone",
    title="Helicone requests",
    exported="POST /v1/request/query-clickhouse",
    grain="requests",
    looks=looks,
    row=row,
    knows="lifetimes of cache writes and reasoning are not told",
)
