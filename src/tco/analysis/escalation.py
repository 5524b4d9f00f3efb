"""What a right answer costs when what one option gets wrong is asked of the next.

Were tries independent, nothing would beat the option that is cheapest until it is right. Where it
fails again at what it failed at once, this is what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np

from tco.analysis.results import EscalationResult, EscalationStep, OptionResult
from tco.engine.assign import step_tries
from tco.engine.ledger import total_usd
from tco.engine.shapes import number
from tco.options.bills import Option, SelfOption, fleet, lines, replica_of
from tco.options.cheapest import cheapest_of, least_trust
from tco.options.machines import DEDICATED, team_lines
from tco.options.question import Question
from tco.options.settings import workload

MOST_STEPS = 4
"""Options that chains are made of."""


def escalations(
    inputs: Question, rows: Sequence[OptionResult], options: Mapping[str, Option]
) -> tuple[EscalationResult, ...]:
    """Return the chains of options, cheapest first; none where nobody said how often one is right.

    Of options that are right as often the answer takes part. A dearer one follows a cheaper one
    only where it is right more often. One step at most is on own GPUs, on the same set-up.

    Args:
        rows: Options with their bills, each asked until it is right.
        options: The options, by id.
    """
    rated = [row for row in rows if row.success is not None and row.monthly_usd is not None]
    firsts = []
    for rate in sorted({row.success for row in rated if row.success is not None}):
        best = cheapest_of([row for row in rated if row.success == rate], least_trust(inputs))
        if best is not None:
            firsts.append(best)
    found = []
    for size in range(2, MOST_STEPS + 1):
        for chain in combinations(firsts[-MOST_STEPS:], size):
            own = [row for row in chain if isinstance(options[row.id], SelfOption)]
            if len(own) <= 1 and _dearer_each(chain):
                found.append(_chain(inputs, chain, [options[row.id] for row in chain]))
    return tuple(sorted(found, key=lambda e: (e.monthly_usd, [s.option for s in e.steps])))


def _dearer_each(chain: Sequence[OptionResult]) -> bool:
    """Return whether each option of a chain costs more a try than the one before it."""
    usd = [(row.monthly_usd or 0.0) * (row.success or 1.0) for row in chain]
    return all(a < b for a, b in pairwise(usd))


def _chain(
    inputs: Question, rows: Sequence[OptionResult], options: Sequence[Option]
) -> EscalationResult:
    rates = np.array([row.success for row in rows], dtype=float)
    asked = np.asarray(step_tries(rates), dtype=float).tolist()
    steps = [replace(option, tries=often) for option, often in zip(options, asked, strict=True)]
    usd = bill_of_steps(inputs, steps)
    requests = number(workload(inputs.settings).requests_per_month)
    return EscalationResult(
        steps=tuple(
            EscalationStep(option=row.id, success=rate, asked=often)
            for row, rate, often in zip(rows, rates.tolist(), asked, strict=True)
        ),
        monthly_usd=usd,
        usd_per_success=usd / requests if requests > 0 else 0.0,
    )


def bill_of_steps(inputs: Question, steps: Sequence[Option]) -> float:
    """Return what options cost together, one team for all of them [USD/month].

    Args:
        steps: The options, each asked as often as its `tries` say.
    """
    settings, usd, gpus, own = inputs.settings, 0.0, 0.0, False
    hosted = by_token = False
    for step in steps:
        bill = lines(step, settings)
        usd += number(total_usd(bill)) - number(total_usd(bill, "people"))
        if not isinstance(step, SelfOption):
            by_token = True
        elif step.purchase == DEDICATED:
            hosted = True
        else:
            own = True
            gpus += number(fleet(step, settings, replica_of(step, settings)).gpus)
    team = team_lines(settings, gpus if own else None, hosted=hosted, by_token=by_token)
    return usd + number(total_usd(team))
