"""The screens of `tco compare` without a volume, by kind and class, and of its `--frontier`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from tco.analysis.results import (
    CompareResult,
    CompareVolumes,
    DominatedOption,
    FrontierPoint,
    FrontierResult,
    OptionResult,
)
from tco.analysis.verdict import label
from tco.money import in_money
from tco.render import first, words
from tco.render.output import Screen
from tco.render.screens import compare
from tco.render.screens.compare import COMPARE
from tco.render.words import Block, Column, Paragraph, Row, Sheet, Table, View, column, number
from tco.units import show_score, show_tokens, show_usd

HEAD = "$ a month; own win: the volume from which own GPUs of the class cost less"


class KindAtVolumes(NamedTuple):
    """The cheapest of a kind and class of model at each volume.

    Args:
        kind: What one does: buys open, buys closed, runs it oneself.
        class_: Class of the models.
        rows: The option at each volume; None where there is none [volumes].
        name: The options in words.
        own: Whether own GPUs of the class are held against them.
        own_from: From which volume those cost less [token/month]; None where they never do.
    """

    kind: str
    class_: str
    rows: tuple[OptionResult | None, ...]
    name: str
    own: bool = False
    own_from: float | None = None

    @property
    def last(self) -> OptionResult:
        """Return the option at the largest volume that has one."""
        return next(row for row in reversed(self.rows) if row is not None)


def choices(result: CompareVolumes) -> list[KindAtVolumes]:
    """Return the rows of the screen, in its order."""
    found: dict[tuple[str, str], list[OptionResult | None]] = {}
    count = len(result.volumes)
    for i, answer in enumerate(result.volumes):
        for kind, class_, rows in compare.groups(answer):
            found.setdefault((kind, class_), [None] * count)[i] = rows[0]
    order = list(compare.KINDS.values())
    made = [
        KindAtVolumes(kind, c, tuple(rows), _name(rows, result))
        for (kind, c), rows in found.items()
    ]
    made.sort(key=lambda choice: order.index(choice.kind))
    begins = {begin.against: begin.tokens_per_month for begin in result.begins}
    return [
        choice._replace(own=True, own_from=begins[choice.last.id])
        if choice.last.id in begins
        else choice
        for choice in made
    ]


def _name(rows: Sequence[OptionResult | None], result: CompareVolumes) -> str:
    """Return options in words: one where it is the same, else its model."""
    some = [row for row in rows if row is not None]
    last, short = some[-1], bool(result.volumes[-1].shown)
    makers = short and last.tier == "api" and last.provider != "given"
    alike = len({row.id for row in some}) == 1 and last.tier != "self"
    return label(last) if alike and not makers else last.model


def _usd(i: int, choice: KindAtVolumes) -> float | None:
    row = choice.rows[i]
    return None if row is None else row.monthly_usd


def _own_win(choice: KindAtVolumes) -> str:
    """Return from which volume own GPUs cost less, in words; nothing where none are looked at."""
    if not choice.own:
        return ""
    return "never" if choice.own_from is None else show_tokens(choice.own_from)


def _sheet(result: CompareVolumes, view: View) -> Sheet:
    """Return the rows of the screen."""
    volumes = [show_tokens(a.workload.tokens_per_month) for a in result.volumes]
    own = bool(result.begins)
    bills = [
        number(f"usd_per_month_at_{volume}", volume, words.whole_usd, get=partial(_usd, i))
        for i, volume in enumerate(volumes)
    ]
    return Sheet(
        rows=tuple(choices(result)),
        columns=(
            column("kind", ""),
            column("class", "class", of="class_"),
            column("option", "option", of="last.id"),
            column("name", "option", wraps=True),
            *bills,
            number("own_win", "own win", get=_own_win),
            number("own_from_tokens_per_month", "own from", show_tokens, of="own_from"),
        ),
        usual=("kind", "class", "name", *(b.key for b in bills), *(["own_win"] * own)),
    )


def _compact(result: CompareVolumes) -> tuple[str, ...]:
    usual = _sheet(result, View()).usual
    keys = tuple("option" if key == "name" else key for key in usual)
    return (*keys, "own_from_tokens_per_month") if result.begins else keys


def _answers(result: CompareVolumes) -> Sheet:
    """Return an answer for each volume, for JSON."""
    return Sheet(
        rows=result.volumes,
        columns=(
            number("tokens_per_month", "tokens", show_tokens, of="workload.tokens_per_month"),
            column("best", "answer"),
        ),
        usual=("tokens_per_month", "best"),
    )


def _options(result: CompareVolumes, view: View) -> Sheet:
    """Return every option at every volume, for CSV."""
    rows: list[dict[str, Any]] = []
    columns: dict[str, Column] = {}
    for answer in result.volumes:
        tokens = answer.workload.tokens_per_month
        sheet = COMPARE.csv(answer, view) if COMPARE.csv else COMPARE.whole(answer)
        for option in sheet.rows:
            cells = {column.key: column.get(option) for column in sheet.columns}
            rows.append({"tokens_per_month": tokens, **cells})
        columns |= {column.key: column for column in sheet.columns}
    made = [number("tokens_per_month", "tokens", show_tokens, get=_cell("tokens_per_month"))]
    made += [column._replace(get=_cell(key)) for key, column in columns.items()]
    keys = {"cost": "monthly_usd"}
    return Sheet(rows=tuple(rows), columns=tuple(made), usual=tuple(columns), keys=keys)


def _cell(key: str) -> Any:
    return lambda row: row.get(key)


# The screen.


def _blocks(result: CompareVolumes, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: what wins, the cheapest of each kind, where own GPUs begin, what next."""
    verdict = [*first.verdict(result.verdict, view)]
    if not view.usual:
        yield from verdict
        yield words.table(sheet.pick(view.fields or sheet.usual), sheet.rows[: view.top])
        yield from _after(result, view)
        return
    after = [*_after(result, view)]
    yield from first.fitted(
        result,
        view,
        lambda most: [*verdict, _table(result, sheet, view, most), *after],
        len(sheet.rows),
    )


def _table(result: CompareVolumes, sheet: Sheet, view: View, most: int) -> Table:
    """Return the table with so many rows: own GPUs of further classes give way first."""
    keys = [k for k in sheet.usual if k not in ("kind", "class", "name")]
    label = column("what", "", get=str, right=True)
    name = column("name", f"prices of {result.catalog.as_of}", get=str, wraps=True)
    columns = sheet.pick(keys)
    kept = _kept(list(sheet.rows), most)
    rows = []
    for choice, before in zip(kept, [None, *kept[:-1]], strict=True):
        new = before is None or before.kind != choice.kind
        what = f"{choice.kind} {choice.class_}" if new else choice.class_
        note = _machines(choice) if new and choice.last.tier == "self" else ""
        cells = (what, choice.name, *(c.text(choice) for c in columns))
        rows.append(Row(cells=cells, note=note))
    return Table(columns=(label, name, *columns), rows=tuple(rows))


def _kept(rows: list[KindAtVolumes], most: int) -> list[KindAtVolumes]:
    """Return at most so many rows, the first of each kind among them."""
    firsts = [row for i, row in enumerate(rows) if not i or rows[i - 1].kind != row.kind]
    others = sorted((row for row in rows if row not in firsts), key=_last_of_all)
    kept = [*firsts, *others][: max(most, len(firsts))]
    return [row for row in rows if row in kept]


def _last_of_all(choice: KindAtVolumes) -> tuple[bool, bool, float]:
    described = choice.last.provider == "given"
    return not described, choice.last.tier == "self", choice.last.monthly_usd or 0.0


def _machines(choice: KindAtVolumes) -> str:
    """Return which GPUs own ones are, at each volume."""
    rows = [row for row in choice.rows if row is not None]
    same = len({row.model for row in rows}) == 1
    told = [label(row).removeprefix(f"{row.model} on ") if same else label(row) for row in rows]
    return f"on {', '.join(told)}" if same else "; ".join(told)


def _after(result: CompareVolumes, view: View) -> Iterator[Block]:
    """Return what stands under the table, and what comes next."""
    volumes = [show_tokens(a.workload.tokens_per_month) for a in result.volumes]
    head = in_money(HEAD if result.begins else "$ a month")
    yield Paragraph(text=f"{head}. No volume was said: --tokens 50B is one.", tone="dim", hanging=2)
    yield from _sure(result)
    yield from first.assumed(result.assumptions, view)
    yield from first.away(result, view, f"profile {result.profile}: --profile", dated=view.usual)
    middle = volumes[len(volumes) // 2]
    answer = result.volumes[len(volumes) // 2]
    asked = [*result.asked, "--tokens", middle]
    lines = [first.command(asked, "compare")]
    if answer.best is not None:
        lines.append(first.command(asked, "explain", first.short(answer.best)))
    if pair := [first.short(name) for name in result.volumes[-1].pair]:
        lines.append(first.command(result.asked, "breakeven", *pair))
    yield from first.commands(*lines)


def _sure(result: CompareVolumes) -> Iterator[Block]:
    """Return how sure the prices are that win, and what is cheaper but not sure enough."""
    rows = {row.id: row for answer in result.volumes for row in answer.options}
    best = dict.fromkeys(a.best for a in result.volumes if a.best is not None)
    told = [f"{label(rows[name])} {compare.sure(rows[name])}" for name in best]
    text = f"How sure the price is: {', '.join(told)}."
    unsure = dict.fromkeys(name for a in result.volumes for name in a.cheaper_but_unsure)
    if unsure:
        name = next(iter(unsure))
        bills = [_bill(answer, name) for answer in result.volumes]
        text += (
            f" Cheaper but not sure enough: {label(rows[name])}, {', '.join(filter(None, bills))}"
            f" ({compare.sure(rows[name])})."
        )
    yield Paragraph(text=text, hanging=2, bullet=True)


def _bill(answer: CompareResult, name: str) -> str:
    row = next((row for row in answer.options if row.id == name), None)
    return "" if row is None or row.monthly_usd is None else show_usd(row.monthly_usd)


SCREEN = Screen(
    rows=("volumes",),
    everything=_answers,
    shown=_sheet,
    blocks=_blocks,
    compact=_compact,
    csv=_options,
)


# The screen of `tco compare --frontier`: the cheapest for each level of quality.

FRONT_COMPACT = ("option", "class", "monthly_usd", "quality", "usd_per_point")
LEAST = 5
"""Points that a screen always shows."""
NAMED = 1


def _front(result: FrontierResult) -> Sheet:
    return Sheet(
        rows=result.points,
        columns=(
            column("class", "class", of="class_"),
            column("name", "option", get=lambda p: first.spoken(p.option), wraps=True),
            column("option", "option", wraps=True),
            *words.plain("tier", "model"),
            number("monthly_usd", "$/month", words.whole_usd),
            number("usd_per_mtok", "$/Mtok", words.price),
            number("score", "quality", get=_score),
            number("quality", "quality", show_score, of="quality.value"),
            number("quality_low", "low", show_score, of="quality.low"),
            number("quality_high", "high", show_score, of="quality.high"),
            column("effort", "effort", of="quality.effort"),
            column("apart", "apart"),
            number("more_usd", "more $", words.whole_usd),
            number("usd_per_point", "$ a point", words.whole_usd),
            column("trust", "trust"),
        ),
        usual=("class", "name", "monthly_usd", "score", "usd_per_point"),
        keys={"cost": "monthly_usd", "quality": "quality", "id": "option"},
    )


def _score(point: FrontierPoint) -> str:
    """Return a score as the table has it: with its effort, and whether it can be told apart."""
    effort = f" {point.quality.effort}*" if point.quality.effort else ""
    return f"{'~' if point.apart is False else ''}{show_score(point.quality.value)}{effort}"


def _front_blocks(result: FrontierResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, the points, what they beat, what has no place."""
    most = len(sheet.rows) + 1
    return first.fitted(result, view, partial(_screen, result, sheet, view), most, LEAST)


def _screen(result: FrontierResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many points; what they beat is counted where room is short."""
    others = first.carried(result.asked, ("--as-good-as",))
    command = first.command(others, "compare", "--as-good-as", result.points[-1].model)
    columns = sheet.pick(view.fields or sheet.usual)
    points = sheet.rows
    chosen = points if view.page or not view.usual else points_shown(points, fullness)
    hidden = len(points) - len(chosen)
    more = f"{hidden} more: --top {len(points)}" if hidden else ""
    return [
        *first.verdict(result.verdict, view),
        Table(columns=columns, rows=tuple(_with_gaps(points, chosen, columns))),
        *_marks(chosen),
        *_beaten(result, view, brief=fullness <= len(points)),
        *first.assumed(result.assumptions, view),
        *first.away(result, view, more),
        *first.commands(command),
    ]


def _with_gaps(
    points: Sequence[FrontierPoint], chosen: Sequence[FrontierPoint], columns: Sequence[Column]
) -> Iterator[Row]:
    """Yield the rows of the points that are shown, and one for those left out in between."""
    untold = 0
    for point in points:
        if point not in chosen:
            untold += 1
            continue
        if untold:
            cells = (f"{untold} more" if c.key in ("name", "option") else "…" for c in columns)
            yield Row(cells=tuple(cells), tone="dim")
            untold = 0
        yield Row(cells=tuple(c.text(point) for c in columns))


def points_shown(points: Sequence[FrontierPoint], most: int) -> Sequence[FrontierPoint]:
    """Return the points that have room, a row for those that are missing counted.

    One run is left out, the one over which quality rises least; never an end, nor the dearest step.
    """
    run = len(points) - most + 1
    if run <= 1 or len(points) < run + 2:
        return points
    last = len(points) - 1
    dearest = max(range(1, len(points)), key=lambda i: points[i].usd_per_point or 0.0)
    pinned = {0, last, dearest - 1, dearest}
    score = [point.quality.value for point in points]
    free = [i for i in range(1, len(points) - run) if not pinned & {*range(i, i + run)}]
    free = free or [*range(1, len(points) - run)]
    begin = min(free, key=lambda i: score[i + run] - score[i - 1])
    return [*points[:begin], *points[begin + run :]]


def _marks(points: Sequence[FrontierPoint]) -> Iterator[Block]:
    parts = []
    if any(p.apart is False for p in points):
        parts.append("~ not told apart from the one above")
    if any(p.quality.effort for p in points):
        parts.append("* at that effort; its tokens are not billed")
    if parts:
        yield Paragraph(text="; ".join(parts), tone="dim")


def _beaten(result: FrontierResult, view: View, *, brief: bool) -> Iterator[Block]:
    """Return what the points beat and what has no place: all of it with notes, else a few names.

    Where room is short, they are only counted.
    """
    whole = view.page or view.notes
    if brief and not whole:
        counts = {
            "beaten": len(result.dominated),
            "cheaper but not sure enough": len(result.cheaper_but_unsure),
            "without a score": len(result.unscored),
        }
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        yield from [Paragraph(text=f"Beside them {told}.", bullet=True)] if told else []
        return
    if view.page or view.notes:
        yield from _every(result.dominated)
    models = list(dict.fromkeys(_model(name) for name in result.unscored))
    unsure = [first.spoken(name) for name in result.cheaper_but_unsure]
    parts = []
    if result.dominated and not (view.page or view.notes):
        parts.append(_counted(result.dominated))
    if unsure:
        parts.append(f"Cheaper but not sure enough: {_some(unsure, view)}.")
    if models:
        parts.append(f"No {result.benchmark} score, so no place: {_some(models, view)}.")
    if parts:
        yield Paragraph(text=" ".join(parts), hanging=2, bullet=True)


def _counted(rows: Sequence[DominatedOption]) -> str:
    """Return how many options are beaten, and the best of them."""
    best = min(rows, key=lambda r: (-r.quality.value, r.monthly_usd, r.option))
    named = f"{first.spoken(best.option)} ({show_score(best.quality.value)})"
    others = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"Beaten: {named} at {show_usd(best.monthly_usd)}{others}."


def _every(rows: Sequence[DominatedOption]) -> Iterator[Block]:
    if rows:
        yield Paragraph(text=f"Beaten: {len(rows)} options", tone="bold")
    for row in rows:
        usd, score = show_usd(row.monthly_usd), show_score(row.quality.value)
        text = f"{first.spoken(row.option)} ({score}) at {usd}, by {first.spoken(row.by)}"
        yield Paragraph(text=text, hanging=2, bullet=True)


def _model(name: str) -> str:
    return name.removeprefix("self/").partition("@")[0].rpartition("/")[2]


def _some(names: Sequence[str], view: View) -> str:
    most = len(names) if view.page or view.notes else NAMED
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


FRONTIER = Screen(
    rows=("points",),
    everything=_front,
    blocks=_front_blocks,
    compact=FRONT_COMPACT,
)
