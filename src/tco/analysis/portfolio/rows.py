"""A solved portfolio taken apart: tasks, fleets, cascades."""

from __future__ import annotations

from collections.abc import Sequence

from tco.analysis.inputs import Inputs
from tco.analysis.portfolio.cases import Case
from tco.analysis.portfolio.results import CascadeResult, FleetResult, StepResult, TaskResult
from tco.analysis.portfolio.routes import Route, Step, Ways
from tco.analysis.portfolio.shared import FleetBill, fleet_bills
from tco.analysis.portfolio.solve import Solution
from tco.engine.routing import breakeven_escalation
from tco.show import show_usd
from tco.units import MTOK


def _loads(ways: Ways, best: Solution) -> dict[int, float]:
    """Return the load of each fleet that is used, in replicas' worth [1]."""
    loads: dict[int, float] = {}
    for route in best.routes:
        for step in route.steps:
            if step.fleet >= 0:
                load = step.reach * float(ways.fleets[step.fleet].load[route.task])
                loads[step.fleet] = loads.get(step.fleet, 0.0) + load
    return loads


def _bills(inputs: Inputs, ways: Ways, loads: dict[int, float]) -> dict[int, FleetBill]:
    """Return what each fleet that is used costs."""
    return fleet_bills(inputs, {i: ways.fleets[i] for i in loads}, loads)


def fleet_rows(
    inputs: Inputs, cases: Sequence[Case], ways: Ways, best: Solution
) -> tuple[FleetResult, ...]:
    """Return the fleets that tasks share."""
    rows = []
    loads = _loads(ways, best)
    bills = _bills(inputs, ways, loads)
    for fleet, load in loads.items():
        shared, bill = ways.fleets[fleet], bills[fleet]
        users = [
            (case, step, float(shared.mean_load[route.task]))
            for case, route in zip(cases, best.routes, strict=True)
            for step in route.steps
            if step.fleet == fleet
        ]
        mean = sum(step.reach * work for _, step, work in users)
        rows.append(
            FleetResult(
                option=shared.option.id,
                model=shared.option.model,
                replicas=bill.replicas,
                gpus=bill.gpus,
                paid_gpus=bill.paid_gpus,
                load=load,
                utilization=mean / bill.replicas,
                monthly_usd=bill.usd + sum(step.usd for _, step, _ in users),
                tasks=tuple(dict.fromkeys(case.task.name for case, _, _ in users)),
            )
        )
    return tuple(rows)


def task_rows(
    inputs: Inputs,
    cases: Sequence[Case],
    routes: Sequence[Route],
    ways: Ways,
    best: Solution,
    extra: Sequence[float | None],
) -> tuple[TaskResult, ...]:
    """Return how each task is served; the router is added later."""
    loads = _loads(ways, best)
    bills = {fleet: bill.usd for fleet, bill in _bills(inputs, ways, loads).items()}
    whole = sum(case.requests for case in cases)
    rows = []
    for task, (case, route) in enumerate(zip(cases, best.routes, strict=True)):
        steps = tuple(_step(step, task, ways, loads, bills) for step in route.steps)
        usd = sum(step.monthly_usd for step in steps) + route.judge_usd
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
                usd_per_mtok=usd / case.tokens * MTOK,
                routes=sum(r.task == task for r in routes),
                other_way_usd=extra[task],
                switch=_switch(usd, route, extra[task]),
            )
        )
    return tuple(rows)


def _step(
    step: Step, task: int, ways: Ways, loads: dict[int, float], bills: dict[int, float]
) -> StepResult:
    usd = step.usd
    if step.fleet >= 0:
        part = step.reach * float(ways.fleets[step.fleet].load[task]) / loads[step.fleet]
        usd += bills[step.fleet] * part
    return StepResult(
        option=step.option.id,
        model=step.option.model,
        mode=step.mode,
        reach=step.reach,
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
    cases: Sequence[Case], routes: Sequence[Route], best: Solution
) -> tuple[CascadeResult, ...]:
    """Return each cascade by the token against its last model alone."""
    rows = []
    for task, case in enumerate(cases):
        for cascade in case.task.cascades:
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


def _cascade(case: Case, route: Route, *, chosen: bool) -> CascadeResult:
    last = route.steps[-1]
    tried = (route.usd - last.usd) / case.requests
    alone = last.usd / last.reach / case.requests if last.reach > 0 else 0.0
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
