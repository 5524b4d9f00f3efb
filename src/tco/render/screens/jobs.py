"""The screens of `tco train` and `tco embed`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from tco.analysis.jobs.bills import first_of, known_usd, months_words
from tco.analysis.jobs.results import EmbedResult, JobRow, TrainResult
from tco.analysis.results import BillLine
from tco.options.cheapest import USUAL, rank_of
from tco.render import first, words
from tco.render.output import Screen
from tco.render.words import Block, Paragraph, Sheet, View, column, count, number
from tco.units import show_number, show_share, show_tokens, show_usd

# What the screens of `tco train` and `tco embed` have in common.

TOP = 12
GIVEN = "given"
"""The model, or the provider, of what the user described."""
Result = TrainResult | EmbedResult


SAVING = (
    number("saved_usd_per_month", "saves $", words.whole_usd),
    number("pays_after_months", "paid in", months_words),
    number("pays_after_requests", "requests", show_number),
    number("used_gb", "GB/GPU", show_number, of="memory_per_gpu.used_gb"),
)
"""What tuning saves beside untuned, and the memory that a run takes."""


def ways(result: Result) -> Sheet:
    """Return all ways, the impossible ones too."""
    ranks = {r.id: i for i, r in enumerate((r for r in result.rows if r.feasible), 1)}
    horizon = f"{result.horizon_months:g}mo $"
    columns = (
        number("rank", "#", get=lambda r: ranks.get(r.id)),
        column("id", "way", wraps=True),
        *words.plain("tier", "model", "provider", "method"),
        column("hardware", "GPUs"),
        number("gpus", "GPUs", words.count),
        number("hours", "hours", show_number),
        column("feasible", "feasible", words.yes),
        number("usd_once", "once $", words.whole_usd),
        number("usd_per_mtok", "$/Mtok", words.price),
        number("monthly_usd", "$/month", words.whole_usd),
        *SAVING,
        number("total_usd", horizon, words.whole_usd),
        *words.TRUST,
        column("price_checked", "checked"),
        column("notes", "notes", get=lambda r: words.notes_of(r.notes) or None),
        column("reasons", "reasons", get=lambda r: words.notes_of(r.reasons) or None),
    )
    return Sheet(
        rows=result.rows,
        columns=columns,
        usual=_usual(result),
        keys={"once": "usd_once", "month": "monthly_usd", "cost": "total_usd", "time": "hours"},
    )


def _usual(result: Result) -> tuple[str, ...]:
    """Return the columns of the first screen: what is paid, or what is saved."""
    if any(r.saved_usd_per_month is not None for r in result.rows):
        return ("rank", "id", "usd_once", "saved_usd_per_month", "pays_after_months", "total_usd")
    usual = ("rank", "id", "hours", "usd_once", "usd_per_mtok")
    monthly = any(r.monthly_usd for r in result.rows)
    return (*usual, "monthly_usd", "total_usd") if monthly else usual


def screen(result: Result, job: str, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the answer, the job, the ways to have it done, how the best come about."""
    most = min(TOP if view.top is None else view.top, len(sheet.rows))
    return first.fitted(result, view, partial(_ways, result, job, sheet, view), most, 1)


def _ways(result: Result, job: str, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many ways; what cannot be had and the terms are a flag away."""
    whole = view.notes or view.page
    edition = f"\n{words.edition(result.catalog)}" if whole else ""
    columns = sheet.pick(view.fields or sheet.usual)
    had = [r for r in sheet.rows if r.feasible]
    named = {*getattr(result, "models", ()), GIVEN}
    best = {r.model: r for r in reversed(had) if r.model in named}
    asked = [r for r in had if r is best.get(r.model) or r.provider == GIVEN]
    asked = asked if view.top is None else []
    shown = [r for i, r in enumerate(had) if i < fullness or r in asked]
    noted = whole and not view.fields
    out = sorted((r for r in sheet.rows if not r.feasible), key=lambda r: r.tier != "self")
    told = out if whole else out[:1]
    how = list(_how(result))
    more = f"{len(had) - len(shown)} more: --top {len(had)}" if len(had) > len(shown) else ""
    untold = 0 if view.fields else sum(bool(_note(r)) for r in shown)
    untold += len(out) - len(told) + (0 if whole else len(how))
    return [
        *first.verdict(result.verdict, view),
        Paragraph(text=f"{job}{edition}"),
        *([words.table(columns, shown, note=_note if noted else None)] if shown else []),
        *first.doubts(result.verdict, view, (" untuned",)),
        *_memory(result),
        *_out(told, whole=whole),
        *(how if whole else []),
        *first.assumed(result.assumptions, view),
        *first.away(result, view, more, notes=untold),
    ]


def _memory(result: Result) -> Iterator[Block]:
    """Return what the memory of a GPU is for, of the cheapest run on GPUs."""
    row = next((r for r in result.rows if r.feasible and r.memory_per_gpu is not None), None)
    if row is None or row.memory_per_gpu is None:
        return
    of = row.memory_per_gpu
    parts = [
        f"{name} {show_number(gb)}"
        for name, gb in (
            ("weights", of.weights_gb),
            ("adapters", of.adapters_gb),
            ("gradients", of.gradients_gb),
            ("optimizer", of.optimizer_gb),
            ("activations", of.activations_gb),
            ("gathered layers", of.gathered_gb),
        )
        if gb
    ]
    text = (
        f"A GPU of {row.hardware} ({row.method}) holds {show_number(of.used_gb)} of "
        f"{show_number(of.usable_gb)} GB: {', '.join(parts)}."
    )
    yield Paragraph(text=text, hanging=2, bullet=True)


def _out(rows: Sequence[JobRow], *, whole: bool) -> Iterator[Block]:
    """Return what cannot be had and why; on a first screen one line."""
    if whole and rows:
        yield Paragraph(text="Not possible", tone="bold")
    for row in rows:
        text = f"{row.id}: {words.notes_of(row.reasons)}"
        told = text if whole else words.shortened(f"Not possible: {text}", 130)
        yield Paragraph(text=told, tone="dim", hanging=2, bullet=True)


def _note(row: JobRow) -> str:
    """Return what stands under a way."""
    return words.shortened(words.notes_of(row.notes), 150)


def _how(result: Result) -> Iterator[Block]:
    """Return how the bill of the best way of each kind comes about."""
    said = {row.path: str(row.value) for row in result.assumptions}
    least = rank_of(said.get("select.min_trust", USUAL))
    for tier in ("hosted", "self"):
        rows = [r for r in result.rows if r.tier == tier]
        best = first_of(rows, least, known_usd)
        if best is None or not (best.once or best.monthly):
            continue
        yield Paragraph(text=f"How {best.id} comes about", tone="bold")
        for line in best.once:
            yield Paragraph(text=_term(line, "once"), hanging=2, bullet=True)
        for line in best.monthly:
            yield Paragraph(text=_term(line, "a month"), hanging=2, bullet=True)


def _term(line: BillLine, when: str) -> str:
    rate = show_usd(line.rate_usd)
    if line.unit.startswith("USD") and line.rate_usd != 1.0:
        rate = show_share(line.rate_usd)
    date = f", {line.date}" if line.date else ""
    return (
        f"{line.item}: {show_number(line.quantity)} {line.unit} x {rate} = "
        f"{show_usd(line.amount_usd)} {when} "
        f"[{words.star(line.origin)}{line.origin}: {line.source}{date}]"
    )


# The screen of `tco train`.


def _train_blocks(result: TrainResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen."""
    return screen(result, _job(result), sheet, view)


def _job(result: TrainResult) -> str:
    """Return the job in a line or two."""
    anew = f"; anew every {result.refresh_months:g} months" if result.refresh_months else ""
    served = ""
    if result.tokens_per_month is not None:
        served = f"; serves {show_tokens(result.tokens_per_month)} tokens a month"
    if result.prompt_saved_tokens:
        served += f", {show_number(result.prompt_saved_tokens)} of input less a request"
    return (
        f"{show_tokens(result.training_tokens)} tokens x {result.epochs:g} epochs = "
        f"{show_tokens(result.training_tokens * result.epochs)} trained on; within "
        f"{result.within_h:g} h{anew}{served}; training data and people not counted"
    )


TRAIN = Screen(rows=("rows",), everything=ways, blocks=_train_blocks)


# The screen of `tco embed`.


def _embed_blocks(result: EmbedResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen."""
    return screen(result, _embed_job(result), sheet, view)


def _embed_job(result: EmbedResult) -> str:
    """Return the job in a line or two."""
    parts = []
    if result.corpus_tokens:
        parts.append(f"{show_tokens(result.corpus_tokens)} tokens embedded once")
    if result.queries_per_month:
        queries, each = show_number(result.queries_per_month), count(result.query_tokens)
        parts.append(f"{queries} queries a month of {each} tokens")
    if result.params is not None:
        parts.append(f"on rented GPUs a model of {show_tokens(result.params)} weights")
    return f"{'; '.join(parts)}; people and the vector store not counted"


EMBED = Screen(rows=("rows",), everything=ways, blocks=_embed_blocks)
