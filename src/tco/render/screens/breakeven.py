"""The screen of `tco breakeven A B`."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.results import BreakevenResult, Flip, OpenSpan, VolumeResult
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View
from tco.show import show_number, show_share, show_tokens, show_usd

VOLUME = words.in_unit


def everything(result: BreakevenResult) -> Sheet:
    """Return the pair as one row."""
    return Sheet(rows=(result,), columns=COLUMNS, usual=USUAL, keys={})


def sheet(result: BreakevenResult, view: View) -> Sheet:
    """Return the pair as one row."""
    return everything(result)


def spans(value: tuple[OpenSpan, ...]) -> str:
    """Return winning intervals in words; a spreadsheet reads them too.

    >>> spans(((31.4e9, 32e9), (48.9e9, None)))
    '31.4B–32B, from 48.9B'
    """
    return ", ".join(_span(low, high) for low, high in value) or "never"


def _span(low: float, high: float | None) -> str:
    if high is None:
        return f"from {show_tokens(low)}" if low > 0 else "always"
    return f"{show_tokens(low)}–{show_tokens(high)}"


def yes(value: bool) -> str:
    """Return a truth in words."""
    return "yes" if value else "no"


COLUMNS = (
    Column(key="a", head="A", get=lambda r: r.a, wraps=True),
    Column(key="b", head="B", get=lambda r: r.b, wraps=True),
    Column(key="same_weights", head="same weights", get=lambda r: r.same_weights, show=yes),
    Column(key="wins", head="B is cheaper", get=lambda r: spans(r.wins)),
    Column(key="first", head="first", get=lambda r: r.first, show=show_tokens, right=True),
    Column(key="sure", head="always from", get=lambda r: r.sure, show=show_tokens, right=True),
    Column(key="now", head="now", get=lambda r: r.now, show=show_tokens, right=True),
    Column(key="now_wins", head="B wins now", get=lambda r: r.now_wins, show=yes),
    Column(key="a_usd", head="A $/month", get=lambda r: r.a_usd, show=words.whole_usd, right=True),
    Column(key="b_usd", head="B $/month", get=lambda r: r.b_usd, show=words.whole_usd, right=True),
    Column(key="never_because", head="never because", get=lambda r: r.never_because),
)
USUAL = ("a", "b", "wins", "first", "sure")
COMPACT = tuple(c.key for c in COLUMNS)


def blocks(result: BreakevenResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the two, where B wins, today, and what would turn the answer."""
    yield Paragraph(text=words.edition(result.catalog))
    if view.fields:
        columns = sheet.pick(view.fields)
        cells = tuple(column.text(result) for column in columns)
        yield Table(columns=columns, rows=(Row(cells=cells),))
        return
    yield Paragraph(text=f"A  {result.a}", hanging=3)
    yield Paragraph(text=f"B  {result.b}", hanging=3, bullet=True)
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    yield Paragraph(text=result.verdict, tone="bold")
    yield from _figures(result)
    if result.flips:
        yield Paragraph(text="What would turn the answer", tone="bold")
        for flip in result.flips:
            yield Paragraph(text=_flip(flip), hanging=2, bullet=True)
    yield from words.assumptions(result.assumptions)


def _figures(result: BreakevenResult) -> Iterator[Block]:
    """Return first crossing, sure volume, band, and both bills."""
    told = [*_crossings(result)]
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


def _crossings(result: BreakevenResult) -> Iterator[tuple[str, str]]:
    """Return where B is cheaper, from the first volume at which that changes."""
    where = spans(result.wins)
    yield "B is cheaper", where + " tokens a month" * (where not in ("never", "always"))
    if result.first:
        yield "first crossing", show_tokens(result.first)
    elif result.first_is is not None:
        yield "turns at", show_tokens(result.first_is.tokens_per_month)
    if result.sure:
        yield "always from", show_tokens(result.sure)
    if result.about is not None and result.about[1] > 0:
        low, high = result.about
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
    now = words.in_unit(flip.now, flip.unit)
    needed = "no value of it" if flip.needed is None else words.in_unit(flip.needed, flip.unit)
    return f"- {flip.title}: {needed}, now {now}"


SCREEN = Screen(rows=(), everything=everything, sheet=sheet, blocks=blocks, compact=COMPACT)
