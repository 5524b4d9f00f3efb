"""The one shape that every answer takes on its way to text: paragraphs and tables.

Named tuples, for they take a fifth of the time of a dataclass to define, at every start.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from tco.analysis.results import (
    AssumptionResult,
    Breakdown,
    CatalogStamp,
    CheckResult,
    OpenBand,
    WorkloadResult,
)
from tco.engine.replica import FirstTokens
from tco.errors import UsageError, nearest, printable
from tco.money import in_money, money
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

Tone = Literal["", "bold", "dim", "good", "warn", "blue", "magenta", "cyan", "red"]


class Column(NamedTuple):
    """One thing that can be said of every row.

    Args:
        key: Its name in CSV and in `--fields`; it ends in its unit.
        head: Its heading on screens.
        get: Returns the unrounded value of a row; None where there is none.
        show: Returns a value as text.
        right: Numbers stand to the right.
        wraps: The column that gives way when the screen is narrow.
    """

    key: str
    head: str
    get: Callable[[Any], Any]
    show: Callable[[Any], str] = str
    right: bool = False
    wraps: bool = False

    def text(self, row: Any) -> str:
        """Return what the cell of a row shows."""
        value = self.get(row)
        return "–" if value is None else self.show(value)


def column(
    key: str,
    head: str,
    show: Callable[[Any], str] = str,
    *,
    of: str = "",
    get: Callable[[Any], Any] | None = None,
    right: bool = False,
    wraps: bool = False,
) -> Column:
    """Return a column of what rows have under its key.

    Args:
        of: Where in a row it stands instead: `quality.value`, `band.0` for the first of several;
            None where something on the way there is.
        get: What works it out instead.
    """
    found = get or (_inside(of) if "." in of else attrgetter(of or key))
    return Column(key, head, found, show, right, wraps)


def _inside(path: str) -> Callable[[Any], Any]:
    steps = path.split(".")

    def get(row: Any) -> Any:
        for step in steps:
            if row is not None:
                row = _part(row, step)
        return row

    return get


def _part(whole: Any, name: str) -> Any:
    if isinstance(whole, dict):
        return whole.get(name)
    return whole[int(name)] if name.isdigit() else getattr(whole, name)


def number(
    key: str,
    head: str,
    show: Callable[[Any], str] = str,
    *,
    of: str = "",
    get: Callable[[Any], Any] | None = None,
) -> Column:
    """Return a column of numbers; arguments as for `column`."""
    return column(key, head, show, of=of, get=get, right=True)


def plain(*keys: str) -> tuple[Column, ...]:
    """Return columns of fields of the rows as they are, headed by their names."""
    return tuple(column(key, key.replace("_", " ")) for key in keys)


class Sheet(NamedTuple):
    """The rows of an answer, and everything that can be said of them.

    Args:
        columns: All columns, in the order of CSV.
        usual: Keys of those that a screen shows.
        keys: Other words for `--sort`.
        rows: The records.
    """

    columns: tuple[Column, ...]
    usual: tuple[str, ...]
    keys: Mapping[str, str] = MappingProxyType({})
    rows: tuple[Any, ...] = ()

    def column(self, key: str) -> Column:
        """Return the column called `key`."""
        return next(c for c in self.columns if c.key == key)

    def pick(self, keys: Sequence[str]) -> tuple[Column, ...]:
        """Return the columns called so.

        Raises:
            UsageError: There is no such column; the text lists all of them.
        """
        known = [c.key for c in self.columns]
        for key in keys:
            if key not in known:
                raise unknown_word("--fields", "column", key, known)
        return tuple(self.column(key) for key in keys)

    def _ordering(self, sort: str) -> Column:
        """Return the column that an order goes by: one of the short words, or any column."""
        key = self.keys.get(sort, sort)
        if key not in {c.key for c in self.columns}:
            words = [*self.keys, "any column that --fields takes"]
            near = [*self.keys, *(c.key for c in self.columns)]
            raise unknown_word("--sort", "order", sort, words, near)
        return self.column(key)

    def arranged(self, sort: str | None, top: int | None) -> Sheet:
        """Return the sheet with its rows in another order, and only the first `top` of them.

        Raises:
            UsageError: There is no such order; the text lists all of them.
        """
        rows = self.rows
        if sort is not None:
            column = self._ordering(sort)
            rows = tuple(sorted(rows, key=lambda row: _order(column.get(row))))
        return self._replace(rows=rows if top is None else rows[:top])


def _order(value: Any) -> tuple[int, Any]:
    """Return a sort key: numbers before texts, what is missing last."""
    if value is None:
        return 2, ""
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def unknown_word(
    flag: str, kind: str, word: str, known: Sequence[str], near: Sequence[str] | None = None
) -> UsageError:
    """Return the error for a word that is not in a list, with the nearest and with all of them."""
    close = nearest(word, known if near is None else near)
    hint = f" (did you mean {', '.join(close)}?)" if close else ""
    names = ", ".join(known)
    return UsageError(f"{flag}: no {kind} {printable(word, 40)!r}{hint}; there are {names}")


class Row(NamedTuple):
    """A row of a table on a screen; `note` is printed under it."""

    cells: tuple[str, ...]
    note: str = ""
    tone: Tone = ""


class Table(NamedTuple):
    """A table on a screen."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""


def table(
    columns: tuple[Column, ...],
    records: Iterable[Any],
    title: str = "",
    note: Callable[[Any], str | None] | None = None,
) -> Table:
    """Return records as a table; what there is to note of one is printed under it."""
    told = note or (lambda _: None)
    rows = (Row(tuple(c.text(one) for c in columns), told(one) or "") for one in records)
    return Table(columns, tuple(rows), title)


class Paragraph(NamedTuple):
    """Words, wrapped to the width; lines after the first are indented by `hanging`.

    A command for a shell is broken between its words, so that it can be pasted all the same.
    """

    text: str
    tone: Tone = ""
    hanging: int = 0
    bullet: bool = False
    shell: bool = False


class Figure(NamedTuple):
    """A picture made of characters, at most 60 to a line; every blank counts.

    Args:
        tones: Colour of single characters.
    """

    rows: tuple[str, ...]
    title: str = ""
    tones: Mapping[str, Tone] = MappingProxyType({})


Block = Table | Paragraph | Figure


class View(NamedTuple):
    """How the user wants an answer laid out; None is the usual.

    Args:
        fields: Only these columns.
        sort: Another order of the rows.
        top: At most so many rows.
        page: For a page, which has room for what a screen leaves out.
        plot: A picture comes under the answer.
        assumptions: Every assumption, where a screen names those that matter.
        notes: Every note, where a screen counts those that turn nothing.
    """

    fields: tuple[str, ...] | None = None
    sort: str | None = None
    top: int | None = None
    page: bool = False
    plot: bool = False
    assumptions: bool = False
    notes: bool = False

    @property
    def usual(self) -> bool:
        """Return whether the rows are those of the first screen: nobody asked for others."""
        return self.fields is None and self.sort is None and self.top is None


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
    told = f"First token in the busiest hour: p50 {p50}, p95 {rest[0]}, p99 {rest[1]}"
    return f"{told}, {first.why_not}" if first.why_not else told


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


def spread(band: OpenBand | None) -> str:
    """Return a range of money, empty where it is one figure.

    >>> spread((31e3, 48e3)), spread((31e3, None)), spread((31e3, 31e3))
    ('$31,000 to $48,000', '$31,000 or more', '')
    """
    if band is None or band[0] == band[1]:
        return ""
    low, high = band
    return f"{show_usd(low)} or more" if high is None else f"{show_usd(low)} to {show_usd(high)}"


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


BECAUSE = column("trust_reasons", "because", get=lambda r: notes_of(r.trust_reasons) or None)
TRUST = (*plain("trust"), BECAUSE)
"""How far the price of a row can be trusted, and why."""


def shortened(text: str, size: int) -> str:
    """Return a text for which there is little room, cut at a word."""
    return textwrap.shorten(text, size, placeholder=" …")


def yes(value: bool) -> str:
    """Return whether something is so."""
    return "yes" if value else "no"
