"""The tasks of a portfolio as workloads: one after another, and all of them as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.hours import checked_hours
from tco.analysis.inputs import Inputs, prepare
from tco.analysis.request import Request
from tco.analysis.settings import Settings, workload
from tco.catalog.lookup import find_model, find_provider
from tco.catalog.tasks import Task, Tasks
from tco.engine.shapes import Floats, number
from tco.errors import DataError, UsageError, unknown_name

TOKENS = "workload.tokens_per_month"
LIMIT, FIRST = "serving.max_tpot_s", "serving.max_ttft_s"
SHAPE = (
    TOKENS,
    "workload.isl",
    "workload.osl",
    "workload.images_per_request",
    "workload.cached_share",
    "workload.peak_to_mean",
    LIMIT,
    FIRST,
)
"""Settings that differ from task to task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A task with every name in it resolved.

    Args:
        task: The task.
        settings: Every value that enters its bill.
        models: Models and own options that it may use; empty for any.
        providers: Companies by the token; empty for any.
    """

    task: Task
    settings: Settings
    models: frozenset[str]
    providers: frozenset[str]

    @property
    def batch_share(self) -> float:
        """Return the share of the requests that can wait [1]."""
        usual = number(self.settings.value("workload.batch_share"))
        return usual if self.task.batch is None else self.task.batch

    @property
    def tokens_per_request(self) -> float:
        """Return input and output of a request [token]."""
        return float(np.asarray(workload(self.settings).tokens_per_request))

    @property
    def requests(self) -> float:
        """Return the requests of a month [request/month]."""
        return float(np.asarray(workload(self.settings).requests_per_month))

    @property
    def tokens(self) -> float:
        """Return the tokens of a month [token/month]."""
        return float(np.asarray(self.settings.value("workload.tokens_per_month")))


def cases_of(inputs: Inputs, tasks: Tasks) -> list[Case]:
    """Return the tasks, resolved.

    Raises:
        DataError: A name that no catalog knows, or a value out of its range.
    """
    asked = inputs.request
    if any(x is not None for x in (asked.tokens, asked.requests, asked.users, asked.peak)):
        raise UsageError("the tasks of the file say the volume; leave --tokens and the like out")
    return [_case(inputs, task) for task in tasks.tasks]


def _case(inputs: Inputs, task: Task) -> Case:
    try:
        settings = prepare(inputs.catalog, _request(inputs.request, task), inputs.day).settings
    except (UsageError, DataError) as error:
        text = str(error)
        raise DataError(text if text.startswith(task.where) else f"{task.where}: {text}") from None
    return Case(
        task=task,
        settings=settings,
        models=frozenset(named_model(inputs, name, task.where) for name in task.models),
        providers=frozenset(_provider(inputs, name, task.where) for name in task.providers),
    )


def _request(request: Request, task: Task) -> Request:
    """Return the question about one task alone."""
    said = {
        "workload.cached_share": task.cached,
        "workload.peak_to_mean": _peak(task),
        LIMIT: task.max_tpot,
        FIRST: task.max_ttft,
    }
    own = {path: value for path, value in said.items() if value is not None}
    others = dict(request.settings)
    if task.peak is not None:
        others.pop("workload.peak_to_mean", None)
    names = ("tokens", "requests", "peak", "isl", "osl", *own)
    return replace(
        request,
        tokens=task.tokens,
        requests=task.requests,
        peak=task.peak,
        profile=task.profile or request.profile,
        isl=task.isl if task.isl is not None else request.isl,
        osl=task.osl if task.osl is not None else request.osl,
        settings={**others, **own},
        origins={**request.origins, **dict.fromkeys(names, task.where)},
        layers={**request.layers, **dict.fromkeys(own, max(request.layers.values(), default=0))},
    )


def _peak(task: Task) -> float | None:
    if not task.hours:
        return task.peak_to_mean
    return float(checked_hours(task.hours, task.where).max())


def named_model(inputs: Inputs, name: str, where: str) -> str:
    """Return the own option or the model of the catalog that a name means.

    Raises:
        UnknownNameError: There is neither.
    """
    own = [spec.name for spec in inputs.request.options]
    if name in own:
        return name
    try:
        return find_model(inputs.catalog, name)
    except DataError:
        known = [*own, *inputs.catalog.models.models]
        raise unknown_name("model", name, known, where=f"{where}: ") from None


def _provider(inputs: Inputs, name: str, where: str) -> str:
    try:
        return find_provider(inputs.catalog, name)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def stacked_settings(inputs: Inputs, cases: Sequence[Case]) -> Settings:
    """Return the settings with an array over the tasks where they differ [tasks]."""
    return inputs.settings.with_values({path: column(cases, path) for path in SHAPE})


def column(cases: Sequence[Case], path: str) -> Floats:
    """Return one setting of every task [tasks]."""
    return np.array([float(np.asarray(case.settings.value(path))) for case in cases])


def blended(inputs: Inputs, cases: Sequence[Case]) -> Inputs:
    """Return the question about all tasks as one workload of their mean length and peak."""
    requests = np.array([case.requests for case in cases])
    means = (path for path in SHAPE if path not in (TOKENS, LIMIT, FIRST))
    values = {path: float(np.average(column(cases, path), weights=requests)) for path in means}
    values[TOKENS] = float(column(cases, TOKENS).sum())
    values[LIMIT] = float(column(cases, LIMIT).min())
    first = column(cases, FIRST)
    values[FIRST] = float(first[first > 0.0].min(initial=np.inf)) if np.any(first > 0.0) else 0.0
    return replace(inputs, settings=inputs.settings.with_values(values))


def longest(inputs: Inputs, cases: Sequence[Case]) -> Inputs:
    """Return the question about the task of the longest requests, at the volume of all."""
    case = max(cases, key=lambda c: c.tokens_per_request)
    total = float(column(cases, TOKENS).sum())
    settings = case.settings.with_values({TOKENS: total})
    return replace(inputs, settings=settings)
