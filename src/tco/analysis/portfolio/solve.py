"""From routes to the cheapest plan: the problem in numbers, and the ways to solve it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from typing import Any, Literal

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
from tco.analysis.portfolio.fleets import SharedFleet, own_fleets, shared_fleets, sizes_of
from tco.catalog.tasks import Cascade, ScorePart
from tco.engine.assign import Problem, combinations, enumerated, needed_routes, total_cost
from tco.engine.ledger import total_usd
from tco.engine.selfhost import project_ftes
from tco.engine.shapes import Floats, Indices, number
from tco.errors import TcoError, UsageError, install_command
from tco.options.bills import SelfOption, TokenOption, charged_lines
from tco.options.cheapest import answers_at, least_trust
from tco.options.described import inline_option
from tco.options.machines import once_lines
from tco.options.offers import token_options
from tco.options.provisioned import NO_SEATS, NO_UNITS, FixedOption, ProvisionedOption
from tco.options.question import Question
from tco.options.selection import Selection, select
from tco.options.settings import Settings, people
from tco.records import dataclass
from tco.units import show_share

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


def ways_of(
    inputs: Question, cases: Sequence[TaskCase], scores: Sequence[tuple[str, ScorePart]]
) -> tuple[list[SharedFleet], tuple[tuple[TokenOption, Floats, Floats], ...], list[str]]:
    """Return the fleets and offers that some task could use, and why models were left out."""
    # Each is priced for one try: how often it is asked depends on the task, see `Step.asked`.
    inputs = replace(inputs, success=None)
    selection = select(inputs.catalog, replace(inputs.request, success=()))
    # Contexts are held against each task later: here no request is too long.
    lengths = {"workload.isl": 1.0, "workload.osl": 1.0, "workload.images_per_request": 0.0}
    short = inputs.settings.with_values(lengths)
    gaps = next(filter(None, (case.caching_gaps for case in cases)), None)
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
    if seats := [o.id for o in own if isinstance(o, FixedOption) and o.unit == "seat"]:
        raise UsageError(f"{seats[0]}: {NO_SEATS}")
    tiered = [o.id for o in tokens if o.terms is not None]
    if tiered:
        raise UsageError(
            f"{tiered[0]}: tasks need prices that do not change with the volume; leave tiers and "
            "commitment out"
        )
    wanted = _for_own_gpus(inputs, cases, selection, scores)
    fleets, left_out = shared_fleets(inputs, cases, wanted, selection)
    return [*fleets, *own_fleets(own, inputs, cases)], _priced(tokens, inputs, cases), left_out


def _priced(
    tokens: Sequence[TokenOption], inputs: Question, cases: Sequence[TaskCase]
) -> tuple[tuple[TokenOption, Floats, Floats], ...]:
    """Return offers with what each charges for every task, plain and through the batch tier."""
    batch = np.array([case.batch_share for case in cases])
    shares = (np.zeros(len(cases)), batch)
    plain = [replace(option, caching=None) for option in tokens]
    usd = [[np.empty(len(cases)) for _ in shares] for _ in tokens]
    for key in dict.fromkeys(case.priced_alike for case in cases):
        places = [n for n, case in enumerate(cases) if case.priced_alike == key]
        some = [cases[n] for n in places]
        gaps, week, lengths = some[0].caching_gaps, some[0].buying.week, some[0].buying.lengths
        settings = stacked_settings(inputs, some)
        cached = settings if gaps is None else session_settings(inputs, some)
        usual = column(some, "workload.cached_share")
        for option, found in zip(tokens, usd, strict=True):
            buying = replace(option.buying, week=week, lengths=lengths)
            meant, at = replace(option, caching=None, buying=buying), settings
            if option.caching is not None and gaps is not None:
                caching = replace(option.caching, gaps=gaps, usual_share=usual)
                meant, at = replace(meant, caching=caching), cached
            for paid, share in zip(found, shares, strict=True):
                paid[places] = _charged(meant, at, share[places])
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
        for cascade in case.cascades
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
    """Finds the routes of one task after another, among everything that could serve the tasks.

    `offers` are by the token, with what each charges for every task, plain and through the batch
    tier [USD/month]; `fleets` are set-ups that can be shared; `left_out` says why models were not.
    """

    def __init__(
        self,
        inputs: Question,
        cases: Sequence[TaskCase],
        scores: Sequence[tuple[str, ScorePart]],
    ) -> None:
        """Keep what all tasks have in common."""
        self.inputs, self.cases = inputs, cases
        self.fleets, self.offers, self.left_out = ways_of(inputs, cases, scores)
        self.models = inputs.catalog.models.models
        options = [*(o for o, _, _ in self.offers), *(f.option for f in self.fleets)]
        names = {name for option in options for name in names_of(option)}
        self.scores = {name: scores_of(inputs, scores, name) for name in names}
        self.calls = Calls(inputs, self.offers)

    def routes(self, task: int) -> list[Route]:
        """Return the routes of a task.

        Raises:
            InfeasibleError: There is none; the binding need is named.
        """
        case = self.cases[task]
        tried = [*self._tokens(task), *self._fleets(task)]
        found = [Route(task=task, steps=(step,)) for step, failed in tried if not failed]
        for cascade in case.cascades:
            found += self._cascade(task, cascade, tried)
        if not found:
            named = [(step.option.id, failed) for step, failed in tried]
            raise nothing_left(case, named, self.left_out)
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
        for option, plain, batch in self.offers:
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
        for index, fleet in enumerate(self.fleets):
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


# The same assignment as a mixed-integer program, for HiGHS through scipy (extra `solver`).

TIME_LIMIT_S = 60.0
PROVED = 0
"""What scipy calls the state of a program that was solved to its end."""
GAP = 1e-9
"""Relative gap at which HiGHS stops; the choice it returns is then priced anew, exactly."""


def solver_installed() -> bool:
    """Return whether scipy is there."""
    return find_spec("scipy") is not None


class _Rows:
    """Constraints as they are written down: entries, and the bounds of each row."""

    def __init__(self) -> None:
        self.row: list[Any] = []
        self.column: list[Any] = []
        self.value: list[Any] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, columns: Any, values: Any, low: float, high: float) -> None:
        """Add ``low <= sum(value * column) <= high``."""
        columns = np.atleast_1d(np.asarray(columns))
        self.row.append(np.full(columns.size, len(self.low)))
        self.column.append(columns)
        self.value.append(np.broadcast_to(np.asarray(values, dtype=float), columns.shape))
        self.low.append(low)
        self.high.append(high)


def solved(problem: Problem) -> tuple[Indices, float]:
    """Return the cheapest choice of a route for each task [tasks], and how sure that is.

    The second is the gap: by how much of its cost a cheaper choice could beat it that was not
    found in time [1]; 0 where it is proved.

    Variables: a route taken or not, a size of each fleet or none, an endpoint of somebody else or
    none, projects or none, a team or none and its cost.

    Raises:
        UsageError: scipy is not installed.
        TcoError: HiGHS found nothing within its time.
    """
    if not solver_installed():
        raise UsageError(
            f"so many tasks and models need a solver, scipy: {install_command('solver')}"
        )
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    first, count, rows, scale = _written_down(problem)
    cost = np.zeros(count)
    cost[: problem.usd.size] = problem.usd
    for f, fleet in enumerate(problem.fleets):
        cost[first[f] : first[f] + fleet.usd.size] = fleet.usd
    staff = problem.team
    cost[-1], cost[-4] = scale, problem.api_usd
    projects_usd = float(np.asarray(staff.usd_per_month * sum(project_ftes(staff))))
    cost[-3] = projects_usd + problem.once_usd
    matrix = coo_array(
        (np.concatenate(rows.value), (np.concatenate(rows.row), np.concatenate(rows.column))),
        shape=(len(rows.low), count),
    ).tocsr()
    whole = np.ones(count)
    whole[-1] = 0
    upper = np.ones(count)
    upper[-1] = np.inf
    answer = milp(
        cost / max(float(np.abs(cost).max()), 1e-12),
        constraints=LinearConstraint(matrix, np.array(rows.low), np.array(rows.high)),
        integrality=whole,
        bounds=Bounds(np.zeros(count), upper),
        options={"mip_rel_gap": GAP, "time_limit": TIME_LIMIT_S},
    )
    if answer.x is None:
        raise TcoError(f"the solver found no assignment in {TIME_LIMIT_S:g} s: {answer.message}")
    taken = answer.x[: problem.usd.size]
    best = [r[int(np.argmax(taken[r]))] for r in map(problem.routes_of, range(problem.tasks))]
    gap = 0.0 if answer.status == PROVED else float(answer.mip_gap)
    return np.array(best, dtype=np.int64), gap


def _written_down(problem: Problem) -> tuple[list[int], int, _Rows, float]:
    """Return the first size variable of each fleet, the number of variables, and the rows.

    The last four variables are the calls of somebody else's endpoint, the projects, the team, and
    its cost over its smallest one.
    """
    rows, routes = _Rows(), problem.usd.size
    first = [routes]
    for fleet in problem.fleets:
        first.append(first[-1] + fleet.usd.size)
    called, projects, team, pay = range(first[-1], first[-1] + 4)
    for task in range(problem.tasks):
        rows.add(problem.routes_of(task), 1.0, 1.0, 1.0)
        calls = problem.routes_of(task)[problem.called[problem.routes_of(task)]]
        if calls.size:
            rows.add(np.append(calls, called), np.append(np.ones(calls.size), -1.0), -np.inf, 0.0)
    floor, fixed, per_gpu = (
        float(np.asarray(problem.team.usd_per_month * fte))
        for fte in (problem.team.floor_fte, problem.team.fixed_fte, problem.team.fte_per_gpu)
    )
    scale = max(floor, fixed, 1.0)
    every, gpus = [], []
    for f, fleet in enumerate(problem.fleets):
        sizes = np.arange(first[f], first[f + 1])
        _fleet_rows(rows, problem, f, sizes)
        hosted = fleet.gpus - fleet.staffed_gpus
        for needed, by in (
            (team, fleet.staffed_gpus),
            (projects, fleet.gpus),
            (called, hosted),
        ):
            if by.any():
                rows.add(np.append(sizes, needed), np.append(by > 0, -1.0), -np.inf, 0.0)
        every.append(sizes)
        gpus.append(fleet.staffed_gpus)
    if every:
        columns = np.concatenate([[pay, team], *every])
        each = -per_gpu * np.concatenate(gpus) / scale
        values = np.concatenate([[1.0, -fixed / scale], each])
        rows.add(columns, values, 0.0, np.inf)
    rows.add([pay, team], [1.0, -floor / scale], 0.0, np.inf)
    return first, pay + 1, rows, scale


def _fleet_rows(rows: _Rows, problem: Problem, f: int, sizes: Indices) -> None:
    """Add: one size at most; its capacity holds; nothing runs on no fleet."""
    fleet = problem.fleets[f]
    rows.add(sizes, 1.0, -np.inf, 1.0)
    on = np.flatnonzero(problem.load[:, f] > 0)
    if not on.size:
        return
    columns = np.concatenate([on, sizes])
    rows.add(columns, np.concatenate([problem.load[on, f], -fleet.capacity]), -np.inf, 0.0)
    for route in on.tolist():
        fit = fleet.capacity + 1e-9 >= problem.load[route, f]
        rows.add(np.append(sizes[fit], route), np.append(-np.ones(fit.sum()), 1.0), -np.inf, 0.0)


# From routes to the cheapest plan: the problem in numbers, the way it is solved, what turns it.

MOST_COMBINATIONS = 200_000
"""Choices up to which all are looked at, so that no solver is needed."""
MOST_SWITCHES = 12
"""Tasks up to which each is asked what it would take to serve it the other way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The cheapest plan.

    Args:
        routes: The route of each task [tasks].
        usd: What it costs, people included, routers not [USD/month].
        method: How it was found.
        looked_at: Choices that there were, before and after what cannot matter was left out.
        gap: Share of its cost by which another plan could beat it, not found in time [1].
    """

    routes: tuple[Route, ...]
    usd: float
    method: str
    looked_at: tuple[float, float]
    gap: float = 0.0


def problem_of(
    routes: Sequence[Route],
    fleets: Sequence[SharedFleet],
    settings: Settings,
    *,
    called: bool = False,
) -> Problem:
    """Return the choice between routes as numbers.

    Args:
        fleets: The fleets they may use.
        called: Somebody else's endpoint is called on every route: a router's.
    """
    load = np.zeros((len(routes), len(fleets)))
    for row, route in enumerate(routes):
        for step in route.steps:
            if step.fleet >= 0:
                load[row, step.fleet] += step.asked * fleets[step.fleet].load[route.task]
    task = np.array([route.task for route in routes], dtype=np.int64)
    most = [_most(load[:, f], task) for f in range(len(fleets))]
    return Problem(
        task=task,
        usd=np.array([route.usd for route in routes]),
        load=load,
        fleets=[sizes_of(fleet, settings, m) for fleet, m in zip(fleets, most, strict=True)],
        by_token=np.array([called or route.by_token for route in routes]),
        team=people(settings),
        once_usd=number(total_usd(once_lines(settings))),
    )


def _most(load: np.ndarray[tuple[int], np.dtype[np.float64]], task: Indices) -> float:
    """Return the load of a fleet when every task that can use it does [1]."""
    return sum(float(load[task == t].max()) for t in np.unique(task)) or 1e-6


def solution(routes: Sequence[Route], problem: Problem) -> Solution:
    """Return the cheapest plan: all choices where they are few, the solver where they are many."""
    kept = needed_routes(problem)
    smaller = problem.only(kept)
    few = combinations(smaller) <= MOST_COMBINATIONS
    best, gap = (enumerated(smaller), 0.0) if few else solved(smaller)
    program = "mixed-integer program, HiGHS"
    if gap:
        program += f", not proved: at most {show_share(gap)} above the cheapest"
    return Solution(
        routes=tuple(routes[int(kept[i])] for i in best),
        usd=float(total_cost(smaller, best[None, :])[0]),
        method="every choice looked at" if few else program,
        looked_at=(float(combinations(problem)), float(combinations(smaller))),
        gap=gap,
    )


def extra_usd(routes: Sequence[Route], problem: Problem, best: Solution, task: int) -> float | None:
    """Return what the plan costs more when a task is served the other way [USD/month].

    On own GPUs if it is now served by the token, by the token if it is now on own GPUs; None
    where there is no such way.

    Args:
        problem: The same in numbers.
        best: The cheapest plan.
    """
    own = any(step.fleet >= 0 for step in best.routes[task].steps)
    keep = [
        i
        for i, route in enumerate(routes)
        if route.task != task or any(step.fleet >= 0 for step in route.steps) != own
    ]
    if not any(routes[i].task == task for i in keep):
        return None
    rest = solution([routes[i] for i in keep], problem.only(np.array(keep, dtype=np.int64)))
    return rest.usd - best.usd
