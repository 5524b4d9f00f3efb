"""How old the rents are that may decide a verdict.

    python benchmarks/rents.py [--day 2026-11-29]

A rent may decide when it is picked and sure enough (medium or high), of GPUs that are looked at
when none is named, marketplaces aside. One that is older than rents may be decides nothing while a
fresher one of the same GPU is known.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from statistics import median

from tco.catalog.load import load_catalog
from tco.catalog.lookup import rents_at
from tco.options.candidates import gpu_entries, rent_entries
from tco.options.cheapest import least_trust
from tco.options.question import prepare
from tco.options.scenario import Scenario
from tco.options.selection import select
from tco.options.setups import RentEntry

OPTIONS = ("on_demand", "spot", "reserved_1y", "reserved_3y")


def main() -> None:
    """Print how many rents hold, are picked and may decide, with the median of their ages."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--day", type=date.fromisoformat, default=date(2026, 11, 29))
    day = asked.parse_args().day
    catalog = load_catalog(cached=False)
    holding = [rent.checked for _, rent in rents_at(catalog.hardware, day)]
    print(f"rents that hold on {day}: {told(holding, day)}")
    for option in OPTIONS:
        inputs = prepare(catalog, Scenario(purchases=(option,)), day)
        selection = select(catalog, inputs.request)
        usual = {gpu.id for gpu in gpu_entries(inputs, selection)}
        picked = [entry for entry in rent_entries(inputs, selection) if entry.gpu in usual]
        decide = [entry for entry in picked if entry.trust.rank >= least_trust(inputs)]
        print(f"{option}{' (unless another is asked for)' if option == OPTIONS[0] else ''}")
        print(f"  picked: {told(days(picked), day)}")
        print(f"  sure enough to decide a verdict: {told(days(decide), day)}")


def days(entries: Sequence[RentEntry]) -> list[date]:
    """Return the days on which rents were last seen."""
    return [entry.checked for entry in entries if entry.checked is not None]


def told(checked: Sequence[date], day: date) -> str:
    """Return how many rents there are, and how old, in words."""
    if not checked:
        return "none"
    ages = [max((day - seen).days, 0) for seen in checked]
    return f"{len(ages)}, median age {median(ages):g} days, oldest {max(ages)}"


if __name__ == "__main__":
    main()
