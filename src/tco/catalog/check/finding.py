"""What a rule is, what it may look at, and what it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from functools import cached_property
from statistics import median
from typing import Any, Literal

from tco.catalog.fields import Record, Source
from tco.catalog.hardware import Accelerator, Rental
from tco.catalog.lookup import price_at, retired
from tco.catalog.models import Model
from tco.catalog.prices import Offer, Price, Provider, Rates, When
from tco.catalog.yaml_lines import Loc
from tco.records import dataclass

# What a rule is, and what it finds.

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that is looked for.

    Args:
        id: `TCO` and three digits; the first names the family. It never changes its meaning.
        name: The same for people, and for `waive` in the data.
        severity: `error` fails a check, `warning` only a strict one, `note` never.
        title: What must hold, as a sentence.
        advice: What to do when it does not.
    """

    id: str
    name: str
    severity: Severity
    title: str
    advice: str

    @classmethod
    def of(cls, called: str, *, title: str, advice: str) -> Rule:
        """Return a rule by its severity, id and name in one line: `error TCO201 windows`."""
        word, code, name = called.split()
        severity = next(known for known in SEVERITIES if known == word)
        return cls(id=code, name=name, severity=severity, title=title, advice=advice)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a rule is broken.

    Args:
        rule: The rule.
        loc: The place in the file.
        message: What is wrong there, with its figures.
        severity: Where it is not the rule's own.
        sources: Whose figures these are; a source can waive a rule for all of them.
        day: Of the evidence that it rests on; a waiver that was judged before does not cover it.
    """

    rule: Rule
    loc: Loc
    message: str
    severity: Severity | None = None
    sources: tuple[str, ...] = ()
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hit as it is reported; the field names are those of the JSON contract."""

    rule: str
    name: str
    severity: Severity
    file: str
    line: int
    where: str
    """The record, for example `openai/gpt-4.1`, and the place in it."""
    message: str
    advice: str
    waived_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """All findings of one run."""

    schema: Literal["tco.catalog-check/1"] = "tco.catalog-check/1"
    as_of: str
    horizon_days: int
    files: tuple[str, ...]
    records: int
    """Offers, rentals, accelerators, models and rows of upstream files that were looked at."""
    counts: Mapping[str, int]
    """Findings by severity, and `waived`."""
    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...] = ()
    strict: bool = False
    passed: bool
    """No errors, and with `strict` no warnings either."""
    warnings: tuple[str, ...] = ()


# What a rule may look at: the part that it checks, and all records around it.

INPUT_WEIGHT = 3  # a blended price is three parts of input to one of output, as price tables use
_LAST = date.max.toordinal()
FEWEST_HOSTS = 3  # of fewer prices, the median says nothing about one of them


@dataclass(frozen=True)
class CheckContext:
    """What a check is asked: a part of the catalog, and everything that is known around it.

    Args:
        as_of: The day of the check.
        horizon_days: How far ahead changes are announced [day].
        strict: Whether warnings fail too.
        offers, providers, models, accelerators: All records by id, those of the files on top.
        rentals: All of them.
        before: Offers of the base that the files are held against; None without one.
        shipped: Offers under the files, as the catalog has them; none for the catalog itself.
        part: What is checked; None before any is.
        sources: Its own sources, and in an overlay those of the others too.
    """

    as_of: date
    horizon_days: int = 90
    strict: bool = False
    offers: Mapping[str, Offer] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    accelerators: Mapping[str, Accelerator] = field(default_factory=dict)
    rentals: Sequence[Rental] = ()
    before: Mapping[str, Offer] | None = None
    shipped: Mapping[str, Offer] = field(default_factory=dict)
    part: Record | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)

    def about(self, part: Record, sources: Mapping[str, Source]) -> CheckContext:
        """Return it asked of a part, with what has been worked out of all records so far."""
        made = object.__new__(CheckContext)
        vars(made).update(vars(self), part=part, sources=sources)
        return made

    def section(self, name: str) -> Iterator[tuple[Loc, Any]]:
        """Return the records of a section with their place; nothing if the part has none."""
        section = getattr(self.part, name, ())
        if isinstance(section, dict):
            yield from (((name, key), record) for key, record in section.items())
        else:
            yield from (((name, i), record) for i, record in enumerate(section))

    def prices(self) -> Iterator[tuple[Loc, Offer, Price]]:
        """Return every price window that counts, with its place and its offer."""
        for loc, offer in self.section("offers"):
            for i, price in enumerate(offer.prices):
                if price.status != "cancelled":
                    yield (*loc, "prices", i), offer, price

    @cached_property
    def horizon(self) -> date:
        """Return the last day that is looked ahead to."""
        return date.fromordinal(min(self.as_of.toordinal() + self.horizon_days, _LAST))

    @cached_property
    def host_medians(self) -> Mapping[str, float]:
        """Return the median blended price of each open model over its hosts [USD/Mtok]."""
        prices: dict[str, list[float]] = {}
        for offer in self.offers.values():
            if not self.is_open(offer.model) or retired(offer, self.as_of):
                continue
            price = price_at(offer, self.as_of, self.offers)
            blend = blended(price.usd_per_mtok) if price is not None else None
            if blend is not None:
                prices.setdefault(offer.model, []).append(blend)
        return {m: median(some) for m, some in prices.items() if len(some) >= FEWEST_HOSTS}

    @cached_property
    def _sellers(self) -> Mapping[str, Mapping[str, Price]]:
        """Return what each seller of a model asks on the day, its own price before a contract."""
        asked: dict[str, dict[str, Price]] = {}
        for offer in self.offers.values():
            own = self.shipped.get(offer.id, offer)
            base = self.shipped if own is not offer else self.offers
            price = price_at(own, self.as_of, base)
            if price is not None and not retired(own, self.as_of):
                asked.setdefault(offer.model, {})[offer.provider] = price
        return asked

    def usual(self, offer: Offer, key: str, when: When | None = None) -> float | None:
        """Return the median of what other sellers ask for a model [USD/Mtok]; None of none.

        Under a condition those count that state a price under the very same.
        """
        others = {
            p: r for p, r in self._sellers.get(offer.model, {}).items() if p != offer.provider
        }
        rates = [rate for price in others.values() if (rate := _asks(price, key, when))]
        return median(rates) if rates else None

    def shape(self, offer: Offer, key: str) -> list[float]:
        """Return a rate over the input at each other seller of a model that has both [1]."""
        others = {
            p: r for p, r in self._sellers.get(offer.model, {}).items() if p != offer.provider
        }
        pairs = [(getattr(p.usd_per_mtok, key), p.usd_per_mtok.input) for p in others.values()]
        return [rate / entry for rate, entry in pairs if rate and entry]

    @cached_property
    def rent_medians(self) -> Mapping[str, float]:
        """Return the median on-demand rent of each GPU [USD/GPU-hour]."""
        rents: dict[str, list[float]] = {}
        for rental in self.rentals:
            if rental.option == "on_demand":
                rents.setdefault(rental.gpu, []).append(rental.rents[-1].usd_per_gpu_hour)
        return {gpu: median(some) for gpu, some in rents.items() if len(some) >= FEWEST_HOSTS}

    def dearest_elsewhere(self, of: Rental) -> float:
        """Return the dearest on-demand rent of a GPU at other sellers; 0 of none [USD/GPU-hour]."""
        others = (r for r in self.rentals if r.gpu == of.gpu and r.seller != of.seller)
        rents = (r.rents[-1].usd_per_gpu_hour for r in others if r.option == "on_demand")
        return max(rents, default=0.0)

    def is_open(self, model: str) -> bool:
        """Return whether anyone may host a model."""
        known = self.models.get(model)
        return known is not None and known.weights == "open"

    def kind(self, provider: str) -> str:
        """Return the kind of a provider; `host` for one that nobody described."""
        known = self.providers.get(provider)
        return known.kind if known is not None else "host"


def _asks(price: Price, key: str, when: When | None) -> float | None:
    """Return the rate of a price under a condition; None where it has none."""
    base: float | None = getattr(price.usd_per_mtok, key)
    for modifier in price.modifiers if when is not None else ():
        if modifier.when != when:
            continue
        if modifier.multiply is not None:
            return base * modifier.multiply if base is not None else None
        stated: float | None = getattr(modifier.usd_per_mtok, key)
        return stated
    return base if when is None else None


def blended(rates: Rates) -> float | None:
    """Return the price of a fixed mix, to hold offers against each other [USD/Mtok].

    ``(3 * input + output) / 4``; the input alone where there is no output, as of embeddings.
    """
    if rates.input is None:
        return None
    if rates.output is None:
        return rates.input
    return (INPUT_WEIGHT * rates.input + rates.output) / (INPUT_WEIGHT + 1)
