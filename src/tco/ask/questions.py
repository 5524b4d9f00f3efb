"""What each command asks: its words are read here and now, and answered for resolved inputs later.

The command line and the library ask through these functions, so that both understand the same and
answer the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tco.ask import varied
from tco.ask.fields import one_of
from tco.errors import UsageError

if TYPE_CHECKING:
    from tco.analysis.inputs import Inputs
    from tco.ask.asked import Ask
    from tco.ask.question import (
        BreakevenOptions,
        HorizonOptions,
        PlanOptions,
        Question,
        SizeOptions,
    )


def compare(*, brief: bool = False) -> Ask:
    """Return the question what a month costs; briefly, only of the options of a screen."""

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.compare import compare as compared

        return compared(inputs, brief=brief)

    return ask


def explain(name: str) -> Ask:
    """Return the question how the bill of an option comes about."""

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.explain import explain as explained

        return explained(inputs, name)

    return ask


def deploy(name: str) -> Ask:
    """Return the question how a set-up is run."""

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.deploy.deploy import deploy as deployed

        return deployed(inputs, name)

    return ask


def breakeven(a: str | None, b: str | None, said: BreakevenOptions) -> Ask:
    """Return the question from where B is cheaper than A: in volume, in another variable, in two.

    Raises:
        UsageError: What was said cannot be read, or does not go together.
    """
    if a is not None and b is None:
        raise UsageError(f"against what? for example tco breakeven {a} self/llama-3.3-70b")
    over, axes = said.get("over"), said.get("map")
    if a is not None and said.get("against") is not None:
        raise UsageError("--against belongs to the overview; A and B say what is compared")
    varied.only_one(over=over, map=axes)
    varied.needs("--over", over, "a pair: name A and B", b)
    varied.needs("--range", said.get("range"), "--over", over)
    in_volume = b and not over and not axes
    varied.needs("--growth", said.get("growth"), "a break-even of A and B in volume", in_volume)
    for name in ("x", "y", "among"):
        varied.needs(f"--{name}", said.get(name), "--map", axes)
    if axes is not None:
        return _map(varied.named(a, b, said), axes, said)
    if over is not None and a is not None and b is not None:
        return _over(a, b, over.strip().lower(), said)
    return _in_volume(a, b, said)


def _map(named: tuple[str, ...], axes: str, said: BreakevenOptions) -> Ask:
    two = varied.pair_of(axes, "--map")
    spans = varied.spans(two, said)

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.change.maps import winner_map

        return winner_map(inputs, named, two, spans)

    return ask


def _over(a: str, b: str, name: str, said: BreakevenOptions) -> Ask:
    span = said.get("range")
    ends = None if span is None else varied.bounds(varied.span_text(span), name, "--range")

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.change.over import breakeven_over

        return breakeven_over(inputs, a, b, name, ends)

    return ask


def _in_volume(a: str | None, b: str | None, said: BreakevenOptions) -> Ask:
    growth, against = said.get("growth"), said.get("against")
    rate = None if growth is None else varied.share(growth, "--growth")

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.breakeven import breakeven as pair
        from tco.analysis.breakeven import breakeven_table

        if a is not None and b is not None:
            return pair(inputs, a, b, rate)
        return breakeven_table(inputs, against)

    return ask


def horizon(names: tuple[str, ...], said: HorizonOptions) -> Ask:
    """Return the question what options come to over the months to come.

    Raises:
        UsageError: What was said cannot be read.
    """
    growth = said.get("growth")
    rate = None if growth is None else varied.growth(growth, "--growth")
    word = said.get("discounting")
    if word is not None:
        try:
            word = one_of("end-of-month", "year-end")(word)
        except UsageError as error:
            raise UsageError(f"--discounting: {error}") from None

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.horizon.horizon import horizon as over_months

        return over_months(inputs, names, rate, word)

    return ask


def plan(api: str | None, own: str | None, said: PlanOptions, file: str | None = None) -> Ask:
    """Return the question which mix is cheapest: of a load, or of the tasks of a scenario file.

    Raises:
        UsageError: The file has tasks, and the mix of a single load was asked for too.
    """
    from tco.catalog.scenario import has_tasks

    if file and has_tasks(file):
        if api or own or any(said.values()):
            raise UsageError(
                f"{file} has tasks; API, OWN, --curve and --buy belong to a plan without"
            )
        return _assigned(file)
    name = said.get("curve") or ""

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.plan.hybrid import Ask as Mix
        from tco.analysis.plan.hybrid import plan as planned
        from tco.catalog.hours import load_hours

        known = inputs.catalog.workloads.profiles
        hours = load_hours(name) if name and name not in known else ()
        buy = bool(said.get("buy"))
        return planned(inputs, Mix(overflow=api, own=own, hours=hours, curve=name, buy=buy))

    return ask


def _assigned(file: str) -> Ask:
    def ask(inputs: Inputs) -> Any:
        from tco.analysis.portfolio.portfolio import portfolio
        from tco.catalog.task_file import load_tasks

        return portfolio(inputs, load_tasks(file))

    return ask


def size(model: str, said: SizeOptions, question: Question) -> tuple[Ask, Question]:
    """Return the question where a model fits and how fast it serves there, and the whole of it.

    Args:
        model: The model.
        said: What was said of the set-ups.
        question: What was said besides.

    Raises:
        UsageError: A value that cannot be read.
    """
    counts = varied.counts(said.get("gpus"), "--gpus")
    whole: Any = {**question, "model": [model], "tier": ["self"]}
    old = ""
    if (demand := said.get("demand")) is not None:
        old = varied.kind_of_demand(demand, whole)
        whole[old] = demand
    if (most := said.get("concurrency")) is not None:
        (count,) = varied.counts(most, "--concurrency")
        pairs = varied.texts_of(whole.get("set"))
        whole["set"] = [*pairs, f"serving.max_concurrency={count}"]

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.size import SizeAsk
        from tco.analysis.size import size as sized

        return sized(inputs, SizeAsk(counts=counts, demand_is=old))

    return ask, whole
