"""The cheapest price for each level of quality, what each further point costs, what is beaten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tco.analysis.compare import nothing_serves, ranked_options
from tco.analysis.report import carried, workload_result
from tco.analysis.results import (
    DominatedOption,
    FrontierPoint,
    FrontierResult,
    ModelQuality,
    OptionResult,
)
from tco.catalog.trust import LEVELS
from tco.errors import InfeasibleError, UsageError
from tco.options.cheapest import cheapest_of, insist, least_trust, rank_of
from tco.options.quality import benchmark_of
from tco.options.question import Question
from tco.options.selection import select
from tco.units import show_score, show_usd

Beaten = tuple[OptionResult, OptionResult]
"""An option, and the cheapest point that is as good."""


def frontier_of(
    rows: Sequence[OptionResult], makers: Iterable[str], least: int
) -> tuple[list[OptionResult], list[Beaten], list[OptionResult], list[OptionResult]]:
    """Return which options are the cheapest at their level of quality.

    Of each model and tier its answer is looked at; of sellers of a closed one that ask the same,
    its maker.

    Args:
        rows: Options with their bills; those that serve nothing are not looked at.
        makers: Companies that sell models of their own.
        least: Rank of the trust that is sure enough [1].

    Returns:
        The options that nothing beats, by cost; the others, by cost; those of models that nobody
        has measured; what would be cheaper than a point, but at a price that is not sure enough.
    """
    able = [row for row in rows if row.monthly_usd is not None]
    enough = min(least, max((rank_of(row.trust) for row in able), default=0))
    groups: dict[tuple[str, str], list[OptionResult]] = {}
    for row in able:
        groups.setdefault((row.model, row.tier), []).append(row)
    ways = [_answer(group, frozenset(makers), least) for group in groups.values()]
    sure = [row for row in ways if rank_of(row.trust) >= enough]
    points: list[OptionResult] = []
    for row in sorted((r for r in sure if r.quality), key=_by_cost):
        if not points or _score(row) > _score(points[-1]):
            points.append(row)
    kept = {row.id for row in points}
    others = [row for row in sorted(sure, key=_by_cost) if row.quality and row.id not in kept]
    doubtful = [row for row in able if row.quality and rank_of(row.trust) < enough]
    beaten = [(row, as_good(points, row)) for row in others]
    unscored = [row for row in ways if not row.quality]
    return points, beaten, unscored, list(_undercutting(points, doubtful))


def as_good(points: Sequence[OptionResult], row: OptionResult) -> OptionResult:
    """Return the cheapest point that is as good as an option; the best where none is."""
    return next((point for point in points if _score(point) >= _score(row)), points[-1])


def _answer(group: Sequence[OptionResult], makers: frozenset[str], least: int) -> OptionResult:
    """Return the answer among the sellers of a model; of a closed one its maker's among equals.

    That is what the short list of `tco compare` has of each.
    """
    best = cheapest_of(group, least)
    assert best is not None  # every row has a bill
    if best.tier != "api":
        return best
    equal = [r for r in group if (r.monthly_usd, r.trust) == (best.monthly_usd, best.trust)]
    return next((row for row in equal if row.provider in makers), best)


def _undercutting(
    points: Sequence[OptionResult], doubtful: Sequence[OptionResult]
) -> list[OptionResult]:
    """Return the cheapest doubtful price of each model that costs less than what is as good."""
    found: dict[str, OptionResult] = {}
    for row in sorted(doubtful, key=_by_cost):
        if not points or _score(row) > _score(points[-1]) or _usd(row) < _usd(as_good(points, row)):
            found.setdefault(row.model, row)
    return list(found.values())


def _by_cost(row: OptionResult) -> tuple[float, float, str]:
    return _usd(row), -_score(row), row.id


def _usd(row: OptionResult) -> float:
    return row.monthly_usd or 0.0


def _score(row: OptionResult) -> float:
    return row.quality.value if row.quality is not None else float("-inf")


# The answer of `tco compare --frontier`.


def frontier(inputs: Question) -> FrontierResult:
    """Return the cheapest price for each level of quality, of all options and not a short list.

    Raises:
        UsageError: No volume was given.
        InfeasibleError: Nothing that was asked for can serve the month, or nobody has measured it.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    found, rows, _ = ranked_options(inputs, select(inputs.catalog, inputs.request))
    able = [row for row in rows if row.feasible]
    if not able:
        raise InfeasibleError(nothing_serves(rows))
    insist(inputs, (row.trust for row in able))
    providers = inputs.catalog.prices.providers
    makers = [name for name, company in providers.items() if company.kind == "first_party"]
    placed, beaten, unscored, unsure = frontier_of(able, makers, least_trust(inputs))
    benchmark = benchmark_of(inputs.request)
    if not placed:
        raise InfeasibleError(
            f"nothing that was asked for has a score on {benchmark}, so that nothing can be placed"
        )
    named = {row.id for row in placed}
    used = [option for option, _ in found if option.id in named]
    ends = {placed[0].id, placed[-1].id}
    points = frontier_points(placed)
    return FrontierResult(
        workload=workload_result(inputs),
        benchmark=benchmark,
        points=points,
        dominated=tuple(_dominated(row, by) for row, by in beaten),
        unscored=tuple(row.id for row in unscored),
        verdict=frontier_words(points, len(placed) + len(beaten)),
        **carried(inputs, used, [option for option in used if option.id in ends]),
        cheaper_but_unsure=tuple(row.id for row in unsure),
        min_trust=LEVELS[least_trust(inputs)],
    )


def frontier_points(placed: Sequence[OptionResult]) -> tuple[FrontierPoint, ...]:
    """Return the points of a frontier, each against the one before it."""
    before = (None, *placed)
    return tuple(_point(row, last) for row, last in zip(placed, before, strict=False))


def _point(row: OptionResult, last: OptionResult | None) -> FrontierPoint:
    assert row.quality is not None and row.monthly_usd is not None
    more = None if last is None else row.monthly_usd - _usd(last)
    return FrontierPoint(
        option=row.id,
        model=row.model,
        tier=row.tier,
        class_=row.class_,
        monthly_usd=row.monthly_usd,
        usd_per_mtok=row.usd_per_mtok,
        quality=row.quality,
        trust=row.trust,
        trust_reasons=row.trust_reasons,
        more_usd=more,
        usd_per_point=None if more is None or last is None else more / (_score(row) - _score(last)),
        apart=None if last is None or last.quality is None else _apart(last.quality, row.quality),
    )


def _apart(low: ModelQuality, high: ModelQuality) -> bool | None:
    return None if low.high is None or high.low is None else high.low > low.high


def _dominated(row: OptionResult, by: OptionResult) -> DominatedOption:
    assert row.quality is not None and row.monthly_usd is not None
    return DominatedOption(
        option=row.id,
        model=row.model,
        tier=row.tier,
        monthly_usd=row.monthly_usd,
        quality=row.quality,
        by=by.id,
    )


def frontier_words(points: Sequence[FrontierPoint], count: int) -> str:
    """Return what a frontier says: its ends, and the step from which a point costs the most.

    Args:
        count: Options that have a score.
    """
    first, last = points[0], points[-1]
    if first is last:
        return f"Of {count} options nothing is better or cheaper than {_named(first)}."
    told = (
        f"{len(points)} of {count} options are the cheapest of their quality, from "
        f"{_named(first)} to {_named(last)} a month."
    )
    steps = [
        (p.usd_per_point or 0.0, i) for i, p in enumerate(points) if i and p.apart is not False
    ]
    if not steps:
        return f"{told} None of them can be told apart from the one before."
    low, (high, at) = min(steps)[0], max(steps)
    if len(steps) == 1:
        return f"{told} Each further point costs {show_usd(high)} a month."
    return (
        f"{told} A further point costs {show_usd(low)} at the least, and {show_usd(high)} beyond "
        f"{points[at - 1].model}."
    )


def _named(point: FrontierPoint) -> str:
    return f"{point.model} ({show_score(point.quality.value)}) at {show_usd(point.monthly_usd)}"
