"""What jobs on GPUs have in common: bills of one run, rows, and where two kinds of them cross."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from tco.analysis.compare import rule_words, unsure_words
from tco.analysis.jobs.results import JobCrossing, JobRow, Method
from tco.analysis.report import least_trust_row, stale_words, stamp, values_of
from tco.analysis.results import AssumptionResult
from tco.analysis.rows import bill_lines
from tco.catalog.trust import Trust
from tco.engine.ledger import Line, total_usd
from tco.engine.selfhost import rent_line
from tco.engine.shapes import Number, number
from tco.engine.training import pays_from
from tco.errors import InfeasibleError, UsageError
from tco.options.candidates import gpu_entries, rent_entries
from tco.options.cheapest import BESIDE, cheapest, insist, least_trust, rank_of
from tco.options.hours import refuse_billing
from tco.options.machines import DEDICATED, OWN, commitment, rent_rate, spot_lines
from tco.options.question import Question
from tco.options.selection import Selection, select
from tco.options.settings import hours_per_month
from tco.options.setups import SMALLEST_PIPELINED_NODE, GpuEntry, RentEntry, together
from tco.units import MTOK, show_number, show_tokens, show_usd

FACTORS = ("rent.factor", "price.api_factor", "price.hosted_factor")
SPOT = ("rent.spot_", "plan.lead_h")
START = "training.startup_h"
MOST_REASONS = 4
DAYS_PER_MONTH = 365.0 / 12.0
MOST_GPUS = 1024
"""More than one job is spread over; nobody publishes how well that goes on rented nodes."""


def selection_of(inputs: Question) -> Selection:
    """Return which ways are looked at.

    Raises:
        UsageError: GPUs that are not rented, or that are on by the clock.
    """
    refuse_billing(inputs, "a job's GPUs are on until it is done; leave it out")
    request = inputs.request
    for kind in (OWN, DEDICATED):
        if kind in request.purchases:
            by = request.origins.get("purchases", "--purchase")
            raise UsageError(f"{by}: {kind}: jobs run on GPUs rented on_demand, spot or reserved")
    open_to_all = replace(request, min_score=None, as_good_as=None, classes=())
    return replace(select(inputs.catalog, open_to_all), licenses=())


def can_be_had(gpus: float, gpu: GpuEntry, rent: RentEntry) -> bool:
    """Return whether a seller rents so many GPUs that work together: beyond a node, whole nodes."""
    if gpus > gpu.node_gpus and gpu.node_gpus < SMALLEST_PIPELINED_NODE:
        return False
    box = np.asarray(rent.instance_gpus), np.asarray(rent.sized)
    return bool(together(np.asarray(gpus), np.asarray(gpu.node_gpus), *box))


def line(
    item: str, quantity: Number, unit: str, rate_usd: Number, source: str, *, given: bool = True
) -> Line:
    """Return a line; by the catalog, or assumed where `given` is false."""
    if given:
        return Line(item, "compute", quantity, unit, rate_usd, "catalog", source)
    return Line(item, "other", quantity, unit, rate_usd, "assumed", source)


def _by(rent: RentEntry, part: str) -> str:
    return f"{rent.source} + {START}" if part == "start" else rent.source


def notes_of(rent: RentEntry) -> tuple[str, ...]:
    """Return what a reader should know of a rent."""
    return tuple(filter(None, (rent.flag, commitment(rent.purchase))))


class Job:
    """A job to be priced in every way: what tuning and embedding have in common."""

    def __init__(self, inputs: Question) -> None:
        """Keep the question, and what of it is looked at."""
        self.inputs, self.selection = inputs, selection_of(inputs)
        self.months = self.value("horizon.months")
        self.least = least_trust(inputs)

    def value(self, path: str) -> float:
        """Return a setting as one number [its unit]."""
        return number(self.inputs.settings.value(path))

    def rents(self) -> Iterator[tuple[GpuEntry, list[RentEntry]]]:
        """Return the GPUs that are looked at, each with the rents of the day."""
        some = replace(self.selection, models=())
        rents = rent_entries(self.inputs, some)
        for gpu in gpu_entries(self.inputs, some):
            found = [rent for rent in rents if rent.gpu == gpu.id]
            if found:
                yield gpu, found

    def rent_lines(self, rent: RentEntry, **gpu_hours: float) -> tuple[Line, ...]:
        """Return the rent of a job by the lines of a fleet's bill, and what spot GPUs take on top.

        Nothing stands ready for a job: no monitoring, no load balancer, no operators are in it.

        Args:
            rent: The GPUs.
            gpu_hours: Each part of the job, with its hours [GPU-hour].
        """
        settings = self.inputs.settings
        rate = rent_rate(rent, settings)
        lines = tuple(
            rent_line(f"GPU rent, {part}", hours, rate, origin="catalog", source=_by(rent, part))
            for part, hours in gpu_hours.items()
        )
        gpu_months = sum(gpu_hours.values()) / number(hours_per_month(settings))
        return (*lines, *spot_lines(rent, settings, gpu_months))

    def start_gpu_hours(self, gpus: float) -> float:
        """Return the hours of starting GPUs, which are paid on all of them [GPU-hour]."""
        return gpus * self.value(START)

    def best_rent(self, rents: Sequence[RentEntry], usd: Sequence[float]) -> int:
        """Return which of some rents of a GPU is the answer, by what a job costs on each [1]."""
        trust = np.array([rent.trust.rank for rent in rents], dtype=np.int64)
        return int(cheapest(np.array(usd, dtype=float), trust, self.least))

    def row(
        self,
        once: tuple[Line, ...],
        monthly: tuple[Line, ...] = (),
        *,
        tokens: float,
        total_usd_of: float | None,
        checked: date | None,
        trust: Trust,
        **columns: object,
    ) -> JobRow:
        """Return a way that can be had.

        Args:
            once, monthly: What it costs once, and every month.
            tokens: Tokens of the one-off work [token].
            total_usd_of: What it comes to over the horizon; None where a part is not known [USD].
            checked: When its price was last seen.
            trust: How far that can be trusted.
            columns: The fields that say what it is.
        """
        usd = number(total_usd(once))
        fields: dict[str, object] = {"method": None, "hardware": None, "gpus": None, "hours": None}
        return JobRow(
            **{**fields, "notes": (), **columns},  # type: ignore[arg-type]
            feasible=True,
            reasons=(),
            usd_once=usd if tokens > 0 else None,
            usd_per_mtok=usd / tokens * MTOK if tokens > 0 else None,
            monthly_usd=number(total_usd(monthly)) if monthly else None,
            total_usd=total_usd_of,
            price_checked=None if checked is None else checked.isoformat(),
            once=bill_lines(once, self.inputs),
            monthly=bill_lines(monthly, self.inputs),
            trust=trust.level,
            trust_reasons=trust.reasons,
        )

    def answer(
        self, rows: Iterable[JobRow], does: str, words: tuple[str, str], *, crossed: bool, own: str
    ) -> dict[str, Any]:
        """Return what every answer about a job says, by the names of its fields.

        Args:
            rows: Every way to have it done.
            does: What is done, as in `nobody tunes gpt-4.1`.
            words: What is paid once, and what tokens are for.
            crossed: Whether rented GPUs and prices by the token are held against each other.
            own: Beginnings of the paths of what is assumed.

        Raises:
            InfeasibleError: Nobody does it, or at no price with the trust that was asked for.
        """
        ranked = tuple(sorted(rows, key=lambda r: (not r.feasible, known_usd(r) or 0.0, r.id)))
        used = [r for r in ranked if r.feasible]
        if not used:
            raise nobody(ranked, does)
        insist(self.inputs, (r.trust for r in used))
        best = first_of(used, self.least, known_usd)
        assert best is not None  # or nobody does it
        usd = known_usd(best) or 0.0
        below = [r for r in used if (known_usd(r) or 0.0) < usd]
        cross = crossing(ranked, self.least) if crossed else None
        seen = min((r.price_checked for r in used if r.price_checked), default=None)
        return {
            "catalog": replace(stamp(self.inputs, ()), oldest_price=seen),
            "horizon_months": self.months,
            "rows": ranked,
            "crossing": cross,
            "verdict": verdict(best, below, self.least, cross, words),
            "best": best.id,
            "cheaper_but_unsure": tuple(r.id for r in below),
            "assumptions": self._assumed(used, own.split()),
            "warnings": self._warnings(used),
        }

    def _assumed(
        self, used: Sequence[JobRow], starts: Sequence[str]
    ) -> tuple[AssumptionResult, ...]:
        """Return settings whose paths begin so, factors that are given, and what spot GPUs take."""
        factors = [path for path in FACTORS if self.inputs.settings.given(path)]
        spot = any(r.tier == "self" and r.id.rpartition(":")[2].startswith("spot") for r in used)
        rows = values_of(self.inputs, *starts, *factors, *(SPOT if spot else ()))
        return (*rows, least_trust_row(self.inputs))

    def _warnings(self, rows: Sequence[JobRow]) -> tuple[str, ...]:
        """Return what a reader should be wary of."""
        providers = self.inputs.catalog.prices.providers
        seen = [
            (
                date.fromisoformat(r.price_checked),
                r.id,
                "rental" if r.tier == "self" else providers[r.provider].kind,
            )
            for r in rows
            if r.price_checked
        ]
        return tuple(stale_words(self.inputs, seen, len(seen)))


def impossible(
    name: str, model: str, provider: str, reason: str, method: Method | None = None
) -> JobRow:
    """Return a way that cannot be had, and why."""
    return JobRow(
        id=name, tier="self" if name.startswith("self/") else "hosted", model=model,
        provider=provider, method=method, hardware=None, gpus=None, hours=None, feasible=False,
        reasons=(reason,), notes=(), usd_once=None, usd_per_mtok=None, monthly_usd=None,
        total_usd=None, price_checked=None, once=(), monthly=(),
    )  # fmt: skip


def nobody(rows: Sequence[JobRow], what: str) -> InfeasibleError:
    """Return the error for a job that nobody does, with the first reasons."""
    reasons = "; ".join(f"{r.id}: {r.reasons[0]}" for r in rows[:MOST_REASONS])
    more = f"; and {len(rows) - MOST_REASONS} more" if len(rows) > MOST_REASONS else ""
    return InfeasibleError(f"nobody {what}: {reasons or 'nothing is left to choose from'}{more}")


def known_usd(row: JobRow) -> float | None:
    """Return what a way comes to over the horizon; where a part is not known, its run [USD]."""
    return row.usd_once if row.total_usd is None else row.total_usd


def first_of(
    rows: Iterable[JobRow], least: int, usd_of: Callable[[JobRow], float | None]
) -> JobRow | None:
    """Return the way that is the answer by some bill; None where none can be had.

    Args:
        rows: The ways.
        least: Rank of the trust that is sure enough [1].
        usd_of: The bill.
    """
    had = [(r, usd) for r in rows if r.feasible and (usd := usd_of(r)) is not None]
    if not had:
        return None
    trust = np.array([rank_of(r.trust) for r, _ in had])
    bills = np.array([usd for _, usd in had], dtype=float)
    return had[int(cheapest(bills, trust, least, [r.id for r, _ in had]))][0]


def crossing(rows: Sequence[JobRow], least: int) -> JobCrossing | None:
    """Return from how many tokens the cheapest GPUs cost less than the cheapest price by token.

    The GPUs stay as many as they are today; their start is what must be earned back.
    """
    hosted, rented = (
        first_of([r for r in rows if r.tier == tier], least, lambda r: r.usd_once or 0.0)
        for tier in ("hosted", "self")
    )
    if hosted is None or rented is None:
        return None
    if not hosted.usd_once or not hosted.usd_per_mtok or not rented.usd_once:
        return None
    trained = hosted.usd_once / hosted.usd_per_mtok  # Mtok
    start = sum(one.amount_usd for one in rented.once if one.item == "GPU rent, start")
    rent = sum(one.amount_usd for one in rented.once if one.item.startswith("GPU rent"))
    fixed = start * rented.usd_once / rent if rent else 0.0  # what comes on top is a share of both
    own = (rented.usd_once - fixed) / trained
    tokens = number(pays_from(fixed, own / MTOK, hosted.usd_per_mtok / MTOK))
    return JobCrossing(
        hosted=hosted.id,
        rented=rented.id,
        hosted_usd_per_mtok=hosted.usd_per_mtok,
        rented_usd_per_mtok=own,
        rented_usd_fixed=fixed,
        tokens=tokens if np.isfinite(tokens) else None,
    )


def verdict(
    best: JobRow,
    unsure: Sequence[JobRow],
    least: int,
    cross: JobCrossing | None,
    words: tuple[str, str],
) -> str:
    """Return the answer in a few sentences.

    Args:
        best: The way that is the answer.
        unsure: Those that undercut it.
        least: Rank of the trust that is sure enough [1].
        cross: Where own GPUs and prices by the token cross.
        words: What is paid once, and what tokens are for.
    """
    what, tokens = words
    named = "; ".join(
        f"{r.id} at {show_usd(known_usd(r) or 0.0)} over the horizon ({r.trust_reasons[0]})"
        for r in unsure[:BESIDE]
    )
    said = (
        unsure_words(best.trust, least),
        f"{_cheapest(best, what, least)}{_crosses(cross, tokens)}",
        f"Cheaper but not sure enough: {named}." if named else "",
    )
    return " ".join(filter(None, said))


def _cheapest(best: JobRow, what: str, least: int) -> str:
    once = [] if best.usd_once is None else [f"{show_usd(best.usd_once)} {what}"]
    usd = best.monthly_usd
    told = usd is not None and usd >= 0 and best.saved_usd_per_month is None
    monthly = [f"{show_usd(usd or 0.0)} a month"] if told else []  # what is saved has its own words
    return (
        f"Cheapest{rule_words(least, best.trust)}: {best.id} at {' and '.join([*once, *monthly])}."
    )


def months_words(months: float) -> str:
    """Return some months in words; what is less than one in days."""
    if months >= 1.0:
        return f"{show_number(months)} months"
    return f"{show_number(months * DAYS_PER_MONTH)} days"


def paid_back(best: JobRow, against: str | None, untuned_usd: float | None) -> str:
    """Return what tuning saves a month, and when that has paid for it; nothing where not asked.

    Args:
        best: The way that is the answer.
        against: What is used untuned; None for its base.
        untuned_usd: What that costs [USD/month].
    """
    saved = best.saved_usd_per_month
    if saved is None:
        return ""
    usd = "" if untuned_usd is None else f", {show_usd(untuned_usd)} a month"
    held = f"{against or 'its base'} untuned{usd}"
    if best.pays_after_months is None or best.pays_after_requests is None:
        more = show_usd(-saved) if saved < 0 else "nothing"
        word = "more" if saved < 0 else "less"
        return f" Beside {held}, it costs {more} {word} a month: it never pays."
    return (
        f" Beside {held}, it saves {show_usd(saved)} a month and has paid for itself after "
        f"{months_words(best.pays_after_months)}, "
        f"{show_number(best.pays_after_requests)} requests."
    )


def _crosses(cross: JobCrossing | None, tokens: str) -> str:
    if cross is None:
        return ""
    text = (
        f" Per million tokens {tokens} {cross.hosted} takes "
        f"{show_usd(cross.hosted_usd_per_mtok)}, {cross.rented} "
        f"{show_usd(cross.rented_usd_per_mtok)} and "
        f"{show_usd(cross.rented_usd_fixed)} for the start: "
    )
    if cross.tokens is None:
        return text + "rented GPUs never cost less."
    return text + f"rented GPUs cost less from {show_tokens(cross.tokens)} tokens on."
