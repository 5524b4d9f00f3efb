"""The rules that make sense for a price list of somebody else, as it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tco.catalog.check import prices
from tco.catalog.check.evidence import UNREACHABLE_SOURCE
from tco.catalog.check.finding import FEWEST_HOSTS, INPUT_WEIGHT, CheckContext, Finding, Rule
from tco.catalog.check.reading import MISSING, REFERENCE, UNREADABLE
from tco.catalog.check.run import finding
from tco.catalog.check.windows import RETIRED_BUT_OFFERED
from tco.catalog.listed import by_row_name, folded
from tco.catalog.load import load_catalog
from tco.catalog.lookup import price_at
from tco.catalog.upstream.rows import PriceList, PriceRow, read_list
from tco.errors import DataError

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.models import Model

DEAR = {
    "o1-pro": "litellm, genai-prices and models.dev all have $150 / $600",
    "o1-pro-2025-03-19": "litellm, genai-prices and models.dev all have $150 / $600",
    **dict.fromkeys(
        ("gpt-5.4-pro", "gpt-5.5-pro", "openai-gpt-54-pro", "openai-gpt-55-pro"),
        "$30 / $180 at OpenAI; resellers add up to half",
    ),
}
"""Models that do cost more than the cap, with who says so."""
DEAREST = 700.0  # USD/Mtok: above what any of them costs

Broken = tuple[Rule, str]


def lint(kind: str, path: str, context: CheckContext) -> tuple[list[Finding], int]:
    """Return the findings in an upstream file, and how many rows were looked at."""
    try:
        found = read_list(kind, path, context.as_of)
    except DataError as error:
        line, _, message = str(error).removeprefix(f"{path}:").partition(": ")
        if not line.isdecimal():
            line, message = "1", str(error)
        rule = UNREADABLE if Path(path).exists() else MISSING
        return [finding(rule, path, int(line), "", message)], 0
    return findings_in(found, context.as_of), len(found.rows)


def findings_in(listed: PriceList, on: date) -> list[Finding]:
    """Return the findings in a price list as read, on a day."""
    return list(_findings(listed, on))


def _findings(listed: PriceList, on: date) -> Iterator[Finding]:
    for line, name in listed.twice:
        yield finding(REFERENCE, listed.file, line, name, "is given twice; the last one counts")
    for line, name, message in listed.wrong:
        yield finding(prices.NOT_A_PRICE, listed.file, line, name, message)
    for line, name, key in listed.new.values():
        yield finding(prices.NEW_KEY, listed.file, line, name, f"{key} is new to tco")
    catalog = load_catalog()
    medians = host_medians(listed.rows, catalog.models.models)
    usual = Usual(catalog, listed.rows, on)
    for row in listed.rows:
        broken = (*_broken(row, on, medians), *usual.broken(row))
        for rule, message in broken:
            found = finding(rule, row.file, row.line, row.key, message)
            if rule in (prices.ABSOLUTE_CAP, prices.TIER_FAR_OFF) and _is_dear(row):
                found = replace(found, waived_because=DEAR[row.model])
            yield found


def _is_dear(row: PriceRow) -> bool:
    return row.model in DEAR and max(row.rates.values()) <= DEAREST


def _broken(row: PriceRow, on: date, medians: Mapping[str, float]) -> Iterator[Broken]:
    base = dict(row.rates)
    kind = "embedding" if row.embedding else "text"
    for rule, _, message in prices.rate_hits(base, kind=kind):
        yield rule, message
    for rule, _, message in prices.batch_hits(base, row.batch):
        yield rule, message
    yield from _tiers(row, kind)
    yield from _record(row, on)
    blend, middle = blended(row), medians.get(folded(row.model))
    hit = prices.spread_hit(blend, middle) if blend and middle else None
    if hit is not None:
        yield hit


def _tiers(row: PriceRow, kind: str) -> Iterator[Broken]:
    for tier in row.tiers:
        rates = dict(tier.rates)
        for rule, message in prices.tier_hits(dict(row.rates), rates, tier.conditions):
            yield rule, f"{tier.words}: {message}"
        for rule, _, message in prices.rate_hits(rates, base=False, kind=kind, cap=TIER_CAP):
            if rule in ABSOLUTE:
                yield rule, f"{tier.words}: {message}"
    for key, rate in row.others.items():
        if not math.isfinite(rate) or rate < 0:
            yield prices.NOT_A_PRICE, f"{key} is {rate:g}"
        elif rate > OTHER_CAP:
            yield prices.ABSOLUTE_CAP, f"{key} ${rate:g}/Mtok is above ${OTHER_CAP:g}/Mtok"


ABSOLUTE = (prices.ABSOLUTE_CAP, prices.BELOW_FLOOR, prices.NOT_A_PRICE)
TIER_CAP = prices.TIER_CAP
OTHER_CAP = 1000.0  # USD/Mtok: tokens of pictures and sound cost up to 120


def _record(row: PriceRow, on: date) -> Iterator[Broken]:
    """Return what is wrong with a row besides its numbers."""
    if not any(row.rates.get(key) for key in ("input", "output")):
        yield prices.ZERO_PRICE, "input and output cost nothing"
    if row.retires is not None and row.retires < on:
        yield RETIRED_BUT_OFFERED, f"retired after {row.retires}, and still has a price"
    if row.attested is False:
        yield UNREACHABLE_SOURCE, "does not say where its price is from"


class Usual:
    """What the catalog has for the offer of a row, and what other sellers of a list ask."""

    def __init__(self, catalog: Catalog, rows: Sequence[PriceRow], on: date) -> None:
        """Take the catalog and the whole list."""
        self.day = on
        self.catalog = catalog
        self.known = by_row_name(catalog)
        self.sellers: dict[str, dict[str, list[PriceRow]]] = {}
        for row in (row for row in rows if _compares(row)):
            sellers = self.sellers.setdefault(folded(row.model), {})
            sellers.setdefault(row.provider, []).append(row)

    def broken(self, row: PriceRow) -> Iterator[Broken]:
        """Return rates of a row that are far off the record, or off what others ask."""
        rates, said = dict(row.rates), set[str]()
        for price in self._record(row):
            who = f"the catalog has for {price[0]}"
            for rule, key, message in prices.far_hits(rates, price[1], prices.RECORD_FAR_OFF, who):
                said.add(key)
                yield rule, message
        usual = {key: self._others(row, key) for key in rates if key not in said}
        for rule, _, message in prices.far_hits(
            rates, usual, prices.SELLERS_FAR_OFF, "other sellers ask", FAR
        ):
            yield rule, message

    def _record(self, row: PriceRow) -> Iterator[tuple[str, Mapping[str, float | None]]]:
        offer = self.known(row)
        if offer is None or not _compares(row):
            return
        price = price_at(offer, self.day, self.catalog.offers)
        if price is not None:
            yield offer.id, dict(price.usd_per_mtok)

    def _others(self, row: PriceRow, key: str) -> float | None:
        """Return the median of what at least two other sellers ask [USD/Mtok]."""
        if not _compares(row):
            return None
        others = self.sellers.get(folded(row.model), {})
        asked = [
            [r.rates.get(key) for r in rows] for p, rows in others.items() if p != row.provider
        ]
        rates = [median(some) for one in asked if (some := [rate for rate in one if rate])]
        return median(rates) if len(rates) >= FEWEST_SELLERS else None


_NO_TEXT = re.compile(r"image|audio|tts|video|speech|whisper|:|batch")


def _compares(row: PriceRow) -> bool:
    """Return whether a row has the plain price of a model of text."""
    return row.text and any(row.rates.values()) and not _NO_TEXT.search(row.model.casefold())


LIST_FAR = 20.0  # times: names of lists fold editions and services that are not the same
FAR = dict.fromkeys(("input", "output"), LIST_FAR)
FAR |= dict.fromkeys(prices.CACHE, prices.CACHE_FAR)
FEWEST_SELLERS = 3  # of a list: gateways repeat each other


def blended(row: PriceRow) -> float | None:
    """Return three parts of input to one of output [USD/Mtok]; None where one is missing."""
    entry, output = row.rates.get("input"), row.rates.get("output")
    if not entry or not output or not row.text:
        return None
    return (INPUT_WEIGHT * entry + output) / (INPUT_WEIGHT + 1)


def host_medians(rows: Sequence[PriceRow], models: Mapping[str, Model]) -> Mapping[str, float]:
    """Return the median blended price of open models over the providers of a list [USD/Mtok].

    Args:
        rows: All rows; those of one provider count once, with their median.
        models: What is known of models: only weights that anyone may host are compared.
    """
    names = {folded(n) for i, m in models.items() if m.weights == "open" for n in _called(i, m)}
    by_model: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        name, blend = folded(row.model), blended(row)
        if name in names and blend:
            by_model.setdefault(name, {}).setdefault(row.provider, []).append(blend)
    return {
        name: median(median(some) for some in hosts.values())
        for name, hosts in by_model.items()
        if len(hosts) >= FEWEST_HOSTS
    }


def _called(name: str, model: Model) -> Iterable[str]:
    return name, model.name, *model.aliases
