"""Values of results in words: by their unit, with their origin, as intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from tco.analysis.results import (
    AssumptionResult,
    Breakdown,
    CatalogStamp,
    CheckResult,
    WorkloadResult,
)
from tco.engine.replica import FirstTokens
from tco.money import in_money, money
from tco.render.table import Block, Paragraph, Tone
from tco.units import (
    LONG,
    in_unit,
    show_number,
    show_price,
    show_seconds,
    show_share,
    show_tokens,
    show_usd,
)

STAR = "*"
SMALL_USD = 99.995  # below it amounts are shown in cents
LEFT_OUT = "bill.left_out"
LEGEND = f"{STAR} our judgment; --set PATH=VALUE changes it"


def on_axis(value: float, unit: str, times: str = "x") -> str:
    """Return a value beside an axis, whose title has the rest of the unit.

    >>> on_axis(2.1, "USD/GPU-hour"), on_axis(0.05, "share/year"), on_axis(2, "factor")
    ('$2.10', '5%', 'x2')
    """
    for sign in ("USD", "share"):
        if unit.startswith(sign):
            return in_unit(value, sign)
    return f"{times}{show_number(value)}" if unit == "factor" else show_number(value)


def whole_usd(value: float) -> str:
    """Return an amount of a table whose head says which money: `12,345`, `3.21`."""
    value *= money().per_usd
    large = SMALL_USD <= abs(value) < LONG
    return f"{value:,.0f}" if large else show_price(value)


def price(value: float) -> str:
    """Return a price per million tokens in three digits: `0.195`, `3.21`."""
    return show_price(value * money().per_usd)


def first_token(first: FirstTokens) -> str:
    """Return how long the first token takes in the busiest hour, the queue included."""
    if first.p50_s is None or first.p95_s is None or first.p99_s is None:
        return f"First token with the queue: {first.why_not}"
    p50, *rest = (show_seconds(s) for s in (first.p50_s, first.p95_s, first.p99_s))
    return f"First token in the busiest hour: p50 {p50}, p95 {rest[0]}, p99 {rest[1]}"


def count(value: float) -> str:
    """Return a number of whole things, or of parts of them: `12`, `0.5`, `1,500`."""
    if abs(value) >= LONG:
        return show_number(value)
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def percent_more(value: float, best: float) -> str:
    """Return how much more than the best one something costs, or how much less.

    >>> percent_more(125, 100), percent_more(100, 100), percent_more(900, 100)
    ('+25%', '–', 'x9.0')
    >>> percent_more(70, 100)
    '-30%'
    """
    if value == best:
        return "–"
    if value < best:
        return f"-{(1 - value / best) * 100:.0f}%"
    if best <= 0:
        return "more"
    ratio = value / best
    if ratio >= 99.5:
        return f"x{count(round(ratio))}"
    return f"x{ratio:.1f}" if ratio >= 2.995 else f"+{(ratio - 1) * 100:.0f}%"


def spread(low: float, high: float) -> str:
    """Return a range of money: `$31,000 to $48,000`."""
    return f"{show_usd(low)} to {show_usd(high)}"


def parts(breakdown: Breakdown, sign: str = "") -> str:
    """Return what a bill is made of: `compute 1,200, idle 800, people 20,000`.

    Each figure is rounded so that all of them add up to the rounded bill.

    >>> halves = dict.fromkeys(("tokens", "compute", "idle", "people", "power", "other"), 100.5)
    >>> parts(Breakdown(**halves))
    'tokens 100, compute 101, idle 101, people 100, power 100, other 101'
    """
    rate = money().per_usd
    figures = [(f.name, getattr(breakdown, f.name) * rate) for f in fields(breakdown)]
    cents = sum(usd for _, usd in figures) < SMALL_USD
    shown, before, so_far = [], 0.0, 0.0
    for name, usd in figures:
        so_far += usd
        upto = round(so_far, 2 if cents else None)
        if upto - before:
            figure = f"{upto - before:,.2f}" if cents else count(upto - before)
            shown.append(f"{name} {in_money(sign)}{figure}")
        before = upto
    return ", ".join(shown)


def month(load: WorkloadResult) -> str:
    """Return the month that was asked about, in one line."""
    cached = f", {show_share(load.cached_share)} of it cached" if load.cached_share else ""
    batch = f"; {show_share(load.batch_share)} in batches" if load.batch_share else ""
    return (
        f"{show_tokens(load.tokens_per_month)} tokens a month: "
        f"{show_tokens(load.input_tokens)} in{cached}, {show_tokens(load.output_tokens)} out; "
        f"{show_number(load.requests_per_month)} requests of {count(load.isl)} in and "
        f"{count(load.osl)} out; {rate(load.peak_requests_per_s, load.peak_to_mean)}{batch}"
    )


def rate(peak_requests_per_s: float, peak_to_mean: float) -> str:
    """Return the mean of a rate beside its peak.

    >>> rate(372, 1.86)
    '200 req/s on average, 372 at peak'
    """
    mean = show_number(peak_requests_per_s / peak_to_mean)
    return f"{mean} req/s on average, {show_number(peak_requests_per_s)} at peak"


def edition(stamp: CatalogStamp) -> str:
    """Return which data an answer rests on, in one line."""
    oldest = f", oldest checked {stamp.oldest_price}" if stamp.oldest_price else ""
    until = f" to {stamp.until}, by their days" if stamp.until else ""
    return f"prices of {stamp.as_of}{until}{oldest}; catalog {stamp.version} ({stamp.sha256[:7]})"


def rated(result: object) -> str:
    """Return which rate amounts are shown at; empty where they are in dollars."""
    currency = getattr(result, "currency", None)
    if currency is None:
        return ""
    return f"1 USD = {currency.per_usd:g} {currency.code} of {currency.on}"


def with_rate(result: object, blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks, and below them the rate that amounts are shown at where none says it."""
    rate, told = rated(result), False
    for block in blocks:
        told = told or (
            isinstance(block, Paragraph) and rate in block.text.replace("\N{NBSP}", " ")
        )
        yield block
    if rate and not told:
        yield Paragraph(text=rate, tone="dim")


def left_out(result: object) -> Iterator[Block]:
    """Return the line that says what a bill was asked without; nothing for most."""
    for row in getattr(result, "assumptions", ()):
        if row.path == LEFT_OUT:
            yield Paragraph(text=f"Left out of every bill: {row.value} ({row.source})")


def assumptions(rows: Sequence[AssumptionResult]) -> Iterator[Block]:
    """Return the assumptions, a line for each group of them; judged ones are starred."""
    rows = [row for row in rows if row.path != LEFT_OUT]
    if not rows:
        return
    yield Paragraph(text=f"Assumptions ({LEGEND})", tone="bold")
    groups: dict[str, list[str]] = {}
    for row in rows:
        group, _, name = row.path.partition(".")
        star = STAR if row.judgment else ""
        given = " (given)" if row.origin == "given" else ""
        value = in_unit(row.value, row.unit)
        groups.setdefault(group, []).append(f"{name} {value}{star}{given}".replace(" ", "\u00a0"))
    size = max(len(group) for group in groups) + 2
    for group, parts in groups.items():
        text = f"{group:<{size}}".replace(" ", "\u00a0") + "  ".join(parts)
        yield Paragraph(text=text, hanging=size, bullet=True)


def checks(rows: Sequence[CheckResult]) -> Iterator[Block]:
    """Return the checks of the scenario file, those that are not kept in red."""
    if not rows:
        return
    yield Paragraph(text="Checks of the scenario file", tone="bold")
    states = {"passed": "ok", "failed": "FAILED", "unknown": "cannot be told"}
    for row in rows:
        tone: Tone = "" if row.state == "passed" else "red"
        text = f"{row.rule} {states[row.state]}: {row.message} ({row.file}:{row.line})"
        yield Paragraph(text=text, tone=tone, hanging=2, bullet=True)


def star(origin: str) -> str:
    """Return the mark of an assumed value."""
    return STAR if origin == "assumed" else ""


def notes_of(texts: Sequence[str]) -> str:
    """Return notes as one line."""
    return "; ".join(texts)


def shortened(text: str, size: int) -> str:
    """Return a text for which there is little room, cut at a word."""
    return textwrap.shorten(text, size, placeholder=" …")


def yes(value: bool) -> str:
    """Return whether something is so."""
    return "yes" if value else "no"
