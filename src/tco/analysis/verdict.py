"""The answer in words: what is decided, what is told besides, and what alone would turn it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import numpy as np

from tco.analysis.results import Flip, OpenBand, OptionResult
from tco.catalog.lookup import ModelClass
from tco.engine.crossings import Curves, Wins, together, turn, wins
from tco.engine.ledger import total_usd
from tco.engine.replica import Replica
from tco.engine.shapes import Floats, Number, number
from tco.errors import UsageError
from tco.options.bills import Option, SelfOption, TokenOption, lines, usd_of
from tco.options.candidates import machine, spoken
from tco.options.cheapest import by_model, cheapest_of, least_trust, of_two, rank_of
from tco.options.curves import curve, has_steps
from tco.options.question import Question
from tco.options.settings import TOKENS, Settings, price_factor
from tco.records import dataclass
from tco.units import MTOK, show_number, show_score, show_tokens, show_usd, show_usd_per_mtok

CLASSES: tuple[ModelClass, ...] = ("small", "mid", "flagship", "unknown")
"""Classes of models, the smallest first."""


def decided(
    rows: Sequence[OptionResult],
    ranked: Sequence[OptionResult],
    least: int,
    tokens: float,
    *,
    short: bool,
    beyond: Collection[str] = (),
) -> Iterator[str]:
    """Yield what the rows decide, a sentence each.

    Args:
        rows: What is shown, with bills.
        ranked: All rows by cost.
        least: Rank of the trust that is sure enough [1].
        tokens: The volume [token/month].
        short: The rows are those of a short list: others may cost less.
        beyond: Models of the short list where more than it was asked for.
    """
    best = cheapest_of(rows, least)
    if best is None:
        return
    yield _first(best, rows, least, tokens)
    yield from _beyond(best, ranked, least, beyond)
    yield from _owning(best, rows, ranked, least)
    yield from _closed(best, rows, least, short=short)
    if best.tier == "api":
        host = cheapest_of([r for r in rows if r.tier == "hosted"], least)
        if host is not None:
            yield f"Hosted open models cost at least {_usd(host)} ({label(host)})."


NAMED = 2
"""Models that a sentence names before it counts the others."""


def label(row: OptionResult) -> str:
    """Return an option in words: `gpt-oss-120b on 28 A30`."""
    return spoken(row.id, row.gpus)


def _first(best: OptionResult, rows: Sequence[OptionResult], least: int, tokens: float) -> str:
    kinds = {row.tier == "self" for row in rows}
    seats = any(line.unit == "seat" for line in best.lines)
    bought = "Run it yourself" if best.tier == "self" else "Buy seats" if seats else "Buy tokens"
    do = bought if len(kinds) > 1 else "The cheapest"
    each = "" if best.usd_per_mtok is None else f" ({show_usd(best.usd_per_mtok)} per Mtok)"
    each += _mostly_people(best)
    sure = "" if rank_of(best.trust) >= least else f", trust {best.trust}"
    volume = f"{show_tokens(tokens)} tokens"
    return f"{do}: {label(best)} costs {_usd(best)} a month for {volume}{each}{sure}."


def _mostly_people(best: OptionResult) -> str:
    """Return how much of what is bought is for engineers, where tokens are less than half."""
    people, usd = best.breakdown.people if best.breakdown else 0.0, best.monthly_usd or 0.0
    mostly = best.tier != "self" and people > usd / 2.0
    return f", {show_usd(people)} of it for engineers" if mostly else ""


def _beyond(
    best: OptionResult, ranked: Sequence[OptionResult], least: int, known: Collection[str]
) -> Iterator[str]:
    """Yield what costs less than the answer and is not on the short list, and how good it is."""
    others = [row for row in ranked if row.model not in known]
    found = cheapest_of(others, least) if known else None
    if found is None or (found.monthly_usd or 0.0) >= (best.monthly_usd or 0.0):
        return
    scores = [r.quality and show_score(r.quality.value) for r in (found, best)]
    good = f", quality {scores[0] or 'unknown'} against {scores[1] or 'unknown'}"
    yield f"Not on the short list: {label(found)} for {_usd(found)}{good if any(scores) else ''}."


def _usd(row: OptionResult) -> str:
    return show_usd(row.monthly_usd or 0.0)


Weights = tuple[OptionResult, OptionResult]
"""Own GPUs of a model, and the host of its weights."""


def same_weights_of(
    rows: Sequence[OptionResult], ranked: Sequence[OptionResult], least: int
) -> list[Weights]:
    """Return the answer among own GPUs of each model that is shown, with that among its hosts."""
    own, hosts = by_model(rows, "self", least), by_model(ranked, "hosted", least)
    return [(row, hosts[model]) for model, row in own.items() if model in hosts]


def _ratio(pair: Weights) -> float:
    own, host = (row.monthly_usd or 0.0 for row in pair)
    return own / host if host else float("inf")


def _times(ratio: float) -> str:
    return "many" if ratio == float("inf") else show_number(ratio, 2)


def _owning(
    best: OptionResult, rows: Sequence[OptionResult], ranked: Sequence[OptionResult], least: int
) -> Iterator[str]:
    """Yield what own GPUs cost beside hosts of the same weights."""
    own = cheapest_of([row for row in rows if row.tier == "self"], least)
    if own is None or not any(row.tier != "self" for row in rows):
        return
    pairs = same_weights_of(rows, ranked, least)
    won = [pair for pair in pairs if _ratio(pair) < 1.0]
    lost = sorted(_ratio(pair) for pair in pairs if pair not in won and pair[0] is not best)
    for host in (b for a, b in pairs if a is best and (a, b) not in won):
        yield f"{_seller(host)} has its weights for {_usd(host)}, a price not sure enough."
    if won:
        named = [f"{a.model} ({_ratio((a, b)):.2f} times)" for a, b in won]
        names = ", ".join(named[:NAMED]) + f" and {len(named) - NAMED} more" * (len(named) > NAMED)
        yield f"On the same weights own GPUs are cheaper than the cheapest host for {names}."
    if not lost:
        if best is not own:
            yield f"Own GPUs cost at least {_usd(own)} ({label(own)})."
        return
    low, high = _times(lost[0]), _times(lost[-1])
    span = f"{low} to {high}" if low != high else low
    if best is own or won:
        yield f"For others they cost {span} times as much."
        return
    called = own.id if own.provider == "given" else own.model
    whose = "" if own.model == best.model else f" ({called})"
    if best.provider == "given" and best.tier != "self":  # seats have no weights
        yield f"Own GPUs cost {span} times what hosts of their weights do, from {_usd(own)}{whose}."
        return
    yield f"Own GPUs cost {span} times as much for the same weights, from {_usd(own)}{whose}."


def _closed(
    best: OptionResult, rows: Sequence[OptionResult], least: int, *, short: bool
) -> Iterator[str]:
    """Yield what the best closed model of each class costs, but for the one that was named."""
    found = []
    for class_ in CLASSES:
        row = cheapest_of([r for r in rows if r.tier == "api" and r.class_ == class_], least)
        if row is not None and row is not best:
            found.append(f"{class_ if class_ != 'unknown' else row.model} {_usd(row)}")
    if found:
        of = "Closed, short list" if short else "Closed models"
        yield f"{of}: {', '.join(found)}."


# What is told besides.


def besides(
    rows: Sequence[OptionResult], ranked: Sequence[OptionResult], least: int
) -> Iterator[str]:
    """Yield how sure own GPUs are to be cheaper, and how each model fares against its host."""
    if len({row.model for row in rows}) > 1:
        yield "These are different models of different quality."
    pairs = same_weights_of(rows, ranked, least)
    won = [pair for pair in pairs if _ratio(pair) < 1.0]
    highs = ((a, b, (a.band_usd or (0.0, None))[1]) for a, b in won)
    unsure = [a.model for a, b, high in highs if high is None or high >= (b.monthly_usd or 0.0)]
    if unsure:
        yield f"Within the throughput band that is not certain for {', '.join(unsure)}."
    lost = ", ".join(f"{a.model} ({_beside(a, b)})" for a, b in pairs if _ratio((a, b)) >= 1.0)
    if lost:
        yield f"Hosting elsewhere is cheaper for {lost}."


def _seller(host: OptionResult) -> str:
    return host.id if host.provider == "given" else host.provider


def _beside(own: OptionResult, host: OptionResult) -> str:
    whose = host.id if host.provider == "given" else f"{host.provider}'s"
    if not host.monthly_usd:
        return f"{_usd(own)} against {whose} {_usd(host)}"
    return f"{_ratio((own, host)):.2f} times {whose} price"


# One number that could be another, and the bills at some values of it.

Values = dict[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One number that could be another.

    Args:
        name: What the user types.
        title, unit: What it is.
        now: Its value today.
        low, high: The range that is searched unless the user says another.
        least, most: The range in which it means anything.
        settings: Returns the settings at some values of it.
        factor: Returns what the prices of `targets` are multiplied by [1].
        targets: Ids of the options whose own prices it changes.
        held: Ids of the options whose bill stays as it is today.
        log: It is spread by factors rather than evenly.
        whole: Only whole numbers mean anything.
    """

    name: str
    title: str
    unit: str
    now: float
    low: float
    high: float
    least: float = 0.0
    most: float = np.inf
    settings: Callable[[Number], Values] = lambda _: {}
    factor: Callable[[Number], Number] | None = None
    targets: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    log: bool = False
    whole: bool = False

    def within(self, low: float, high: float) -> Variable:
        """Return the variable with a range of the user's.

        Raises:
            UsageError: The range is upside down, or lies outside what the variable can be.
        """
        if low >= high:
            raise UsageError(f"{self.name}: a range goes from low to high, not {low:g}..{high:g}")
        if low < self.least or high > self.most:
            raise UsageError(
                f"{self.name}: {low:g}..{high:g} goes beyond {self.least:g} to {self.most:g}"
            )
        return replace(self, low=low, high=high, log=self.log and low > 0)


def both_bills(inputs: Question, two: Sequence[Option], *, known: bool = True) -> dict[str, Any]:
    """Return the bills of A and B and which is the answer, by the fields that say so [USD/month].

    Args:
        known: A volume was given; else there are no bills.
    """
    usd = [usd_of(option, inputs.settings) if known else None for option in two]
    best, unsure = of_two(two, usd, least_trust(inputs))
    return {"a_usd": usd[0], "b_usd": usd[1], "best": best, "cheaper_but_unsure": unsure}


def usd_at(
    option: Option, settings: Settings, changes: Sequence[tuple[Variable, Number]]
) -> Floats:
    """Return the bill of an option with some variables at other values [USD/month].

    Infinite where it serves nothing. Values broadcast against each other.
    """
    for variable, value in changes:
        if option.id in variable.held:
            continue
        settings = settings.with_values(variable.settings(value))
        if variable.factor is not None and option.id in variable.targets:
            assert isinstance(option, TokenOption)
            option = replace(option, factor=option.factor * variable.factor(value))
    usd = np.asarray(total_usd(lines(option, settings)), dtype=float)
    shape = np.broadcast_shapes(*(np.shape(value) for _, value in changes))
    return np.broadcast_to(np.where(np.isnan(usd), np.inf, usd), shape)


FAR = 100.0
"""How far from today's value to look where nothing limits it: a hundredth to a hundred times."""


def staffed(engineers: Number) -> Values:
    """Return the settings of so many engineers, however many GPUs there are."""
    none = np.zeros_like(np.asarray(engineers, dtype=float))
    return {
        "people.floor_fte": engineers,
        "people.fixed_fte": engineers,
        "people.fte_per_gpu": none,
    }


POINTS = 65
ZOOMS = 4

TIMES = "times today's"
TEAM, THROUGHPUT = "people.fte", "serving.throughput_factor"

VERY_LARGE = 1e13
"""Volume that stands for "at any volume" when none was given [token/month]."""


def difference(settings: Settings, a: Option, b: Option, over: Variable, values: Floats) -> Floats:
    """Return the bill of B less the bill of A at some values of a variable [values, USD/month].

    Infinite where B serves nothing, and minus infinite where A does.
    """
    found: Floats = differences(settings, a, (b,), over, values)[0]
    return found


def differences(
    settings: Settings, a: Option, several: Sequence[Option], over: Variable, values: Floats
) -> Floats:
    """Return `difference` for each of several options that may be B [options, values]."""
    other = usd_at(a, settings, [(over, values)])
    mine = np.array([usd_at(b, settings, [(over, values)]) for b in several])
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(mine), np.inf, np.where(np.isinf(other), -np.inf, mine - other))


def turns_at(gap: Callable[[Floats], Floats], over: Variable) -> float | None:
    """Return the value in a variable's range, nearest to now, at which a gap changes its sign.

    The range is scanned at `POINTS` values in one broadcast call, and the cell next to today's
    value in which the sign changes is scanned again, `ZOOMS` times. Of whole numbers every value
    is tried.
    """
    low, high = max(over.low, over.least), min(over.high, over.most)
    values, gap = _whole if over.whole else _grid, remembered(gap)
    here = bool(gap(np.append(values(low, high), over.now))[-1] < 0)
    found = turn(
        lambda tried: (gap(tried) < 0) != here,
        over.now,
        low,
        high,
        values=values,
        zooms=1 if over.whole else ZOOMS,
    )
    return None if found is None else found[1]


def remembered(gap: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """Return a gap of bills that works out no value twice: one call costs as much as another."""
    known: dict[float, float] = {}

    def look(values: Floats) -> Floats:
        new = [value for value in dict.fromkeys(values.tolist()) if value not in known]
        if new:
            known.update(zip(new, gap(np.array(new)).tolist(), strict=True))
        return np.array([known[value] for value in values.tolist()])

    return look


def _grid(low: float, high: float) -> Floats:
    wide = low > 0 and high / low > 10
    return np.geomspace(low, high, POINTS) if wide else np.linspace(low, high, POINTS)


def _whole(low: float, high: float) -> Floats:
    return np.arange(np.ceil(low), np.floor(high) + 1.0)


def levers(a: Option, b: Option, settings: Settings) -> list[Variable]:
    """Return what could be changed about the comparison of two options."""
    found = [_price(option) for option in (a, b) if isinstance(option, TokenOption)]
    own = next((o for o in (b, a) if isinstance(o, SelfOption)), None)
    if any(isinstance(o, SelfOption) and o.usd_per_gpu_hour is not None for o in (a, b)):
        found.append(lever(settings, "rent.factor", "GPU rent", TIMES))
    if own is not None:
        found.append(lever(settings, THROUGHPUT, _throughput(own), "times the model's"))
        team = next(line for line in lines(own, settings) if line.group == "people")
        count = number(team.quantity)
        found.append(ranged(TEAM, "engineers", "engineers", count, staffed))
        peak = lever(settings, "workload.peak_to_mean", "peak to mean", "")
        found.append(replace(peak, least=1.0))
    return found


def _price(option: TokenOption) -> Variable:
    """Return the price of an option over today's."""
    path = price_factor(option.tier)
    priced = ranged(path, f"price of {option.id}", TIMES, 1.0)
    return replace(priced, factor=lambda v: v, targets=frozenset({option.id}))


def lever(settings: Settings, path: str, title: str, unit: str) -> Variable:
    """Return a setting that is turned, whatever its own range."""
    return ranged(path, title, unit, number(settings.value(path)), lambda v: {path: v})


def ranged(
    name: str,
    title: str,
    unit: str,
    now: float,
    settings: Callable[[Number], Values] = lambda _: {},
) -> Variable:
    """Return a number that is looked at from a hundredth to a hundred times today's."""
    low, high = (now / FAR, now * FAR) if now > 0 else (0.0, FAR)
    return Variable(
        name=name, title=title, unit=unit, now=now, low=low, high=high, settings=settings
    )


def flips_of(
    inputs: Question,
    a: Option,
    b: Option,
    spans: tuple[OpenBand, ...],
    only: Sequence[str] = (),
    others: Sequence[Option] = (),
) -> tuple[Flip, ...]:
    """Return for each lever the value at which the cheaper of A and B changes.

    At the volume asked about; without one, at a very large volume when B never wins, and else no
    flip is looked for, because every answer is then a volume.

    Args:
        spans: Where B is cheaper than A [token/month].
        only: Paths of the levers that are tried; all when empty.
        others: Set-ups that may stand for B elsewhere; those that cost less today do not, for
            B is the answer all the same.
    """
    if not inputs.volume_given and spans:
        return ()
    settings = inputs.settings
    if not inputs.volume_given:
        settings = settings.with_values({TOKENS: VERY_LARGE})
    tried = [one for one in levers(a, b, settings) if not only or one.name in only]
    usd = usd_of(b, settings)
    several = [b, *(o for o in others if o.id != b.id and not usd_of(o, settings) < usd)]
    return tuple(_flip(settings, a, several, lever) for lever in tried)


def _flip(settings: Settings, a: Option, several: Sequence[Option], lever: Variable) -> Flip:
    alive = list(several)

    def gap(values: Floats) -> Floats:
        found = differences(settings, a, alive, lever, values)
        if values.size > 1:  # further values lie within these: who is nowhere cheapest is not there
            alive[:] = [alive[i] for i in np.unique(found.argmin(axis=0))]
        return np.asarray(found.min(axis=0))

    needed = turns_at(gap, lever)
    if needed is None and lever.name == TEAM:
        alive = list(several)
        needed = turns_at(gap, replace(lever, low=0.0, high=lever.now))
    if needed is not None and lever.name == THROUGHPUT:
        there = [usd_at(b, settings, [(lever, np.array([needed]))])[0] for b in several]
        if isinstance(own := several[int(np.argmin(there))], SelfOption):
            lever = replace(lever, title=_throughput(own))
    return flip_of(lever, needed)


def _throughput(own: SelfOption) -> str:
    return f"throughput of {machine(own.hardware).partition(' ')[2]}"


DIGITS = (3, 4, 5, 6)
"""Digits that a value is told with: as many as tell it from today's."""


def apart(needed: float, now: float) -> tuple[str, str]:
    """Return two figures in words, with as many digits as tell them apart."""
    for digits in DIGITS:
        told = show_number(needed, digits), show_number(now, digits)
        if told[0] != told[1]:
            return told
    return show_number(needed), show_number(now)


def flip_of(lever: Variable, needed: float | None) -> Flip:
    """Return what a variable would have to be, in words too; None where no value would do."""
    now, unit = lever.now, f" {lever.unit}" if lever.unit else ""
    if needed is None:
        text = f"no {lever.title} would do on its own"
    else:
        told, today = apart(needed, now)
        instead = "" if lever.unit.startswith("times ") else f" instead of {today}"
        at = "" if lever.title == lever.unit else f"{lever.title} at "
        text = f"{at}{told}{unit}{instead}"
    return Flip(
        path=lever.name, title=lever.title, now=now, needed=needed, unit=lever.unit, text=text
    )


def never_because(inputs: Question, a: Option, b: Option) -> str:
    """Return why B is never cheaper: what a token costs on either side at very large volume."""
    mine, other = curve(b, inputs.settings), curve(a, inputs.settings)
    ours, theirs = (show_usd_per_mtok(float(c.slope[0]) * MTOK) for c in (mine, other))
    if mine.slope[0] >= other.slope[0]:
        return (
            f"however large the volume, a further Mtok costs {ours} with "
            f"{spoken(b.id)}, against {theirs} with {spoken(a.id)}"
        )
    return "its fixed cost is not earned back within the volumes that could be looked at"


Curved = tuple[Option, Curves]
"""An option and its cost over the volume."""


def curves_of(
    inputs: Question, options: Sequence[Option], sized: Sequence[Replica] = ()
) -> list[Curved]:
    """Return options with their curves; `sized` is what one replica of each sustains, if known."""
    pairs = zip_longest(options, sized)
    return [(option, curve(option, inputs.settings, replica)) for option, replica in pairs]


def earliest(inputs: Question, base: Option, curved: Sequence[Curved]) -> tuple[Option, Wins]:
    """Return the option that beats `base` at the lowest volume, and where any of them does.

    When none ever does, it is the one that a further token costs least with.
    """
    against = curve(base, inputs.settings)
    tried = [(option, float(mine.slope[0]), wins(against, mine)) for option, mine in curved]

    def order(item: tuple[Option, float, Wins]) -> tuple[float, float]:
        return float(np.nan_to_num(item[2].first[0], nan=np.inf)), item[1]

    return min(tried, key=order)[0], together([[won for _, _, won in tried]])


# What would turn a comparison: single changes by which own GPUs, or buying, would win.


def turns_of(
    inputs: Question,
    bought: Option,
    own: Option,
    setups: Sequence[Option],
    rival: Option | None = None,
    sized: Sequence[Replica] = (),
) -> tuple[Flip, ...]:
    """Return the single changes that turn which of two options is cheaper, each alone.

    Args:
        inputs: The question, with a volume.
        bought: What is paid by the token.
        own: Own GPUs, the answer at the volume.
        setups: Own GPUs of the same model that are the answer at some volume.
        rival: A closed model of the same class, against which only volume and people are tried.
        sized: What one replica of each of `setups` sustains, where that is known already.
    """
    steps = all(has_steps(option) for option in (bought, *setups))
    curved = curves_of(inputs, setups, sized) if steps else []
    found = [*_volume(inputs, bought, curved), *flips_of(inputs, bought, own, (), others=setups)]
    if rival is None:
        return tuple(found)
    team = flips_of(inputs, rival, own, (), only=(TEAM,), others=setups)
    besides = [*_volume(inputs, rival, curved), *team]
    return (*found, *(replace(flip, against=rival.id) for flip in besides))


def _volume(inputs: Question, bought: Option, curved: Sequence[Curved]) -> list[Flip]:
    """Return the volume nearest to today's at which the cheaper one changes."""
    if not curved:
        return []  # a fleet that scales to zero has no exact break-even volume
    now = number(inputs.settings.value(TOKENS))
    won = earliest(inputs, bought, curved)[1]
    spans = [tuple(span) for span in won.intervals()]
    ends = [end for span in spans for end in span if 0.0 < end < np.inf]
    near = min(ends, key=lambda end: max(end / now, now / end), default=None) if now else None
    way = "" if near is None else f"{'from' if near > now else 'up to'} {show_tokens(near)} tokens"
    sure = float(won.sure[0])
    wins = any(begin <= now < end for begin, end in spans)
    if near is not None and now < near < sure and not wins:  # whole replicas lie between: for good
        way = f"from {show_tokens(sure)} tokens"
    return [
        Flip(
            path=TOKENS,
            title="volume",
            now=now,
            needed=near,
            unit="tokens/month",
            text=f"{way} a month" if way else "no volume would do on its own",
        )
    ]
