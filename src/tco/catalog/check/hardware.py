"""TCO6xx: accelerators that cannot be, and rents that cannot be meant."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tco.catalog.check.finding import CheckContext, Hit, Rule
from tco.catalog.hardware import Accelerator, Purchase, Rent, Rental
from tco.catalog.lookup import holds
from tco.catalog.yaml_lines import Loc

TOLERANCE = 0.04  # of a ratio: data sheets round, and chips of one line clock differently
RATIOS = {
    ("fp16", "bf16"): (1.0,),
    ("fp8", "bf16"): (1.0, 2.0),
    ("int8", "bf16"): (1.0, 2.0),
    ("fp8", "fp16"): (1.0, 2.0),
    ("int8", "fp16"): (1.0, 2.0),
    ("fp4", "fp8"): (1.0, 2.0, 3.0),
}
"""Dense peaks of one chip over each other; twice that is a peak with structured sparsity."""
FLOPS_PER_W = ((2021, 1.3), (2023, 2.4), (9999, 3.0))
"""Most dense 16-bit TFLOP/s a watt up to a launch year: somewhat above the best of its time."""
FLOPS_PER_BYTE = 580.0  # dense 16-bit, at most: TPU v6e has 560, the densest there is
BANDWIDTH = (50.0, 30_000.0)  # GB/s: a laptop's to beyond HBM4
BANDWIDTH_PER_GIB = (1.0, 100.0)  # reading all memory takes 10 ms to 1 s
TDP = (10.0, 3_000.0)  # W
MEMORY = (2.0, 1_024.0)  # GiB
VISIBLE = 0.6  # of the memory: a driver of unified memory leaves the GPU three quarters
RENT_SPREAD = 5.0
RENT_WRONG = 10.0  # times the median on demand: the widest true gap in the catalog is 5.5 times
SPOT_WRONG = 20.0  # below it: spot and auctions go far down
RENT_RANGE = (0.02, 150.0)  # USD an hour: a card of 2017 on spot, four times the dearest of 2026
MONTH_H = 730.0
# What tells the rent of a machine is judgment; of the shipped rents none is caught (2026-12-01).
OF_ALL = 3.2  # times the median on demand, from which a rent may be that of all GPUs of a machine
EACH_OF_ALL = (0.7, 1.6)  # times the median, that it then comes to for each
AS_DEAR = 1.2  # times the dearest of other sellers: so dear it may be in another region
SPOT_OF_ALL = (2.0, (0.2, 0.8))  # the same of spot, of which 1.65 times is the dearest: as much
# a GPU as on demand would be no spot rent either, and such a rent is only looked at

FLOPS_RATIO = Rule.of(
    "error TCO601 flops-ratio",
    title="Peaks of two data types stand in a ratio that tensor units have.",
    advice="look whether one of the two counts sparsity, store dense peaks; a true one is waived",
)
FLOPS_DENSITY = Rule.of(
    "error TCO602 flops-density",
    title="A chip computes no more for each watt and byte than any of its time.",
    advice="look whether the peak counts sparsity, or two dies as one",
)
BANDWIDTH_RANGE = Rule.of(
    "error TCO603 bandwidth-range",
    title="Memory bandwidth is one that memory has.",
    advice="give GB/s, not Gbit/s, TB/s or GB/s of a whole server",
)
TDP_RANGE = Rule.of(
    "error TCO604 tdp-range",
    title="Power is that of one board, and less than its share of the server draws.",
    advice="give watts of one accelerator in `tdp_w`, with its share of the server in `all_in_w`",
)
MEMORY_RANGE = Rule.of(
    "error TCO605 memory-range",
    title="Memory is that of one accelerator, and the driver shows no more than there is.",
    advice="give GiB of one accelerator as it is sold",
)
PURCHASE_ORDER = Rule.of(
    "error TCO606 purchase-order",
    title="A range of purchase prices goes from low to high.",
    advice="put the three in order",
)
RENT_FAR_OFF = Rule.of(
    "warning TCO607 rent-far-off",
    title=f"A rent is within {RENT_SPREAD:g} times of the median of its GPU.",
    advice="look whether it is the price of a whole server or of a part; else set `only_if_named`",
)
RENT_NOT_HOURLY = Rule.of(
    "error TCO608 rent-not-hourly",
    title=f"A rent is that of one GPU for one hour: within {RENT_WRONG:g} times of the median.",
    advice="give dollars for one GPU and one hour; if it is true, say `only_if_named` and why",
)
SPOT_ABOVE_ON_DEMAND = Rule.of(
    "warning TCO609 spot-above-on-demand",
    title="Spot and reserved cost no more than on demand of the same seller.",
    advice="look whether the two are swapped, or one of them is old",
)
RULES = (
    RENT_NOT_HOURLY,
    SPOT_ABOVE_ON_DEMAND,
    FLOPS_RATIO,
    FLOPS_DENSITY,
    BANDWIDTH_RANGE,
    TDP_RANGE,
    MEMORY_RANGE,
    PURCHASE_ORDER,
    RENT_FAR_OFF,
)


def hits(subject: CheckContext) -> Iterator[Hit]:
    """Return accelerators and rents that break a rule."""
    for loc, gpu in subject.section("accelerators"):
        yield from _ratios(loc, gpu)
        yield from _density(loc, gpu)
        yield from _ranges(loc, gpu)
        if gpu.purchase is not None:
            yield from _purchase((*loc, "purchase"), gpu.purchase)
    for loc, rental in subject.section("rentals"):
        yield from _rent(loc, rental, subject)


def _ratios(loc: Loc, gpu: Accelerator) -> Iterator[Hit]:
    peaks = gpu.tflops
    for (over, under), possible in RATIOS.items():
        top, base = getattr(peaks, over), getattr(peaks, under)
        if not top or not base or (under == "fp16" and peaks.bf16):
            continue
        ratio = top / base
        if all(abs(ratio / usual - 1) > TOLERANCE for usual in possible):
            message = f"{over} {top:g} is {ratio:.3g} times {under} {base:g} TFLOP/s"
            yield Hit(FLOPS_RATIO, (*loc, "tflops"), message)


def _density(loc: Loc, gpu: Accelerator) -> Iterator[Hit]:
    peak = gpu.tflops.bf16 or gpu.tflops.fp16
    if not peak:
        return
    most = next(limit for year, limit in FLOPS_PER_W if gpu.launch_year <= year)
    if gpu.tdp_w and peak / gpu.tdp_w > most:
        message = (
            f"{peak:g} TFLOP/s at {gpu.tdp_w:g} W is {peak / gpu.tdp_w:.3g} a watt, over {most}"
        )
        yield Hit(FLOPS_DENSITY, (*loc, "tflops"), message)
    intensity = peak * 1000 / gpu.bandwidth_gb_per_s
    if intensity > FLOPS_PER_BYTE:
        message = f"{intensity:.0f} FLOP for each byte of memory, over {FLOPS_PER_BYTE:g}"
        yield Hit(FLOPS_DENSITY, (*loc, "tflops"), message)


def _outside(value: float, limits: tuple[float, float]) -> bool:
    return not limits[0] <= value <= limits[1]


def _ranges(loc: Loc, gpu: Accelerator) -> Iterator[Hit]:
    rate, size = gpu.bandwidth_gb_per_s, gpu.memory_gib
    where = (*loc, "bandwidth_gb_per_s")
    if _outside(rate, BANDWIDTH):
        yield Hit(BANDWIDTH_RANGE, where, f"{rate:g} GB/s is not one accelerator's")
    elif _outside(rate / size, BANDWIDTH_PER_GIB):
        message = (
            f"{rate:g} GB/s for {size:g} GiB: its memory is read in {size / rate * 1000:.3g} ms"
        )
        yield Hit(BANDWIDTH_RANGE, where, message)
    if _outside(size, MEMORY):
        yield Hit(MEMORY_RANGE, (*loc, "memory_gib"), f"{size:g} GiB is not one accelerator's")
    visible = gpu.visible_memory_mib
    if visible is not None and not VISIBLE < visible / 1024 / size <= 1.02:
        message = f"the driver shows {visible / 1024:.4g} GiB of {size:g}"
        yield Hit(MEMORY_RANGE, (*loc, "visible_memory_mib"), message)
    yield from _power(loc, gpu)


def _power(loc: Loc, gpu: Accelerator) -> Iterator[Hit]:
    tdp, whole = gpu.tdp_w, gpu.all_in_w
    if tdp is not None and _outside(tdp, TDP):
        yield Hit(TDP_RANGE, (*loc, "tdp_w"), f"{tdp:g} W is not one accelerator's")
    if tdp is not None and whole is not None and not tdp <= whole <= 4 * tdp:
        message = f"{whole:g} W with its share of the server, {tdp:g} W alone"
        yield Hit(TDP_RANGE, (*loc, "all_in_w"), message)


def _purchase(loc: Loc, purchase: Purchase) -> Iterator[Hit]:
    given = [p for p in (purchase.low, purchase.typical, purchase.high) if p is not None]
    if given != sorted(given):
        shown = ", ".join(f"{price:g}" for price in given)
        yield Hit(PURCHASE_ORDER, loc, f"{shown} is not in order")


def _rent(loc: Loc, rental: Rental, subject: CheckContext) -> Iterator[Hit]:
    middle = subject.rent_medians.get(rental.gpu)
    for i, rent in enumerate(rental.rents):
        usd = rent.usd_per_gpu_hour
        here = (*loc, "rents", i)
        wrong = _wrong(usd, middle, rental, subject)
        if wrong and not rent.only_if_named:
            yield Hit(RENT_NOT_HOURLY, here, wrong)
        # Spot and marketplace rents may well be a small part of the usual price.
        elif middle is not None and not _near(usd, middle, rental) and not rent.only_if_named:
            message = f"${usd:.2f} a GPU-hour; the median on demand is ${middle:.2f}"
            yield Hit(RENT_FAR_OFF, here, message + _meant(usd, middle, rental))
        if rental.option != "on_demand" and holds(rent, subject.as_of):
            yield from _spot(here, rental, rent, subject)


def _wrong(usd: float, middle: float | None, rental: Rental, subject: CheckContext) -> str:
    """Return why a rent cannot be dollars for a GPU and an hour; empty where it can."""
    shown = f"${usd:,.4g} a GPU-hour"
    if not RENT_RANGE[0] <= usd <= RENT_RANGE[1]:
        known = f"; the median on demand is ${middle:.2f}" if middle else ""
        return f"{shown} is no rent of one GPU for an hour{_meant(usd, middle, rental)}{known}"
    if middle is None:
        return ""
    spot = rental.option == "spot"
    low = middle / (SPOT_WRONG if spot else RENT_WRONG)
    from_, (least, most) = SPOT_OF_ALL if spot else (OF_ALL, EACH_OF_ALL)
    each = usd / rental.gpus / middle
    whole = rental.gpus > 1 and usd > from_ * middle and least <= each <= most
    others = subject.dearest_elsewhere(rental) if whole and not spot else 0.0
    if low <= usd <= middle * RENT_WRONG and (not whole or usd <= others * AS_DEAR):
        return ""
    return f"{shown}; the median on demand is ${middle:.2f}{_meant(usd, middle, rental)}"


def _meant(usd: float, middle: float | None, rental: Rental) -> str:
    """Return what a rent is likely to be instead, where the median tells: the nearest to it."""
    if middle is None:
        return ""
    units = [
        *((MONTH_H, "a month"), (24.0, "a day"), (168.0, "a week"), (100.0, "cents")),
        *((1 / 60, "a minute"), (12 * MONTH_H, "a year")),
    ]
    if rental.gpus > 1:
        units.append((float(rental.gpus), f"the rent of all {rental.gpus}"))
    factor, what = min(units, key=lambda unit: abs(math.log(usd / unit[0] / middle)))
    if not 1 / 3 <= usd / factor / middle <= 3:
        return ""
    return f"; as {what} it would be ${usd / factor:.2f} an hour"


def _spot(loc: Loc, rental: Rental, rent: Rent, subject: CheckContext) -> Iterator[Hit]:
    """Return a spot or reserved rent above what the same seller asks on demand for the GPU.

    That of the same instance counts, and any of the seller's where there is none.
    """
    usual: dict[bool, list[float]] = {}
    mine = (rental.gpus, rental.instance, rental.channel)
    for other in subject.rentals:
        if (other.seller, other.gpu, other.option) != (rental.seller, rental.gpu, "on_demand"):
            continue
        same = (other.gpus, other.instance, other.channel) == mine
        usual.setdefault(same, []).extend(
            r.usd_per_gpu_hour
            for r in other.rents
            if holds(r, subject.as_of) and (rent.region is None or r.region in (None, rent.region))
        )
    asked = usual.get(True) or usual.get(False)
    if asked and rent.usd_per_gpu_hour > max(asked):
        kind = rental.option.replace("_", " ")
        message = f"{kind} ${rent.usd_per_gpu_hour:.2f}, on demand ${max(asked):.2f} a GPU-hour"
        yield Hit(SPOT_ABOVE_ON_DEMAND, loc, message)


def _near(usd: float, middle: float, rental: Rental) -> bool:
    dear = SPOT_OF_ALL[0] if rental.option == "spot" and rental.gpus > 1 else RENT_SPREAD
    return middle / (2 * RENT_SPREAD) <= usd <= middle * dear
