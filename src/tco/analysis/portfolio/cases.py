"""The tasks of a portfolio as workloads, what each needs, and what calls beside them cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tco.catalog.lookup import find_model, find_provider, quality, upper
from tco.catalog.models import Model
from tco.catalog.tasks import Cascade, Judge, ScorePart, Task, Tasks, texts
from tco.engine.assign import tries_until_right
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats, number
from tco.errors import DataError, InfeasibleError, UsageError, unknown_name
from tco.options.bills import Option, TokenOption, charged_lines
from tco.options.cheapest import answers_at, least_trust
from tco.options.hours import checked_hours
from tco.options.prices import LIST_PRICE, Buying
from tco.options.quality import SuccessRates, success_rates
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario
from tco.options.sessions import follows_gaps
from tco.options.settings import AT, TOKENS, Settings, workload
from tco.records import dataclass
from tco.units import show_number

if TYPE_CHECKING:
    from tco.engine.gaps import Gaps

# The tasks of a portfolio as workloads: one after another, and all of them as arrays.

BATCH = "workload.batch_share"
LIMIT, FIRST = "serving.max_tpot_s", "serving.max_ttft_s"
DEADLINE = ("workload.deadline_h", "workload.deadline_peak_to_mean")
ROOM = ("serving.headroom", "serving.wait_beta", "workload.rate_cv")
"""What own logs, or a profile, say of the room that a fleet keeps."""
SHAPE = (
    TOKENS,
    "workload.isl",
    "workload.osl",
    "workload.images_per_request",
    "workload.cached_share",
    "workload.peak_to_mean",
    LIMIT,
    FIRST,
    BATCH,
    *DEADLINE,
    *ROOM,
    "workload.cache_write_share",
    "workload.retry_share",
    "workload.reasoning_factor",
)
"""Settings that differ from task to task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCase:
    """A task with every name in it resolved.

    Args:
        task: The task.
        where: `file:line` of it.
        cascades: Cascades that may serve it, their shares as numbers.
        settings: Every value that enters its bill.
        models: Models and own options that it may use; empty for any.
        providers: Companies by the token; empty for any.
        success: How often models are right at it; None where nobody said.
        gaps: How long its sessions wait between turns; None where its requests belong to none.
        buying: How its tokens are bought: when in the week, and of what lengths.
    """

    task: Task
    where: str
    cascades: tuple[Cascade, ...]
    settings: Settings
    models: frozenset[str]
    providers: frozenset[str]
    success: SuccessRates | None = None
    gaps: Gaps | None = None
    buying: Buying = LIST_PRICE

    def tries(self, option: Option) -> float | None:
        """Return how often an option is asked until it is right; None where nobody said [1]."""
        if self.success is None:
            return 1.0
        rate = self.success.of(option.model, option.id)
        return None if rate is None else float(tries_until_right(rate))

    @property
    def priced_alike(self) -> Hashable:
        """Return what tasks have in common whose tokens are priced alike, request by request."""
        week = self.buying.week
        return None if week is None else week.tobytes(), self.buying.lengths, self.caching_gaps

    @property
    def caching_gaps(self) -> Gaps | None:
        """Return the same where what a provider's cache keeps follows from them."""
        return self.gaps if follows_gaps(self.settings) else None

    @property
    def batch_share(self) -> float:
        """Return the share of the requests that can wait [1]."""
        return number(self.settings.value(BATCH))

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


def cases_of(inputs: Question, tasks: Tasks) -> list[TaskCase]:
    """Return the tasks, resolved.

    Raises:
        DataError: A name that no catalog knows, or a value out of its range.
    """
    asked = inputs.request
    volumes = (asked.tokens, asked.requests, asked.users, asked.developers, asked.peak)
    if any(x is not None for x in volumes):
        raise UsageError("the tasks of the file say the volume; leave --tokens and the like out")
    return [_case(inputs, tasks, i, task) for i, task in enumerate(tasks.tasks)]


def _case(inputs: Question, tasks: Tasks, i: int, task: Task) -> TaskCase:
    where = tasks.where("tasks", i)
    try:
        asked = prepare(inputs.catalog, _request(inputs.request, task, where), inputs.day)
        success = success_rates(inputs.catalog, inputs.request, task.rates)
        if task.deadline is not None and not number(asked.settings.value(BATCH)):
            raise UsageError(f"deadline of '{task.name}': nothing of it waits; give batch too")
    except (UsageError, DataError) as error:
        text = str(error)
        raise DataError(text if text.startswith(where) else f"{where}: {text}") from None
    return TaskCase(
        task=task,
        where=where,
        cascades=tuple(_known(inputs, cascade, success) for cascade in tasks.cascades(i)),
        settings=asked.settings,
        models=frozenset(named_model(inputs, name, where) for name in texts(task.models)),
        providers=frozenset(_provider(inputs, name, where) for name in texts(task.providers)),
        success=success,
        gaps=asked.gaps,
        buying=asked.buying,
    )


def _known(inputs: Question, cascade: Cascade, success: SuccessRates | None) -> Cascade:
    """Return a cascade with its shares as numbers.

    Raises:
        DataError: What is handed on was said in no way.
    """

    def left(factor: float, wrong: Sequence[str]) -> float:
        for name in wrong:
            model = named_model(inputs, name, cascade.where)
            rate = None if success is None else success.of(model, model)
            if rate is None:
                raise DataError(
                    f"{cascade.where}: cascade '{cascade.name}': say escalate, or with success how "
                    f"often {name} is right"
                )
            factor *= 1.0 - rate
        return factor

    judged = zip(cascade.judges, cascade.wrong_before, strict=True)
    return replace(
        cascade,
        reach=tuple(map(left, cascade.reach, cascade.wrong)),
        judges=tuple((call, left(share, wrong)) for (call, share), wrong in judged),
        wrong=(),
        wrong_before=(),
    )


def _request(request: Scenario, task: Task, where: str) -> Scenario:
    """Return the question about one task alone."""
    said = {
        "workload.cached_share": task.cached,
        "workload.peak_to_mean": _peak(task, where),
        LIMIT: task.limits.get("tpot"),
        FIRST: task.limits.get("ttft"),
        BATCH: task.batch,
        DEADLINE[0]: task.deadline,
    }
    own = {path: value for path, value in said.items() if value is not None}
    others = dict(request.settings)
    if task.peak is not None:
        others.pop("workload.peak_to_mean", None)
    names = ("tokens", "requests", "users", "developers", "peak", "isl", "osl", *own)
    return replace(
        request,
        tokens=task.tokens,
        requests=task.requests,
        users=task.users,
        developers=task.developers,
        peak=task.peak,
        profile=task.profile or request.profile,
        isl=task.isl if task.isl is not None else request.isl,
        osl=task.osl if task.osl is not None else request.osl,
        settings={**others, **own},
        origins={**request.origins, **dict.fromkeys(names, where)},
        layers={**request.layers, **dict.fromkeys(own, max(request.layers.values(), default=0))},
    )


def _peak(task: Task, where: str) -> float | None:
    if not task.hours:
        return task.peak_to_mean
    return float(checked_hours(task.hours, where).max())


def named_model(inputs: Question, name: str, where: str) -> str:
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


def _provider(inputs: Question, name: str, where: str) -> str:
    try:
        return find_provider(inputs.catalog, name)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def stacked_settings(inputs: Question, cases: Sequence[TaskCase]) -> Settings:
    """Return the settings with an array over the tasks where they differ [tasks]."""
    return inputs.settings.with_values({path: column(cases, path) for path in SHAPE})


def session_settings(inputs: Question, cases: Sequence[TaskCase]) -> Settings:
    """Return the same with what is said of sessions, for tasks that have some [tasks]."""
    paths = (path for path in inputs.settings if path.startswith(AT))
    values = {path: column(cases, path) for path in paths}
    return stacked_settings(inputs, cases).with_values(values)


def column(cases: Sequence[TaskCase], path: str) -> Floats:
    """Return one setting of every task [tasks]."""
    return np.array([float(np.asarray(case.settings.value(path))) for case in cases])


def blended(inputs: Question, cases: Sequence[TaskCase]) -> Question:
    """Return the question about all tasks as one workload of their mean length and peak."""
    requests = np.array([case.requests for case in cases])
    means = (path for path in SHAPE if path not in (TOKENS, LIMIT, FIRST, *DEADLINE))
    values = {path: float(np.average(column(cases, path), weights=requests)) for path in means}
    values[TOKENS] = float(column(cases, TOKENS).sum())
    values[LIMIT] = float(column(cases, LIMIT).min())
    first = column(cases, FIRST)
    values[FIRST] = float(first[first > 0.0].min(initial=np.inf)) if np.any(first > 0.0) else 0.0
    return replace(inputs, settings=inputs.settings.with_values(values))


def longest(inputs: Question, cases: Sequence[TaskCase]) -> Question:
    """Return the question about the task of the longest requests, at the volume of all."""
    case = max(cases, key=lambda c: c.tokens_per_request)
    total = float(column(cases, TOKENS).sum())
    settings = case.settings.with_values({TOKENS: total})
    return replace(inputs, settings=settings)


# What a task needs, and which models and offers do not have it.


UnmetNeed = tuple[str, str]
"""A need that something does not meet, and how near it comes; empty where that is nothing."""


def license_of(model: Model | None) -> str:
    """Return the kind of licence of a model; own options without a model have none known."""
    return "unknown" if model is None else model.license_kind


def scores_of(
    inputs: Question, own: Sequence[tuple[str, ScorePart]], name: str
) -> dict[str, list[tuple[float, str]]]:
    """Return the scores that a model reaches by benchmark, with who measured them.

    The upper end of a score's interval, and its value where it has none.

    Args:
        own: Own evaluations with their model resolved.
        name: A model or an own option.
    """
    found: dict[str, list[tuple[float, str]]] = {}
    model = inputs.catalog.models.models.get(name)
    if model is not None:
        best = (quality(model, name) for name in dict.fromkeys(s.benchmark for s in model.scores))
        found = {s.benchmark: [(upper(s), s.source)] for s in best if s is not None}
    for who, mine in own:
        if who == name:
            found.setdefault(mine.benchmark, []).append((mine.value, mine.source))
    return found


def unmet(
    case: TaskCase,
    model: Model | None,
    names: set[str],
    scores: Mapping[str, list[tuple[float, str]]],
    context: int | None = None,
) -> list[UnmetNeed]:
    """Return the needs of a task that a model does not meet where it runs.

    Args:
        model: The model; None for an own option without one.
        names: What it is called: its id, and that of an own option.
        scores: Its scores by benchmark.
        context: What a request may have there; None for what the model was made for.
    """
    failures: list[UnmetNeed] = []
    if case.models and not names & case.models:
        failures.append((f"models {', '.join(sorted(case.models))}", ""))
    kind = license_of(model)
    allowed = texts(case.task.licenses)
    if allowed and kind not in allowed:
        failures.append((f"licence {' or '.join(allowed)}", ""))
    failures += score_unmet(case, scores)
    need = case.tokens_per_request
    limit = context if context is not None or model is None else model.context_tokens
    if limit and need > limit:
        failures.append(_too_long(need, limit))
    return failures


def score_unmet(case: TaskCase, scores: Mapping[str, list[tuple[float, str]]]) -> list[UnmetNeed]:
    """Return the lowest scores that a model does not reach; one without a score reaches none."""
    failures: list[UnmetNeed] = []
    for benchmark, least in case.task.least:
        best = max((value for value, _ in scores.get(benchmark, [])), default=None)
        if best is None or best < least:
            had = "" if best is None else show_number(best, 4)
            failures.append((f"min_score {benchmark} >= {show_number(least, 4)}", had))
    return failures


def rate_unmet(case: TaskCase, option: Option) -> list[UnmetNeed]:
    """Return that nobody said how often an option is right, where that is said of others."""
    return [("a rate in success", "")] if case.tries(option) is None else []


def offer_unmet(case: TaskCase, option: TokenOption) -> list[UnmetNeed]:
    """Return the needs of a task that an offer by the token does not meet."""
    failures: list[UnmetNeed] = []
    if case.task.private:
        failures.append(("private: only own machines", ""))
    if case.providers and option.provider not in case.providers:
        failures.append((f"providers {', '.join(sorted(case.providers))}", ""))
    return failures


def _too_long(need: float, has: int) -> UnmetNeed:
    return f"a context of {need:,.0f} tokens", f"{has:,}"


def nothing_left(
    case: TaskCase, tried: Sequence[tuple[str, list[UnmetNeed]]], fleets: Sequence[str]
) -> InfeasibleError:
    """Return the error for a task that nothing can serve: the binding need is named.

    A need binds when something meets all the others.

    Args:
        tried: Everything that was looked at, with the needs that it does not meet.
        fleets: Why own GPUs were left out, where they were.
    """
    head = f"{case.where}: task '{case.task.name}': nothing is left that can serve it"
    tried = [(name, list({f[0]: f for f in failed}.values())) for name, failed in tried]
    why = [text for text in fleets if not case.models or any(m in text for m in case.models)]
    more = f"; own GPUs: {'; '.join(dict.fromkeys(why[:2]))}" if why else ""
    lone = [(name, failed[0]) for name, failed in tried if len(failed) == 1]
    if lone:
        counts = Counter(need for _, (need, _) in lone)
        needs = sorted(counts, key=lambda need: (need.startswith("models "), -counts[need]))
        words = ", or ".join(_binding(need, lone, counts[need]) for need in needs[:3])
        return InfeasibleError(f"{head}; binding: {words}{more}")
    counts = Counter(need for _, failed in tried for need, _ in failed)
    both = "; ".join(f"{need} rules out {n} of {len(tried)}" for need, n in counts.most_common(4))
    return InfeasibleError(f"{head}; binding together: {both or 'there is no option'}{more}")


def _binding(need: str, lone: Sequence[tuple[str, UnmetNeed]], count: int) -> str:
    """Return a need that binds, how near anything comes, and what giving it up would leave."""
    near = [(name, had) for name, (what, had) in lone if what == need]
    name, had = max(near, key=lambda pair: _size(pair[1]))
    nearest = f" (the nearest, {name}, has {had})" if had else ""
    return f"{need}{nearest}, without which {count} option{'s' * (count > 1)} would be left"


def _size(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("-inf")


def names_of(option: Option) -> set[str]:
    """Return what an option goes by: its model, and its own id where the user described it."""
    return {option.model, option.id}


# What calls beside the tasks cost: a router before them, a judge after them.

JUDGE_OSL = 10.0
"""Output of a call that decides something: a label and a reason in a few tokens (judgment)."""

Offers = Sequence[tuple[TokenOption, Floats, Floats]]


class Calls:
    """Prices calls with the offers of a portfolio."""

    def __init__(self, inputs: Question, offers: Offers) -> None:
        """Keep the offers."""
        self.inputs, self.offers = inputs, offers

    def judged(
        self, case: TaskCase, cascade: Cascade
    ) -> tuple[float, tuple[TokenOption, ...]] | None:
        """Return what the judges of a cascade charge for a task [USD/month], and who they are.

        None where one of them would see private data on machines of others.
        """
        total, judges = 0.0, []
        for judge, reach in cascade.judges:
            if judge[0].model is not None and case.task.private:
                return None
            usd, option = self.priced(judge, case)
            total += reach * usd
            judges += [option] if option is not None else []
        return total, tuple(judges)

    def priced(self, judge: Judge, case: TaskCase) -> tuple[float, TokenOption | None]:
        """Return what a call on every request of a task costs [USD/month], and who answers it.

        Nobody in particular where the call has a price of its own.

        Raises:
            DataError: Nobody offers its model by the token.
        """
        call, where = judge
        if call.usd_per_request is not None:
            return call.usd_per_request * case.requests, None
        isl = call.isl if call.isl is not None else case.tokens_per_request
        osl = call.osl if call.osl is not None else JUDGE_OSL
        wanted = named_model(self.inputs, call.model or "", where)
        settings = _calls(case, isl, osl)
        named = [option for option, _, _ in self.offers if wanted in names_of(option)]
        if not named:
            raise DataError(f"{where}: nobody offers {wanted} by the token")
        # A call comes when the task's request does, and is as long only where nothing else is said
        week, lengths = case.buying.week, case.buying.lengths if call.isl is None else None
        some = [replace(o, buying=replace(o.buying, week=week, lengths=lengths)) for o in named]
        usd = np.array([float(np.asarray(total_usd(charged_lines(o, settings)))) for o in some])
        first = int(answers_at(some, usd, least_trust(self.inputs)))
        return float(usd[first]), some[first]


def _calls(case: TaskCase, isl: float, osl: float) -> Settings:
    return case.settings.with_values(
        {
            "workload.tokens_per_month": case.requests * (isl + osl),
            "workload.isl": isl,
            "workload.osl": osl,
            "workload.images_per_request": 0.0,
            "workload.isl_factor": 1.0,
            "workload.osl_factor": 1.0,
            "workload.cached_share": 0.0,
            BATCH: 0.0,
        }
    )
