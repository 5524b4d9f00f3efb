"""What charts show: their options, cost over volume, bills around today's, sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.analysis.montecarlo.beliefs import beliefs
from tco.analysis.montecarlo.sample import chunks, model_of, percentiles, usd
from tco.analysis.plan.results import PlanResult, StrategyResult
from tco.analysis.results import (
    AssumptionResult,
    Band,
    Breakdown,
    BreakevenResult,
    OptionResult,
    SensitivityResult,
)
from tco.analysis.rows import option_result
from tco.analysis.vary.over import MapResult
from tco.engine.ledger import total_usd
from tco.engine.replica import Replica
from tco.engine.shapes import Floats, distinct
from tco.errors import TcoError
from tco.options.bills import Option, SelfOption, lines, replica_of
from tco.options.cheapest import cheapest_of, rank_of
from tco.options.curves import curve
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.settings import TOKENS, Settings
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.analysis.montecarlo.results import MonteCarloResult
from tco.catalog.fields import Source
from tco.catalog.lookup import find_source


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """The bill of one option over volume, its steps exact."""

    id: str
    tier: str
    volumes: tuple[float, ...]
    """Ascending; a step is two of them, just below and just above [token/month]."""
    usd: tuple[float, ...]
    """[USD/month]"""
    band: tuple[tuple[float, Band], ...]
    """Volume [token/month] and what nine draws of ten say that it costs there [USD/month]; empty
    where nothing about it is uncertain, or was not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A volume at which the cheaper of two options changes."""

    a: str
    b: str
    cheaper_after: str
    """Id of the one that is cheaper just above it."""
    volume: float
    usd: float
    """What A costs there [USD/month]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurves:
    """Bills of some options over volume."""

    span: Band
    now: float | None
    """Today's volume, where one was given."""
    curves: tuple[CostCurve, ...]
    crossings: tuple[Crossing, ...]
    draws: int
    """Draws behind the bands; 0 without them."""


BillsAt = tuple[float, tuple[OptionResult, ...]]
"""A volume [token/month], and the bills of some options at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An answer, and everything around it that a meeting asks for."""

    answer: Any
    """The result of the command itself."""
    volume: float | None = None
    """The volume of the bills [token/month]."""
    volume_given: bool = False
    bills: tuple[BillsAt, ...] = ()
    """At volumes around that one, which is the middle of them; cheapest first."""
    curves: CostCurves | None = None
    breakevens: tuple[BreakevenResult, ...] = ()
    swings: SensitivityResult | None = None
    map: MapResult | None = None
    plan: PlanResult | None = None
    arrangements: tuple[tuple[str, float, Breakdown], ...] = ()
    """The bills of the plan: name, USD/month and its lines by group; GPUs are not divided into used
    and idle ones here."""
    risk: MonteCarloResult | None = None
    assumptions: tuple[AssumptionResult, ...] = ()
    ranges: dict[str, Band] = field(default_factory=dict)
    """The range of each assumption that is a number, by its path."""
    read: dict[str, str] = field(default_factory=dict)
    """When the sources of each assumption were read, by its path."""
    sources: tuple[tuple[str, Source], ...] = ()
    """What its figures were read from, by id."""
    left_out: tuple[str, ...] = ()
    """Parts that could not be worked out, each with the reason."""
    commands: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What each part shows, and the words that print it again but for the flags of the question."""


# What the pictures of a report are about: its options, and the pairs held against each other.

MOST = 16


def about(
    inputs: Question, answer: Any
) -> tuple[tuple[Option, ...], tuple[tuple[Option, Option], ...], list[str]]:
    """Return what the pictures beside an answer are about.

    Args:
        inputs: The question, with a volume.

    Returns:
        Options whose bills are shown; pairs of A and B, the most interesting first, the next ones
        for break-evens only; what could not be found again, with the reason.
    """
    ids, two = _named(answer, [spec.name for spec in inputs.request.options])
    options: dict[str, Option] = {}
    left_out = []
    for name in dict.fromkeys(ids):
        try:
            options[name] = resolve(name, inputs).best
        except TcoError as error:
            left_out.append(f"{name}: {error}")
    pairs = [(options[a], options[b]) for a, b in two if a in options and b in options]
    if answer.schema == "tco.compare/1":
        pairs = list(_of_comparison(answer, options))
    for a, b in pairs:
        options |= {a.id: a, b.id: b}
    return tuple(options.values()), tuple(pairs), left_out


def _named(answer: Any, described: list[str]) -> tuple[Iterable[str], list[tuple[str, str]]]:
    """Return the ids that an answer is about, and its pairs.

    Args:
        described: Options that the user described, which a comparison is about before others.
    """
    kind = answer.schema.removeprefix("tco.").partition("/")[0]
    if kind in ("breakeven", "breakeven-over", "sensitivity"):
        return (answer.a, answer.b), [(answer.a, answer.b)]
    if kind == "breakeven-table":
        return _of_overview(answer)
    if kind == "compare":
        feasible = [o.id for o in answer.options if o.feasible]
        shown = [name for name in feasible if name in answer.shown]
        wanted = [*(name for name in feasible if name in described), *(shown or feasible)]
        return list(dict.fromkeys(wanted))[:MOST], []
    if kind == "map":
        used = [o.id for o in answer.options if o.cells]
        return used[:MOST], [(used[0], name) for name in used[1:2]]
    if kind == "montecarlo":
        saving = answer.saving
        ids = [o.id for o in answer.options]
        return ids[:MOST], [] if saving is None else [(saving.a, saving.b)]
    if kind == "what-if":
        return [o.id for o in answer.options][:MOST], []
    if kind == "plan":
        return (answer.overflow, *answer.own), [(answer.overflow, name) for name in answer.own[:1]]
    return (), []


def _of_overview(answer: Any) -> tuple[Iterable[str], list[tuple[str, str]]]:
    """Return the pair that breaks even first on the same weights, and the first of all."""

    def order(row: Any) -> tuple[bool, bool, float]:
        return row.first is None, not row.same_weights, row.first or 0.0

    rows = sorted(answer.rows, key=order)
    soonest = sorted(answer.rows, key=lambda r: (r.first is None, r.first or 0.0))
    pairs = list(dict.fromkeys((row.a, row.b) for row in (rows[0], soonest[0])))
    return [name for two in pairs for name in two], pairs


def _of_comparison(answer: Any, options: dict[str, Option]) -> Iterator[tuple[Option, Option]]:
    """Return the pair of the verdict, and the same own GPUs against the answer among closed models.

    Args:
        options: The options that are drawn, cheapest first.
    """
    rows = [o for o in answer.options if o.id in options and o.monthly_usd]
    if any(name not in options for name in answer.pair) or not answer.pair:
        return
    a, b = answer.pair
    yield options[a], options[b]
    closed = cheapest_of([row for row in rows if row.tier == "api"], rank_of(answer.min_trust))
    if closed is not None and closed.id != a:
        yield options[closed.id], options[b]


def prominent(
    options: Iterable[tuple[str, str]], pairs: Iterable[tuple[str, str]], answer: Any
) -> list[str]:
    """Return the options to draw when not all can be: the answer of each tier, and the pairs.

    Args:
        options: Ids and tiers, cheapest first.
        pairs: Ids of options that are held against each other.
        answer: The result, which may say what is cheaper than its answer but not sure enough.
    """
    unsure = getattr(answer, "cheaper_but_unsure", ())
    known = list(options)
    cheapest: dict[str, str] = {}
    for name, tier in known:
        if name not in unsure:
            cheapest.setdefault(tier, name)
    wanted = {*cheapest.values(), *(name for two in pairs for name in two)}
    return [name for name, _ in known if name in wanted]


# Cost over volume for a picture: the exact curve of each option, its steps, its band.

AROUND = 30.0
"""How far a picture goes from today's volume: a thirtieth to thirty times."""

FARTHEST = 1000.0
"""How far it goes at most, so as to hold a crossing."""

POINTS = 61
BAND_POINTS = 25
DRAWS = 512
SEED = 1
MOST_PIECES = 20_000
LEAST_STEP = 1.02
"""Steps nearer to each other than by this factor are too small to be seen."""

MOST_CROSSINGS = 6


def cost_curves(
    inputs: Question,
    options: Sequence[Option],
    turns: Sequence[BreakevenResult],
    centre: float,
    *,
    draws: int = DRAWS,
) -> CostCurves:
    """Return the bills of some options over volume, as exact as a picture can show.

    Args:
        turns: Break-evens whose crossings are marked.
        centre: Volume that the picture is about [token/month].
        draws: Draws behind the band of each curve; 0 for none.
    """
    span = _span(centre, turns)
    bands = _bands(inputs, options, span, draws) if draws else {}
    made = []
    for option in options:
        volumes, cost = points(option, inputs.settings, span)
        made.append(
            CostCurve(
                id=option.id,
                tier=option.tier,
                volumes=tuple(volumes.tolist()),
                usd=tuple(cost.tolist()),
                band=bands.get(option.id, ()),
            )
        )
    by_id = {option.id: option for option in options}
    return CostCurves(
        span=span,
        now=_now(inputs),
        curves=tuple(made),
        crossings=tuple(c for turn in turns for c in _crossings(inputs, by_id, turn, span)),
        draws=draws if bands else 0,
    )


def _now(inputs: Question) -> float | None:
    now = float(np.asarray(inputs.settings.value(TOKENS)))
    return now if now > 0.0 else None  # it is not a number where none was said


def _span(centre: float, turns: Sequence[BreakevenResult]) -> Band:
    """Return the volumes to show: around today's, with the crossings if they are not too far."""
    low, high = centre / AROUND, centre * AROUND
    for turn in turns:
        for volume in (turn.first, turn.sure):
            if volume and centre / FARTHEST < volume < centre * FARTHEST:
                low, high = min(low, volume / 2.0), max(high, volume * 2.0)
    return low, high


def points(option: Option, settings: Settings, span: Band) -> tuple[Floats, Floats]:
    """Return volumes and bills, with both sides of every step that is large enough to be seen."""
    grid = np.geomspace(*span, POINTS)
    exact = curve(option, settings)
    if exact.pieces_until(np.array([span[1]]))[0] > MOST_PIECES:
        bill = total_usd(lines(option, settings.with_values({TOKENS: grid})))
        return grid, np.broadcast_to(np.asarray(bill, dtype=float), grid.shape)
    steps = exact.first(span[1])
    edges = steps.edges[(steps.edges > span[0]) & (steps.edges < span[1])]
    if edges.size:
        apart = np.diff(edges, append=np.inf) / edges
        edges = edges[apart >= LEAST_STEP - 1.0]
    above = np.minimum(np.nextafter(edges, np.inf), span[1])
    volumes = distinct(np.concatenate([grid, edges, above]))
    return volumes, steps.at(volumes)


def _bands(
    inputs: Question, options: Sequence[Option], span: Band, draws: int
) -> dict[str, tuple[tuple[float, Band], ...]]:
    """Return the percentiles 5 and 95 of each bill over volume, from one Latin hypercube."""
    believed = beliefs(inputs, options, {}, {})
    if not believed.rows:
        return {}
    at = np.geomspace(*span, BAND_POINTS)
    model = model_of(options, inputs.settings, believed.rows)
    _, drawn = next(chunks(believed, draws, np.random.default_rng(SEED)))
    size = next(iter(drawn.values())).size
    wide = replace(model, settings=inputs.settings.with_values({TOKENS: np.repeat(at, size)}))
    bills = usd(wide, {key: np.tile(values, at.size) for key, values in drawn.items()})
    out = {}
    for option, bill in zip(options, bills, strict=True):
        levels = percentiles(bill.reshape(at.size, size))
        out[option.id] = tuple(_served(at, levels))
    return out


def _served(at: Floats, levels: Floats) -> Iterator[tuple[float, Band]]:
    """Return the points at which nine draws of ten serve the volume at all."""
    for volume, (low, _, high) in zip(at.tolist(), levels.tolist(), strict=True):
        if np.isfinite(high):
            yield volume, (low, high)


def _crossings(
    inputs: Question, options: dict[str, Option], turn: BreakevenResult, span: Band
) -> Iterator[Crossing]:
    """Return where the cheaper of two changes, the first few of them."""
    if turn.a not in options or turn.b not in options:
        return
    ends = [(low, turn.b) for low, _ in turn.wins] + [(high, turn.a) for _, high in turn.wins]
    inside = sorted((v, after) for v, after in ends if v is not None and span[0] < v < span[1])
    for volume, after in inside[:MOST_CROSSINGS]:
        bill = total_usd(lines(options[turn.a], inputs.settings.with_values({TOKENS: volume})))
        yield Crossing(
            a=turn.a, b=turn.b, cheaper_after=after, volume=volume, usd=float(np.asarray(bill))
        )


# The bills of some options at volumes around today's.

BILLS_AROUND = 10.0
STEPS = 13


def bills_around(inputs: Question, options: Sequence[Option], centre: float) -> tuple[BillsAt, ...]:
    """Return the bills at volumes from a tenth to ten times `centre`, which is the middle one.

    Args:
        centre: Volume [token/month].
    """
    sized = [(o, _replica(o, inputs)) for o in options]
    volumes = np.geomspace(centre / BILLS_AROUND, centre * BILLS_AROUND, STEPS)
    volumes[STEPS // 2] = centre
    return tuple((volume, tuple(_bills(inputs, sized, volume))) for volume in volumes.tolist())


def _replica(option: Option, inputs: Question) -> Replica | None:
    return replica_of(option, inputs.settings) if isinstance(option, SelfOption) else None


def _bills(
    inputs: Question, sized: Sequence[tuple[Option, Replica | None]], volume: float
) -> Iterator[OptionResult]:
    there = replace(inputs, settings=inputs.settings.with_values({TOKENS: volume}))
    found = [option_result(option, there, replica) for option, replica in sized]
    yield from sorted(found, key=lambda r: (r.monthly_usd or 0.0, r.id))


def arrangements(plan: PlanResult) -> tuple[tuple[str, float, Breakdown], ...]:
    """Return the bills of a plan's possible arrangements, by component."""
    return tuple(
        (s.strategy, s.monthly_usd, _sums(s)) for s in plan.strategies if s.monthly_usd is not None
    )


def _sums(strategy: StrategyResult) -> Breakdown:
    usd = dict.fromkeys(("tokens", "compute", "people", "power", "other"), 0.0)
    for line in strategy.lines:
        usd[line.group] += line.amount_usd
    return Breakdown(**usd, idle=0.0)


# Where the figures of a report were read, and when.

_PROFILE = re.compile(r"^profile [^:]+: ")


def sources_of(
    inputs: Question, texts: Iterable[str], options: Sequence[Option]
) -> tuple[tuple[str, Source], ...]:
    """Return the sources of assumptions and of the options' prices, by their id.

    Args:
        texts: Who said each assumption: source ids, flags, or `profile NAME: ID, ID`.
        options: The options whose prices were used.
    """
    names = {name for text in (*texts, *(o.source for o in options)) for name in _ids(text)}
    found = ((name, find_source(inputs.catalog, name)) for name in sorted(names))
    return tuple((name, source) for name, source in found if source is not None)


def read_days(inputs: Question, text: str) -> str:
    """Return when the sources of an assumption were read, the oldest; empty for a flag."""
    days = [found.read for name in _ids(text) if (found := find_source(inputs.catalog, name))]
    return min(days).isoformat() if days else ""


def _ids(text: str) -> list[str]:
    """Return the source ids in what is said of a source.

    >>> _ids("profile chat: azure-2023, mooncake")
    ['azure-2023', 'mooncake']
    """
    return _PROFILE.sub("", text).split(", ")
