"""Every way to serve each task: one model by the token or on a shared fleet, or a cascade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

from tco.analysis.portfolio.cases import (
    Calls,
    TaskCase,
    UnmetNeed,
    column,
    named_model,
    names_of,
    nothing_left,
    offer_unmet,
    rate_unmet,
    score_unmet,
    scores_of,
    session_settings,
    stacked_settings,
    unmet,
)
from tco.analysis.portfolio.fleets import SharedFleet, own_fleets, shared_fleets
from tco.catalog.tasks import Cascade, ScorePart
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats
from tco.errors import UsageError
from tco.options.bills import FixedOption, SelfOption, TokenOption, charged_lines
from tco.options.cheapest import answers_at, least_trust
from tco.options.described import inline_option
from tco.options.offers import token_options
from tco.options.provisioned import NO_UNITS, ProvisionedOption
from tco.options.question import Question
from tco.options.selection import Selection, select
from tco.options.settings import Settings

Mode = Literal["api", "batch", "self"]
MOST_WAYS = 4
"""Ways by the token and on fleets that are kept for each step of a cascade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One model of a route, and how it is run.

    Args:
        option: What serves it.
        mode: By the token, through the batch tier, or on own GPUs.
        reach: Share of the task's requests that comes here [1].
        usd: What it charges by the token; on a fleet what its work adds to it [USD/month].
        fleet: Index of the fleet; -1 by the token.
        asked: How often it is asked for a request of the task, until it is right [1].
    """

    option: TokenOption | SelfOption | FixedOption
    mode: Mode
    reach: float
    usd: float
    fleet: int = -1
    asked: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way to serve one task.

    Args:
        task: Which task, from 0.
        steps: The models, in the order in which they see a request.
        judge_usd: What judges charge [USD/month].
        cascade: Name of the cascade; empty for a single model.
        judges: Options by the token that judge.
    """

    task: int
    steps: tuple[Step, ...]
    judge_usd: float = 0.0
    cascade: str = ""
    judges: tuple[TokenOption, ...] = ()

    @property
    def by_token(self) -> bool:
        """Return whether somebody else's endpoint is called."""
        return bool(self.judges) or any(step.fleet < 0 for step in self.steps)

    @property
    def usd(self) -> float:
        """Return what it costs but its fleets [USD/month]."""
        return self.judge_usd + sum(step.usd for step in self.steps)

    @property
    def tokens_usd(self) -> float:
        """Return what its models charge by the token [USD/month]."""
        return sum(step.usd for step in self.steps if step.fleet < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRoutes:
    """Everything that could serve the tasks.

    Args:
        offers: Offers by the token, with what each charges for every task, plain and through the
            batch tier [USD/month].
        fleets: Set-ups that can be shared.
        left_out: Why models were not.
    """

    offers: tuple[tuple[TokenOption, Floats, Floats], ...]
    fleets: tuple[SharedFleet, ...]
    left_out: tuple[str, ...]


def ways_of(
    inputs: Question, cases: Sequence[TaskCase], scores: Sequence[tuple[str, ScorePart]]
) -> TaskRoutes:
    """Return the offers and fleets that some task could use."""
    # Each is priced for one try: how often it is asked depends on the task, see `Step.asked`.
    inputs = replace(inputs, success=None)
    selection = select(inputs.catalog, replace(inputs.request, success=()))
    # Contexts are held against each task later: here no request is too long.
    lengths = {"workload.isl": 1.0, "workload.osl": 1.0, "workload.images_per_request": 0.0}
    short = inputs.settings.with_values(lengths)
    gaps = next((case.gaps for case in cases if case.gaps is not None), None)
    found, _ = token_options(replace(inputs, settings=short, gaps=gaps), selection)
    described = [
        option
        if isinstance(option, SelfOption)
        else inline_option(replace(inputs, gaps=gaps), spec)
        for spec in inputs.request.options
        for option in [inline_option(inputs, spec)]
    ]
    tokens = [*found, *(o for o in described if isinstance(o, TokenOption))]
    if any(isinstance(o, ProvisionedOption) for o in described):
        raise UsageError(NO_UNITS)
    own = [o for o in described if isinstance(o, SelfOption | FixedOption)]
    tiered = [o.id for o in tokens if o.terms is not None]
    if tiered:
        raise UsageError(
            f"{tiered[0]}: tasks need prices that do not change with the volume; leave tiers and "
            "commitment out"
        )
    wanted = _for_own_gpus(inputs, cases, selection, scores)
    fleets, left_out = shared_fleets(inputs, cases, wanted, selection)
    return TaskRoutes(
        offers=_priced(tokens, inputs, cases),
        fleets=(*fleets, *own_fleets(own, inputs, cases)),
        left_out=tuple(left_out),
    )


def _priced(
    tokens: Sequence[TokenOption], inputs: Question, cases: Sequence[TaskCase]
) -> tuple[tuple[TokenOption, Floats, Floats], ...]:
    """Return offers with what each charges for every task, plain and through the batch tier."""
    batch = np.array([case.batch_share for case in cases])
    shares = (np.zeros(len(cases)), batch)
    plain = [replace(option, caching=None) for option in tokens]
    settings = stacked_settings(inputs, cases)
    usd = [[_charged(option, settings, share) for share in shares] for option in plain]
    for gaps in {case.gaps for case in cases if case.gaps is not None}:
        places = [n for n, case in enumerate(cases) if case.gaps == gaps]
        some = [cases[n] for n in places]
        settings = session_settings(inputs, some)
        usual = column(some, "workload.cached_share")
        for option, found in zip(tokens, usd, strict=True):
            if option.caching is None:
                continue
            of_them = replace(option.caching, gaps=gaps, usual_share=usual)
            for paid, share in zip(found, shares, strict=True):
                paid[places] = _charged(replace(option, caching=of_them), settings, share[places])
    return tuple((option, now, later) for option, (now, later) in zip(plain, usd, strict=True))


def _charged(option: TokenOption, settings: Settings, batch: Floats) -> Floats:
    """Return what an offer charges for each task with so much of it in batches [tasks]."""
    bill = charged_lines(option, settings.with_values({"workload.batch_share": batch}))
    usd = np.empty(batch.shape)
    usd[:] = total_usd(bill)
    return usd


def _for_own_gpus(
    inputs: Question,
    cases: Sequence[TaskCase],
    selection: Selection,
    scores: Sequence[tuple[str, ScorePart]],
) -> frozenset[str]:
    """Return the open models that a task may use as it is, or as a step of a cascade."""
    steps = {
        named_model(inputs, name, cascade.where)
        for case in cases
        for cascade in case.task.cascades
        for name in cascade.models
    }
    wanted = set()
    for name, model in inputs.catalog.models.models.items():
        if model.weights != "open" or model.kind != "chat" or not selection.own_model(name, model):
            continue
        known = scores_of(inputs, scores, name)
        useful = (case for case in cases if case.success is None or case.success.of(name))
        if name in steps or any(not unmet(case, model, {name}, known) for case in useful):
            wanted.add(name)
    return frozenset(wanted)


Tried = Sequence[tuple[Step, list[UnmetNeed]]]
"""Ways to serve a task by one model, and the needs that each does not meet."""


class Router:
    """Finds the routes of one task after another."""

    def __init__(
        self,
        inputs: Question,
        cases: Sequence[TaskCase],
        ways: TaskRoutes,
        scores: Sequence[tuple[str, ScorePart]],
    ) -> None:
        """Keep what all tasks have in common."""
        self.inputs, self.cases, self.ways = inputs, cases, ways
        self.models = inputs.catalog.models.models
        options = [*(o for o, _, _ in ways.offers), *(f.option for f in ways.fleets)]
        names = {name for option in options for name in names_of(option)}
        self.scores = {name: scores_of(inputs, scores, name) for name in names}
        self.calls = Calls(inputs, ways.offers)

    def routes(self, task: int) -> list[Route]:
        """Return the routes of a task.

        Raises:
            InfeasibleError: There is none; the binding need is named.
        """
        case = self.cases[task]
        tried = [*self._tokens(task), *self._fleets(task)]
        found = [Route(task=task, steps=(step,)) for step, failed in tried if not failed]
        for cascade in case.task.cascades:
            found += self._cascade(task, cascade, tried)
        if not found:
            named = [(step.option.id, failed) for step, failed in tried]
            raise nothing_left(case, named, self.ways.left_out)
        return found

    def _failed(
        self, case: TaskCase, option: TokenOption | SelfOption | FixedOption
    ) -> list[UnmetNeed]:
        names = names_of(option)
        known: dict[str, list[tuple[float, str]]] = {}
        for name in names:
            for benchmark, values in self.scores[name].items():
                known.setdefault(benchmark, []).extend(values)
        context = option.context_tokens if isinstance(option, TokenOption) else None
        model = self.models.get(option.model)
        return [*unmet(case, model, names, known, context), *rate_unmet(case, option)]

    def _tokens(self, task: int) -> Iterator[tuple[Step, list[UnmetNeed]]]:
        case = self.cases[task]
        for option, plain, batch in self.ways.offers:
            failed = [*self._failed(case, option), *offer_unmet(case, option)]
            often = case.tries(option) or 1.0
            step = Step(
                option=option, mode="api", reach=1.0, usd=float(plain[task]) * often, asked=often
            )
            yield step, failed
            if case.batch_share and batch[task] < plain[task]:
                yield replace(step, mode="batch", usd=float(batch[task]) * often), failed

    def _fleets(self, task: int) -> Iterator[tuple[Step, list[UnmetNeed]]]:
        case = self.cases[task]
        for index, fleet in enumerate(self.ways.fleets):
            failed = self._failed(case, fleet.option)
            if not np.isfinite(fleet.load[task]):
                failed.append(("fits in the memory of its GPUs and keeps its limits", ""))
            often = case.tries(fleet.option) or 1.0
            work = float(fleet.work_usd[task]) * often
            step = Step(
                option=fleet.option, mode="self", reach=1.0, usd=work, fleet=index, asked=often
            )
            yield step, failed

    def _cascade(self, task: int, cascade: Cascade, tried: Tried) -> list[Route]:
        """Return the routes through a cascade: each step on any of the cheapest ways to run it.

        Only the last model has to reach the score that is asked for: what the others deliver a
        judge has accepted.
        """
        case = self.cases[task]
        judged = self.calls.judged(case, cascade)
        if judged is None:
            return []
        judge_usd, judges = judged
        last = len(cascade.models) - 1
        steps = [
            self._step(
                case, (named_model(self.inputs, name, cascade.where), reach), tried, i == last
            )
            for i, (name, reach) in enumerate(zip(cascade.models, cascade.reach, strict=True))
        ]
        return [
            Route(task=task, steps=chosen, judge_usd=judge_usd, cascade=cascade.name, judges=judges)
            for chosen in product(*steps)
        ]

    def _step(
        self, case: TaskCase, wanted: tuple[str, float], tried: Tried, last: bool
    ) -> list[Step]:
        """Return the best ways to run one model, of which a share of the requests is seen."""
        name, reach = wanted
        waived = set() if last else {need for need, _ in score_unmet(case, {})}
        found = []
        for step, failed in tried:
            left = [n for n, _ in failed if n not in waived and not n.startswith("models ")]
            if name in names_of(step.option) and not left:
                # What a step gets wrong comes to the next one; the last is asked until it is right.
                often = step.asked if last else 1.0
                cost = step.usd / step.asked * often * reach
                found.append(replace(step, reach=reach, usd=cost, asked=often * reach))
        tokens = [s for s in found if s.fleet < 0]
        if tokens:
            usd = np.array([s.usd for s in tokens])
            best = answers_at([s.option for s in tokens], usd, least_trust(self.inputs))
            tokens = [tokens[int(best)]]
        return [*tokens, *[s for s in found if s.fleet >= 0][:MOST_WAYS]]
