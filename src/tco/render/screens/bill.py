"""The screen of `tco bill`: what was used, at list price and as stated, and what lies between."""

from __future__ import annotations

from collections.abc import Iterator

from tco.render import words
from tco.render.output import Screen
from tco.render.screens.profile import left_out_blocks, taken, written
from tco.render.words import Block, Paragraph, Sheet, View, column, number
from tco.units import show_number, show_share, show_tokens, show_usd
from tco.usage.results import BillResult, ModelBill, UsageGroup

TOP = 20

COLUMNS = (
    column("name", "model", wraps=True),
    column("offer", "in the catalog"),
    number("requests", "requests", show_number),
    number("total_input", "input", show_tokens, get=taken),
    number("read", "cached", show_tokens),
    number("written", "written", show_tokens, get=written),
    number("output", "output", show_tokens),
    number("reasoning", "thought", show_tokens),
    number("list_usd", "list price", show_usd),
    number("stated_usd", "stated", show_usd),
    number("difference_usd", "difference", show_usd, get=lambda r: _difference(r)),
    number(
        "unpriced_tokens", "unpriced", show_tokens, get=lambda r: sum(u.tokens for u in r.unpriced)
    ),
    number("input", "uncached", show_tokens),
    number("input_with_read", "input, cached or not", show_tokens),
    *(
        number(f"write_{ttl}", f"write {ttl}", show_tokens)
        for ttl in ("5m", "1h", "30m", "12h", "unknown")
    ),
    column("matched", "how"),
)
USUAL = ("name", "requests", "total_input", "read", "output", "list_usd", "stated_usd")

GROUP_COLUMNS = (
    column("name", "", wraps=True),
    number("requests", "requests", show_number),
    number("input_tokens", "input", show_tokens),
    number("read", "cached", show_tokens),
    number("output", "output", show_tokens),
    number("list_usd", "list price", show_usd),
    number("stated_usd", "stated", show_usd),
    number("share", "share", show_share),
    number("unpriced_tokens", "unpriced", show_tokens),
)
GROUP_USUAL = (
    "name",
    "requests",
    "input_tokens",
    "read",
    "output",
    "list_usd",
    "stated_usd",
    "share",
)


def _difference(row: ModelBill) -> float | None:
    return None if row.stated_usd is None else row.stated_usd - (row.list_usd or 0.0)


def everything(result: BillResult) -> Sheet:
    """Return the models, or the groups that were asked for."""
    keys = {"cost": "list_usd", "output": "output", "requests": "requests"}
    if result.by != "model":
        return Sheet(rows=result.groups, columns=GROUP_COLUMNS, usual=GROUP_USUAL, keys=keys)
    rows = tuple(result.models.values())
    return Sheet(rows=rows, columns=COLUMNS, usual=USUAL, keys=keys)


def blocks(result: BillResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen."""
    yield Paragraph(text=result.verdict, tone="bold")
    yield Paragraph(text=_read(result), hanging=2)
    yield Paragraph(text=words.edition(result.catalog))
    if result.incomplete:
        why = "; ".join(result.incomplete_because)
        yield Paragraph(
            text=f"Incomplete, so that all of it is a lower bound: {why}", tone="warn", hanging=2
        )
    yield from _table(result, sheet, view)
    yield from _explained(result)
    yield from _time(result)
    yield from _elsewhere(result)
    yield from left_out_blocks(result)


def _read(result: BillResult) -> str:
    files = ", ".join(f"{n} of {name}" for name, n in result.formats.items())
    span = "no times in it"
    if result.first and result.last:
        hours = show_number(result.observed_hours)
        span = f"{result.first[:16]} to {result.last[:16]} UTC, {hours} hour{'s' * (hours != '1')}"
    aside = f"; left alone: {'; '.join(result.files_left_out)}" if result.files_left_out else ""
    return f"Files: {files}; {span}{aside}"


def _table(result: BillResult, sheet: Sheet, view: View) -> Iterator[Block]:
    usual = sheet.usual
    if result.stated_usd is None:
        usual = tuple(key for key in usual if key != "stated_usd")
    columns = list(sheet.pick(view.fields or usual))
    if result.by != "model" and columns and columns[0].key == "name":
        columns[0] = columns[0]._replace(head=result.by)
    shown = sheet.rows[: view.top or TOP]
    yield words.table(tuple(columns), shown, note=_note)
    if len(sheet.rows) > len(shown):
        yield Paragraph(text=f"{len(sheet.rows) - len(shown)} more; --top N shows them")


def _note(row: ModelBill | UsageGroup) -> str:
    """Return what a model was taken for, and which of its tokens have no price."""
    if isinstance(row, UsageGroup):
        lost = row.unpriced_tokens
        return f"{show_tokens(lost)} tokens have no price" if lost else ""
    notes = [
        f"{show_tokens(u.tokens)} tokens without a price: {u.reason if row.offer else row.matched}"
        for u in row.unpriced
    ]
    if row.offer and row.offer.partition("/")[2] != row.name:
        notes.insert(0, f"{row.offer}: {row.matched}")
    return "; ".join(notes)


def _explained(result: BillResult) -> Iterator[Block]:
    """Return what lies between the list price and what the log states, and the invoice."""
    if result.difference:
        usd = (result.stated_usd or 0.0) - result.list_usd
        yield Paragraph(text=f"Stated less list price, {show_usd(usd)}:")
        small = 5e-4 * max(abs(p.usd) for p in result.difference)
        for part in result.difference:
            if abs(part.usd) < small:
                continue
            yield Paragraph(text=f"{show_usd(part.usd)}  {part.reason}", bullet=True, hanging=2)
    if result.other_charges_usd:
        yield Paragraph(text=f"Charged for no model: {show_usd(result.other_charges_usd)}")
    if (check := result.invoice) is not None:
        stated = "" if check.stated_usd is None else f", stated {show_usd(check.stated_usd)}"
        listed, rest = show_usd(check.list_usd), show_usd(check.unexplained_usd)
        text = f"Invoice {show_usd(check.invoice_usd)}: list price {listed}{stated}"
        yield Paragraph(text=f"{text}; {rest} not explained", hanging=2)


def _time(result: BillResult) -> Iterator[Block]:
    """Return the months, what changed from one to the next, and the months to come."""
    for change in result.changes:
        parts = [(name, getattr(change, name)) for name in ("volume", "mix", "cache", "price")]
        told = ", ".join(f"{name} {_signed(usd)}" for name, usd in parts)
        text = (
            f"{change.since} to {change.until}: {show_usd(change.before_usd)} to "
            f"{show_usd(change.after_usd)}; {told}"
        )
        yield Paragraph(text=text, hanging=2)
    if result.forecast:
        first, last = result.forecast[0], result.forecast[-1]
        grown = (
            f" growing {show_share(result.growth_per_month)} a month"
            if result.growth_per_month
            else ""
        )
        text = (
            f"At this rate{grown}: {show_usd(first.usd)} in {first.month}, {show_usd(last.usd)} in "
            f"{last.month}, {show_usd(sum(m.usd for m in result.forecast))} in all "
            f"{len(result.forecast)} months, at list prices scheduled by then"
        )
        yield Paragraph(text=text, hanging=2)


def _signed(usd: float) -> str:
    return f"{'+' if usd >= 0 else ''}{show_usd(usd)}"


def _elsewhere(result: BillResult) -> Iterator[Block]:
    if not result.elsewhere:
        return
    columns = (
        column("kind", "a month of 730 h"),
        column("option", "where", wraps=True),
        column("of", "of"),
        number("monthly_usd", "$/month", show_usd),
    )
    yield words.table(
        columns,
        result.elsewhere,
        "The same traffic elsewhere",
        lambda row: row.note if row.kind in ("own GPUs", "mix") else "",
    )
    yield Paragraph(
        text="Offers are tokens only, at today's list price; own GPUs have power and engineers in "
        "them. Another model gives other answers.",
        tone="dim",
    )


def place(result: BillResult) -> tuple[str, ...]:
    """Return where the rows stand: the models, or the groups that were asked for."""
    return ("models",) if result.by == "model" else ("groups",)


SCREEN = Screen(rows=place, everything=everything, blocks=blocks)
