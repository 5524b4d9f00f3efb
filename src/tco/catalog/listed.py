"""A price list in our words: which row is which offer, and what it says of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tco.catalog.prices import Modifier, Price
from tco.catalog.trust import close, family
from tco.catalog.upstream.rows import ListTier, PriceList, PriceRow
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Offer


# Names of models as several catalogs write them, brought to one form.

_NOISE = re.compile(
    r"-(instruct|chat|it|hf|(?<=-instruct-)turbo|fp8|fp4|bf16|versatile|instant|maas|preview)$"
)
_REVISION = re.compile(r"(-v\d+(:\d+)?|@[\w.-]+|:\w+)$")


def folded(name: str) -> str:
    """Return a model's name without case, separators and what does not change the weights.

    >>> folded("Meta-Llama-3.3-70B-Instruct-Turbo"), folded("llama-3.3-70b")
    ('llama3370b', 'llama3370b')
    >>> folded("glm-5-turbo"), folded("glm-5")  # another model
    ('glm5turbo', 'glm5')
    """
    text = name.rpartition("/")[2].casefold().replace("_", "-").replace(" ", "-")
    text = text.removeprefix("meta-")
    for pattern in (_REVISION, _NOISE, _NOISE):
        text = pattern.sub("", text)
    return re.sub(r"[^a-z0-9]", "", text)


# Which row of a price list is which offer of the catalog.

FAMILIES = {"litellm": "litellm", "genai-prices": "genai-prices", "models.dev": "models-dev"}
"""Family of the sources of the catalog that a list belongs to."""

CALLED: Mapping[str, tuple[str, ...]] = {
    "alibaba": ("dashscope", "alibaba", "alibaba-cn"),
    "azure": ("azure", "azure_ai", "azure_text", "azure-cognitive-services"),
    "baseten": ("baseten",),
    "bedrock": ("bedrock", "bedrock_converse", "bedrock_mantle", "aws", "amazon-bedrock"),
    "cloudflare": ("cloudflare", "cloudflare-workers-ai"),
    "cohere": ("cohere", "cohere_chat"),
    "fireworks": ("fireworks_ai", "fireworks", "fireworks-ai"),
    "google": ("gemini", "google"),
    "meta": ("meta_llama", "meta", "llama"),
    "moonshot": ("moonshot", "moonshotai"),
    "sambanova": ("sambanova",),
    "together": ("together_ai", "together", "togetherai"),
    "vertex": ("vertex_ai", "google-vertex", "google-vertex-anthropic"),
    "xai": ("xai", "x-ai"),
    "zai": ("zai", "z-ai"),
}
"""What lists call our providers; the others are called there what they are called here."""


IN_CLOUD = {"google": "google-vertex"}
"""Makers under whose name a list files what their cloud sells of other makers."""


def in_our_words(catalog: Catalog, listed: PriceList) -> PriceList:
    """Return a list with our names of services, whole limits, and cloud rows under the cloud.

    `above 199,999` is from 200,000 on; what a provider calls fast may be its priority tier; an
    embedding has no output.
    """
    models, named = catalog.models.models, model_names(catalog)
    google = {name for name, model in models.items() if model.org == "Google"}

    def worded(row: PriceRow) -> PriceRow:
        sellers = [p for p in our_providers(row.provider) if p in catalog.prices.providers]
        services = catalog.prices.providers[sellers[0]].services if sellers else {}
        model = named(row) if row.provider in IN_CLOUD else None
        if model is not None and model not in google:
            row = replace(row, provider=IN_CLOUD[row.provider])
        if row.embedding:
            row = replace(row, rates={k: v for k, v in row.rates.items() if k != "output"})
        return replace(row, tiers=tuple(_worded(row, services))) if row.tiers else row

    return replace(listed, rows=[worded(row) for row in listed.rows])


def _worded(row: PriceRow, services: Mapping[str, str]) -> Iterator[ListTier]:
    known = {(tier.service, tier.over, tier.ttl) for tier in row.tiers}
    for tier in row.tiers:
        service = services.get(tier.service or "", tier.service)
        over = None if tier.over is None else tier.over + (tier.over % 1000 == 999)
        if service == tier.service or (service, over, tier.ttl) not in known:
            rates = tier.rates
            if row.embedding:
                rates = {k: v for k, v in rates.items() if k != "output"}
            yield replace(tier, service=service, over=over, rates=rates)


def matches(catalog: Catalog, listed: PriceList, offers: Sequence[Offer]) -> Mapping[str, PriceRow]:
    """Return the row of a list for each offer that it has one for.

    Beyond doubt is a row that the evidence of an offer names, or that bears the provider's own
    name of the model. A row whose name differs in case and suffixes only is found, but not exact,
    and not where it is another offer beyond doubt.
    """
    by_key = {row.key: row for row in listed.rows}
    by_name: dict[tuple[str, str], list[PriceRow]] = {}
    for row in listed.rows:
        for provider in our_providers(row.provider):
            by_name.setdefault((provider, folded(row.model)), []).append(row)
    found: dict[str, PriceRow] = {}
    for offer in offers:
        match = _named(catalog, listed, offer, by_key) or _called(catalog, offer, by_name)
        if match is not None:
            found[offer.id] = match
    taken = {match.key for match in found.values() if match.exact}
    return {i: m for i, m in found.items() if m.exact or m.key not in taken}


def by_row_name(catalog: Catalog) -> Callable[[PriceRow], Offer | None]:
    """Return what finds the offer that a row of a list is, by provider and name; None if none."""
    known: dict[tuple[str, str], str] = {}
    for offer in catalog.prices.offers:
        model = catalog.models.models.get(offer.model)
        aliases = model.aliases if model is not None else []
        for name in (offer.model, offer.api_name or offer.model, *aliases):
            known.setdefault((offer.provider, _exact(name)), offer.id)

    def found(row: PriceRow) -> Offer | None:
        for provider in our_providers(row.provider):
            offer = known.get((provider, _exact(row.model)))
            if offer is not None:
                return catalog.offers[offer]
        return None

    return found


def model_names(catalog: Catalog) -> Callable[[PriceRow], str | None]:
    """Return what finds the model of a row by a name that means one model and no other."""
    known: dict[str, set[str]] = {}
    for name, model in catalog.models.models.items():
        for called in (name, model.name, *model.aliases):
            known.setdefault(_exact(called), set()).add(name)

    def found(row: PriceRow) -> str | None:
        some = known.get(_exact(row.model), set())
        return next(iter(some)) if len(some) == 1 else None

    return found


def _exact(name: str) -> str:
    """Return a name without its path and case; what tells editions apart stays.

    >>> _exact("anthropic/Claude-Opus-4.8"), _exact("claude-opus-4-8")
    ('claude-opus-4-8', 'claude-opus-4-8')
    """
    return re.sub(r"[._ ]", "-", name.rpartition("/")[2].casefold())


def our_providers(provider: str) -> Iterable[str]:
    """Return our providers that a list may mean."""
    known = [ours for ours, theirs in CALLED.items() if provider in theirs]
    if known:
        return known
    # Some lists have names of their own for parts of a provider
    starts = [(ours, tuple(f"{name}-" for name in theirs)) for ours, theirs in CALLED.items()]
    return [ours for ours, begins in starts if provider.startswith(begins)] or [provider]


def _named(
    catalog: Catalog, listed: PriceList, offer: Offer, by_key: Mapping[str, PriceRow]
) -> PriceRow | None:
    """Return the row that the evidence of an offer names, in its newest window first."""
    for price in reversed(offer.prices):
        for evidence in price.evidence:
            of = family(evidence.source, catalog.prices.sources)
            row = by_key.get(evidence.key or "")
            if of == FAMILIES[listed.kind] and row is not None:
                return replace(row, exact=True)
    return None


def _called(
    catalog: Catalog, offer: Offer, by_name: Mapping[tuple[str, str], list[PriceRow]]
) -> PriceRow | None:
    """Return the row that is called like the offer, rather one that is called exactly so."""
    model = catalog.models.models.get(offer.model)
    names = [offer.api_name or offer.model, offer.model]
    names += [model.name, *model.aliases] if model is not None else []
    some = [row for name in names for row in by_name.get((offer.provider, folded(name)), ())]
    some = [row for row in some if any(row.rates.get(key) for key in ("input", "output"))]
    if not some:
        return None
    # Of a gateway and the provider itself, the provider counts.
    called = (offer.provider, *CALLED.get(offer.provider, ()))
    some.sort(key=lambda row: row.provider not in called)
    wanted = {name.rpartition("/")[2].casefold() for name in names[:2]}
    exact = [row for row in some if row.model.casefold() in wanted]
    shortest = min((row.key.count("/") for row in exact), default=0)
    exact = [
        row for row in exact if row.key.count("/") == shortest
    ]  # `azure/o1`, not `azure/eu/o1`
    best = (exact or some)[0]
    return replace(best, exact=bool(exact) and _unanimous(exact))


def _unanimous(rows: Sequence[PriceRow]) -> bool:
    first = rows[0].rates.get("input", 0.0)
    return all(close(row.rates.get("input", 0.0), first) for row in rows)


RATES = ("input", "cached_input", "cache_write", "output", "reasoning_output", "audio_input")
FOLLOWS = ("reasoning_output", "audio_input")
"""Rates that a list often repeats from output or input, which then are no prices of their own."""
TTLS = ("5m", "1h", "12h", "24h")
Conditions = tuple[str | None, int | None, str | None]
"""Service, input tokens above which it holds, lifetime of what is written."""
PLAIN: Conditions = (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPrice:
    """One price of an offer that a list has otherwise, or that one of the two lacks [USD/Mtok]."""

    offer: str
    against: str
    key: str
    """The row there."""
    price: str
    """Which one, such as `cached_input` or `input at batch`."""
    ours: float | None
    theirs: float | None


def named(rate: str, when: Conditions) -> str:
    """Return how a price is called: `input at batch above 200,000 tokens`."""
    service, over, ttl = when
    words = [rate]
    words += [f"at {service}"] if service else []
    words += [f"above {over:,} tokens"] if over else []
    words += [f"for {ttl}"] if ttl else []
    return " ".join(words)


def listed(row: PriceRow) -> dict[tuple[str, Conditions], float]:
    """Return every price of a row that we have a word for [USD/Mtok]."""
    found = {(rate, PLAIN): value for rate, value in _own(row.rates).items()}
    for tier in row.tiers:
        if tier.whole and (tier.ttl is None or tier.ttl in TTLS):
            when = (tier.service, tier.over, tier.ttl)
            found |= {(rate, when): value for rate, value in _own(tier.rates).items()}
    return found


def _own(rates: Mapping[str, float]) -> dict[str, float]:
    """Return the rates that are prices of their own: zero is none, nor is one that is repeated.

    Cached input that costs what input does is no discount.
    """
    base = {"reasoning_output": "output", "audio_input": "input"}
    return {
        rate: rates[rate]
        for rate in RATES
        if rates.get(rate)
        and not (rate in FOLLOWS and rates.get(base[rate]) == rates[rate])
        and not (rate == "cached_input" and rates[rate] >= rates.get("input", rates[rate] + 1))
    }


def ours(price: Price, rate: str, when: Conditions) -> float | None:
    """Return what the catalog has for a price [USD/Mtok]; None where it has none.

    Conditions of different kinds combine, each as its factor on the base, unless they are stated
    together.
    """
    base: float | None = getattr(price.usd_per_mtok, rate)
    whole = _stated(price, rate, when)
    if whole is not None or base is None:
        return whole
    value, found = base, when == PLAIN
    for i, part in enumerate(when):
        alone = (*PLAIN[:i], part, *PLAIN[i + 1 :])
        one = _stated(price, rate, alone) if part is not None else None
        if one is not None:
            value, found = value * one / base, True
    return value if found else None


def _stated(price: Price, rate: str, when: Any) -> float | None:
    if when == PLAIN:
        found: float | None = getattr(price.usd_per_mtok, rate)
        return found
    base = getattr(price.usd_per_mtok, rate)
    for modifier in price.modifiers:
        if conditions(modifier) != when:
            continue
        if modifier.multiply is not None:
            return None if base is None else base * modifier.multiply
        stated = getattr(modifier.usd_per_mtok, rate) if modifier.usd_per_mtok else None
        if stated is not None:
            return float(stated)
        entry = getattr(modifier.usd_per_mtok, "input", None)
        of = price.usd_per_mtok.input
        if rate == "cached_input" and base is not None and entry and of:
            return float(base * entry / of)  # cached input follows the input
    return None


def conditions(modifier: Modifier) -> Conditions | None:
    """Return the conditions of a modifier; None where it asks for more than lists tell."""
    when = modifier.when
    if when.region or when.hours or when.weekdays or when.holidays:
        return None
    return when.service, when.input_tokens_over, when.cache_ttl


def differences(
    offer: str, against: str, price: Price, row: PriceRow, past: Sequence[Price] = ()
) -> Iterator[OtherPrice]:
    """Yield every price but input and output that a row has otherwise.

    Args:
        against: The list.
        price: What the catalog has.
        row: What the list has.
        past: Windows that have ended and that the list attests: it may lag.
    """
    said = listed(row)
    for (rate, when), theirs in said.items():
        if when == PLAIN and rate in ("input", "output"):
            continue
        mine = ours(price, rate, when)
        over = (ours(window, rate, when) for window in past)
        if any(old is not None and close(old, theirs) for old in over):
            continue
        if mine is None or not close(mine, theirs):
            name = named(rate, when)
            yield OtherPrice(
                offer=offer, against=against, key=row.key, price=name, ours=mine, theirs=theirs
            )


ListedWindow = tuple[Mapping[str, float], tuple[Mapping[str, Any], ...], tuple[str, ...]]
"""Rates and modifiers of a window; and what the list does not say, kept at its ratio to the price
that moved."""


def window(price: Price | None, row: PriceRow) -> ListedWindow:
    """Return the window that a row states, with what it leaves out carried over from ours.

    Args:
        price: The window that holds now; None for an offer that is new.
    """
    rates = dict(_own(row.rates))
    carried: list[str] = []
    factor = _factor(price, rates)
    for rate in RATES if price is not None else ():
        old = getattr(price.usd_per_mtok, rate) if price is not None else None
        if old is not None and rate not in rates:
            rates[rate] = _rounded(old * factor)
            carried.append(rate)
    tiers = _tiers(row)
    modifiers = []
    for when, said in tiers.items():
        kept = _left_out(price, when, said, rates)
        modifiers.append(_modifier(price, when, {**kept, **said}))
        carried += [f"{rate} of {named('prices', when)}" for rate in kept]
    for old_modifier in price.modifiers if price is not None else ():
        of = conditions(old_modifier)
        if of is None or of not in tiers:
            modifiers.append(_kept(old_modifier, factor))
            if old_modifier.usd_per_mtok is not None:
                carried.append(_modifier_words(old_modifier))
    return rates, tuple(modifiers), tuple(carried)


def _left_out(
    price: Price | None, when: Conditions, prices: Mapping[str, float], base: Mapping[str, float]
) -> Mapping[str, float]:
    """Return the prices that we have under some conditions and a row does not.

    They move with the input there; where ours is a factor, it is one on the new base.
    """
    for modifier in price.modifiers if price is not None else ():
        old, times = modifier.usd_per_mtok, modifier.multiply
        if conditions(modifier) != when:
            continue
        every: Mapping[str, float] = base if times is not None else {}
        if old is not None:
            every = {rate: usd for rate, usd in old if usd is not None}
            times = prices["input"] / old.input if old.input and "input" in prices else 1.0
        left = {rate: usd * (times or 1.0) for rate, usd in every.items() if rate not in prices}
        return {rate: _rounded(usd) for rate, usd in left.items()}
    return {}


def _factor(price: Price | None, rates: Mapping[str, float]) -> float:
    old = price.usd_per_mtok.input if price is not None else None
    return rates["input"] / old if old and rates.get("input") else 1.0


def _tiers(row: PriceRow) -> dict[Conditions, dict[str, float]]:
    """Return the conditions that a row has prices for, but those that follow from others."""
    found: dict[Conditions, dict[str, float]] = {}
    for (rate, when), value in listed(row).items():
        if when != PLAIN:
            found.setdefault(when, {})[rate] = _rounded(value)
    return {w: said for w, said in found.items() if not _follows(w, said, found, row)}


def _follows(
    when: Conditions,
    prices: Mapping[str, float],
    found: Mapping[Conditions, Mapping[str, float]],
    row: PriceRow,
) -> bool:
    """Return whether prices under several conditions are the products of those under each."""
    parts = [(*PLAIN[:i], part, *PLAIN[i + 1 :]) for i, part in enumerate(when) if part is not None]
    if len(parts) < 2 or any(part not in found for part in parts):
        return False
    for rate, value in prices.items():
        base = product = row.rates.get(rate) or 0.0
        for part in parts:
            one = found[part].get(rate)  # type: ignore[index]
            product = product * one / base if one is not None and base else 0.0
        if not product or not close(product, value):
            return False
    return True


def _modifier(
    price: Price | None, when: Conditions, prices: Mapping[str, float]
) -> Mapping[str, Any]:
    keys = zip(("service", "input_tokens_over", "cache_ttl"), when, strict=True)
    made: dict[str, Any] = {"when": {k: v for k, v in keys if v is not None}}
    made["usd_per_mtok"] = {rate: prices[rate] for rate in RATES if rate in prices}
    old = [m for m in (price.modifiers if price is not None else ()) if conditions(m) == when]
    if old and old[0].inclusive:
        made["inclusive"] = True
    return made


def _kept(modifier: Modifier, factor: float) -> Mapping[str, Any]:
    rates = modifier.usd_per_mtok
    made: dict[str, Any] = {"when": {k: v for k, v in modifier.when if v is not None}}
    if rates is not None:
        scaled = {rate: getattr(rates, rate) for rate in RATES}
        made["usd_per_mtok"] = {k: _rounded(v * factor) for k, v in scaled.items() if v is not None}
    if modifier.multiply is not None:
        made["multiply"] = modifier.multiply
    made |= {"mode": modifier.mode} if modifier.mode != "cliff" else {}
    made |= {"inclusive": True} if modifier.inclusive else {}
    return made


def _modifier_words(modifier: Modifier) -> str:
    when = conditions(modifier)
    if when is None:
        return f"the price of {modifier.when.region or 'other hours'}"
    return named("prices", when)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
