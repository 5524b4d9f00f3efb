"""How sure the answer is: many draws of everything uncertain, through the same bills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tco.analysis.change.chosen import chosen, weighed
from tco.analysis.cheapest import least_trust, pair_of
from tco.analysis.curves import TOKENS, has_steps
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, usd_of
from tco.analysis.report import assumptions_of, stamp, warnings_of
from tco.analysis.resolve import resolve
from tco.analysis.uncertain.beliefs import Belief, Beliefs, Varied, beliefs
from tco.analysis.uncertain.bills import Model, model_of
from tco.analysis.uncertain.results import (
    CorrelationResult,
    MonteCarloResult,
    OptionRisk,
    Percentiles,
    SavingRisk,
    UncertainInput,
)
from tco.analysis.uncertain.sample import CHUNK, Progress, Tally, sampled
from tco.analysis.uncertain.shares import Shares, variance_shares
from tco.analysis.uncertain.value import (
    advice,
    measure_of,
    value_of_everything,
    values_by_input,
)
from tco.analysis.uncertain.volumes import breakeven_volumes
from tco.analysis.verdict import rule_words, undercut_words, unsure_words
from tco.errors import UsageError
from tco.show import show_share, show_usd

MOST_DRAWS = 1_000_000_000
MOST_SEED = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How the draws are made.

    Args:
        draws: How many.
        seed: Same seed, same result.
        varied: Spreads that replace the catalog's, by path.
        correlated: Rank correlations that replace the usual ones, by two paths.
    """

    draws: int
    seed: int = 1
    varied: Mapping[str, Varied] = field(default_factory=dict)
    correlated: Mapping[tuple[str, str], float] = field(default_factory=dict)


def monte_carlo(
    inputs: Inputs, names: Sequence[str], run: Run, progress: Progress = lambda _: None
) -> MonteCarloResult:
    """Return what the bills of some options are under everything that is uncertain.

    Args:
        inputs: The question, with a volume.
        names: Two names for A and B, or more; without any, the ten cheapest of the short list.
        run: How the draws are made.
        progress: Told which share is done.

    Raises:
        UsageError: No volume, no draws or too many, or beliefs that cannot be.
    """
    _check(inputs, run)
    options, said = _options(inputs, names)
    believed = beliefs(inputs, options, run.varied, run.correlated)
    if not believed.rows:
        raise UsageError("nothing about these options is uncertain; --vary PATH=LOW..HIGH says so")
    model = model_of(options, inputs.settings, believed.rows)
    pair = _pair(options, names, inputs)
    least = least_trust(inputs)
    tally = sampled(model, believed, run.draws, run.seed, pair, progress, least)
    return _result(inputs, model, believed, tally, pair, run, said)


def _check(inputs: Inputs, run: Run) -> None:
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    if run.draws < 1:
        raise UsageError("--draws: at least 1")
    if run.draws > MOST_DRAWS:
        raise UsageError(
            f"--draws: {run.draws:,} are more than can be worked through; a million gives "
            "probabilities to 0.1 %"
        )
    if not 0 <= run.seed < MOST_SEED:
        raise UsageError("--seed: a whole number from 0 on")


def _options(inputs: Inputs, names: Sequence[str]) -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """Return the options in a stable order: as named, or by their bill today."""
    if names:
        found = [resolve(name, inputs) for name in names]
        options = tuple({r.best.id: r.best for r in found}.values())
        if len(options) < 2:
            raise UsageError("name at least two different options, or none")
        return options, tuple(r.said for r in found if r.said)
    picked = chosen(inputs, ())
    return picked.options, picked.said


def _pair(
    options: Sequence[Option], names: Sequence[str], inputs: Inputs
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
    inputs: Inputs,
    model: Model,
    believed: Beliefs,
    tally: Tally,
    pair: tuple[int, int] | None,
    run: Run,
    said: tuple[str, ...],
) -> MonteCarloResult:
    values = values_by_input(tally)
    shares, saving, volumes = None, None, None
    if pair is not None:
        shares = variance_shares(model, believed, pair, run.draws, run.seed)
        saving = _saving(model, tally, pair)
        if all(has_steps(model.options[i]) for i in pair):
            volumes = breakeven_volumes(model, believed, pair, run.draws, run.seed)
    rows = [_input(row, i, float(values[i]), shares) for i, row in enumerate(believed.rows)]
    rows.sort(key=lambda r: (-r.value_usd, -(r.total or 0.0), r.key))
    risks = tuple(sorted(_risks(inputs, model, tally), key=lambda r: _order(r.mean_usd)))
    titles = [(row.path, row.title) for row in believed.rows]
    return MonteCarloResult(
        schema="tco.montecarlo/1",
        catalog=stamp(inputs, model.options),
        tokens_per_month=float(np.asarray(inputs.settings.value(TOKENS))),
        draws=tally.draws,
        seed=run.seed,
        options=risks,
        saving=saving,
        breakeven=volumes,
        inputs=tuple(rows),
        correlations=tuple(
            CorrelationResult(a=c.a, b=c.b, rank_correlation=c.rank_correlation, because=c.because)
            for c in believed.correlations
        ),
        value_of_everything_usd=value_of_everything(tally),
        advice=advice(tally, titles, values),
        resolved=said,
        method=_method(tally, model),
        verdict=_words(risks, saving, tally, model.options),
        assumptions=assumptions_of(inputs, model.options),
        warnings=warnings_of(inputs, model.options),
        best=_answer(risks).id,
        cheaper_but_unsure=tuple(
            o.id for o, n in zip(model.options, tally.below, strict=True) if n
        ),
    )


def _answer(risks: Sequence[OptionRisk]) -> OptionRisk:
    """Return the option that is the answer in most draws."""
    return max(risks, key=lambda r: r.p_cheapest)


def _order(usd: float | None) -> float:
    return np.inf if usd is None else usd


def _input(row: Belief, i: int, value_usd: float, shares: Shares | None) -> UncertainInput:
    spread = row.spread
    return UncertainInput(
        key=row.key,
        title=row.title,
        unit=row.unit,
        distribution=spread.kind,
        value=spread.value,
        low=spread.low,
        high=spread.high,
        tail=spread.tail,
        origin=row.origin,
        source=row.source,
        first_order=None if shares is None else float(shares.first[i]),
        total=None if shares is None else float(shares.total[i]),
        total_error=None if shares is None else float(shares.total_error[i]),
        value_usd=value_usd,
        measured_by=measure_of(row.path),
    )


def _risks(inputs: Inputs, model: Model, tally: Tally) -> list[OptionRisk]:
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


def _saving(model: Model, tally: Tally, pair: tuple[int, int]) -> SavingRisk:
    a, b = (model.options[i].id for i in pair)
    usd = _percentiles(tally.saving / tally.chunks)
    return SavingRisk(a=a, b=b, usd=usd, p_saves=tally.saves / tally.draws)


def _method(tally: Tally, model: Model) -> tuple[str, ...]:
    """Return how the figures came about, for those who want to repeat them."""
    notes = [
        f"{tally.draws:,} draws in {tally.chunks} Latin hypercubes of at most {CHUNK:,}; "
        "percentiles are means over these",
        "choices such as the latency limit, headroom and redundancy are not drawn, nor is what "
        "was given",
        "inputs of a correlated group share the variance shares of the group",
        f"what knowing a number is worth: from the first {tally.valued:,} draws",
    ]
    if model.sizing:
        axes = ", ".join(path for path, _ in model.axes)
        notes.append(
            f"the batch that a replica runs is searched on a grid of {axes} and interpolated: "
            "within 1 % of the rate, a twentieth of the throughput band"
        )
    return tuple(notes)


def _words(
    risks: Sequence[OptionRisk], saving: SavingRisk | None, tally: Tally, options: Sequence[Option]
) -> str:
    best = _answer(risks)
    said = (
        unsure_words(best.trust, tally.least),
        f"{best.id} is the cheapest{rule_words(tally.least)}, among {len(risks)}, in "
        f"{show_share(best.p_cheapest)} of the draws, at {_span(best.usd)} a month.",
        _saving_words(saving),
        undercut_words(options, tally.below.tolist(), tally.draws, "draws"),
    )
    return " ".join(filter(None, said))


def _saving_words(saving: SavingRisk | None) -> str:
    if saving is None or saving.usd.p50 is None:
        return ""
    gap, which = saving.usd.p50, "cheaper" if saving.usd.p50 > 0 else "dearer"
    return (
        f"{saving.b} costs less than {saving.a} in {show_share(saving.p_saves)} of them; "
        f"the median is {show_usd(abs(gap))} a month {which}, the saving {_span(saving.usd)}."
    )


def _span(usd: Percentiles) -> str:
    if usd.p5 is None or usd.p95 is None:
        return "anything, as it cannot serve in some of them,"
    return f"{show_usd(usd.p5)} to {show_usd(usd.p95)} (nine in ten)"
