"""`tco profile`: what logs tell of traffic, and the profile file that every command takes."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING, Any

from tco import __version__
from tco.analysis.results import CatalogStamp
from tco.catalog.usage_profile import KIND
from tco.engine.arrivals import own_cached_share
from tco.units import SECONDS_PER_HOUR, show_number, show_share, show_tokens
from tco.usage.aggregates import Arrays
from tco.usage.logs import Logs, days_of
from tco.usage.matching import Matcher
from tco.usage.read import Reading
from tco.usage.results import ModelUsage, PeakToMean, ProfileResult, TokenCounts
from tco.usage.store import Shown
from tco.usage.traffic import ObservedTraffic, Profiler, kinds_of, stamp, yaml_text

if TYPE_CHECKING:
    from tco.catalog.load import Catalog


def what_was_read(logs: Logs, span: Any) -> dict[str, Any]:
    """Return what was read, of which time, and what was left out, by the fields that say so."""
    tally = logs.tally
    return {
        "formats": logs.formats,
        "files_left_out": logs.files_left_out,
        "first": stamp(span.first),
        "last": stamp(span.last),
        "observed_hours": span.hours,
        "incomplete": bool(tally.incomplete),
        "incomplete_because": tuple(tally.incomplete),
        "left_out": dict(sorted(tally.left.items())),
        "doubts": dict(sorted(tally.doubts.items())),
        "first_places": dict(sorted(tally.first.items())),
    }


def tier_edges(catalog: Catalog) -> tuple[int, ...]:
    """Return every limit of a context tier of the catalog, as `input > limit` [token].

    A tier that includes its limit begins one token earlier.
    """
    found = set()
    for offer in catalog.prices.offers:
        for price in offer.prices:
            for modifier in price.modifiers:
                limit = modifier.when.input_tokens_over
                if limit:
                    found.add(limit - 1 if modifier.inclusive else limit)
    return tuple(sorted(found))


def profiled(
    reading: Reading, catalog: Catalog, today: date, shown: Shown, *, to: str | None = None
) -> tuple[ProfileResult, str]:
    """Return what logs tell of traffic, and the text of its file.

    Args:
        catalog: Names of models, and limits of context tiers.
        today: The day that the file is made on.
        shown: Is told how far it has come [1].
        to: Where the file is to be written, for the answer to say so.

    Raises:
        UsageError: Something that was said of the logs means nothing, or DuckDB is needed.
        DataError: A log cannot be used, or nothing is left of all of them.
    """
    edges = tier_edges(catalog)
    with Logs(reading, shown) as logs:
        cells = logs.cells()
        shown(0.6)
        found = logs.distributions(cells)
        shown(0.95)
        span = logs.span(cells, None if found is None else found.hours["hour"])
        profiler = Profiler(cells, found, span, edges)
        matcher = Matcher(catalog)
        names = models_of(cells)
        whole = profiler.of(None)
        parts = {name: profiler.of(name) for name in names}
        models = {n: _model(n, part, cells, matcher) for n, part in parts.items()}
        result = _result(logs, cells, whole, models, data_of(catalog, today), to, span)
        text = yaml_text(_document(logs, result, whole, parts, models, today))
    return result, text


def data_of(catalog: Catalog, today: date, oldest: str | None = None) -> CatalogStamp:
    """Return which catalog an answer is of, and the oldest price of it that was used."""
    return CatalogStamp(
        version=catalog.version,
        sha256=catalog.sha256,
        as_of=today.isoformat(),
        until=None,
        oldest_price=oldest,
    )


def models_of(cells: Arrays) -> list[str]:
    """Return the models that were used, those with most tokens first."""
    used = ~cells["only_cost"].astype(bool)
    tokens: dict[str, int] = {}
    for name, amount in zip(
        cells["model"][used], (cells["input"] + cells["output"])[used], strict=True
    ):
        tokens[str(name)] = tokens.get(str(name), 0) + int(amount)
    return sorted(tokens, key=lambda name: (-tokens[name], name))


def counts_of(cells: Arrays) -> TokenCounts:
    """Return requests and tokens of some cells, charges alone left out."""
    mine = ~cells["only_cost"].astype(bool)
    some = {name: values[mine] for name, values in cells.items()}
    sums = kinds_of(some)
    if not len(some["n"]):
        sums |= {"requests": 0, "input": 0, "read": 0}
    failed = some["failed"].astype(bool)
    known = {f.name for f in fields(TokenCounts)} & sums.keys()
    empty: dict[str, Any] = {
        "requests": None,
        "input": None,
        "read": None,
        "reasoning": None,
        "output": 0,
    }
    return TokenCounts(
        **{**empty, **{name: sums[name] for name in known}}, errors=int(some["n"][failed].sum())
    )


def tiers_of(cells: Arrays) -> dict[str, TokenCounts]:
    """Return requests and tokens by service tier."""
    mine = ~cells["only_cost"].astype(bool)
    tiers = sorted({str(s) for s in cells["service"][mine]})
    return {
        tier: counts_of({k: v[mine & (cells["service"] == tier)] for k, v in cells.items()})
        for tier in tiers
    }


def cached_share(cells: Arrays) -> float | None:
    """Return the share of the input that was read from a cache; None where nobody can know."""
    taken = int(cells["input"].sum())
    if not taken:
        return None
    apart = cells["unsplit"].astype(bool)
    estimate = int(cells["read_estimate"][apart].sum())
    if apart.any() and not estimate:
        rest = int(cells["input"][~apart].sum())
        return int(cells["read"][~apart].sum()) / rest if rest else None
    return (int(cells["read"][~apart].sum()) + estimate) / taken


def _model(name: str, part: ObservedTraffic, cells: Arrays, matcher: Matcher) -> ModelUsage:
    mine = {k: v[cells["model"] == name] for k, v in cells.items()}
    provider = _provider(mine)
    matched = matcher.match(provider, name)
    counts = counts_of(mine)
    return ModelUsage(
        **{f.name: getattr(counts, f.name) for f in fields(TokenCounts)},
        name=name,
        offer=matched.offer or None,
        matched=matched.how,
        tiers=tiers_of(mine),
        cached_share=cached_share(mine),
        isl=part.isl,
        osl=part.osl,
        curve=part.curve,
        peak_to_mean=PeakToMean(**part.peak),
        in_flight=part.in_flight,
        dispersion_10s=part.dispersion,
        unknown=part.unknown,
    )


def _provider(cells: Arrays) -> str:
    """Return the provider of most tokens."""
    tokens: dict[str, int] = {}
    for name, amount in zip(cells["provider"], cells["input"] + cells["output"], strict=True):
        tokens[str(name)] = tokens.get(str(name), 0) + int(amount)
    return max(sorted(tokens), key=lambda name: tokens[name], default="")


def _result(
    logs: Logs,
    cells: Arrays,
    whole: ObservedTraffic,
    models: dict[str, ModelUsage],
    catalog: CatalogStamp,
    to: str | None,
    span: Any,
) -> ProfileResult:
    counts = counts_of(cells)
    stated = cells["stated"].astype(bool)
    requests, usd = days_of(cells, logs.tally.spans)
    tokens = cells["input"] + cells["output"]
    batch = int(tokens[cells["service"] == "batch"].sum()) / max(int(tokens.sum()), 1)
    apart = set(cells["model"][~cells["only_cost"].astype(bool)])
    return ProfileResult(
        catalog=catalog,
        **what_was_read(logs, span),
        rows=counts.requests or len(cells["n"]),
        requests=counts.requests if apart else None,
        totals=counts,
        models=models,
        usd=int(cells["usd_nano"][stated].sum()) / 1e9 if stated.any() else None,
        days=requests,
        days_usd=usd,
        cached_share=cached_share(cells),
        batch_share=batch,
        isl=whole.isl,
        osl=whole.osl,
        curve=whole.curve,
        peak_to_mean=PeakToMean(**whole.peak),
        in_flight=whole.in_flight,
        dispersion_10s=whole.dispersion,
        own_cache=_own_cache(whole, span),
        unknown=whole.unknown,
        to=to,
        verdict=_verdict(counts, models, span, cached_share(cells)),
        assumptions=(),
        warnings=(*logs.tally.notes, *(f"incomplete: {why}" for why in logs.tally.incomplete)),
    )


CACHES = {"1M": 1e6, "10M": 1e7, "100M": 1e8}
"""Tokens that a prefix cache holds: of a part of a GPU's memory, of a node, of a node's disks."""


def _own_cache(whole: ObservedTraffic, span: Any) -> dict[str, float] | None:
    """Return what a prefix cache of one's own would serve; None where no sessions are told."""
    rows = whole.file.get("reuse")
    if not rows or not span.hours:
        whole.unknown["own_cache"] = "the log tells no sessions, so that reuse is not known"
        return None
    taken = sum(n for k, n in whole.file["tokens"].items() if k not in ("output", "reasoning"))
    per_s = taken / (span.hours * SECONDS_PER_HOUR)
    gaps, shares = zip(*rows, strict=True)
    return {name: own_cached_share(gaps, shares, per_s, size) for name, size in CACHES.items()}


def _verdict(
    counts: TokenCounts, models: dict[str, ModelUsage], span: Any, cached: float | None
) -> str:
    """Return what was found, in a sentence."""
    taken = sum(getattr(counts, n) or 0 for n in ("input", "read", "input_with_read"))
    taken += sum(getattr(counts, f"write_{t}") for t in ("5m", "1h", "30m", "12h", "unknown"))
    asked = "requests not counted"
    if counts.requests is not None:
        asked = f"{show_number(counts.requests)} request{'s' * (counts.requests != 1)}"
    share = "" if cached is None else f", {show_share(cached)} of input cached"
    long = show_number(span.hours)
    hours = f" in {long} hour{'s' * (long != '1')}" if span.hours else ""
    many = f"{len(models)} model{'s' * (len(models) != 1)}"
    return (
        f"{asked}{hours}, {many}: {show_tokens(taken)} in, {show_tokens(counts.output)} out{share}."
    )


def _document(
    logs: Logs,
    result: ProfileResult,
    whole: ObservedTraffic,
    parts: dict[str, ObservedTraffic],
    models: dict[str, ModelUsage],
    today: date,
) -> dict[str, Any]:
    """Return the profile as it is written."""
    head = {
        "files": len(logs.found),
        "rows": result.rows,
        **({"first": result.first, "last": result.last} if result.first else {}),
        "digest": "",
        "left_out": result.left_out,
        "incomplete": result.incomplete,
    }
    each = {
        name: {**({"offer": models[name].offer} if models[name].offer else {}), **part.file}
        for name, part in sorted(parts.items())
    }
    return {
        "schema": 1,
        "kind": KIND,
        "made": today.isoformat(),
        "by": f"tco {__version__}",
        "from": head,
        "all": whole.file,
        "models": each,
    }
