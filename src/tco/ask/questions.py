"""What each command asks: its words are read here and now, and answered later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tco import units
from tco.ask import varied
from tco.ask.fields import one_of, whole_gpus
from tco.ask.options import QUESTION, idle
from tco.catalog.files import looks_like_config
from tco.errors import UsageError, printable
from tco.options.scenario import METHODS, read_speed

if TYPE_CHECKING:
    from tco.ask.layers import Ask
    from tco.ask.options import (
        BreakevenOptions,
        CompareOptions,
        EmbedOptions,
        PlanOptions,
        QuestionOptions,
        SensitivityOptions,
        SizeOptions,
        TrainOptions,
    )
    from tco.options.question import Question


# What each command asks: its words are read here and now, and answered for resolved inputs later.
#
# The command line and the library ask through these functions, so that both understand the same
# and answer the same.


def compare(
    options: CompareOptions | None = None, *, brief: bool = False, volumes: bool = False
) -> Ask:
    """Return the question what a month costs.

    Args:
        options: What was said besides.
        brief: Only of the options of a screen.
        volumes: Where no volume is said, at three of them, unless checks hold the answer to some
            limit.
    """
    frontier = (options or {}).get("frontier")

    def ask(inputs: Question) -> Any:
        if volumes and not (frontier or inputs.volume_given or inputs.request.checks):
            from tco.analysis.volumes import compare_volumes

            return compare_volumes(inputs, brief=brief)
        if frontier:
            from tco.analysis.frontier import frontier as cheapest_by_quality

            return cheapest_by_quality(inputs)
        from tco.analysis.compare import compare as compared

        return compared(inputs, brief=brief)

    return ask


def explain(name: str) -> Ask:
    """Return the question how the bill of an option comes about."""

    def ask(inputs: Question) -> Any:
        from tco.analysis.explain import explain as explained

        return explained(inputs, name)

    return ask


def deploy(name: str) -> Ask:
    """Return the question how a set-up is run."""

    def ask(inputs: Question) -> Any:
        from tco.analysis.deploy.deploy import deploy as deployed

        return deployed(inputs, name)

    return ask


def breakeven(a: str | None, b: str | None, options: BreakevenOptions) -> Ask:
    """Return the question from where B is cheaper than A: in volume, in another variable, in two.

    Raises:
        UsageError: What was said cannot be read, or does not go together.
    """
    if a is not None and b is None:
        return _against_what(a)
    if a is not None and b is not None and a.strip().lower() == b.strip().lower():
        raise UsageError(f"A and B are both {printable(a, 100)}; name two different options")
    over, axes = options.get("over"), options.get("map")
    if a is not None and options.get("against") is not None:
        raise UsageError("--against belongs to the overview; A and B say what is compared")
    varied.only_one(over=over, map=axes)
    varied.needs("--over", over, "a pair: name A and B", b)
    varied.needs("--range", options.get("range"), "--over", over)
    in_volume = b and not over and not axes
    varied.needs("--growth", options.get("growth"), "a break-even of A and B in volume", in_volume)
    for name in ("x", "y", "among"):
        varied.needs(f"--{name}", options.get(name), "--map", axes)
    if axes is not None:
        return _map(varied.named(a, b, options), axes, options)
    if over is not None and a is not None and b is not None:
        return _over(a, b, over.strip().lower(), options)
    return _in_volume(a, b, options)


def _against_what(name: str) -> Ask:
    """Return a question without its other half, which is answered with what it can be."""

    def ask(inputs: Question) -> Any:
        from tco.options.names import pair_with

        pair = " ".join(pair_with(name, inputs))
        raise UsageError(f"against what? for example tco breakeven {pair}")

    return ask


def _map(named: tuple[str, ...], axes: str, options: BreakevenOptions) -> Ask:
    two = varied.pair_of(axes, "--map")
    spans = varied.spans(two, options)

    def ask(inputs: Question) -> Any:
        from tco.analysis.vary.over import winner_map

        return winner_map(inputs, named, two, spans)

    return ask


def _over(a: str, b: str, name: str, options: BreakevenOptions) -> Ask:
    span = options.get("range")
    ends = None if span is None else varied.bounds(varied.span_text(span), name, "--range")

    def ask(inputs: Question) -> Any:
        from tco.analysis.vary.over import breakeven_over

        return breakeven_over(inputs, a, b, name, ends)

    return ask


def _in_volume(a: str | None, b: str | None, options: BreakevenOptions) -> Ask:
    growth, against = options.get("growth"), options.get("against")
    rate = None if growth is None else varied.share(growth, "--growth")

    def ask(inputs: Question) -> Any:
        from tco.analysis.breakeven import breakeven as pair
        from tco.analysis.breakeven import breakeven_table

        if a is not None and b is not None:
            return pair(inputs, a, b, rate)
        return breakeven_table(inputs, against)

    return ask


def horizon(names: tuple[str, ...]) -> Ask:
    """Return the question what options come to over the months to come."""

    def ask(inputs: Question) -> Any:
        from tco.analysis.horizon.horizon import horizon as over_months

        return over_months(inputs, names)

    return ask


def plan(api: str | None, own: str | None, options: PlanOptions, file: str | None = None) -> Ask:
    """Return the question which mix is cheapest: of a load, or of the tasks of a scenario file.

    Raises:
        UsageError: The file has tasks, and the mix of a single load was asked for too.
    """
    if file and _has_tasks(file):
        if api or own or any(options.values()):
            raise UsageError(
                f"{file} has tasks; API, OWN, --curve and --buy belong to a plan without"
            )
        return _assigned(file)
    name = options.get("curve") or ""

    def ask(inputs: Question) -> Any:
        from tco.analysis.plan.plan import plan as planned

        known = inputs.catalog.workloads.profiles
        hours = _load_hours(name) if name and name not in known else ()
        buy = bool(options.get("buy"))
        return planned(inputs, api, own, hours=hours, curve=name, buy=buy)

    return ask


def _has_tasks(file: str) -> bool:
    from tco.ask.scenario import has_tasks  # the schemas take longer than a plan

    return has_tasks(file)


def _load_hours(file: str) -> tuple[float, ...]:
    from tco.catalog.tasks import load_hours  # as much

    return load_hours(file)


def _assigned(file: str) -> Ask:
    def ask(inputs: Question) -> Any:
        from tco.analysis.portfolio.portfolio import portfolio
        from tco.ask.scenario import load_tasks
        from tco.catalog.usage_profile import with_own_profile

        tasks, catalog = load_tasks(file), inputs.catalog
        for task in tasks.tasks:
            catalog = with_own_profile(catalog, task.profile)
        return portfolio(replace(inputs, catalog=catalog), tasks)

    return ask


def size(
    model: str | None, options: SizeOptions, question: QuestionOptions
) -> tuple[Ask, QuestionOptions]:
    """Return the question where a model fits and how fast it serves there, and the whole of it.

    Args:
        model: The model, or its config; None where `model_config` says it.
        options: What was said of the set-ups.
        question: What was said besides.

    Raises:
        UsageError: A value that cannot be read.
    """
    counts = varied.counts(options.get("gpus"), "--gpus")
    whole: Any = {**question, "tier": ["self"], **_sized(model, question)}
    old = ""
    if (demand := options.get("demand")) is not None:
        old = varied.kind_of_demand(demand, whole)
        whole[old] = demand
    if (most := options.get("concurrency")) is not None:
        several = varied.counts(most, "--concurrency")
        if len(several) != 1:
            raise UsageError("--concurrency: one whole number is expected; write for example 64")
        pairs = varied.texts_of(whole.get("set"))
        whole["set"] = [*pairs, f"serving.max_concurrency={several[0]}"]

    def ask(inputs: Question) -> Any:
        from tco.analysis.size.size import size as sized

        return sized(inputs, counts, old)

    return ask, whole


def _sized(model: str | None, question: QuestionOptions) -> dict[str, Any]:
    """Return the model to be sized: by its name, or by its config.

    Raises:
        UsageError: There is none.
    """
    configs = question.get("model_config")
    if model is None and not configs:
        raise UsageError("which model? for example tco size llama-3.3-70b, or its config.json")
    if model is None:
        return {}
    if looks_like_config(model):
        from tco.catalog.configs.read import has_config

        if has_config(model):
            return {"model_config": [model]}
    return {"model": [model]}


# What `sensitivity` asks: one assumption at a time, two, all at once, or a change with a name.

if TYPE_CHECKING:
    Watch = Callable[[], AbstractContextManager[Callable[[float], None]]]


def sensitivity(
    a: str | None,
    b: str | None,
    options: SensitivityOptions,
    file: str | None = None,
    watch: Watch = lambda: nullcontext(lambda _: None),
) -> Ask:
    """Return the question what moves the answer: one assumption, two, all at once, or a change.

    Args:
        a, b: The options that are held against each other.
        options: What else was said.
        file: The scenario file, which may name changes.
        watch: Opens what is told how far a long run has come.

    Raises:
        UsageError: What was said cannot be read, or does not go together.
    """
    grid, draws, changes = options.get("grid"), options.get("draws"), options.get("what_if")
    varied.only_one(grid=grid, draws=draws, what_if=changes)
    for name in ("x", "y"):
        varied.needs(f"--{name}", options.get(name), "--grid", grid)
    for name in ("seed", "vary", "correlate"):
        varied.needs(f"--{name}", options.get(name), "--draws", draws)
    any_of_them = grid or draws or changes
    varied.needs("--among", options.get("among"), "--grid, --draws or --what-if", any_of_them)
    named = varied.named(a, b, options)
    if grid is not None:
        return _grid(named, grid, options)
    if draws is not None:
        return _drawn(named, options, watch)
    if changes:
        return _changed(named, _what_ifs(varied.texts_of(changes), file))

    def ask(inputs: Question) -> Any:
        from tco.analysis.sensitivity import sensitivity as swings

        return swings(inputs, a, b)

    return ask


def _grid(named: tuple[str, ...], grid: str, options: SensitivityOptions) -> Ask:
    two = varied.pair_of(grid, "--grid")
    spans = varied.spans(two, options)

    def ask(inputs: Question) -> Any:
        from tco.analysis.sensitivity import pair
        from tco.analysis.vary.over import GRID, winner_map

        both = None
        if not named and inputs.volume_given:
            both = pair(inputs, None, None)[:2]
        return winner_map(inputs, named, two, spans, GRID, both)

    return ask


def _drawn(named: tuple[str, ...], options: SensitivityOptions, watch: Watch) -> Ask:
    from tco.analysis.montecarlo.montecarlo import monte_carlo

    seed = options.get("seed")
    draws = varied.whole(options.get("draws") or 0, "--draws")
    seeded = 1 if seed is None else varied.whole(seed, "--seed")
    spreads, pairs = (
        varied.spreads(options.get("vary")),
        varied.correlations(options.get("correlate")),
    )

    def ask(inputs: Question) -> Any:
        with watch() as progress:
            return monte_carlo(
                inputs, named, progress, draws=draws, seed=seeded, varied=spreads, correlated=pairs
            )

    return ask


def _changed(named: tuple[str, ...], texts: tuple[str, ...]) -> Ask:
    def ask(inputs: Question) -> Any:
        from tco.analysis.vary.whatif import what_ifs

        return what_ifs(inputs, named, texts)

    return ask


def _what_ifs(texts: list[str], file: str | None) -> tuple[str, ...]:
    """Return the what-ifs: as said, or by the name that the scenario file has for one, or all."""
    if not file:
        return tuple(texts)
    from tco.ask.scenario import load_scenario

    known = [str(text) for text, _, _ in load_scenario(file).items("what_if")]
    by_name = {text.partition(":")[0].strip().lower(): text for text in known if ":" in text}
    if [text.strip().lower() for text in texts] == ["all"]:
        return tuple(known)
    return tuple(by_name.get(text.strip().lower(), text) for text in texts)


# What `tco train` and `tco embed` ask: their words are read here and now, and answered later.

ADDED: dict[str, tuple[str, str, Callable[[Any], float]]] = {
    "epochs": ("--epochs", "training.epochs", units.number),
    "train_gpus": ("--train-gpus", "training.gpus", whole_gpus),
    "lora_rank": ("--lora-rank", "training.lora_rank", units.whole),
    "sequence": ("--sequence", "training.sequence_tokens", units.number),
    "gpu_hours": ("--gpu-hours", "training.gpu_hours", units.number),
    "train_tokens_per_s": ("--train-tokens-per-s", "training.tokens_per_s", read_speed),
    "prompt_saved": ("--prompt-saved", "training.prompt_saved_tokens", units.number),
}
"""What `train` says of assumptions: the flag, the path, the reader."""


def train(
    models: tuple[str, ...], options: TrainOptions, question: QuestionOptions
) -> tuple[Ask, QuestionOptions]:
    """Return the question what tuning some models costs, and the whole of it.

    Raises:
        UsageError: A value that cannot be read, or none where one is needed.
    """
    if not models and not question.get("model_config"):
        raise UsageError("which model? for example tco train llama-3.3-70b --training-tokens 100M")
    if (size := options.get("training_tokens")) is None:
        raise UsageError("how many tokens are trained on? for example --training-tokens 100M")
    tokens = more_than_0(size, "--training-tokens", units.number)
    refresh = options.get("refresh")
    anew = None if refresh is None else more_than_0(refresh, "--refresh", units.months)
    named = varied.several(options.get("method"))
    ways: Any = tuple(_read(one_of(*METHODS), word, "--method") for word in named) or METHODS
    pairs = varied.texts_of(question.get("set"))
    for name, (flag, path, read) in ADDED.items():
        if (value := options.get(name)) is not None:
            pairs.append(f"{path}={more_than_0(value, flag, read)!r}")
    if (within := options.get("within")) is not None:
        pairs.append(f"training.within_h={_hours(more_than_0(within, '--within', in_hours))}")
    whole: Any = {**question, "set": pairs}

    def ask(inputs: Question) -> Any:
        from tco.analysis.jobs.training import train as trained

        against, saved = options.get("against"), options.get("prompt_saved")
        cases = ("train",) if inputs.volume_given else ("train", "unserved")
        made = trained(inputs, models or inputs.request.models, tokens, ways, anew, against)
        # Where serving is priced, everything that says how has a part.
        return _with_idle(made, inputs, () if against or saved is not None else cases)

    return ask, whole


def embed(options: EmbedOptions) -> Ask:
    """Return the question what embedding a corpus, and queries every month, costs.

    Raises:
        UsageError: A value that cannot be read.
    """
    corpus, queries, length, params = (
        None if (value := options.get(name)) is None else more_than_0(value, flag, read)
        for name, flag, read in (
            ("corpus", "--corpus", units.number),
            ("queries", "--queries", units.requests_per_month),
            ("query_tokens", "--query-tokens", units.number),
            ("params", "--params", units.number),
        )
    )

    def ask(inputs: Question) -> Any:
        from tco.analysis.jobs.embedding import embed as embedded

        found = embedded(inputs, corpus or 0.0, queries or 0.0, length or 0.0, params)
        cases = ("embed",) if params is not None else ("embed", "unrented")
        return _with_idle(found, inputs, cases)

    return ask


def _with_idle(result: Any, inputs: Question, cases: Sequence[str]) -> Any:
    """Return a result that warns of what was said, mostly in a file, and changes nothing in it."""
    by, none = inputs.request.origins, idle(*cases)
    said = [f"{f.key} ({by[f.target]})" for f in QUESTION if f.name in none and f.target in by]
    words = (f"no part in this answer: {', '.join(said)}",) if said else ()
    return replace(result, warnings=(*result.warnings, *words))


def more_than_0(value: Any, flag: str, read: Callable[[Any], float]) -> float:
    """Return a quantity that is more than 0.

    Raises:
        UsageError: It cannot be read, or is not; the text begins with the flag.
    """
    number: float = _read(read, value, flag)
    if number <= 0:
        raise UsageError(f"{flag}: {printable(str(value), 40)}: must be more than 0")
    return number


def _read(read: Callable[[Any], Any], value: Any, flag: str) -> Any:
    try:
        return read(value)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def in_hours(text: Any) -> float:
    """Return a duration that is mostly said in hours [s]."""
    return units.seconds(text, ("h", "min"))


def _hours(seconds: float) -> str:
    return repr(seconds / units.SECONDS_PER_HOUR)
