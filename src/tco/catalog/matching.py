"""Which row of a price list is which offer of the catalog; names brought to one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tco.catalog.trust import close, family
from tco.catalog.upstream.rows import ListTier, PriceList, PriceRow

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

    return replace(listed, rows=tuple(worded(row) for row in listed.rows))


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
    parts = [ours for ours, theirs in CALLED.items() if _is_part(provider, theirs)]
    return known or parts or [provider]


def _is_part(provider: str, theirs: tuple[str, ...]) -> bool:
    """Return whether a list has a name of its own for a part of a provider."""
    return any(provider.startswith(f"{name}-") for name in theirs)


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
