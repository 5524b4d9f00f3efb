"""What `tco plan` reads from files: a portfolio of tasks, a load curve; as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from tco import ranges, units
from tco.catalog.fields import Id, Limits, NotNegative, Quantity, Record, Text, Texts
from tco.catalog.files import user_file
from tco.catalog.lookup import SHORT_NAMES
from tco.catalog.yaml_lines import Document, Loc
from tco.errors import DataError, UsageError, printable, suggestion
from tco.records import dataclass

# What a portfolio says of tasks, beside all that a scenario file says: its schema.


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
    escalate: Quantity | None = None
    """Share of the requests that is handed on: yours to measure, no benchmark knows it. Left out,
    what the model gets wrong, as `success` says."""
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
    min_score: dict[Id, float] = {}
    """Benchmark or own evaluation, and the lowest score on it that will do."""
    quality: dict[Id, float] = {}
    """Old word of `min_score`."""
    success: dict[Text, Quantity] | Texts = {}
    """How often models are right at this task, by class or model: `{small: 80%}`; before what the
    file says of all tasks."""
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


class PortfolioPart(Record):
    """What a portfolio file has besides a scenario."""

    tasks: list[TaskPart] = Field(min_length=1)
    requests: Quantity | None = None
    """All requests of a month, of which tasks are shares."""
    cascades: dict[Id, CascadePart] = {}
    router: CallPart | None = None
    """Who decides which task a request belongs to, on every request."""
    scores: list[ScorePart] = []
    against: Text | None = None
    """The model that everything would otherwise be sent to; what the plan is held against."""


# A portfolio of tasks as numbers, every quantity read.


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
        wrong: Models that have to be wrong before a request comes to a step, times which its reach
            counts [steps]; of a judge the same.
    """

    name: str
    models: tuple[str, ...]
    reach: tuple[float, ...]
    judges: tuple[tuple[Call, float], ...]
    wrong: tuple[tuple[str, ...], ...] = ()
    wrong_before: tuple[tuple[str, ...], ...] = ()
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
        min_score: Benchmark and the lowest score on it.
        success: How often models are right, by class or model [1].
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
    min_score: tuple[tuple[str, float], ...] = ()
    success: tuple[tuple[str, float], ...] = ()
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    cascades: tuple[Cascade, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """A portfolio, read."""

    tasks: tuple[Task, ...]
    router: Call | None = None
    scores: tuple[tuple[str, ScorePart], ...] = ()
    """Own evaluations, each with its `file:line`."""
    against: str | None = None
    path: str = ""
    told: tuple[str, ...] = ()
    """What a reader of the file should know."""


# A portfolio file read: quantities as numbers, shares and cascades held against each other.

HOURS = (24, 168)
ROUND_OFF = 1e-6
"""How far the shares of the tasks may be from 1 in all [1]."""


def tasks_of(record: PortfolioPart, document: Document) -> Tasks:
    """Return the tasks of a portfolio file that has been read.

    Raises:
        DataError: Something is wrong with them; the text begins `file:line:`.
    """
    return _Reader(record, document).tasks()


Reach = tuple[float, tuple[str, ...]]
"""A share of the requests, of which only those count that some models get wrong."""
Steps = tuple[list[tuple[str, Reach]], list[tuple[Call, Reach]]]
"""Models, and judges, each with the share of the requests that it sees."""


class _Reader:
    """Reads the parts of one file; every complaint names its line."""

    def __init__(self, record: PortfolioPart, document: Document) -> None:
        self.record = record
        self.document = document

    def where(self, *loc: str | int) -> str:
        """Return `file:line` of a part."""
        return f"{self.document.path}:{self.document.line(loc)}"

    def wrong(self, loc: Loc, message: str) -> DataError:
        """Return a complaint about a part."""
        return DataError(str(self.document.complaint(loc, message)))

    def number(self, value: Any, read: Callable[[Any], float], *loc: str | int) -> float | None:
        """Return a quantity, None when it was left out."""
        if value is None:
            return None
        try:
            return read(value)
        except UsageError as error:
            raise self.wrong(loc, str(error)) from None

    def tasks(self) -> Tasks:
        """Return everything, read."""
        record = self.record
        self._names()
        whole = self.number(record.requests, units.requests_per_month, "requests")
        self._shares(whole)
        scores = [(self.where("scores", i), score) for i, score in enumerate(record.scores)]
        return Tasks(
            tasks=tuple(self._task(i, part, whole) for i, part in enumerate(record.tasks)),
            router=self._call(record.router, "router"),
            scores=tuple(scores),
            against=record.against,
            path=self.document.path,
            told=tuple(
                f"{self.where('tasks', i, 'quality')}: quality is called min_score now"
                for i, part in enumerate(record.tasks)
                if part.quality
            ),
        )

    def _names(self) -> None:
        seen: dict[str, int] = {}
        for i, task in enumerate(self.record.tasks):
            if task.name in seen:
                first = self.document.line(("tasks", seen[task.name]))
                raise self.wrong(("tasks", i, "name"), f"'{task.name}' is a task on line {first}")
            seen[task.name] = i

    def _shares(self, whole: float | None) -> None:
        """Complain of tasks without a volume, with two, or with shares that are not the whole."""
        total, last = 0.0, -1
        for i, task in enumerate(self.record.tasks):
            said = [n for n in ("requests", "tokens", "share") if getattr(task, n) is not None]
            if len(said) != 1:
                what = " and ".join(said) or "no volume"
                raise self.wrong(
                    ("tasks", i), f"{what}: give one of requests, tokens and share of the month"
                )
            if task.share is not None:
                total += self.number(task.share, units.share, "tasks", i, "share") or 0.0
                last = i
        if last >= 0 and whole is None:
            raise self.wrong(
                ("tasks", last, "share"), "a share of what? give requests at the top of the file"
            )
        if last >= 0 and abs(total - 1.0) > ROUND_OFF:
            raise self.wrong(
                ("tasks", last, "share"), f"the shares of the tasks come to {total:.4g}, not to 1"
            )
        if last < 0 and whole is not None:
            raise self.wrong(("requests",), "no task is a share of it; leave it out")

    def _task(self, i: int, part: TaskPart, whole: float | None) -> Task:
        def read(name: str, reader: Callable[[Any], float]) -> float | None:
            return self.number(getattr(part, name), reader, "tasks", i, name)

        requests = read("requests", units.requests_per_month)
        share = read("share", units.share)
        if share is not None and whole is not None:
            requests = whole.times(share) if isinstance(whole, units.Rate) else share * whole
        return Task(
            name=part.name,
            where=self.where("tasks", i),
            requests=requests,
            tokens=read("tokens", units.tokens_per_month),
            profile=part.profile,
            isl=self._positive(i, part, "isl"),
            osl=self._positive(i, part, "osl"),
            cached=read("cached", units.share),
            peak_to_mean=self._peak(i, part),
            peak=read("peak", units.requests_per_s),
            hours=self._hours(i, part),
            batch=self._waiting(i, part),
            **self._limits(i, part),
            private=part.private,
            licenses=_texts(part.licenses),
            min_score=self._least(i, part),
            success=self._success(i, part),
            models=_texts(part.models),
            providers=_texts(part.providers),
            cascades=tuple(self._cascade(i, name) for name in _texts(part.cascades)),
        )

    def _success(self, i: int, part: TaskPart) -> tuple[tuple[str, float], ...]:
        said = part.success
        texts = [said] if isinstance(said, str) else said
        pairs = (
            [*said.items()] if isinstance(said, dict) else [t for x in texts for t in x.split(",")]
        )
        try:
            return tuple(ranges.success(pair) for pair in pairs)
        except UsageError as error:
            raise self.wrong(("tasks", i, "success"), str(error)) from None

    def _least(self, i: int, part: TaskPart) -> tuple[tuple[str, float], ...]:
        """Return the lowest scores of a task, under either of the two words for them."""
        if part.min_score and part.quality:
            raise self.wrong(
                ("tasks", i, "quality"), "min_score says the same; give min_score alone"
            )
        said = part.min_score or part.quality
        return tuple((SHORT_NAMES.get(name, name), least) for name, least in said.items())

    def _positive(self, i: int, part: TaskPart, name: str) -> float | None:
        value = self.number(getattr(part, name), units.number, "tasks", i, name)
        if value == 0:
            raise self.wrong(("tasks", i, name), "must be more than 0")
        return value

    def _limits(self, i: int, part: TaskPart) -> dict[str, float | None]:
        """Return the limits of a task [s], said by `max_tpot` or by `slo`."""
        said = part.slo or {}
        texts = [said] if isinstance(said, str) else said
        pairs = (
            [*said.items()] if isinstance(said, dict) else [t for x in texts for t in x.split(",")]
        )
        found = {"tpot": self.number(part.max_tpot, units.seconds, "tasks", i, "max_tpot")}
        for pair in pairs:
            try:
                name, most_s = ranges.limit(pair)
            except UsageError as error:
                raise self.wrong(("tasks", i, "slo"), str(error)) from None
            if found.get(name) is not None:
                raise self.wrong(("tasks", i, "slo"), f"{name} is said twice; give one of them")
            found[name] = most_s
        return {f"max_{name}": value for name, value in found.items()}

    def _peak(self, i: int, part: TaskPart) -> float | None:
        value = self.number(part.peak_to_mean, units.number, "tasks", i, "peak_to_mean")
        if value is not None and part.peak is not None:
            raise self.wrong(("tasks", i, "peak"), "peak_to_mean says the same; give one of them")
        if value is not None and value < 1:
            raise self.wrong(("tasks", i, "peak_to_mean"), "the busiest hour is at least the mean")
        return value

    def _hours(self, i: int, part: TaskPart) -> tuple[float, ...]:
        hours = tuple(part.hours or ())
        if part.hours is None:
            return ()
        if len(hours) not in HOURS:
            raise self.wrong(
                ("tasks", i, "hours"),
                f"{len(hours)} hours are given; a load curve has 24 of a day or 168 of a week",
            )
        if max(hours) == 0:
            raise self.wrong(("tasks", i, "hours"), "all hours are 0; there is nothing to serve")
        for name in ("peak_to_mean", "peak"):
            if getattr(part, name) is not None:
                raise self.wrong(("tasks", i, "hours"), f"{name} says the same; give one of them")
        return hours

    def _waiting(self, i: int, part: TaskPart) -> float | None:
        if isinstance(part.batch, bool):
            return float(part.batch)
        return self.number(part.batch, units.share, "tasks", i, "batch")

    def _call(self, part: CallPart | None, *loc: str | int) -> Call | None:
        if part is None:
            return None
        if (part.usd_per_request is None) == (part.model is None):
            raise self.wrong(loc, "give either usd_per_request or a model")
        return Call(
            usd_per_request=self.number(part.usd_per_request, units.usd, *loc, "usd_per_request"),
            model=part.model,
            isl=self.number(part.isl, units.number, *loc, "isl"),
            osl=self.number(part.osl, units.number, *loc, "osl"),
            where=self.where(*loc),
        )

    def _cascade(self, i: int, name: str) -> Cascade:
        known = self.record.cascades
        if name not in known:
            hint = suggestion(name, known)
            raise self.wrong(("tasks", i, "cascades"), f"no cascade called '{name}'{hint}")
        steps, judges = self._steps(name, (1.0, ()), ())
        return Cascade(
            name=name,
            models=tuple(model for model, _ in steps),
            reach=tuple(share for _, (share, _) in steps),
            judges=tuple((call, share) for call, (share, _) in judges),
            wrong=tuple(wrong for _, (_, wrong) in steps),
            wrong_before=tuple(wrong for _, (_, wrong) in judges),
            where=self.where("cascades", name),
        )

    def _steps(self, name: str, reach: Reach, above: tuple[str, ...]) -> Steps:
        """Return models and judges of a cascade, each with the share of requests it sees.

        A cascade inside another one is written out.
        """
        if name in above:
            path = " -> ".join((*above[above.index(name) :], name))
            raise self.wrong(("cascades", name), f"the cascade comes back to itself: {path}")
        part: CascadePart = self.record.cascades[name]
        judge = self._call(part.judge, "cascades", name, "judge")
        first = self._tried(part.try_, reach, (*above, name))
        then = self._tried(part.to, self._handed(name, part, reach), (*above, name))
        judges = [(judge, reach)] if judge is not None else []
        return [*first[0], *then[0]], [*first[1], *judges, *then[1]]

    def _handed(self, name: str, part: CascadePart, reach: Reach) -> Reach:
        """Return what a cascade hands on: the share that was said, or what its model gets wrong."""
        factor, wrong = reach
        share = self.number(part.escalate, units.share, "cascades", name, "escalate")
        if share is not None:
            return factor * share, wrong
        if part.try_ in self.record.cascades:
            raise self.wrong(
                ("cascades", name), f"say escalate: what {part.try_} hands on is not known"
            )
        return factor, (*wrong, part.try_)

    def _tried(self, name: str, reach: Reach, above: tuple[str, ...]) -> Steps:
        if name in self.record.cascades:
            return self._steps(name, reach, above)
        return [(name, reach)], []


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


# A load curve from a user's file: 24 or 168 numbers, or lines of an hour and its load.

_SEPARATORS = re.compile(r"[\s,;]+")
LENGTHS = (24, 168)


def load_hours(path: str) -> tuple[float, ...]:
    """Return the loads of a file, in the order of the hours.

    The file has the loads one after another, separated by blanks, commas or lines; or a line for
    each hour, `HOUR LOAD`, counted from 0. `#` begins a comment, and a first line of words is
    taken for a heading.

    Raises:
        DataError: It is missing, or an hour is missing, negative or no number; the text begins
            `file:line:`.
    """
    file = user_file(path)
    text = file.data.decode("utf-8-sig", "replace")
    rows: list[tuple[int, list[float]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = [w for w in _SEPARATORS.split(line.partition("#")[0].strip(" ,;\t")) if w]
        if words and not (not rows and _heading(words)):
            rows.append((number, [_load(word, file.path, number) for word in words]))
    if not rows:
        raise DataError(f"{file.path}:1: no loads; write 24 of a day or 168 of a week")
    pairs = len(rows) > 1
    if pairs and all(len(values) == 2 for _, values in rows):
        return _by_hour(rows, file.path)
    return _counted([value for _, values in rows for value in values], file.path, rows[-1][0])


def _heading(words: list[str]) -> bool:
    return all(not _number(word) for word in words)


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _load(word: str, path: str, line: int) -> float:
    shown = printable(word, 40)
    if not _number(word) or not math.isfinite(float(word)):
        raise DataError(f"{path}:{line}: '{shown}' is not a load; an hour is a number of 0 or more")
    if float(word) < 0:
        raise DataError(f"{path}:{line}: an hour has a load of {shown}, but a load is 0 or more")
    return float(word)


def _by_hour(rows: list[tuple[int, list[float]]], path: str) -> tuple[float, ...]:
    """Return the loads of lines `HOUR LOAD`."""
    loads: dict[int, float] = {}
    for line, (hour, load) in rows:
        if hour != int(hour) or not 0 <= hour < max(LENGTHS):
            raise DataError(f"{path}:{line}: there is no hour {hour:g}; a week has hours 0 to 167")
        if int(hour) in loads:
            raise DataError(f"{path}:{line}: hour {hour:g} is given twice")
        loads[int(hour)] = load
    wanted = min(n for n in LENGTHS if max(loads) < n)
    missing = [hour for hour in range(wanted) if hour not in loads]
    if missing:
        more = f" and {len(missing) - 1} more hours are" if len(missing) > 1 else " is"
        raise DataError(
            f"{path}:{rows[-1][0]}: hour {missing[0]}{more} missing; a curve has {wanted} hours"
        )
    return tuple(loads[hour] for hour in range(wanted))


def _counted(loads: list[float], path: str, line: int) -> tuple[float, ...]:
    if len(loads) not in LENGTHS:
        raise DataError(
            f"{path}:{line}: {len(loads)} hours are given; a curve has 24 of a day or 168 of a week"
        )
    if max(loads) == 0:
        raise DataError(f"{path}:{line}: all hours are 0; there is nothing to serve")
    return tuple(loads)
