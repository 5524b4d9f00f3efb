"""A portfolio of tasks as numbers, every quantity read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call beside the task itself; None for what was not said.

    Args:
        usd_per_request: Its price [USD/request].
        model: The model that it goes to instead.
        isl, osl: Tokens of a call [token].
    """

    usd_per_request: float | None = None
    model: str | None = None
    isl: float | None = None
    osl: float | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Models in the order in which they are tried.

    Args:
        models: The models [steps].
        reach: Share of the requests that comes to each of them [steps] [1].
        judges: Who decides, and the share of the requests that is judged.
    """

    name: str
    models: tuple[str, ...]
    reach: tuple[float, ...]
    judges: tuple[tuple[Call, float], ...]
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A class of requests that are alike; None for what the profile says.

    Args:
        requests, tokens: Volume, by one of the two [per month].
        peak: Requests of the busiest hour [request/s].
        max_tpot, max_ttft: Slowest token and slowest first token from own GPUs [s].
        batch: Share of the requests that can wait; that of the question when None [1].
        hours: Loads of the hours; empty for none.
        quality: Benchmark and the lowest score on it.
        where: `file:line` of it.
    """

    name: str
    where: str
    requests: float | None = None
    tokens: float | None = None
    profile: str | None = None
    isl: float | None = None
    osl: float | None = None
    cached: float | None = None
    peak_to_mean: float | None = None
    peak: float | None = None
    hours: tuple[float, ...] = ()
    batch: float | None = None
    max_tpot: float | None = None
    max_ttft: float | None = None
    private: bool = False
    licenses: tuple[str, ...] = ()
    quality: tuple[tuple[str, float], ...] = ()
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    cascades: tuple[Cascade, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a model scored on an own evaluation."""

    model: str
    benchmark: str
    value: float
    source: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """A portfolio, read."""

    tasks: tuple[Task, ...]
    router: Call | None = None
    scores: tuple[Score, ...] = ()
    against: str | None = None
    path: str = ""
