"""The schema of a portfolio: a scenario file with tasks, and how each of them may be served.

Quantities are texts in the grammar of `tco.units` or plain numbers, as in every scenario file.
`tco.catalog.tasks` reads what they mean and holds tasks and cascades against each other.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from tco.catalog.fields import Id, NotNegative, Record, Text
from tco.catalog.scenario import Limits, Quantity, Scenario, Texts


def _batch(value: object) -> object:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("true, false or a share such as 80% is expected")
    return value


Batch = Annotated[
    bool | float | str,
    PlainValidator(_batch),
    WithJsonSchema({"type": ["boolean", "number", "string"]}),
]


class CallPart(Record):
    """What one call beside the task itself costs: at a price, or of a model on some tokens."""

    usd_per_request: Quantity | None = None
    model: Text | None = None
    """A model of the catalog or an option of this file; its cheapest offer is taken."""
    isl: Quantity | None = None
    """Input tokens of a call; the input and output of the task when it is left out."""
    osl: Quantity | None = None
    """Output tokens of a call; 10 when it is left out."""


class CascadePart(Record):
    """Try a model first, and hand on what a judge does not accept."""

    try_: Text = Field(alias="try")
    """A model, or another cascade."""
    escalate: Quantity
    """Share of the requests that is handed on: yours to measure, no benchmark knows it."""
    to: Text
    """A model, or another cascade."""
    judge: CallPart | None = None
    """Who decides, on every request that was tried."""


class TaskPart(Record):
    """A class of requests that are alike, and what an answer to them needs."""

    name: Id
    requests: Quantity | None = None
    """A month: `400k`, `2 req/s`."""
    tokens: Quantity | None = None
    """The volume in tokens instead."""
    share: Quantity | None = None
    """The volume as a share of `requests` at the top of the file instead."""
    profile: Text | None = None
    """Named traffic for what is left out below; `general` unless the file says another."""
    isl: Quantity | None = None
    """Input tokens of a request."""
    osl: Quantity | None = None
    """Output tokens of a request, hidden reasoning included."""
    cached: Quantity | None = None
    """Share of the input that a cache serves."""
    peak_to_mean: Quantity | None = None
    peak: Quantity | None = None
    """Requests of its busiest hour in place of `peak_to_mean`: `5 req/s`."""
    hours: list[NotNegative] | None = None
    """Loads of the 24 hours of a day or the 168 of a week, in place of `peak_to_mean`."""
    batch: Batch | None = None
    """It can wait for a batch tier: `true`, or the share of the requests that can; as `--batch`
    says when left out."""
    max_tpot: Quantity | None = None
    """The slowest token that is acceptable from own GPUs, mean over a request: `30ms`."""
    slo: Limits | None = None
    """Limits by name: `tpot=40ms,ttft=1s`."""
    private: bool = False
    """Its data stays on own machines."""
    licenses: Texts = []
    """`permissive`, `community`, `research`, `proprietary`."""
    quality: dict[Id, float] = {}
    """Benchmark or own evaluation, and the lowest score on it that will do."""
    models: Texts = []
    """Only these; empty means any model that does what is asked here."""
    providers: Texts = []
    """Only these companies by the token."""
    cascades: Texts = []
    """Cascades that may serve it in place of a single model."""


class ScorePart(Record):
    """An own evaluation: what a model scored on it."""

    model: Text
    benchmark: Id
    value: float
    source: Text
    """Who measured it and when."""


class Portfolio(Scenario):
    """The whole of a portfolio file: everything that a scenario has, and the tasks."""

    tasks: list[TaskPart] = Field(min_length=1)
    requests: Quantity | None = None
    """All requests of a month, of which tasks are shares."""
    cascades: dict[Id, CascadePart] = {}
    router: CallPart | None = None
    """Who decides which task a request belongs to, on every request."""
    scores: list[ScorePart] = []
    against: Text | None = None
    """The model that everything would otherwise be sent to; what the plan is held against."""
