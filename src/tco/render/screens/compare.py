"""The screen of `tco compare`: all bills, and for people by what one can do and class of model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from tco.analysis.results import CompareResult, OptionResult
from tco.analysis.verdict import CLASSES, label
from tco.catalog.lookup import ModelClass
from tco.catalog.trust import LEVELS
from tco.options.cheapest import cheapest_of
from tco.render import first, words
from tco.render.output import Screen
from tco.render.words import Block, Column, Paragraph, Row, Sheet, Table, View, column, number
from tco.units import (
    show_number,
    show_score,
    show_seconds,
    show_share,
    show_usd,
)

KINDS = {"hosted": "buy, open", "api": "buy, closed", "self": "run yourself"}
"""What one can do, in the order of the table."""

SURE = 16
"""Characters of the column on how sure a price is."""

BESIDE = 2
"""Prices of a screen that are lower than the answer's and not sure enough."""

EFFORT = "* scored at a reasoning effort ({}) whose tokens are not in the bill"

Group = tuple[str, ModelClass, list[OptionResult]]
"""Kind, class, and the rows: the answer, then the others by cost."""


def groups(result: CompareResult) -> list[Group]:
    """Return the rows that a screen is about by what one can do and the class of the model.

    The own GPUs of the verdict's pair come first of theirs.
    """
    least = LEVELS.index(result.min_trust)
    told = set(result.shown)
    rows = [o for o in result.options if o.feasible and (not told or o.id in told)]
    found: list[Group] = []
    for tier, kind in KINDS.items():
        for class_ in CLASSES:
            some = [row for row in rows if (row.tier, row.class_) == (tier, class_)]
            turned = [row for row in some if row.tier == "self" and row.id in result.pair]
            best = cheapest_of(turned or some, least)
            if best is not None:
                found.append((kind, class_, [best, *(row for row in some if row is not best)]))
    return found


COMMANDS = 3
"""Commands that come next, where there is room for all."""

LEAST = len(KINDS) + 1
"""Rows of the barest screen: the answer, what undercuts it, and one of each thing one can do."""


def table(result: CompareResult, view: View, most: int) -> tuple[Table, int]:
    """Return the table of a first screen with so many rows, and how many of their notes it lacks.

    What a screen must show first stays longest.
    """
    kept = by_weight(result)[:most]
    untold = 0 if view.notes else sum(len(_notes(row, result)) for row in kept)
    return _table(result, view, groups(result), kept), untold


def by_weight(result: CompareResult) -> list[OptionResult]:
    """Return the rows, what a screen must show first."""
    found = groups(result)
    firsts = [rows[0] for _, _, rows in found]
    rest = [row for _, _, rows in found for row in rows[1:]]
    unsure = [row for row in rest if row.id in result.cheaper_but_unsure]
    kinds = dict.fromkeys(row.tier for row in firsts)
    heads = [min((r for r in firsts if r.tier == t), key=_usd) for t in kinds]
    best = [row for row in firsts if row.id == result.best]
    others = sorted(
        (r for r in firsts if r not in heads), key=lambda r: (r.tier == "self", _usd(r))
    )
    more = sorted((row for row in rest if row not in unsure), key=_usd)
    own = [row for row in (*firsts, *rest) if is_described(row)]
    order = (*best, *unsure[:1], *own[:OWN], *heads, *others, *unsure[1:BESIDE], *own, *more)
    return list({row.id: row for row in order}.values())[:MOST]


def is_described(row: OptionResult) -> bool:
    """Return whether the user described an option: no screen leaves out what was asked about."""
    return row.provider == "given" or (row.tier == "self" and not row.id.startswith("self/"))


OWN = 3
"""Options of the user's own that go before those of the catalog; the others come after them."""

MOST = 60
"""Rows of a table for people, where no lines are to be saved."""


def _usd(row: OptionResult) -> float:
    return row.monthly_usd or 0.0


def _table(
    result: CompareResult, view: View, found: Sequence[Group], kept: Iterable[OptionResult]
) -> Table:
    ids = {row.id for row in kept}
    made: list[tuple[str, Row]] = []
    split = _split_of(result, ids)
    for kind, class_, rows in found:
        new = all(kind != label for label, _ in made)
        before = ""
        for row in (row for row in rows if row.id in ids):
            label = "" if before else f"{kind} {class_}" if new else class_
            name = _name(row, result, before)
            note = "; ".join(_notes(row, result)) if view.notes else split.get(row.id, "")
            made.append((kind, Row(cells=(label, name, *_cells(row)), note=note)))
            before = row.model
    return Table(columns=_columns_for_people(result), rows=tuple(row for _, row in made))


def _columns_for_people(result: CompareResult) -> tuple[Column, ...]:
    return (
        column("what", "", get=str, right=True),
        column("option", f"prices of {result.catalog.as_of}", get=str, wraps=True),
        number("monthly_usd", "$/month", get=str),
        number("quality", "quality", get=str),
        column("sureness", "how sure", get=str, wraps=True),
    )


def _name(row: OptionResult, result: CompareResult, before: str) -> str:
    """Return an option in words; after one of the same model only where it is had."""
    name = row.id if is_described(row) else label(row)
    if row.tier == "api" and result.shown and row.provider != "given":
        name = row.model  # of a closed model a short list has its maker's own offer
    return f"or {name.removeprefix(f'{row.model} ')}" if row.model == before else name


def _cells(row: OptionResult) -> tuple[str, str, str]:
    score = "no score"
    if row.quality is not None:
        score = show_score(row.quality.value) + "*" * (row.quality.effort is not None)
    return words.whole_usd(_usd(row)), score, sure(row)


def sure(row: OptionResult) -> str:
    """Return how sure a price is, as much of it as there is room for, what weighs most first."""
    told, *others = row.sureness.split(", ")
    for part in others:
        if len(told) + len(part) + 2 <= SURE:
            told = f"{told}, {part}"
    return told


TELLING = 0.05
"""Share of a bill from which on what is neither GPUs nor people nor power is told [1]."""


def _split_of(result: CompareResult, ids: set[str]) -> dict[str, str]:
    """Return what own GPUs of the pair, or the cheapest, are made of, to stand under their row."""
    rows = [o for o in result.options if o.id in ids and o.tier == "self" and o.breakdown]
    turned = [row for row in rows if row.id in result.pair]
    best = cheapest_of(turned or rows, LEVELS.index(result.min_trust))
    if best is None or best.breakdown is None:
        return {}
    part = best.breakdown
    parts = {
        "engineers": part.people,
        "idle GPUs": part.idle,
        "working": part.compute,
        "power": part.power,
        "other": part.other,
    }
    least = {"other": TELLING * _usd(best)}  # so that the same parts are told at every volume
    told_of = (name for name in parts if parts[name] >= max(least.get(name, 0.0), 0.5))
    largest = sorted(told_of, key=lambda n: -parts[n])[:3]
    told = ", ".join(f"{name} {words.whole_usd(parts[name])}" for name in largest)
    return {best.id: f"of it {told}"} if told else {}


def _notes(option: OptionResult, result: CompareResult) -> list[str]:
    """Return what is told of an option with `--notes`."""
    parts = []
    if LEVELS.index(option.trust) < LEVELS.index(result.min_trust) and option.trust_reasons:
        parts.append(f"? trust {option.trust}: {option.trust_reasons[0]}")
    if option.utilization is not None and option.breakdown is not None:
        used = show_share(option.utilization.paid_hours)
        units = f"{words.count(option.replicas or 0.0)} units"
        parts.append(f"{units if option.gpus is None else _gpus(option)}, {used} used")
        parts.append(words.parts(option.breakdown))
    if spread := words.spread(option.band_usd):
        parts.append(spread)
    if option.upfront_usd is not None:
        parts.append(f"{show_usd(option.upfront_usd)} up front")
    return [*parts, *option.notes]


def note(option: OptionResult, result: CompareResult) -> str:
    """Return what stands under the row of an option where all is told."""
    return "; ".join(_notes(option, result))


def _gpus(option: OptionResult) -> str:
    """Return how many GPUs are paid for, `3.9 of 6` where they are fewer in the average hour."""
    most = f"{words.count(option.gpus or 0.0)} GPUs"
    if option.scaling is None or option.scaling.billed_gpus == option.gpus:
        return most
    return f"{show_number(option.scaling.billed_gpus)} of {most}"


# Around the table.


def efforts(result: CompareResult, made: Table) -> Iterator[Block]:
    """Return what a star on a score means, where the table has one."""
    if not any("*" in row.cells[SCORE] for row in made.rows):
        return
    scored = [row.quality for row in by_weight(result) if row.quality is not None]
    found = sorted({one.effort for one in scored if one.effort is not None})
    some = ", ".join(found[:MOST_EFFORTS]) + " ..." * (len(found) > MOST_EFFORTS)
    yield Paragraph(text=EFFORT.format(some), tone="dim", bullet=True)


SCORE, MOST_EFFORTS = 3, 2


def developers(result: CompareResult) -> Iterator[Block]:
    """Return what a developer costs with the answer, and of each other thing one can do."""
    firsts = sorted((rows[0] for _, _, rows in groups(result)), key=_usd)
    told = {row.tier: row for row in reversed(firsts)}
    parts = [
        f"{show_usd(row.usd_per_developer_month)} {'own GPUs' if tier == 'self' else row.model}"
        for tier, row in sorted(told.items(), key=lambda item: _usd(item[1]))
        if row.usd_per_developer_month is not None
    ]
    if parts:
        yield Paragraph(text=f"A developer-month: {', '.join(parts)}", hanging=2, bullet=True)


def turning(result: CompareResult) -> Iterator[Block]:
    """Return what would turn which of the pair is cheaper, and against a closed model."""
    if not result.pair:
        return
    usd = {row.id: _usd(row) for row in result.options}
    bought, own = (usd[name] for name in result.pair)
    who = "Own GPUs" if bought <= own else "Buying"
    same = [flip for flip in result.turns if flip.against is None]
    against = [flip for flip in result.turns if flip.against is not None]
    told = first.changes(against)
    rival = (against[0].against or "") if told else ""
    model = rival.rpartition("/")[2]
    if rival in usd and usd[rival] > own:  # who loses to it is not who loses to the host
        end = f"; {model} would win {told}"
    else:
        subject = "" if bought <= own else "own GPUs would win "
        end = f"; {subject}against {model} {told}" if told else ""
    cheaper = result.pair[0 if bought <= own else 1]
    yield from first.turning(same, first.beats(result, cheaper, who), end)


def next_commands(result: CompareResult, most: int) -> Iterator[Block]:
    """Return what comes next: the bill, the break-even and the deployment of what was named."""
    if result.best is None:
        return
    trust = {row.id: LEVELS.index(row.trust) for row in result.options}
    insisted = LEVELS.index(result.min_trust) if "--min-trust" in result.asked else 0
    pair = [name for name in result.pair if trust[name] >= insisted]  # others would be refused
    best = first.short(result.best)
    lines = [first.command(result.asked, "explain", best)]
    if len(pair) > 1 and any(flip.title == "volume" for flip in result.turns):
        lines.append(first.command(result.asked, "breakeven", *map(first.short, pair)))
    own = [name for name in (*pair, result.best) if name.startswith("self/")][:1]
    run = [first.short(name) for name in own if not name.endswith(first.DEDICATED)]
    lines += [line for name in run for line in first.deployment(result.asked, name)]
    yield from first.commands(*lines[:most])


# The screen of `tco compare`.

COMPACT = ("id", "tier", "monthly_usd", "usd_per_mtok", "trust")
PARTS = ("tokens", "compute", "idle", "people", "power", "other")
TOP = 20
MOST_INFEASIBLE = 8


def _compare_sheet(result: CompareResult, view: View) -> Sheet:
    """Return the options of the short list; with a larger `--top` those not on it too."""
    wanted = set() if "--all" in result.asked else set(result.shown)
    return _sheet(result, tuple(o for o in result.options if _wanted(o, wanted, view)))


def _wanted(option: OptionResult, short_list: set[str], view: View) -> bool:
    more = view.top is not None and view.top > len(short_list)
    return not short_list or option.id in short_list or more


def _sheet(result: CompareResult, rows: tuple[OptionResult, ...]) -> Sheet:
    best = _best_usd(result)
    by_cost = sorted((o for o in rows if o.feasible), key=lambda o: (o.monthly_usd or 0.0, o.id))
    rank = {o.id: i for i, o in enumerate(by_cost, 1)}
    return Sheet(
        rows=rows,
        columns=_columns(rank, best, frozenset(result.shown)),
        usual=("rank", "id", "tier", "monthly_usd", "usd_per_mtok", "vs_best"),
        keys={"cost": "monthly_usd", "mtok": "usd_per_mtok", "id": "id", "tier": "tier"},
    )


def _best_usd(result: CompareResult) -> float:
    """Return the bill that others are held against: the answer's [USD/month]."""
    listed = [o for o in result.options if o.monthly_usd is not None]
    known = next((o for o in listed if o.id == result.best), None)
    chosen = known or next(iter(listed), None)  # results saved before name no best
    return 0.0 if chosen is None else chosen.monthly_usd or 0.0


WHICH = (
    column("id", "option", wraps=True),
    *words.plain("tier", "model"),
    column("class", "class", of="class_"),
    number("quality", "quality", show_score, of="quality.value"),
    number("quality_low", "low", show_score, of="quality.low"),
    number("quality_high", "high", show_score, of="quality.high"),
    column("effort", "effort", of="quality.effort"),
    column("provider", "provider"),
)
"""Columns of an option, of the model that it runs, and of who sells it."""


def _columns(rank: dict[str, int], best: float, shown: frozenset[str]) -> tuple[Column, ...]:
    return (
        number("rank", "#", get=lambda o: rank.get(o.id)),
        *WHICH,
        column("hardware", "replica"),
        number("gpus", "GPUs", words.count),
        number("mean_gpus", "mean GPUs", words.count, get=_mean_gpus),
        number("replicas", "replicas", words.count),
        column("feasible", "feasible", words.yes),
        number("monthly_usd", "$/month", words.whole_usd),
        number("usd_per_mtok", "$/Mtok", words.price),
        number("success", "right", show_share),
        number("usd_per_success", "$/right", words.price),
        number("usd_per_developer_month", "$/dev/month", words.price),
        number(
            "vs_best",
            "vs best",
            lambda ratio: words.percent_more(ratio, 1.0),
            get=lambda o: None if o.monthly_usd is None or not best else o.monthly_usd / best,
        ),
        number("band_low_usd", "low $/month", words.whole_usd, of="band_usd.0"),
        number("band_high_usd", "high $/month", words.whole_usd, of="band_usd.1"),
        *(
            number(f"{part}_usd", f"{part} $", words.whole_usd, of=f"breakdown.{part}")
            for part in PARTS
        ),
        *MADE_COLUMNS,
        number("upfront_usd", "up front $", words.whole_usd),
        number("utilization", "used", show_share, of="utilization.token_capacity"),
        number("tpot_s", "tpot", show_seconds, of="replica.tpot_s"),
        number(
            "output_tokens_per_s", "tok/s/replica", show_number, of="replica.output_tokens_per_s"
        ),
        column("trust", "trust"),
        column("trust_reasons", "because", get=lambda o: _joined(o.trust_reasons)),
        column("price_checked", "checked"),
        column("notes", "notes", get=lambda o: _joined(o.notes)),
        column("reasons", "reasons", get=lambda o: _joined(o.reasons)),
        column("shown", "shown", words.yes, get=lambda o: not shown or o.id in shown),
    )


MADE = {"input": "in $/Mtok", "cached": "cached $/Mtok", "output": "out $/Mtok"}
MADE_COLUMNS = tuple(
    number(f"{kind}_usd_per_mtok", head, words.price, of=f"token_prices.{kind}_usd_per_mtok")
    for kind, head in MADE.items()
)


def _mean_gpus(option: OptionResult) -> float | None:
    """Return the GPUs on the invoice in the average hour."""
    return option.gpus if option.scaling is None else option.scaling.billed_gpus


def _joined(texts: tuple[str, ...]) -> str | None:
    return words.notes_of(texts) or None


def _compare_blocks(result: CompareResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, its options, what would turn it, what is one flag away."""
    if _for_people(result, view):
        make = partial(_screen_of_people, result, sheet, view)
        most = len(by_weight(result)) + COMMANDS - 1
        return first.fitted(result, view, make, most, COMMANDS)
    usual = (*sheet.usual, "trust") if view.page else sheet.usual
    columns = sheet.pick(view.fields or usual)
    feasible = [o for o in sheet.rows if o.feasible]
    top = TOP if view.top is None else view.top
    listed = _listed(result, feasible, top) if feasible else []
    noted = view.fields is None and (view.notes or view.page)
    told = partial(note, result=result) if noted else None
    return [
        *first.verdict(result.verdict, view),
        *([words.table(columns, listed, note=told)] if listed else []),
        *_after(result, sheet, view),
        *_ending(result, sheet, view, len(listed), 0),
    ]


def _screen_of_people(
    result: CompareResult, sheet: Sheet, view: View, fullness: int
) -> list[Block]:
    """Return the screen with fewer rows, then with fewer commands, the lower the number."""
    most = fullness - COMMANDS + 1
    own = sum(map(is_described, by_weight(result)))
    rows = max(most, LEAST + min(own, OWN))
    made, notes = table(result, view, rows)
    commands = COMMANDS - max(LEAST - most, 0)
    return [
        *first.verdict(result.verdict, view),
        made,
        *efforts(result, made),
        *_after(result, sheet, view),
        *_ending(result, sheet, view, len(made.rows), notes, max(commands, 1)),
    ]


def _for_people(result: CompareResult, view: View) -> bool:
    """Return whether rows are those of people: nobody asked for others, nor for all set-ups."""
    return view.usual and not view.page and "--all" not in result.asked


def _after(result: CompareResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return what stands under the table: what is impossible, what would turn it, assumptions."""
    yield from _impossible(_missing(result, sheet, view), view)
    if view.notes or view.page:
        yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
        yield from _engineers(list(sheet.rows))
    if view.fields is None:
        yield from developers(result)
    yield from turning(result)
    yield from words.checks(result.checks)
    yield from first.assumed(result.assumptions, view)


def _ending(
    result: CompareResult,
    sheet: Sheet,
    view: View,
    shown: int,
    notes: int,
    commands: int = COMMANDS,
) -> Iterator[Block]:
    """Return what is one flag away, and so many of the next commands."""
    every = max(result.considered, sum(o.feasible for o in sheet.rows))
    more = f"{every - shown:,} more: --top {every}" if every > shown else ""
    notes += sum(not o.feasible for o in sheet.rows) - len(_missing(result, sheet, view))
    yield from first.away(result, view, more, notes=notes, dated=_for_people(result, view))
    yield from next_commands(result, commands)


def _listed(result: CompareResult, feasible: list[OptionResult], top: int) -> list[OptionResult]:
    """Return the first rows, and always the answer: it may lie behind many that are not sure."""
    late = [o for o in feasible[top:] if o.id == result.best]
    return [*feasible[: top - len(late)], *late]


def _engineers(options: list[OptionResult]) -> Iterator[Block]:
    """Return what engineers are of the rows that have no breakdown of their own."""
    bills = [o.breakdown for o in options if o.breakdown is not None and o.breakdown.tokens]
    people = max((bill.people for bill in bills), default=0.0)
    if people:
        text = f"Of each bill by the token {show_usd(people)} is people, and the rest tokens."
        yield Paragraph(text=text, tone="dim")


def _missing(result: CompareResult, sheet: Sheet, view: View) -> list[OptionResult]:
    """Return what cannot be had; on a first screen only of what there is no other way to have."""
    infeasible = [o for o in sheet.rows if not o.feasible]
    if view.notes or view.page:
        return infeasible
    if result.shown or "--all" in result.asked:
        return []  # nobody named them
    had = {(o.model, o.tier) for o in sheet.rows if o.feasible}
    return [o for o in infeasible if (o.model, o.tier) not in had]


def _impossible(options: list[OptionResult], view: View) -> Iterator[Block]:
    """Return what cannot be had and why; on a first screen the first of it."""
    if not options:
        return
    if not (view.notes or view.page):
        told = f"{options[0].id}: {words.notes_of(options[0].reasons)}"
        more = f"; {len(options) - 1} more: --notes" if len(options) > 1 else ""
        text = f"Not possible: {words.shortened(told, 130)}{more}"
        yield Paragraph(text=text, hanging=2, bullet=True)
        return
    yield Paragraph(text="Not possible", tone="bold")
    for option in options[:MOST_INFEASIBLE]:
        text = f"{option.id}: {words.notes_of(option.reasons)}"
        yield Paragraph(text=text, tone="dim", hanging=2, bullet=True)


COMPARE = Screen(
    rows=("options",),
    everything=lambda result: _sheet(result, result.options),
    shown=_compare_sheet,
    blocks=_compare_blocks,
    compact=COMPACT,
)
