"""A plan taken apart: what each resource does and costs, hour by hour, and what one more would."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tco.analysis.inputs import Inputs
from tco.analysis.options import TokenOption, lines
from tco.analysis.plan.bills import base_lines, looking_after, own_by_hour, peak_lines
from tco.analysis.plan.curve import LoadCurve
from tco.analysis.plan.machines import TOKENS, Machine, Way
from tco.analysis.plan.mix import Mix, team_overhead
from tco.analysis.plan.results import (
    CurveResult,
    NextUnit,
    Paid,
    ResourceRow,
    Strategy,
)
from tco.analysis.settings import Settings, workload
from tco.engine.hybrid import layers_of
from tco.engine.ledger import Line, total_usd
from tco.units import MTOK, SECONDS_PER_HOUR


def curve_result(inputs: Inputs, curve: LoadCurve, mix: Mix) -> CurveResult:
    """Return the load curve and who serves it in the hybrid."""
    tokens = float(np.asarray(workload(inputs.settings).tokens_per_request)) * SECONDS_PER_HOUR
    base, peak = own_by_hour(mix)
    rest = np.maximum(mix.load - base - peak, 0.0)
    return CurveResult(
        said=curve.said,
        origin=curve.origin,
        peak_to_mean=curve.peak_to_mean,
        tokens=tuple((mix.load * tokens).tolist()),
        base=tuple((base * tokens).tolist()),
        peak=tuple((peak * tokens).tolist()),
        api=tuple((rest * tokens).tolist()),
    )


def resource_rows(inputs: Inputs, mix: Mix, api: TokenOption) -> tuple[ResourceRow, ...]:
    """Return what each resource does in the hybrid, and what it costs."""
    settings = inputs.settings
    base, peak = (float(part.mean()) for part in own_by_hour(mix))
    lead = float(np.asarray(settings.value("plan.lead_h")))
    rows = []
    if mix.base is not None and mix.stack.base_units:
        count = float(mix.stack.base_units)
        rows.append(
            _row(settings, mix.base, "every hour", count, count, base, base_lines(settings, mix))
        )
    if mix.peak is not None and mix.stack.peak_units:
        count, paid = float(mix.stack.peak_units), mix.paid_peak_hours(lead)
        rows.append(
            _row(settings, mix.peak, "by the hour", count, paid, peak, peak_lines(settings, mix))
        )
    rows.append(_api_row(settings, api, mix))
    team = looking_after(settings, mix)
    for resource, people in (("engineers for own GPUs", True), ("service of own GPUs", False)):
        bill = tuple(line for line in team if (line.group == "people") == people)
        if bill:
            rows.append(_monthly_row(resource, bill))
    return tuple(rows)


def _tokens(settings: Settings, load: float) -> float:
    """Return the monthly tokens of a mean load [token/month]."""
    month = workload(settings)
    return load * float(np.asarray(month.seconds_per_month * month.tokens_per_request))


def _row(
    settings: Settings,
    way: Way,
    paid: Paid,
    count: float,
    paid_units: float,
    load: float,
    bill: tuple[Line, ...],
    strategy: Strategy = "hybrid",
) -> ResourceRow:
    usd, tokens = _usd(bill), _tokens(settings, load)
    whole = float(np.asarray(settings.value(TOKENS)))
    return ResourceRow(
        strategy=strategy,
        resource=way.option.id,
        paid=paid,
        replicas=count * way.replicas,
        gpus=count * way.gpus,
        hours_share=paid_units / count,
        tokens_per_month=tokens,
        tokens_share=tokens / whole if whole > 0 else 0.0,
        utilization=load / (paid_units * way.capacity),
        monthly_usd=usd,
        usd_per_mtok=usd / tokens * MTOK if tokens > 0 else None,
    )


def _api_row(settings: Settings, api: TokenOption, mix: Mix) -> ResourceRow:
    tokens = _tokens(settings, mix.stack.api_load)
    whole = float(np.asarray(settings.value(TOKENS)))
    bill = lines(api, settings.with_values({TOKENS: tokens}))
    base, peak = own_by_hour(mix)
    used = float(np.mean(mix.load - base - peak > 1e-9 * mix.load.max()))
    usd = _usd(bill)
    return ResourceRow(
        strategy="hybrid",
        resource=api.id,
        paid="by the token",
        replicas=None,
        gpus=None,
        hours_share=used,
        tokens_per_month=tokens,
        tokens_share=tokens / whole if whole > 0 else 0.0,
        utilization=None,
        monthly_usd=usd,
        usd_per_mtok=usd / tokens * MTOK if tokens > 0 else None,
    )


def _monthly_row(resource: str, bill: tuple[Line, ...]) -> ResourceRow:
    return ResourceRow(
        strategy="hybrid",
        resource=resource,
        paid="by the month",
        replicas=None,
        gpus=None,
        hours_share=None,
        tokens_per_month=None,
        tokens_share=None,
        utilization=None,
        monthly_usd=_usd(bill),
        usd_per_mtok=None,
    )


def next_unit(inputs: Inputs, mix: Mix, machines: Sequence[Machine]) -> NextUnit | None:
    """Return what one more unit would have to earn, paid for every hour on top of the others.

    The unit is one of the hybrid's; where there is none, one of the set-up that is cheapest at
    full use, and its cost includes the team that the first unit calls for.
    """
    way = mix.base or mix.peak or (machines[0].usual if machines else None)
    if way is None or mix.usd_per_load <= way.work_usd:  # an hour of it earns nothing at any load
        return None
    top = mix.stack.floor
    if mix.peak is not None:
        top += mix.stack.peak_units * mix.peak.capacity
    layer = float(layers_of(mix.load, way.capacity, 1, top).mean())
    team = team_overhead(way, mix.peak, inputs.settings)
    base, peak = np.array([float(mix.stack.base_units)]), np.array([float(mix.stack.peak_units)])
    if mix.base is None:
        base = np.zeros(1)
    more = float((team(base + 1.0, peak) - team(base, peak))[0])
    cost, worth = way.usd_per_hour + more, mix.usd_per_load - way.work_usd
    most = way.capacity * worth
    return NextUnit(
        option=way.option.id,
        gpus=float(way.gpus),
        monthly_usd=cost * mix.hours_per_month,
        saves_usd=layer * worth * mix.hours_per_month,
        tokens_per_month=_tokens(inputs.settings, layer),
        utilization=layer / way.capacity,
        needed_utilization=cost / most if cost <= most and most > 0 else None,
    )


def _usd(bill: tuple[Line, ...]) -> float:
    return float(np.asarray(total_usd(bill)))
