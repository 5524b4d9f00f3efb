"""What `tco plan` reads from files: a portfolio of tasks, a load curve; as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from tco import ranges, units
from tco.catalog.fields import Id, Limits, NotNegative, Quantity, Record, Text, Texts
from tco.catalog.files import user_file
from tco.catalog.lookup import SHORT_NAMES
from tco.catalog.yaml_lines import Document, Loc
from tco.errors import DataError, UsageError, printable, suggestion
from tco.records import dataclass

LENGTHS = (24, 168)
"""Hours of a load curve: of a day, of a week."""

# What a portfolio says of tasks, beside all that a scenario file says: its schema. Quantities are
# numbers as soon as they are read.


def _number_of(read: Callable[[Any], float]) -> PlainValidator:
    """Return what reads a quantity as `tco.units` does, and refuses it in the same words."""

    def value(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("a number or a text such as 50B is expected")
        try:
            return read(value)
        except UsageError as error:
            raise ValueError(str(error)) from None

    return PlainValidator(value)


Said = TypeVar("Said")


def _readable(read: Callable[[Any], Any]) -> AfterValidator:
    """Return what refuses a value that another way of reading it refuses."""

    def value(value: Said) -> Said:
        try:
            read(value)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return value

    return AfterValidator(value)


def _pairs(value: str | Sequence[str] | Mapping[str, Any]) -> list[Any]:
    """Return what is said as texts, or as a mapping, one by one."""
    if isinstance(value, Mapping):
        return [*value.items()]
    return [part for text in texts(value) for part in text.split(",")]


def _rates(value: Any) -> tuple[tuple[str, float], ...]:
    """Return how often models are right, by class or model [1]."""
    return tuple(map(ranges.success, _pairs(value)))


def _limits(value: Any) -> dict[str, float]:
    """Return limits on latency by name [s]."""
    found: dict[str, float] = {}
    for name, most_s in map(ranges.limit, _pairs(value or ())):
        if name in found:
            raise UsageError(f"{name} is said twice; give one of them")
        if name not in ("tpot", "ttft"):
            raise UsageError(f"{name} is no limit of one task; --slo {name}=... is one of all")
        found[name] = most_s
    return found


def _positive(raw: Any) -> float:
    value = units.number(raw)
    if value == 0:
        raise UsageError("must be more than 0")
    return value


def _duration_h(value: Any) -> float:
    if isinstance(value, str):
        return _positive(units.seconds(value) / units.SECONDS_PER_HOUR)
    return _positive(value)


def _peak_to_mean(raw: Any) -> float:
    value = units.number(raw)
    if value < 1:
        raise UsageError("the busiest hour is at least the mean")
    return value


def _hours(loads: list[float]) -> list[float]:
    if len(loads) not in LENGTHS:
        raise ValueError(
            f"{len(loads)} hours are given; a load curve has 24 of a day or 168 of a week"
        )
    if max(loads) == 0:
        raise ValueError("all hours are 0; there is nothing to serve")
    return loads


def _batch(value: object) -> float:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("true, false or a share such as 80% is expected")
    if isinstance(value, bool):
        return float(value)
    try:
        return units.share(value)
    except UsageError as error:
        raise ValueError(str(error)) from None


QUANTITY = WithJsonSchema({"type": ["number", "string"]})
Amount = Annotated[float, _number_of(units.number), QUANTITY]
Length = Annotated[float, _number_of(_positive), QUANTITY]
Part = Annotated[float, _number_of(units.share), QUANTITY]
Requests = Annotated[float, _number_of(units.requests_per_month), QUANTITY]
Tokens = Annotated[float, _number_of(units.tokens_per_month), QUANTITY]
Peak = Annotated[float, _number_of(units.requests_per_s), QUANTITY]
PeakToMean = Annotated[float, _number_of(_peak_to_mean), QUANTITY]
Hours = Annotated[float, _number_of(_duration_h), QUANTITY]
Seconds = Annotated[float, _number_of(units.seconds), QUANTITY]
Usd = Annotated[float, _number_of(units.usd), QUANTITY]
Batch = Annotated[
    float, PlainValidator(_batch), WithJsonSchema({"type": ["boolean", "number", "string"]})
]


class Call(Record):
    """What one call beside the task itself costs: at a price, or of a model on some tokens."""

    usd_per_request: Usd | None = None
    model: Text | None = None
    """A model of the catalog or an option of this file; its cheapest offer is taken."""
    isl: Amount | None = None
    """Input tokens of a call; the input and output of the task when it is left out."""
    osl: Amount | None = None
    """Output tokens of a call; 10 when it is left out."""


class CascadePart(Record):
    """Try a model first, and hand on what a judge does not accept."""

    try_: Text = Field(alias="try")
    """A model, or another cascade."""
    escalate: Part | None = None
    """Share of the requests that is handed on: yours to measure, no benchmark knows it. Left out,
    what the model gets wrong, as `success` says."""
    to: Text
    """A model, or another cascade."""
    judge: Call | None = None
    """Who decides, on every request that was tried."""


class Task(Record):
    """A class of requests that are alike, and what an answer to them needs."""

    name: Id
    requests: Requests | None = None
    """A month: `400k`, `2 req/s`."""
    tokens: Tokens | None = None
    """The volume in tokens instead."""
    share: Part | None = None
    """The volume as a share of `requests` at the top of the file instead."""
    users: Length | None = None
    """Users instead, at the profile's requests each."""
    developers: Length | None = None
    """Developers with a coding agent instead, by the profile `agent-coding` or one that is said."""
    profile: Text | None = None
    """Named traffic for what is left out below; `general` unless the file says another."""
    isl: Length | None = None
    """Input tokens of a request."""
    osl: Length | None = None
    """Output tokens of a request, hidden reasoning included."""
    cached: Part | None = None
    """Share of the input that a cache serves."""
    peak_to_mean: PeakToMean | None = None
    peak: Peak | None = None
    """Requests of its busiest hour in place of `peak_to_mean`: `5 req/s`."""
    hours: Annotated[list[NotNegative], AfterValidator(_hours)] | None = None
    """Loads of the 24 hours of a day or the 168 of a week, in place of `peak_to_mean`."""
    batch: Batch | None = None
    """It can wait for a batch tier: `true`, or the share of the requests that can; as `--batch`
    says when left out."""
    deadline: Hours | None = None
    """When what waits must be done on own GPUs: `24h`; the month when left out."""
    max_tpot: Seconds | None = None
    """The slowest token that is acceptable from own GPUs, mean over a request: `30ms`."""
    slo: Annotated[Limits, _readable(_limits)] | None = None
    """Limits by name: `tpot=40ms,ttft=1s`."""
    private: bool = False
    """Its data stays on own machines."""
    licenses: Texts = []
    """`permissive`, `community`, `research`, `proprietary`."""
    min_score: dict[Id, float] = {}
    """Benchmark or own evaluation, and the lowest score on it that will do."""
    quality: dict[Id, float] = {}
    """Old word of `min_score`."""
    success: Annotated[dict[Text, Quantity] | Texts, _readable(_rates)] = {}
    """How often models are right at this task, by class or model: `{small: 80%}`; before what the
    file says of all tasks."""
    models: Texts = []
    """Only these; empty means any model that does what is asked here."""
    providers: Texts = []
    """Only these companies by the token."""
    cascades: Texts = []
    """Cascades that may serve it in place of a single model."""

    @property
    def limits(self) -> dict[str, float]:
        """Return the slowest token and the slowest first token from own GPUs, as said [s]."""
        said = {} if self.max_tpot is None else {"tpot": self.max_tpot}
        return said | _limits(self.slo)

    @property
    def least(self) -> tuple[tuple[str, float], ...]:
        """Return benchmarks and the lowest scores on them, under either of the two words."""
        said = self.min_score or self.quality
        return tuple((SHORT_NAMES.get(name, name), least) for name, least in said.items())

    @property
    def rates(self) -> tuple[tuple[str, float], ...]:
        """Return how often models are right, by class or model [1]."""
        return _rates(self.success)


class ScorePart(Record):
    """An own evaluation: what a model scored on it."""

    model: Text
    benchmark: Id
    value: float
    source: Text
    """Who measured it and when."""


class PortfolioPart(Record):
    """What a portfolio file has besides a scenario."""

    tasks: list[Task] = Field(min_length=1)
    requests: Requests | None = None
    """All requests of a month, of which tasks are shares."""
    cascades: dict[Id, CascadePart] = {}
    router: Call | None = None
    """Who decides which task a request belongs to, on every request."""
    scores: list[ScorePart] = []
    against: Text | None = None
    """The model that everything would otherwise be sent to; what the plan is held against."""


Judge = tuple[Call, str]
"""A call, and the `file:line` of it."""


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
    judges: tuple[tuple[Judge, float], ...]
    wrong: tuple[tuple[str, ...], ...] = ()
    wrong_before: tuple[tuple[str, ...], ...] = ()
    where: str = ""


VOLUMES = ("requests", "tokens", "share", "users", "developers")
"""How the volume of a task is said."""

# A portfolio file read: shares and cascades held against each other.

ROUND_OFF = 1e-6
"""How far the shares of the tasks may be from 1 in all [1]."""

Reach = tuple[float, tuple[str, ...]]
"""A share of the requests, of which only those count that some models get wrong."""
Steps = tuple[list[tuple[str, Reach]], list[tuple[Judge, Reach]]]
"""Models, and judges, each with the share of the requests that it sees."""


class Tasks:
    """The tasks of one file; every complaint names its line."""

    def __init__(self, record: PortfolioPart, document: Document) -> None:
        """Keep what a file says.

        Raises:
            DataError: Something is wrong with it; the text begins `file:line:`.
        """
        self.record, self.document = record, document
        self._names()
        self._shares()
        for i, task in enumerate(record.tasks):
            self._words(task, "tasks", i)
            self.cascades(i)
        self.judge(record.router, "router")

    def where(self, *loc: str | int) -> str:
        """Return `file:line` of a part."""
        return f"{self.document.path}:{self.document.line(loc)}"

    def wrong(self, loc: Loc, message: str) -> DataError:
        """Return a complaint about a part."""
        return DataError(str(self.document.complaint(loc, message)))

    @property
    def tasks(self) -> list[Task]:
        """Return the tasks; those that are a share of all requests with that many of them."""
        whole = self.record.requests
        return [
            task.model_copy(update={"requests": _times(whole, task.share)})
            if task.share is not None and whole is not None
            else task
            for task in self.record.tasks
        ]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of the file should know."""
        return tuple(
            f"{self.where('tasks', i, 'quality')}: quality is called min_score now"
            for i, task in enumerate(self.record.tasks)
            if task.quality
        )

    def cascades(self, i: int) -> tuple[Cascade, ...]:
        """Return the cascades that may serve a task.

        Raises:
            DataError: There is none of a name, or it is not what it may be.
        """
        return tuple(self._cascade(i, name) for name in texts(self.record.tasks[i].cascades))

    def _names(self) -> None:
        seen: dict[str, int] = {}
        for i, task in enumerate(self.record.tasks):
            if task.name in seen:
                first = self.document.line(("tasks", seen[task.name]))
                raise self.wrong(("tasks", i, "name"), f"'{task.name}' is a task on line {first}")
            seen[task.name] = i

    def _shares(self) -> None:
        """Complain of tasks without a volume, with two, or with shares that are not the whole."""
        total, last, whole = 0.0, -1, self.record.requests
        for i, task in enumerate(self.record.tasks):
            said = [n for n in VOLUMES if getattr(task, n) is not None]
            if len(said) != 1:
                what = " and ".join(said) or "no volume"
                raise self.wrong(("tasks", i), f"{what}: give one of {', '.join(VOLUMES)}")
            if task.share is not None:
                total, last = total + task.share, i
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

    def _words(self, task: Task, *loc: str | int) -> None:
        """Complain of what is said twice, in two words."""
        if task.min_score and task.quality:
            raise self.wrong((*loc, "quality"), "min_score says the same; give min_score alone")
        if task.max_tpot is not None and "tpot" in _limits(task.slo):
            raise self.wrong((*loc, "slo"), "tpot is said twice; give one of them")
        if task.peak_to_mean is not None and task.peak is not None:
            raise self.wrong((*loc, "peak"), "peak_to_mean says the same; give one of them")
        for name in ("peak_to_mean", "peak"):
            if task.hours and getattr(task, name) is not None:
                raise self.wrong((*loc, "hours"), f"{name} says the same; give one of them")

    def judge(self, call: Call | None, *loc: str | int) -> Judge | None:
        """Return a call with its place.

        Raises:
            DataError: It has neither a price nor a model, or both.
        """
        if call is None:
            return None
        if (call.usd_per_request is None) == (call.model is None):
            raise self.wrong(loc, "give either usd_per_request or a model")
        return call, self.where(*loc)

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
            judges=tuple((judge, share) for judge, (share, _) in judges),
            wrong=tuple(wrong for _, (_, wrong) in steps),
            wrong_before=tuple(wrong for _, (_, wrong) in judges),
            where=self.where("cascades", name),
        )

    def _steps(self, name: str, reach: Reach, above: tuple[str, ...]) -> Steps:
        """Return models and judges of a cascade, each with the share of requests it sees.

        A cascade inside another one is written out.
        """
        if name not in self.record.cascades:
            return [(name, reach)], []
        if name in above:
            path = " -> ".join((*above[above.index(name) :], name))
            raise self.wrong(("cascades", name), f"the cascade comes back to itself: {path}")
        part = self.record.cascades[name]
        judge = self.judge(part.judge, "cascades", name, "judge")
        first = self._steps(part.try_, reach, (*above, name))
        then = self._steps(part.to, self._handed(name, part, reach), (*above, name))
        judges = [(judge, reach)] if judge is not None else []
        return [*first[0], *then[0]], [*first[1], *judges, *then[1]]

    def _handed(self, name: str, part: CascadePart, reach: Reach) -> Reach:
        """Return what a cascade hands on: the share that was said, or what its model gets wrong."""
        factor, wrong = reach
        if part.escalate is not None:
            return factor * part.escalate, wrong
        if part.try_ in self.record.cascades:
            raise self.wrong(
                ("cascades", name), f"say escalate: what {part.try_} hands on is not known"
            )
        return factor, (*wrong, part.try_)


def _times(whole: float, share: float) -> float:
    return whole.times(share) if isinstance(whole, units.Rate) else share * whole


def texts(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return what is said as one text, or as several."""
    return (value,) if isinstance(value, str) else tuple(value)


# A load curve from a user's file: 24 or 168 numbers, or lines of an hour and its load.

_SEPARATORS = re.compile(r"[\s,;]+")


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
