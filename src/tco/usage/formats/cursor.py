"""Cursor's usage events: a row a request (the dashboard's usage-events-*.csv)."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import Context, Format, mapping
from tco.usage.rows import UsageRow, Wrong, count, hashed, moment, nano, text
from tco.usage.sources import Sample

WRITTEN, FRESH = "Input (w/ Cache Write)", "Input (w/o Cache Write)"
READ, OUTPUT, TOTAL = "Cache Read", "Output Tokens", "Total Tokens"
FAILED = ("errored", "aborted")


def looks(sample: Sample) -> bool:
    """Return whether some records are usage events."""
    return sample.some("Date", "Model", WRITTEN, FRESH, OUTPUT) is not None


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of an event.

    Its total says what `w/ Cache Write` is: what was written, beside the rest of the input, or all
    input that was not read.
    """
    event = mapping(value)
    kind = text(event.get("Kind")).lower()
    written, fresh, read, made = (count(event.get(n)) for n in (WRITTEN, FRESH, READ, OUTPUT))
    total = count(event.get(TOTAL), missing=None)
    if kind.startswith(FAILED) and not written + fresh + read + made:
        raise Wrong("failed")
    if total == written + read + made and total != written + fresh + read + made:
        written -= fresh
    elif total not in (None, written + fresh + read + made):
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
    if written < 0:
        raise Wrong("negative")
    usd_nano = _usd_nano(event.get("Cost"))
    return UsageRow(
        model=text(event.get("Model")),
        input=written + fresh + read,
        output=made,
        read=read,
        write_unknown=written,
        start=moment(event.get("Date"), ctx.zone),
        provider="cursor",
        session=text(event.get("User")),
        tag=kind,
        status=500 if kind.startswith(FAILED) and not usd_nano else 0,
        id=hashed(repr(sorted(event.items()))),
        usd_nano=usd_nano,
    )


def _usd_nano(value: Any) -> int | None:
    """Return a cost [1e-9 USD]; None for one that a plan includes."""
    try:
        return nano(text(value).lstrip("$").replace(",", ""))
    except Wrong:
        return None


FORMAT = Format(
    name="cursor",
    title="Cursor usage events",
    exported="the dashboard's usage page, Export CSV (usage-events-*.csv)",
    grain="requests",
    looks=looks,
    row=row,
    knows="lifetimes of cache writes are not told, nor when a call ended; plans include some calls",
)
