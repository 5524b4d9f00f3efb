"""How sure the answer is, where the break-even lies, and what is worth knowing first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from tco.analysis.compare import rule_words, undercut_words, unsure_words
from tco.analysis.montecarlo.beliefs import Belief, Beliefs, Varied, beliefs
from tco.analysis.montecarlo.results import (
    BreakevenRisk,
    Measure,
    MonteCarloResult,
    OptionRisk,
    Percentiles,
    SavingRisk,
    UncertainInput,
)
from tco.analysis.montecarlo.sample import (
    CHUNK,
    DUMMIES,
    LEVELS,
    BillModel,
    Draws,
    Progress,
    Tally,
    by_hour,
    chunks,
    drawn,
    hypercubes,
    located,
    model_of,
    replica_for,
    sampled,
    usd,
)
from tco.analysis.report import carried
from tco.analysis.vary.variables import chosen, weighed
from tco.engine.crossings import some, wins
from tco.engine.draws import Places, sobol_indices
from tco.engine.shapes import Floats, column
from tco.errors import UsageError
from tco.options.bills import Option, SelfOption, usd_of
from tco.options.candidates import spoken
from tco.options.cheapest import least_trust, pair_of
from tco.options.curves import curves, has_steps, pieces_allowed
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.settings import TOKENS
from tco.records import mapped
from tco.units import show_seconds, show_share, show_usd

# Which inputs the spread of the saving comes from: Sobol indices of groups of inputs.

BATCHES = 8
BATCH = 1 << 12


def variance_shares(
    model: BillModel, beliefs: Beliefs, pair: tuple[int, int], draws: int, seed: int
) -> tuple[Floats, Floats, Floats] | None:
    """Return how much of the variance of A less B each input explains [inputs, 1].

    First-order Sobol indices, total ones, and the standard error of these over the batches; inputs
    of a correlated group share those of the group.

    Correlated inputs cannot be varied apart, so that a group of them counts as one input. None
    when one of the two serves nothing in some draw.

    Args:
        pair: Positions of A and B among the options.
        draws: Draws of the run; a batch has no more.
        seed: Same seed, same result.
    """
    two = replace(model, options=tuple(model.options[i] for i in pair))
    rng = np.random.default_rng([seed, 2])
    size = max(min(BATCH, draws), 2)
    cubes = hypercubes(beliefs, 2 * BATCHES, size, rng)
    found = [_batch(two, beliefs, next(cubes)[1], next(cubes)[1]) for _ in range(BATCHES)]
    whole = [one for one in found if one is not None]
    if len(whole) < BATCHES:
        return None
    first, total = (np.stack([one[i] for one in whole]) for i in (0, 1))
    members = [len(matrix) for matrix in beliefs.groups]
    error = total.std(axis=0, ddof=1) / np.sqrt(BATCHES)
    one, all_of_it, off = (
        np.repeat(v, members) for v in (first.mean(axis=0), total.mean(axis=0), error)
    )
    return one, all_of_it, off


def _batch(model: BillModel, beliefs: Beliefs, a: Draws, b: Draws) -> tuple[Floats, Floats] | None:
    """Return first-order and total indices of the groups from one pair of samples [groups]."""
    where = located(model, a)
    f_a, f_b = _saving(model, a, where), _saving(model, b)
    mixed, at = [], 0
    for matrix in beliefs.groups:
        keys = [row.key for row in beliefs.rows[at : at + len(matrix)]]
        moved = any(path in keys for path, _ in model.axes)
        mixed.append(
            _saving(model, {**a, **{key: b[key] for key in keys}}, None if moved else where)
        )
        at += len(matrix)
    f_ab = np.stack(mixed)
    if not (np.isfinite(f_a).all() and np.isfinite(f_b).all() and np.isfinite(f_ab).all()):
        return None
    return sobol_indices(f_a, f_b, f_ab)


def _saving(model: BillModel, draws: Draws, where: Places | None = None) -> Floats:
    with np.errstate(invalid="ignore"):
        a, b = usd(model, draws, where)
        return np.asarray(a - b)


# What it would be worth to know before choosing: all of it, or one number.

WORTH_ASKING = 0.005
"""Share of the cheapest option's bill below which no measurement pays for the trouble; judgment."""

BY_PATH: tuple[tuple[str, Measure], ...] = (
    ("serving.throughput", "benchmark"),
    ("workload.", "pilot"),
    ("serving.peakedness", "pilot"),
    ("price.", "quote"),
    ("rent.", "quote"),
    ("own.", "quote"),
)

DOING: dict[Measure, str] = {
    "benchmark": "Run a benchmark first",
    "pilot": "Run a pilot first",
    "quote": "Ask for a quote first",
    "plan": "Settle the plan first",
}


def value_of_everything(tally: Tally) -> float:
    """Return the expected value of perfect information [USD/month].

    ``min_a E[C_a] - E[min_a C_a]``: the mean bill of the best single choice, less the mean of the
    cheapest bills, among options whose prices are sure enough.
    """
    return float(np.min(tally.total[tally.eligible]) - tally.best) / tally.draws


def values_by_input(tally: Tally) -> Floats:
    """Return the expected value of knowing one input exactly, for each of them [inputs, USD/month].

    ``min_a E[C_a] - E_x[min_a E[C_a | x]]``, with `x` cut into bins of equal probability. Means of
    finitely many draws make the best choice in a bin look a little better than it is: what inputs
    that enter nothing seem to be worth is taken off.

    Source:
        Binning of the same sample, as Strong and Oakley (2013) describe among single-loop methods.
    """
    with np.errstate(invalid="ignore"):
        means = tally.bins[:, tally.eligible] / np.maximum(tally.counts, 1)[:, None, :]
    shares = tally.counts / tally.valued
    one = np.min((means * shares[:, None, :]).sum(axis=2), axis=1)
    best = (np.min(means, axis=1) * shares).sum(axis=1)
    worth: Floats = one - best
    noise = float(np.mean(worth[-DUMMIES:]))
    return np.asarray(np.maximum(worth[:-DUMMIES] - noise, 0.0))


def measure_of(path: str) -> Measure:
    """Return how one would come to know a number."""
    return next((how for start, how in BY_PATH if path.startswith(start)), "plan")


def advice(tally: Tally, titles: list[tuple[str, str]], values: Floats) -> str:
    """Return the sentence: run a benchmark, run a pilot, or measure nothing.

    Args:
        titles: Path and title of each input.
        values: What knowing each is worth [inputs, USD/month].
    """
    everything = value_of_everything(tally)
    bill = float(np.min(tally.total[tally.eligible])) / tally.draws
    if not values.size or max(everything, float(values.max())) < WORTH_ASKING * bill:
        return (
            f"Measure nothing: knowing every number exactly would save {show_usd(everything)} a "
            f"month on average, against a bill of {show_usd(bill)}."
        )
    best = int(np.argmax(values))
    path, title = titles[best]
    if values[best] < WORTH_ASKING * bill:
        return (
            f"No single measurement would change the choice often enough to pay: the best, "
            f"{title}, is worth {show_usd(float(values[best]))} a month, all together "
            f"{show_usd(everything)}."
        )
    return (
        f"{DOING[measure_of(path)]}: knowing {title} exactly would save "
        f"{show_usd(float(values[best]))} a month on average, of {show_usd(everything)} for "
        "knowing everything; it pays if it costs less than the months ahead times that."
    )


# The break-even volume under uncertainty: exact for each draw.

DRAWS = 2 * CHUNK
"""Draws that break-evens are worked out for: 0.3 % standard error at worst on a probability."""

FEW_DRAWS = 1 << 8
"""The same where a staircase has steps for every hour of a week: 3 % standard error at worst."""

MOST_PIECES = 2048
"""Pieces of a staircase beyond which a draw is called undecided."""


def breakeven_volumes(
    model: BillModel, beliefs: Beliefs, pair: tuple[int, int], draws: int, seed: int
) -> BreakevenRisk:
    """Return the distribution of the smallest volume from which B is cheaper than A.

    Args:
        beliefs: What is uncertain; the volume itself is not looked at.
        pair: Positions of A and B among the options.
        draws: Draws of the run; no more are taken than `DRAWS`, or `FEW_DRAWS` by the hour.
        seed: Same seed, same result.
    """
    rng = np.random.default_rng([seed, 3])
    firsts, undecided, count = [], 0, 0
    most = FEW_DRAWS if by_hour([model.options[i] for i in pair]) else DRAWS
    for _, some_draws in chunks(beliefs, min(draws, most), rng):
        first, tied = _firsts(model, some_draws, pair)
        firsts.append(first)
        undecided += tied
        count += first.size
    volumes = np.sort(np.concatenate(firsts))
    at = [volumes[int(level * (count - 1))] for level in LEVELS]
    p5, p50, p95 = (float(v) if np.isfinite(v) else None for v in at)
    never = int(np.isinf(volumes).sum()) - undecided
    return BreakevenRisk(
        draws=count,
        tokens_per_month=Percentiles(p5=p5, p50=p50, p95=p95),
        p_never=never / count,
        p_undecided=undecided / count,
    )


def _firsts(model: BillModel, draws: Draws, pair: tuple[int, int]) -> tuple[Floats, int]:
    """Return the first volume of each draw, infinite where there is none, and the undecided."""
    size = next(iter(draws.values())).size
    sides, served = [], np.ones(size, dtype=bool)
    columns = {key: value[:, None] for key, value in draws.items()}
    where = located(model, draws)
    settings = drawn(model, columns)
    for i in pair:
        option, replica = model.options[i], None
        if isinstance(option, SelfOption):
            replica = mapped(
                replica_for(model, option, draws, where), lambda value: column(value, size)[:, None]
            )
            rate = np.asarray(replica.requests_per_s)[:, 0]
            served &= np.isfinite(rate) & np.asarray(replica.feasible)[:, 0]
        sides.append(curves(option, settings, size, replica))
    rows = np.flatnonzero(served)
    most = pieces_allowed([model.options[i] for i in pair], MOST_PIECES)
    found = wins(some(sides[0], rows), some(sides[1], rows), most)
    first = np.full(size, np.inf)
    first[served] = np.where(np.isnan(found.first), np.inf, found.first)
    return first, int((found.tied & np.isnan(found.first)).sum())


# How sure the answer is: many draws of everything uncertain, through the same bills.

MOST_DRAWS = 1_000_000_000
S_PER_DRAW = 3e-6  # of two options, as benchmarks/scale.py measures it
MOST_SEED = 2**63
NONE: Mapping[Any, Any] = MappingProxyType({})


def monte_carlo(
    inputs: Question,
    names: Sequence[str],
    progress: Progress = lambda _: None,
    *,
    draws: int,
    seed: int = 1,
    varied: Mapping[str, Varied] = NONE,
    correlated: Mapping[tuple[str, str], float] = NONE,
) -> MonteCarloResult:
    """Return what the bills of some options are under everything that is uncertain.

    Args:
        inputs: The question, with a volume.
        names: Two names for A and B, or more; without any, the ten cheapest of the short list.
        progress: Told which share is done.
        seed: Same seed, same result.
        varied: Spreads that replace the catalog's, by path.
        correlated: Rank correlations that replace the usual ones, by two paths.

    Raises:
        UsageError: No volume, no draws or too many, or beliefs that cannot be.
    """
    _check(inputs, draws, seed)
    options, said = _options(inputs, names)
    believed = beliefs(inputs, options, varied, correlated)
    if not believed.rows:
        raise UsageError("nothing about these options is uncertain; --vary PATH=LOW..HIGH says so")
    model = model_of(options, inputs.settings, believed.rows)
    pair = _pair(options, names, inputs)
    least = least_trust(inputs)
    tally = sampled(model, believed, draws, seed, pair, progress, least)
    return _result(inputs, model, believed, tally, pair, draws, seed, said)


def _check(inputs: Question, draws: int, seed: int) -> None:
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    if draws < 1:
        raise UsageError("--draws: at least 1")
    if draws > MOST_DRAWS:
        raise UsageError(
            f"--draws: {draws:,} would take {show_seconds(draws * S_PER_DRAW)}; at most "
            f"{MOST_DRAWS:,}, and a million gives probabilities to 0.1 % in a few seconds"
        )
    if not 0 <= seed < MOST_SEED:
        raise UsageError("--seed: a whole number from 0 on")


def _options(inputs: Question, names: Sequence[str]) -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """Return the options in a stable order: as named, or by their bill today."""
    if names:
        found = [resolve(name, inputs) for name in names]
        options = tuple({r.best.id: r.best for r in found}.values())
        if len(options) < 2:
            raise UsageError("name at least two different options, or none")
        return options, tuple(text for r in found for text in r.meant)
    picked = chosen(inputs, ())
    return picked.options, picked.meant


def _pair(
    options: Sequence[Option], names: Sequence[str], inputs: Question
) -> tuple[int, int] | None:
    """Return A and B: as named, or own GPUs that are the answer, and what they are held against."""
    if names:
        return 0, 1
    rows = [weighed(option, inputs) for option in options]
    found = pair_of(rows, least_trust(inputs))
    if found is None:
        return None
    places = {row.id: i for i, row in enumerate(rows)}
    return places[found[0].id], places[found[1].id]


def _result(
    inputs: Question,
    model: BillModel,
    believed: Beliefs,
    tally: Tally,
    pair: tuple[int, int] | None,
    draws: int,
    seed: int,
    resolved: tuple[str, ...],
) -> MonteCarloResult:
    options, values = model.options, values_by_input(tally)
    shares, saving, volumes = None, None, None
    if pair is not None:
        shares = variance_shares(model, believed, pair, draws, seed)
        saving = _montecarlo_saving(model, tally, pair)
        if all(has_steps(options[i]) for i in pair):
            volumes = breakeven_volumes(model, believed, pair, draws, seed)
    rows = [_input(row, i, float(values[i]), shares) for i, row in enumerate(believed.rows)]
    rows.sort(key=lambda r: (-r.value_usd, -(r.total or 0.0), r.key))
    risks = tuple(sorted(_risks(inputs, model, tally), key=lambda r: _order(r.mean_usd)))
    names = {_answer(risks).id} | ({saving.a, saving.b} if saving is not None else set())
    return MonteCarloResult(
        tokens_per_month=float(np.asarray(inputs.settings.value(TOKENS))),
        draws=tally.draws,
        seed=seed,
        options=risks,
        saving=saving,
        breakeven=volumes,
        inputs=tuple(rows),
        correlations=believed.correlations,
        value_of_everything_usd=value_of_everything(tally),
        advice=advice(tally, [(row.path, row.setting.title) for row in believed.rows], values),
        resolved=resolved,
        method=_method(tally, model),
        verdict=_words(risks, saving, tally, options),
        **carried(inputs, options, [o for o in options if o.id in names]),
        best=_answer(risks).id,
        cheaper_but_unsure=tuple(o.id for o, n in zip(options, tally.below, strict=True) if n),
    )


def _answer(risks: Sequence[OptionRisk]) -> OptionRisk:
    """Return the option that is the answer in most draws."""
    return max(risks, key=lambda r: r.p_cheapest)


def _order(usd: float | None) -> float:
    return np.inf if usd is None else usd


def _input(
    row: Belief, i: int, value_usd: float, shares: tuple[Floats, Floats, Floats] | None
) -> UncertainInput:
    spread = row.spread
    first, total, error = (None, None, None) if shares is None else (float(v[i]) for v in shares)
    return UncertainInput(
        key=row.key,
        title=row.setting.title,
        unit=row.setting.unit,
        distribution=spread.kind,
        value=spread.value,
        low=spread.low,
        high=spread.high,
        tail=spread.tail,
        origin=row.setting.origin,
        source=row.setting.source,
        first_order=first,
        total=total,
        total_error=error,
        value_usd=value_usd,
        measured_by=measure_of(row.path),
    )


def _risks(inputs: Question, model: BillModel, tally: Tally) -> list[OptionRisk]:
    out = []
    for i, option in enumerate(model.options):
        mean = float(tally.total[i]) / tally.draws
        served = bool(np.isfinite(mean))
        out.append(
            OptionRisk(
                id=option.id,
                tier=option.tier,
                model=option.model,
                base_usd=usd_of(option, inputs.settings),
                p_cheapest=float(tally.wins[i]) / tally.draws,
                mean_usd=mean if served else None,
                usd=_percentiles(tally.levels[i] / tally.chunks),
                regret_usd=mean - tally.best / tally.draws if served else None,
                p_infeasible=float(tally.infeasible[i]) / tally.draws,
                trust=option.trust.level,
                trust_reasons=option.trust.reasons,
            )
        )
    return out


def _percentiles(levels: np.ndarray) -> Percentiles:
    p5, p50, p95 = (float(v) if np.isfinite(v) else None for v in levels)
    return Percentiles(p5=p5, p50=p50, p95=p95)


def _montecarlo_saving(model: BillModel, tally: Tally, pair: tuple[int, int]) -> SavingRisk:
    a, b = (model.options[i].id for i in pair)
    usd = _percentiles(tally.saving / tally.chunks)
    return SavingRisk(a=a, b=b, usd=usd, p_saves=tally.saves / tally.draws)


def _method(tally: Tally, model: BillModel) -> tuple[str, ...]:
    """Return how the figures came about, for those who want to repeat them."""
    notes = [
        f"{tally.draws:,} draws in {tally.chunks} Latin hypercubes of at most {CHUNK:,}; "
        "percentiles are means over these",
        "choices such as the latency limit, headroom and redundancy are not drawn, nor is what "
        "was given; a batch keeps limits on latency at the throughput that is expected",
        "inputs of a correlated group share the variance shares of the group",
        f"what knowing a number is worth: from the first {tally.valued:,} draws",
    ]
    if model.sizing:
        axes = ", ".join(path for path, _ in model.axes)
        notes.append(
            f"the batch that a replica runs is searched on a grid of {axes} and interpolated: "
            "within 2 % of the rate, a twentieth of the throughput band"
        )
    return tuple(notes)


def _words(
    risks: Sequence[OptionRisk], saving: SavingRisk | None, tally: Tally, options: Sequence[Option]
) -> str:
    best = _answer(risks)
    said = (
        unsure_words(best.trust, tally.least),
        f"{spoken(best.id)} is the cheapest{rule_words(tally.least, best.trust)}, "
        f"among {len(risks)}, in "
        f"{show_share(best.p_cheapest)} of the draws, at {_span(best.usd)} a month.",
        _saving_words(saving),
        undercut_words(options, tally.below.tolist(), tally.draws, "draws"),
    )
    return " ".join(filter(None, said))


def _saving_words(saving: SavingRisk | None) -> str:
    if saving is None or saving.usd.p50 is None:
        return ""
    gap, which = saving.usd.p50, "cheaper" if saving.usd.p50 > 0 else "dearer"
    a, b = spoken(saving.a), spoken(saving.b)
    return (
        f"In {show_share(saving.p_saves)} of them {b} costs less than {a}; "
        f"the median is {show_usd(abs(gap))} a month {which}, the saving {_span(saving.usd)}."
    )


def _span(usd: Percentiles) -> str:
    if usd.p5 is None or usd.p95 is None:
        return "anything, as it cannot serve in some of them,"
    return f"{show_usd(usd.p5)} to {show_usd(usd.p95)} (nine in ten)"
