"""The rules that make sense for a price list of somebody else, as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from statistics import median
from typing import TYPE_CHECKING

from tco.catalog.check import magnitude
from tco.catalog.check.evidence import UNREACHABLE_SOURCE
from tco.catalog.check.finding import Finding, Rule
from tco.catalog.check.reading import REFERENCE, UNREADABLE
from tco.catalog.check.run import Asked, finding
from tco.catalog.check.windows import RETIRED_BUT_OFFERED
from tco.catalog.check.world import FEWEST_HOSTS, INPUT_WEIGHT
from tco.catalog.load import load_catalog
from tco.catalog.naming import folded
from tco.catalog.upstream.find import read_list
from tco.catalog.upstream.rows import PriceList, Row
from tco.errors import DataError

if TYPE_CHECKING:
    from tco.catalog.models import Model

DEAR = {
    "o1-pro": "litellm, genai-prices and models.dev all have $150 / $600",
    "o1-pro-2025-03-19": "litellm, genai-prices and models.dev all have $150 / $600",
}
"""Models that do cost more than the cap, with who says so."""
DEAREST = 700.0  # USD/Mtok: above what any of them costs

Broken = tuple[Rule, str]


def lint(kind: str, path: str, asked: Asked) -> tuple[list[Finding], int]:
    """Return the findings in an upstream file, and how many rows were looked at."""
    try:
        found = read_list(kind, path, asked.as_of)
    except DataError as error:
        line, _, message = str(error).removeprefix(f"{path}:").partition(": ")
        if not line.isdecimal():
            line, message = "1", str(error)
        return [finding(UNREADABLE, path, int(line), "", message)], 0
    return findings_in(found, asked.as_of), len(found.rows)


def findings_in(listed: PriceList, on: date) -> list[Finding]:
    """Return the findings in a price list as read, on a day."""
    return list(_findings(listed, on))


def _findings(listed: PriceList, on: date) -> Iterator[Finding]:
    for line, name in listed.twice:
        yield finding(REFERENCE, listed.file, line, name, "is given twice; the last one counts")
    medians = host_medians(listed.rows, load_catalog().models.models)
    for row in listed.rows:
        for rule, message in _broken(row, on, medians):
            found = finding(rule, row.file, row.line, row.key, message)
            if rule is magnitude.ABSOLUTE_CAP and _is_dear(row):
                found = replace(found, waived_because=DEAR[row.model])
            yield found


def _is_dear(row: Row) -> bool:
    return row.model in DEAR and max(row.rates.values()) <= DEAREST


def _broken(row: Row, on: date, medians: Mapping[str, float]) -> Iterator[Broken]:
    base = dict(row.rates)
    kind = "embedding" if row.embedding else "text"
    for rule, _, message in magnitude.rate_hits(base, kind=kind):
        yield rule, message
    for rule, _, message in magnitude.batch_hits(base, row.batch):
        yield rule, message
    yield from _tiers(row)
    yield from _record(row, on)
    blend, middle = blended(row), medians.get(folded(row.model))
    hit = magnitude.spread_hit(blend, middle) if blend and middle else None
    if hit is not None:
        yield hit


def _tiers(row: Row) -> Iterator[Broken]:
    for tier, rates in row.tiers.items():
        for rule, message in magnitude.tier_hits(dict(row.rates), dict(rates)):
            yield rule, f"{tier}: {message}"


def _record(row: Row, on: date) -> Iterator[Broken]:
    """Return what is wrong with a row besides its numbers."""
    if not any(row.rates.get(key) for key in ("input", "output")):
        yield magnitude.ZERO_PRICE, "input and output cost nothing"
    if row.retires is not None and row.retires < on:
        yield RETIRED_BUT_OFFERED, f"retired after {row.retires}, and still has a price"
    if row.attested is False:
        yield UNREACHABLE_SOURCE, "does not say where its price is from"


def blended(row: Row) -> float | None:
    """Return three parts of input to one of output [USD/Mtok]; None where one is missing."""
    entry, output = row.rates.get("input"), row.rates.get("output")
    if not entry or not output or not row.text:
        return None
    return (INPUT_WEIGHT * entry + output) / (INPUT_WEIGHT + 1)


def host_medians(rows: Sequence[Row], models: Mapping[str, Model]) -> Mapping[str, float]:
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
