"""The screens of `tco breakeven`: a pair, any variable, the open models, a map of winners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from math import ceil, floor, inf, log10

from tco.analysis.results import (
    BreakevenResult,
    BreakevenRow,
    BreakevenTable,
    Flip,
    OpenBand,
    VolumeResult,
)
from tco.analysis.vary.over import BreakevenOver, where
from tco.render import first, words
from tco.render.output import Screen
from tco.render.words import Block, Column, Paragraph, Row, Sheet, Table, View, column, number
from tco.units import in_unit, show_number, show_share, show_tokens, show_usd, with_unit

# The screen of `tco breakeven A B`.

VOLUME = in_unit


def spans(value: tuple[OpenBand, ...]) -> str:
    """Return winning intervals in words; a spreadsheet reads them too.

    >>> spans(((31.4e9, 32e9), (48.9e9, None)))
    '31.4B–32B, from 48.9B'
    """
    return ", ".join(_span(low, high) for low, high in value) or "never"


def _span(low: float, high: float | None) -> str:
    if high is None:
        return f"from {show_tokens(low)}" if low > 0 else "always"
    return f"{show_tokens(low)}–{show_tokens(high)}"


COLUMNS = (
    column("a", "A", wraps=True),
    column("b", "B", wraps=True),
    column("same_weights", "same weights", words.yes),
    column("wins", "B is cheaper", get=lambda r: spans(r.wins)),
    number("first", "first", show_tokens),
    number("sure", "always from", show_tokens),
    number("now", "now", show_tokens),
    column("now_wins", "B wins now", words.yes),
    number("a_usd", "A $/month", words.whole_usd),
    number("b_usd", "B $/month", words.whole_usd),
    column("never_because", "never because"),
)
USUAL = ("a", "b", "wins", "first", "sure")
COMPACT = tuple(c.key for c in COLUMNS)


def _pair_blocks(
    result: BreakevenResult | BreakevenOver, sheet: Sheet, view: View
) -> Iterator[Block]:
    """Return the screen: the verdict, where B wins, today, and what would turn the answer."""
    yield from first.verdict(result.verdict, view)
    if view.fields:
        columns = sheet.pick(view.fields)
        cells = tuple(column.text(result) for column in columns)
        yield Table(columns=columns, rows=(Row(cells=cells),))
        return
    yield from _two(result, view)
    if isinstance(result, BreakevenOver):
        yield from _over_figures(result)
    else:
        yield from _figures(result, view)
    yield from first.doubts(result.verdict, view)
    yield from _flips(result.flips, view, result)
    yield from first.assumed(result.assumptions, view)
    yield from first.away(result, view, notes=_untold(result, view))
    yield from _next(result)


def _two(result: BreakevenResult | BreakevenOver, view: View) -> Iterator[Block]:
    """Return A and B by their ids, and what names were taken to mean where all is told."""
    yield Paragraph(text=f"A  {result.a}", hanging=3)
    yield Paragraph(text=f"B  {result.b}", hanging=3, bullet=True)
    for said in result.resolved if view.notes or view.page else ():
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)


def _flips(
    flips: Sequence[Flip], view: View, result: BreakevenResult | BreakevenOver
) -> Iterator[Block]:
    """Return what would turn the answer: all that was tried, or only what would."""
    if view.notes or view.page:
        if flips:
            yield Paragraph(text="What would turn the answer", tone="bold")
        for flip in flips:
            yield Paragraph(text=_flip(flip), hanging=2, bullet=True)
        return
    a, b = result.a_usd, result.b_usd
    who, cheaper = ("B", result.a) if a is None or b is None or a <= b else ("A", result.b)
    yield from first.turning(flips, first.beats(result, cheaper, who))


def _untold(result: BreakevenResult | BreakevenOver, view: View) -> int:
    """Return how many notes a screen leaves out beside warnings."""
    cut = bool(first.leading(result.verdict)[1])
    return 0 if view.notes or view.page else len(result.resolved) + cut


def _next(result: BreakevenResult | BreakevenOver) -> Iterator[Block]:
    """Return what comes next: both bills, or at a volume that matters, and what moves them."""
    ids = [result.a, result.b]
    a, b = (first.typed_name(name, ids, result.resolved) for name in ids)
    asked = result.asked
    if isinstance(result, BreakevenResult) and result.now is None:
        volume = result.sure if result.sure is not None else result.first
        if volume is None:
            return
        asked = ("--tokens", _at_least(volume) if volume > 0.0 else ANY_VOLUME, *asked)
    lines = [first.command(asked, "explain", name) for name in (a, b)]
    yield from first.commands(first.command(asked, "sensitivity", a, b), *lines)


ANY_VOLUME = "50B"
"""A volume to go on with where one side is cheaper at any."""


def _at_least(tokens: float) -> str:
    """Return a volume in three digits, never less than it: below it the other one is cheaper.

    >>> _at_least(8.7812e9), _at_least(172e9)
    ('8.79B', '172B')
    """
    step = 10.0 ** (floor(log10(tokens)) - 2)
    return show_tokens(ceil(tokens / step - 1e-6) * step)


def _figures(result: BreakevenResult, view: View) -> Iterator[Block]:
    """Return first crossing, sure volume, band, and both bills."""
    told = [*_crossings(result, view)]
    if result.distance is not None:
        way = "more" if result.distance > 0 else "less"
        told.append(("nearest turn", f"{show_share(abs(result.distance))} {way} than today"))
    if result.now is not None and result.a_usd is not None and result.b_usd is not None:
        bills = f"A {show_usd(result.a_usd)}, B {show_usd(result.b_usd)} a month"
        told.append((f"at {show_tokens(result.now)}", bills))
    size = max(len(head) for head, _ in told) + 2
    for head, text in told:
        yield Paragraph(
            text=f"{head:<{size}}{text}".replace("  ", "\u00a0\u00a0"), hanging=size, bullet=True
        )


MOST_SPANS = 3
"""Intervals that a first screen spells out, the last one among them."""


def _crossings(result: BreakevenResult, view: View) -> Iterator[tuple[str, str]]:
    """Return where B is cheaper, how sure that is, and its first volume in other words."""
    wins, hidden = result.wins, len(result.wins) - MOST_SPANS
    if hidden > 0 and not (view.notes or view.page):
        wins = (*wins[: MOST_SPANS - 1], wins[-1])
    where = spans(wins)
    where += " tokens a month" * (where not in ("never", "always"))
    if wins is not result.wins:
        where += f"; {hidden} more interval{'s' * (hidden != 1)} between"
    yield "B is cheaper", where
    if not result.first and result.first_is is not None:
        yield "turns at", show_tokens(result.first_is.tokens_per_month)
    low, high = result.about or (0.0, 0.0)
    if 0.0 < high < WIDE * (result.first or low):
        yield "about", f"{show_tokens(low)} to {show_tokens(high)}"
    if result.first_is is not None:
        yield "that is", _other_words(result.first_is)


def _other_words(volume: VolumeResult) -> str:
    """Return a volume as a bill of A, as requests, and as months away."""
    requests = show_number(volume.requests_per_day)
    text = f"a bill of {show_usd(volume.a_usd)} a month with A; {requests} requests a day"
    if volume.months is None:
        return text
    return f"{text}; {show_number(volume.months)} months away at this growth"


def _flip(flip: Flip) -> str:
    """Return a single change in words: the sentence of the analysis, or the figures."""
    if flip.text:
        return f"- {flip.text}"
    now = in_unit(flip.now, flip.unit)
    needed = "no value of it" if flip.needed is None else in_unit(flip.needed, flip.unit)
    return f"- {flip.title}: {needed}, now {now}"


PAIR = Screen(
    rows=(), everything=Sheet(columns=COLUMNS, usual=USUAL), blocks=_pair_blocks, compact=COMPACT
)


# The screen of `tco breakeven A B --over VARIABLE`.

OVER_COLUMNS = (
    column("a", "A", wraps=True),
    column("b", "B", wraps=True),
    column("variable", "over"),
    column("unit", "unit"),
    column("wins", "B is cheaper", get=lambda r: _wins(r)),
    number("first", "first", show_number),
    number("sure", "always from", show_number),
    number("nearest", "nearest turn", show_number),
    number("distance", "away by", show_share),
    number("now", "now", show_number),
    column("now_wins", "B wins now", words.yes),
    number("a_usd", "A $/month", words.whole_usd),
    number("b_usd", "B $/month", words.whole_usd),
    column("exact", "exact", words.yes),
    column("never_because", "never because"),
)
OVER_USUAL = ("a", "b", "wins", "nearest", "now")


def _wins(result: BreakevenOver) -> str:
    return where(result.wins, result.searched[0], result.unit) or "never"


def _over_figures(result: BreakevenOver) -> Iterator[Block]:
    low, high = (with_unit(v, result.unit) for v in result.searched)
    how = "closed form" if result.exact else "bisected to rounding, where a bill is not affine"
    rows = [
        ("B is cheaper", _wins(result)),
        (
            "turns at",
            ", ".join(with_unit(v, result.unit) for v in result.crossings) or "no value",
        ),
        ("today", with_unit(result.now, result.unit)),
        ("searched", f"{low} to {high}; {how}"),
        (
            f"at {show_tokens(result.tokens_per_month)}",
            f"A {show_usd(result.a_usd)}, B {show_usd(result.b_usd)} a month",
        ),
    ]
    size = max(len(head) for head, _ in rows) + 2
    for head, text in rows:
        label = f"{head:<{size}}".replace(" ", "\u00a0")
        yield Paragraph(text=label + text, hanging=size, bullet=True)


OVER = Screen(
    rows=(), everything=Sheet(columns=OVER_COLUMNS, usual=OVER_USUAL), blocks=_pair_blocks
)


# The screen of `tco breakeven` without options: an overview of the open models.

TABLE_COLUMNS = (
    column("model", "model", wraps=True),
    column("a", "against", wraps=True),
    column("b", "self-hosted on", wraps=True),
    column("same_weights", "same weights", words.yes),
    column("wins", "cheaper", get=lambda r: spans(r.wins), wraps=True),
    number("first", "first at", show_tokens),
    number("sure", "always from", show_tokens),
    column("never_because", "never because", wraps=True),
    number("at_tokens", "at", show_tokens, of="at.tokens"),
    number("at_a_usd", "then $", words.whole_usd, of="at.a_usd"),
    number("at_b_usd", "own $", words.whole_usd, of="at.b_usd"),
    column("at_b", "own set-up then", of="at.b", wraps=True),
)
TABLE_USUAL = ("model", "a", "first", "sure")
AT = ("at_a_usd", "at_b_usd")
"""What is told beside, where a volume was given: both bills at it."""
KEYS = {"volume": "first", "model": "model", "against": "a"}


def _table_everything(result: BreakevenTable) -> Sheet:
    """Return all rows."""
    usual = (*TABLE_USUAL, *AT) if any(row.at is not None for row in result.rows) else TABLE_USUAL
    return Sheet(rows=result.rows, columns=TABLE_COLUMNS, usual=usual, keys=KEYS)


def _table_blocks(result: BreakevenTable, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, a row a model, what would turn it, what is a flag away."""
    if view.fields or view.sort or view.notes or view.page:
        return [*first.verdict(result.verdict, view), *_wide(result, sheet, view)]
    make = partial(_overviewed, result, sheet, view)
    if view.top is not None:
        return make(view.top)
    return first.fitted(result, view, make, len(_pairings(result)), 1)


def _overviewed(result: BreakevenTable, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with the models that come nearest, so many of them."""
    rows = _overview(result)
    shown = rows[:fullness]
    more = f"{len(rows) - len(shown)} more: --top {len(rows)}" if len(shown) < len(rows) else ""
    notes = len(result.left_out) + sum(bool(_note(row)) for row in sheet.rows)
    return [
        *first.verdict(result.verdict, view),
        Table(columns=_overview_columns(result), rows=tuple(shown)),
        *(
            [Paragraph(text=LAPSES, tone="dim", bullet=True)]
            if any(map(_lapses, result.rows))
            else ()
        ),
        *_about(result),
        *first.assumed(result.assumptions, view),
        *first.away(result, view, more, notes=notes),
        *_table_next(result),
    ]


def _wide(result: BreakevenTable, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return all that can be said of the rows: two tables, with the set-ups under them."""
    at = next((row.at for row in result.rows if row.at is not None), None)
    bills = "" if at is None else f", and both bills [$/month] at {show_tokens(at.tokens)}"
    yield Paragraph(
        text=f"From which volume [tokens a month] own GPUs are cheaper{bills}\n"
        f"{words.edition(result.catalog)}"
    )
    columns = sheet.pick(view.fields or sheet.usual)
    same = [row for row in sheet.rows if row.same_weights]
    other = [row for row in sheet.rows if not row.same_weights]
    titles = ("Against the cheapest host of the same weights", "Against a different, closed model")
    for title, rows in zip(titles, (same, other), strict=True):
        if rows:
            note = None if view.fields else _note
            yield words.table(columns, rows[: view.top], title, note)
    yield from _left_out(result)
    yield from first.assumed(result.assumptions, view)
    yield from first.away(result, view)
    yield from _table_next(result)


def _left_out(result: BreakevenTable) -> Iterator[Block]:
    if result.left_out:
        yield Paragraph(text="Left out", tone="bold")
        for text in result.left_out:
            yield Paragraph(text=text, tone="dim", hanging=2, bullet=True)


# The overview on one screen: a row a model.

Pairing = tuple[BreakevenRow | None, BreakevenRow | None]
"""A model against the cheapest host of the same weights, and against a closed model."""


def _pairings(result: BreakevenTable) -> list[Pairing]:
    """Return the rows by model, where own GPUs come nearest first."""
    found: dict[str, list[BreakevenRow | None]] = {}
    for row in result.rows:
        found.setdefault(row.model, [None, None])[0 if row.same_weights else 1] = row
    pairings: list[Pairing] = [(same, other) for same, other in found.values()]
    return sorted(pairings, key=_nearness)


def _nearness(pairing: Pairing) -> tuple[float, float, float]:
    same, other = pairing
    first_at = [inf if r is None or r.first is None else r.first for r in (same, other)]
    at = next((r.at for r in pairing if r is not None and r.at is not None), None)
    ratio = at.b_usd / at.a_usd if at is not None and at.a_usd else 0.0
    return ratio, first_at[0], first_at[1]


def _overview(result: BreakevenTable) -> list[Row]:
    at = any(row.at is not None for row in result.rows)
    return [Row(cells=_overview_cells(pairing, at=at)) for pairing in _pairings(result)]


def _overview_cells(pairing: Pairing, *, at: bool) -> tuple[str, ...]:
    same, other = pairing
    one = same or other
    assert one is not None  # a model has a row, or it is left out
    host = "nobody" if same is None else same.a.partition("/")[0]
    rival = "–" if other is None else other.a.rpartition("/")[2]
    pays = [("–" if r is None else _pays(r)) for r in pairing]
    if not at:
        return (one.model, one.class_, host, pays[0], rival, pays[1])
    usd = ["–" if r is None or r.at is None else words.whole_usd(r.at.a_usd) for r in pairing]
    own = "–" if one.at is None else words.whole_usd(one.at.b_usd)
    return (one.model, own, usd[0], pays[0], rival, usd[1], pays[1])


def _pays(row: BreakevenRow) -> str:
    """Return from which volume own GPUs are cheaper: `never`, `always`, `135B~` for a while."""
    if row.first is None:
        return "never"
    told = show_tokens(row.first) if row.first > 0 else "always"
    return f"{told}~" if _lapses(row) else told


LAPSES = "~ for a while: dearer again above, and cheaper for good from where --notes says"


def _lapses(row: BreakevenRow) -> bool:
    """Return whether own GPUs are dearer again above the first volume at which they are cheaper."""
    return row.first is not None and (row.sure is None or row.sure > row.first * (1 + 1e-9))


def _overview_columns(result: BreakevenTable) -> tuple[Column, ...]:
    at = any(row.at is not None for row in result.rows)
    heads = (
        (("own GPUs of", 0), ("class", 0), ("host", 0), ("pay from", 1), ("closed", 0))
        if not at
        else (("own GPUs of", 0), ("cost $", 1), ("host $", 1), ("from", 1), ("closed", 0))
    )
    heads = (*heads, *((("its $", 1), ("from", 1)) if at else (("pay from", 1),)))
    return tuple(
        column(head, head, get=str, right=bool(right), wraps=i == 0)
        for i, (head, right) in enumerate(heads)
    )


WIDE = 100.0
"""Times the first volume that turns the answer from which the far end of where it may says nothing:
without any headroom a fleet's bursts grow as far as one looks [1]."""


def _about(result: BreakevenTable) -> Iterator[Block]:
    """Return what would turn it at the volume asked about, or from where it is turned for good."""
    same = [row for row in result.rows if row.same_weights and row.first is not None]
    if result.turns:
        model, (a, b) = result.pair[0].rpartition("/")[2], _bills(result)
        who, cheaper = ("own GPUs", 0) if a <= b else ("buying", 1)
        head = first.beats(result, result.pair[cheaper], f"Of {model} {who}")
        yield from first.turning(result.turns, head)
    elif same:
        row = min(same, key=lambda r: r.first or inf)
        if row.sure is not None and row.sure != row.first:
            text = f"{row.model} pays for good from {show_tokens(row.sure)}: replicas are whole."
            yield Paragraph(text=text, hanging=2, bullet=True)


def _bills(result: BreakevenTable) -> tuple[float, float]:
    """Return both bills of the pair at the volume asked about [USD/month]."""
    at = next(r.at for r in result.rows if r.at and (r.a, r.at.b) == result.pair)
    return at.a_usd, at.b_usd


def _table_next(result: BreakevenTable) -> Iterator[Block]:
    """Return what comes next: the model that comes nearest, against its host, and its bills."""
    same, other = _pairings(result)[0]
    row = same or other
    assert row is not None  # a table has rows
    own = f"self/{row.model}"
    lines = [first.command(result.asked, "breakeven", row.a, own)]
    volume = row.sure or row.first
    if row.at is not None:
        lines += [first.command(result.asked, "explain", name) for name in (row.a, own)]
    elif volume:
        asked = ("--tokens", show_tokens(volume), *result.asked)
        lines.append(first.command(asked, "explain", own))
    yield from first.commands(*lines)


def _note(row: BreakevenRow) -> str:
    """Return what stands under a row: the set-up, and why never or on which intervals."""
    parts = [row.b]
    if not row.wins:
        parts.append(f"never: {row.never_because}" if row.never_because else "never")
    elif len(row.wins) > 1:
        parts.append(f"cheaper on {len(row.wins)} intervals, whole replicas lie between")
    if row.at is not None and row.at.b != row.b:
        parts.append(f"at {show_tokens(row.at.tokens)} {row.at.b}")
    if row.about is not None and row.about[1] < WIDE * (row.first or row.about[0]):
        parts.append(f"{show_tokens(row.about[0])} to {show_tokens(row.about[1])}")
    return "; ".join(parts)


TABLE = Screen(rows=("rows",), everything=_table_everything, blocks=_table_blocks)
