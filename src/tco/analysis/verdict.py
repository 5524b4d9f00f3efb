"""The answer in words: what is decided, what is told besides, and what alone would turn it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import zip_longest

import numpy as np

from tco.analysis.results import Flip, OpenBand, OptionResult
from tco.catalog.lookup import ModelClass
from tco.engine.crossings import (
    Curves,
    Wins,
    remembered,
    spread,
    together,
    turn,
    whole_values,
    wins,
)
from tco.engine.ledger import total_usd
from tco.engine.replica import Replica
from tco.engine.shapes import Floats, Number, number
from tco.options.bills import (
    Option,
    SelfOption,
    TokenOption,
    lines,
    monthly_usd,
    sure_pairs,
    usd_of,
)
from tco.options.candidates import machine, setups_at, spoken
from tco.options.cheapest import by_model, cheapest_of, least_trust, rank_of
from tco.options.curves import curve, has_steps
from tco.options.question import Question
from tco.options.settings import TOKENS, Settings, Values, Variable, price_factor, target
from tco.options.setups import SetUps
from tco.units import show_number, show_score, show_tokens, show_usd

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

Gap = Callable[[Floats], Floats]  # what B costs more than A at some values [USD/month]


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


ZOOMS = 4

TIMES = "times today's"
TEAM, THROUGHPUT, PEAK = "people.fte", "serving.throughput_factor", "workload.peak_to_mean"

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

    The range is scanned at several values in one broadcast call, and the cell next to today's
    value in which the sign changes is scanned again, `ZOOMS` times. Of whole numbers every value
    is tried.
    """
    low, high = max(over.low, over.least), min(over.high, over.most)
    values, gap = whole_values if over.whole else spread, remembered(gap)
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


def levers(a: Option, b: Option, settings: Settings) -> list[Variable]:
    """Return what could be changed about the comparison of two options."""
    found = [_price(option) for option in (a, b) if isinstance(option, TokenOption)]
    own = next((o for o in (b, a) if isinstance(o, SelfOption)), None)
    if any(isinstance(o, SelfOption) and o.usd_per_gpu_hour is not None for o in (a, b)):
        found.append(lever(settings, "rent.factor", "GPU rent", TIMES))
    if own is not None:
        found.append(lever(settings, THROUGHPUT, _throughput(own), "times the model's"))
        team = next(line for line in lines(own, settings) if line.group == "people")
        found.append(ranged(TEAM, "engineers", "engineers", number(team.quantity), staffed))
        peak = lever(settings, PEAK, "peak to mean", "")
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
    *,
    own: SetUps | None = None,
) -> tuple[Flip, ...]:
    """Return for each lever the value at which the cheaper of A and B changes.

    At the volume asked about; without one, at a very large volume when B never wins, and else no
    flip is looked for, because every answer is then a volume.

    Args:
        spans: Where B is cheaper than A [token/month].
        only: Paths of the levers that are tried; all when empty.
        others: Set-ups that may stand for B elsewhere; those that cost less today do not, for
            B is the answer all the same.
        own: Every set-up, where B may be any of its model: the answer at each value is looked for.
    """
    if not inputs.volume_given and spans:
        return ()
    settings = inputs.settings
    if not inputs.volume_given:
        settings = settings.with_values({TOKENS: VERY_LARGE})
    tried = [one for one in levers(a, b, settings) if not only or one.name in only]
    usd = usd_of(b, settings)
    several = [b, *(o for o in others if o.id != b.id and not usd_of(o, settings) < usd)]
    at = replace(inputs, settings=settings)
    return tuple(_flip(at, a, several, lever, own) for lever in tried)


def _flip(
    inputs: Question, a: Option, several: Sequence[Option], lever: Variable, own: SetUps | None
) -> Flip:
    settings = inputs.settings
    if _people_alone(settings, a, several[0], lever):
        return flip_of(lever, None)
    if lever.targets == {a.id}:  # who B is stays
        return flip_of(lever, _turn(partial(_gap, settings, a, several[:1], lever), lever))
    if own is not None and _same_size(inputs, lever):
        return flip_of(lever, _turn(partial(_gap_of_any, inputs, a, several[0], lever, own), lever))
    needed = _turn(partial(_gap, settings, a, several, lever), lever)
    while own is not None and (new := _missed(inputs, a, several, lever, needed)):
        several = [*several, *new]
        needed = _turn(partial(_gap, settings, a, several, lever), lever)
    if needed is not None and lever.name == THROUGHPUT:
        there = [usd_at(b, settings, [(lever, np.array([needed]))])[0] for b in several]
        if isinstance(best := several[int(np.argmin(there))], SelfOption):
            lever = replace(lever, title=_throughput(best))
    return flip_of(lever, needed)


def _turn(gap: Callable[[], Gap], lever: Variable) -> float | None:
    """Return the value that turns an answer; of engineers none at all is one, too."""
    needed = turns_at(gap(), lever)
    if needed is None and lever.name == TEAM:
        needed = turns_at(gap(), replace(lever, low=0.0, high=lever.now))
    return needed


def _gap(settings: Settings, a: Option, several: Sequence[Option], lever: Variable) -> Gap:
    """Return what the cheapest of several that may be B costs more than A, by a lever's value."""
    alive = list(several)

    def gap(values: Floats) -> Floats:
        found = differences(settings, a, alive, lever, values)
        if values.size > 1:  # further values lie within these: who is nowhere cheapest is not there
            alive[:] = [alive[i] for i in np.unique(found.argmin(axis=0))]
        return np.asarray(found.min(axis=0))

    return gap


def _gap_of_any(inputs: Question, a: Option, b: Option, lever: Variable, own: SetUps) -> Gap:
    """Return the same where B may be any set-up of its model, and a lever changes no replica."""
    settings, volume = inputs.settings, number(inputs.settings.value(TOKENS))
    rows = sure_pairs(own, b.model, least_trust(inputs))
    today = monthly_usd(own, settings, rows, np.array([volume]))[:, 0]
    rows = rows[~(today < usd_of(b, settings) * (1.0 - 1e-9))]  # B is the answer all the same

    def gap(values: Floats) -> Floats:
        at = settings.with_values({k: np.asarray(v) for k, v in lever.settings(values).items()})
        usd = monthly_usd(own, at, rows, np.full(values.shape, volume))
        found = differences(settings, a, (b,), lever, values)[0]
        others = np.where(np.isnan(usd), np.inf, usd).min(axis=0, initial=np.inf)
        return np.asarray(np.minimum(found, others - usd_at(a, settings, [(lever, values)])))

    return gap


def _same_size(inputs: Question, lever: Variable) -> bool:
    """Return whether a lever leaves what a replica sustains: the peak where none waits for it."""
    waits = inputs.gaps is not None or bool(target(inputs.settings).within)
    return lever.name in ("rent.factor", TEAM) or (lever.name == PEAK and not waits)


def _people_alone(settings: Settings, a: Option, b: Option, lever: Variable) -> bool:
    """Return whether the fewest people of own GPUs cost more than A, whatever the fleet does."""
    if not isinstance(b, SelfOption) or lever.name not in ("rent.factor", THROUGHPUT, PEAK):
        return False
    people = total_usd(lines(b, settings.with_values({"people.fte_per_gpu": 0.0})), "people")
    return not isinstance(a, SelfOption) and number(people) >= usd_of(a, settings)


BESIDE = 1.003
"""How far before a value that turns an answer set-ups are looked for that turn it before [1]."""


def _missed(
    inputs: Question, a: Option, several: Sequence[Option], lever: Variable, needed: float | None
) -> list[Option]:
    """Return set-ups besides that win just before what is needed, where those known lose.

    More throughput, or a lower peak, makes each cheaper: where none wins there, none does farther.
    """
    b, settings, more = several[0], inputs.settings, lever.name == THROUGHPUT
    usd = usd_of(b, settings)
    if needed is None and usd < usd_of(a, settings):
        return []  # who wins all the way does so with more set-ups, too
    end = lever.high if more else max(lever.low, lever.least)
    value = end if needed is None else needed / BESIDE if more else needed * BESIDE
    there = settings.with_values(lever.settings(value))
    at, volume = replace(inputs, settings=there), np.array([number(settings.value(TOKENS))])
    found = setups_at(at, {b.model}, volume).get(b.model, [])
    known, most = {option.id for option in several}, usd_of(a, there)
    new = (o for o in found if o.id not in known and not usd_of(o, settings) < usd)
    return [option for option in new if usd_of(option, there) < most]


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
    mine: Option,
    setups: Sequence[Option],
    rival: Option | None = None,
    sized: Sequence[Replica] = (),
    *,
    own: SetUps | None = None,
) -> tuple[Flip, ...]:
    """Return the single changes that turn which of two options is cheaper, each alone.

    Args:
        inputs: The question, with a volume.
        bought: What is paid by the token.
        mine: Own GPUs, the answer at the volume.
        setups: Own GPUs of the same model that are the answer at some volume.
        rival: A closed model of the same class, against which only volume and people are tried.
        sized: What one replica of each of `setups` sustains, where that is known already.
        own: Every set-up, where own GPUs may be any of their model.
    """
    steps = all(has_steps(option) for option in (bought, *setups))
    curved = curves_of(inputs, setups, sized) if steps else []
    flips = flips_of(inputs, bought, mine, (), others=setups, own=own)
    found = [*_volume(inputs, bought, curved), *flips]
    if rival is None:
        return tuple(found)
    team = flips_of(inputs, rival, mine, (), only=(TEAM,), others=setups, own=own)
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
    sure = float(won.sure[0])
    wins = any(begin <= now < end for begin, end in spans)
    if near is not None and now < near < sure and not wins:  # whole replicas lie between: for good
        near = sure
    way = "" if near is None else f"{'from' if near > now else 'up to'} {show_tokens(near)} tokens"
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
