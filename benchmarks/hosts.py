"""Open models that two hosts or more sell anywhere: how many of them have two here.

    python benchmarks/hosts.py --list litellm FILE --list genai-prices FILE [--day 2026-11-29]

A host is who sells tokens of open weights on the day, by a row of a list that is not retired and
that no review has turned down. Left out are aggregators and gateways, which pass requests on to
hosts, and sellers that have closed. A model is known by its names; a name that means two is none.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from tco.catalog.listed import by_row_name, folded, in_our_words, model_names, our_providers
from tco.catalog.load import Catalog, load_catalog
from tco.catalog.lookup import price_at, retired
from tco.catalog.update import turned_down
from tco.catalog.upstream.rows import PriceList, read_list

TURNED_DOWN = Path(__file__).parent / "facts" / "turned_down.txt"
GATEWAYS = (
    *("vercel-ai-gateway", "vercel_ai_gateway", "github-copilot", "github_copilot", "huggingface"),
    *("opencode", "opencode-go", "helicone", "llmgateway", "requesty", "fastrouter", "aihubmix"),
    *("poe", "zenmux", "huggingface_nebius", "huggingface_novita", "huggingface_together"),
)
CLOSED = ("anyscale", "perplexity")  # perplexity sells no open weights any more
NO_HOSTS = frozenset((*GATEWAYS, *CLOSED))


def main() -> None:
    """Print the share, and the models that lack a second host here."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--list", nargs=2, action="append", default=[], metavar=("KIND", "FILE"))
    asked.add_argument("--day", type=date.fromisoformat, default=date(2026, 11, 29))
    said = asked.parse_args()
    catalog = load_catalog(cached=False)
    here, anywhere = defaultdict(set), defaultdict(set)
    for model, provider in sold_here(catalog, said.day):
        here[model].add(provider)
        anywhere[model].add(provider)
    for kind, path in said.list:
        listed = in_our_words(catalog, read_list(kind, path, said.day))
        for model, provider in sold_there(catalog, listed, said.day):
            anywhere[model].add(provider)
    two = sorted(model for model, hosts in anywhere.items() if len(hosts) > 1)
    have = [model for model in two if len(here[model]) > 1]
    share = len(have) / len(two)
    print(f"{len(have)} of {len(two)} open models with two hosts have two here: {share:.1%}")
    for model in two:
        if len(here[model]) < 2:
            more = ", ".join(sorted(anywhere[model] - here[model]))
            print(f"  {model}: here {', '.join(sorted(here[model])) or 'none'}; also {more}")


def sold_here(catalog: Catalog, on: date) -> Iterator[tuple[str, str]]:
    """Yield the open models of the catalog that are sold on a day, and by whom."""
    for offer in catalog.prices.offers:
        kind = catalog.prices.providers[offer.provider].kind
        sold = price_at(offer, on, catalog.offers) is not None and not retired(offer, on)
        if sold and kind != "aggregator" and _open(catalog, offer.model):
            yield offer.model, offer.provider


def sold_there(catalog: Catalog, listed: PriceList, on: date) -> Iterator[tuple[str, str]]:
    """Yield the open models of a list that are sold on a day, and by whom."""
    ours, exact, loose = by_row_name(catalog), model_names(catalog), _folded(catalog)
    down = turned_down(str(TURNED_DOWN))
    for row in listed.rows:
        if not row.rates.get("input") or not row.text or (row.retires and row.retires < on):
            continue
        offer = ours(row)
        model = offer.model if offer is not None else exact(row) or loose.get(folded(row.model))
        if model is None or not _open(catalog, model):
            continue
        provider = next(iter(our_providers(row.provider)))
        known = catalog.prices.providers.get(provider)
        record = catalog.offers.get(f"{provider}/{model}")
        gone = record is not None and (record.gone or retired(record, on))
        passes_on = provider in NO_HOSTS or (known is not None and known.kind == "aggregator")
        if not gone and not passes_on and f"{provider}/{model}" not in down:
            yield model, provider


def _folded(catalog: Catalog) -> dict[str, str]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, model in catalog.models.models.items():
        for called in (name, model.name, *model.aliases):
            found[folded(called)].add(name)
    return {called: next(iter(names)) for called, names in found.items() if len(names) == 1}


def _open(catalog: Catalog, name: str) -> bool:
    model = catalog.models.models[name]
    return model.weights == "open" and model.kind == "chat" and not model.never


if __name__ == "__main__":
    main()
