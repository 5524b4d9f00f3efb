"""Checks of a scenario file: what its answer must keep to, and whether it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from tco.analysis.results import CheckResult, CheckState
from tco.errors import unknown_name
from tco.options.bills import Option
from tco.options.provisioned import UNKNOWN_MODEL, FixedOption
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


def _company(option: Option) -> str | None:
    """Return who an option is bought from; None for a description that does not say."""
    return None if isinstance(option, FixedOption) else option.provider


Named = Sequence[tuple[str, str | None]]
"""Options, each with its provider or licence; None where that is not known."""


def _named(inputs: Question, check: Check, judged: CheckedAnswer) -> tuple[str, Named]:
    """Return what a check goes by, and the provider or licence of each option."""
    if check.rule.endswith("providers"):
        return "provider", [(option.id, _company(option)) for option in judged.chosen]
    found, models = [], inputs.catalog.models.models
    for option in judged.chosen:
        model = None if option.model == UNKNOWN_MODEL else models.get(option.model)
        kind = model.license_kind if model is not None else "unknown"
        found.append((option.id, kind if kind != "unknown" or kind in check.names else None))
    return "licence", found


def _allowed(inputs: Question, check: Check, judged: CheckedAnswer) -> Told:
    kind, named = _named(inputs, check, judged)
    other = [(i, n) for i, n in named if n is not None and n not in check.names]
    if other:
        option, name = other[0]
        return "failed", f"{option} has the {kind} {name}; allowed are {', '.join(check.names)}"
    return _untold(named, kind) or ("passed", f"{judged.name}: {_list(named)}")


def _denied(inputs: Question, check: Check, judged: CheckedAnswer) -> Told:
    kind, named = _named(inputs, check, judged)
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
    "allow_providers": _allowed,
    "deny_providers": _denied,
    "allow_licenses": _allowed,
    "deny_licenses": _denied,
}
"""What there is to check, by its key in a scenario file."""
