"""What calls beside the tasks cost: a router before them, a judge after them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tco.analysis.cheapest import answers_at, least_trust
from tco.analysis.inputs import Inputs
from tco.analysis.options import TokenOption, charged_lines
from tco.analysis.portfolio.cases import Case, named_model
from tco.analysis.portfolio.needs import names_of
from tco.analysis.settings import Settings
from tco.catalog.tasks import Call, Cascade
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats
from tco.errors import DataError

JUDGE_OSL = 10.0
"""Output of a call that decides something: a label and a reason in a few tokens (judgment)."""

Offers = Sequence[tuple[TokenOption, Floats, Floats]]


class Calls:
    """Prices calls with the offers of a portfolio."""

    def __init__(self, inputs: Inputs, offers: Offers) -> None:
        """Keep the offers."""
        self.inputs, self.offers = inputs, offers

    def judged(self, case: Case, cascade: Cascade) -> tuple[float, tuple[TokenOption, ...]] | None:
        """Return what the judges of a cascade charge for a task [USD/month], and who they are.

        None where one of them would see private data on machines of others.
        """
        total, judges = 0.0, []
        for judge, reach in cascade.judges:
            if judge.model is not None and case.task.private:
                return None
            usd, option = self.priced(judge, case)
            total += reach * usd
            judges += [option] if option is not None else []
        return total, tuple(judges)

    def priced(self, call: Call, case: Case) -> tuple[float, TokenOption | None]:
        """Return what a call on every request of a task costs [USD/month], and who answers it.

        Nobody in particular where the call has a price of its own.

        Raises:
            DataError: Nobody offers its model by the token.
        """
        if call.usd_per_request is not None:
            return call.usd_per_request * case.requests, None
        isl = call.isl if call.isl is not None else case.tokens_per_request
        osl = call.osl if call.osl is not None else JUDGE_OSL
        wanted = named_model(self.inputs, call.model or "", call.where)
        settings = _calls(case, isl, osl)
        some = [option for option, _, _ in self.offers if wanted in names_of(option)]
        if not some:
            raise DataError(f"{call.where}: nobody offers {wanted} by the token")
        usd = np.array([float(np.asarray(total_usd(charged_lines(o, settings)))) for o in some])
        first = int(answers_at(some, usd, least_trust(self.inputs)))
        return float(usd[first]), some[first]


def _calls(case: Case, isl: float, osl: float) -> Settings:
    return case.settings.with_values(
        {
            "workload.tokens_per_month": case.requests * (isl + osl),
            "workload.isl": isl,
            "workload.osl": osl,
            "workload.images_per_request": 0.0,
            "workload.isl_factor": 1.0,
            "workload.osl_factor": 1.0,
            "workload.cached_share": 0.0,
            "workload.batch_share": 0.0,
        }
    )
