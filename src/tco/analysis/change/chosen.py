"""Which options a question about several of them is asked of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.cheapest import cheapest_of, insist, least_trust, most_sure
from tco.analysis.compare import answers, candidates, listed, short_list
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, usd_of
from tco.analysis.resolve import resolve
from tco.analysis.select import Selection, select
from tco.engine.shapes import Floats
from tco.errors import InfeasibleError

MOST = 10
NOTHING = "nothing that was asked for can serve this"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Some options, cheapest first, and how they came to be chosen.

    Args:
        options: The options.
        said: How they came to be chosen.
        names: What each was named, where one name stands for several; their ids when empty.
    """

    options: tuple[Option, ...]
    said: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def called(self) -> tuple[str, ...]:
        """Return what each option was named."""
        return self.names or tuple(option.id for option in self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """An option with its bill at the volume asked about."""

    option: Option
    monthly_usd: float | None
    """None where it cannot serve [USD/month]."""

    @property
    def id(self) -> str:
        """Return its id."""
        return self.option.id

    @property
    def trust(self) -> str:
        """Return how far its price can be trusted."""
        return self.option.trust.level

    @property
    def trust_reasons(self) -> tuple[str, ...]:
        """Return why."""
        return self.option.trust.reasons

    @property
    def tier(self) -> str:
        """Return what kind of option it is."""
        return self.option.tier

    @property
    def model(self) -> str:
        """Return the model that it serves."""
        return self.option.model

    @property
    def provider(self) -> str:
        """Return who sells it."""
        return self.option.provider


def weighed(option: Option, inputs: Inputs) -> Weighed:
    """Return an option with its bill."""
    usd = usd_of(option, inputs.settings)
    return Weighed(option=option, monthly_usd=usd if np.isfinite(usd) else None)


def envelope(inputs: Inputs, names: Sequence[str], volumes: Floats) -> Chosen:
    """Return the options named; of a name of several set-ups all that are cheapest at a volume.

    Args:
        inputs: The question, with a volume.
        names: Names of options.
        volumes: Volumes that are looked at, beside today's [token/month].

    Raises:
        InfeasibleError: None of them can serve today's volume.
    """
    now = np.asarray(inputs.settings.value("workload.tokens_per_month"))
    found: dict[str, tuple[Option, str]] = {}
    said = []
    for name in names:
        meant = resolve(name, inputs, at=np.append(now, volumes))
        found = {o.id: (o, name) for o in meant.options} | found
        several = f"{name} is at each volume the cheapest of {len(meant.options)} set-ups"
        said += [several] if len(meant.options) > 1 else [meant.said]
    order = {name: i for i, name in enumerate(names)}
    kept = sorted(found.values(), key=lambda one: order[one[1]])  # A stays A
    kept = [(o, name) for o, name in kept if np.isfinite(usd_of(o, inputs.settings))]
    if not kept:
        raise InfeasibleError(NOTHING)
    return Chosen(
        options=tuple(option for option, _ in kept),
        said=tuple(filter(None, said)),
        names=tuple(name for _, name in kept),
    )


def chosen(inputs: Inputs, names: Sequence[str], most: int = MOST) -> Chosen:
    """Return the options named, or else the cheapest of what the request lets through.

    Without a selection that is what `compare` shows: of each model the maker's own offer, the
    answer among hosts and among set-ups, and what is cheaper than all but not sure enough.

    Args:
        inputs: The question, with a volume.
        names: Names of options; empty for the usual ones.
        most: At most so many.

    Raises:
        InfeasibleError: Nothing is left.
    """
    if names:
        return _named(inputs, names)
    rows = usual(inputs)
    best = cheapest_of(rows, least_trust(inputs))
    if best is None:
        raise InfeasibleError(NOTHING)
    kept = most_sure(rows, best, least_trust(inputs), most)
    count = sum(row.monthly_usd is not None for row in rows)
    said = (f"the {most} cheapest of {count} options; name others to see them",)
    return Chosen(options=tuple(r.option for r in kept), said=said if count > len(kept) else ())


def _named(inputs: Inputs, names: Sequence[str]) -> Chosen:
    """Return the options named, in the order in which they were typed: A stays A."""
    found = [resolve(name, inputs) for name in names]
    options = {r.best.id: r.best for r in found}.values()
    able = tuple(o for o in options if weighed(o, inputs).monthly_usd is not None)
    if not able:
        raise InfeasibleError(NOTHING)
    return Chosen(options=able, said=tuple(r.said for r in found if r.said))


def usual(inputs: Inputs) -> list[Weighed]:
    """Return the options that an answer is about when none are named: those of `compare`.

    Raises:
        InfeasibleError: None of them has the trust that the user asked for.
    """
    selection = select(inputs.catalog, inputs.request)
    wanted = short_list(inputs, selection)
    rows = _weighed(inputs, replace(selection, within=wanted))
    if wanted and not any(row.model in wanted and answers(row, inputs) for row in rows):
        wanted = frozenset()
        rows = _weighed(inputs, selection)
    insist(inputs, (row.trust for row in rows if row.monthly_usd is not None))
    return [*listed(inputs, wanted, rows)]


def _weighed(inputs: Inputs, selection: Selection) -> list[Weighed]:
    """Return the options that a selection lets through, by their bill."""
    rows = [weighed(option, inputs) for option, _ in candidates(inputs, selection)[0]]
    return sorted(rows, key=lambda row: (row.monthly_usd is None, row.monthly_usd or 0.0, row.id))
