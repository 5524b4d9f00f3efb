"""The screens of `tco profile`: what logs tell of traffic, and which formats of logs are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tco.render import words
from tco.render.output import Screen
from tco.render.plots import stacked
from tco.render.words import Block, Figure, Paragraph, Sheet, View, column, number
from tco.units import show_number, show_share, show_tokens, show_usd
from tco.usage.results import ModelUsage, ProfileResult, SourcesResult, TokenCounts
from tco.usage.rows import WRITES

TOP = 20
WEEK_COLUMNS, WEEK_HEIGHT = 56, 6
SMOOTH, CLUMPED = 1.5, 5.0
"""Variance over mean of requests in 10 s: below the one chance is most of it, above the other
requests come in clumps."""


def taken(row: TokenCounts) -> int:
    """Return all input [token]."""
    names = ("input", "read", "input_with_read")
    written = ("write_5m", "write_1h", "write_30m", "write_12h", "write_unknown")
    return sum(getattr(row, n) or 0 for n in (*names, *written))


def written(row: TokenCounts) -> int:
    """Return what was written to caches [token]."""
    return row.write_5m + row.write_1h + row.write_30m + row.write_12h + row.write_unknown


COLUMNS = (
    column("name", "model", wraps=True),
    column("offer", "in the catalog"),
    number("requests", "reqs", show_number),
    number("total_input", "input", show_tokens, get=taken),
    number("cached_share", "cached", show_share),
    number("written", "written", show_tokens, get=written),
    number("output", "out", show_tokens),
    number("reasoning", "thought", show_tokens),
    number("errors", "failed", show_number),
    number("isl_p50", "in p50", show_number, of="isl.p50"),
    number("isl_p99", "p99", show_number, of="isl.p99"),
    number("osl_p50", "out p50", show_number, of="osl.p50"),
    number("osl_p99", "p99", show_number, of="osl.p99"),
    number("peak_hour", "peak", lambda v: f"x{show_number(v)}", of="peak_to_mean.hour"),
    *(
        number(name, name, show_tokens)
        for name in ("input", "read", "input_with_read", "write_5m", "write_1h", "write_30m")
    ),
    number("write_12h", "write_12h", show_tokens),
    number("write_unknown", "write_unknown", show_tokens),
    column("matched", "how"),
)
USUAL = (
    *("name", "requests", "total_input", "cached_share", "output"),
    *("isl_p50", "isl_p99", "osl_p50", "osl_p99"),
)
BUCKETS = (
    "name",
    "offer",
    "requests",
    "total_input",
    "cached_share",
    "written",
    "output",
    "reasoning",
)


def everything(result: ProfileResult) -> Sheet:
    """Return the models."""
    usual = USUAL if result.isl is not None else BUCKETS
    keys = {"requests": "requests", "input": "total_input", "output": "output"}
    return Sheet(rows=tuple(result.models.values()), columns=COLUMNS, usual=usual, keys=keys)


def blocks(result: ProfileResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen."""
    yield Paragraph(text=result.verdict, tone="bold")
    yield Paragraph(text=_read(result), hanging=2)
    if result.incomplete:
        why = "; ".join(result.incomplete_because)
        yield Paragraph(
            text=f"Incomplete, so that all of it is a lower bound: {why}", tone="warn", hanging=2
        )
    columns = sheet.pick(view.fields or sheet.usual)
    shown = sheet.rows[: view.top or TOP]
    if shown:
        yield words.table(columns, shown, note=_note)
    if len(sheet.rows) > len(shown):
        yield Paragraph(text=f"{len(sheet.rows) - len(shown)} more models; --top N shows them")
    yield from _week(result)
    yield from _load(result)
    yield from left_out_blocks(result)
    for name, why in result.unknown.items():
        yield Paragraph(text=f"not known: {name.replace('_', ' ')}: {why}", bullet=True, hanging=2)
    yield from _where(result)


def _note(row: ModelUsage) -> str:
    """Return that a model could not be matched, or to what and how."""
    if row.offer is None:
        return f"no price: {row.matched}"
    return "" if row.offer.partition("/")[2] == row.name else f"{row.offer}: {row.matched}"


def _read(result: ProfileResult) -> str:
    """Return which files were read, and the time that they cover."""
    files = ", ".join(f"{n} of {name}" for name, n in result.formats.items())
    span = "no times in it"
    if result.first and result.last:
        hours = show_number(result.observed_hours)
        span = f"{result.first[:16]} to {result.last[:16]} UTC, {hours} hour{'s' * (hours != '1')}"
    usd = "" if result.usd is None else f"; they say that it cost {show_usd(result.usd)}"
    aside = f"; left alone: {'; '.join(result.files_left_out)}" if result.files_left_out else ""
    return f"Files: {files}; {span}{usd}{aside}"


def _week(result: ProfileResult) -> Iterator[Block]:
    if result.curve is None:
        return
    none = [0.0] * len(result.curve)
    rows = stacked((result.curve, none, none), columns=WEEK_COLUMNS, height=WEEK_HEIGHT)
    yield Figure(rows=rows, title="Requests of each hour of the week over the mean (UTC)")


def _load(result: ProfileResult) -> Iterator[Block]:
    """Return peaks, requests in flight and how they come."""
    peak = result.peak_to_mean
    known = [(n, getattr(peak, n)) for n in ("day", "hour", "minute", "second")]
    parts = [f"{name} x{show_number(value)}" for name, value in known if value is not None]
    if parts:
        yield Paragraph(text=f"Busiest over the mean: {', '.join(parts)}", hanging=2)
    if result.in_flight is not None:
        some = result.in_flight
        yield Paragraph(
            text=f"In flight: {show_number(some['mean'])} on average; requests find "
            f"{show_number(some['p50'])} (half of them), at most {show_number(some['p99'])} "
            "(99 %), "
            f"{show_number(some['p99_9'])} (99.9 %)",
            hanging=2,
        )
    if result.dispersion_10s is not None:
        yield Paragraph(
            text=f"Arrivals: {arrivals(result.dispersion_10s)} (variance over mean of the requests "
            f"in 10 s, within their hour: {show_number(result.dispersion_10s)}; chance alone is 1)",
            hanging=2,
        )
    if result.own_cache is not None:
        held = [f"{size} tokens {show_share(share)}" for size, share in result.own_cache.items()]
        yield Paragraph(
            text=f"A prefix cache of your own would serve, of the input, by what it holds: "
            f"{', '.join(held)}, if one replica served everything; at most, for it is taken that a "
            "session sends all of its last request and answer again",
            hanging=2,
        )
    if result.batch_share:
        yield Paragraph(text=f"In batches: {show_share(result.batch_share)} of the tokens")


def arrivals(dispersion: float) -> str:
    """Return how requests come, in a word: `smooth`, `drifting` or `clumped`."""
    if dispersion < SMOOTH:
        return "smooth"
    return "drifting" if dispersion < CLUMPED else "clumped"


def left_out_blocks(result: Any) -> Iterator[Block]:
    """Return what was left out and what is odd, by reason with the first place."""
    for title, some in (("Left out", result.left_out), ("Counted, but odd", result.doubts)):
        if not some:
            continue
        yield Paragraph(text=f"{title}:")
        for reason, count in some.items():
            place = result.first_places.get(reason)
            first = f", first at {place}" if place else ""
            text = f"{count:,} {reason.replace('_', ' ')}{first}"
            yield Paragraph(text=text, bullet=True, hanging=2)


def _where(result: ProfileResult) -> Iterator[Block]:
    if result.requests and result.peak_to_mean.hour is None and result.peak_to_mean.day is None:
        yield Paragraph(text="It tells no peak: its lengths go with that of a named profile,")
        yield Paragraph(text=_lengths(result, result.requests), hanging=2)
        return
    if result.to is None:
        yield Paragraph(text="--to traffic.yaml writes a profile that every command takes")
        return
    yield Paragraph(text=f"written to {result.to}")
    yield Paragraph(text=f"used by: tco compare --profile {result.to}", hanging=2)


def _lengths(result: ProfileResult, requests: int) -> str:
    """Return a command with the mean request of logs that tell no more."""
    totals = result.totals
    taken = sum(getattr(totals, n) or 0 for n in ("input", "read", "input_with_read", *WRITES))
    share = "" if result.cached_share is None else f" --cached {result.cached_share:.1%}"
    isl, osl = taken / requests, totals.output / requests
    return f"tco compare --profile general --isl {isl:.0f} --osl {osl:.0f}{share}"


SCREEN = Screen(rows=("models",), everything=everything, blocks=blocks)


FORMAT_COLUMNS = (
    column("name", "--from"),
    column("grain", "a row is"),
    column("title", "what it is", wraps=True),
    column("exported", "where it is exported"),
    column("knows", "what it cannot tell", get=lambda r: r.knows or None),
)


def format_blocks(result: SourcesResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the formats, each with where it is exported and what it cannot tell under it."""
    yield Paragraph(text="Logs that are read, told by their content or by --from NAME")
    yield words.table(
        sheet.pick(view.fields or sheet.usual),
        sheet.rows[: view.top],
        note=lambda row: "\n".join(filter(None, (row.exported, row.knows))),
    )


SOURCES = Screen(
    rows=("rows",),
    everything=Sheet(columns=FORMAT_COLUMNS, usual=("name", "grain", "title")),
    blocks=format_blocks,
)
