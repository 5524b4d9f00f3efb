"""What the traffic of a bill would cost elsewhere, in a month: other hosts, models, own GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.catalog.lookup import price_at
from tco.catalog.trust import offer_trust
from tco.errors import TcoError
from tco.options.cheapest import USUAL, rank_of
from tco.units import show_number
from tco.usage.matching import Matched
from tco.usage.pricing import priced
from tco.usage.results import Elsewhere

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Offer
    from tco.options.question import Question

HOSTS, MODELS, OWN = 3, 5, 3
TOKENS_ONLY = "tokens only"


def elsewhere(
    logs: Any, catalog: Catalog, today: date, made: Any, month: float
) -> tuple[tuple[Elsewhere, ...], list[str]]:
    """Return what the traffic costs now and elsewhere, and notes.

    Args:
        logs: The logs, for the shape of the load.
        today: The day whose prices hold.
        made: Cells with their prices and matches.
        month: A month over what was logged [1].
    """
    mine = ~made.cells["only_cost"].astype(bool)
    cells = {name: values[mine] for name, values in made.cells.items()}
    now = priced(catalog, cells, made.matches, today, on=today)
    usd = float(np.where(now.known, now.usd, 0.0).sum()) * month
    rows = [
        Elsewhere(
            kind="now",
            option="as it is" + ", what has a price" * (not now.known.all()),
            monthly_usd=usd,
            of="all",
            note=f"{TOKENS_ONLY}, list price",
        ),
        *_hosts(catalog, today, cells, made.matches, month),
        *_models(catalog, today, cells, month),
    ]
    own, notes = _own(logs, catalog, today, cells)
    return (*rows, *own), notes


def _at(catalog: Catalog, offer: str, cells: Any, today: date) -> float | None:
    """Return what cells cost at an offer [USD]; None where it has no price."""
    pairs = {(str(p), str(m)) for p, m in zip(cells["provider"], cells["model"], strict=True)}
    found = priced(catalog, cells, {pair: Matched(offer, "") for pair in pairs}, today, on=today)
    return float(found.usd.sum()) if found.known.all() else None


def _hosts(
    catalog: Catalog, today: date, cells: Any, matches: Any, month: float
) -> Iterator[Elsewhere]:
    """Return the cheapest other hosts of the weights of each model."""
    for name in sorted({str(m) for m in cells["model"]}):
        mine = cells["model"] == name
        part = {k: v[mine] for k, v in cells.items()}
        offers = {m.offer for (_, model), m in matches.items() if model == name and m.offer}
        models = {catalog.offers[o].model for o in offers}
        others = [o for o in catalog.prices.offers if o.model in models and o.id not in offers]
        rows, unsure = _sure(catalog, others, part, today)
        for i, (usd, offer) in enumerate(rows[:HOSTS]):
            yield Elsewhere(
                kind="other host",
                option=offer,
                monthly_usd=usd * month,
                of=name,
                note=TOKENS_ONLY if i else TOKENS_ONLY + unsure,
            )


def _models(catalog: Catalog, today: date, cells: Any, month: float) -> Iterator[Elsewhere]:
    """Return all of the traffic at each model of the short list, at its cheapest offer."""
    rows = []
    for model in catalog.assumptions.short_list:
        offers = [o for o in catalog.prices.offers if o.model == model]
        sure, unsure = _sure(catalog, offers, cells, today)
        if sure:
            rows.append((*sure[0], unsure))
    for usd, offer, unsure in sorted(rows)[:MODELS]:
        yield Elsewhere(
            kind="other model",
            option=offer,
            monthly_usd=usd * month,
            of="all",
            note=f"{TOKENS_ONLY}; another model: its answers and its tokenizer differ{unsure}",
        )


def _sure(
    catalog: Catalog, offers: Sequence[Offer], cells: Any, today: date
) -> tuple[list[tuple[float, str]], str]:
    """Return what cells cost at the offers that are sure enough, cheapest first [USD].

    The second is which is cheaper and not sure enough, to follow a note; empty without one.
    """
    rows: dict[bool, list[tuple[float, str, str]]] = {True: [], False: []}
    for offer in offers:
        usd, price = _at(catalog, offer.id, cells, today), price_at(offer, today, catalog.offers)
        if usd is not None and price is not None:
            trust = offer_trust(catalog, offer, price, today)
            rows[rank_of(trust.level) >= rank_of(USUAL)].append((usd, offer.id, trust.reasons[0]))
    sure = sorted(rows[True])
    cheaper = [row for row in sorted(rows[False]) if not sure or row[0] < sure[0][0]]
    told = f"; cheaper but not sure enough: {cheaper[0][1]} ({cheaper[0][2]})" if cheaper else ""
    return [(usd, offer) for usd, offer, _ in sure], told


def _own(logs: Any, catalog: Catalog, today: date, cells: Any) -> tuple[list[Elsewhere], list[str]]:
    """Return open models on own GPUs, and the cheapest mix, with the shape of the logged load."""
    from tco.analysis.compare import compare
    from tco.catalog.usage_profile import with_traffic
    from tco.options.question import prepare
    from tco.options.scenario import Scenario

    name = "these logs"
    try:
        whole = with_traffic(catalog, name, logs.part(cells), "logs", today)
        inputs = prepare(whole, Scenario(profile=name, tiers=("self",), as_of=today), today)
        listed = set(catalog.assumptions.short_list)
        rows = [
            o
            for o in compare(inputs).options
            if o.feasible and o.monthly_usd is not None and o.model in listed
        ]
    except TcoError as error:
        return [], [f"own GPUs are left out: {error}"]
    out = [
        Elsewhere(
            kind="own GPUs",
            option=row.id,
            monthly_usd=row.monthly_usd or 0.0,
            of="all",
            note=f"{show_number(row.gpus or 0)} GPUs, power and engineers",
        )
        for row in rows[:OWN]
    ]
    try:
        out += _mix(prepare(whole, replace(inputs.request, tiers=()), today))
    except TcoError as error:
        return out, [f"the mix is left out: {error}"]
    return out, []


def _mix(inputs: Question) -> Iterator[Elsewhere]:
    """Yield the cheapest mix of own GPUs and an API, where own GPUs serve some of the load."""
    from tco.analysis.plan.plan import plan

    mixed = plan(inputs)
    best = next(s for s in mixed.strategies if s.strategy == "hybrid")
    if best.monthly_usd is not None and best.own_tokens_share:
        yield Elsewhere(
            kind="mix",
            option=" and ".join([*mixed.own, mixed.overflow]),
            monthly_usd=best.monthly_usd,
            of="all",
            note=f"own GPUs serve {best.own_tokens_share:.0%} of it; engineers in it",
        )
