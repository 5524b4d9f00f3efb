"""`tco plan`."""

from functools import partial
from typing import Annotated, Any

from typer import Argument, Option

from tco.cli.flags import flags
from tco.cli.options import VOLUME, WHICH, Output, Question

Overflow = Annotated[
    str | None,
    Argument(metavar="API", help="The option by the token, for what is left.", show_default=False),
]
Own = Annotated[
    str | None,
    Argument(metavar="OWN", help="The set-up for the base load.", show_default=False),
]
Curve = Annotated[
    str | None,
    Option(
        metavar="NAME|FILE",
        help="Hours of a profile, or a file of 24 or 168 loads.",
        rich_help_panel=VOLUME,
        show_default=False,
    ),
]
Buy = Annotated[
    bool | None,
    Option("--buy", help="Bought GPUs as well.", rich_help_panel=WHICH, show_default=False),
]


@flags
def plan(
    question: Question,
    output: Output,
    api: Overflow = None,
    own: Own = None,
    curve: Curve = None,
    buy: Buy = None,
) -> None:
    """The cheapest mix: a base load on own GPUs, the rest to an API by the token.

    \b
      tco plan --tokens 500B --profile chat
      tco plan together/llama-3.3-70b self/llama-3.3-70b --tokens 2T --curve week.txt
      tco plan --tokens 1T --model glm-5.2 --purchase reserved_1y,on_demand,spot
      tco plan -f portfolio.yaml        tasks assigned to models; tco init --plan writes one

    Without API and OWN: each open model, its own weights on both sides.
    """
    from tco.cli.answer import answer
    from tco.cli.ask import file_of

    path = file_of(question) or ""
    if path and _is_portfolio(path, api or own or curve or buy):
        answer(question, output, partial(_assigned, path))
    else:
        answer(question, output, partial(_planned, api, own, curve, bool(buy)))


def _is_portfolio(path: str, flags_of_a_mix: Any) -> bool:
    """Return whether a scenario file has tasks.

    Raises:
        UsageError: It has, and flags ask for the mix of a single workload too.
    """
    from tco.catalog.scenario import has_tasks
    from tco.errors import UsageError

    if has_tasks(path) and flags_of_a_mix:
        raise UsageError(f"{path} has tasks; API, OWN, --curve and --buy belong to a plan without")
    return has_tasks(path)


def _assigned(path: str, inputs: Any) -> Any:
    from tco.analysis.portfolio.portfolio import portfolio
    from tco.catalog.task_file import load_tasks

    return portfolio(inputs, load_tasks(path))


def _planned(api: str | None, own: str | None, curve: str | None, buy: bool, inputs: Any) -> Any:
    from tco.analysis.plan.hybrid import Ask
    from tco.analysis.plan.hybrid import plan as planned
    from tco.catalog.hours import load_hours

    name = curve or ""
    known = inputs.catalog.workloads.profiles
    hours = load_hours(name) if name and name not in known else ()
    return planned(inputs, Ask(overflow=api, own=own, hours=hours, curve=name, buy=buy))
