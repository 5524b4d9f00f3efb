"""What an answer must keep to: the checks of a scenario file, and that its figures add up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, NamedTuple

from tco.analysis.portfolio.results import PortfolioResult
from tco.analysis.results import BillLine, CheckResult, CheckState, OptionResult
from tco.errors import unknown_name
from tco.options.bills import UNKNOWN_MODEL, FixedOption, Option
from tco.options.question import Question
from tco.options.scenario import Check
from tco.options.selection import LICENSES
from tco.units import show_usd


class CheckedAnswer(NamedTuple):
    """An answer as checks see it.

    Args:
        name: What it proposes, in words.
        usd: What that costs a month; None when nothing can serve it.
        chosen: The options that it proposes.
        looked_at: All options whose prices it rests on.
    """

    name: str
    usd: float | None
    chosen: Sequence[Option]
    looked_at: Sequence[Option]


Told = tuple[CheckState, str]
"""How a check came out, and the sentence that says why."""


def checked(inputs: Question, judged: CheckedAnswer) -> tuple[CheckResult, ...]:
    """Return every check of the request, held against an answer."""
    found = []
    for check in inputs.request.checks:
        state, message = _RULES[check.rule](inputs, check, judged)
        file, _, line = check.where.rpartition(":")
        found.append(
            CheckResult(
                rule=check.rule, state=state, message=message, file=file, line=int(line or 0)
            )
        )
    return tuple(found)


def known_names(inputs: Question) -> None:
    """Look up every name that a check mentions: a misspelt one would never be found.

    Raises:
        UnknownNameError: A company or a licence that there is not; the text begins `file:line:`.
    """
    catalog = inputs.catalog
    companies = {*catalog.prices.providers, *catalog.hardware.sellers}
    companies |= {o.name for o in inputs.request.options} | {"own"}
    for check in inputs.request.checks:
        kind, known = ("licence", set(LICENSES))
        if check.rule.endswith("providers"):
            kind, known = "provider", companies
        for name in check.names:
            if name not in known:
                raise unknown_name(kind, name, known, where=f"{check.where}: {check.rule}: ")


def _max_monthly(inputs: Question, check: Check, judged: CheckedAnswer) -> Told:
    limit = show_usd(check.limit)
    if judged.usd is None:
        return "unknown", f"what it costs is not known, at most {limit} a month is allowed"
    said = f"{judged.name} costs {show_usd(judged.usd)} a month"
    if judged.usd > check.limit:
        return "failed", f"{said}, {show_usd(judged.usd - check.limit)} more than {limit}"
    return "passed", f"{said}, at most {limit} is allowed"


def _max_price_age(inputs: Question, check: Check, judged: CheckedAnswer) -> Told:
    """Return whether all prices were checked lately; those given by the user have no age."""
    days = [(o.checked, o.id) for o in judged.looked_at if o.checked is not None]
    lacking = [o.id for o in judged.chosen if o.checked is None]
    if lacking or not days:
        return "unknown", f"nobody dates the price of {', '.join(lacking) or judged.name}"
    oldest, name = min(days)
    limit = f"{check.limit:g} days"
    old = [one for day, one in days if _age(inputs.day, day) > check.limit]
    age = f"{_age(inputs.day, oldest)} days before {inputs.day}"
    if old:
        return "failed", (
            f"{len(old)} of {len(days)} prices are older than {limit}; the oldest, of {name}, was "
            f"checked on {oldest}, {age}"
        )
    return "passed", f"the oldest price, of {name}, was checked on {oldest}, {age}"


def _age(today: date, day: date) -> int:
    return (today - day).days


def _allow_providers(inputs: Question, check: Check, judged: CheckedAnswer) -> Told:
    return _allowed(check, judged, [(o.id, _company(o)) for o in judged.chosen], "provider")


def _deny_providers(inputs: Question, check: Check, judged: CheckedAnswer) -> Told:
    return _denied(check, judged, [(o.id, _company(o)) for o in judged.chosen], "provider")


def _allow_licenses(inputs: Question, check: Check, judged: CheckedAnswer) -> Told:
    return _allowed(check, judged, [*_licences(inputs, check, judged)], "licence")


def _deny_licenses(inputs: Question, check: Check, judged: CheckedAnswer) -> Told:
    return _denied(check, judged, [*_licences(inputs, check, judged)], "licence")


def _company(option: Option) -> str | None:
    """Return who an option is bought from; None for a description that does not say."""
    return None if isinstance(option, FixedOption) else option.provider


def _licences(
    inputs: Question, check: Check, judged: CheckedAnswer
) -> Iterator[tuple[str, str | None]]:
    models = inputs.catalog.models.models
    for option in judged.chosen:
        model = None if option.model == UNKNOWN_MODEL else models.get(option.model)
        kind = model.license_kind if model is not None else "unknown"
        yield option.id, kind if kind != "unknown" or kind in check.names else None


Named = Sequence[tuple[str, str | None]]
"""Options, each with its provider or licence; None where that is not known."""


def _allowed(check: Check, judged: CheckedAnswer, named: Named, kind: str) -> Told:
    other = [(i, n) for i, n in named if n is not None and n not in check.names]
    if other:
        option, name = other[0]
        return "failed", f"{option} has the {kind} {name}; allowed are {', '.join(check.names)}"
    return _untold(named, kind) or ("passed", f"{judged.name}: {_list(named)}")


def _denied(check: Check, judged: CheckedAnswer, named: Named, kind: str) -> Told:
    found = [(i, n) for i, n in named if n in check.names]
    if found:
        option, name = found[0]
        return "failed", f"{option} has the {kind} {name}, which is denied"
    return _untold(named, kind) or ("passed", f"{judged.name}: {_list(named)}")


def _untold(named: Named, kind: str) -> Told | None:
    lacking = [option for option, name in named if name is None]
    return ("unknown", f"nobody says the {kind} of {', '.join(lacking)}") if lacking else None


def _list(named: Named) -> str:
    return ", ".join(dict.fromkeys(str(name) for _, name in named))


_RULES: dict[str, Callable[[Question, Check, CheckedAnswer], Told]] = {
    "max_monthly": _max_monthly,
    "max_price_age": _max_price_age,
    "allow_providers": _allow_providers,
    "deny_providers": _deny_providers,
    "allow_licenses": _allow_licenses,
    "deny_licenses": _deny_licenses,
}
"""What there is to check, by its key in a scenario file."""


CENT = 0.005
MTOK = 1e6
SAME = 1e-6
RELATIVE = 1e-9  # of doubles that were added in another order


def complaints(result: Any) -> Iterator[str]:
    """Return every sum of a result that is not what its parts come to, one line each."""
    load = getattr(result, "workload", None)
    for bill in bills(result):
        yield from _bill(bill)
        if load is not None:
            yield from _per_mtok(bill, load.tokens_per_month / MTOK)
    if isinstance(result, PortfolioResult):
        yield from _portfolio(result)
    for answer in getattr(result, "volumes", ()):
        yield from complaints(answer)


def bills(result: Any) -> tuple[Any, ...]:
    """Return the records of a result that have lines and their sum."""
    found = (
        getattr(result, "options", None)
        or getattr(result, "strategies", None)
        or [getattr(result, "option", None)]
    )
    return tuple(bill for bill in found if hasattr(bill, "lines"))


def name_of(bill: Any) -> str:
    """Return what a bill is of: the id of an option, or a strategy of a plan."""
    return str(bill.id if isinstance(bill, OptionResult) else bill.strategy)


def _bill(bill: Any) -> Iterator[str]:
    """Return what is wrong with the lines of a bill, and with what they sum to."""
    name = name_of(bill)
    lines: tuple[BillLine, ...] = bill.lines
    for line in lines:
        amount = line.quantity * line.rate_usd
        if not _same(amount, line.amount_usd):
            yield (
                f"{name}: {line.item}: {line.quantity:,.10g} {line.unit} at {line.rate_usd:,.10g} "
                f"is {_usd(amount)}, not amount_usd {_usd(line.amount_usd)}"
            )
    total = bill.monthly_usd
    if total is None:
        return
    if not lines and not _same(total, 0.0):
        yield f"{name}: monthly_usd is {_usd(total)}, and there are no lines that come to it"
        return
    yield from _sum(f"{name}: lines", (line.amount_usd for line in lines), "monthly_usd", total)
    parts = getattr(bill, "breakdown", None)
    if parts is not None:
        figures = (getattr(parts, field.name) for field in fields(parts))
        yield from _sum(f"{name}: breakdown", figures, "monthly_usd", total)


def _per_mtok(bill: Any, mtok: float) -> Iterator[str]:
    """Return what is wrong with the price of a million tokens."""
    told, total = bill.usd_per_mtok, bill.monthly_usd
    if told is None or total is None:
        return
    if not mtok:
        yield f"{name_of(bill)}: usd_per_mtok {_usd(told)} of a month without tokens"
    elif abs(told * mtok - total) > SAME * abs(total):
        yield (
            f"{name_of(bill)}: {_usd(total)} for {mtok:,.10g} Mtok is {_usd(total / mtok)} each, "
            f"not usd_per_mtok {_usd(told)}"
        )


def _portfolio(plan: PortfolioResult) -> Iterator[str]:
    for task in plan.tasks:
        steps = (step.monthly_usd for step in task.steps)
        figures = (*steps, task.judge_usd, task.router_usd)
        yield from _sum(f"task {task.name}: steps", figures, "monthly_usd", task.monthly_usd)
    figures = (
        plan.tokens_usd,
        plan.fleets_usd,
        plan.own_people_usd,
        plan.api_people_usd,
        plan.router_usd,
        plan.judge_usd,
    )
    yield from _sum("plan: its parts", figures, "monthly_usd", plan.monthly_usd)


def _sum(what: str, parts: Iterable[float], name: str, total: float) -> Iterator[str]:
    found = sum(parts)
    if not _same(found, total):
        yield f"{what} sum to {_usd(found)}, not to {name} {_usd(total)}"


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= max(CENT, RELATIVE * max(abs(one), abs(other)))


def _usd(value: float) -> str:
    """Return an amount to the cent, for that is what may differ."""
    return f"${value:,.2f}" if abs(value) < 1e15 else show_usd(value)
