"""From an option to its row: the bill in numbers, its band, and how well the fleet is used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tco.analysis.energy import energy_of
from tco.analysis.inputs import Inputs
from tco.analysis.machines import upfront_usd
from tco.analysis.options import (
    FixedOption,
    LeftOut,
    Option,
    SelfOption,
    fleet,
    lines,
    replica_of,
)
from tco.analysis.own_bill import own_bill
from tco.analysis.provisioned import ProvisionedOption, used_share
from tco.analysis.report import find_source
from tco.analysis.results import (
    BillLine,
    Breakdown,
    OptionResult,
    ReplicaResult,
    Span,
    UtilizationResult,
)
from tco.analysis.scaling import scaling_of
from tco.analysis.settings import Settings, hours_per_month, target, workload
from tco.analysis.why import first_token_words, infeasible, limit_states
from tco.engine.evidence import ttft_ends
from tco.engine.ledger import Group, Line, total_usd
from tco.engine.replica import Replica
from tco.engine.selfhost import Fleet, utilization_of
from tco.engine.shapes import number
from tco.units import MTOK


def option_result(option: Option, inputs: Inputs, replica: Replica | None = None) -> OptionResult:
    """Return the row of an option; an infeasible one carries its reasons instead of a bill.

    Args:
        option: The option.
        inputs: The question.
        replica: What one replica sustains, where that has been worked out already.
    """
    if isinstance(option, SelfOption):
        return _self_result(option, inputs, replica or replica_of(option, inputs.settings))
    bill = lines(option, inputs.settings)
    usd = number(total_usd(bill))
    used = _used(option, inputs.settings)
    return OptionResult(
        id=option.id,
        tier=option.tier,
        model=option.model,
        provider=option.provider,
        hardware=None,
        gpus=None,
        replicas=_units(option, bill, inputs.settings),
        feasible=True,
        reasons=(),
        notes=option.notes,
        slo=limit_states(inputs.settings, None),
        monthly_usd=usd,
        usd_per_mtok=_per_mtok(usd, inputs.settings),
        band_usd=(usd, usd),
        breakdown=breakdown_of(bill, used.paid_hours if used else 1.0),
        energy=None,
        upfront_usd=None,
        utilization=used,
        replica=None,
        price_checked=_day(option),
        lines=bill_lines(bill, inputs),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
    )


def _units(option: Option, bill: tuple[Line, ...], settings: Settings) -> float | None:
    """Return how many set-ups or provisioned units are paid for; None where there are none."""
    if isinstance(option, ProvisionedOption):
        return number(bill[0].quantity) / number(hours_per_month(settings))
    return number(bill[0].quantity) if isinstance(option, FixedOption) else None


def _used(option: Option, settings: Settings) -> UtilizationResult | None:
    """Return how well provisioned units are used; None for what is paid by the token."""
    if not isinstance(option, ProvisionedOption):
        return None
    share = number(used_share(option, settings))
    return UtilizationResult(slots=share, token_capacity=share, paid_hours=share)


def _self_result(option: SelfOption, inputs: Inputs, replica: Replica) -> OptionResult:
    if not bool(np.all(replica.feasible)):
        return _too_small(option, replica, inputs.settings)
    servers = fleet(option, inputs.settings, replica)
    bill = own_bill(option, inputs.settings, servers)
    used = _utilization(inputs.settings, replica, servers)
    upfront = upfront_usd(option, inputs.settings, servers)
    usd = number(total_usd(bill))
    return OptionResult(
        id=option.id,
        tier=option.tier,
        model=option.model,
        provider=option.provider,
        hardware=option.hardware,
        gpus=number(servers.paid_gpus),
        replicas=number(servers.replicas),
        feasible=True,
        reasons=(),
        notes=(*option.notes, *first_token_words(replica, target(inputs.settings))),
        slo=limit_states(inputs.settings, replica),
        monthly_usd=usd,
        usd_per_mtok=_per_mtok(usd, inputs.settings),
        band_usd=_band(option, inputs.settings, replica),
        breakdown=breakdown_of(bill, used.paid_hours),
        energy=energy_of(option, inputs, servers),
        upfront_usd=None if upfront is None else number(upfront),
        utilization=used,
        replica=_replica(option, replica, inputs),
        price_checked=_day(option),
        lines=bill_lines(bill, inputs),
        scaling=scaling_of(option, inputs.settings, replica, servers),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
    )


def _too_small(option: SelfOption, replica: Replica, settings: Settings) -> OptionResult:
    item = LeftOut(
        id=option.id,
        tier=option.tier,
        model=option.model,
        provider=option.provider,
        reasons=(infeasible(replica, target(settings)),),
    )
    row = left_out_result(item, hardware=option.hardware)
    return replace(
        row,
        slo=limit_states(settings, replica),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
    )


def left_out_result(item: LeftOut, hardware: str | None = None) -> OptionResult:
    """Return the row of something that cannot be had."""
    return OptionResult(
        id=item.id,
        tier=item.tier,
        model=item.model,
        provider=item.provider,
        hardware=hardware,
        gpus=None,
        replicas=None,
        feasible=False,
        reasons=item.reasons,
        notes=(),
        monthly_usd=None,
        usd_per_mtok=None,
        band_usd=None,
        breakdown=None,
        energy=None,
        upfront_usd=None,
        utilization=None,
        replica=None,
        price_checked=None,
        lines=(),
    )


def breakdown_of(bill: tuple[Line, ...], used: float) -> Breakdown:
    """Return a bill in a few figures.

    Args:
        bill: Its lines.
        used: Share of the GPU-hours paid for that serve [1].
    """
    groups: tuple[Group, ...] = ("tokens", "compute", "people", "power", "other")
    usd = {name: number(total_usd(bill, name)) for name in groups}
    idle = usd["compute"] * (1.0 - min(used, 1.0))
    return Breakdown(**{**usd, "compute": usd["compute"] - idle}, idle=idle)


def _band(option: SelfOption, settings: Settings, replica: Replica) -> tuple[float, float]:
    """Return the bill at the high and the low end of the throughput band [USD/month]."""
    ends = replica.scaled(np.array([option.band[1], option.band[0]]))
    servers = fleet(option, settings, ends)
    low, high = np.broadcast_to(total_usd(own_bill(option, settings, servers)), 2)
    return float(low), float(high)


def _utilization(settings: Settings, replica: Replica, servers: Fleet) -> UtilizationResult:
    used = utilization_of(workload(settings), replica, servers)
    return UtilizationResult(
        slots=number(used.slots),
        token_capacity=number(used.token_capacity),
        paid_hours=number(used.paid_hours),
    )


def _replica(option: SelfOption, replica: Replica, inputs: Inputs) -> ReplicaResult:
    rate = number(replica.requests_per_s)
    tpot = number(replica.tpot_s)
    evidence = f"capacity model, {inputs.engine} engine; {option.evidence}".removesuffix("; ")
    return ReplicaResult(
        gpus=option.gpus,
        precision=option.precision,
        concurrency=number(replica.slots),
        requests_per_s=rate,
        output_tokens_per_s=rate * number(target(inputs.settings).osl),
        tpot_s=None if np.isnan(tpot) else tpot,
        evidence=evidence if option.measured is None else f"given: {option.measured.source}",
        band=option.band,
        ttft_s=_ends(*(number(end) for end in ttft_ends(replica.ttft_s))),
    )


def _ends(low: float, high: float) -> Span | None:
    return None if np.isnan(low) else (low, high)


def bill_lines(bill: tuple[Line, ...], inputs: Inputs) -> tuple[BillLine, ...]:
    """Return the lines of a bill as numbers, those that come to nothing left out.

    Tokens that somebody gives away stay: that they are counted is worth knowing.
    """
    made = [_line(line, inputs) for line in bill]
    return tuple(x for x in made if x.quantity > 0 and (x.amount_usd or x.group == "tokens"))


def _line(line: Line, inputs: Inputs) -> BillLine:
    return BillLine(
        item=line.item,
        group=line.group,
        quantity=number(line.quantity),
        unit=line.unit,
        rate_usd=number(line.rate_usd),
        amount_usd=number(line.amount_usd),
        origin=line.origin,
        source=_who(line.source, inputs),
        date=_read(line.source, inputs),
    )


def _who(source: str, inputs: Inputs) -> str:
    """Return the source of a rate: for settings, joined by `+`, who said each."""
    parts = [(name, inputs.settings.get(name)) for name in source.split(" + ")]
    return " + ".join(name if s is None else f"{name} ({s.source})" for name, s in parts)


def _read(source: str, inputs: Inputs) -> str | None:
    last = source.split(" + ")[-1]
    setting = inputs.settings.get(last)
    name = last if setting is None else setting.source
    found = find_source(inputs, name)
    return None if found is None else found.read.isoformat()


def _per_mtok(usd: float, settings: Settings) -> float | None:
    tokens = number(workload(settings).tokens_per_month)
    return usd / tokens * MTOK if tokens > 0 else None


def _day(option: Option) -> str | None:
    return option.checked.isoformat() if option.checked else None
