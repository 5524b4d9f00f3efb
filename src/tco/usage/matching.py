"""Which offer of the catalog a model in a log is, and how that was told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from shlex import quote
from typing import TYPE_CHECKING

from tco.catalog.listed import CALLED, folded
from tco.catalog.lookup import find_offer
from tco.errors import UsageError, nearest
from tco.records import dataclass
from tco.usage.formats.bedrock import named

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Offer

PROVIDERS: Mapping[str, str] = {
    "aws.bedrock": "bedrock",
    "aws_bedrock": "bedrock",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.openai": "azure",
    "gcp.vertex_ai": "vertex",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "googleaistudio": "google",
    "mistral_ai": "mistral",
    "x_ai": "xai",
}
"""What tracers call our providers, beside what price lists call them."""

DATED = re.compile(r"[-@](20\d{2}-?\d{2}-?\d{2}|20\d{6}|latest|exp|\d{3,4}|v\d+(:\d+)?)$")
SLUG = re.compile(r"^(.*/)?claude-(\d[\d.]*)-([a-z]+?)(-(low|medium|high|max))?([-:]thinking)?$")
"""OpenRouter's and Cursor's order in names of Claude: the version before the family."""
STAMP = re.compile(r"[-@](v\d+|\d{4})(?=$|[-:@])")
"""A version or a month in a name: `codestral-2405` is not `codestral-2508`."""
ROUTE = re.compile(r"^~|:(?!free$|thinking$|beta$|\d)[a-z]+$|(?<=/)(eu|us|global|global-standard)/")
"""Parts of a name that say how a host routes a call, which may change its price."""
APART = (
    (re.compile(r":free$"), "free at its host: no price of the catalog is its own"),
    (re.compile(r"^ft:|:ft-|^tuned"), "a tuned model: its price is not that of its base"),
    (
        re.compile(r"gpt-3\.?5-turbo-(0301|0613|1106|16k|instruct)"),
        "a snapshot with a price of its own, which the catalog does not have",
    ),
)
"""Models whose price is not that of what they are called after."""


NAMELESS = "no model of the catalog is called so"


@dataclass(frozen=True, slots=True)
class Matched:
    """What a model in a log was taken for.

    Args:
        offer: Id of the offer; empty for none.
        how: Why, in words.
        sure: The name and the provider are those of the offer.
    """

    offer: str
    how: str
    sure: bool = True


def given_matches(catalog: Catalog, texts: Iterable[str]) -> dict[str, str]:
    """Return the offers that a user named for models, from `NAME=PROVIDER/MODEL`.

    Raises:
        UsageError: It is no pair.
        UnknownNameError: There is no such offer.
    """
    found = {}
    for text in texts:
        name, equals, offer = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--match {text}: write NAME=PROVIDER/MODEL")
        found[name.strip()] = find_offer(catalog, offer.strip()).id
    return found


class Matcher:
    """Matches models in logs to offers of a catalog."""

    def __init__(self, catalog: Catalog, given: Mapping[str, str] | None = None) -> None:
        """Fold all names once."""
        self.catalog = catalog
        self.given = dict(given or {})
        self.models: dict[str, set[str]] = {}
        self.stamps: dict[str, set[str]] = {}
        for identifier, model in catalog.models.models.items():
            for name in (identifier, model.name, *model.aliases):
                self._called(name, identifier)
        self.by_api: dict[tuple[str, str], str] = {}
        self.of_model: dict[str, list[Offer]] = {}
        for offer in catalog.prices.offers:
            self.of_model.setdefault(offer.model, []).append(offer)
            if offer.api_name:
                self.by_api[offer.provider, offer.api_name.lower()] = offer.id
                self._called(offer.api_name, offer.model)
        self.known: dict[tuple[str, str], Matched] = {}

    def _called(self, name: str, model: str) -> None:
        """Keep that a model of the catalog is called so, and which version its name tells."""
        self.models.setdefault(folded(name), set()).add(model)
        self.stamps.setdefault(model, set()).update(STAMP.findall(name.lower()))

    def match(self, provider: str, model: str) -> Matched:
        """Return what a model in a log is, by the names of its provider and of itself."""
        key = (provider, model)
        if key not in self.known:
            self.known[key] = self._match(provider, model)
        return self.known[key]

    def _match(self, provider: str, model: str) -> Matched:
        if model in self.given:
            return Matched(self.given[model], "given")
        sellers = self._sellers(provider, model)
        for seller in sellers:
            if (seller, model.lower()) in self.by_api:
                return Matched(self.by_api[seller, model.lower()], "the provider's own name of it")
        if why := next((why for mark, why in APART if mark.search(model.lower())), ""):
            return Matched("", why)
        route = ROUTE.search(model.lower())
        found, how = self._model(model if route is None else ROUTE.sub("", model.lower()))
        if not found:
            return Matched("", f"{NAMELESS}{self._near(model, sellers)}")
        if route is not None:
            how = f"{how}, without {route.group().strip('/')}, which may have another price"
        return self._offer(found, how, sellers)

    def _near(self, model: str, sellers: list[str]) -> str:
        """Return which offer of its seller a model may be, the one it is called after first."""
        kinds = self.catalog.prices.providers
        sold = sellers[:1] or [i for i, one in kinds.items() if one.kind == "first_party"]
        offers = (o for o in self.catalog.prices.offers if o.provider in sold and o.prices)
        names = {offer.model.lower(): offer.id for offer in offers}
        bare = named(model.lower().rpartition("/")[2])[0]
        after = sorted((name for name in names if bare.startswith(f"{name}-")), key=len)
        near = after[-1:] or nearest(bare, names, 1)
        return (
            f"; nearest is {names[near[0]]}: --match {quote(model)}={names[near[0]]}"
            if near
            else ""
        )

    def _sellers(self, provider: str, model: str) -> list[str]:
        """Return the providers of the catalog that a name may mean, nearest first."""
        names = [provider.lower()] if provider else []
        prefix = model.lower().rpartition("/")[0].partition("/")[0]
        if prefix and provider in ("", "openrouter"):
            names += [prefix]
        found = []
        for name in names:
            word = PROVIDERS.get(name, name)
            ours = [i for i, theirs in CALLED.items() if word == i or word in theirs]
            found += ours or ([word] if word in self.catalog.prices.providers else [])
        return list(dict.fromkeys(found))

    def _model(self, name: str) -> tuple[str, str]:
        """Return the model that a name means, and how it was told."""
        tries = [(name, "the same name")]
        plain = re.sub(r"^(claude-[a-z]+-4)-0$", r"\1", name.lower())  # a name of the first 4
        bare = named(plain if plain.startswith("arn:") else plain.rpartition("/")[2])[0]
        if folded(bare) != folded(name):
            tries.append((bare, "its name without region, maker and version"))
        plain = DATED.sub("", bare)
        if plain != bare:
            tries.append((plain, "its name without the date or version"))
        if SLUG.match(plain):
            tries.append((SLUG.sub(r"claude-\3-\2", plain), "its name in another order"))
        stamps = {*STAMP.findall(bare)}
        for text, how in tries:
            some = self.models.get(folded(text), set())
            if len(some) == 1:
                model = next(iter(some))
                others = self.stamps.get(model, set())
                return ("", "") if stamps and others and not stamps & others else (model, how)
        return "", ""

    def _offer(self, model: str, how: str, sellers: list[str]) -> Matched:
        offers = [o for o in self.of_model.get(model, ()) if o.prices or o.discount]
        for seller in sellers:
            for offer in offers:
                if offer.provider == seller:
                    return Matched(offer.id, how)
        kinds = self.catalog.prices.providers
        own = [o for o in offers if kinds[o.provider].kind == "first_party"]
        if len(own) == 1:
            other = f"; {sellers[0]} is not in the catalog for it" if sellers else ""
            return Matched(own[0].id, f"{how}, at its maker's list price{other}", not sellers)
        if not offers:
            return Matched("", f"{model} has no price in the catalog")
        if sellers == ["self"] or len(offers) > 1:
            example = offers[0].id
            return Matched("", f"{model} has {len(offers)} hosts: which? --match NAME={example}")
        return Matched(offers[0].id, f"{how}, at the only host of the catalog", False)
