"""The screen of `tco catalog diff`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tco.analysis.catalog_diff import CatalogDiff, Crossing, Winner
from tco.analysis.figures import Moved
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View
from tco.show import show_number, show_tokens

TOP = 40


def everything(result: CatalogDiff) -> Sheet:
    """Return everything that moved."""
    return Sheet(
        rows=result.moved,
        columns=(
            Column(key="section", head="in", get=lambda m: m.section),
            Column(key="record", head="record", get=lambda m: m.record, wraps=True),
            Column(key="field", head="figure", get=lambda m: m.field or None, wraps=True),
            Column(key="kind", head="what", get=lambda m: m.kind),
            _value("before"),
            _value("after"),
            Column(key="ratio", head="by", get=lambda m: m.ratio, show=_by, right=True),
        ),
        usual=("record", "field", "before", "after", "ratio"),
        keys={},
    )


def _value(key: str) -> Column:
    return Column(key=key, head=key, get=lambda m: getattr(m, key), show=_text, right=True)


def _text(value: float | str) -> str:
    return words.shortened(value, 30) if isinstance(value, str) else words.price(value)


def _by(ratio: float) -> str:
    return f"x{show_number(ratio)}" if ratio >= 2.995 else f"{(ratio - 1) * 100:+.1f}%"


def sheet(result: CatalogDiff, view: View) -> Sheet:
    """Return everything that moved."""
    return everything(result)


def blocks(result: CatalogDiff, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return what moved, then which answers change, then the verdict."""
    yield Paragraph(text=f"From {result.a} to {result.b}, prices of {result.as_of}", tone="bold")
    rows: tuple[Moved, ...] = sheet.rows[: view.top or TOP]
    columns = sheet.pick(view.fields or sheet.usual)
    if rows:
        made = tuple(Row(cells=tuple(c.text(m) for c in columns), note=_note(m)) for m in rows)
        yield Table(columns=columns, rows=made, title="What moved")
    if len(sheet.rows) > len(rows):
        text = f"{len(sheet.rows) - len(rows)} more: --top {len(sheet.rows)}"
        yield Paragraph(text=text, tone="dim")
    yield from _winners(result.winners)
    yield from _crossings(result.crossings)
    yield Paragraph(text=verdict(result), tone="bold")


def _note(moved: Moved) -> str:
    return moved.kind if moved.kind != "changed" and not moved.field else ""


def _winners(winners: tuple[Winner, ...]) -> Iterator[Block]:
    changed = [w for w in winners if w.changed]
    if not changed:
        return
    yield Paragraph(text="Other winners of the short list", tone="bold")
    for w in changed:
        place = f"{show_tokens(w.tokens_per_month)} tokens a month, {w.tier}"
        text = f"{place}: {_won(w.before, w.before_usd)} becomes {_won(w.after, w.after_usd)}"
        yield Paragraph(text=text, hanging=2, bullet=True)


def _won(name: str | None, usd: float | None) -> str:
    return "nothing" if name is None or usd is None else f"{name} (${words.whole_usd(usd)})"


def _crossings(crossings: tuple[Crossing, ...]) -> Iterator[Block]:
    changed = [c for c in crossings if c.changed]
    if not changed:
        return
    yield Paragraph(text="Other break-evens of own GPUs [tokens/month]", tone="bold")
    for c in changed:
        text = f"{c.model} against {c.against}: {_from(c.before)} becomes {_from(c.after)}"
        yield Paragraph(text=text, hanging=2, bullet=True)


def _from(volume: float | None) -> str:
    return "never" if volume is None else f"from {show_tokens(volume)}"


def verdict(result: CatalogDiff) -> str:
    """Return the answer in one sentence."""
    counts = Counter(m.section for m in result.moved)
    parts = ", ".join(f"{count} in {section}" for section, count in counts.items())
    moved = f"{len(result.moved)} figures moved ({parts})" if parts else "Nothing moved"
    asked = len(result.winners) + len(result.crossings)
    if not result.answers_changed:
        return f"{moved}; none of {asked} answers changes."
    return f"{moved}; {result.answers_changed} of {asked} answers change."


SCREEN = Screen(rows=("moved",), everything=everything, sheet=sheet, blocks=blocks)
