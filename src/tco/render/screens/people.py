"""The rows of `tco compare` for people: buy open, buy closed, run yourself, by class of model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tco.analysis.results import CompareResult, OptionResult
from tco.analysis.verdict import CLASSES, said
from tco.catalog.lookup import ModelClass
from tco.catalog.trust import LEVELS
from tco.options.cheapest import cheapest_of
from tco.render import first, words
from tco.render.table import Block, Column, Paragraph, Row, Table, View
from tco.units import show_number, show_score, show_share, show_usd

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
    order = (*best, *unsure[:1], *heads, *others, *unsure[1:BESIDE], *more)
    return list({row.id: row for row in order}.values())[:MOST]


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
    return Table(columns=_columns(result), rows=tuple(row for _, row in made))


def _columns(result: CompareResult) -> tuple[Column, ...]:
    return (
        Column(key="what", head="", get=str, right=True),
        Column(key="option", head=f"prices of {result.catalog.as_of}", get=str, wraps=True),
        Column(key="monthly_usd", head="$/month", get=str, right=True),
        Column(key="quality", head="quality", get=str, right=True),
        Column(key="sureness", head="how sure", get=str, wraps=True),
    )


def _name(row: OptionResult, result: CompareResult, before: str) -> str:
    """Return an option in words; after one of the same model only where it is had."""
    name = said(row)
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
    band = option.band_usd
    if band is not None and band[0] < band[1]:
        parts.append(words.spread(*band))
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
    yield from first.turning(same, f"{who} would win", end)


def commands(result: CompareResult, most: int) -> Iterator[Block]:
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
    own = [name for name in (*pair, result.best) if name.startswith("self/")]
    lines += [first.command(result.asked, "deploy", first.short(name)) for name in own[:1]]
    yield from first.commands(*lines[:most])
