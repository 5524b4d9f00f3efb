"""How many mistakes of a unit the gate stops: every price key of every offer, times a factor.

    python benchmarks/mutations.py [--sample N] [--list KIND FILE ...]

Each price of each offer with a price on the day is multiplied by each factor, alone, its evidence
with it (a consistent mistake: no witness contradicts it), in a file that is laid over the shipped
catalog. Counted is what an error of `tco catalog check` stops. With `--list`, what the same rules
find in the lists of others as they are: errors of the rules that look for units.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from tco.catalog.build import Overlay
from tco.catalog.check import prices as rules
from tco.catalog.check.finding import CheckContext, Subject
from tco.catalog.check.upstream import findings_in
from tco.catalog.load import load_catalog
from tco.catalog.lookup import price_at, retired
from tco.catalog.prices import Offer, Price
from tco.catalog.upstream.rows import read_list

DAY = date(2026, 11, 29)
FACTORS = (1e-6, 1e-3, 1e-2, 0.1, 10.0, 100.0, 1e3, 1e6)
UNIT = ("absolute-cap", "below-floor", "record-far-off", "sellers-far-off", "tier-far-off")
UNIT += ("host-spread", "not-a-price")


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--sample", type=int, default=1, help="every Nth offer")
    asked.add_argument("--list", nargs=2, action="append", default=[], metavar=("KIND", "FILE"))
    said = asked.parse_args()
    catalog = load_catalog(cached=False)
    offers = [o for o in catalog.prices.offers if _priced(o, catalog.offers)][:: said.sample]
    caught, tried = Counter[tuple[str, str, float]](), Counter[tuple[str, str, float]]()
    alone = CheckContext(
        as_of=DAY, horizon_days=90, offers=catalog.offers, providers=catalog.prices.providers,
        models=catalog.models.models, accelerators={}, shipped=catalog.offers,
    )  # fmt: skip
    without = replace(alone, shipped={})
    for offer in offers:
        kind = catalog.models.models[offer.model].weights
        others = sum(o.model == offer.model for o in offers) > 1
        for key, factor, changed in mutations(offer):
            for table, world in (("record known", alone), ("new offer", without)):
                if table == "new offer" and not others:
                    continue
                at = (f"{table}, {kind}", key, factor)
                tried[at] += 1
                caught[at] += stopped(changed, world)
    _print(caught, tried)
    for kind, path in said.list:
        _list(kind, path)


def _priced(offer: Offer, offers: Mapping[str, Offer]) -> bool:
    price = price_at(offer, DAY, offers)
    return price in offer.prices and not retired(offer, DAY)


def mutations(offer: Offer) -> Iterator[tuple[str, float, Offer]]:
    """Yield an offer with one price multiplied, for each price key and factor."""
    price = price_at(offer, DAY)
    if price is None:
        return
    for factor in FACTORS:
        for key, rate in price.usd_per_mtok:
            if rate:
                rates = price.usd_per_mtok.model_copy(update={key: rate * factor})
                yield key, factor, _with(offer, price, {"usd_per_mtok": rates})
        for i, modifier in enumerate(price.modifiers):
            stated = modifier.usd_per_mtok
            for key, rate in stated or ():
                if rate and stated is not None:
                    rates = stated.model_copy(update={key: rate * factor})
                    changed: Any = list(price.modifiers)
                    changed[i] = modifier.model_copy(update={"usd_per_mtok": rates})
                    yield "under a condition", factor, _with(offer, price, {"modifiers": changed})


def _with(offer: Offer, price: Price, update: Mapping[str, Any]) -> Offer:
    """Return an offer with a price changed, and evidence that says so."""
    new = price.model_copy(update=dict(update))
    pair = {"input": new.usd_per_mtok.input, "output": new.usd_per_mtok.output}
    new = new.model_copy(update={"evidence": [e.model_copy(update=pair) for e in new.evidence[:1]]})
    return offer.model_copy(update={"prices": [new], "waive": []})


def stopped(offer: Offer, world: CheckContext) -> bool:
    """Return whether an error is found in a file with this offer alone."""
    part = Overlay.model_construct(offers=[offer], fine_tuning=[])
    here = replace(world, offers={**world.offers, offer.id: offer}) if not world.shipped else world
    subject = Subject(part, {}, here)
    return any((h.severity or h.rule.severity) == "error" for h in rules.hits(subject))


def _print(caught: Mapping[Any, int], tried: Mapping[Any, int]) -> None:
    tables = sorted({at[0] for at in tried})
    heads = " | ".join(f"x{f:g}" for f in FACTORS)
    for table in tables:
        print(f"\n{table}: caught of tried\n\n| price | {heads} |\n|---|{'---:|' * len(FACTORS)}")
        for key in sorted({at[1] for at in tried if at[0] == table}):
            cells = [f"{caught[table, key, f]} of {tried[table, key, f]}" for f in FACTORS]
            print(f"| {key} | {' | '.join(cells)} |")
        sums = [
            (sum(n for at, n in some.items() if at[0] == table and at[2] == f))
            for f in FACTORS
            for some in (caught, tried)
        ]
        shares = [f"{100 * a / b:.1f} %" for a, b in zip(sums[::2], sums[1::2], strict=True)]
        print(f"| **all** | {' | '.join(shares)} |")


def _list(kind: str, path: str) -> None:
    listed = read_list(kind, path, DAY)
    hits = [f for f in findings_in(listed, DAY) if f.severity == "error" and not f.waived_because]
    hits = [f for f in hits if f.name in UNIT]
    rows = {f.where for f in hits}
    count = len(listed.rows)
    print(f"\n{kind}: {len(rows)} of {count} rows stopped, 1 in {count / max(len(rows), 1):.0f}")
    for found in hits:
        print(f"  {found.name} {found.where}: {found.message}")


if __name__ == "__main__":
    main()
