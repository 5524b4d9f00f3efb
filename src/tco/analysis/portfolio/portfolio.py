"""The cheapest assignment of a portfolio of tasks, and the plan taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from tco.analysis.checks import CheckedAnswer, checked, known_names
from tco.analysis.plan.bills import purchase_row
from tco.analysis.portfolio.cases import TaskCase, cases_of, named_model, names_of
from tco.analysis.portfolio.fleets import LOADS, MEAN, PEAK, FleetLoads, fleet_bills, hosted
from tco.analysis.portfolio.results import (
    CascadeResult,
    FleetResult,
    PortfolioResult,
    ReductionResult,
    StepResult,
    TaskResult,
    portfolio_verdict,
)
from tco.analysis.portfolio.solve import (
    MOST_SWITCHES,
    Route,
    Router,
    Solution,
    Step,
    extra_usd,
    problem_of,
    solution,
)
from tco.analysis.report import FEW_TOKENS, assumptions_of, carried, few
from tco.analysis.results import AssumptionResult
from tco.catalog.tasks import Tasks
from tco.catalog.trust import LEVELS
from tco.engine.assign import breakeven_escalation, share_for_reduction
from tco.engine.ledger import total_usd
from tco.engine.selfhost import Fleet
from tco.engine.shapes import Floats, number
from tco.errors import UsageError
from tco.options.bills import Option, TokenOption
from tco.options.cheapest import answers_at, insist, least_sure, least_trust, sure_enough
from tco.options.hours import refuse_billing
from tco.options.machines import once_lines, team_lines
from tco.options.question import Question
from tco.records import dataclass
from tco.units import MTOK, show_share, show_usd

# A solved portfolio taken apart: tasks, fleets, cascades.


def _loads(ways: Router, best: Solution) -> dict[int, Floats]:
    """Return the load of each fleet that is used, as `FleetLoads` has it."""
    loads: dict[int, Floats] = {}
    for route in best.routes:
        for step in route.steps:
            if step.fleet >= 0:
                load = step.asked * ways.fleets[step.fleet].parts(route.task)
                loads[step.fleet] = loads.get(step.fleet, np.zeros(LOADS)) + load
    return loads


def _bills(inputs: Question, ways: Router, loads: FleetLoads) -> dict[int, tuple[Fleet, float]]:
    """Return what each fleet that is used costs."""
    return fleet_bills(inputs, {i: ways.fleets[i] for i in loads}, loads)


def fleet_rows(
    inputs: Question, cases: Sequence[TaskCase], ways: Router, best: Solution
) -> tuple[FleetResult, ...]:
    """Return the fleets that tasks share."""
    rows = []
    loads = _loads(ways, best)
    bills = _bills(inputs, ways, loads)
    for fleet, load in loads.items():
        shared, (servers, usd) = ways.fleets[fleet], bills[fleet]
        users = [
            (case, step)
            for case, route in zip(cases, best.routes, strict=True)
            for step in route.steps
            if step.fleet == fleet
        ]
        rows.append(
            FleetResult(
                option=shared.option.id,
                model=shared.option.model,
                replicas=number(servers.replicas),
                gpus=number(servers.gpus),
                paid_gpus=number(servers.paid_gpus),
                load=float(load[PEAK]),
                utilization=float(load[MEAN]) / number(servers.replicas),
                monthly_usd=usd + sum(step.usd for _, step in users),
                tasks=tuple(dict.fromkeys(case.task.name for case, _ in users)),
            )
        )
    return tuple(rows)


def task_rows(
    inputs: Question,
    cases: Sequence[TaskCase],
    routes: Sequence[Route],
    ways: Router,
    best: Solution,
    extra: Sequence[float | None],
) -> tuple[TaskResult, ...]:
    """Return how each task is served; the router is added later."""
    loads = _loads(ways, best)
    bills = {fleet: usd for fleet, (_, usd) in _bills(inputs, ways, loads).items()}
    whole = sum(case.requests for case in cases)
    rows = []
    for task, (case, route) in enumerate(zip(cases, best.routes, strict=True)):
        steps = tuple(_step(step, task, ways, loads, bills) for step in route.steps)
        usd = sum(step.monthly_usd for step in steps) + route.judge_usd
        trust = least_sure(step.option for step in route.steps)
        rows.append(
            TaskResult(
                name=case.task.name,
                requests=case.requests,
                tokens=case.tokens,
                share=case.requests / whole,
                cascade=route.cascade or None,
                steps=steps,
                judge_usd=route.judge_usd,
                router_usd=0.0,
                monthly_usd=usd,
                usd_per_request=usd / case.requests,
                usd_per_success=None if case.success is None else usd / case.requests,
                usd_per_mtok=usd / case.tokens * MTOK,
                routes=sum(r.task == task for r in routes),
                other_way_usd=extra[task],
                switch=_switch(usd, route, extra[task]),
                trust=trust.level,
                trust_reasons=trust.reasons,
            )
        )
    return tuple(rows)


def _step(
    step: Step, task: int, ways: Router, loads: FleetLoads, bills: dict[int, float]
) -> StepResult:
    usd = step.usd
    if step.fleet >= 0:
        part = step.asked * float(ways.fleets[step.fleet].load[task] / loads[step.fleet][PEAK])
        usd += bills[step.fleet] * part
    return StepResult(
        option=step.option.id,
        model=step.option.model,
        mode=step.mode,
        reach=step.reach,
        asked=step.asked,
        monthly_usd=usd,
        trust=step.option.trust.level,
        trust_reasons=step.option.trust.reasons,
    )


def _switch(usd: float, route: Route, extra: float | None) -> str:
    """Return in words from which bill on the other way to serve a task pays."""
    own = any(step.fleet >= 0 for step in route.steps)
    if extra is None:
        return "only own GPUs can serve it" if own else "no set-up of own GPUs can serve it"
    if own:
        return f"own GPUs pay as long as the API would cost {show_usd(extra)} less a month"
    return (
        f"own GPUs pay once its bill by the token is {show_usd(usd + extra)} a month, "
        f"now {show_usd(usd)}"
    )


def cascade_rows(
    cases: Sequence[TaskCase], routes: Sequence[Route], best: Solution
) -> tuple[CascadeResult, ...]:
    """Return each cascade by the token against its last model alone."""
    rows = []
    for task, case in enumerate(cases):
        for cascade in case.cascades:
            found = [
                r
                for r in routes
                if r.task == task
                and r.cascade == cascade.name
                and all(step.fleet < 0 for step in r.steps)
            ]
            if found:
                chosen = best.routes[task].cascade == cascade.name
                rows.append(_cascade(case, min(found, key=lambda r: r.usd), chosen=chosen))
    return tuple(rows)


def _cascade(case: TaskCase, route: Route, *, chosen: bool) -> CascadeResult:
    last = route.steps[-1]
    tried = (route.usd - last.usd) / case.requests
    alone = last.usd / last.reach / case.requests if last.reach > 0 else 0.0  # until it is right
    edge = float(breakeven_escalation(tried, 0.0, alone)) if alone > 0 else 0.0
    return CascadeResult(
        name=route.cascade,
        task=case.task.name,
        chosen=chosen,
        tried_usd=tried,
        last_usd=alone,
        escalate=last.reach,
        breakeven_escalate=edge,
        pays=last.reach < edge,
    )


# The cheapest assignment of a portfolio of tasks to models and ways to run them.

REDUCTIONS = (0.4, 0.6, 0.95)
"""Reductions that the articles claim: 40 to 60 % of three tiers, 95 % of one example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedPortfolio:
    """Everything that the answer is made of.

    Args:
        routes: All routes of all tasks.
        extra: What serving each task the other way would cost more [tasks] [USD/month].
        router_usd: What the router charges for each task [tasks] [USD/month].
        unsure: Of each task the cheapest route by the token that costs less than the one chosen,
            and is not sure enough; None where there is none [tasks].
        routed_by: The options by the token that route.
    """

    cases: list[TaskCase]
    ways: Router
    routes: list[Route]
    best: Solution
    extra: list[float | None]
    router_usd: list[float]
    unsure: list[Route | None]
    routed_by: tuple[TokenOption, ...]


def portfolio(inputs: Question, tasks: Tasks) -> PortfolioResult:
    """Return the cheapest plan for all tasks together.

    Args:
        inputs: The question; its volume and traffic are those of the tasks.

    Raises:
        DataError: A name or a value of the file that means nothing.
        InfeasibleError: Nothing can serve one of the tasks; the binding need is named.
    """
    refuse_billing(inputs, "the fleets that tasks share are always on; leave it out")
    known_names(inputs)
    _refuse_too_many(inputs, tasks)
    cases = cases_of(inputs, tasks)
    scores = [
        (named_model(inputs, score.model, tasks.where("scores", i)), score)
        for i, score in enumerate(tasks.record.scores)
    ]
    ways = Router(inputs, cases, scores)
    least = least_trust(inputs)
    all_routes = [ways.routes(task) for task in range(len(cases))]
    routes = [route for some in all_routes for route in _sure(inputs, some, least)]
    router = tasks.judge(tasks.record.router, "router")
    routing = [ways.calls.priced(router, case) if router else (0.0, None) for case in cases]
    routed_by = tuple(option for _, option in routing if option is not None)
    problem = problem_of(routes, ways.fleets, inputs.settings, called=bool(routed_by))
    best = solution(routes, problem)
    extra: list[float | None] = [None] * len(cases)
    if len(cases) <= MOST_SWITCHES:
        extra = [extra_usd(routes, problem, best, task) for task in range(len(cases))]
    found = SolvedPortfolio(
        cases=cases,
        ways=ways,
        routes=routes,
        best=best,
        extra=extra,
        router_usd=[usd for usd, _ in routing],
        routed_by=routed_by,
        unsure=[_cheaper(*both) for both in zip(all_routes, best.routes, strict=True)],
    )
    return _result(inputs, tasks, found)


MOST_PAIRS = 100_000
"""Tasks times models that could serve them: 64 tasks of the shipped catalog take some seconds."""


def _refuse_too_many(inputs: Question, tasks: Tasks) -> None:
    """Raise `UsageError` for more tasks than can be worked through together."""
    models = sum(model.kind == "chat" for model in inputs.catalog.models.models.values())
    most = MOST_PAIRS // max(models, 1)
    if len(tasks.tasks) > most:
        raise UsageError(
            f"{len(tasks.tasks):,} tasks x {models} models are too many for one plan: at most "
            f"{most:,} tasks, which take minutes; join tasks that are alike"
        )


def _sure(inputs: Question, routes: Iterable[Route], least: int) -> list[Route]:
    """Return the routes of a task that may be the answer: all their prices are sure enough."""
    known = [*routes]
    trust = [min(step.option.trust.rank for step in route.steps) for route in known]
    insist(inputs, (LEVELS[rank] for rank in trust))
    may = sure_enough(np.zeros(len(known)), np.array(trust, dtype=np.int64), least)
    return [route for route, sure in zip(known, may.tolist(), strict=True) if sure]


def _result(inputs: Question, tasks: Tasks, found: SolvedPortfolio) -> PortfolioResult:
    rows = task_rows(inputs, found.cases, found.routes, found.ways, found.best, found.extra)
    rows = tuple(_with_router(row, usd) for row, usd in zip(rows, found.router_usd, strict=True))
    fleets = fleet_rows(inputs, found.cases, found.ways, found.best)
    used = _used(found)
    parts = _parts(inputs, found, fleets)
    total = reduce(add, parts.values())
    unsure = (r.steps[0].option.id for r in found.unsure if r is not None)
    against, against_usd, held = _against(inputs, tasks, found)
    api_people = total_usd(team_lines(inputs.settings, by_token=True))
    everything = None if against_usd is None else against_usd + number(api_people)
    result = PortfolioResult(
        tasks=rows,
        fleets=fleets,
        cascades=cascade_rows(found.cases, found.routes, found.best),
        monthly_usd=total,
        **parts,
        against=against,
        against_usd=everything,
        reduction=None if not everything else 1.0 - total / everything,
        reductions=_reductions(rows, against, against_usd),
        method=found.best.method,
        choices=found.best.looked_at,
        verdict="",
        **carried(
            inputs,
            used,
            used,
            first=(*tasks.warnings, *_few(found.cases), *_unproved(found.best)),
            last=(*_peaks(found), *_machines(fleets)),
            assumptions=_assumptions(inputs, [*used, *held]),
        ),
        gap=found.best.gap,
        best=tuple(dict.fromkeys(s.option.id for r in found.best.routes for s in r.steps)),
        trust=least_sure(used).level,
        trust_reasons=least_sure(used).reasons,
        checks=checked(inputs, CheckedAnswer("the plan", total, used, used)),
        cheaper_but_unsure=tuple(dict.fromkeys(unsure)),
    )
    return replace(result, verdict=f"{portfolio_verdict(result)} {_unsure_words(found)}".strip())


def _with_router(row: TaskResult, router_usd: float) -> TaskResult:
    """Return a task with its part of the router [USD/month]."""
    usd = row.monthly_usd + router_usd
    return replace(
        row,
        router_usd=router_usd,
        monthly_usd=usd,
        usd_per_request=usd / row.requests,
        usd_per_success=None if row.usd_per_success is None else usd / row.requests,
        usd_per_mtok=usd / row.tokens * 1e6,
    )


def _parts(
    inputs: Question, found: SolvedPortfolio, fleets: Sequence[FleetResult]
) -> dict[str, Any]:
    """Return what the bill is made of, by the fields that say it [USD/month]."""
    once = once_lines(inputs.settings) if any(fleet.gpus for fleet in fleets) else ()
    own_people, api_people = _people(inputs, found, fleets)
    return {
        "tokens_usd": sum(route.tokens_usd for route in found.best.routes),
        "judge_usd": sum(route.judge_usd for route in found.best.routes),
        "fleets_usd": sum(fleet.monthly_usd for fleet in fleets),
        "once_usd": number(total_usd(once)),
        "own_people_usd": own_people,
        "api_people_usd": api_people,
        "router_usd": sum(found.router_usd),
    }


def _cheaper(routes: Sequence[Route], chosen: Route) -> Route | None:
    """Return the cheapest single model by the token that costs less than the route chosen."""
    if any(step.fleet >= 0 for step in chosen.steps):
        return None  # of a shared fleet no task has a bill of its own
    alone = [r for r in routes if not r.cascade and r.steps[0].fleet < 0 and r.usd < chosen.usd]
    return min(alone, key=lambda r: (r.usd, r.steps[0].option.id), default=None)


def _unsure_words(found: SolvedPortfolio) -> str:
    """Return what costs less than the plan's routes, and why it was not taken."""
    named = [
        f"{case.task.name} by {route.steps[0].option.id} at {show_usd(route.usd)} "
        f"({route.steps[0].option.trust.reasons[0]})"
        for case, route in zip(found.cases, found.unsure, strict=True)
        if route is not None
    ]
    return f"Cheaper but not sure enough: {'; '.join(named)}." if named else ""


def _unproved(best: Solution) -> tuple[str, ...]:
    """Return that the plan may not be the cheapest, where the solver ran out of time."""
    if not best.gap:
        return ()
    return (f"not proved to be the cheapest: one that is {show_share(best.gap)} less may exist",)


def _assumptions(inputs: Question, used: list[Option]) -> tuple[AssumptionResult, ...]:
    """Return what entered the bills; what tasks are like stands in the file."""
    rows = [
        row
        for row in assumptions_of(inputs, used)
        if row.path == "workload.hours_per_month"
        or not row.path.startswith(("workload.", "rent.purchase"))
    ]
    return (*rows, purchase_row(inputs))


def _people(
    inputs: Question, found: SolvedPortfolio, fleets: Sequence[FleetResult]
) -> tuple[float, float]:
    """Return what people cost that own GPUs take, and those that an API takes [USD/month].

    Nobody for an API that nothing is sent to.
    """
    run_by_host = {f.option.id for f in found.ways.fleets if hosted(f.option)}
    staffed = sum(fleet.gpus for fleet in fleets if fleet.option not in run_by_host)
    host = any(fleet.option in run_by_host for fleet in fleets)
    called = bool(found.routed_by) or any(route.by_token for route in found.best.routes)
    team = team_lines(inputs.settings, staffed or None, hosted=host, by_token=called)
    of_api = team_lines(inputs.settings, by_token=True) if host or called else ()
    own = tuple(line for line in team if line not in of_api)
    return number(total_usd(own)), number(total_usd(of_api))


def _used(found: SolvedPortfolio) -> list[Option]:
    """Return the options of the plan: those that serve, judge or route."""
    routes = found.best.routes
    options: list[Option] = [step.option for route in routes for step in route.steps]
    options += [judge for route in routes for judge in route.judges]
    options += found.routed_by
    return list({option.id: option for option in options}.values())


def _few(cases: Sequence[TaskCase]) -> list[str]:
    """Return the tasks of which next to nothing is asked."""
    told = [(case.task.name, few("tokens a month", case.tokens, FEW_TOKENS)) for case in cases]
    return [f"{name}: {text}" for name, text in told if text]


def _peaks(found: SolvedPortfolio) -> tuple[str, ...]:
    shared = [step.fleet for route in found.best.routes for step in route.steps if step.fleet >= 0]
    if len(shared) == len(set(shared)):
        return ()
    return ("the peaks of tasks on a shared fleet are added up, as if they came together",)


def _machines(fleets: Sequence[FleetResult]) -> tuple[str, ...]:
    """Return that machines are filled up after the routes were chosen, where that matters."""
    if len(fleets) < 2 or not any(fleet.paid_gpus > fleet.gpus for fleet in fleets):
        return ()
    return ("machines are filled up with the fleets chosen; others might fill them better",)


def _against(
    inputs: Question, tasks: Tasks, found: SolvedPortfolio
) -> tuple[str | None, float | None, list[Option]]:
    """Return one model for everything, its bill and its offer: as named, else the cheapest.

    By the token, at its cheapest offer; a model that is named need not meet what tasks ask for.
    """
    against = tasks.record.against
    if against is not None:
        name = named_model(inputs, against, f"{tasks.document.path}: against")
        offers = _for_everything(found, lambda o: name in names_of(o))
        if not offers:
            return name, None, []
        option, usd = offers[_first(inputs, offers)]
        return name, usd, [option]
    for_all: set[str] | None = None
    for task in range(len(found.cases)):
        alone = {
            route.steps[0].option.id
            for route in found.routes
            if route.task == task and not route.cascade and route.steps[0].mode == "api"
        }
        for_all = alone if for_all is None else for_all & alone
    offers = _for_everything(found, lambda o: o.id in (for_all or set()))
    if not offers:
        return None, None, []
    option, usd = offers[_first(inputs, offers)]
    return option.id, usd, [option]


def _for_everything(
    found: SolvedPortfolio, wanted: Callable[[TokenOption], bool]
) -> list[tuple[Option, float]]:
    """Return offers by the token, and what each charges for all tasks [USD/month].

    Asked until it is right, where it was said of a task how often models are.
    """
    rows: list[tuple[Option, float]] = []
    for option, plain, _ in found.ways.offers:
        often = [case.tries(option) for case in found.cases] if wanted(option) else [None]
        if all(often):
            rows.append((option, float(plain @ np.array(often, dtype=float))))
    return rows


def _first(inputs: Question, offers: Sequence[tuple[Option, float]]) -> int:
    """Return which of some offers is the answer [1]."""
    usd = np.array([usd for _, usd in offers])
    return int(answers_at([option for option, _ in offers], usd, least_trust(inputs)))


def _reductions(
    rows: Sequence[TaskResult], against: str | None, against_usd: float | None
) -> tuple[ReductionResult, ...]:
    """Return the shares that must leave the premium model, at the mean cost of what left it."""
    if against is None or not against_usd:
        return ()
    left = [r for r in rows if all(against not in (s.model, s.option) for s in r.steps)]
    requests = sum(row.requests for row in left)
    if not requests:
        return ()
    cheap = sum(row.monthly_usd for row in left) / requests
    premium = against_usd / sum(row.requests for row in rows)
    found = []
    for reduction in REDUCTIONS:
        share = float(share_for_reduction(reduction, cheap, premium)) if cheap < premium else 2.0
        found.append(ReductionResult(reduction=reduction, share=share if share <= 1.0 else None))
    return tuple(found)
