"""What the people cost who keep a serving system running."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tco.engine.ledger import Line, Origin
from tco.engine.shapes import Number
from tco.units import MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who looks after it and what they cost; numbers or arrays.

    Args:
        salary_usd_per_year: One engineer with taxes, benefits and equipment [USD/year].
        api_fte: Engineers that calling someone else's endpoint takes [1].
        floor_fte: Engineers that self-hosting takes at least, however small the fleet [1].
        fixed_fte: Engineers of self-hosting that do not depend on the fleet [1].
        fte_per_gpu: Engineers for each further GPU [1/GPU].
        setup_fte_months: Work of setting self-hosting up and moving to it, once [month].
        horizon_months: Months that this is spread over [month].
        refresh_fte_months_per_year: Work of changing models [month/year].
        evaluation_fte: Engineers who test the quality of answers [1].
    """

    salary_usd_per_year: Number
    api_fte: Number
    floor_fte: Number
    fixed_fte: Number
    fte_per_gpu: Number
    setup_fte_months: Number = 0.0
    horizon_months: Number = 36.0
    refresh_fte_months_per_year: Number = 0.0
    evaluation_fte: Number = 0.0

    @property
    def usd_per_month(self) -> Number:
        """Return what one engineer costs [USD/month]."""
        return self.salary_usd_per_year / MONTHS_PER_YEAR


def selfhost_fte(people: People, gpus: Number) -> Number:
    """Return the engineers a fleet takes, ``max(floor, fixed + per_gpu * gpus)`` [1]."""
    return np.maximum(people.floor_fte, people.fixed_fte + people.fte_per_gpu * gpus)


def project_ftes(people: People) -> tuple[Number, Number, Number]:
    """Return the engineers of set-up and migration, of changes of model, and of evaluation [1]."""
    return (
        people.setup_fte_months / np.asarray(people.horizon_months, dtype=float),
        np.asarray(people.refresh_fte_months_per_year, dtype=float) / MONTHS_PER_YEAR,
        people.evaluation_fte,
    )


def team_usd(people: People, own_gpus: Number, hosted_gpus: Number, by_token: Number) -> Number:
    """Return what the people of a month cost, one team for all that it looks after [USD/month].

    Own GPUs take a team of their own. An endpoint of somebody else, and GPUs that a host runs,
    take a few engineers once. Without either there is nobody. Set-up, model changes and evaluation
    come with GPUs, whoever runs them.

    Args:
        people: Who they are.
        own_gpus: GPUs that the team looks after itself [1].
        hosted_gpus: GPUs that a host runs [1].
        by_token: More than 0 where something is called at somebody else's endpoint [1].
    """
    own, hosted, called = (np.greater(n, 0.0) for n in (own_gpus, hosted_gpus, by_token))
    pay = people.usd_per_month
    usd = np.where(own, pay * selfhost_fte(people, own_gpus), 0.0)
    usd = usd + np.where(hosted | called, pay * people.api_fte, 0.0)
    return usd + np.where(own | hosted, pay * sum(project_ftes(people)), 0.0)


def people_line(
    fte: Number, people: People, origin: Origin, source: str, item: str = "engineers"
) -> Line:
    """Return a line of engineers of a monthly bill."""
    return Line(
        item=item,
        group="people",
        quantity=fte,
        unit="engineer",
        rate_usd=people.usd_per_month,
        origin=origin,
        source=source,
    )


def project_lines(people: People) -> tuple[Line, ...]:
    """Return the work that is not operation: set-up and migration, changes of model, evaluation.

    ``months of work / months of the horizon`` engineers for what is done once, without the cost of
    capital; ``months of work a year / 12`` for what comes again.
    """
    setup, refresh, evaluation = project_ftes(people)
    rows = (
        ("set-up and migration", setup, "people.setup_fte_months + horizon.months", True),
        ("model refresh", refresh, "people.refresh_fte_months_per_year", False),
        ("evaluation", evaluation, "people.evaluation_fte", False),
    )
    return tuple(
        Line(
            item=item,
            group="people",
            quantity=quantity,
            unit="engineer",
            rate_usd=people.usd_per_month,
            origin="assumed",
            source=f"{path} + people.salary_usd_per_year",
            spread=once,
        )
        for item, quantity, path, once in rows
    )
